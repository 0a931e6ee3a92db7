"""MNIST: where its files come from, how they are checked and read, and stacks of its digits.

MNIST: LeCun, Bottou, Bengio, Haffner 1998, "Gradient-based learning applied to document recognition".
Files are looked for where torchvision keeps them (``MNIST/raw`` in the data folder) and in ``mnist``
there. The mirrors are the two of torchvision and, between them, that of the CVDF foundation; LeCun's
own page has often been empty since 2024. The addresses come from public code and issues (pytorch/vision
#8568, pytorch #164238) and were not tried when this was written.

The files are IDX files, gzipped or not: a magic number, the length of each dimension, then the bytes. What
counts is the content: the same images packed again give another .gz, so no checksum of the .gz is asked for.
"""

import gzip
import math
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from labkit.data import cache
from labkit.data.console import say
from labkit.data.downloads import DownloadError, Expected, fetch, first_that_works
from labkit.data.image_set import DataError, ImageSet
from labkit.data.pictures import looks_like_html
from labkit.synthetic import counter, digit_stacks

TRAIN, TEST = "train", "t10k"
_IMAGES, _LABELS = 2051, 2049  # magic numbers: unsigned bytes in 3 dimensions, in 1
_MOST_BYTES = 1_000_000_000
_CLASSES = 10
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "http://yann.lecun.com/exdb/mnist/",
)
_SHAPE = {TRAIN: (60_000, 28, 28), TEST: (10_000, 28, 28)}
_AT_LEAST = {  # bytes of the .gz files
    "train-images-idx3-ubyte.gz": 9_000_000,
    "train-labels-idx1-ubyte.gz": 25_000,
    "t10k-images-idx3-ubyte.gz": 1_500_000,
    "t10k-labels-idx1-ubyte.gz": 4_000,
}
_SIZES = (4, 512)  # pixels
_AT_ONCE = 2_000
_FORMAT = 1  # of the caches: raise it when `load_pair` gives other pixels


class IdxError(ValueError):
    """A file that is not a valid IDX file; the message is one line that names it."""


@dataclass(frozen=True)
class Pair:
    """A file of images and the file of their labels."""

    images: Path
    labels: Path

    @property
    def stamp(self) -> tuple:
        """Changes when one of the files does."""
        files = (self.images, self.labels)
        return tuple((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files)


def pair_in(folder: Path, part: str = TRAIN) -> Pair | None:
    """The files of a part (``"train"`` or ``"t10k"``) in a folder, raw or ``.gz``; None if one is absent."""
    images, labels = _one_of(folder, part, "images", 3), _one_of(folder, part, "labels", 1)
    return Pair(images, labels) if images and labels else None


def pair_at(path: Path) -> Pair | None:
    """What a path given by a person means: a folder with training images, or a file of images itself."""
    if path.is_dir():
        for place in (path, path / "raw", path / "MNIST" / "raw"):
            found = pair_in(place) or pair_in(place, TEST)
            if found:
                return found
        return None
    for part in (TRAIN, TEST):
        if path.is_file() and path in _file_names(path.parent, part, "images", 3):
            return pair_in(path.parent, part) or pair_in(path.parent.parent, part)
    return None


def test_images_at(path: Path) -> Path | None:
    """The file of test images that belongs to a path with training images; None if there is none."""
    pair = pair_at(path)
    test = pair_in(pair.images.parent, TEST) if pair else None
    return test.images if test and test != pair else None


def read_pair(pair: Pair) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, H, W) uint8 and their labels (N,) uint8.

    Raises:
        IdxError: a file is damaged, cut off, of another kind, or the two do not belong together.
    """
    images, labels = _array(pair.images, _IMAGES, 3), _array(pair.labels, _LABELS, 1)
    if len(images) != len(labels):
        raise IdxError(
            f"{pair.images.name} has {len(images):,} images, {pair.labels.name} {len(labels):,} labels: "
            "they do not belong together"
        )
    return images, labels


def load(part: str, name: str, size: int, count: int | None, root: Path) -> ImageSet | None:
    """The images of ``"train"`` or ``"t10k"`` under a name, from wherever they are or can be had.

    Returns:
        (N, 1, size, size) with the factor ``digit``; None, after a warning, when no source worked.

    Raises:
        DataError: a size out of range, a full disk.
    """
    found = [pair for place in places(root) if (pair := pair_in(place, part))]
    try:  # files that are in the cache already were checked then
        pair = next((pair for pair in found if cache.read(_entry(pair, name, size, root))), None)
        pair = pair or obtain(part, root)
    except OSError as error:
        raise cache.disk_error(error, root) from error
    if pair is None:
        return None
    what = f"{'training' if part == TRAIN else 'test'} images from {pair.images.parent.name}"
    return load_pair(pair, name, what, size, count, root)


def obtain(part: str, root: Path) -> Pair | None:
    """The two files of ``"train"`` or ``"t10k"``: those that are here, else a download.

    Prints every failure with its address, and what to do by hand. None when no source worked.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    failures = []
    for folder in places(root):
        pair = pair_in(folder, part)
        if pair is not None:
            problem = _problem(pair, part)
            if problem is None:
                return pair
            failures.append(f"  {folder}: {problem}")
    attempts = [(mirror, partial(_from_mirror, mirror, part, root / "mnist")) for mirror in MIRRORS]
    pair = first_that_works(attempts, failures)
    if pair is None:
        images, labels = _names(part)
        by_hand = (
            f"By hand: get {images} and {labels} from {MIRRORS[0]} and put both into {root / 'mnist'}, "
            "or load the path of their folder."
        )
        say("\n".join(["MNIST is not here, and no source gave it:", *failures, by_hand]))
    return pair


