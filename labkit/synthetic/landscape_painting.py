"""What a painter makes of a landscape: few pigments, and strokes that follow the forms.

Each pass lays one stroke in every cell of a grid, in the colour that the scene has at its middle. A
stroke fits into its cell, so the strokes of one pass never meet, and later ones lie on earlier ones.
(The layers from broad to fine brushes are those of Hertzmann 1998, "Painterly rendering with curved
brush strokes of multiple sizes".)
"""

from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace

import numpy as np

from labkit.synthetic import counter
from labkit.synthetic.landscape_sheet import ROUGH, Sheet, noise, rgb
from labkit.synthetic.shapes import Array, Canvas, mix

PIGMENTS = [
    (250, 246, 232),  # lead white
    (252, 226, 120),  # chrome yellow
    (236, 176, 92),  # yellow ochre
    (220, 96, 62),  # vermilion
    (214, 130, 146),  # rose madder
    (56, 92, 180),  # cobalt blue
    (120, 112, 188),  # cobalt violet
    (152, 190, 228),  # cerulean and white
    (56, 124, 104),  # viridian
    (136, 176, 88),  # emerald green
    (206, 206, 150),  # Naples yellow
    (50, 50, 100),  # ultramarine and madder: no black
    (124, 84, 72),  # burnt sienna
    (240, 204, 192),  # white and madder
]
CLOTH = (206, 190, 168)  # the primed canvas, which shows through
SHADES = 16  # steps of each colour in the table of nearest pigments
DRAWS = 2**15  # numbers in the table of chances, a power of two


@dataclass(frozen=True)
class Pass:
    """One stroke in each cell, ``across`` x ``down``, wherever the guide's size is ``low`` to ``high``."""

    across: float
    down: float
    low: float
    high: float


BROAD = [Pass(0.34, 0.24, 0.7, 2.0), Pass(0.26, 0.30, 0.7, 2.0)] * 3
MEDIUM = [Pass(0.26, 0.15, 0.5, 2.0), Pass(0.16, 0.22, 0.5, 2.0)] * 4
FINE = [Pass(0.15, 0.10, 0.0, 0.67), Pass(0.09, 0.15, 0.0, 0.67)] * 2


@dataclass(frozen=True)
class Strokes:
    """The strokes of one pass, each (B, rows, columns) of cells.

    Attributes:
        x, y: their middles.
        dx, dy: their directions, of length 1.
        half_length, half_width: how far they reach; next to nothing where the pass lays none.
        size: the guide's size at the middle, which tells the parts of the scene apart.
        colour: (B, 3, rows, columns).
    """

    x: Array
    y: Array
    dx: Array
    dy: Array
    half_length: Array
    half_width: Array
    size: Array
    colour: Array


def painting(sheet: Sheet, p: SimpleNamespace) -> None:
    """Turn the colours of the scene, in place, into strokes of paint."""
    canvas, guide = sheet.canvas, sheet.brush.rgb
    scene = _recoloured(canvas.rgb)
    canvas.rgb[...] = mix(scene, rgb(CLOTH), np.float32(0.15))
    for number, kind in enumerate(BROAD + MEDIUM + FINE):
        columns, left = _cells(canvas.x.reshape(-1), kind.across, f"landscapes/pass {number} x")
        rows, top = _cells(canvas.y.reshape(-1), kind.down, f"landscapes/pass {number} y")
        strokes = _strokes(scene, guide, kind, left, top, _chances(p.hand, number, len(top), len(left)))
        _lay(canvas, guide[:, 2], strokes, kind, rows, columns)
    weave = noise(ROUGH, canvas.x * 64.0, canvas.y * 64.0, p.hand, 1) - 0.5
    np.add(canvas.rgb, (0.05 * weave)[:, None], out=canvas.rgb)


def _recoloured(rgb: Array) -> Array:
    """Lighter, with blue and violet where a photograph is dark, and stronger colours."""
    rgb = np.clip(rgb, 0.0, 1.0)
    rgb *= 0.70 + rgb * (1.05 - 0.75 * rgb)  # more contrast
    grey = (0.30 * rgb[:, 0] + 0.59 * rgb[:, 1] + 0.11 * rgb[:, 2])[:, None]
    violet = np.asarray((0.12, 0.11, 0.25), np.float32)[:, None, None]
    return np.clip(grey + (rgb - grey) * 1.3 + violet * (1.0 - grey) * (1.0 - grey) + 0.06, 0.0, 1.0)


def _cells(pixels: Array, side: float, stream: str) -> tuple[Array, Array]:
    """The cell of each pixel, and the middles of all cells; the grid begins anywhere outside the picture."""
    start = -1.0 - side * _start(stream)
    cell = np.floor((pixels - start) / side).astype(np.intp)
    return cell, (start + side * (np.arange(cell[-1] + 1) + 0.5)).astype(np.float32)


@cache
def _start(stream: str) -> float:
    return counter.uniform(0, np.zeros(1, np.int64), stream)[0]


def _chances(hand: Array, number: int, rows: int, columns: int) -> list[Array]:
    """Five numbers in [0, 1) for each cell of each picture, (B, rows, columns)."""
    first = (hand.reshape(-1, 1) * np.float32(DRAWS)).astype(np.intp) + 977 * number
    place = (first + np.arange(5 * rows * columns)) & (DRAWS - 1)
    numbers = _all_chances().take(place).reshape(-1, 5, rows, columns)
    return [numbers[:, k] for k in range(5)]


@cache
def _all_chances() -> Array:
    return counter.uniform(0, np.arange(DRAWS), "landscapes/strokes").astype(np.float32)


