"""Answers to exercises 1.2 and 1.3: loops over pixels, written well and with one slip at a time."""

import itertools

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

# 1.2 ----------------------------------------------------------------


def by_fold(image, kernel, stride, padding):
    """Every stamp as a column, laid down by fold."""
    (h, w), (kh, kw) = image.shape, kernel.shape
    columns = kernel.reshape(1, -1, 1) * image.reshape(1, 1, -1)
    out = (h - 1) * stride + kh - 2 * padding, (w - 1) * stride + kw - 2 * padding
    return F.fold(columns, out, (kh, kw), stride=stride, padding=padding)[0, 0]


def by_kernel_entry(image, kernel, stride, padding):
    """All pixels at once, one kernel entry after the other."""
    (h, w), (kh, kw) = image.shape, kernel.shape
    canvas = torch.zeros((h - 1) * stride + kh, (w - 1) * stride + kw)
    for u in range(kh):
        for v in range(kw):
            canvas[u : u + h * stride - stride + 1 : stride, v : v + w * stride - stride + 1 : stride] += (
                kernel[u, v] * image
            )
    return canvas.narrow(0, padding, len(canvas) - 2 * padding).narrow(
        1, padding, canvas.shape[1] - 2 * padding
    )


def by_matrices(image, kernel, stride, padding):
    """Every stamp padded to the whole canvas, then the sum of all."""
    h, w = image.shape
    stamps = []
    for i in range(h):
        for j in range(w):
            around = (j * stride, (w - 1 - j) * stride, i * stride, (h - 1 - i) * stride)
            stamps.append(F.pad(image[i, j] * kernel, around))
    canvas = torch.stack(stamps).sum(0)
    return F.pad(canvas, [-padding] * 4)


def by_gathering(image, kernel, stride, padding):
    """Zeros between the pixels, then windows of the flipped kernel."""
    (h, w), (kh, kw) = image.shape, kernel.shape
    spread = torch.zeros((h - 1) * stride + 1, (w - 1) * stride + 1)
    spread[::stride, ::stride] = image
    windows = F.pad(spread, [kw - 1] * 2 + [kh - 1] * 2).unfold(0, kh, 1).unfold(1, kw, 1)
    out = (windows * kernel.flip(0, 1)).sum((-1, -2))
    return out[padding : len(out) - padding, padding : out.shape[1] - padding]


def _stamps(
    *,
    sizes=lambda image, kernel: (*image.shape, *kernel.shape),
    begin=torch.zeros,
    pixels=lambda h, w, stride: itertools.product(range(h), range(w)),
    where=lambda i, j, s, kh, kw: (slice(i * s, i * s + kh), slice(j * s, j * s + kw)),
    stamp=lambda image, kernel, i, j: image[i, j] * kernel,
    lay=torch.Tensor.add_,
    stop=lambda i, j, w: False,
    crop=lambda canvas, p: canvas[p : len(canvas) - p, p : canvas.shape[1] - p],
):
    def transposed_conv(image, kernel, stride, padding):
        h, w, kh, kw = sizes(image, kernel)
        canvas = begin((h - 1) * stride + kh, (w - 1) * stride + kw)
        for i, j in pixels(h, w, stride):
            lay(canvas[where(i, j, stride, kh, kw)], stamp(image, kernel, i, j))
            if stop(i, j, w):
                break
        return crop(canvas, padding)

    return transposed_conv


def _scales_in_place(image, kernel, i, j):
    kernel *= image[i, j]
    return kernel


def _doubles_afterwards(image, kernel, stride, padding):
    out = by_fold(image, kernel, stride, padding)
    kernel.mul_(2)
    return out


def _pads_input(image, kernel, stride, padding):
    return by_matrices(F.pad(image, [padding] * 4), kernel, stride, 0)


def _four_axes(image, kernel, stride, padding):
    _, _, h, w = image.shape
    return torch.zeros(h, w)


def _by_layer(image, kernel, stride, padding):
    layer = F.conv_transpose2d(image[None, None], kernel[None, None], stride=stride, padding=padding)
    return layer[0, 0]


def _by_module(image, kernel, stride, padding):
    return nn.ConvTranspose2d(1, 1, kernel.shape, stride, padding)(image[None, None])[0, 0]


def _by_conv2d(image, kernel, stride, padding):
    return F.conv2d(image[None, None], kernel[None, None], stride=stride, padding=padding)[0, 0]


