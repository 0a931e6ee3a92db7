"""What makes one face differ from another: every choice by name, drawn independently of the rest.

The drawing reads nothing but these factors, so a face can be taken apart: keep all and change
one. Classes are what a person would say about a portrait; numbers are proportions, light and taste.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from labkit.synthetic import counter


@dataclass(frozen=True)
class Factor:
    """One independent choice.

    Attributes:
        name: its key in the dictionary of factors.
        kind: ``"class"`` (int64 index into ``values``) or ``"number"`` (float32, uniform).
        values: the names of the classes, or (low, high).
        meaning: one line for a person.
        weights: how often each class appears, adding up to 1; empty for equally often.
    """

    name: str
    kind: str
    values: tuple
    meaning: str
    weights: tuple[float, ...] = ()


def _class(name: str, values: str, meaning: str, *weights: float) -> Factor:
    return Factor(name, "class", tuple(values.split()), meaning, weights)


def _number(name: str, meaning: str, low: float = -1.0, high: float = 1.0) -> Factor:
    return Factor(name, "number", (low, high), meaning)


FACTORS: tuple[Factor, ...] = (
    _class("skin", "pale light olive brown dark", "skin tone"),
    _class("hair_colour", "black brown blond red grey", "colour of hair, brows and beard"),
    _class("hair_style", "short curly fringe bob long", "cut of the hair"),
    _class("eye_colour", "brown green blue", "colour of the iris"),
    _class("glasses", "none round square", "shape of the glasses", 0.7, 0.15, 0.15),
    _class("hat", "none beanie fedora cap", "what is worn on the head", 0.7, 0.1, 0.1, 0.1),
    _class("beard", "none moustache goatee full", "facial hair", 0.58, 0.14, 0.14, 0.14),
    _class("smile", "neutral smile grin", "mouth straight, corners up, or teeth showing"),
    _class("background", "grey blue green warm dark", "what lies behind, out of focus"),
    _number("age", "lines on forehead, round the eyes and mouth: 0 none, 1 deep", 0.0, 1.0),
    _number("turn", "head turned to the left (-1) or right (1) of the picture"),
    _number("face_width", "narrow to wide"),
    _number("face_length", "chin high to low"),
    _number("jaw", "pointed to square"),
    _number("cheekbones", "flat to strong"),
    _number("eye_size", "small to large"),
    _number("eye_spacing", "close to far apart"),
    _number("eye_tilt", "outer corners low to high"),
    _number("gaze", "looking left to right"),
    _number("brow_height", "low to high"),
    _number("brow_thickness", "thin to bushy"),
    _number("brow_arch", "flat to arched"),
    _number("nose_width", "narrow to wide"),
    _number("nose_length", "short to long"),
    _number("mouth_width", "narrow to wide"),
    _number("lips", "thin to full"),
    _number("lip_colour", "lips as the skin (0) to lipstick (1)", 0.0, 1.0),
    _number("blush", "pale cheeks (0) to red cheeks (1)", 0.0, 1.0),
    _number("hairline", "low to high forehead"),
    _number("hair_volume", "flat to full"),
    _number("hair_part", "parted on the left to on the right of the picture"),
    _number("strands", "which strands the hair has", 0.0, 1.0),
    _number("light_side", "light from the left to from the right"),
    _number("light_height", "light from the front to from above"),
    _number("contrast", "soft to hard light"),
    _number("exposure", "dark to bright picture"),
    _number("warmth", "cool to warm light"),
    _number("clothing_hue", "hue of the clothes, once round the colour circle", 0.0, 1.0),
    _number("clothing_tone", "dark to light clothes", 0.0, 1.0),
    _number("neckline", "round collar (-1) to open V (1)"),
    _number("hat_hue", "hue of the hat, once round the colour circle", 0.0, 1.0),
    _number("hat_tone", "dark to light hat", 0.0, 1.0),
    _number("backdrop", "tint and brightness of the background"),
    _number("blobs", "where the blurred shapes of the background lie", 0.0, 1.0),
)


def sample(seed: int, index: np.ndarray) -> dict[str, torch.Tensor]:
    """Draw the factors of the faces with these numbers.

    Args:
        seed: 0 to 2**63 - 1.
        index: (N,) int64.

    Returns:
        name -> (N,) tensor, int64 for a class and float32 for a number.
    """
    drawn = {}
    for factor in FACTORS:
        chance = counter.uniform(seed, index, "faces/" + factor.name)
        if factor.kind == "class":
            share = factor.weights or (1 / len(factor.values),) * len(factor.values)
            edges = np.cumsum(share)[:-1]
            drawn[factor.name] = torch.from_numpy(np.searchsorted(edges, chance, side="right"))
        else:
            low, high = factor.values
            drawn[factor.name] = torch.from_numpy((low + (high - low) * chance).astype(np.float32))
    return drawn


def checked(factors: Mapping[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """The factors as arrays of one length, int64 or float32.

    Raises:
        ValueError: a factor is missing, unknown, of another length or out of its range.
    """
    names = [factor.name for factor in FACTORS]
    unknown = sorted(set(factors) - set(names))
    if unknown:
        raise ValueError(f"Unknown face factor {unknown[0]!r}. Known: {', '.join(names)}.")
    arrays: dict[str, np.ndarray] = {}
    for factor in FACTORS:
        if factor.name not in factors:
            raise ValueError(f"Face factor {factor.name!r} is missing: start from the factors of draw().")
        arrays[factor.name] = _checked(factor, factors[factor.name])
    lengths = {len(values) for values in arrays.values()}
    if len(lengths) != 1:
        raise ValueError(f"All face factors must have the same length, got lengths {sorted(lengths)}.")
    return arrays


def _checked(factor: Factor, given: object) -> np.ndarray:
    values = torch.as_tensor(given).detach().cpu().numpy()
    if values.ndim != 1:
        raise ValueError(f"Face factor {factor.name!r} must have shape (N,), got {values.shape}.")
    if factor.kind == "class":
        low, high = 0, len(factor.values) - 1
        if values.dtype.kind not in "iu":
            raise ValueError(f"Face factor {factor.name!r} is a class: give whole numbers from 0 to {high}.")
        values = values.astype(np.int64)
    else:
        low, high = factor.values
        values = values.astype(np.float32)
    if values.size and not (values.min() >= low and values.max() <= high):
        raise ValueError(f"Face factor {factor.name!r} must lie between {low} and {high}.")
    return values
