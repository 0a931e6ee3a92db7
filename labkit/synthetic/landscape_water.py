"""A river or a lake: the mirrored picture broken by ripples, banks, and a boat that sails on it."""

from types import SimpleNamespace

import numpy as np

from labkit.synthetic.landscape_sheet import ROUGH, Sheet, lit, noise, rgb, stroke
from labkit.synthetic.shapes import Array, Canvas, bump, hue_colour, mix, ramp

SHORE = 0.125  # from the horizon down to the far bank
WOOD, LINEN, RED = (64, 44, 34), (248, 240, 220), (206, 92, 48)
WATER, BOAT = 0.74, 0.30  # sizes of strokes


def water(sheet: Sheet, p: SimpleNamespace) -> None:
    """Everything above the far bank, mirrored in what lies below."""
    canvas, x, y = sheet.canvas, sheet.canvas.x, sheet.canvas.y
    below = y - p.horizon - SHORE
    depth = np.maximum(below, 0.0)
    near = 1.0 / (depth + 0.14)
    ripple = noise(ROUGH, x * near * 4.0, near * 30.0, p.field, 5) - 0.5
    mirrored = _mirrored(canvas, p.horizon + 0.095 - 1.05 * below + ripple * (0.03 + 0.34 * depth))
    own = 0.16 + 0.30 * depth + 0.20 * p.winter  # between snow, water is dark
    colour = mix(mirrored * np.float32(0.93), p.zenith * 0.45 + p.shade * 0.12, own[:, None])
    path = bump(((x - p.light_x) * (1 / 0.26)) ** 2) * ramp(0.02, 0.16, ripple)  # towards sun or moon
    sparkle = 0.16 * ramp(0.16, 0.26, ripple) + path * (0.25 + 0.55 * p.shown)
    colour = mix(colour, p.glow_rgb, sparkle[:, None])
    distance = _outside(x, y, p) + 0.02 * ripple
    bank = bump((distance * (1 / 0.05)) ** 2) * ramp(-0.02, 0.02, below)
    canvas.darken(bank * 0.45)
    sheet.lay(colour, canvas.cover(distance), stroke(1.0, 0.0, WATER))


def _mirrored(canvas: Canvas, y: Array) -> Array:
    """The picture's colours at the same column and another height, (B, 3, H, W)."""
    batch, _, height, width = canvas.rgb.shape
    row = np.clip((y + 1.0) * np.float32(height / 2) - np.float32(0.5), 0.0, height - 1.001)
    first = np.floor(row)
    part = (row - first)[:, None]
    place = first.astype(np.int64) * width + np.arange(width)
    place = np.broadcast_to(place, (batch, height, width)).reshape(batch, 1, -1)
    flat = canvas.rgb.reshape(batch, 3, -1)
    upper, lower = (np.take_along_axis(flat, place + step, 2) for step in (0, width))
    return mix(upper.reshape(canvas.rgb.shape), lower.reshape(canvas.rgb.shape), part)


def _outside(x: Array, y: Array, p: SimpleNamespace) -> Array:
    """Signed distance to the water, negative on it."""
    below = y - p.horizon - SHORE
    wobble = 0.16 * (noise(ROUGH, x * 9.0, y * 9.0, p.field, 7) - 0.5)
    lake = np.maximum(-below, y - p.near_bank - 0.20 * p.bank_slope * x - wobble)
    along = np.clip(below / (1.0 - p.horizon - SHORE), 0.0, 1.0)
    middle, half_width = river_middle(p, along), 0.05 + along * (0.20 + 0.45 * along)
    river = np.maximum(-below, (np.abs(x - middle) - half_width) * 0.8 + wobble)
    return np.where((p.water == 2)[:, None, None], lake, river).astype(np.float32)


def river_middle(p: SimpleNamespace, along: Array | float) -> Array:
    """x of the middle of the river, from the far bank (0) to the lower edge of the picture (1)."""
    return p.bank_slope * (0.55 - 1.5 * along + 0.9 * along * along)


def boat(sheet: Sheet, p: SimpleNamespace) -> None:
    """A sailing boat and its reflection."""
    lake, along = (p.water == 2)[:, None, None], np.float32(0.42)
    foot = p.horizon + SHORE + np.where(lake, np.float32(0.16), along * (1.0 - p.horizon - SHORE))
    middle = np.where(lake, 0.6 * p.boat_place, river_middle(p, along) + 0.12 * p.boat_place)
    x, y = sheet.canvas.x - middle, foot - sheet.canvas.y
    ripple = noise(ROUGH, sheet.canvas.x * 14.0, sheet.canvas.y * 70.0, p.field, 9) - 0.5
    _hull_and_sails(sheet, p, x + 0.10 * ripple, -y, 0.60)
    _hull_and_sails(sheet, p, x, y, 1.0)


def _hull_and_sails(sheet: Sheet, p: SimpleNamespace, x: Array, y: Array, strength: float) -> None:
    """Mast, mainsail, jib and hull, from the middle of the water line, y upwards."""
    cover, strength = sheet.canvas.cover, np.float32(strength)
    x = x * np.copysign(np.float32(1.0), p.boat_place)
    mast = sheet.canvas.line(x, 0.007) * ramp(0.0, 0.02, y) * ramp(0.40, 0.38, y)
    sheet.lay(lit(p, rgb(WOOD), 0.6), mast * strength, stroke(0.0, 1.0, BOAT))
    cloth = mix(rgb(LINEN), rgb(RED), p.sail[:, None])
    main = np.maximum(np.maximum(0.05 - y, x + 0.010), -x - 0.155 + 0.40 * (y - 0.05))
    jib = np.maximum(np.maximum(0.06 - y, 0.012 - x), x - 0.115 + 0.36 * (y - 0.06))
    sheet.lay(lit(p, cloth, 1.0), cover(main) * strength, stroke(0.3, 1.0, BOAT))
    sheet.lay(lit(p, cloth, 0.7), cover(jib) * strength, stroke(-0.3, 1.0, BOAT))
    hull = np.maximum(y - 0.045 - 0.12 * x * x, -y - 0.02 + 0.055 * (x * (1 / 0.19)) ** 2)
    paint = hue_colour(p.hull, np.full_like(p.hull, 0.55), np.full_like(p.hull, 0.6))
    sheet.lay(lit(p, paint, 0.7), cover(hull) * strength, stroke(1.0, 0.0, BOAT))
