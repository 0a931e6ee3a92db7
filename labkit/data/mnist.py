"""Where MNIST comes from: the files that are here already, then the mirrors, each checked.

MNIST: LeCun, Bottou, Bengio, Haffner 1998, "Gradient-based learning applied to document recognition".
Files are looked for where torchvision keeps them (``MNIST/raw`` in the data folder) and in ``mnist``
there. The mirrors are the two of torchvision and, between them, that of the CVDF foundation; LeCun's
own page has often been empty since 2024. The addresses come from public code and issues (pytorch/vision
#8568, pytorch #164238) and were not tried when this was written.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import torch
import torch.nn.functional as F

from labkit.data import cache, idx
from labkit.data.console import say
from labkit.data.downloads import DownloadError, Expected, fetch
from labkit.data.image_set import DataError, ImageSet

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "http://yann.lecun.com/exdb/mnist/",
)
_SHAPE = {idx.TRAIN: (60_000, 28, 28), idx.TEST: (10_000, 28, 28)}
_AT_LEAST = {  # bytes of the .gz files
    "train-images-idx3-ubyte.gz": 9_000_000,
    "train-labels-idx1-ubyte.gz": 25_000,
    "t10k-images-idx3-ubyte.gz": 1_500_000,
    "t10k-labels-idx1-ubyte.gz": 4_000,
}
_SIZES = (4, 512)  # pixels
_AT_ONCE = 2_000
_FORMAT = 1  # of the caches: raise it when `load_pair` gives other pixels


def load(part: str, name: str, size: int, count: int | None, root: Path) -> ImageSet | None:
    """The images of ``"train"`` or ``"t10k"`` under a name, from wherever they are or can be had.

    Returns:
        (N, 1, size, size) with the factor ``digit``; None, after a warning, when no source worked.

    Raises:
        DataError: a size out of range, a full disk.
    """
    found = [pair for place in places(root) if (pair := idx.pair_in(place, part))]
    try:  # files that are in the cache already were checked then
        pair = next((pair for pair in found if cache.read(_entry(pair, name, size, root))), None)
        pair = pair or obtain(part, root)
    except OSError as error:
        raise cache.disk_error(error, root) from error
    if pair is None:
        return None
    what = f"{'training' if part == idx.TRAIN else 'test'} images from {pair.images.parent.name}"
    return load_pair(pair, name, what, size, count, root)


def obtain(part: str, root: Path) -> idx.Pair | None:
    """The two files of ``"train"`` or ``"t10k"``: those that are here, else a download.

    Prints every failure with its address, and what to do by hand. None when no source worked.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    failures = []
    for folder in places(root):
        pair = idx.pair_in(folder, part)
        if pair is not None:
            problem = _problem(pair, part)
            if problem is None:
                return pair
            failures.append(f"  {folder}: {problem}")
    pair = _downloaded(part, root, failures)
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


def load_pair(pair: idx.Pair, name: str, source: str, size: int, count: int | None, root: Path) -> ImageSet:
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
            images, labels = idx.read(pair)
        except idx.IdxError as error:
            raise DataError(f"{pair.images.parent}: {error}. Get the file again.") from error
        cache.write(
            folder, _resized(images, labels, size), {"name": name}, expected_bytes=len(images) * size**2
        )
        stored = cache.read_back(folder)
    images, factors, _ = stored
    found = len(images)
    count = min(count or found, found)
    source += f", the first {count:,} of {found:,}" if count < found else ""
    return ImageSet(name, images[:count], {"digit": factors["digit"][:count]}, source)


def _entry(pair: idx.Pair, name: str, size: int, root: Path) -> Path:
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


def _problem(pair: idx.Pair, part: str) -> str | None:
    """What is wrong with files that should be MNIST's, in words, or None."""
    try:
        images, labels = idx.read(pair)
    except idx.IdxError as error:
        return str(error)
    if images.shape != _SHAPE[part] or labels.max() > 9:
        return f"{pair.images.name} is not MNIST's (its shape is {images.shape})"
    return None


def _downloaded(part: str, root: Path, failures: list[str]) -> idx.Pair | None:
    silent = set()  # hosts that do not answer are not asked twice
    for mirror in MIRRORS:
        host = urlsplit(mirror).netloc
        if host in silent:
            continue
        try:
            return _from_mirror(mirror, part, root / "mnist")
        except DownloadError as error:
            failures.append(f"  {error}")
            if error.final:
                silent.add(host)
    return None


def _from_mirror(mirror: str, part: str, folder: Path) -> idx.Pair:
    """Both files from one mirror; they get their names only when they are good together."""
    names = _names(part)
    fresh = [folder / f".new-{name}" for name in names]
    try:
        for name, path in zip(names, fresh, strict=True):
            fetch(mirror + name, path, Expected(_AT_LEAST[name], starts=b"\x1f\x8b"), title=f"MNIST {name}")
        problem = _problem(idx.Pair(*fresh), part)
        if problem:
            raise DownloadError(mirror, problem.replace(".new-", ""))
        for name, path in zip(names, fresh, strict=True):
            os.replace(path, folder / name)
    finally:
        for path in fresh:
            path.unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()  # where it is empty
    return idx.Pair(*(folder / name for name in names))
