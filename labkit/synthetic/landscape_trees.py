"""Trees: broad, poplars or firs, each a crown of leaves round a stem, lit from the side of the light."""

from types import SimpleNamespace

import numpy as np

from labkit.synthetic.landscape_sheet import ROUGH, Sheet, chance, for_some, lit, noise, rgb, stroke
from labkit.synthetic.shapes import Array, bump, mix, ramp, rgb_of

MOST = 6
COUNTS = (0, 1, 3, MOST)  # by the class of the factor "trees"
# By season.
LEAVES = [(126, 176, 74), (74, 122, 50), (222, 124, 40), (150, 136, 130)]
LEAVES_OTHER = [(196, 196, 120), (96, 140, 60), (214, 160, 54), (170, 160, 160)]
NEEDLES = [(48, 92, 64), (40, 82, 54), (44, 78, 52), (116, 140, 144)]
BARK = (96, 76, 62)
FOLIAGE, TRUNK = 0.60, 0.50  # sizes of strokes


def places(p: SimpleNamespace) -> None:
    """Where the trees stand and how tall they are, far ones first: (B, MOST) arrays in the parameters."""
    number = np.arange(MOST, dtype=np.float32)
    start = p.grove[:, 0] + number * np.float32(0.618)  # by the golden ratio: never two in one place
    dice = np.concatenate([chance(p.grove[:, 0], 3 * k) for k in range(MOST)], axis=1)
    across = 1.75 * (start - np.floor(start)) - 0.875 + 0.10 * (dice - 0.5)
    side = np.copysign(np.float32(0.42), across - p.house_x[:, 0])
    beside = p.house_x[:, 0] + np.where(np.abs(p.house_x[:, 0] + side) < 0.85, side, -side)
    crowded = (np.abs(across - p.house_x[:, 0]) < 0.42) & (p.house > 0)[:, None]
    across = np.where(crowded, beside, across)

    forward = np.where((p.water == 0)[:, None], 0.30 * chance(dice, 6) ** 2, np.float32(0.0))
    base = p.horizon[:, 0] + 0.07 + 0.03 * chance(dice, 7) + forward
    height = 0.62 + 0.14 * p.tree_size[:, 0] + 0.26 * (chance(dice, 5) - 0.5)
    height = height * (1.0 + 1.3 * forward)

    p.tree_count = np.asarray(COUNTS)[p.trees]
    stands = number < p.tree_count[:, None]
    order = np.argsort(np.where(stands, base, np.float32(9.0)), axis=1, kind="stable")
    p.tree_x, p.tree_base, p.tree_height, p.tree_leaf = (
        np.take_along_axis(values, order, 1) for values in (across, base, height, dice)
    )
    needles = (p.tree_kind == 2)[:, None, None, None]
    p.leaves = np.where(needles, rgb_of(NEEDLES, p.season), rgb_of(LEAVES, p.season))
    p.leaves_other = np.where(needles, p.leaves, rgb_of(LEAVES_OTHER, p.season))
    p.bare = p.winter * (p.tree_kind != 2)[:, None, None]


def trees(sheet: Sheet, p: SimpleNamespace) -> None:
    """All trees of the picture."""
    for k in range(MOST):
        places = (p.tree_x, p.tree_base, p.tree_height, p.tree_leaf)
        p.x, p.base, p.height, p.leaf = (values[:, k, None, None] for values in places)
        for_some(p.tree_count > k, sheet, p, _tree)


def _tree(sheet: Sheet, p: SimpleNamespace) -> None:
    canvas = sheet.canvas
    u, v = (canvas.x - p.x) / p.height, (p.base - canvas.y) / p.height  # v: 0 on the ground, 1 at the top
    facing = np.copysign(np.float32(1.0), p.light_x - p.x)
    shadow = bump(((u + 0.16 * facing) * (1 / 0.34)) ** 2 + ((v + 0.01) * (1 / 0.06)) ** 2)
    canvas.darken(shadow * (0.55 - 0.3 * p.night), (1.0, 0.95, 0.8))

    trunk = canvas.line(u * p.height, 0.028 * p.height * (1.3 - v)) * ramp(0.62, 0.5, v) * ramp(-0.02, 0.0, v)
    sheet.lay(lit(p, rgb(BARK), np.clip(0.5 + 20.0 * u * facing, 0.0, 1.0)), trunk, stroke(0.0, 1.0, TRUNK))

    leaf = noise(ROUGH, u * 44.0, v * 44.0, p.leaf, 0)
    behind = noise(ROUGH, u * 44.0 + 1.3 * facing, v * 44.0 + 1.3, p.leaf, 0)
    distance, sunward = _crown(p.tree_kind[:, None, None], u, v)
    distance = distance + 0.22 * (leaf - 0.5)
    twigs = 0.15 + 0.85 * ramp(0.34, 0.60, leaf)
    light = 0.40 + 0.75 * facing * sunward + 0.55 * (v - 0.5) + 2.2 * (leaf - behind)
    tint = mix(p.leaves, p.leaves_other, chance(p.leaf, 3)[:, None])
    colour = lit(p, tint, np.clip(light, 0.0, 1.1)) * (0.75 + 0.25 * v)[:, None]
    mask = canvas.cover(distance * p.height, 0.012) * mix(np.float32(1.0), twigs, p.bare)
    sheet.lay(colour, mask, stroke(1.2 * leaf - 0.6, 1.0, FOLIAGE))


def _crown(kind: Array, u: Array, v: Array) -> tuple[Array, Array]:
    """Signed distance to the outline in heights of the tree, and which side of the crown: -0.5 to 0.5."""
    broad = (np.sqrt((u * (1 / 0.40)) ** 2 + ((v - 0.62) * (1 / 0.38)) ** 2 + 1e-6) - 1.0) * 0.34
    bow = np.clip((v - 0.12) * (1 / 0.88), 0.0, 1.0)
    poplar = np.maximum(np.abs(u) - 0.50 * bow * (1.0 - bow) - 0.04, np.maximum(v - 1.0, 0.12 - v))
    tier = v * 6.0
    tier = tier - np.floor(tier)
    fir = np.maximum(np.abs(u) - 0.27 * (1.02 - v) - 0.05 * (0.5 - tier), np.maximum(v - 1.0, 0.10 - v))
    distance = np.where(kind == 0, broad, np.where(kind == 1, poplar, fir))
    half = np.where(kind == 0, np.float32(0.40), np.float32(0.16))
    return distance.astype(np.float32), np.clip(u / half, -1.0, 1.0) * np.float32(0.5)
