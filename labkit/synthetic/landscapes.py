"""Landscapes drawn by the kit, each as a photograph and as a painting: the built-in twin of monet2photo.

A scene is painted from back to front: sky, hills, meadow, trees, house, water, boat. Then either a
camera or a painter finishes it. Both see the same scene, so one set of factors gives a true pair:
every object in the same place, other colours and another hand.
"""

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np
import torch

from labkit.synthetic import (
    arguments,
    landscape_house,
    landscape_land,
    landscape_painting,
    landscape_photograph,
    landscape_trees,
    landscape_water,
)
from labkit.synthetic import factors as table
from labkit.synthetic.factors import Factor, classes, number
from labkit.synthetic.landscape_sheet import empty_sheet, for_some

__all__ = ["FACTORS", "KINDS", "draw", "render"]

KINDS = ("photograph", "painting")
# Classes are what a person would say about a landscape; numbers are places, light and chance.
FACTORS: tuple[Factor, ...] = (
    classes("hour", "morning noon evening night", "hour of the day: light and sky"),
    classes("season", "spring summer autumn winter", "colours of grass and leaves, snow in winter"),
    classes("hills", "none low mountains", "what rises behind the horizon"),
    classes("trees", "none one few many", "how many trees: 0, 1, 3 or 6"),
    classes("tree_kind", "broad poplar fir", "kind of the trees"),
    classes("house", "none cottage church", "a building near the horizon", 0.4, 0.3, 0.3),
    classes("water", "none river lake", "water in front of trees and house", 0.34, 0.33, 0.33),
    classes("boat", "none sail", "a sailing boat, where there is water"),
    classes("disc", "hidden shown", "whether the sun, or at night the moon, is in the sky"),
    number("horizon", "high in the picture (-1) to low (1)"),
    number("light_side", "sun or moon, seen or not, on the left to on the right"),
    number("light_height", "sun or moon over the hills (0) to high in the sky (1)", 0.0, 1.0),
    number("clouds", "few to many clouds", 0.0, 1.0),
    number("clouds_at", "which clouds", 0.0, 1.0),
    number("haze", "clear to hazy air"),
    number("warmth", "cool to warm light"),
    number("brightness", "dim to bright light"),
    number("hill_height", "low to high hills"),
    number("ridge", "which hills and distant woods", 0.0, 1.0),
    number("field", "which grass and which ripples", 0.0, 1.0),
    number("dryness", "lush to dry grass"),
    number("flowers", "few to many flowers", 0.0, 1.0),
    number("grove", "where the trees stand", 0.0, 1.0),
    number("tree_size", "small to tall trees"),
    number("house_place", "house on the left to on the right"),
    number("wall", "cream (0) to brick (1) walls", 0.0, 1.0),
    number("roof", "roof of red tiles (0) to slate (1)", 0.0, 1.0),
    number("bank", "near bank of a lake high to low in the picture"),
    number("bank_slope", "near bank of a lake: which way it slopes; bend of a river"),
    number("boat_place", "boat on the left to on the right, heading that way"),
    number("hull", "hue of the hull, once round the colour circle", 0.0, 1.0),
    number("sail", "white (0) to red (1) sails", 0.0, 1.0),
    number("hand", "grain of the photograph, strokes of the painting", 0.0, 1.0),
)

_CHUNK_PIXELS = 64 * 64 * 12  # so that a few planes of a batch stay in the processor's cache


def draw(
    count: int, *, size: int = 64, seed: int = 0, start: int = 0, kind: str = "photograph"
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Draw landscapes number ``start`` to ``start + count - 1`` of a seed.

    Landscape i depends on (seed, i) and on nothing else: not on ``count``, the batch or the threads.
    Its scene does not depend on ``kind``.

    Args:
        count: how many, at least 1.
        size: side in pixels, 16 to 512; the same scene at every size.
        seed: 0 to 2**63 - 1.
        start: number of the first landscape, at least 0.
        kind: ``"photograph"`` or ``"painting"``.

    Returns:
        images (count, 3, size, size) uint8 and the factors, name -> (count,): int64 class index
        or float32 number, as described by ``FACTORS``.

    Raises:
        ValueError: an argument that is no whole number, out of range or no kind; the message names it.
    """
    factors = table.sample(FACTORS, "landscapes", *arguments.numbered(count, seed, start))
    return render(factors, size, kind), factors


def render(factors: Mapping[str, torch.Tensor], size: int = 64, kind: str = "photograph") -> torch.Tensor:
    """Draw the landscapes that these factors describe: change what you like, or ask for the other kind.

    Args:
        factors: name -> (N,), every name in ``FACTORS``, within its range.
        size: side in pixels, 16 to 512.
        kind: ``"photograph"`` or ``"painting"``; the same factors as both are a true pair.

    Returns:
        (N, 3, size, size) uint8.

    Raises:
        ValueError: a bad size or kind; a factor missing, unknown, of the wrong length or out of range.
    """
    size = arguments.whole_number("size", size, 16, 512)
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}.")
    arrays = table.checked(FACTORS, "Landscape", factors)
    count = len(arrays["hour"])
    images = np.empty((count, 3, size, size), np.uint8)
    chunk = max(1, _CHUNK_PIXELS // size**2)
    for first in range(0, count, chunk):
        some = {name: values[first : first + chunk] for name, values in arrays.items()}
        _draw(some, kind, images[first : first + chunk])
    return torch.from_numpy(images)


def _draw(factors: dict[str, np.ndarray], kind: str, images: np.ndarray) -> None:
    p = _parameters(factors)
    sheet = empty_sheet(len(images), images.shape[-1], painted=kind == "painting")
    landscape_land.sky(sheet.rows(-1.0, 0.26), p)
    landscape_land.hills(sheet.rows(-0.80, 0.26), p)
    landscape_land.meadow(sheet.rows(-0.22, 1.0), p)
    landscape_trees.trees(sheet.rows(-1.0, 0.70), p)
    for which, house in enumerate((landscape_house.cottage, landscape_house.church), start=1):
        for_some(p.house == which, sheet.rows(-0.95, 0.42), p, house)
    for_some(p.water > 0, sheet, p, landscape_water.water)
    for_some((p.water > 0) & (p.boat > 0), sheet, p, landscape_water.boat)
    if kind == "painting":
        landscape_painting.painting(sheet, p)
    else:
        landscape_photograph.photograph(sheet.canvas, p)
    rgb = sheet.canvas.rgb
    np.clip(rgb * 255.0 + 0.5, 0.0, 255.0, out=rgb)
    images[...] = rgb


def _parameters(factors: dict[str, np.ndarray]) -> SimpleNamespace:
    """Numbers as (B, 1, 1), classes as (B,), and what follows from them."""
    p = SimpleNamespace(**{n: v[:, None, None] if v.dtype == np.float32 else v for n, v in factors.items()})
    p.horizon = 0.02 + 0.20 * p.horizon  # from here on its height in the picture
    p.shown = (p.disc == 1).astype(np.float32)[:, None, None]
    p.light_x = 0.8 * p.light_side
    over_hills = p.horizon - np.asarray([0.16, 0.46, 0.66], np.float32)[p.hills][:, None, None]
    p.light_y = over_hills + (-0.82 - over_hills) * p.light_height
    p.near_bank = 0.72 + 0.10 * p.bank
    p.house_x = 0.55 * p.house_place
    landscape_land.colours(p)
    landscape_trees.places(p)
    return p
