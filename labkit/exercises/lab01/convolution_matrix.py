"""Exercise 1.3: a convolution written as a matrix, whose transpose is the layer of lab 01."""

import numpy as np
import torch
from torch.nn import functional as F

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab01._noting import kind
from labkit.exercises.properties import Case, close, rule, same, same_shape, says

_MATRICES = ("stride 1", "stride 2, padding 1", "even size", "stride 1, padding")


def kernels(seed: int) -> dict[str, tuple[torch.Tensor, int, int, int]]:
    """Per case a kernel (k, k), an image size, a stride and a padding; kernels of at least three sides."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*choices: int) -> int:
        return choices[int(torch.randint(len(choices), (1,), generator=generator))]

    side = draw(3, 5)
    settings = {
        "stride 1": (draw(2, 4), draw(5, 6), 1, 0),
        "stride 2, padding 1": (3, draw(5, 7), 2, 1),
        "even size": (side, 6, 2, side // 2),
        "stride 1, padding": (draw(2, 4), draw(4, 5), 1, 1),
    }
    return {
        name: (torch.randn(k, k, generator=generator) + 0.3, size, stride, padding)
        for name, (k, size, stride, padding) in settings.items()
    }


def probe(convolution_matrix, cases):
    values = {
        f"the matrix for {name}": convolution_matrix(kernel.clone(), size, stride, padding)
        for name, (kernel, size, stride, padding) in cases.items()
    }
    return {**values, "kind": kind(values.values())}


CAUSES = {
    r"bias' \(position 3\)|invalid combination of arguments.*\(Tensor, Tensor, (int|tuple)": (
        "the third argument of this function is the bias: give `stride=` and `padding=` their names"
    ),
    r"zeros\(\)|'float' object|got float|type float|slice indices": (
        "a number of pixels is whole: `/` makes a float of it, `//` does not"
    ),
    r"out of bounds|out of range": (
        "an index is too large: the kernel has k rows and columns, a window that reaches into the padding "
        "leaves the image there, and output pixel (r, c) has the row `r * m + c` of C"
    ),
    r"invalid for input of size 0|tensor of 0 elements": (
        "`[padding:-padding]` keeps nothing when padding is 0: count from the front"
    ),
    r"must match the (existing )?size": (
        "a slice that leaves the image is shorter than the kernel, and one that begins at -1 is empty: go "
        "entry by entry, or write into a larger image and cut off its border"
    ),
    r"shape .* is invalid": "the matrix has one row per output pixel and one column per input pixel",
}

EXERCISE = Exercise(
    "1.3",
    "The matrix of a convolution",
    4,
    "convolution_matrix(kernel, size, stride, padding)",
    kernels,
    probe,
    causes=CAUSES,
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(kernel, size, stride, padding):
    """Column by column: what a convolution makes of each image with a single one in it."""
    images = torch.eye(size * size).reshape(-1, 1, size, size)
    return F.conv2d(images, kernel[None, None], stride=stride, padding=padding).flatten(1).T.contiguous()


def _transposed(case: Case):
    """The transpose is torch's layer, on numbers that the answer has not seen."""
    kernel, size, stride, padding = case.given["even size"]
    C, generator = case.got["the matrix for even size"].astype(np.float64), torch.Generator().manual_seed(3)
    y = torch.randn(1, 1, 3, 3, generator=generator)
    x = torch.randn(1, 1, size, size, generator=generator)
    layer = F.conv_transpose2d(y, kernel[None, None], stride=stride, padding=padding, output_padding=1)
    yield close(
        "C.T @ y is conv_transpose2d(y), of even size with output_padding 1",
        C.T @ y.flatten().numpy(),
        layer.flatten().numpy(),
    )
    yield close(
        "<Cx, y> = <x, C.T y>: the two layers are adjoint",
        (C @ x.flatten().numpy()) @ y.flatten().numpy(),
        (x * layer).sum().numpy(),
        rtol=1e-3,
        atol=1e-4,
    )


