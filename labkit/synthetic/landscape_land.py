"""Sky, hills and meadow: what the light of the hour and the colours of the season do to open land."""

from types import SimpleNamespace

import numpy as np

from labkit.synthetic.landscape_sheet import ROUGH, SOFT, Sheet, chance, for_some, lit, noise, rgb, stroke
from labkit.synthetic.shapes import Array, bump, mix, ramp, rgb_of

# By hour: morning, noon, evening, night.
ZENITH = [(126, 158, 200), (34, 98, 184), (74, 78, 134), (14, 24, 62)]
LOW_SKY = [(250, 212, 186), (186, 214, 236), (255, 156, 78), (64, 86, 132)]
GLOW = [(255, 222, 170), (255, 250, 236), (255, 206, 104), (150, 170, 214)]
GLOWING = [0.9, 0.5, 1.0, 0.45]  # how far the sky takes on the glow round sun or moon
SUN = [(255, 220, 178), (255, 248, 228), (255, 176, 104), (132, 154, 206)]
SHADE = [(104, 112, 140), (96, 110, 136), (72, 60, 92), (34, 44, 82)]
DISC = [(255, 190, 110), (255, 244, 176), (250, 104, 52), (240, 244, 252)]
# By season: spring, summer, autumn, winter.
GRASS = [(122, 178, 66), (136, 152, 66), (190, 148, 74), (222, 228, 242)]
GRASS_FAR = [(154, 190, 92), (196, 182, 92), (206, 174, 106), (190, 202, 228)]
WOODS = [(84, 124, 62), (52, 92, 48), (150, 88, 44), (112, 112, 122)]
FLOWERS = [(250, 236, 120), (232, 70, 60), (214, 120, 60), (150, 132, 110)]
ROCK = [(108, 106, 122), (112, 108, 118), (116, 102, 108), (112, 114, 132)]
SNOW = (244, 246, 252)

SKY, HILLS, MEADOW = 1.36, 1.10, 0.92  # sizes of strokes


def colours(p: SimpleNamespace) -> None:
    """Add the light of the hour and the colours of the season to the parameters."""
    p.zenith, p.low_sky, p.glow_rgb = (rgb_of(table, p.hour) for table in (ZENITH, LOW_SKY, GLOW))
    p.sun, p.shade, p.disc_rgb = (rgb_of(table, p.hour) for table in (SUN, SHADE, DISC))
    warm = np.asarray([0.06, 0.0, -0.07], np.float32)[None, :, None, None] * p.warmth[:, None]
    bright = 1.0 + np.float32(0.12) * p.brightness[:, None]
    p.sun = p.sun * (1.0 + warm) * bright * np.float32(1.1)
    p.zenith, p.low_sky = p.zenith * bright, p.low_sky * (1.0 + warm) * bright
    p.grass, p.grass_far = rgb_of(GRASS, p.season), rgb_of(GRASS_FAR, p.season)
    p.woods, p.flower, p.rock = rgb_of(WOODS, p.season), rgb_of(FLOWERS, p.season), rgb_of(ROCK, p.season)
    lush = np.asarray([0.10, 0.02, -0.10], np.float32)[None, :, None, None] * p.dryness[:, None]
    p.grass, p.grass_far = p.grass * (1.0 + lush), p.grass_far * (1.0 + lush)
    p.winter = (p.season == 3).astype(np.float32)[:, None, None]
    p.night = (p.hour == 3).astype(np.float32)[:, None, None]


