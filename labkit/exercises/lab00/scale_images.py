"""Exercise 0.1: images as files have them, uint8 (B, H, W, C), as networks want them."""

import numpy as np
import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab00 import _causes
from labkit.exercises.lab00._sizes import sizes
from labkit.exercises.probing import tried
from labkit.exercises.properties import Case, same, same_shape, says, unchanged


def photos(seed: int) -> torch.Tensor:
    """uint8 (B, H, W, 3), no two sizes alike, with the extremes 0 and 255 in it."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (*sizes(generator), 3), generator=generator, dtype=torch.uint8)
    images[0, 0, 0] = torch.tensor([0, 128, 255], dtype=torch.uint8)
    return images


def probe(scale_images, images):
    given = images.clone()
    scaled = scale_images(given)
    return {
        "the result": scaled,
        "dtype": str(getattr(scaled, "dtype", "")),
        # Neither black nor white: an answer that stretches what is there to [-1, 1] shows it here.
        "the result for dim images": scale_images(images // 4 + 96),
        "the result for one image": tried(lambda: scale_images(images[:1].clone())),
        "the images afterwards": given,
    }


EXERCISE = Exercise("0.1", "Scale images", 2, "scale_images(images)", photos, probe)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(images, white=127.5, black=-1.0):
    return images.double().permute(0, 3, 1, 2).div(white).add(black).float()


def _wrong_values(case: Case) -> str:
    got, right = (arrays["the result"] for arrays in (case.got, case.expected))
    if got.shape != right.shape or got.dtype.kind != "f" or not np.isfinite(got).all():
        return ""
    moved = _causes.places(got, right, 1e-3)
    if moved:
        return moved
    values, first = np.unique(right.round(4), return_index=True)
    now = got.ravel()[first]
    if (np.diff(now) < -1e-6).any():
        return "a larger byte becomes a smaller value: do you calculate with bytes? They wrap around at 256"
    if len(np.unique(now.round(4))) < len(values) / 2:
        return "many bytes become the same value: is something rounded, cut off, or divided with `//`?"
    return f"here black becomes {now[0]:.3g} and white {now[-1]:.3g}"


PROPERTIES = (
    says(
        "dtype",
        "it returns float32",
        "torch.float32",
        otherwise=_causes.wrong_type("float32", "the type asked for is float32: `.float()` gives it"),
    ),
    same_shape("the result", "the shape is (B, C, H, W)", _causes.wrong_shape),
    same("the result", "0 becomes -1 and 255 becomes 1", _wrong_values, points=1),
    same(
        "the result for dim images",
        "images without black or white come out dim too",
        "the scale must not depend on the images: 0 and 255 are the ends, whether they occur or not",
        points=0.5,
    ),
    same(
        "the result for one image",
        "a batch of one image keeps its batch axis",
        "B may be 1, and `squeeze()` drops every axis of size 1",
    ),
    unchanged(
        "the images afterwards",
        "the images given are left as they were",
        "an operation in place (`+=`, `mul_`) writes into the caller's tensor",
        expected="unchanged",
        points=0.5,
    ),
)

MISTAKES = {
    "the axes were not moved: networks want (B, C, H, W); see `permute`": lambda x: x / 127.5 - 1,
    "height and width are swapped: `permute` lists the old axes in their new order": lambda x: expected(
        x
    ).transpose(2, 3),
    "the first image only: keep the batch axis": lambda x: expected(x)[0],
    "the range is [0, 1]: stretch it to [-1, 1]": lambda x: expected(x, 255, 0),
    "the range is [0, 2]: black is -1, so take away 1": lambda x: expected(x, black=0),
    "white becomes 0: divide by the half of 255, not by 255": lambda x: expected(x, 255),
    "white misses 1: the half of 255 is 127.5, not 127": lambda x: expected(x, 127),
    "white misses 1: the half of 255 is 127.5, not 128": lambda x: expected(x, 128),
    "bytes wrapped around at 256: call `.float()` before you calculate": lambda x: expected(2 * x, 255),
    "bytes wrapped around below 0: call `.float()` before you calculate": lambda x: expected(
        x - 127, black=0
    ),
    "the values are still 0 to 255: divide": lambda x: expected(x, 1, 0),
    "the range is [-0.5, 0.5]: twice as wide is asked for": lambda x: expected(x, 255, -0.5),
    "the signs are flipped: black is -1": lambda x: -expected(x),
    "the pixels are shuffled: `reshape` and `view` do not move axes": lambda x: expected(
        x.reshape(len(x), x.shape[3], *x.shape[1:3]).permute(0, 2, 3, 1)
    ),
}
