"""Exercise 1.5: five settings that climb from 1 pixel to 64, each stride the smallest."""

import itertools

import numpy as np

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab01._noting import whole
from labkit.exercises.properties import Case, Property, holds, rule, same


def probe(dcgan_ladder, _inputs):
    value = dcgan_ladder()
    if isinstance(value, list | tuple) and all(isinstance(row, list | tuple) for row in value):
        lengths = sorted({len(row) for row in value})
        value = np.array([[whole(v) for v in row] for row in value]) if len(lengths) == 1 else str(lengths)
    return {"the ladder": value}


EXERCISE = Exercise("1.5", "The ladder of DCGAN", 2, "dcgan_ladder()", lambda seed: None, probe, fixed=True)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------

_SIZES = (1, 4, 8, 16, 32, 64)


def expected():
    """Step by step: the first stride, and the first padding with it, that lead to the next size."""
    settings = list(itertools.product(range(1, 5), range(5)))
    return [
        next((4, *both) for both in settings if _next(a, *both) == b) for a, b in itertools.pairwise(_SIZES)
    ]


def _next(size, stride, padding):
    """The size after one more layer with kernel 4."""
    return (size - 1) * stride - 2 * padding + 4


def _sizes(ladder):
    """The sizes that a ladder (5, 3) reaches, from one pixel up."""
    steps = ladder[:, 1:].tolist()
    return np.array(list(itertools.accumulate(steps, lambda size, step: _next(size, *step), initial=1)))


def _five_settings(case: Case):
    ladder = case.got["the ladder"]
    odd = "" if ladder.dtype.kind in "iu" else ", not all of them whole numbers"
    yield holds(
        "it returns five settings of three whole numbers",
        ladder.shape == (5, 3) and not odd,
        got=f"shape {ladder.shape}{odd}",
        expected="a list of five tuples (kernel_size, stride, padding) of whole numbers",
    )


def _which_kernel(case: Case) -> str:
    ladder = case.got["the ladder"]
    if (ladder == 4).any(1).all():
        return _ORDER
    layer = int(np.flatnonzero(ladder[:, 0] != 4)[0])
    return f"layer {layer + 1} has kernel {ladder[layer, 0]}; this ladder has 4 throughout"


def _no_negative(case: Case):
    strides, paddings = case.got["the ladder"][:, 1:].T
    yield holds(
        "strides are at least 1, paddings at least 0",
        bool((strides >= 1).all() and (paddings >= 0).all()),
        got=f"strides {', '.join(map(str, strides))}, paddings {', '.join(map(str, paddings))}",
        cause=_ORDER if (strides == 0).any() else "no layer takes a negative padding, or a stride below 1",
    )


def _first_slip(case: Case) -> str:
    """Which layer is the first to miss its size."""
    reached = _sizes(case.got["the ladder"])
    i = int(np.flatnonzero(reached != _SIZES)[0])
    _, stride, padding = case.got["the ladder"][i - 1]
    return (
        f"layer {i}: from {_SIZES[i - 1]}, stride {stride} and padding {padding} "
        f"lead to {reached[i]:g}, not {_SIZES[i]}"
    )


def _why_smaller(case: Case) -> str:
    if case.got["the ladder"][0, 1] > 1:
        return "on a single pixel any stride gives the same size, so the smallest is 1"
    return "a larger stride with more padding reaches the same size, but leaves gaps or throws work away"


_ORDER = "the order is (kernel_size, stride, padding)"
PROPERTIES = (
    Property(_five_settings, ("the ladder",), compared=True, of_shape=True),
    same("the ladder", "every kernel is 4", _which_kernel, part=lambda ladder: ladder[:, 0]),
    rule(_no_negative, "the ladder"),
    same("the ladder", "the sizes are 1, 4, 8, 16, 32, 64", _first_slip, part=_sizes, points=1.5),
    same(
        "the ladder",
        "each stride is the smallest that fits",
        _why_smaller,
        part=lambda ladder: ladder[:, 1],
        points=0.5,
    ),
)

_ONE, _DOUBLE = (4, 1, 0), (4, 2, 1)
MISTAKES = {
    "there are six sizes and five steps between them": lambda: [_ONE] + [_DOUBLE] * 5,
    "four settings double 4 to 64; one more leads from 1 to 4": lambda: [_DOUBLE] * 4,
    "one tuple per layer, not one per argument": lambda: [(4,) * 5, (1, 2, 2, 2, 2), (0, 1, 1, 1, 1)],
    "each tuple has three numbers: the kernel belongs in it too": lambda: [(1, 0)] + [(2, 1)] * 4,
    "each tuple has kernel_size, stride and padding, and nothing else": lambda: [
        (4, *_ONE),
        *[(n, *_DOUBLE) for n in (8, 16, 32, 64)],
    ],
    "one tuple is one layer: return a list of five": lambda: _DOUBLE,
    "these are five numbers: every layer has a tuple of three": lambda: _SIZES[1:],
    "torch wants whole numbers: write 4, not the float 4.0": lambda: [(4.0, 1.0, 0.0)] * 5,
    "the first layer differs: from one pixel, padding 1 crops the stamp of 4 to 2": lambda: [_DOUBLE] * 5,
    "this is the order of the discriminator: the generator begins with 1 to 4": lambda: (
        [_DOUBLE] * 4 + [_ONE]
    ),
    "without padding every doubling comes out 2 too large": lambda: [_ONE] + [(4, 2, 0)] * 4,
    "stride 1 adds 3 pixels; a doubling needs stride 2": lambda: [_ONE] * 5,
    "stride and padding have changed places": lambda: [_ONE] + [(4, 1, 2)] * 4,
}
