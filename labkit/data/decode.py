"""From picture files to uint8 blocks, on every core, skipping and naming what is damaged.

The geometry is that of the published set-ups, ``Resize(size)`` then ``CenterCrop(size)`` of
torchvision on PIL images (shorter side to `size`, bilinear with anti-aliasing): a 178x218 CelebA
image becomes 64x78, of which rows 7..70 stay. The pixels are the same, bit for bit.

Threads do, because PIL lets go of the interpreter lock while it decodes and resizes; so this works
in a notebook on every system, where starting processes does not.
"""

import io
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

import numpy as np
from PIL import Image, ImageOps

from labkit.data.image_files import ImageFile

BLOCK = 64  # files that one thread takes at a time

Item, Result = TypeVar("Item"), TypeVar("Result")


class _TooSmall(Exception):
    """The picture is smaller than what was asked for; the argument is its (width, height)."""


@dataclass
class Skipped:
    """What could not be used: names in order, and the largest picture that was too small."""

    damaged: list[str] = field(default_factory=list)
    small: list[str] = field(default_factory=list)
    largest_small: tuple[int, int] = (0, 0)

    def add(self, other: "Skipped") -> None:
        self.damaged += other.damaged
        self.small += other.small
        self.largest_small = max(self.largest_small, other.largest_small, key=min)


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
