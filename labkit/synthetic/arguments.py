"""The checks that every built-in twin makes of its arguments, with one message each."""

import operator


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


MOST_SEEDS = 2**63 - 1
MOST_IMAGES = 10_000_000
