"""Exercise 6.6: a grid of codes that divides the prior into parts of equal probability."""

import numpy as np
import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.properties import Case, holds, rule, same, same_shape
from labkit.exercises.reading import numbers


def sides(seed: int) -> tuple[int, int]:
    """Two numbers of points on a side, an odd and an even one."""
    draw = torch.randint(1, 5, (2,), generator=torch.Generator().manual_seed(seed)).tolist()
    return 2 * draw[0] + 1, 2 * draw[1] + 2


def probe(plane_codes, given):
    odd, even = given
    return {
        "the codes": plane_codes(odd),
        "for an even side": plane_codes(even),
        "for one point": plane_codes(1),
    }


EXERCISE = Exercise("6.6", "Read the plane", 2, "plane_codes(side)", sides, probe, tensors=("the codes",))

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(side, steps=None, arrange=None):
    """Row by row from the top: (x, y) with x growing to the right and y falling."""
    p = (torch.arange(side) + 0.5) / side
    at = steps(side) if steps else 2**0.5 * torch.erfinv(2 * p - 1)
    y, x = torch.meshgrid(at.flip(0), at, indexing="ij")
    return (arrange or (lambda x, y: torch.stack([x.flatten(), y.flatten()], 1)))(x, y)


def _stacked(first, second):
    return torch.stack([first.flatten(), second.flatten()], 1)


def _steps(steps):
    return lambda side: expected(side, steps=steps)


def _arranged(arrange):
    return lambda side: expected(side, arrange=arrange)


def _finite(case: Case):
    values = numbers(case.got["the codes"])
    yield holds(
        "all of them are finite",
        bool(abs(values).max() < 1e6),
        got="an infinite code",
        expected="finite numbers",
        cause="the quantile at 0 and at 1 is infinite: take the middle of each part, (i + 0.5) / side",
    )


def _values_or_order(case: Case) -> str:
    got, right = (np.sort(numbers(arrays["the codes"]), axis=None) for arrays in (case.got, case.expected))
    if got.shape == right.shape and np.allclose(got, right, rtol=1e-3, atol=1e-3):
        return (
            "the values are right, their order is not: the first row is the top one, and along it only the "
            "first dimension grows"
        )
    return "`torch.special.ndtri` gives the quantiles of the normal distribution"


PROPERTIES = (
    same_shape("the codes", "side · side codes of two numbers", "one row for each point, (side · side, 2)"),
    rule(_finite, "the codes", compared=True),
    same(
        "the codes",
        "the points of equal probability, row by row",
        _values_or_order,
        rtol=1e-3,
        atol=1e-3,
        points=2,
    ),
    same("for an even side", "another side works too", rtol=1e-3, atol=1e-3),
    same("for one point", "a single point is the middle", atol=1e-3),
)

MISTAKES = {
    "the second dimension grows downwards: the first row is the top one": _arranged(
        lambda x, y: _stacked(x, -y)
    ),
    "the first dimension grows to the left": _arranged(lambda x, y: _stacked(-x, y)),
    "both dimensions run backwards: reverse the other one": _arranged(lambda x, y: _stacked(-x, -y)),
    "the two dimensions are swapped: along a row the first one changes": _arranged(
        lambda x, y: _stacked(y, x)
    ),
    "the picture grows column by column from below: go row by row, from the top": _arranged(
        lambda x, y: _stacked(x.T, -y.T)
    ),
    "these are the probabilities: their quantiles are the codes": _steps(
        lambda side: (torch.arange(side) + 0.5) / side
    ),
    "the spacing is even: parts of equal probability are narrow in the middle": _steps(
        lambda side: torch.linspace(-2, 2, side) if side > 1 else torch.zeros(1)
    ),
    "the parts begin at (i + 0.5) / side, not at i / (side + 1)": _steps(
        lambda side: torch.special.ndtri((torch.arange(side) + 1) / (side + 1))
    ),
    "the two dimensions stand beside each other: stack them as columns": _arranged(
        lambda x, y: torch.cat([x.flatten(), y.flatten()]).reshape(-1, 2)
    ),
}
