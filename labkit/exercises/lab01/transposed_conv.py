"""Exercise 1.2: the transposed convolution of one channel, stamp by stamp."""

import numpy as np
import torch
from torch.nn import functional as F

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab01._noting import Witness, kind
from labkit.exercises.properties import Case, same, same_shape, says, unchanged

_PICTURES = ("one pixel", "side by side", "overlapping", "padded", "stride 1")


def pictures(seed: int) -> dict[str, tuple[torch.Tensor, torch.Tensor, int, int]]:
    """Per case an image (H, W), a kernel (kh, kw), a stride and a padding; no two sizes of a case alike."""
    generator = torch.Generator().manual_seed(seed)

    def draw(low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (1,), generator=generator))

    wide, tall, gap = draw(3, 4), draw(3, 4), draw(0, 1)
    settings = {
        "one pixel": ((1, 1), (2, wide), draw(2, 3), 0),
        "side by side": ((3, 2), (2, 3), 3 + gap, 0),
        "overlapping": ((tall, 7 - tall), (3, 5), 2, 0),
        "padded": ((7 - wide, wide), (5, 4), 2, 1),
        "stride 1": ((2 + tall, 4), (4 - gap, 3 + gap), 1, 1),
    }
    return {
        name: (
            torch.randn(image, generator=generator) + 0.5,
            torch.randn(kernel, generator=generator),
            *more,
        )
        for name, (image, kernel, *more) in settings.items()
    }


def probe(transposed_conv, cases):
    values, afterwards = {}, {}
    with Witness() as witness:
        for name, (image, kernel, stride, padding) in cases.items():
            given = image.clone(), kernel.clone()
            values[f"the output for {name}"] = transposed_conv(*given, stride, padding)
            afterwards[f"the image afterwards, {name}"] = given[0]
            afterwards[f"the kernel afterwards, {name}"] = given[1]
    return {**values, "kind": kind(values.values()), "library": witness.names(), **afterwards}


CAUSES = {
    r"must match the (existing )?size|match the broadcast shape": (
        "a slice of the canvas and `pixel * kernel` have different shapes, print both. Rows come first: "
        "`H, W = image.shape`, `kh, kw = kernel.shape`, and neither has to be a square. The slice is kh rows "
        "by kw columns, the canvas has `(H - 1) * stride + kh` rows"
    ),
    r"out of bounds|out of range": (
        "an index lies outside its tensor: i and j count pixels of the image, rows first; the kernel goes "
        "whole into a slice [start : start + kh], not to a single index"
    ),
    r"values to unpack": "image and kernel have two axes here: rows and columns",
    r"can't be cast": "the canvas holds whole numbers: torch.zeros without a dtype holds floats",
    r"Kernel size can't be greater|[Ee]xpected .* input to conv|groups|weight of size": (
        "no convolution of torch is needed: add `pixel * kernel` to slices of a canvas"
    ),
}

