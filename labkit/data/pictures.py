"""Pictures in a folder or zip: found, read, and decoded to uint8 on every core; damaged ones are named.

Zips are read in place and never unpacked, so nothing in them can land elsewhere on the disk; one whose
paths climb out (``../``) is refused all the same, because an honest tool does not make it.

The geometry is that of the published set-ups, ``Resize(size)`` then ``CenterCrop(size)`` of torchvision on
PIL images (shorter side to `size`, bilinear with anti-aliasing): a 178x218 CelebA image becomes 64x78, of
which rows 7 to 70 stay. The pixels are the same, bit for bit.

Threads decode, because PIL releases the interpreter lock while it decodes and resizes; so this works in a
notebook on every system, where starting processes does not.
"""

import io
import os
import stat
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image, ImageOps

from labkit.data.image_set import DataError

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
_LARGEST_FILE = 200_000_000  # bytes; a "picture" that unpacks to more is a trap or a mistake
_MOST_PIXELS = 64_000_000  # to decode; JPEGs shrink before that, so a phone's 200 megapixels are welcome
_METHODS = (0, 8, 12, 14)  # of compression in a zip that Python can undo
BLOCK = 64  # files that one thread takes at a time

Item, Result = TypeVar("Item"), TypeVar("Result")


@dataclass(frozen=True)
class ImageFile:
    """One picture that has not been decoded yet.

    Attributes:
        name: its path inside the folder or zip, with forward slashes.
        stamp: changes when the file does (size and time, or size and checksum).
        read: returns its bytes.
    """

    name: str
    stamp: tuple
    read: Callable[[], bytes]


@contextmanager
def open_images(path: Path) -> Iterator[list[ImageFile]]:
    """The pictures in a folder or zip and everything nested in it, sorted by name.

    Links to folders are followed, each goal once; those that lead back up are not. Hidden files and
    what macOS adds to a zip (``__MACOSX``, ``._name``) are passed over. The list is valid inside the ``with``
    block.

    Raises:
        DataError: nothing there, not a zip, a damaged or locked zip, paths that climb out, no pictures.
    """
    if path.is_dir():
        files = _in_folder(path)
        if not files:
            names = sorted(inside.name for inside in path.iterdir())
            raise DataError(_nothing_in(path, [name for name in names if not name.startswith(".")]))
        yield files
    elif path.is_file():
        with _open_zip(path) as archive:
            files = _in_zip(path, archive)
            if not files:
                raise DataError(_nothing_in(path, archive.namelist()))
            yield files
    else:
        raise DataError(_no_file(path))


def _no_file(path: Path) -> str:
    if path.is_symlink() and not path.exists():
        return f"{path} is a link to nowhere: give the folder or zip itself."
    if path.exists():
        return f"{path} is a pipe or a device, not a file: give a zip of pictures, or a folder."
    seen = "" if path.is_absolute() else f" (seen from {Path.cwd()})"
    return f"{path} does not exist{seen}: check the spelling."


def _is_picture(name: str) -> bool:
    rooted = f"/{name}"
    hidden = "/." in rooted or "/__MACOSX/" in rooted
    return not hidden and name.lower().endswith(IMAGE_SUFFIXES)


def _in_folder(folder: Path) -> list[ImageFile]:
    files, linked = [], set()
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = list(_worth_a_walk(folder, Path(place), folders, linked))
        for name in names:
            full = Path(place, name)
            inside = full.relative_to(folder).as_posix()
            if _is_picture(inside):
                files.append(_file(inside, full))
    return sorted(files, key=lambda file: file.name)


def _worth_a_walk(top: Path, place: Path, folders: Iterable[str], linked: set[str]) -> Iterator[str]:
    """The folders in a place, links to folders included, but each link's goal once and none that leads up."""
    for name in sorted(folders):
        full = place / name
        if full.is_symlink():
            goal = os.path.realpath(full)
            above = (Path(os.path.realpath(way)).is_relative_to(goal) for way in (top, place))
            if goal in linked or any(above):
                continue
            linked.add(goal)
        yield name