def sky(sheet: Sheet, p: SimpleNamespace) -> None:
    """From the zenith down to the horizon, a glow round the light, clouds, and sun or moon."""
    canvas, x, y = sheet.canvas, sheet.canvas.x, sheet.canvas.y
    down = np.clip((y + 1.0) / (p.horizon + 1.0), 0.0, 1.0)
    colour = mix(p.zenith, p.low_sky, (down * (0.25 + 0.75 * down))[:, None])
    dx, dy = x - p.light_x, y - p.light_y
    glow = bump((dx * dx * 0.5 + dy * dy) * (1.0 / 0.75)) * (0.30 + 0.35 * p.shown)
    strength = np.asarray(GLOWING, np.float32)[p.hour][:, None, None]
    colour = mix(colour, p.glow_rgb, (glow * strength)[:, None])
    canvas.rgb[...] = colour
    if sheet.brush is not None:
        bend = noise(SOFT, x * 14.0, y * 14.0, p.clouds_at, 5) - 0.5
        sheet.brush.rgb[...] = stroke(1.0, 3.0 * bend, SKY)

    near = 1.0 / (0.30 + np.maximum(p.horizon - y, 0.0))  # clouds grow smaller towards the horizon
    u, v = x * near * 17.0, near * 36.0
    thick = noise(SOFT, u, v, p.clouds_at, 0)
    towards = 2.5 * np.copysign(1.0, p.light_x)
    bright = 0.50 + 3.6 * (thick - noise(SOFT, u + towards, v + 2.5, p.clouds_at, 0))
    edge = 0.72 - 0.44 * p.clouds
    cover = ramp(edge, edge + 0.20, thick) * ramp(0.0, 0.12, p.horizon - y)
    cloud = mix(p.shade * 0.75 + p.low_sky * 0.25, p.glow_rgb, np.clip(bright, 0.0, 1.0)[:, None])
    sheet.lay(cloud, cover * (0.95 - 0.25 * p.night), stroke(1.0, 1.2 * (bright - 0.5), SKY))

    distance = np.sqrt(dx * dx + dy * dy)
    halo = bump(distance * distance * (1.0 / 0.26**2)) * 0.45
    canvas.paint(p.glow_rgb, halo * p.shown)
    sheet.lay(p.disc_rgb, canvas.cover(distance - 0.085, 0.01) * p.shown, stroke(0.7, 0.7, 0.35))


def hills(sheet: Sheet, p: SimpleNamespace) -> None:
    """Mountains or hills in two rows, and a line of distant woods."""
    for_some(p.hills == 2, sheet, p, _mountains)
    for_some(p.hills >= 1, sheet, p, _downs)
    _distant_woods(sheet, p)


def _mountains(sheet: Sheet, p: SimpleNamespace) -> None:
    x, y = sheet.canvas.x, sheet.canvas.y
    here = np.zeros_like(y)
    crags = 0.24 * (noise(ROUGH, x * 34.0, here, p.ridge, 0) - 0.5)
    height = 0.26 + crags
    for k in range(3):
        peak = 2.0 * chance(p.ridge, 30 + k) - 1.0
        high = 0.42 + 0.06 * p.hill_height + 0.10 * chance(p.ridge, 40 + k)
        height = np.maximum(height, high + crags - (0.28 + 0.3 * chance(p.ridge, 50 + k)) * np.abs(x - peak))
    top = p.horizon - np.clip(height, 0.18, 0.58)
    facing = np.copysign(1.0, p.light_x)
    down = y - top  # gullies run down from the ridge, to both sides
    faces = noise(SOFT, x * 46.0 + down * 24.0, down * 20.0, p.ridge, 1)
    beside = noise(SOFT, x * 46.0 + down * 24.0 + 4.0 * facing, down * 20.0, p.ridge, 1)
    light = np.clip(0.45 + 2.6 * (faces - beside), 0.0, 1.0)
    snow = ramp(0.03, -0.03, down - 0.03 - 0.16 * p.winter + 0.34 * (faces - 0.5))
    albedo = mix(p.rock, rgb(SNOW), snow[:, None])
    rock = mix(lit(p, albedo * np.float32(0.9), light), p.low_sky, 0.12 + 0.12 * p.haze[:, None])
    sheet.lay(rock, sheet.canvas.cover(top - y), stroke(0.6 * facing, 0.8, HILLS))


