"""What a landscape is painted on, and the noise that gives clouds, grass and leaves their grain.

Noise comes from two tiles that never change. Each picture reads them from a place of its own, so a
texture depends on the factors alone and looks the same at every size.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from types import SimpleNamespace

import numpy as np

from labkit.synthetic import counter
from labkit.synthetic.shapes import Array, Canvas, empty_canvas, mix, part, window

TILE = 256  # side of a noise tile in its own pixels, a power of two
SOFT, ROUGH = 0.5, 0.95  # how much of its strength noise keeps from one octave to the next


@dataclass(frozen=True)
class Sheet:
    """A batch of pictures being painted, and for a painting how the brush moves in each place.

    Attributes:
        canvas: the colours.
        brush: None for a photograph. Else a canvas whose three planes are not colours but the
            direction (dx, dy) of the strokes and their size, so that shapes can be painted into it.
    """

    canvas: Canvas
    brush: Canvas | None

    def lay(self, colour: Array, mask: Array, stroke: Array) -> None:
        """Lay a colour over the picture where mask is 1, and tell the brush how to paint it."""
        self.canvas.paint(colour, mask)
        if self.brush is not None:
            self.brush.paint(stroke, mask)

    def rows(self, top: float, bottom: float) -> "Sheet":
        """The rows between two heights; painting them paints the sheet."""
        where = window(self.canvas.x.shape[-1], (-1.0, 1.0), (top, bottom))
        return Sheet(part(self.canvas, where), self.brush and part(self.brush, where))


def empty_sheet(batch: int, size: int, *, painted: bool) -> Sheet:
    """A black sheet; ``painted``: with a brush."""
    return Sheet(empty_canvas(batch, size), empty_canvas(batch, size) if painted else None)


def stroke(dx: Array | float, dy: Array | float, size: float) -> Array:
    """How the brush moves: (B or 1, 3, H or 1, W or 1). Sizes tell the parts of a scene apart.

    A stroke stays off places whose size differs much from that where it starts (`landscape_painting`).
    """
    planes = np.broadcast_arrays(np.float32(dx), np.float32(dy), np.float32(size))
    return np.stack([plane.reshape((1,) * (3 - plane.ndim) + plane.shape) for plane in planes], axis=1)


def for_some(
    who: Array, sheet: Sheet, p: SimpleNamespace, paint: Callable[[Sheet, SimpleNamespace], None]
) -> None:
    """Call ``paint`` with only those pictures of the batch where ``who``, (B,) bool, is true."""
    chosen = np.flatnonzero(who)
    if not chosen.size:
        return
    canvases = [c and replace(c, rgb=c.rgb[chosen]) for c in (sheet.canvas, sheet.brush)]
    paint(Sheet(*canvases), SimpleNamespace(**{name: value[chosen] for name, value in vars(p).items()}))
    for whole, few in zip((sheet.canvas, sheet.brush), canvases, strict=True):
        if whole is not None:
            whole.rgb[chosen] = few.rgb


def lit(p: SimpleNamespace, albedo: Array, amount: Array | float) -> Array:
    """A surface (B, 3, ...) in the light of the hour; ``amount``, (B, H, W): 0 in shade, 1 in the sun."""
    amount = np.asarray(amount, np.float32)
    return albedo * mix(p.shade, p.sun, amount[:, None] if amount.ndim else amount)


def rgb(colour: tuple[float, float, float]) -> Array:
    """One colour, written 0 to 255, as (1, 3, 1, 1) in 0 to 1."""
    return np.asarray(colour, np.float32)[None, :, None, None] / np.float32(255.0)


def chance(numbers: Array, k: int) -> Array:
    """The k-th of many numbers in [0, 1) that follow from one in [0, 1], of the same shape."""
    turn = numbers * np.float32(17.0 + 6.7 * k) + np.float32(0.377 * k)
    return turn - np.floor(turn)


def noise(keep: float, x: Array, y: Array, where: Array, k: int) -> Array:
    """Noise of about 0 to 1, mean 0.5, at places (x, y) in pixels of the tile.

    Args:
        keep: ``SOFT`` or ``ROUGH``.
        x, y: two arrays that broadcast to (B, H, W).
        where: (B, 1, 1) in 0 to 1: the place of each picture on the tile.
        k: which texture of the picture; two of them are not alike.
    """
    x = x + np.float32(TILE) * chance(where, 2 * k)
    y = y + np.float32(TILE) * chance(where, 2 * k + 1)
    left, top = np.floor(x), np.floor(y)
    across, down = x - left, y - top
    left, top = left.astype(np.intp), top.astype(np.intp)
    columns = [(left + step) & (TILE - 1) for step in (0, 1)]
    rows = [((top + step) & (TILE - 1)) * TILE for step in (0, 1)]
    tile = _tile(keep)
    upper, lower = (
        _between(tile.take(row + columns[0]), tile.take(row + columns[1]), across) for row in rows
    )
    return _between(upper, lower, down)


def _between(a: Array, b: Array, t: Array) -> Array:
    """`mix` in the memory of b: noise is most of the work."""
    b -= a
    b *= t
    b += a
    return b


@cache
def _tile(keep: float) -> Array:
    """Six octaves of value noise, (TILE * TILE,) float32, repeating at the borders."""
    total = np.zeros((TILE, TILE), np.float32)
    strength, sum_of_squares = 1.0, 0.0
    for cells in (4, 8, 16, 32, 64, 128):
        numbers = counter.uniform(0, np.arange(cells * cells), f"landscapes/noise {keep} {cells}")
        octave = (numbers - 0.5).astype(np.float32).reshape(cells, cells)
        total += np.float32(strength) * _smooth(_smooth(octave).T).T
        sum_of_squares += strength * strength
        strength *= keep
    total *= np.float32(0.95 / sum_of_squares**0.5)
    return (total + np.float32(0.5)).reshape(-1)


def _smooth(rows: Array) -> Array:
    """(n, m) to (TILE, m), interpolated smoothly round the circle of rows."""
    place = np.arange(TILE, dtype=np.float32) * np.float32(len(rows) / TILE)
    first = np.floor(place)
    t = (place - first)[:, None]
    first = first.astype(np.int64)
    return mix(rows[first], rows[(first + 1) % len(rows)], t * t * (3.0 - 2.0 * t))