def _file(name: str, full: Path) -> ImageFile:
    """A picture of a folder. What is no plain file, such as a pipe or a link to nowhere, is never opened."""
    try:
        status = full.stat()
    except OSError:  # a link to nowhere, or to itself
        return ImageFile(name, (), _refuse)
    if not stat.S_ISREG(status.st_mode):
        return ImageFile(name, (), _refuse)
    read = full.read_bytes if status.st_size <= _LARGEST_FILE else _refuse_large
    return ImageFile(name, (status.st_size, status.st_mtime_ns), read)


def _refuse() -> bytes:
    raise _NoFile


def _refuse_large() -> bytes:
    raise _TooLarge


def _nothing_in(path: Path, inside: Sequence[str]) -> str:
    """What to say of a folder or zip without pictures.

    Args:
        inside: the names in it.
    """
    if not inside:
        return f"{path} is empty: name a folder or zip with pictures."
    zips = [name for name in inside if name.lower().endswith(".zip")]
    digits = [name for name in inside if "idx3-ubyte" in name or "idx1-ubyte" in name]
    if zips and path.is_dir():
        hint = f"It holds {zips[0]}: give that file's path instead."
    elif zips:
        hint = f"It holds another zip, {zips[0]}: unpack {path.name} and give that file's path."
    elif digits and path.is_dir():
        hint = "It holds files of MNIST's kind, but not the images and the labels of one set: get both."
    elif digits:
        hint = f"It holds files of MNIST's kind: unpack {path.name} and give the folder."
    else:
        hint = f"It holds {inside[0]}{' …' if len(inside) > 1 else ''}"
    return f"{path} holds no pictures ({', '.join(IMAGE_SUFFIXES)}). {hint}"


def _in_zip(path: Path, archive: zipfile.ZipFile) -> list[ImageFile]:
    files = []
    for info in archive.infolist():
        _refuse_climbing(path, info.filename)
        name = info.filename.replace("\\", "/")  # old tools of Windows write the names so
        if info.is_dir() or not _is_picture(name):
            continue
        if info.flag_bits & 1:
            raise DataError(f"{path} is locked with a password: unpack it yourself and give the folder.")
        if info.compress_type not in _METHODS:
            method = zipfile.compressor_names.get(info.compress_type, f"method {info.compress_type}")
            raise DataError(
                f"{path} is packed with {method}, which Python cannot unpack (Windows does so beyond 2 GB): "
                "unpack it yourself and give the folder."
            )
        files.append(ImageFile(name, (info.file_size, info.CRC), _read_from(archive, info)))
    return sorted(files, key=lambda file: file.name)


