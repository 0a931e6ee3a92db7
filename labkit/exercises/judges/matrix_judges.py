"""Judge of exercise 1.3: the matrix that torch's own convolution makes of single pixels, column by column."""

import numpy as np
import torch
from torch.nn import functional as F

from labkit.exercises.judges.comparing import close, holds, same_shape
from labkit.exercises.reading import word


def _matrix(kernel, size, stride, padding) -> np.ndarray:
    """Column by column: what a convolution makes of each image with a single one in it."""
    images = torch.eye(size * size).reshape(-1, 1, size, size)
    return F.conv2d(images, kernel[None, None], stride=stride, padding=padding).flatten(1).T.numpy()


def _misread(kernel, size, stride, columns: np.ndarray, out: int) -> np.ndarray:
    """The matrix of somebody who takes the padded image's pixel (row, column) for column
    ``columns[row, column]`` of C (none where it is -1); of two entries in one place the later stays."""
    windows = np.lib.stride_tricks.sliding_window_view(columns, kernel.shape)[::stride, ::stride]
    C = np.zeros((out * out, size * size + 1), np.float32)  # the last column takes what belongs nowhere
    for row, window in zip(C, windows[:out, :out].reshape(out * out, -1), strict=True):
        row[window] = kernel.numpy().ravel()
    return C[:, :-1]


def _slips(kernel, size, stride, padding, out) -> dict[str, np.ndarray]:
    """Likely cause: the matrix that it makes, for slips about where windows lie and images end."""
    y, x = np.indices((size + 2 * padding,) * 2) - padding
    within = (y >= 0) & (y < size) & (x >= 0) & (x < size)
    before = (y < size) & (x < size)
    flat = y * size + x

    def moved(by):
        inside = (y + by >= 0) & (y + by < size) & (x + by >= 0) & (x + by < size)
        return np.where(inside, flat + by * (size + 1), -1)

    negative = "index -1 is the last pixel in Python: skip what lies before the image too"
    origin = "the window begins at `row * stride - padding`: "
    columns = {
        negative: np.where(before, y % size * size + x % size, -1),
        negative + ", row and column each": np.where(before, flat % size**2, -1),
        "left of the image lies the end of the row above: test row and column each, not their number": (
            np.where((flat >= 0) & (flat < size**2), flat, -1)
        ),
        origin + "the padding is not subtracted": moved(padding),
        origin + "subtract the padding, do not add it": moved(2 * padding),
        origin + "multiply first, then subtract": moved(padding - padding * stride),
        "row 0 and column 0 belong to the image: test `0 <=`, not `0 <`": np.where(
            within & (y > 0) & (x > 0), flat, -1
        ),
        "an image of `size` pixels a side has the columns `i * size + j`: m counts output pixels": np.where(
            within, y * out + x, -1
        ),
    }
    slips = {cause: _misread(kernel, size, stride, grid, out) for cause, grid in columns.items()}
    slips[origin + "the stride is ignored"] = _misread(kernel, size, 1, moved(0), out)
    return slips


def _by_columns(matrix: np.ndarray, side: int, axis: int) -> np.ndarray:
    """The same matrix with the pixels along ``axis`` numbered column after column."""
    return np.take(matrix, np.arange(side * side).reshape(side, side).T.ravel(), axis)


def judge_matrix(cases, got):
    yield holds(
        "it returns a float32 tensor",
        word(got["kind"]) == "float32 tensor"
        and all(got[f"the matrix for {name}"].dtype == np.float32 for name in cases),
        got=word(got["kind"]),
        expected="float32 tensor",
        cause="torch.zeros and the kernel are float32 tensors: no numpy, no other dtype",
    )
    got = {name: got[f"the matrix for {name}"] for name in cases}
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
                "the crop is empty: `[padding:-padding]` keeps nothing when padding is 0": (rows, 0),
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
            "only the first row of output pixels is there: does the `return` stand inside the loop?": (
                expected * (np.arange(rows) < out)[:, None]
            ),
            "only the first output pixel is there: does the `return` stand inside the loop?": (
                expected * (np.arange(rows) < 1)[:, None]
            ),
            **_slips(kernel, size, stride, padding, out),
        }
        yield close(
            f"{name}: the entries of C, so that C @ x is conv2d(x)", got[name], expected, mistakes=mistakes
        )
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