STAMPS = {
    "keeps nothing when padding is 0": _stamps(crop=lambda canvas, p: canvas[p:-p, p:-p]),
    "a later stamp replaces": _stamps(lay=torch.Tensor.copy_),
    "kernel is flipped": _stamps(stamp=lambda image, kernel, i, j: image[i, j] * kernel.flip(0, 1)),
    "and add each one": _stamps(pixels=lambda h, w, s: itertools.product(range(1, h), range(1, w))),
    "the input was padded": _pads_input,
    "only the first row of pixels": _stamps(stop=lambda i, j, w: j == w - 1),
    "does `range` take the stride": _stamps(
        pixels=lambda h, w, s: itertools.product(range(0, h, s), range(0, w, s)),
        where=lambda i, j, s, kh, kw: (slice(i, i + kh), slice(j, j + kw)),
    ),
    "both rows were cut at one end": _stamps(
        crop=lambda canvas, p: canvas.narrow(0, 0, len(canvas) - p - p)[:, : -p - p or None]
    ),
    "memory of torch.empty": _stamps(begin=torch.empty),
    "have different shapes": _stamps(where=lambda i, j, s, kh, kw: (slice(i * s, kh), slice(j * s, kw))),
    "the canvas has `(H - 1)": _stamps(begin=lambda height, width: torch.zeros(height - 1, width)),
    "an index lies outside": _stamps(sizes=lambda image, kernel: (*image.shape[::-1], *kernel.shape)),
    "the kernel goes whole": _stamps(stamp=lambda image, kernel, i, j: image[i][j] * kernel[i][j]),
    "two axes here": _four_axes,
    "the canvas holds whole numbers": _stamps(begin=lambda *size: torch.zeros(size, dtype=torch.int64)),
    "meets what the last one left": _stamps(stamp=_scales_in_place),
    "writes into the caller's tensor": _doubles_afterwards,
    "mirrored left to right": _stamps(stamp=lambda image, kernel, i, j: image[i, j] * kernel.flip(1)),
    "read from its end": _stamps(stamp=lambda image, kernel, i, j: image[-1 - i, -1 - j] * kernel),
    "multiplied by the pixel, and stays": _stamps(stamp=lambda image, kernel, i, j: image[i, j] + kernel),
    "padding 1 with stride 1: the shape": lambda x, k, s, p: by_fold(x, k, s, p if s > 1 else 0),
    "no convolution of torch is called": _by_layer,
    "also draw random weights": _by_module,
    "no convolution of torch is needed": _by_conv2d,
    "return it as it is": _stamps(crop=lambda canvas, p: canvas.numpy()),
    "the output for one pixel can be read": lambda *given: by_matrices(*given).tolist(),
    "is there a `return`": lambda *given: None,
}


# 1.3 ----------------------------------------------------------------


def by_basis(kernel, size, stride, padding):
    """A column is what the convolution makes of one pixel."""
    columns = []
    for pixel in torch.eye(size * size):
        picture = pixel.reshape(1, 1, size, size)
        columns.append(F.conv2d(picture, kernel[None, None], stride=stride, padding=padding).flatten())
    return torch.stack(columns, dim=1)


def by_unfold(kernel, size, stride, padding):
    """Unfold an image that holds its own pixel numbers: each window then says where its entries go."""
    numbers = torch.arange(1.0, size * size + 1).reshape(1, 1, size, size)
    windows = F.unfold(numbers, kernel.shape, stride=stride, padding=padding)[0].T.long()  # (out², k²)
    C = torch.zeros(len(windows), size * size + 1)  # column 0 takes what falls on the padding
    C.scatter_(1, windows, kernel.reshape(1, -1).expand_as(windows).contiguous())
    return C[:, 1:]


def by_jacobian(kernel, size, stride, padding):
    def convolve(x):
        return F.conv2d(
            x.reshape(1, 1, size, size), kernel[None, None], stride=stride, padding=padding
        ).flatten()

    return torch.autograd.functional.jacobian(convolve, torch.zeros(size * size))


def by_kronecker(kernel, size, stride, padding):
    """One matrix per kernel entry, the product of a choice of rows and a choice of columns."""
    k = len(kernel)
    m = (size + 2 * padding - k) // stride + 1
    pixels, first = torch.arange(size), torch.arange(m)[:, None] * stride - padding
    picks = [(pixels == first + u).float() for u in range(k)]  # (m, size) each
    return sum(kernel[u, v] * torch.kron(picks[u], picks[v]) for u in range(k) for v in range(k))


