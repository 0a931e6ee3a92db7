"""Soft-edged shapes on a canvas, from sums, products and square roots only.

Those operations are rounded the same way on every machine, so a drawing is the same to the last
bit whatever the processor, the number of threads or the batch. Everything is float32. The canvas
spans -1 to 1 in x (rightwards) and in y (downwards) at any number of pixels.
"""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Canvas:
    """A batch of pictures being painted, or a window of it (windows share the pixels).

    Attributes:
        rgb: (B, 3, H, W) float32, colours as shown on a screen, 0 to 1.
        x: (1, 1, W) pixel centres. y: (1, H, 1) pixel centres.
        pixel: the side of a pixel.
    """

    rgb: Array
    x: Array
    y: Array
    pixel: float

    def paint(self, colour: Array, mask: Array) -> None:
        """Lay a colour, (B, 3, 1, 1) or (B, 3, H, W), over the picture where mask (B, H, W) is 1."""
        layer = colour - self.rgb
        layer *= mask[:, None]
        np.add(self.rgb, layer, out=self.rgb)

    def darken(self, amount: Array, tint: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> None:
        """Multiply by 1 - amount, (B, H, W); a tint below 1 spares that colour."""
        for channel, share in enumerate(tint):
            plane = self.rgb[:, channel]
            plane *= 1.0 - share * amount

    def cover(self, distance: Array, soft: float = 0.0) -> Array:
        """Coverage, 0 to 1, of pixels at this signed distance (negative inside) from an edge."""
        width = 1.25 * self.pixel + soft
        return np.clip(0.5 - distance * np.float32(1.0 / width), 0.0, 1.0)

    def line(self, distance: Array, half_width: Array | float, soft: float = 0.0) -> Array:
        """Coverage of a stroke along distance 0; thinner than a pixel it turns pale, not ragged."""
        width = 1.25 * self.pixel + soft
        half_width = np.asarray(half_width, np.float32)
        reach = np.maximum(half_width, np.float32(0.5 * width))
        strength = np.minimum(np.float32(1.0), half_width / np.float32(0.5 * width))
        return np.clip((reach - np.abs(distance)) / width + 0.5, 0.0, 1.0) * strength


def empty_canvas(batch: int, size: int) -> Canvas:
    """A black canvas of ``size`` x ``size`` pixels."""
    centres = ((2 * np.arange(size) + 1) / size - 1.0).astype(np.float32)
    rgb = np.zeros((batch, 3, size, size), np.float32)
    return Canvas(rgb, centres[None, None, :], centres[None, :, None], 2.0 / size)


def window(size: int, x: tuple[float, float], y: tuple[float, float]) -> tuple[slice, slice, slice]:
    """The index of the pixels of a (B, size, size) array between these coordinates."""
    rows, columns = (
        slice(max(0, int((low + 1) * size / 2)), min(size, int((high + 1) * size / 2 + 1)))
        for low, high in (y, x)
    )
    return (slice(None), rows, columns)


def part(canvas: Canvas, where: tuple[slice, slice, slice]) -> Canvas:
    """A window of the canvas; painting it paints the canvas."""
    _, rows, columns = where
    return Canvas(canvas.rgb[:, :, rows, columns], canvas.x[:, :, columns], canvas.y[:, rows], canvas.pixel)


def bump(squared: Array) -> Array:
    """1 at 0, falling smoothly to 0 where the squared, scaled distance reaches 1."""
    rest = np.minimum(squared, 1.0)
    np.subtract(1.0, rest, out=rest)
    rest *= rest
    return rest


def ramp(low: Array | float, high: Array | float, value: Array) -> Array:
    """0 up to ``low``, 1 from ``high`` on, a smooth step between (low may exceed high)."""
    t = (value - low) / (high - low)
    np.clip(t, 0.0, 1.0, out=t)
    smooth = 3.0 - 2.0 * t
    t *= t
    t *= smooth
    return t


def wave(turns: Array) -> Array:
    """A sine made of two parabolas, -1 to 1, with period 1."""
    t = np.floor(turns)
    np.subtract(turns, t, out=t)
    t *= 2.0
    t -= 1.0
    bow = np.abs(t)
    bow -= 1.0
    bow *= t
    bow *= 4.0
    return bow


def rounded_max(a: Array, b: Array, radius: float) -> Array:
    """The larger of two signed distances, with the corner between them rounded off."""
    near = np.maximum(radius - np.abs(a - b), 0.0)
    return np.maximum(a, b) + near * near * np.float32(0.25 / radius)


def mix(a: Array, b: Array, t: Array) -> Array:
    """a where t is 0, b where t is 1."""
    return a + (b - a) * t


def rgb_of(table: list[tuple[float, float, float]], index: Array) -> Array:
    """Rows of a colour table, written 0 to 255, as (B, 3, 1, 1) in 0 to 1."""
    colours = np.asarray(table, np.float32) / np.float32(255.0)
    return colours[index][:, :, None, None]


def hue_colour(hue: Array, saturation: Array, value: Array) -> Array:
    """Colours (B, 3, 1, 1) from hue in turns, saturation and value, each (B, 1, 1)."""
    offsets = np.asarray([0.0, 2.0 / 3.0, 1.0 / 3.0], np.float32)[None, :, None, None]
    turns = hue[:, None] + offsets
    away = np.abs(6.0 * (turns - np.floor(turns)) - 3.0) - 1.0
    return value[:, None] * (1.0 - saturation[:, None] * (1.0 - np.clip(away, 0.0, 1.0)))
