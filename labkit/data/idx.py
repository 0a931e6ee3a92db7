"""The IDX files that MNIST comes in, gzipped or not: found by their usual names, and checked.

An IDX file is a magic number, the length of each dimension, then the bytes (LeCun's page on MNIST).
What counts is the content: the same images packed again give another .gz, so no checksum of the
.gz is asked for.
"""

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TRAIN, TEST = "train", "t10k"
_IMAGES, _LABELS = 2051, 2049  # magic numbers: unsigned bytes in 3 dimensions, in 1
_MOST_BYTES = 2_000_000_000


class IdxError(ValueError):
    """A file that is no good IDX file; the message is one line that names it."""


@dataclass(frozen=True)
class Pair:
    """A file of images and the file of their labels."""

    images: Path
    labels: Path

    @property
    def stamp(self) -> tuple:
        """Changes when one of the files does."""
        return tuple((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in self._paths)

    @property
    def _paths(self) -> tuple[Path, Path]:
        return self.images, self.labels


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
        if path.is_file() and path in _names(path.parent, part, "images", 3):
            return pair_in(path.parent, part)
    return None


def read(pair: Pair) -> tuple[np.ndarray, np.ndarray]:
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


def _names(folder: Path, part: str, what: str, dimensions: int) -> list[Path]:
    stems = (f"{part}-{what}-idx{dimensions}-ubyte", f"{part}-{what}.idx{dimensions}-ubyte")
    return [folder / (stem + suffix) for stem in stems for suffix in ("", ".gz")]


def _one_of(folder: Path, part: str, what: str, dimensions: int) -> Path | None:
    return next((path for path in _names(folder, part, what, dimensions) if path.is_file()), None)


def _array(path: Path, magic: int, dimensions: int) -> np.ndarray:
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            data = file.read(_MOST_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise IdxError(f"{path.name} is damaged or cut off ({error})") from error
    head = 4 * (1 + dimensions)
    numbers = [int(n) for n in np.frombuffer(data[:head][: len(data[:head]) // 4 * 4], ">u4")]
    if len(numbers) != 1 + dimensions or numbers[0] != magic:
        kind = "images" if magic == _IMAGES else "labels"
        raise IdxError(f"{path.name} is no IDX file of {kind} (its first bytes are wrong)")
    shape = tuple(numbers[1:])
    if len(data) - head != int(np.prod(shape, dtype=object)):
        raise IdxError(
            f"{path.name} should hold {'x'.join(map(str, shape))} bytes, it holds {len(data) - head:,}"
        )
    if 0 in shape:
        raise IdxError(f"{path.name} is empty")
    return np.frombuffer(data, np.uint8, offset=head).reshape(shape)