EXERCISE = Exercise(
    "1.2",
    "One channel, stamp by stamp",
    4,
    "transposed_conv(image, kernel, stride, padding)",
    pictures,
    probe,
    causes=CAUSES,
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(image, kernel, stride, padding):
    """All stamps as columns, laid down by ``fold``: no convolution is called."""
    (h, w), (kh, kw) = image.shape, kernel.shape
    size = (h - 1) * stride + kh - 2 * padding, (w - 1) * stride + kw - 2 * padding
    columns = torch.outer(kernel.flatten(), image.flatten())[None]
    return F.fold(columns, size, (kh, kw), padding=padding, stride=stride)[0, 0]


def _likely(reminder: str):
    """What to say where no known mistake fits: where NaNs come from, or what is asked for."""

    def cause(case: Case) -> str:
        outputs = [case.got[f"the output for {name}"] for name in _PICTURES]
        if any(np.isnan(output).any() for output in outputs if output.dtype.kind == "f"):
            return "there are NaNs: from memory of torch.empty that was never set (see torch.zeros), or 0 / 0"
        return reminder

    return cause


_CANVAS = "the canvas has (H - 1) * stride + kh rows, columns likewise"
_CROPPED = f"{_CANVAS}; `padding` of them are cropped from each of the four sides"
PROPERTIES = (
    says(
        "kind",
        "it returns a float tensor",
        "float32 tensor",
        "float64 tensor",
        otherwise="build the canvas with torch.zeros and return it as it is",
    ),
    says(
        "library",
        "no convolution of torch is called",
        "",
        otherwise="the point is to see what the layer does (nn's layers also draw random weights): add "
        "`pixel * kernel` to slices of a canvas",
        expected="stamps of your own",
    ),
    unchanged(
        tuple(f"the {what} afterwards, {name}" for name in _PICTURES for what in ("image", "kernel")),
        "image and kernel are left as they were",
        "an operation in place (`*=`, `+=`, `mul_`) writes into the caller's tensor, and the next stamp "
        "meets what the last one left: make a new product for each",
        expected="unchanged",
    ),
    same_shape("the output for one pixel", "one pixel: the output is as large as the kernel", _CANVAS),
    same(
        "the output for one pixel",
        "that stamp is the kernel times the pixel",
        _likely("each entry of the kernel is multiplied by the pixel, and stays in its place"),
        points=1,
    ),
    same_shape("the output for side by side", "a stride of 3 or 4: the shape", _CANVAS),
    same(
        "the output for side by side",
        "each stamp lies where its pixel says",
        _likely("the stamp of pixel (i, j) begins at row `i * stride` and column `j * stride`"),
        points=1,
    ),
    same(
        "the output for overlapping",
        "overlapping stamps add up",
        _likely("where stamps overlap, all of them add up"),
        points=1,
    ),
    same_shape("the output for padded", "padding 1: the shape", _CROPPED),
    same(
        "the output for padded",
        "what is left is the middle of the canvas",
        _likely("lay all stamps on the whole canvas, then crop `padding` pixels from each of its four sides"),
        points=0.5,
    ),
    same_shape("the output for stride 1", "padding 1 with stride 1: the shape", _CROPPED),
    same(
        "the output for stride 1",
        "padding 1 with stride 1: the middle of the canvas",
        _likely("the crop is the same whatever the stride: `padding` pixels from each of the four sides"),
        points=0.5,
    ),
)


def _only(x, rows, columns):
    """The image with zeros behind its first rows and columns."""
    kept = x[:rows, :columns]
    return F.pad(kept, [0, x.shape[1] - kept.shape[1], 0, len(x) - len(kept)])


def _too_close(x, k, s, p):
    """The right canvas, with the stamps pressed side by side in its corner."""
    right, tight = expected(x, k, s, p), expected(x, k, 1, p)
    return F.pad(tight, [0, right.shape[1] - tight.shape[1], 0, len(right) - len(tight)])


def _last_wins(x, k, s, p):
    """Of two stamps that meet, the one laid later covers with an entry nearer to its first corner."""
    (h, w), canvas = x.shape, expected(x, k, s, 0)
    for u, v in reversed(list(np.ndindex(*k.shape))):
        canvas[u::s, v::s][:h, :w] = k[u, v] * x
    return F.pad(canvas, [-p] * 4)


def _cropped(left, right, top, bottom):
    """Cropped by so many paddings on each side."""
    return lambda x, k, s, p: F.pad(expected(x, k, s, 0), [-p * n for n in (left, right, top, bottom)])


MISTAKES = {
    "the output is empty: a crop `[padding:-padding]` keeps nothing when padding is 0": (
        lambda x, k, s, p: expected(x, k, s, 0)[p:-p, p:-p]
    ),
    "batch and channel axes are left over: return (H_out, W_out)": (
        lambda *given: expected(*given)[None, None]
    ),
    "the canvas has the stride too much: the last stamp begins at (H - 1) * stride": (
        lambda x, k, s, p: F.pad(expected(x, k, s, p), [0, s, 0, s])
    ),
    "height and width are swapped": lambda *given: expected(*given).T,
    "the canvas has the size of the input: leave room for the stamp": lambda x, *_: x,
    "the kernel is flipped: here it is stamped as it stands": (
        lambda x, k, *more: expected(x, k.flip(0, 1), *more)
    ),
    "the kernel is mirrored left to right: here it is stamped as it stands": (
        lambda x, k, *more: expected(x, k.flip(1), *more)
    ),
    "the kernel is mirrored top to bottom: here it is stamped as it stands": (
        lambda x, k, *more: expected(x, k.flip(0), *more)
    ),
    "the image is read from its end: pixel (i, j) is image[i, j]": (
        lambda x, *more: expected(x.flip(0, 1), *more)
    ),
    "the kernel alone was stamped: multiply it by the pixel": lambda x, *more: expected(x**0, *more),
    "all is 0: either no stamp has arrived (loop over all of range(H) and range(W), and add each one), or "
    "a canvas of whole numbers has cut the fractions off": (lambda *given: 0 * expected(*given)),
    "the canvas began with ones: begin with torch.zeros": lambda *given: 1 + expected(*given),
    "the stride is ignored: pixel (i, j) stamps at (i * stride, j * stride)": (
        lambda x, k, s, p: expected(x, k, 1, p)
    ),
    "the canvas is `size * stride`: it needs (H - 1) * stride + kh rows": (
        lambda x, k, s, p: x.repeat_interleave(s, 0).repeat_interleave(s, 1)
    ),
    "the stamps stand too close: pixel (i, j) stamps at (i * stride, j * stride)": _too_close,
    "only the first row of pixels has stamped: does the `return` stand inside the loop?": (
        lambda x, *more: expected(_only(x, 1, None), *more)
    ),
    "only the first pixel has stamped: does the `return` stand inside the loop, or does `range` take "
    "the stride? It belongs to the canvas": lambda x, *more: expected(_only(x, 1, 1), *more),
    "rows and columns of the image are mixed up": lambda x, *more: expected(x.T.reshape(x.shape), *more),
    "a later stamp replaces an earlier one: add (`+=`) instead of assigning": _last_wins,
    "overlaps are averaged: they add up": (
        lambda x, k, *more: expected(x, k, *more) / expected(x**0, k**0, *more).clamp(min=1)
    ),
    "padding is ignored: crop the canvas at the end": _cropped(0, 0, 0, 0),
    "padding is cropped off one end only": _cropped(1, 0, 1, 0),
    "padding was added: a transposed convolution crops": _cropped(-1, -1, -1, -1),
    "the input was padded: it is the output that is cropped": (
        lambda x, k, s, p: expected(F.pad(x, [p] * 4), k, s, 0)
    ),
    "rows are cropped, columns are not": _cropped(0, 0, 1, 1),
    "columns are cropped, rows are not": _cropped(1, 1, 0, 0),
    "twice too much is cropped": _cropped(2, 2, 2, 2),
    "both rows were cut at one end: crop `padding` from each side": _cropped(0, 2, 0, 2),
    "both rows were cut at the beginning: crop `padding` from each side": _cropped(2, 0, 2, 0),
}
