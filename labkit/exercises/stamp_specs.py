"""Specs of exercises 1.2 and 1.4: stamps on a canvas, and how many of them touch each pixel.

What is expected comes from torch's own layer, or from counting intervals on a line: never from the loop over
pixels that the lab asks for.
"""

import numpy as np
import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from labkit.exercises.spec import close, holds, same_shape

# 1.2 · stamps --------------------------------------------------------------------------------------

_PICTURES = {  # name: (image, kernel, stride, padding); no two sizes of one case alike
    "one pixel": ((1, 1), (2, 3), 2, 0),
    "side by side": ((3, 2), (2, 3), 3, 0),
    "overlapping": ((3, 4), (3, 5), 2, 0),
    "padded": ((4, 3), (5, 4), 2, 1),
}
STAMP_CAUSES = (
    (
        r"out of bounds|out of range|must match the (existing )?size|match the broadcast shape",
        "a stamp reaches past the canvas: before the crop it needs `(H - 1) * stride + kh` rows, and columns "
        "likewise",
    ),
)


def pictures(seed: int) -> dict[str, tuple[torch.Tensor, torch.Tensor, int, int]]:
    """Per case an image (H, W), a kernel (kh, kw), a stride and a padding."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: (
            torch.randn(image, generator=generator) + 0.5,
            torch.randn(kernel, generator=generator),
            stride,
            padding,
        )
        for name, (image, kernel, stride, padding) in _PICTURES.items()
    }


class _Witness(TorchFunctionMode):
    """Notes which of torch's convolutions are called."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def __torch_function__(self, function, types, args=(), kwargs=None):
        name = getattr(function, "__name__", "")
        if "conv" in name:
            self.seen.add(name)
        return function(*args, **(kwargs or {}))


def probe_stamps(transposed_conv, cases):
    values, untouched = {}, True
    with _Witness() as witness:
        for name, (image, kernel, stride, padding) in cases.items():
            given = image.clone(), kernel.clone()
            values[name] = transposed_conv(*given, stride, padding)
            untouched &= torch.equal(given[0], image) and torch.equal(given[1], kernel)
    return {**values, "library": ", ".join(sorted(witness.seen)), "left alone": untouched}


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


def judge_stamps(cases, got):
    image, kernel, stride, padding = cases["one pixel"]
    expected = _layer(image, kernel, stride)
    yield same_shape(
        "one pixel leaves one stamp",
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
    yield close(
        "that stamp is the kernel times the pixel",
        got["one pixel"],
        expected,
        mistakes={
            "the kernel is turned round: here it is stamped as it stands": np.flip(expected, (0, 1)),
            "the kernel alone was stamped: multiply it by the pixel": kernel.numpy(),
            "the canvas is still empty: add each stamp to it": np.zeros_like(expected),
        },
    )
    image, kernel, stride, _ = cases["side by side"]
    expected, tight = _layer(image, kernel, stride), _layer(image, kernel, 1)
    yield same_shape(
        "stride 3 spreads six stamps",
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
    yield close(
        "each stamp lies where its pixel says",
        got["side by side"],
        expected,
        mistakes={
            "the stamps stand too close: pixel (i, j) stamps at (i * stride, j * stride)": roomy,
            "each stamp is turned round": _layer(image, kernel.flip(0, 1), stride),
            "rows and columns of the image are mixed up": _layer(
                image.T.reshape(image.shape).contiguous(), kernel, stride
            ),
        },
    )
    image, kernel, stride, _ = cases["overlapping"]
    expected = _layer(image, kernel, stride)
    counts = _layer(torch.ones_like(image), torch.ones_like(kernel), stride)
    yield close(
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
        "padding 1 takes one row or column off every side",
        got["padded"],
        expected.shape,
        mistakes={
            "padding is ignored: crop the canvas at the end": (h, w),
            "padding is cropped off one end only": (h - padding, w - padding),
            "padding was added: a transposed convolution crops": (h + 2 * padding, w + 2 * padding),
            "the input was padded: it is the output that is cropped": tuple(
                n + 2 * padding * stride for n in full.shape
            ),
            "twice too much is cropped": (h - 4 * padding, w - 4 * padding),
        },
    )
    yield close(
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
    yield holds(
        "no convolution of torch is called",
        not str(got["library"]),
        got=str(got["library"]),
        expected="stamps of your own",
        cause="the point is to see what the layer does: add `pixel * kernel` to slices of a canvas",
    )
    yield holds(
        "image and kernel are left as they were",
        bool(got["left alone"]),
        got="changed",
        expected="unchanged",
        cause="an operation in place (`+=`, `*=`) writes into the caller's tensor: begin with torch.zeros",
    )


# 1.4 · overlap counts ------------------------------------------------------------------------------


def grids(seed: int) -> dict[str, tuple[int, int, int, int]]:
    """Per case a size, a kernel, a stride and a padding."""
    size = int(np.random.default_rng(seed).integers(3, 6))
    return {
        "kernel 3, stride 2": (size, 3, 2, 0),
        "kernel 2, stride 3": (size + 1, 2, 3, 0),
        "kernel 4, stride 2, padding 1": (size, 4, 2, 1),
        "kernel 5, stride 3, padding 2": (size + 1, 5, 3, 2),
    }


def probe_counts(overlap_counts, cases):
    return {name: overlap_counts(*settings) for name, settings in cases.items()}


def _hits(size, kernel, stride, padding=0) -> np.ndarray:
    """How often each position of a line is hit by intervals of length ``kernel``, ``stride`` apart."""
    hits = np.bincount((np.arange(size)[:, None] * stride + np.arange(kernel)).ravel())
    return hits[padding : len(hits) - padding]


def judge_counts(cases, got):
    for name, (size, kernel, stride, padding) in cases.items():
        line = _hits(size, kernel, stride, padding)
        full = _hits(size, kernel, stride)
        yield same_shape(
            f"{name}: one count per output pixel",
            got[name],
            (len(line), len(line)),
            mistakes={
                "this is a line: rows and columns both overlap, so the counts have two axes": (len(line),),
                "batch and channel axes are left over: return (out, out)": (1, 1, len(line), len(line)),
                "padding is ignored: the crop takes counts away at the border": (len(full), len(full)),
                "one count per input pixel; asked for is one per output pixel": (size, size),
                "the number was asked for at every pixel, not one for all": (),
                "kernel_size and stride have changed places": ((size - 1) * kernel + stride - 2 * padding,)
                * 2,
            },
            cause="the output has (size - 1) * stride - 2 * padding + kernel_size pixels a side",
        )
        square = np.outer(line, line)
        yield close(
            f"{name}: how many stamps touch each pixel",
            got[name],
            square,
            mistakes={
                "touched or not: count every stamp, later ones too": np.minimum(square, 1),
                "rows and columns multiply: 2 and 2 make 4 stamps, and 1 and 1 make 1": np.add.outer(
                    line, line
                ),
                "only the rows were counted": np.repeat(line[:, None], len(line), 1),
                "only the columns were counted": np.repeat(line[None], len(line), 0),
                "counts are whole numbers of stamps, not shares": square / max(1, square.max()),
                "each stamp counts as one, not as a share of its kernel": square / kernel**2,
                "the crop took both sides from one end": np.outer(full[: len(line)], full[: len(line)]),
                "no stamp has been counted": np.zeros_like(square),
                "one too many everywhere: begin with zeros, not with ones": square + 1,
            },
        )
