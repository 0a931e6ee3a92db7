"""Judge of exercise 1.1: what is expected is the shape that torch's own layer returns."""

import dataclasses

import numpy as np
import torch
from torch.nn import functional as F

from labkit.exercises.exercise import Finding
from labkit.exercises.judges.comparing import close, holds
from labkit.exercises.reading import word

_KINDS = {  # what was returned instead of an int: likely cause
    "float": "no division is needed here; `/` turns whole numbers into floats",
    "Tensor": "a tensor was returned: whole numbers need none, or `int(...)` takes the number out",
    "str": "a text was returned: return the number itself",
    "tuple": "one number is asked for, the length of one side",
    "list": "one number is asked for, the length of one side",
}


def _agree(what: str, got: np.ndarray, right: np.ndarray, rows: np.ndarray, mistakes: dict) -> Finding:
    """A finding about one group of settings that shows the first call which went wrong."""
    finding = close(what, got, right, mistakes=mistakes)
    if finding.ok or got.shape != right.shape or got.dtype.kind not in "biuf":
        return finding
    first = int(np.flatnonzero(got != right)[0])
    names = ("size", "kernel_size", "stride", "padding", "output_padding", "dilation")
    values = zip(names, rows[:, first].tolist(), (-1, -1, 1, 0, 0, 1), strict=True)
    call = ", ".join(f"{name}={value}" for name, value, default in values if value != default)
    answer = "no whole number" if np.isnan(got[first]) else f"{got[first]:g}"
    return dataclasses.replace(finding, got=f"{answer} for {call}", expected=str(right[first]))


def _layer_sizes(rows: np.ndarray) -> np.ndarray:
    """What torch's own layer returns for each row of settings."""
    return np.array(
        [
            F.conv_transpose1d(
                torch.zeros(1, 1, n), torch.zeros(1, 1, k), stride=s, padding=p, output_padding=o, dilation=d
            ).shape[-1]
            for n, k, s, p, o, d in rows.tolist()
        ]
    )


def judge_size(groups, got):
    yield holds(
        "it returns a whole number",
        word(got["kind"]) in ("int", "int32", "int64") and got["the size"].dtype.kind == "i",
        got=f"a {word(got['kind'])}",
        expected="an int",
        cause=_KINDS.get(word(got["kind"]), ""),
    )
    yield holds(
        "it is your own arithmetic",
        not word(got["layers"]),
        got=f"a call of {word(got['layers'])}",
        expected="no layer",
        cause="building a layer and reading its shape hides the formula: count the pixels yourself",
    )
    rows = groups["kernel and stride"].T
    size, kernel, stride = rows[:3]
    right = _layer_sizes(rows.T)
    yield _agree(
        "kernel and stride",
        got["kernel and stride"],
        right,
        rows,
        {
            "this is the size after a convolution, which shrinks; here the image grows": (
                (size - kernel) // stride + 1
            ),
            "`size` stamps take `size - 1` steps, not `size`": right + stride,
            "this is where the last stamp begins; it still reaches `kernel_size` further": right - kernel,
            "one too few: a stamp that begins at 0 and is 3 wide ends at 2, and the size is 3": right - 1,
            "one too many: the stamp's first pixel has been counted twice": right + 1,
            "this is `size * stride`, which holds for some kernels and paddings only": size * stride,
            "stride and kernel_size have changed places": (size - 1) * kernel + stride,
            "the kernel's width is added once, where the last stamp begins, not at every step": (
                (size - 1) * (stride + kernel)
            ),
            "with dilation 1 the kernel is as wide as ever: its entries lie 1 apart": right + kernel - 1,
        },
    )
    yield close(
        "the defaults are stride 1, no padding, no dilation",
        got["defaults"],
        7,
        cause="keep the `def` line as it was given: stride=1, padding=0, output_padding=0, dilation=1",
    )
    rows = groups["padding"].T
    right, padding = _layer_sizes(rows.T), rows[3]
    yield _agree(
        "padding crops both sides",
        got["padding"],
        right,
        rows,
        {
            "padding is ignored": right + 2 * padding,
            "padding makes a transposed convolution smaller: it undoes the padding of a convolution": (
                right + 4 * padding
            ),
            "padding is taken off one side only: it crops both": right + padding,
        },
    )
    rows = groups["output padding"].T
    right, output_padding = _layer_sizes(rows.T), rows[4]
    yield _agree(
        "output_padding adds at one end",
        got["output padding"],
        right,
        rows,
        {
            "output_padding is ignored": right - output_padding,
            "output_padding is added once, at the far end only": right + output_padding,
            "output_padding makes the output larger": right - 2 * output_padding,
        },
    )
    rows = groups["dilation"].T
    right, (size, kernel, stride), dilation = _layer_sizes(rows.T), rows[:3], rows[5]
    yield _agree(
        "dilation spreads the kernel",
        got["dilation"],
        right,
        rows,
        {
            "dilation is ignored": right - (dilation - 1) * (kernel - 1),
            "the kernel has several gaps, and each grows by dilation - 1: it was added only once": (
                right - (dilation - 1) * (kernel - 2)
            ),
            "dilation spreads the entries of the kernel, not the stamps: leave the stride as it is": (
                right + (dilation - 1) * ((size - 1) * stride - kernel + 1)
            ),
            "dilation belongs to the kernel alone: the stamps stay `stride` apart": (
                right + (dilation - 1) * (size - 1) * stride
            ),
            "a kernel of 3 has 2 gaps, not 3: multiply the steps between its entries": right + dilation - 1,
            "a kernel of 3 reaches over 2 steps and one pixel more: the pixel is missing": right - 1,
            "dilation 1 is the ordinary kernel; dilation is the step, not what is added to it": (
                right + kernel - 1
            ),
        },
    )
