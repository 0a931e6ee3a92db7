"""Plain values out of arrays that may hold anything: a judge never trusts what a record says it is."""

import numpy as np

_EXACT = 2**53  # whole numbers beyond it are none that a judge asks for


def word(array: np.ndarray) -> str:
    """The text in an array that holds one text; of any other array what it is, which is never empty."""
    if array.ndim == 0 and array.dtype.kind == "U":
        return str(array.item())
    return f"no text, but shape {array.shape} of {array.dtype}"[:80]


def whole(array: np.ndarray) -> int:
    """The whole number in an array that holds one number; -1 in any other array."""
    value = number(array) if array.ndim == 0 else np.nan
    return int(value) if abs(value) < _EXACT and value == int(value) else -1


def number(array: np.ndarray) -> float:
    """The number in an array that holds one; NaN in any other array."""
    return float(array.reshape(())) if array.size == 1 and array.dtype.kind in "biuf" else float("nan")


def numbers(array: np.ndarray) -> np.ndarray:
    """All numbers in one row, in double precision; a single NaN where there are none."""
    if array.dtype.kind not in "biuf" or not array.size:
        return np.array([np.nan])
    return array.astype(np.float64).ravel()


def is_true(array: np.ndarray) -> bool:
    """Whether an array is True and nothing else: not 1, not "yes", not [True]."""
    return _is(array, True)


def is_false(array: np.ndarray) -> bool:
    """Whether an array is False and nothing else."""
    return _is(array, False)


def all_are(array: np.ndarray, wanted: bool, count: int) -> bool:
    """Whether an array is a row of ``count`` truth values that all are ``wanted``."""
    return array.shape == (count,) and array.dtype.kind == "b" and bool((array == wanted).all())


def _is(array: np.ndarray, wanted: bool) -> bool:
    return array.ndim == 0 and array.dtype.kind == "b" and bool(array) is wanted
