"""Answers to lab 01; those of 1.2 and 1.3 are in `lab01_loops`."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from tests.answers import lab01_loops

# 1.1


def _by_last_pixel(size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    """The index of the last pixel that any stamp touches, then the crop."""
    last = max(
        i * stride + k * dilation for i in (0, size - 1) for k in (0, kernel_size - 1)
    )  # the far corner
    return len(range(last + 1)) - padding - padding + output_padding


def _by_terms(size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    return size * stride - stride - padding - padding + dilation * kernel_size - dilation + output_padding + 1


def _by_layer(size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    layer = nn.ConvTranspose2d(1, 1, kernel_size, stride, padding, output_padding, dilation=dilation)
    return layer(torch.zeros(1, 1, size, size)).shape[-1]


def _forward(size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    return math.floor((size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1)


def _other_order(size, stride, kernel_size=1, padding=0, output_padding=0, dilation=1):
    return _by_terms(size, kernel_size, stride, padding, output_padding, dilation)


def _no_defaults(size, kernel_size, stride=2, padding=0, output_padding=0, dilation=1):
    return _by_terms(size, kernel_size, stride, padding, output_padding, dilation)


def _line(spread, crop, end):
    """The length of a line of pixels that is built, cropped and extended, with one slip in it."""

    def output_size(size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
        line = [None] * (size * stride - stride) + spread([0] * kernel_size, dilation)
        return len(crop(line, padding) + end([None] * output_padding))

    return output_size


def _spread(kernel, dilation):
    return [entry for one in kernel for entry in [one] + [None] * (dilation - 1)][: 1 - dilation or None]


def _crop(line, padding):
    return line[padding : len(line) - padding]


def _end(pixels):
    return pixels


def _wrong(change):
    """The formula, with arguments changed where somebody thinks that they do not matter."""
    return lambda size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1: _by_terms(
        *change(size, kernel_size, stride, padding, output_padding, dilation)
    )


def _by_touching(size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    touched = {i * stride + k * dilation for i in range(size) for k in range(kernel_size)}
    return max(touched) + 1 - 2 * padding + output_padding


# 1.4


def _of_ones(size, kernel_size, stride, padding):
    image, kernel = torch.ones(1, 1, size, size), torch.ones(1, 1, kernel_size, kernel_size)
    return F.conv_transpose2d(image, kernel, stride=stride, padding=padding)[0, 0]


def _by_counting(size, kernel_size, stride, padding):
    """For each pixel of a line, the stamps that begin at it or at most kernel_size - 1 before it."""
    out = (size - 1) * stride - 2 * padding + kernel_size
    line = torch.tensor(
        [sum(0 <= p + padding - i * stride < kernel_size for i in range(size)) for p in range(out)]
    )
    return line[:, None] * line


def _loops(begin=torch.zeros, crop=True, add=lambda here: here + 1, shift=0):
    """Stamp by stamp, with one slip; ``shift`` paddings are taken off before the stamp, not afterwards."""

    def overlap_counts(size, kernel_size, stride, padding):
        full = (size - 1) * stride + kernel_size - 2 * shift * padding
        counts, first = begin(full, full), -shift * padding
        for i in range(first, first + size * stride, stride):
            for j in range(first, first + size * stride, stride):
                here = slice(i, i + kernel_size), slice(j, j + kernel_size)
                counts[here] = add(counts[here])
        cut = padding if crop and not shift else 0
        return counts[cut : full - cut, cut : full - cut]

    return overlap_counts


def _module(size, kernel_size, stride, padding):
    return nn.ConvTranspose2d(1, 1, kernel_size, stride, padding)(torch.ones(1, 1, size, size))[0, 0]


def _two_axes(size, kernel_size, stride, padding):
    image, kernel = torch.ones(size, size), torch.ones(kernel_size, kernel_size)
    return F.conv_transpose2d(image, kernel, stride=stride, padding=padding)


def _of_means(size, kernel_size, stride, padding):
    image, kernel = torch.ones(1, 1, size, size), torch.full((1, 1, kernel_size, kernel_size), 1.0)
    return F.conv_transpose2d(image, kernel / kernel.sum(), stride=stride, padding=padding)[0, 0]


# 1.5

_DOUBLE = [(4, 2, 1)]

RIGHT = {
    "1.1": [_by_last_pixel, _by_terms, _by_touching, lambda *a, **k: int(_by_terms(*a, **k) / 1)],
    "1.2": [
        lab01_loops.by_fold,
        lab01_loops.by_kernel_entry,
        lab01_loops.by_matrices,
        lab01_loops.by_gathering,
    ],
    "1.3": [lab01_loops.by_basis, lab01_loops.by_unfold, lab01_loops.by_jacobian, lab01_loops.by_kronecker],
    "1.4": [_of_ones, _by_counting, _loops()],
    "1.5": [
        lambda: [(4, 1, 0)] + _DOUBLE * 4,
        lambda: tuple([4, 2 - (i == 0), int(i > 0)] for i in range(5)),
        lambda: torch.tensor([[4, 1, 0]] + [[4, 2, 1]] * 4),
    ],
}

WRONG = {
    "1.1": {
        "size after a convolution": _forward,
        "changed places": _other_order,
        "keep the `def` line": _no_defaults,
        "off one side only": _line(_spread, lambda line, p: line[p:], _end),
        "output_padding is ignored": _line(_spread, _crop, lambda pixels: []),
        "output_padding is added once": _line(_spread, _crop, lambda pixels: pixels * 2),
        "dilation is ignored": _line(lambda kernel, d: kernel, _crop, _end),
        "has 2 gaps, not 3": _line(lambda kernel, d: kernel * d, _crop, _end),
        "wrong only where the stride is 1 and there is padding": _wrong(
            lambda n, k, s, p, o, d: (n, k, s, p * (s > 1), o, d)
        ),
        "there is output padding and there is no padding": _wrong(
            lambda n, k, s, p, o, d: (n, k, s, p, o * (p > 0), d)
        ),
        "the stride is 1 and there is output padding": _wrong(
            lambda n, k, s, p, o, d: (n, k, s, p, o * (s > 1), d)
        ),
        "the stride is 1 and the dilation is larger": _wrong(
            lambda n, k, s, p, o, d: (n, k, s, p, o, d if s > 1 else 1)
        ),
        "only where there is output padding": _wrong(lambda n, k, s, p, o, d: (n, k, s, p, o * o * s, d)),
        "not multiplied by the stride": _wrong(lambda n, k, s, p, o, d: (n + o, k, s, p, 0, d)),
        "are cropped at either end": _wrong(lambda n, k, s, p, o, d: (n, k, s, min(p, 1), o, d)),
        "the last one reaches over": lambda size, *_, **__: 2 * size,
        "names and order": lambda n, k, s=1, p=0, o=0, d=1: _by_terms(n, k, s, p, o, d),
        "turn whole numbers into floats": lambda *given, **more: _by_terms(*given, **more) / 1,
        "a tensor was returned": lambda *given, **more: torch.tensor(_by_terms(*given, **more)),
        "a text was returned": lambda *given, **more: str(_by_terms(*given, **more)),
        "one number is asked for": lambda *given, **more: (_by_terms(*given, **more),) * 2,
        "hides the formula": _by_layer,
        "the size can be read as numbers": lambda *given, **more: None,
        "keep its `def` line": lambda size, kernel_size: size,
    },
    "1.2": lab01_loops.STAMPS,
    "1.3": lab01_loops.MATRICES,
    "1.4": {
        "padding is ignored": _loops(crop=False),
        "begin with zeros": _loops(begin=torch.ones),
        "touched or not": _loops(add=torch.ones_like),
        "a slice like c[-1:3] is empty": _loops(shift=1),
        "each stamp counts as one": _of_means,
        "counts have two axes": lambda *given: _by_counting(*given)[0],
        "random weights and bias are not": _module,
        "wants four axes": _two_axes,
        "the third argument of this function is the bias": lambda n, k, s, p: F.conv_transpose2d(
            torch.ones(1, 1, n, n), torch.ones(1, 1, k, k), s, p
        ),
        "keeps nothing when padding is 0": lambda n, k, s, p: _by_counting(n, k, s, 0)[p:-p, p:-p],
        "stamps enlarge": lambda n, k, s, p: F.conv2d(
            torch.ones(1, 1, n, n), torch.ones(1, 1, k, k), stride=s, padding=p
        )[0, 0],
        "before the crop, stamp (i, j) covers": lambda *given: _by_counting(*given) - 1,
        "padding 1: one count per output pixel": lambda n, k, s, p: _by_counting(n, k, s, p if s > 1 else 0),
        "is there a `return`": lambda *given: None,
    },
    "1.5": {
        "the order is (kernel_size, stride, padding)": lambda: [(1, 4, 0)] + [(2, 4, 1)] * 4,
        "layer 1 has kernel 5; this ladder has 4 throughout": lambda: [(5, 1, 0)] + [(3, 2, 1)] * 4,
        "layer 2 has kernel 3": lambda: [(4, 1, 0), (3, 2, 1)] + _DOUBLE * 3,
        "layer 3: from 8, stride 2 and padding 2": lambda: [(4, 1, 0), (4, 2, 1), (4, 2, 2)] + _DOUBLE * 2,
        "crops the stamp of 4 to 2": lambda: torch.tensor([[4, 1, 1]] + [[4, 2, 1]] * 4),
        "comes out 2 too large": lambda: [(4, 3, 0)] + [(4, 2, 0)] * 4,
        "strides are at least 1": lambda: [(4, 1, 0)] + [(4, 0, -1)] * 4,
        "or a stride below 1": lambda: [(4, 1, 0), (4, 1, -2)] + _DOUBLE * 3,
        "on a single pixel any stride": lambda: [(4, 4, 0)] + _DOUBLE * 4,
        "throws work away": lambda: [(4, 1, 0), (4, 4, 4)] + _DOUBLE * 3,
        "write 4, not the float": lambda: torch.tensor([[4.0, 1, 0]] + [[4.0, 2, 1]] * 4),
        "not all of them whole numbers": lambda: [(4, 1), (4, 2, 1)],
        "the ladder can be read as numbers": lambda: None,
    },
}
