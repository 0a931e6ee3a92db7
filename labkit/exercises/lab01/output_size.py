"""Exercise 1.1: how large the output of a transposed convolution is."""

import dataclasses
import itertools

import numpy as np

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab01._noting import Witness, whole
from labkit.exercises.probing import tried
from labkit.exercises.properties import Case, Property, close, rule, same, says
from labkit.exercises.reading import word

_GROUPS = ("kernel and stride", "padding", "output padding", "dilation")


def settings(seed: int) -> dict[str, np.ndarray]:
    """Per group an integer array (34, 6): size, kernel, stride, padding, output padding, dilation.

    Each group switches on one argument more than the one before it. In each, strides run from 1 to 4, and
    all that is switched on is off in some rows, in every combination: an answer must be right there too.
    """
    rng, groups = np.random.default_rng(seed), {}
    for level, name in enumerate(_GROUPS):
        rows = [(1, 4, 2, 0, 0, 1), (5, 1, 2, 0, 0, 1)]  # one pixel; one entry
        for number in range(32):
            padded, extended, spread = (level > bit and bool(number & 4 << bit) for bit in range(3))
            size, kernel, stride = int(rng.integers(3, 12)), int(rng.integers(3, 7)), 1 + number % 4
            dilation = int(rng.integers(2, 4)) if spread else 1
            room = ((size - 1) * stride + dilation * (kernel - 1)) // 2  # one pixel is left
            padding = min(int(rng.integers(1, 4)), room) if padded else 0
            ends = max(stride, dilation)
            extra = int(rng.integers(1, ends)) if extended and ends > 1 else 0
            rows.append((size, kernel, stride, padding, extra, dilation))
        groups[name] = np.array(rows)
    return groups


def probe(output_size, groups):
    with Witness() as witness:
        values: dict = {"the size": output_size(4, 3, 2)}
        values["kind"] = type(values["the size"]).__name__
        for level, name in enumerate(_GROUPS):
            rows = [[int(v) for v in row] for row in groups[name]]
            values[name] = [whole(output_size(*(row if level == 3 else row[: 3 + level]))) for row in rows]
        values["defaults"] = whole(output_size(5, 3))
        values["by name"] = tried(lambda: output_size(5, kernel_size=3, dilation=2, padding=1))
    return {**values, "layers": witness.names()}


