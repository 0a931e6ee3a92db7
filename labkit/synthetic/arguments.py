"""The checks that every built-in twin makes of its arguments, with one message each."""

import operator

import numpy as np

MOST_SEEDS = 2**63 - 1
MOST_IMAGES = 10_000_000


def whole_number(name: str, value: object, low: int, high: int) -> int:
    """Return ``value`` as an int in [low, high].

    Raises:
        ValueError: it is no whole number, or out of range; the message names the argument.
    """
    try:
        number = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} must be a whole number, got {value!r}.") from None
    if isinstance(value, bool) or not low <= number <= high:
        raise ValueError(f"{name} must be a whole number from {low} to {high}, got {value!r}.")
    return number


def numbered(count: int, seed: int, start: int = 0) -> tuple[int, np.ndarray]:
    """The checked seed, and the numbers ``start`` to ``start + count - 1`` as int64.

    Raises:
        ValueError: one of them is no whole number, or out of range; the message names it.
    """
    count = whole_number("count", count, 1, MOST_IMAGES)
    seed = whole_number("seed", seed, 0, MOST_SEEDS)
    start = whole_number("start", start, 0, 2**62)
    return seed, np.arange(start, start + count, dtype=np.int64)
