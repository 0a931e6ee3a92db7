"""What the checks of lab 00 say where no known mistake fits, read off the values: true of any slip."""

import numpy as np

from labkit.exercises.properties import Case
from labkit.exercises.reading import word

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def wrong_type(right: str, otherwise: str):
    """For the ``dtype`` of a result: whether it is a tensor at all, or a tensor of another type."""

    def cause(case: Case) -> str:
        if not word(case.got["dtype"]).startswith("torch."):
            return f"a tensor of {right} is asked for: `torch.from_numpy` makes a tensor of an array"
        return otherwise

    return cause


def wrong_shape(case: Case) -> str:
    got, right = (arrays["the result"].shape for arrays in (case.got, case.expected))
    if len(got) != len(right):
        return f"the result has {len(got)} axes, and 4 are asked for"
    if sorted(got) == sorted(right):
        return "`permute` takes the old axes in their new order"
    return "B, C, H and W stay as they are: only the order of the axes changes"


def places(got: np.ndarray, right: np.ndarray, within: float) -> str:
    """Whether values that should be equal differ by more than ``within``; "" if they do not."""
    values, group = np.unique(right.round(4), return_inverse=True)
    spread = _spread(got, group, len(values))
    if got.dtype == np.uint8:  # 0 and 255 are neighbours for a byte that wrapped around
        spread = np.minimum(spread, _spread(got + np.uint8(128), group, len(values)))
    if (spread <= within).all():
        return ""
    return (
        "pixels that are equal before are not equal afterwards: the order of pixels, colours or images has "
        "changed, or not all of them are treated alike"
    )


def _spread(got: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """The largest less the smallest value of each group."""
    low, high = np.full(groups, np.inf), np.full(groups, -np.inf)
    np.minimum.at(low, group.ravel(), got.ravel())
    np.maximum.at(high, group.ravel(), got.ravel())
    return high - low