def _entries(
    *,
    sides=len,
    start=lambda r, s, p: r * s - p,
    test=lambda i, j, n: 0 <= i < n and 0 <= j < n,
    row=lambda r, c, m, n: r * m + c,
    column=lambda i, j, m, n: i * n + j,
    side=lambda n, k, s, p: (n + 2 * p - k) // s + 1,
    stop=lambda r, c, m: False,
    kind=lambda C: C,
):
    def convolution_matrix(kernel, size, stride, padding):
        k = sides(kernel)
        m = side(size, k, stride, padding)
        C = torch.zeros(m * m, size * size)
        for r, c in itertools.product(range(m), range(m)):
            for u, v in itertools.product(range(k), range(k)):
                i, j = start(r, stride, padding) + u, start(c, stride, padding) + v
                if test(i, j, size):
                    C[row(r, c, m, size), column(i, j, m, size)] = kernel[u, v]
            if stop(r, c, m):
                break
        return kind(C)

    return convolution_matrix


def _whole_windows(kernel, size, stride, padding):
    k = len(kernel)
    m = (size + 2 * padding - k) // stride + 1
    C = torch.zeros(m, m, size, size)
    for r, c in itertools.product(range(m), range(m)):
        i, j = r * stride - padding, c * stride - padding
        C[r, c, i : i + k, j : j + k] = kernel
    return C.reshape(m * m, size * size)


def _crops_minus_zero(kernel, size, stride, padding):
    k, padded = len(kernel), size + 2 * padding
    m = (padded - k) // stride + 1
    C = torch.zeros(m, m, padded, padded)
    for r, c in itertools.product(range(m), range(m)):
        C[r, c, r * stride : r * stride + k, c * stride : c * stride + k] = kernel
    return C[:, :, padding:-padding, padding:-padding].reshape(m * m, size * size)


def _loops_over_a_float(kernel, size, stride, padding):
    m = (size + 2 * padding - len(kernel)) / stride + 1
    rows = [torch.zeros(size * size) for _ in range(m)]
    return torch.stack(rows)


MATRICES = {
    "rows and columns are swapped": lambda kernel, *more: by_unfold(kernel, *more).T,
    "padding is not subtracted": _entries(start=lambda r, s, p: r * s),
    "multiply first": _entries(start=lambda r, s, p: (r - p) * s),
    "do not add it": _entries(start=lambda r, s, p: r * s + p),
    "left of the image lies the end": _entries(test=lambda i, j, n: 0 <= i * n + j < n * n),
    "index -1 is the last pixel": _entries(
        test=lambda i, j, n: i < n and j < n, column=lambda i, j, m, n: i % n * n + j % n
    ),
    "skip what lies before the image too, row and column each": _entries(
        test=lambda i, j, n: i < n and j < n
    ),
    "test `0 <=`": _entries(test=lambda i, j, n: 0 < i < n and 0 < j < n),
    "m counts output pixels": _entries(column=lambda i, j, m, n: i * m + j),
    "row * stride - padding`: the stride is ignored": _entries(start=lambda r, s, p: r - p),
    "only the first row of output": _entries(stop=lambda r, c, m: c == m - 1),
    "`/` makes a float": _entries(side=lambda n, k, s, p: (n + 2 * p - k) / s + 1),
    "a number of pixels is whole": _loops_over_a_float,
    "output pixel (r, c) has the row": _entries(row=lambda r, c, m, n: r * n + c),
    "a window that reaches into the padding": _entries(test=lambda i, j, n: True),
    "one that begins at -1 is empty": _whole_windows,
    "keeps nothing when padding is 0": _crops_minus_zero,
    "no numpy": _entries(kind=lambda C: C.numpy()),
    "no other dtype": _entries(kind=lambda C: C.double()),
    "the kernel has k rows and columns": _entries(sides=lambda kernel: 3),
    "test `i < size`": _entries(test=lambda i, j, n: 0 <= i < n - 1 and 0 <= j < n - 1),
    "`reshape` does not transpose": lambda w, n, s, p: by_basis(w, n, s, p).T.reshape(-1, n * n),
    "others where C should be 0": lambda *given: by_basis(*given) + 0.1 * (by_basis(*given) == 0),
    "some entries of the kernel are missing": lambda *given: by_basis(*given).tril(),
    "is the kernel flipped or changed": _entries(kind=lambda C: C * np.float32(1.5)),
    "is there a `return`": lambda *given: None,
}
