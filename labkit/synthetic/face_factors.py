"""What makes one face differ from another: every choice by name, drawn independently of the rest.

The drawing reads nothing but these factors, so a face can be taken apart: keep all and change
one. Classes are what a person would say about a portrait; numbers are proportions, light and taste.
"""

from collections.abc import Mapping

import numpy as np
import torch

from labkit.synthetic import factors
from labkit.synthetic.factors import Factor, classes, number

FACTORS: tuple[Factor, ...] = (
    classes("skin", "pale light olive brown dark", "skin tone"),
    classes("hair_colour", "black brown blond red grey", "colour of hair, brows and beard"),
    classes("hair_style", "short curly fringe bob long", "cut of the hair"),
    classes("eye_colour", "brown green blue", "colour of the iris"),
    classes("glasses", "none round square", "shape of the glasses", 0.7, 0.15, 0.15),
    classes("hat", "none beanie fedora cap", "what is worn on the head", 0.7, 0.1, 0.1, 0.1),
    classes("beard", "none moustache goatee full", "facial hair", 0.58, 0.14, 0.14, 0.14),
    classes("smile", "neutral smile grin", "mouth straight, corners up, or teeth showing"),
    classes("background", "grey blue green warm dark", "what lies behind, out of focus"),
    number("age", "lines on forehead, round the eyes and mouth: 0 none, 1 deep", 0.0, 1.0),
    number("turn", "head turned to the left (-1) or right (1) of the picture"),
    number("face_width", "narrow to wide"),
    number("face_length", "chin high to low"),
    number("jaw", "pointed to square"),
    number("cheekbones", "flat to strong"),
    number("eye_size", "small to large"),
    number("eye_spacing", "close to far apart"),
    number("eye_tilt", "outer corners low to high"),
    number("gaze", "looking left to right"),
    number("brow_height", "low to high"),
    number("brow_thickness", "thin to bushy"),
    number("brow_arch", "flat to arched"),
    number("nose_width", "narrow to wide"),
    number("nose_length", "short to long"),
    number("mouth_width", "narrow to wide"),
    number("lips", "thin to full"),
    number("lip_colour", "lips as the skin (0) to lipstick (1)", 0.0, 1.0),
    number("blush", "pale cheeks (0) to red cheeks (1)", 0.0, 1.0),
    number("hairline", "low to high forehead"),
    number("hair_volume", "flat to full"),
    number("hair_part", "parted on the left to on the right of the picture"),
    number("strands", "which strands the hair has", 0.0, 1.0),
    number("light_side", "light from the left to from the right"),
    number("light_height", "light from the front to from above"),
    number("contrast", "soft to hard light"),
    number("exposure", "dark to bright picture"),
    number("warmth", "cool to warm light"),
    number("clothing_hue", "hue of the clothes, once round the colour circle", 0.0, 1.0),
    number("clothing_tone", "dark to light clothes", 0.0, 1.0),
    number("neckline", "round collar (-1) to open V (1)"),
    number("hat_hue", "hue of the hat, once round the colour circle", 0.0, 1.0),
    number("hat_tone", "dark to light hat", 0.0, 1.0),
    number("backdrop", "tint and brightness of the background"),
    number("blobs", "where the blurred shapes of the background lie", 0.0, 1.0),
)


def sample(seed: int, index: np.ndarray) -> dict[str, torch.Tensor]:
    """Draw the factors of the faces with these numbers.

    Args:
        seed: 0 to 2**63 - 1.
        index: (N,) int64.

    Returns:
        name -> (N,) tensor, int64 for a class and float32 for a number.
    """
    return factors.sample(FACTORS, "faces", seed, index)


def checked(given: Mapping[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """The factors as arrays of one length, int64 or float32.

    Raises:
        ValueError: a factor is missing, unknown, of another length or out of its range.
    """
    return factors.checked(FACTORS, "Face", given)
