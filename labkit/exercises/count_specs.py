"""Spec of exercise 1.4: how many stamps touch each output pixel."""

import numpy as np

COUNT_CAUSES = (
    (
        r"expected stride to be|Expected \dD",
        "F.conv_transpose2d wants four axes, for the image and for the kernel alike",
    ),
)


def grids(seed: int) -> dict[str, tuple[int, int, int, int]]:
    """Per case a size, a kernel, a stride and a padding."""
    size = int(np.random.default_rng(seed).integers(3, 6))
    return {
        "kernel 3, stride 2": (size, 3, 2, 0),
        "kernel 2, stride 3": (size + 1, 2, 3, 0),
        "kernel 4, stride 2, padding 1": (size, 4, 2, 1),
        "kernel 5, stride 3, padding 2": (size + 1, 5, 3, 2),
    }


def probe_counts(overlap_counts, cases):
    return {f"the counts for {name}": overlap_counts(*settings) for name, settings in cases.items()}