def _wrong_entries(name: str):
    """What the entries show where no known mistake fits."""

    def cause(case: Case) -> str:
        got, right = (arrays[f"the matrix for {name}"] for arrays in (case.got, case.expected))
        if got.shape != right.shape or got.dtype.kind not in "biuf":
            return ""
        agree, inside = np.isclose(got, right, atol=1e-4), right != 0
        if agree[inside].all():
            return "the kernel's entries are right, and there are others where C should be 0"
        if agree[got != 0].all():
            return "some entries of the kernel are missing: they belong wherever the window lies on the image"
        if ((got != 0) == inside).all():
            return "entries stand where they should, with other values: is the kernel flipped or changed?"
        return _ORIGIN + "there lies the kernel's first entry, in row r * m + c of C; columns likewise"

    return cause


def _matrix(name: str, points: float):
    shape = f"{name}: one row per output pixel, one column per input pixel"
    side = "a convolution makes (size + 2 * padding - kernel_size) // stride + 1 pixels a side"
    yield same_shape(f"the matrix for {name}", shape, side)
    what = f"{name}: the entries of C, so that C @ x is conv2d(x)"
    yield same(f"the matrix for {name}", what, _wrong_entries(name), points=points)


PROPERTIES = (
    says(
        "kind",
        "it returns a float32 tensor",
        "float32 tensor",
        otherwise="torch.zeros and the kernel are float32 tensors: no numpy, no other dtype",
    ),
    *_matrix("stride 1", points=1.5),
    *_matrix("stride 2, padding 1", points=1.5),
    *_matrix("even size", points=0.5),
    *_matrix("stride 1, padding", points=0.5),
    rule(_transposed, "the matrix for even size"),
)


def _side(k, n, s, p):
    return (n + 2 * p - k) // s + 1


def _then(change):
    """``change`` done to the right matrix: (C, m, n) -> another, with m pixels a side out and n in."""
    return lambda w, n, s, p: change(expected(w, n, s, p), _side(len(w), n, s, p), n)


def _by_column(side):
    """The numbers of a square's pixels, column after column."""
    return torch.arange(side * side).reshape(side, side).T.flatten()


def _misplaced(column):
    """Somebody takes the pixel in row y, column x of the image for column ``column(y, x, n, s, p, m)`` of
    C, and for none where that is -1. Of two entries in one place the later stays."""

    def convolution_matrix(kernel, n, s, p):
        k, (y, x) = len(kernel), np.indices((n + 2 * p,) * 2) - p
        m = _side(k, n, s, p)
        windows = np.lib.stride_tricks.sliding_window_view(column(y, x, n, s, p, m), (k, k))[::s, ::s]
        C = np.zeros((m * m, n * n + 1), np.float32)  # the last column takes what belongs nowhere
        for row, window in zip(C, windows.reshape(m * m, k * k), strict=True):
            row[window] = kernel.flatten()
        return torch.tensor(C[:, :-1])

    return convolution_matrix


def _number(y, x, n, first=0, width=None):
    """The number of the pixel in row y, column x; -1 outside of the image."""
    inside = (y >= first) & (y < n) & (x >= first) & (x < n)
    numbers = y * (width or n) + x
    return np.where(inside & (numbers < n * n), numbers, -1)


def _neighbours(w, n, s, p):
    """Windows one pixel apart, as many as with the right stride."""
    m, all_of_them = _side(len(w), n, s, p), _side(len(w), n, 1, p)
    return expected(w, n, 1, p).unflatten(0, (all_of_them, all_of_them))[:m, :m].flatten(0, 1)