def _read_from(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        if info.file_size > _LARGEST_FILE:
            raise _TooLarge
        return archive.read(info)  # checks the CRC and stops at file_size

    return read


def _refuse_climbing(path: Path, name: str) -> None:
    rooted = f"/{name}/".replace("\\", "/")
    drive = name[1:2] == ":"
    if "/../" in rooted or rooted.startswith("//") or drive:
        raise DataError(
            f"{path} is refused: its entry {name!r} points outside the zip. Do not trust this file."
        )


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, ValueError):
        raise DataError(f"{path} {_what_is_wrong(path)}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def _what_is_wrong(path: Path) -> str:
    """Say in words why this file is no usable zip, and what to do."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        start = file.read(512)
    if size == 0:
        return "is an empty file: download it again."
    if looks_like_html(start):
        return (
            "is a web page, not a zip: the site sent a message instead of the data "
            "(often a download limit). Delete it and download again in a browser."
        )
    if start.startswith(b"PK"):
        return f"is a damaged or incomplete zip ({size:,} bytes, its end is missing): download it again."
    if "idx3-ubyte" in path.name or "idx1-ubyte" in path.name:
        return "is one file of MNIST's kind: put images and labels of the set into one folder and give that."
    if path.suffix.lower() in (".csv", ".tsv", ".txt", ".parquet", ".npz"):
        return f"is a table ({path.suffix}), not pictures: give a zip of pictures, or a folder."
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return f"is a single picture: give the folder that it lies in ({path.parent})."
    return "is not a zip: give a zip of pictures, or a folder."


def looks_like_html(start: bytes) -> bool:
    """True for the first bytes of a web page."""
    head = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<!doctype", b"<html", b"<head", b"<?xml"))


class _TooSmall(Exception):
    """The picture is smaller than what was asked for; the argument is its (width, height)."""


class _TooLarge(Exception):
    """The picture has more bytes or pixels than anybody's photograph."""


class _NoFile(Exception):
    """A name with nothing behind it that can be read: a link to nowhere, a pipe, a device."""


@dataclass
class Skipped:
    """What could not be used: names in order, and the largest picture that was too small."""

    damaged: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    large: list[str] = field(default_factory=list)
    small: list[str] = field(default_factory=list)
    largest_small: tuple[int, int] = (0, 0)

    def add(self, other: "Skipped") -> None:
        self.damaged += other.damaged
        self.absent += other.absent
        self.large += other.large
        self.small += other.small
        self.largest_small = max(self.largest_small, other.largest_small, key=min)

    def by_reason(self, size: int) -> Iterator[tuple[str, list[str]]]:
        """Why pictures were skipped, in words, and which: only where there are any."""
        reasons = {
            "damaged": self.damaged,
            "not a file: a link to nowhere, a pipe or a device": self.absent,
            f"over {_MOST_PIXELS // 10**6} megapixels or {_LARGEST_FILE // 10**6} MB": self.large,
            f"smaller than {size} pixels": self.small,
        }
        return ((why, names) for why, names in reasons.items() if names)


def decode(files: list[ImageFile], size: int, skipped: Skipped) -> Iterator[np.ndarray]:
    """Decode in order: uint8 blocks of shape (n, 3, size, size); notes in `skipped` what was left out."""
    blocks = [files[i : i + BLOCK] for i in range(0, len(files), BLOCK)]
    for images, problems in in_order(lambda block: _decode_block(block, size), blocks):
        skipped.add(problems)
        yield images


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int | None = None
) -> Iterator[Result]:
    """``map`` on every core, in order, with only a few results waiting at any time."""
    threads = threads or cores()
    items = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        waiting = deque(pool.submit(function, item) for item in islice(items, 2 * threads))
        try:
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(pool.submit(function, item) for item in islice(items, 1))
                yield result
        finally:  # the student stopped the cell: do not start what has not begun
            for future in waiting:
                future.cancel()


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _decode_block(files: list[ImageFile], size: int) -> tuple[np.ndarray, Skipped]:
    images, skipped = [], Skipped()
    for file in files:
        try:
            images.append(_decode_one(file.read(), size))
        except _TooSmall as small:
            skipped.add(Skipped(small=[file.name], largest_small=small.args[0]))
        except (_TooLarge, Image.DecompressionBombError):
            skipped.large.append(file.name)
        except _NoFile:
            skipped.absent.append(file.name)
        except Exception:  # PIL and zipfile raise a dozen kinds on damaged bytes
            skipped.damaged.append(file.name)
    if not images:
        return np.empty((0, 3, size, size), np.uint8), skipped
    return np.stack(images).transpose(0, 3, 1, 2), skipped


def _decode_one(data: bytes, size: int) -> np.ndarray:
    """One picture as uint8 (size, size, 3)."""
    with Image.open(io.BytesIO(data)) as picture:
        # Photographs far larger than needed: let the JPEG decoder shrink them first.
        picture.draft("RGB", (4 * size, 4 * size))
        if min(picture.size) < size:
            raise _TooSmall(picture.size)
        if picture.width * picture.height > _MOST_PIXELS:
            raise _TooLarge
        picture = _upright_rgb(picture)
        width, height = picture.size
        short = min(width, height)
        wide, high = size * width // short, size * height // short
        if (wide, high) != (width, height):
            picture = picture.resize((wide, high), Image.Resampling.BILINEAR)
        left, top = round((wide - size) / 2), round((high - size) / 2)
        return np.asarray(picture)[top : top + size, left : left + size]


def _upright_rgb(picture: Image.Image) -> Image.Image:
    if "exif" in picture.info:
        with suppress(Exception):  # PIL raises many kinds on a broken note in a picture that is whole
            picture = ImageOps.exif_transpose(picture)
    if picture.mode == "RGB":
        picture.load()
        return picture
    if picture.mode.startswith("I"):  # 16-bit grey: a plain convert would cut off instead of scale
        grey = np.asarray(picture).astype(np.float64) / 257.0
        return Image.fromarray(grey.clip(0, 255).round().astype(np.uint8)).convert("RGB")
    if "A" in picture.mode or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("RGB")
