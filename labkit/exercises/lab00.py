"""Lab 00: from images as files have them to images as networks want them, and back."""

import numpy as np
import torch

from labkit.exercises.spec import Exercise, close, holds, same_shape


def _photos(seed: int) -> torch.Tensor:
    """uint8 (2, 5, 7, 3), no two sizes alike, with the extremes 0 and 255 in it."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (2, 5, 7, 3), generator=generator, dtype=torch.uint8)
    images[0, 0, 0] = torch.tensor([0, 128, 255], dtype=torch.uint8)
    return images


def _dim(images: torch.Tensor) -> torch.Tensor:
    """Images without black or white: whoever stretches what is there to [-1, 1] shows it here."""
    return images // 4 + 96


def _probe_scale(scale_images, images):
    given = images.clone()
    scaled = scale_images(given)
    return {
        "the result": scaled,
        "dtype": str(getattr(scaled, "dtype", "")),
        "the result for dim images": scale_images(_dim(images)),
        "left alone": torch.equal(given, images),
    }


def _judge_scale(images, got):
    scaled, pixels = got["the result"], images.numpy()
    n, h, w, c = pixels.shape
    yield holds(
        "it returns float32",
        str(got["dtype"]) == "torch.float32",
        got=str(got["dtype"]),
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
        _dim(images).numpy().transpose(0, 3, 1, 2) / 127.5 - 1,
        cause="the scale must not depend on the images: 0 and 255 are the ends, whether they occur or not",
    )
    yield holds(
        "the images given are left as they were",
        bool(got["left alone"]),
        got="changed",
        expected="unchanged",
        cause="an operation in place (`+=`, `mul_`) writes into the caller's tensor",
    )


def _scaled(seed: int) -> torch.Tensor:
    """float32 (2, 3, 5, 7); some entries leave [-1, 1], as those of a generator without tanh do.

    Each stands for a byte plus a fraction of at most 0.4, so that rounding never hangs on a tie.
    """
    generator = torch.Generator().manual_seed(seed)
    whole = torch.randint(-30, 286, (2, 3, 5, 7), generator=generator)
    fraction = torch.rand(whole.shape, generator=generator) * 0.8 - 0.4
    images = (whole + fraction) / 127.5 - 1
    images[0, 0, 0, :4] = torch.tensor([-1.15, 1.15, 254.8 / 127.5 - 1, -1.0])
    return images


def _probe_unscale(unscale_images, images):
    given = images.clone()
    pixels = unscale_images(given)
    every_byte = (torch.arange(256).float() / 127.5 - 1).reshape(1, 1, 16, 16)
    back = unscale_images(every_byte.clone())
    return {
        "the result": pixels,
        "dtype": str(getattr(pixels, "dtype", "")),
        "all bytes": back,
        "left alone": torch.equal(given, images),
    }


def _judge_unscale(images, got):
    result, values = got["the result"], images.numpy().astype(np.float64)
    n, c, h, w = values.shape
    yield holds(
        "it returns uint8",
        str(got["dtype"]) == "torch.uint8",
        got=str(got["dtype"]),
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
    yield holds(
        "the tensor given is left as it was",
        bool(got["left alone"]),
        got="changed",
        expected="unchanged",
        cause="an operation in place (`clamp_`, `+=`) writes into the caller's tensor",
    )


EXERCISES = (
    Exercise(
        "0.1", "Scale images", 2, "scale_images", "scale_images(images)", _photos, _probe_scale, _judge_scale
    ),
    Exercise(
        "0.2",
        "And back",
        2,
        "unscale_images",
        "unscale_images(images)",
        _scaled,
        _probe_unscale,
        _judge_unscale,
    ),
)
