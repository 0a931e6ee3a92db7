"""Judge of exercise 1.2: what is expected comes from torch's own layer, never from a loop over pixels."""

import dataclasses

import numpy as np
import torch
from torch.nn import functional as F

from labkit.exercises.exercise import Finding
from labkit.exercises.judges.comparing import close, holds, same_shape, unchanged
from labkit.exercises.reading import word


def _layer(image, kernel, stride, padding=0) -> np.ndarray:
    if min(image.shape) * min(kernel.shape) == 0:
        return np.zeros((0, 0))
    return F.conv_transpose2d(image[None, None], kernel[None, None], stride=stride, padding=padding)[
        0, 0
    ].numpy()


def _last_stamp_wins(image, kernel, stride) -> np.ndarray:
    """The canvas where a later stamp replaces an earlier one: for each output pixel, who came last?"""
    (h, w), (kh, kw) = image.shape, kernel.shape
    rows, columns = np.indices(((h - 1) * stride + kh, (w - 1) * stride + kw))
    i, j = np.minimum(rows // stride, h - 1), np.minimum(columns // stride, w - 1)
    u, v = rows - i * stride, columns - j * stride
    inside = (u < kh) & (v < kw)
    return image.numpy()[i, j] * kernel.numpy()[u % kh, v % kw] * inside


def _same(what, got, expected, mistakes) -> Finding:
    """``close``, where a NaN can only come from memory that nobody has set."""
    finding = close(what, got, expected, mistakes=mistakes)
    if finding.ok or got.dtype.kind != "f" or not np.isnan(got).any():
        return finding
    cause = "torch.empty holds whatever was in memory: begin with torch.zeros"
    return dataclasses.replace(finding, cause=cause)


def judge_stamps(cases, got):
    yield holds(
        "it returns a float tensor",
        word(got["kind"]) in ("float32 tensor", "float64 tensor")
        and all(got[f"the output for {name}"].dtype.kind == "f" for name in cases),
        got=word(got["kind"]),
        expected="float32 tensor",
        cause="build the canvas with torch.zeros and return it as it is",
    )
    yield holds(
        "no convolution of torch is called",
        not word(got["library"]),
        got=word(got["library"]),
        expected="stamps of your own",
        cause="the point is to see what the layer does (nn's layers also draw random weights): add "
        "`pixel * kernel` to slices of a canvas",
    )
    yield unchanged(
        "image and kernel are left as they were",
        [
            (got[f"the {what} afterwards, {name}"], was)
            for name, (image, kernel, *_) in cases.items()
            for what, was in (("image", image), ("kernel", kernel))
        ],
        expected="unchanged",
        cause="an operation in place (`*=`, `+=`) writes into the caller's tensor, and spoils the kernel for "
        "the next stamp: make a new product for each",
    )
    got = {name: got[f"the output for {name}"] for name in cases}
    image, kernel, stride, padding = cases["one pixel"]
    expected = _layer(image, kernel, stride)
    yield same_shape(
        f"one pixel: the shape is {expected.shape}",
        got["one pixel"],
        expected.shape,
        mistakes={
            "the crop is empty: `[padding:-padding]` keeps nothing when padding is 0": (0, 0),
            "batch and channel axes are left over: return (H_out, W_out)": (1, 1, *expected.shape),
            "the canvas has the stride too much: the last stamp begins at (H - 1) * stride": tuple(
                n + stride for n in expected.shape
            ),
            "height and width are swapped": expected.shape[::-1],
            "the canvas has the size of the input: leave room for the stamp": (1, 1),
        },
        cause="the canvas has (H - 1) * stride + kh rows, columns likewise",
    )
    yield _same(
        "that stamp is the kernel times the pixel",
        got["one pixel"],
        expected,
        mistakes={
            "the kernel is turned round: here it is stamped as it stands": np.flip(expected, (0, 1)),
            "the kernel alone was stamped: multiply it by the pixel": kernel.numpy(),
            "no stamp has arrived: loop over all of range(H) and range(W), and add each stamp": np.zeros_like(
                expected
            ),
            "the canvas began with ones: begin with torch.zeros": expected + 1,
        },
    )
    image, kernel, stride, _ = cases["side by side"]
    expected, tight = _layer(image, kernel, stride), _layer(image, kernel, 1)
    yield same_shape(
        f"stride 3: the shape is {expected.shape}",
        got["side by side"],
        expected.shape,
        mistakes={
            "the stride is ignored: pixel (i, j) stamps at (i * stride, j * stride)": tight.shape,
            "the canvas is `size * stride`: it needs (H - 1) * stride + kh rows": tuple(
                n * stride for n in image.shape
            ),
            "height and width are swapped": expected.shape[::-1],
        },
        cause="the canvas has (H - 1) * stride + kh rows, columns likewise",
    )
    roomy = np.zeros_like(expected)
    roomy[: tight.shape[0], : tight.shape[1]] = tight
    row, pixel = torch.zeros_like(image), torch.zeros_like(image)
    row[0], pixel[0, 0] = image[0], image[0, 0]
    yield _same(
        "each stamp lies where its pixel says",
        got["side by side"],
        expected,
        mistakes={
            "the stamps stand too close: pixel (i, j) stamps at (i * stride, j * stride)": roomy,
            "only the first row of pixels has stamped: does the `return` stand inside the loop?": _layer(
                row, kernel, stride
            ),
            "only the first pixel has stamped: does the `return` stand inside the loop, or does `range` take "
            "the stride? It belongs to the canvas": _layer(pixel, kernel, stride),
            "each stamp is turned round": _layer(image, kernel.flip(0, 1), stride),
            "rows and columns of the image are mixed up": _layer(
                image.T.reshape(image.shape).contiguous(), kernel, stride
            ),
        },
    )
    image, kernel, stride, _ = cases["overlapping"]
    expected = _layer(image, kernel, stride)
    counts = _layer(torch.ones_like(image), torch.ones_like(kernel), stride)
    yield _same(
        "overlapping stamps add up",
        got["overlapping"],
        expected,
        mistakes={
            "a later stamp replaces an earlier one: add (`+=`) instead of assigning": _last_stamp_wins(
                image, kernel, stride
            ),
            "overlaps are averaged: they add up": expected / counts,
        },
    )
    image, kernel, stride, padding = cases["padded"]
    expected, full = _layer(image, kernel, stride, padding), _layer(image, kernel, stride)
    h, w = full.shape
    yield same_shape(
        f"padding 1: the shape is {expected.shape}",
        got["padded"],
        expected.shape,
        mistakes={
            "padding is ignored: crop the canvas at the end": (h, w),
            "padding is cropped off one end only": (h - padding, w - padding),
            "padding was added: a transposed convolution crops": (h + 2 * padding, w + 2 * padding),
            "the input was padded: it is the output that is cropped": tuple(
                n + 2 * padding * stride for n in full.shape
            ),
            "rows are cropped, columns are not": (h - 2 * padding, w),
            "columns are cropped, rows are not": (h, w - 2 * padding),
            "twice too much is cropped": (h - 4 * padding, w - 4 * padding),
        },
    )
    yield _same(
        "what is left is the middle of the canvas",
        got["padded"],
        expected,
        mistakes={
            "both rows were cut at one end: crop `padding` from each side": full[
                : h - 2 * padding, : w - 2 * padding
            ],
            "both rows were cut at the beginning: crop `padding` from each side": full[
                2 * padding :, 2 * padding :
            ],
        },
    )
