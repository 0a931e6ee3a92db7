"""Judges of lab 00: pixels scaled to [-1, 1], and back to bytes."""

import numpy as np

from labkit.exercises.judges.comparing import close, holds, same_shape, unchanged
from labkit.exercises.judges.reading import word
from labkit.exercises.lab00 import dim


def judge_scale(images, got):
    scaled, pixels = got["the result"], images.numpy()
    n, h, w, c = pixels.shape
    yield holds(
        "it returns float32",
        word(got["dtype"]) == "torch.float32" and scaled.dtype == np.float32,
        got=word(got["dtype"]),
        expected="torch.float32",
        cause="the type asked for is float32: `.float()` gives it",
    )
    yield same_shape(
        "the shape is (B, C, H, W)",
        scaled,
        (n, c, h, w),
        mistakes={
            "the axes were not moved: networks want (B, C, H, W); see `permute`": (
                n,
                h,
                w,
                c,
            ),
            "height and width are swapped: `permute` lists the old axes in their new order": (n, c, w, h),
            "the first image only: keep the batch axis": (c, h, w),
        },
        cause="`permute` takes the old axes in their new order",
    )
    moved = pixels.transpose(0, 3, 1, 2).astype(np.float64)
    shuffled = pixels.reshape(n, c, h, w).astype(np.float64)
    yield close(
        "0 becomes -1 and 255 becomes 1",
        scaled,
        moved / 127.5 - 1,
        mistakes={
            "the range is [0, 1]: stretch it to [-1, 1]": moved / 255,
            "the range is [0, 2]: black is -1, so take away 1": moved / 127.5,
            "white becomes 0: divide by the half of 255, not by 255": moved / 255 - 1,
            "white misses 1: the half of 255 is 127.5, not 127": moved / 127 - 1,
            "white misses 1: the half of 255 is 127.5, not 128": moved / 128 - 1,
            "bytes wrapped around at 256: call `.float()` before you calculate": 2 * moved % 256 / 255 - 1,
            "bytes wrapped around below 0: call `.float()` before you calculate": (moved - 127) % 256 / 127.5,
            "the values are still 0 to 255: divide": moved,
            "the range is [-0.5, 0.5]: twice as wide is asked for": moved / 255 - 0.5,
            "the signs are turned round: black is -1": 1 - moved / 127.5,
            "the pixels are shuffled: `reshape` and `view` do not move axes": shuffled / 127.5 - 1,
        },
    )
    yield close(
        "images without black or white come out dim too",
        got["the result for dim images"],
        dim(images).numpy().transpose(0, 3, 1, 2) / 127.5 - 1,
        cause="the scale must not depend on the images: 0 and 255 are the ends, whether they occur or not",
    )
    yield unchanged(
        "the images given are left as they were",
        [(got["the images afterwards"], images)],
        expected="unchanged",
        cause="an operation in place (`+=`, `mul_`) writes into the caller's tensor",
    )


def judge_unscale(images, got):
    result, values = got["the result"], images.numpy().astype(np.float64)
    n, c, h, w = values.shape
    yield holds(
        "it returns uint8",
        word(got["dtype"]) == "torch.uint8" and result.dtype == np.uint8,
        got=word(got["dtype"]),
        expected="torch.uint8",
        cause="an image file holds bytes: end with `.to(torch.uint8)`",
    )
    yield same_shape(
        "the shape is (B, H, W, C)",
        result,
        (n, h, w, c),
        mistakes={
            "the axes were not moved back: plots want (B, H, W, C)": (n, c, h, w),
            "height and width are swapped: `permute` lists the old axes in their new order": (n, w, h, c),
            "the first image only: keep the batch axis": (h, w, c),
        },
        cause="`permute` takes the old axes in their new order",
    )
    exact = (values + 1) * 127.5

    def as_bytes(numbers):
        return np.clip(np.round(numbers), 0, 255).transpose(0, 2, 3, 1)

    def wrapped(numbers):
        return (numbers.astype(np.int64) % 256).transpose(0, 2, 3, 1)

    yield close(
        "values outside [-1, 1] are clamped, the rest rounded",
        result,
        as_bytes(exact),
        mistakes={
            "the fraction is cut off: `.to(torch.uint8)` truncates, so call `.round()` before it": as_bytes(
                np.trunc(exact)
            ),
            "the fraction is rounded up: the nearest byte is asked for": as_bytes(np.ceil(exact)),
            "values past the range wrapped around: `.clamp` before the conversion": wrapped(np.round(exact)),
            "values wrapped around, and fractions are cut off: `.clamp` and `.round()` first": wrapped(exact),
            "the input's range is [-1, 1], not [0, 1]": as_bytes(values * 255),
            "everything below grey is lost: clamp to -1 and 1 before you add 1": as_bytes(
                (values.clip(0, 1) + 1) * 127.5
            ),
            "-1 is black: add 1 before you stretch": as_bytes(values * 127.5),
            "the brackets: add 1 first, then stretch": as_bytes(values * 127.5 + 1),
            "255 is never reached: stretch by 127.5, the half of 255": as_bytes((values + 1) * 127),
            "the pixels are shuffled: `reshape` and `view` do not move axes": np.clip(
                np.round(exact), 0, 255
            ).reshape(n, h, w, c),
        },
    )
    yield close(
        "all 256 byte values survive the way there and back",
        got["all bytes"].reshape(-1),
        np.arange(256),
        cause="round before you convert: the way there is not exact in floating point",
    )
    yield unchanged(
        "the tensor given is left as it was",
        [(got["the images afterwards"], images)],
        expected="unchanged",
        cause="an operation in place (`clamp_`, `+=`) writes into the caller's tensor",
    )
