"""Answers to exercises 1.2 and 1.3: loops over pixels, written well and written wrongly."""

import itertools

import torch
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


def stamps(*, add=True, flip=False, step=None, crop="both", room=0, value=True, kernel_of=lambda k: k):
    """transposed_conv with one thing wrong."""

    def transposed_conv(image, kernel, stride, padding):
        kernel = kernel_of(kernel.flip(0, 1) if flip else kernel)
        (h, w), (kh, kw) = image.shape, kernel.shape
        used = step or stride
        canvas = torch.zeros((h - 1) * stride + kh + room * stride, (w - 1) * stride + kw + room * stride)
        for i in range(h):
            for j in range(w):
                here = canvas[i * used : i * used + kh, j * used : j * used + kw]
                stamp = image[i, j] * kernel if value else kernel
                here.copy_(here + stamp if add else stamp)
        rows, columns = canvas.shape
        return {
            "both": canvas[padding : rows - padding, padding : columns - padding],
            "python": canvas[padding:-padding, padding:-padding],
            "none": canvas,
            "first": canvas[padding:, padding:],
            "end": canvas[: rows - 2 * padding, : columns - 2 * padding],
            "begin": canvas[2 * padding :, 2 * padding :],
            "outside": F.pad(canvas, [padding] * 4),
        }[crop]

    return transposed_conv


def calls_torch(image, kernel, stride, padding):
    layer = F.conv_transpose2d(image[None, None], kernel[None, None], stride=stride, padding=padding)
    return layer[0, 0]


def keeps_axes(image, kernel, stride, padding):
    return stamps()(image, kernel, stride, padding)[None, None]


def too_small(image, kernel, stride, padding):
    (h, w), (kh, kw) = image.shape, kernel.shape
    canvas = torch.zeros(h * stride + kh - stride - 1, w * stride + kw - stride)
    for i in range(h):
        for j in range(w):
            canvas[i * stride : i * stride + kh, j * stride : j * stride + kw] += image[i, j] * kernel
    return canvas


def spoils_kernel(image, kernel, stride, padding):
    out = stamps()(image, kernel, stride, padding)
    kernel.mul_(2)
    return out


def pads_input(image, kernel, stride, padding):
    return stamps(crop="none")(F.pad(image, [padding] * 4), kernel, stride, 0)


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


def rows(*, skip=True, shift=True, index=lambda u, v: (u, v), by_column="", step=None, fixed=False, pad=None):
    """convolution_matrix with one thing wrong."""

    def convolution_matrix(kernel, size, stride, padding):
        padding, stride, k = padding if pad is None else pad, step or stride, len(kernel)
        out = (size + 2 * padding - k) // stride + 1
        C = torch.zeros(out * out, size * size)
        for r, c, u, v in itertools.product(range(out), range(out), range(k), range(k)):
            i, j = (u, v) if fixed else (r * stride + u, c * stride + v)
            i, j = (i - padding, j - padding) if shift else (i, j)
            if i >= size or j >= size or (skip and (i < 0 or j < 0)):
                continue
            row = c * out + r if "out" in by_column else r * out + c
            column = j * size + i if "in" in by_column else i % size * size + j % size
            C[row, column] = kernel[index(u, v)]
        return C

    return convolution_matrix


def never_skips(kernel, size, stride, padding):
    k = len(kernel)
    out = (size + 2 * padding - k) // stride + 1
    C = torch.zeros(out, out, size, size)
    for r, c, u, v in itertools.product(range(out), range(out), range(k), range(k)):
        C[r, c, r * stride + u, c * stride + v] = kernel[u, v]
    return C.reshape(out * out, -1)


def with_padding_columns(kernel, size, stride, padding):
    return by_basis(kernel, size + 2 * padding, stride, 0)


def four_axes(kernel, size, stride, padding):
    C = by_basis(kernel, size, stride, padding)
    out = round(len(C) ** 0.5)
    return C.reshape(out, out, size, size)