def places(root: Path) -> list[Path]:
    """Where the files may be: in the data folder, or beside the cache in a checkout's ``data/``."""
    roots = [root, root.parent] if root.name == "cache" else [root]
    inside = (Path("MNIST", "raw"), Path("mnist"), Path("mnist", "raw"), Path("mnist", "MNIST", "raw"))
    return [place / folder for place in roots for folder in inside]


def load_pair(pair: Pair, name: str, source: str, size: int, count: int | None, root: Path) -> ImageSet:
    """The images of two IDX files as (N, 1, size, size), their labels as the factor ``digit``.

    Raises:
        DataError: a damaged file, a size out of range, a full disk.
    """
    low, high = _SIZES
    if not low <= size <= high:
        raise DataError(f"size={size}: {name} can be had from {low} to {high} pixels.")
    folder = _entry(pair, name, size, root)
    stored = cache.read(folder)
    if stored is None:
        try:
            images, labels = read_pair(pair)
        except IdxError as error:
            raise DataError(f"{pair.images.parent}: {error}. Get the file again.") from error
        if labels.max() >= _CLASSES:
            raise DataError(
                f"{pair.labels} has labels up to {labels.max()}; sets of ten classes are read here, 0 to 9. "
                "Take those images alone, or give all as a folder of pictures."
            )
        cache.write(
            folder, _resized(images, labels, size), {"name": name}, expected_bytes=len(images) * size**2
        )
        stored = cache.read_back(folder)
    images, factors, _ = stored
    found = len(images)
    count = min(count or found, found)
    source += f", the first {count:,} of {found:,}" if count < found else ""
    return ImageSet(name, images[:count], {"digit": factors["digit"][:count]}, source)


def stack(digits: ImageSet, count: int, seed: int) -> ImageSet:
    """Stacked MNIST (Metz et al. 2017): three digits, drawn with replacement, in the channels of an image.

    Stack i depends on the digits, the seed and i alone.

    Args:
        digits: images (N, 1, H, W) with the factor ``digit``: all of the set, whatever the count.
        count: how many stacks.
        seed: 0 to 2**63 - 1.

    Returns:
        Images (count, 3, H, W); factors ``digit_0``, ``digit_1``, ``digit_2`` and ``mode``.
    """
    chance = counter.uniform(seed, np.arange(3 * count, dtype=np.int64), "stacked")
    which = torch.from_numpy((chance * len(digits)).astype(np.int64)).reshape(count, 3)
    images = digits.images[:, 0][which]
    factors = digit_stacks.mode_of(digits.factors["digit"][which])
    return ImageSet("stacked-mnist", images, factors, f"stacked from {len(digits):,} digits, seed {seed}")


