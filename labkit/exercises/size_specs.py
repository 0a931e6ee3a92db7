"""Spec of exercise 1.1: how large the output of a transposed convolution is."""

import numbers

import numpy as np

from labkit.exercises.stamp_specs import Witness

_SIZE_GROUPS = ("kernel and stride", "padding", "output padding", "dilation")


def settings(seed: int) -> dict[str, np.ndarray]:
    """Per group an integer array (8, 6): size, kernel, stride, padding, output padding, dilation.

    Each group switches on one argument more than the one before it.
    """
    rng = np.random.default_rng(seed)
    groups = {name: [] for name in _SIZE_GROUPS}
    for level, name in enumerate(_SIZE_GROUPS):
        for _ in range(8):
            stride = int(rng.integers(2, 5))
            groups[name].append(
                (
                    int(rng.integers(3, 12)),
                    int(rng.integers(3, 7)),
                    stride,
                    int(rng.integers(1, 3)) if level > 0 else 0,
                    int(rng.integers(1, stride)) if level > 1 else 0,
                    int(rng.integers(2, 4)) if level > 2 else 1,
                )
            )
    return {name: np.array(rows) for name, rows in groups.items()}


def probe_size(output_size, groups):
    with Witness() as witness:
        values: dict = {"the size": output_size(4, 3, 2)}
        values["kind"] = type(values["the size"]).__name__
        for level, name in enumerate(_SIZE_GROUPS):
            rows = [[int(v) for v in row] for row in groups[name]]
            values[name] = [whole(output_size(*(row if level == 3 else row[: 3 + level]))) for row in rows]
        values["defaults"] = whole(output_size(5, 3))
    return {**values, "layers": ", ".join(sorted(witness.seen))}


def whole(value) -> float:
    """A whole number as it is; NaN for anything else, so that the judge sees plain numbers only."""
    return int(value) if isinstance(value, numbers.Integral) else float("nan")
