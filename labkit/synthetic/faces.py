"""Portraits drawn by the kit: the built-in twin of CelebA, with the factors that made each face.

A face is light on a rough solid head, painted from back to front: backdrop, hair behind, neck and
clothes, skin, features, glasses, hair in front, hat. Framing follows aligned CelebA (Liu et al.
2015): eyes just below the middle, the face filling most of the picture.
"""

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np
import torch

from labkit.synthetic import arguments, face_features, face_hair, face_head, face_scene, face_wear
from labkit.synthetic import factors as table
from labkit.synthetic.face_head import for_some
from labkit.synthetic.factors import Factor, classes, number
from labkit.synthetic.shapes import empty_canvas

__all__ = ["FACTORS", "draw", "render"]

# Classes are what a person would say about a portrait; numbers are proportions, light and taste.
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

_CHUNK_PIXELS = 64 * 64 * 16  # so that a few planes of a batch stay in the processor's cache


def draw(
    count: int, *, size: int = 64, seed: int = 0, start: int = 0
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Draw faces number ``start`` to ``start + count - 1`` of a seed.

    Face i depends on (seed, i) and on nothing else: not on ``count``, the batch or the threads.

    Args:
        count: how many, at least 1.
        size: side in pixels, 16 to 512; the same face at every size.
        seed: 0 to 2**63 - 1.
        start: number of the first face, at least 0.

    Returns:
        images (count, 3, size, size) uint8 and the factors, name -> (count,): int64 class index
        or float32 number, as described by ``FACTORS``.

    Raises:
        ValueError: an argument that is no whole number or out of range; the message names it.
    """
    factors = table.sample(FACTORS, "faces", *arguments.numbered(count, seed, start))
    return render(factors, size), factors


def render(factors: Mapping[str, torch.Tensor], size: int = 64) -> torch.Tensor:
    """Draw the faces that these factors describe: take those of ``draw`` and change what you like.

    Args:
        factors: name -> (N,), every name in ``FACTORS``, within its range.
        size: side in pixels, 16 to 512.

    Returns:
        (N, 3, size, size) uint8.

    Raises:
        ValueError: a bad size; a factor missing, unknown, of the wrong length or out of range.
    """
    size = arguments.whole_number("size", size, 16, 512)
    arrays = table.checked(FACTORS, "Face", factors)
    count = len(arrays["skin"])
    images = np.empty((count, 3, size, size), np.uint8)
    chunk = max(1, _CHUNK_PIXELS // size**2)
    for first in range(0, count, chunk):
        _draw(
            {name: values[first : first + chunk] for name, values in arrays.items()},
            images[first : first + chunk],
        )
    return torch.from_numpy(images)


def _draw(factors: dict[str, np.ndarray], images: np.ndarray) -> None:
    p = _parameters(factors)
    canvas = empty_canvas(len(images), images.shape[-1])
    head = face_head.build(canvas, p)
    hair = face_hair.shape(canvas, head, p)
    face_scene.backdrop(canvas, p)
    face_hair.back(canvas, hair)
    face_wear.neck_and_clothes(canvas, head, p)
    for_some(p.neckline[:, 0, 0] > 0.35, canvas, head, p, face_wear.jacket)
    face_scene.skin(canvas, head, p)
    face_scene.complexion(canvas, head, p)
    face_features.lines(canvas, head, p)
    face_features.nose(canvas, head, p)
    for_some(p.beard > 0, canvas, head, p, face_hair.beard)
    face_features.mouth(canvas, head, p)
    face_features.eyes(canvas, head, p)
    face_features.brows(canvas, head, p)
    for_some(p.glasses > 0, canvas, head, p, face_wear.glasses)
    face_hair.front(canvas, head, hair)
    for kind, hat in enumerate((face_wear.beanie, face_wear.fedora, face_wear.cap), start=1):
        for_some(p.hat == kind, canvas, head, p, hat)
    face_scene.photograph(canvas, p)
    np.clip(canvas.rgb * 255.0 + 0.5, 0.0, 255.0, out=canvas.rgb)
    images[...] = canvas.rgb


def _parameters(factors: dict[str, np.ndarray]) -> SimpleNamespace:
    """Numbers as (B, 1, 1), classes as (B,), and what follows from them."""
    p = SimpleNamespace(**{n: v[:, None, None] if v.dtype == np.float32 else v for n, v in factors.items()})
    p.joy = np.asarray([0.0, 0.75, 1.0], np.float32)[p.smile][:, None, None]
    p.grin = (p.smile == 2).astype(np.float32)[:, None, None]
    p.chin = 0.82 + 0.05 * p.face_length
    face_scene.colours(p)
    return p
