"""A cottage or a church: walls in sun and shade, a roof, windows that shine at night."""

from types import SimpleNamespace

import numpy as np

from labkit.synthetic.landscape_sheet import Sheet, lit, rgb, stroke
from labkit.synthetic.shapes import Array, bump, mix

CREAM, BRICK = (238, 224, 200), (194, 132, 108)
TILES, SLATE, SNOW = (190, 76, 46), (92, 102, 128), (242, 245, 250)
PANE, LAMP = (40, 38, 46), (255, 204, 92)
HOUSE, WINDOW = 0.45, 0.12  # sizes of strokes
LEVEL, UPRIGHT = stroke(1.0, 0.0, HOUSE), stroke(0.0, 1.0, HOUSE)


def cottage(sheet: Sheet, p: SimpleNamespace) -> None:
    """A long wall in the light, a gable end in shade, a roof that leans back, a chimney."""
    place, wall, roof = _begin(sheet, p)
    x, y = place
    sheet.lay(lit(p, roof * np.float32(0.8), 0.5), _box(sheet, place, (0.06, 0.11), (0.30, 0.46)), UPRIGHT)
    sheet.lay(lit(p, wall, 1.0), _box(sheet, place, (-0.26, 0.14), (0.0, 0.21)), LEVEL)
    gable = np.maximum(-y, y - 0.21 - 2.0 * (0.065 - np.abs(x - 0.205)))
    sheet.lay(lit(p, wall, 0.25), sheet.canvas.cover(np.maximum(gable, _between(x, 0.14, 0.27))), UPRIGHT)
    slab = np.maximum(_between(x - 0.5 * (y - 0.19), -0.29, 0.14), _between(y, 0.19, 0.36))
    sheet.lay(lit(p, roof, 0.85), sheet.canvas.cover(slab), stroke(0.5, -1.0, HOUSE))
    for left in (-0.22, 0.02):
        _window(sheet, p, place, (left, left + 0.06), (0.08, 0.15))
    _window(sheet, p, place, (-0.095, -0.035), (0.0, 0.14))


def church(sheet: Sheet, p: SimpleNamespace) -> None:
    """A nave, and a tower with a spire."""
    place, wall, roof = _begin(sheet, p)
    x, y = place
    sheet.lay(lit(p, wall, 0.9), _box(sheet, place, (-0.10, 0.28), (0.0, 0.20)), LEVEL)
    slab = np.maximum(_between(x + 0.35 * (y - 0.2), -0.1, 0.30), _between(y, 0.19, 0.34))
    sheet.lay(lit(p, roof, 0.6), sheet.canvas.cover(slab), stroke(0.4, -1.0, HOUSE))
    sheet.lay(lit(p, wall, 1.0), _box(sheet, place, (-0.24, -0.11), (0.0, 0.42)), UPRIGHT)
    sheet.lay(lit(p, wall, 0.3), _box(sheet, place, (-0.11, -0.08), (0.0, 0.42)), UPRIGHT)
    spire = np.maximum(np.abs(x + 0.16) - 0.095 * (1.0 - (y - 0.41) * (1 / 0.36)), 0.41 - y)
    sheet.lay(lit(p, roof, 0.8), sheet.canvas.cover(spire), UPRIGHT)
    _window(sheet, p, place, (-0.195, -0.145), (0.26, 0.35))
    for middle in (0.02, 0.12, 0.22):
        _window(sheet, p, place, (middle - 0.018, middle + 0.018), (0.06, 0.15))


def _begin(sheet: Sheet, p: SimpleNamespace) -> tuple[tuple[Array, Array], Array, Array]:
    """Coordinates from the middle of the foot of the house, y upwards; colours of walls and roof."""
    x, y = sheet.canvas.x - p.house_x, p.horizon + 0.105 - sheet.canvas.y
    sheet.canvas.darken(bump(x * x * (1 / 0.42**2) + y * y * (1 / 0.07**2)) * 0.5)
    roof = mix(rgb(TILES), rgb(SLATE), p.roof[:, None])
    return (
        (x, y),
        mix(rgb(CREAM), rgb(BRICK), p.wall[:, None]),
        mix(roof, rgb(SNOW), 0.75 * p.winter[:, None]),
    )


def _between(value: Array, low: float, high: float) -> Array:
    """Signed distance to a strip."""
    return np.maximum(low - value, value - high)


def _box(
    sheet: Sheet, place: tuple[Array, Array], across: tuple[float, float], up: tuple[float, float]
) -> Array:
    return sheet.canvas.cover(np.maximum(_between(place[0], *across), _between(place[1], *up)))


def _window(
    sheet: Sheet,
    p: SimpleNamespace,
    place: tuple[Array, Array],
    across: tuple[float, float],
    up: tuple[float, float],
) -> None:
    colour = mix(rgb(PANE), rgb(LAMP), p.night[:, None])
    sheet.lay(colour, np.float32(0.9) * _box(sheet, place, across, up), stroke(0.0, 1.0, WINDOW))