def _strokes(
    scene: Array, guide: Array, kind: Pass, left: Array, top: Array, chances: list[Array]
) -> Strokes:
    """Strokes near the middles of the cells, along the guide give or take a little, as long as fits."""
    half_across, half_down = np.float32(0.5 * kind.across), np.float32(0.5 * kind.down)
    x = left + 0.3 * half_across * (chances[0] - 0.5)
    y = top[:, None] + 0.3 * half_down * (chances[1] - 0.5)
    colour, way = _seen_at((scene, guide), x, y)
    dx, dy = way[:, 0] + 0.4 * (chances[3] - 0.5), way[:, 1] + 0.4 * (chances[4] - 0.5)
    scale = 1.0 / np.sqrt(dx * dx + dy * dy + np.float32(1e-6))
    dx, dy = dx * scale, dy * scale

    half_width = np.float32(0.22 * min(kind.across, kind.down)) * (0.8 + 0.4 * chances[3])
    flat, steep = np.abs(dx) + np.float32(1e-3), np.abs(dy) + np.float32(1e-3)
    half_length = np.minimum(
        (0.95 * half_across - half_width * steep) / flat, (0.95 * half_down - half_width * flat) / steep
    )
    size = way[:, 2]
    half_length = np.where((size >= kind.low) & (size <= kind.high), half_length, np.float32(1e-4))
    return Strokes(x, y, dx, dy, half_length, half_width, size, _mixed(colour, chances[2], chances[3]))


def _lay(canvas: Canvas, sizes: Array, strokes: Strokes, kind: Pass, rows: Array, columns: Array) -> None:
    """Paint the strokes; rows and columns: the cell of each pixel.

    Place along a stroke is ((x - x0) dx + (y - y0) dy) / half length. All but the part with y is
    known for a whole row of cells at once, so that little is left to do for each pixel.
    """

    def of_columns(values: Array) -> Array:
        return values[:, :, columns]

    def of_pixels(values: Array) -> Array:
        return values.take(rows, axis=1)

    x, y = canvas.x - of_columns(strokes.x), of_columns(strokes.y)
    dx, dy = (of_columns(part / strokes.half_length) for part in (strokes.dx, strokes.dy))
    along = canvas.y * of_pixels(dy)
    along += of_pixels(x * dx - y * dy)
    dx, dy = (of_columns(part / strokes.half_width) for part in (strokes.dx, strokes.dy))
    across = canvas.y * of_pixels(-dx)
    across += of_pixels(x * dy + y * dx)

    relief = across * np.float32(0.08)  # thick paint: one flank is lighter
    relief += 1.0
    mask = along * along  # the outline along^4 + across^2 = 1 is a rounded bar
    mask *= mask
    across *= across
    mask += across
    np.subtract(1.0, mask, out=mask)
    mask *= np.float32(0.11 * min(kind.across, kind.down) / (1.25 * canvas.pixel + 0.012))
    mask += 0.5
    np.clip(mask, 0.0, 0.94, out=mask)

    strange = of_pixels(of_columns(strokes.size)) - sizes  # another part of the scene: keep off
    np.abs(strange, out=strange)
    strange *= -4.0
    strange += 1.25
    mask *= np.clip(strange, 0.0, 1.0, out=strange)
    for channel in range(3):
        paint = of_pixels(of_columns(strokes.colour[:, channel]))
        plane = canvas.rgb[:, channel]
        paint *= relief
        paint -= plane
        paint *= mask
        plane += paint


def _seen_at(pictures: tuple[Array, ...], x: Array, y: Array) -> list[Array]:
    """What pictures (B, 3, H, W) hold at places (B, rows, columns): (B, 3, rows, columns) of each."""
    batch, _, height, width = pictures[0].shape
    column = np.clip((x + 1.0) * np.float32(width / 2), 0, width - 1).astype(np.intp)
    row = np.clip((y + 1.0) * np.float32(height / 2), 0, height - 1).astype(np.intp)
    plane = np.arange(3 * batch).reshape(batch, 3, 1, 1)
    place = plane * (height * width) + (row * width + column)[:, None]
    return [picture.reshape(-1).take(place) for picture in pictures]


def _mixed(colour: Array, chance: Array, light: Array) -> Array:
    """The nearest pigment, or now and then the next one, mixed with the colour itself."""
    steps = np.clip(colour * np.float32(SHADES), 0, SHADES - 1).astype(np.intp)
    place = (steps[:, 0] * SHADES + steps[:, 1]) * SHADES + steps[:, 2]
    nearest, second = _nearest_pigments()
    which = np.where(chance < 0.7, nearest[place], second[place])
    pigment = np.moveaxis((np.asarray(PIGMENTS, np.float32) / np.float32(255.0))[which], -1, 1)
    return mix(colour, pigment, np.float32(0.5)) * (0.90 + 0.20 * light)[:, None]


@cache
def _nearest_pigments() -> tuple[Array, Array]:
    """The numbers of the nearest pigment and of the second nearest, each for SHADES**3 colours."""
    level = (np.arange(SHADES, dtype=np.float32) + np.float32(0.5)) / np.float32(SHADES)
    colours = [part.reshape(-1, 1) for part in np.meshgrid(level, level, level, indexing="ij")]
    pigments = (np.asarray(PIGMENTS, np.float32) / np.float32(255.0)).T
    red, green, blue = (mine - theirs for mine, theirs in zip(colours, pigments, strict=True))
    order = np.argsort(red * red + green * green + blue * blue, axis=1, kind="stable")
    return order[:, 0], order[:, 1]