def _downs(sheet: Sheet, p: SimpleNamespace) -> None:
    x, y = sheet.canvas.x, sheet.canvas.y
    low = np.where(p.hills == 2, np.float32(0.45), np.float32(1.0))[:, None, None]  # before mountains
    for k, (high, far) in enumerate([(0.27, 0.34), (0.14, 0.18)]):
        roll = noise(SOFT, x * (7.0 + 3.0 * k), np.zeros_like(y), p.ridge, 3 + k)
        roll_on = noise(SOFT, x * (7.0 + 3.0 * k) + 0.5, np.zeros_like(y), p.ridge, 3 + k)
        slope = (roll_on - roll) * 20.0 * high * low
        top = p.horizon - low * high * (0.42 + 1.2 * roll) * (1.0 + 0.25 * p.hill_height)
        patches = noise(ROUGH, x * 16.0, (y - 0.4 * slope * x) * 44.0, p.ridge, 5 + k)
        wooded = ramp(0.40, 0.58, patches)
        albedo = mix(p.woods, p.grass_far, wooded[:, None])
        light = 0.50 - 0.9 * slope * np.copysign(1.0, p.light_x) + 0.8 * (patches - 0.5)
        colour = mix(lit(p, albedo, np.clip(light, 0.0, 1.0)), p.low_sky, far + 0.16 * p.haze[:, None])
        sheet.lay(colour, sheet.canvas.cover(top - y), stroke(1.0, -1.6 * slope, HILLS))


def _distant_woods(sheet: Sheet, p: SimpleNamespace) -> None:
    x, y = sheet.canvas.x, sheet.canvas.y
    crowns = noise(ROUGH, x * 30.0, np.zeros_like(y), p.ridge, 8)
    top = p.horizon - 0.03 - 0.09 * np.maximum(crowns - 0.35, 0.0)
    light = np.clip(0.25 + 0.8 * (noise(ROUGH, x * 40.0, y * 60.0, p.ridge, 9) - 0.4), 0.0, 1.0)
    colour = mix(lit(p, p.woods, light), p.low_sky, 0.16 + 0.16 * p.haze[:, None])
    sheet.lay(colour, sheet.canvas.cover(top - y), stroke(0.4, 1.0, 0.8))


def meadow(sheet: Sheet, p: SimpleNamespace) -> None:
    """Grass in perspective: broad patches far off, blades and flowers near."""
    canvas, x, y = sheet.canvas, sheet.canvas.x, sheet.canvas.y
    depth = np.maximum(y - p.horizon, 0.0)
    near = 1.0 / (depth + 0.16)
    wide = 1.0 / (depth + 0.6)  # less than near: with full perspective the grass would radiate like a zoom
    patches = noise(SOFT, x * wide * 11.0, near * 26.0, p.field, 0)
    blades = noise(ROUGH, x * wide * 62.0, near * 46.0, p.field, 1)
    albedo = mix(p.grass, p.grass_far, ramp(0.35, 0.65, patches)[:, None])
    light = 0.62 + (0.3 + 0.9 * depth) * (blades - 0.5) + 0.7 * (patches - 0.5) - 0.30 * depth
    colour = mix(lit(p, albedo, np.clip(light, 0.0, 1.1)), p.low_sky, _mist(p, depth))
    mask = canvas.cover(p.horizon - y)
    sheet.lay(colour, mask, stroke(1.0 - 0.9 * np.minimum(depth, 1.0), 0.9 * np.minimum(depth, 1.0), MEADOW))
    spots = noise(ROUGH, x * wide * 120.0, near * 150.0, p.field, 3)
    level = 1.00 - 0.26 * p.flowers
    petals = ramp(level, level + 0.05, spots) * ramp(0.05, 0.20, depth) * mask
    sheet.canvas.paint(lit(p, p.flower, 1.0), petals * 0.9)


def _mist(p: SimpleNamespace, depth: Array) -> Array:
    return ((0.12 + 0.12 * p.haze) * ramp(0.35, 0.0, depth))[:, None]