_ORIGIN = "the window begins at `row * stride - padding`: "
_NEGATIVE = "index -1 is the last pixel in Python: skip what lies before the image too"
MISTAKES = {
    "rows and columns are swapped: C maps the input to the output, C @ x": _then(lambda C, m, n: C.T),
    "the stride is ignored": lambda w, n, s, p: expected(w, n, 1, p),
    "padding is left out, or not counted twice: windows move over `size + 2 * padding` pixels": (
        lambda w, n, s, p: expected(w, n, s, 0)
    ),
    "padded pixels have no column: they are always zero": lambda w, n, s, p: expected(w, n + 2 * p, s, 0),
    "the crop is empty: `[padding:-padding]` keeps nothing when padding is 0": (
        _then(lambda C, m, n: C[:, :0])
    ),
    "four axes are left: flatten the output's two and the input's two": (
        _then(lambda C, m, n: C.reshape(m, m, n, n))
    ),
    "only one side is counted: an image of size n has n * n pixels": _then(lambda C, m, n: C[:m, :n]),
    "the kernel is flipped: conv2d does not flip it": lambda w, *more: expected(w.flip(0, 1), *more),
    "the kernel is transposed, or images are flattened column by column; rows come first": (
        lambda w, *more: expected(w.T, *more)
    ),
    "input pixel (i, j) has the number `i * size + j`: rows come first": (
        _then(lambda C, m, n: C[:, _by_column(n)])
    ),
    "output pixel (r, c) has the number `r * out + c`: rows come first": (
        _then(lambda C, m, n: C[_by_column(m)])
    ),
    "every row holds the same entries: the window moves with the output pixel": (
        _then(lambda C, m, n: C[:1].repeat(m * m, 1))
    ),
    "the kernel is mirrored left to right": lambda w, *more: expected(w.flip(1), *more),
    "the kernel is mirrored top to bottom": lambda w, *more: expected(w.flip(0), *more),
    "`reshape` does not transpose: what a convolution makes of pixel j is column j of C; stack, then `.T`": (
        _then(lambda C, m, n: C.T.reshape(C.shape))
    ),
    "the last row and column of the image are left out: test `i < size`": (
        _misplaced(lambda y, x, n, s, p, m: np.where((y < n - 1) & (x < n - 1), _number(y, x, n), -1))
    ),
    "the matrix is still empty: write the kernel's entries into it": _then(lambda C, m, n: 0 * C),
    "the last row and column of windows are missing: m is `// stride + 1`": (
        _then(lambda C, m, n: C.unflatten(0, (m, m))[:-1, :-1].flatten(0, 1))
    ),
    "the last row and column of the kernel are left out: use all of `range(k)`": (
        lambda w, *more: expected(F.pad(w[:-1, :-1], [0, 1, 0, 1]), *more)
    ),
    "the first row and column of the kernel are left out: `range(k)` begins at 0": (
        lambda w, *more: expected(F.pad(w[1:, 1:], [1, 0, 1, 0]), *more)
    ),
    _ORIGIN + "each lies one pixel too far down and to the right": (
        _misplaced(lambda y, x, n, s, p, m: _number(y + 1, x + 1, n))
    ),
    _ORIGIN + "each lies one pixel too far up and to the left": (
        _misplaced(lambda y, x, n, s, p, m: _number(y - 1, x - 1, n))
    ),
    "only the first row of output pixels is there: does the `return` stand inside the loop?": (
        _then(lambda C, m, n: C * (torch.arange(m * m) < m)[:, None])
    ),
    "only the first output pixel is there: does the `return` stand inside the loop?": (
        _then(lambda C, m, n: C * (torch.arange(m * m) < 1)[:, None])
    ),
    _NEGATIVE: _misplaced(lambda y, x, n, s, p, m: np.where((y < n) & (x < n), y % n * n + x % n, -1)),
    _NEGATIVE + ", row and column each": (
        _misplaced(lambda y, x, n, s, p, m: np.where((y < n) & (x < n), (y * n + x) % n**2, -1))
    ),
    "left of the image lies the end of the row above: test row and column each, not their number": (
        _misplaced(lambda y, x, n, s, p, m: np.where((i := y * n + x) < n**2, i.clip(-1), -1))
    ),
    _ORIGIN + "the padding is not subtracted": (
        _misplaced(lambda y, x, n, s, p, m: _number(y + p, x + p, n))
    ),
    _ORIGIN + "subtract the padding, do not add it": (
        _misplaced(lambda y, x, n, s, p, m: _number(y + 2 * p, x + 2 * p, n))
    ),
    _ORIGIN + "multiply first, then subtract": (
        _misplaced(lambda y, x, n, s, p, m: _number(y + p - p * s, x + p - p * s, n))
    ),
    "row 0 and column 0 belong to the image: test `0 <=`, not `0 <`": (
        _misplaced(lambda y, x, n, s, p, m: _number(y, x, n, first=1))
    ),
    "an image of `size` pixels a side has the columns `i * size + j`: m counts output pixels": (
        _misplaced(lambda y, x, n, s, p, m: _number(y, x, n, width=m))
    ),
    _ORIGIN + "the stride is ignored": _neighbours,
}
