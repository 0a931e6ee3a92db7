"""Spec of exercise 1.3: a convolution written as a matrix, whose transpose is the layer of lab 01."""

import torch

from labkit.exercises.stamp_specs import kind

_MATRICES = {"stride 1": (3, 4, 1, 0), "stride 2, padding 1": (3, 5, 2, 1), "even size": (3, 6, 2, 1)}
MATRIX_CAUSES = (
    (
        r"zeros\(\)|'float' object|got float|type float|slice indices",
        "a number of pixels is whole: `/` makes a float of it, `//` does not",
    ),
    (
        r"out of bounds for dimension 0",
        "an index into the first axis is too large: with m output pixels a side, pixel (r, c) has the row "
        "`r * m + c`",
    ),
    (
        r"out of bounds|out of range",
        "the window reaches into the padding, where the image has no pixel: skip those entries",
    ),
    (
        r"invalid for input of size 0|tensor of 0 elements",
        "`[padding:-padding]` keeps nothing when padding is 0: count from the front",
    ),
    (
        r"must match the (existing )?size",
        "a slice that leaves the image is shorter than the kernel, and one that begins at -1 is empty: go "
        "entry by entry, or write into a larger image and cut off its border",
    ),
    (r"shape .* is invalid", "the matrix has one row per output pixel and one column per input pixel"),
)


def kernels(seed: int) -> dict[str, tuple[torch.Tensor, int, int, int]]:
    """Per case a kernel (3, 3), an image size, a stride and a padding."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: (torch.randn(k, k, generator=generator) + 0.3, size, stride, padding)
        for name, (k, size, stride, padding) in _MATRICES.items()
    }


def probe_matrix(convolution_matrix, cases):
    values = {
        f"the matrix for {name}": convolution_matrix(kernel.clone(), size, stride, padding)
        for name, (kernel, size, stride, padding) in cases.items()
    }
    return {**values, "kind": kind(values.values())}