def _file_names(folder: Path, part: str, what: str, dimensions: int) -> list[Path]:
    stems = (f"{part}-{what}-idx{dimensions}-ubyte", f"{part}-{what}.idx{dimensions}-ubyte")
    return [folder / (stem + suffix) for stem in stems for suffix in ("", ".gz")]


def _one_of(folder: Path, part: str, what: str, dimensions: int) -> Path | None:
    names = _file_names(folder, part, what, dimensions)
    nested = [path / path.name for path in names]  # as Kaggle unpacks: a folder around each file
    return next((path for path in (*names, *nested) if path.is_file()), None)


def _array(path: Path, magic: int, dimensions: int) -> np.ndarray:
    with open(path, "rb") as file:
        if looks_like_html(file.read(64)):
            raise IdxError(f"{path.name} is a web page: the site sent a message instead of the data")
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            shape = _shape(path, file.read(4 * (1 + dimensions)), magic, dimensions)
            size = math.prod(shape)
            data = file.read(size + 1)  # a file that unpacks to more than it says is not unpacked
    except (OSError, EOFError, zlib.error) as error:
        raise IdxError(f"{path.name} is damaged or cut off ({error})") from error
    if len(data) != size:
        holds = f"{len(data):,}" if len(data) < size else "more"
        raise IdxError(f"{path.name} should hold {'x'.join(map(str, shape))} bytes, it holds {holds}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def _shape(path: Path, head: bytes, magic: int, dimensions: int) -> tuple[int, ...]:
    """The shape that the first bytes of an IDX file tell."""
    kind = "images" if magic == _IMAGES else "labels"
    if len(head) != 4 * (1 + dimensions) or int.from_bytes(head[:4], "big") != magic:
        raise IdxError(f"{path.name} is no IDX file of {kind} (its first bytes are wrong)")
    shape = tuple(int(n) for n in np.frombuffer(head[4:], ">u4"))
    if 0 in shape:
        raise IdxError(f"{path.name} is empty")
    if math.prod(shape) > _MOST_BYTES:
        raise IdxError(f"{path.name} says that it holds {'x'.join(map(str, shape))} bytes: too many")
    return shape


def _entry(pair: Pair, name: str, size: int, root: Path) -> Path:
    return root / f"{name}-{size}-{cache.key_of(_FORMAT, size, pair.stamp)}"


def _resized(images: np.ndarray, labels: np.ndarray, size: int) -> Iterator[cache.Block]:
    for first in range(0, len(images), _AT_ONCE):
        some = images[first : first + _AT_ONCE, None]
        if some.shape[2:] != (size, size):
            grey = torch.from_numpy(some.astype(np.float32))
            grey = F.interpolate(grey, (size, size), mode="bilinear", antialias=True, align_corners=False)
            some = grey.add_(0.5).clamp_(0, 255).to(torch.uint8).numpy()
        yield some, {"digit": labels[first : first + _AT_ONCE].astype(np.int64)}


def _names(part: str) -> tuple[str, str]:
    return f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz"


def _problem(pair: Pair, part: str) -> str | None:
    """What is wrong with files that should be MNIST's, in words, or None."""
    try:
        images, labels = read_pair(pair)
    except IdxError as error:
        return str(error)
    if images.shape != _SHAPE[part] or labels.max() > 9:
        return f"{pair.images.name} is not MNIST's (its shape is {images.shape})"
    return None


def _from_mirror(mirror: str, part: str, folder: Path) -> Pair:
    """Both files from one mirror; they get their names only when they are good together."""
    names = _names(part)
    fresh = [folder / f".new-{name}" for name in names]
    try:
        for name, path in zip(names, fresh, strict=True):
            fetch(mirror + name, path, Expected(_AT_LEAST[name], starts=b"\x1f\x8b"), title=f"MNIST {name}")
        problem = _problem(Pair(*fresh), part)
        if problem:
            raise DownloadError(mirror, problem.replace(".new-", ""))
        for name, path in zip(names, fresh, strict=True):
            os.replace(path, folder / name)
    finally:
        for path in fresh:
            path.unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()  # where it is empty
    return Pair(*(folder / name for name in names))
