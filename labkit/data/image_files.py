"""Finding the pictures in a folder or a zip: a sorted list of files, each knowing how to read itself.

Zips are read in place and never unpacked, so nothing in them can land elsewhere on the disk; one
whose paths climb out (``../``) is refused all the same, because an honest tool does not make it.
"""

import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labkit.data.image_set import DataError

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
_LARGEST_FILE = 200_000_000  # bytes; a "picture" that unpacks to more is a trap or a mistake


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

    Hidden files and what macOS adds to a zip (``__MACOSX``, ``._name``) are passed over. The list
    is valid inside the ``with`` block.

    Raises:
        DataError: nothing there, not a zip, a damaged or locked zip, paths that climb out, no pictures.
    """
    if path.is_dir():
        files = _in_folder(path)
        if not files:
            raise DataError(_nothing_in(path))
        yield files
    elif path.is_file():
        with _open_zip(path) as archive:
            files = _in_zip(path, archive)
            if not files:
                raise DataError(f"{path} holds no pictures ({', '.join(IMAGE_SUFFIXES)}).")
            yield files
    else:
        seen = "" if path.is_absolute() else f" (seen from {Path.cwd()})"
        raise DataError(f"{path} does not exist{seen}: check the spelling.")


def _is_picture(name: str) -> bool:
    rooted = f"/{name}"
    hidden = "/." in rooted or "/__MACOSX/" in rooted
    return not hidden and name.lower().endswith(IMAGE_SUFFIXES)


def _in_folder(folder: Path) -> list[ImageFile]:
    files = []
    for place, _, names in os.walk(folder):
        for name in names:
            full = Path(place, name)
            inside = full.relative_to(folder).as_posix()
            if _is_picture(inside):
                status = full.stat()
                files.append(ImageFile(inside, (status.st_size, status.st_mtime_ns), full.read_bytes))
    return sorted(files, key=lambda file: file.name)


def _nothing_in(folder: Path) -> str:
    inside = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if not inside:
        return f"{folder} is empty: put pictures in it, or name another folder."
    zips = [name for name in inside if name.lower().endswith(".zip")]
    hint = f"It holds {zips[0]}: give that file's path instead." if zips else f"It holds {inside[0]} …"
    return f"{folder} holds no pictures ({', '.join(IMAGE_SUFFIXES)}). {hint}"


def _in_zip(path: Path, archive: zipfile.ZipFile) -> list[ImageFile]:
    files = []
    for info in archive.infolist():
        _refuse_climbing(path, info.filename)
        if info.is_dir() or not _is_picture(info.filename):
            continue
        if info.flag_bits & 1:
            raise DataError(f"{path} is locked with a password: unpack it yourself and give the folder.")
        files.append(ImageFile(info.filename, (info.file_size, info.CRC), _reader(archive, info)))
    return sorted(files, key=lambda file: file.name)


def _reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        if info.file_size > _LARGEST_FILE:
            raise ValueError(f"unpacks to {info.file_size:,} bytes")
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
        raise DataError(f"{path} {what_is_wrong(path)}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def what_is_wrong(path: Path) -> str:
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
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return f"is a single picture: give the folder that it lies in ({path.parent})."
    return "is not a zip: give a zip of pictures, or a folder."


def looks_like_html(start: bytes) -> bool:
    """True for the first bytes of a web page."""
    head = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<!doctype", b"<html", b"<head", b"<?xml"))
