"""Exercise 0.2: images as networks have them, float (B, C, H, W) in [-1, 1], as files want them."""

import numpy as np
import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab00 import _causes
from labkit.exercises.lab00._sizes import sizes
from labkit.exercises.probing import tried
from labkit.exercises.properties import Case, close, rule, same, same_shape, says, unchanged


def scaled(seed: int) -> torch.Tensor:
    """float32 (B, 3, H, W); some entries leave [-1, 1], as those of a generator without tanh do.

    Each stands for a byte plus a fraction of at most 0.4, so that rounding never depends on a tie.
    """
    generator = torch.Generator().manual_seed(seed)
    batch, height, width = sizes(generator)
    whole = torch.randint(-30, 286, (batch, 3, height, width), generator=generator)
    fraction = torch.rand(whole.shape, generator=generator) * 0.8 - 0.4
    images = (whole + fraction) / 127.5 - 1
    images[0, 0, 0, :4] = torch.tensor([-1.15, 1.15, 254.8 / 127.5 - 1, -1.0])
    images[0, 1, 0, 0] = 1.0
    return images


def probe(unscale_images, images):
    given = images.clone()
    pixels = unscale_images(given)
    every_byte = (torch.arange(256).float() / 127.5 - 1).reshape(1, 1, 16, 16).repeat(1, 3, 1, 1)
    return {
        "the result": pixels,
        "dtype": str(getattr(pixels, "dtype", "")),
        "all bytes": unscale_images(every_byte),
        "the result for one image": tried(lambda: unscale_images(images[:1].clone())),
        "the images afterwards": given,
    }


EXERCISE = Exercise("0.2", "And back", 2, "unscale_images(images)", scaled, probe)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(images):
    return _bytes((images.double() + 1) * 127.5)


def _bytes(values: torch.Tensor) -> torch.Tensor:
    """The nearest byte to each value."""
    return values.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def _wrapped(values: torch.Tensor) -> torch.Tensor:
    """Whole numbers past 255 begin again at 0, as in memory."""
    return (values.long() % 256).to(torch.uint8).permute(0, 2, 3, 1)


def _shuffled(images: torch.Tensor) -> torch.Tensor:
    b, c, h, w = images.shape
    return expected(images).permute(0, 3, 1, 2).reshape(b, h, w, c)


def _all_bytes(case: Case):
    got, expected = (arrays["all bytes"].reshape(-1) for arrays in (case.got, case.expected))
    cause = "floating point is not exact: each value must become the nearest byte, from 0 up to 255"
    yield close("all 256 byte values survive the way there and back", got, expected, cause=cause)


def _wrong_values(case: Case) -> str:
    got, right = (arrays["the result"] for arrays in (case.got, case.expected))
    if got.shape != right.shape or got.dtype.kind != "u":
        return ""
    given = case.given.permute(0, 2, 3, 1).numpy()
    beyond = np.abs(given) > 1
    off = got.astype(np.int64) - right.astype(np.int64)
    if not off[~beyond].any():
        return "what lies in [-1, 1] is right: clamp both ends, above 1 and below -1, before the conversion"
    if np.abs(off).max() <= 1:
        return "it is off by one in places: stretch by 127.5, then round to the nearest byte"
    moved = _causes.places(got[~beyond], right[~beyond], 4)
    if moved:
        return moved
    black, white = (got[given == end].min() for end in (-1, 1))
    return f"here -1 becomes {black:g} and 1 becomes {white:g}; in between, equal steps are asked for"


PROPERTIES = (
    says(
        "dtype",
        "it returns uint8",
        "torch.uint8",
        otherwise=_causes.wrong_type("uint8", "an image file holds bytes: end with `.to(torch.uint8)`"),
    ),
    same_shape("the result", "the shape is (B, H, W, C)", _causes.wrong_shape),
    same("the result", "values outside [-1, 1] are clamped, the rest rounded", _wrong_values, points=1),
    rule(_all_bytes, "all bytes", compared=True, points=0.5),
    same(
        "the result for one image",
        "a batch of one image keeps its batch axis",
        "B may be 1, and `squeeze()` drops every axis of size 1",
    ),
    unchanged(
        "the images afterwards",
        "the tensor given is left as it was",
        "an operation in place (`clamp_`, `+=`) writes into the caller's tensor",
        expected="unchanged",
        points=0.5,
    ),
)

MISTAKES = {
    "the axes were not moved back: plots want (B, H, W, C)": lambda x: expected(x).permute(0, 3, 1, 2),
    "height and width are swapped: `permute` lists the old axes in their new order": lambda x: expected(
        x
    ).transpose(1, 2),
    "the first image only: keep the batch axis": lambda x: expected(x)[0],
    "the fraction is cut off: `.to(torch.uint8)` truncates, so call `.round()` before it": lambda x: _bytes(
        ((x.double() + 1) * 127.5).trunc()
    ),
    "the fraction is rounded up: the nearest byte is asked for": lambda x: _bytes(
        ((x.double() + 1) * 127.5).ceil()
    ),
    "values past the range wrapped around: `.clamp` before the conversion": lambda x: _wrapped(
        ((x.double() + 1) * 127.5).round()
    ),
    "values wrapped around, and fractions are cut off: `.clamp` and `.round()` first": lambda x: _wrapped(
        (x.double() + 1) * 127.5
    ),
    "the input's range is [-1, 1], not [0, 1]": lambda x: _bytes(x.double() * 255),
    "everything below grey is lost: clamp to -1 and 1 before you add 1": lambda x: expected(x.clamp(0, 1)),
    "-1 is black: add 1 before you stretch": lambda x: _bytes(x.double() * 127.5),
    "the brackets: add 1 first, then stretch": lambda x: _bytes(x.double() * 127.5 + 1),
    "255 is never reached: stretch by 127.5, the half of 255": lambda x: _bytes((x.double() + 1) * 127),
    "values below 0 wrapped around: add 1 before you stretch, so that -1 becomes 0": lambda x: _wrapped(
        (x.double().clamp(-1, 1) * 127.5).round()
    ),
    "values below 0 wrapped around, for lack of brackets: add 1 first, then stretch": lambda x: _wrapped(
        (x.double().clamp(-1, 1) * 127.5 + 1).round()
    ),
    "0 and 255 are the ends after the stretch; before it, clamp to -1 and 1": lambda x: _wrapped(
        ((x.double().clamp(0, 255) + 1) * 127.5).round()
    ),
    "only -1, 0 and 1 are left: round after the stretch, not before it": lambda x: _bytes(
        ((x.double().clamp(-1, 1).round() + 1) * 127.5).trunc()
    ),
    "the pixels are shuffled: `reshape` and `view` do not move axes": _shuffled,
}
