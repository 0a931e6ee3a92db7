"""Spec of exercise 1.3: a convolution written as a matrix, whose transpose is the layer of lab 01.

What is expected comes column by column from torch's own convolution of single pixels.
"""

import numpy as np
import torch
from torch.nn import functional as F

from labkit.exercises.spec import close, same_shape

_MATRICES = {"stride 1": (3, 4, 1, 0), "stride 2, padding 1": (3, 5, 2, 1), "even size": (3, 6, 2, 1)}
MATRIX_CAUSES = (
    (
        r"out of bounds|out of range",
        "the window reaches into the padding, where the image has no pixel: skip those entries",
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
    return {
        name: convolution_matrix(kernel.clone(), size, stride, padding)
        for name, (kernel, size, stride, padding) in cases.items()
    }


def _matrix(kernel, size, stride, padding, *, pad=None) -> np.ndarray:
    """Column by column: what a convolution makes of each image with a single one in it."""
    images = torch.eye(size * size).reshape(-1, 1, size, size)
    if pad is not None:
        images, padding = pad(images), 0
    return F.conv2d(images, kernel[None, None], stride=stride, padding=padding).flatten(1).T.numpy()


def _wrapped_before(images):
    """Zeros after the last row and column, the far side before the first: what index -1 reads."""
    return F.pad(F.pad(images, (1, 0, 1, 0), mode="circular"), (0, 1, 0, 1))


def _by_columns(matrix: np.ndarray, side: int, axis: int) -> np.ndarray:
    """The same matrix with the pixels along ``axis`` numbered column after column."""
    return np.take(matrix, np.arange(side * side).reshape(side, side).T.ravel(), axis)


def judge_matrix(cases, got):
    for name, (kernel, size, stride, padding) in cases.items():
        expected = _matrix(kernel, size, stride, padding)
        rows, columns = expected.shape
        out = round(rows**0.5)
        plain = (size - 3) // stride + 1
        yield same_shape(
            f"{name}: one row per output pixel, one column per input pixel",
            got[name],
            (rows, columns),
            mistakes={
                "rows and columns are swapped: C maps the input to the output, C @ x": (columns, rows),
                "the stride is ignored": ((size + 2 * padding - 2) ** 2, columns),
                "the padding is ignored": (plain**2, columns),
                "padded pixels have no column: they are always zero": (rows, (size + 2 * padding) ** 2),
                "four axes are left: flatten the output's two and the input's two": (out, out, size, size),
                "only one side is counted: an image of size n has n * n pixels": (out, size),
            },
            cause="a convolution makes (size + 2 * padding - kernel_size) // stride + 1 pixels a side",
        )
        mistakes = {
            "the kernel is turned round: conv2d does not flip it": _matrix(
                kernel.flip(0, 1), size, stride, padding
            ),
            "the kernel is transposed, or images are flattened column by column; rows come first": _matrix(
                kernel.T, size, stride, padding
            ),
            "input pixel (i, j) has the number `i * size + j`: rows come first": _by_columns(
                expected, size, 1
            ),
            "output pixel (r, c) has the number `r * out + c`: rows come first": _by_columns(
                expected, out, 0
            ),
            "every row holds the same entries: the window moves with the output pixel": np.repeat(
                expected[:1], rows, 0
            ),
            "the matrix is still empty: write the kernel's entries into it": np.zeros_like(expected),
        }
        if padding:
            mistakes["index -1 is the last pixel in Python: skip what lies before the image too"] = _matrix(
                kernel, size, stride, padding, pad=_wrapped_before
            )
            later = F.pad(torch.eye(size * size).reshape(-1, 1, size, size), (0, 2, 0, 2))
            mistakes["the window begins at `row * stride - padding`: the padding is not subtracted"] = (
                F.conv2d(later, kernel[None, None], stride=stride).flatten(1).T.numpy()
            )
        yield close(f"{name}: C @ x is conv2d(x)", got[name], expected, mistakes=mistakes)
    kernel, size, stride, padding = cases["even size"]
    matrix, generator = got["even size"].astype(np.float64), torch.Generator().manual_seed(len(cases))
    y = torch.randn(1, 1, 3, 3, generator=generator)
    layer = F.conv_transpose2d(y, kernel[None, None], stride=stride, padding=padding, output_padding=1)
    yield close(
        "C.T @ y is conv_transpose2d(y), of even size with output_padding 1",
        matrix.T @ y.flatten().numpy(),
        layer.flatten().numpy(),
    )
    x = torch.randn(1, 1, size, size, generator=generator)
    yield close(
        "<Cx, y> = <x, C.T y>: the two layers are adjoint",
        (matrix @ x.flatten().numpy()) @ y.flatten().numpy(),
        (x * layer).sum().numpy(),
        rtol=1e-3,
        atol=1e-4,
    )
