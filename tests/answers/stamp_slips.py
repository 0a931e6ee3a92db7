"""More of what beginners write in exercises 1.2 and 1.3: one template each, with one slip at a time."""

import itertools

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

# 1.2 ----------------------------------------------------------------


def _stamps(
    *,
    sizes=lambda image, kernel: (*image.shape, *kernel.shape),
    begin=torch.zeros,
    pixels=lambda h, w, stride: itertools.product(range(h), range(w)),
    where=lambda i, j, s, kh, kw: (slice(i * s, i * s + kh), slice(j * s, j * s + kw)),
    stamp=lambda image, kernel, i, j: image[i, j] * kernel,
    stop=lambda i, j, w: False,
    crop=lambda canvas, p: canvas[p : len(canvas) - p, p : canvas.shape[1] - p],
):
    def transposed_conv(image, kernel, stride, padding):
        h, w, kh, kw = sizes(image, kernel)
        canvas = begin((h - 1) * stride + kh, (w - 1) * stride + kw)
        for i, j in pixels(h, w, stride):
            canvas[where(i, j, stride, kh, kw)] += stamp(image, kernel, i, j)
            if stop(i, j, w):
                break
        return crop(canvas, padding)

    return transposed_conv


def _times_in_place(image, kernel, i, j):
    kernel *= image[i, j]
    return kernel


def _four_axes(image, kernel, stride, padding):
    _, _, h, w = image.shape
    return torch.zeros(h, w)


def _by_module(image, kernel, stride, padding):
    return nn.ConvTranspose2d(1, 1, kernel.shape, stride, padding)(image[None, None])[0, 0]


def _by_conv2d(image, kernel, stride, padding):
    return F.conv2d(image[None, None], kernel[None, None], stride=stride, padding=padding)[0, 0]


STAMP_SLIPS = {
    "two shapes differ": _stamps(where=lambda i, j, s, kh, kw: (slice(i * s, kh), slice(j * s, kw))),
    "print both": lambda image, kernel, stride, padding: image * kernel,
    "rows first": _stamps(
        where=lambda i, j, s, kh, kw: (slice(j * s, j * s + kh), slice(i * s, i * s + kw)),
    ),
    "[start : start + kh]": _stamps(sizes=lambda image, kernel: (*image.shape, *kernel.shape[::-1])),
    "one pixel times the kernel goes into": _stamps(
        stamp=lambda image, kernel, i, j: image[i, j] * kernel.T,
    ),
    "an index lies outside": _stamps(sizes=lambda image, kernel: (*image.shape[::-1], *kernel.shape)),
    "not to a single index": _stamps(where=lambda i, j, s, kh, kw: (i * s + kh, j * s + kw)),
    "the kernel goes whole": _stamps(stamp=lambda image, kernel, i, j: image[i][j] * kernel[i][j]),
    "two axes here": _four_axes,
    "the canvas holds whole numbers": _stamps(begin=lambda *size: torch.zeros(size, dtype=torch.int64)),
    "torch.empty holds whatever": _stamps(begin=torch.empty),
    "began with ones": _stamps(begin=torch.ones),
    "loop over all of range(H)": _stamps(
        pixels=lambda h, w, s: itertools.product(range(h - 1), range(w - 1))
    ),
    "and add each stamp": _stamps(pixels=lambda h, w, s: itertools.product(range(1, h), range(1, w))),
    "spoils the kernel": _stamps(stamp=_times_in_place),
    "only the first row of pixels": _stamps(stop=lambda i, j, w: j == w - 1),
    "only the first pixel has": _stamps(stop=lambda i, j, w: True),
    "does `range` take the stride": _stamps(
        pixels=lambda h, w, s: itertools.product(range(0, h, s), range(0, w, s)),
        where=lambda i, j, s, kh, kw: (slice(i, i + kh), slice(j, j + kw)),
    ),
    "rows are cropped, columns are not": _stamps(crop=lambda canvas, p: canvas[p : len(canvas) - p]),
    "columns are cropped, rows are not": _stamps(crop=lambda canvas, p: canvas[:, p : canvas.shape[1] - p]),
    "also draw random weights": _by_module,
    "no convolution of torch is needed": _by_conv2d,
    "return it as it is": _stamps(crop=lambda canvas, p: canvas.numpy()),
}


# 1.3 ----------------------------------------------------------------


def _entries(
    *,
    start=lambda r, s, p: r * s - p,
    test=lambda i, j, n: 0 <= i < n and 0 <= j < n,
    row=lambda r, c, m, n: r * m + c,
    column=lambda i, j, m, n: i * n + j,
    side=lambda n, k, s, p: (n + 2 * p - k) // s + 1,
    stop=lambda r, c, m: False,
    kind=lambda C: C,
):
    def convolution_matrix(kernel, size, stride, padding):
        k = len(kernel)
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


def _crops_minus_zero(shape):
    def convolution_matrix(kernel, size, stride, padding):
        k, padded = len(kernel), size + 2 * padding
        m = (padded - k) // stride + 1
        C = torch.zeros(m, m, padded, padded)
        for r, c in itertools.product(range(m), range(m)):
            C[r, c, r * stride : r * stride + k, c * stride : c * stride + k] = kernel
        return shape(C[:, :, padding:-padding, padding:-padding], m, size)

    return convolution_matrix


def _loops_over_a_float(kernel, size, stride, padding):
    m = (size + 2 * padding - len(kernel)) / stride + 1
    rows = [torch.zeros(size * size) for _ in range(m)]
    return torch.stack(rows)


MATRIX_SLIPS = {
    "`/` makes a float": _entries(side=lambda n, k, s, p: (n + 2 * p - k) / s + 1),
    "a number of pixels is whole": _loops_over_a_float,
    "has the row `r * m + c`": _entries(row=lambda r, c, m, n: r * n + c),
    "window reaches into": _entries(test=lambda i, j, n: True),
    "left of the image lies the end": _entries(test=lambda i, j, n: 0 <= i * n + j < n * n),
    "the stride is ignored": _entries(start=lambda r, s, p: r - p),
    "do not add it": _entries(start=lambda r, s, p: r * s + p),
    "multiply first": _entries(start=lambda r, s, p: (r - p) * s),
    "belong to the image: test `0 <=`": _entries(test=lambda i, j, n: 0 < i < n and 0 < j < n),
    "m counts output pixels": _entries(column=lambda i, j, m, n: i * m + j),
    "only the first row of output": _entries(stop=lambda r, c, m: c == m - 1),
    "only the first output pixel": _entries(stop=lambda r, c, m: True),
    "one that begins at -1 is empty": _whole_windows,
    "the crop is empty": _crops_minus_zero(lambda C, m, size: C.flatten(2).flatten(0, 1)),
    "keeps nothing when padding is 0": _crops_minus_zero(lambda C, m, size: C.reshape(m * m, size * size)),
    "skip what lies before the image too, row and column each": _entries(
        test=lambda i, j, n: i < n and j < n
    ),
    "no numpy": _entries(kind=lambda C: C.numpy()),
    "no other dtype": _entries(kind=lambda C: C.double()),
    "the entries of C, so that": _entries(kind=lambda C: C * np.float32(1.5)),
}