EXERCISE = Exercise(
    "1.1",
    "The output size",
    3,
    "output_size(size, kernel_size, stride, padding, output_padding, dilation)",
    settings,
    probe,
    unjudged=("the size",),
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    """The smallest image that a convolution brings to ``size``; output_padding chooses a larger one."""
    before = (m for m in itertools.count(1) if _convolved(m, kernel_size, stride, padding, dilation) >= size)
    return next(before) + output_padding


def _convolved(size, kernel_size, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


_NO_INT = {  # what was returned instead of an int: likely cause
    "float": "no division is needed here: `/` and `float(...)` turn whole numbers into floats",
    "Tensor": "a tensor was returned: whole numbers need none, or `int(...)` takes the number out",
    "str": "a text was returned: return the number itself",
    "tuple": "one number is asked for, the length of one side",
    "list": "one number is asked for, the length of one side",
}


_ARGUMENTS = ("size", "kernel_size", "stride", "padding", "output_padding", "dilation")
_DEFAULTS = (-1, -1, 1, 0, 0, 1)
_IS_SET = {  # on rows of arguments
    "there is padding": lambda rows: rows[:, 3] > 0,
    "there is no padding": lambda rows: rows[:, 3] == 0,
    "there is output padding": lambda rows: rows[:, 4] > 0,
    "the dilation is larger than 1": lambda rows: rows[:, 5] > 1,
    "the stride is 1": lambda rows: rows[:, 2] == 1,
    "the stride is larger than 1": lambda rows: rows[:, 2] > 1,
    "the stride is odd": lambda rows: rows[:, 2] % 2 == 1,
    "the stride is even": lambda rows: rows[:, 2] % 2 == 0,
    "the kernel is odd": lambda rows: rows[:, 1] % 2 == 1,
    "the kernel is even": lambda rows: rows[:, 1] % 2 == 0,
}


def _only_where(wrong: np.ndarray, rows: np.ndarray) -> str:
    """What the wrong rows, and no others, have in common; "" if that is nothing, or if all are wrong."""
    if wrong.all():
        return ""
    for one, other in ((a, b) for b in ["", *_IS_SET] for a in _IS_SET):
        both = _IS_SET[one](rows) & (_IS_SET[other](rows) if other else True)
        if (both == wrong).all():
            return f"it is wrong only where {one}" + (f" and {other}" if other else "")
    return ""


def _sizes(name: str, what: str, reminder: str, points: float) -> Property:
    """The sizes of one group of settings. Shows the first call that went wrong."""

    def find(case: Case):
        got, right = case.got[name], case.expected[name]
        finding = close(what, got, right)
        if not finding.ok and got.shape == right.shape and got.dtype.kind in "biuf":
            first = int(np.flatnonzero(got != right)[0])
            values = zip(_ARGUMENTS, case.given[name][first].tolist(), _DEFAULTS, strict=True)
            call = ", ".join(f"{argument}={value}" for argument, value, default in values if value != default)
            answer = "no whole number" if np.isnan(got[first]) else f"{got[first]:g}"
            finding = dataclasses.replace(
                finding,
                got=f"{answer} for {call}",
                expected=str(right[first]),
                cause=_only_where(got != right, case.given[name]) or reminder,
            )
        yield finding

    return rule(find, name, compared=True, points=points)


PROPERTIES = (
    says(
        "kind",
        "it returns a whole number",
        "int",
        "int32",
        "int64",
        otherwise=lambda case: _NO_INT.get(word(case.got["kind"]), ""),
        got="a {}",
        expected="an int",
    ),
    says(
        "layers",
        "it is your own arithmetic",
        "",
        otherwise="building a layer and reading its shape hides the formula: count the pixels yourself",
        got="a call of {}",
        expected="no layer",
    ),
    _sizes(
        "kernel and stride",
        "kernel and stride",
        "`size` stamps begin `stride` pixels apart, and the last one reaches over `kernel_size` pixels",
        points=1,
    ),
    same(
        "defaults",
        "the defaults are stride 1, no padding, no dilation",
        "keep the `def` line as it was given: stride=1, padding=0, output_padding=0, dilation=1",
    ),
    _sizes(
        "padding",
        "padding crops both sides",
        "`padding` pixels are cropped at either end, whatever kernel and stride are",
        points=1,
    ),
    _sizes(
        "output padding",
        "output_padding adds at one end",
        "so many pixels are added once, at the far end, whatever the other arguments are",
        points=0.5,
    ),
    _sizes(
        "dilation",
        "dilation spreads the kernel",
        "a kernel with k entries, `dilation` pixels apart, reaches over k - 1 such steps and one pixel",
        points=0.5,
    ),
    same(
        "by name",
        "arguments can be given by name",
        "keep the `def` line as it was given, names and order",
    ),
)


def _off(by):
    """As expected, but ``by(size, kernel_size, stride, padding, dilation)`` pixels too many."""
    return lambda n, k, s=1, p=0, o=0, d=1: expected(n, k, s, p, o, d) + by(n, k, s, p, d)


def _misread(arguments):
    """As expected for other arguments: those that ``arguments`` makes of the six."""
    return lambda n, k, s=1, p=0, o=0, d=1: expected(*arguments(n, k, s, p, o, d))


MISTAKES = {
    "this is the size after a convolution, which shrinks; here the image grows": (
        lambda n, k, s=1, p=0, o=0, d=1: _convolved(n, k, s, p, d)
    ),
    "`size` stamps take `size - 1` steps, not `size`": _off(lambda n, k, s, p, d: s),
    "this is where the last stamp begins; it still reaches `kernel_size` further": (
        _off(lambda n, k, s, p, d: -k)
    ),
    "one too few: a stamp that begins at 0 and is 3 wide ends at 2, and the size is 3": _off(lambda *_: -1),
    "one too many: the stamp's first pixel has been counted twice": _off(lambda *_: 1),
    "this is `size * stride`, which holds for some kernels and paddings only": lambda n, k, s=1, *_: n * s,
    "stride and kernel_size have changed places": _misread(lambda n, k, s, *more: (n, s, k, *more)),
    "the stride is always 2 here: take the argument `stride`": (
        _misread(lambda n, k, s, p, o, d: (n, k, 2, p, o, d))
    ),
    "the kernel's width is added once, where the last stamp begins, not at every step": (
        lambda n, k, s=1, *_: (n - 1) * (s + k)
    ),
    "with dilation 1 the kernel is as wide as ever: its entries lie 1 apart": (
        _off(lambda n, k, s, p, d: k - 1)
    ),
    "padding is ignored": _misread(lambda n, k, s, p, o, d: (n, k, s, 0, o, d)),
    "padding makes a transposed convolution smaller: it undoes the padding of a convolution": (
        _misread(lambda n, k, s, p, o, d: (n, k, s, -p, o, d))
    ),
    "padding is taken off one side only: it crops both": _off(lambda n, k, s, p, d: p),
    "output_padding is ignored": _misread(lambda n, k, s, p, o, d: (n, k, s, p, 0, d)),
    "output_padding is added once, at the far end only": (
        _misread(lambda n, k, s, p, o, d: (n, k, s, p, 2 * o, d))
    ),
    "output_padding is not multiplied by the stride: it is added at the end": (
        _misread(lambda n, k, s, p, o, d: (n, k, s, p, s * o, d))
    ),
    "output_padding makes the output larger": _misread(lambda n, k, s, p, o, d: (n, k, s, p, -o, d)),
    "dilation is ignored": _misread(lambda n, k, s, p, o, d: (n, k, s, p, o, 1)),
    "the kernel has several gaps, and each grows by dilation - 1: it was added only once": (
        _off(lambda n, k, s, p, d: -(d - 1) * (k - 2))
    ),
    "dilation spreads the entries of the kernel, not the stamps: leave the stride as it is": (
        _misread(lambda n, k, s, p, o, d: (n, k, s * d, p, o, 1))
    ),
    "dilation belongs to the kernel alone: the stamps stay `stride` apart": (
        _misread(lambda n, k, s, p, o, d: (n, k, s * d, p, o, d))
    ),
    "a kernel of 3 has 2 gaps, not 3: multiply the steps between its entries": (
        _off(lambda n, k, s, p, d: d - 1)
    ),
    "a kernel of 3 reaches over 2 steps and one pixel more: the pixel is missing": (
        _off(lambda n, k, s, p, d: -(d > 1))
    ),
    "dilation 1 is the ordinary kernel; dilation is the step, not what is added to it": (
        _off(lambda n, k, s, p, d: (k - 1) * (d > 1))
    ),
}
