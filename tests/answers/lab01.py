"""Answers to lab 01: right ones written in other ways, and what beginners write."""

import torch
from torch import nn
from torch.nn import functional as F

from tests.answers import stamping
from tests.answers.stamp_slips import MATRIX_SLIPS, STAMP_SLIPS

# 1.1


def _by_layer(module, axes):
    def output_size(size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
        layer = module(1, 1, kernel_size, stride, padding, output_padding, dilation=dilation)
        return layer(torch.zeros(1, 1, *[size] * axes)).shape[-1]

    return output_size


def _spread_stamps(spread_kernel):
    def output_size(size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
        reach = (kernel_size - 1) * dilation + 1 if spread_kernel else kernel_size
        return (size - 1) * stride * dilation + reach - 2 * padding + output_padding

    return output_size


def _by_last_pixel(size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    """The index of the last pixel that any stamp touches, then the crop."""
    last = max(
        i * stride + k * dilation for i in (0, size - 1) for k in (0, kernel_size - 1)
    )  # the far corner
    return len(range(last + 1)) - padding - padding + output_padding


def _sizes(extent=lambda k, d: (k - 1) * d + 1, crop=2, end=1, steps=-1, extra=0):
    """output_size with one thing wrong."""

    def output_size(size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
        stamps = (size + steps) * stride + extent(kernel_size, dilation)
        return stamps - crop * padding + end * output_padding + extra

    return output_size


def _forward_size(size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


def _swapped(size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    return _sizes()(size, stride, kernel_size, padding, output_padding, dilation)


def _no_defaults(size, kernel_size, stride=2, padding=0, output_padding=0, dilation=1):
    return _sizes()(size, kernel_size, stride, padding, output_padding, dilation)


# 1.4 ----------------------------------------------------------------


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


def _by_loops(size, kernel_size, stride, padding):
    full = (size - 1) * stride + kernel_size
    counts = torch.zeros(full, full, dtype=torch.int64)
    for i in range(0, size * stride, stride):
        for j in range(0, size * stride, stride):
            counts[i : i + kernel_size, j : j + kernel_size] += 1
    return counts[padding : full - padding, padding : full - padding]


def _changed(change, *, padding_used=True):
    """overlap_counts, then something done to it."""

    def overlap_counts(size, kernel_size, stride, padding):
        counts = _by_counting(size, kernel_size, stride, padding if padding_used else 0)
        return change(counts, size, kernel_size, padding)

    return overlap_counts


def _line(counts):
    """The counts along one side: those on the diagonal are their squares."""
    return counts.diagonal().float().sqrt()


def _crops_one_end(size, kernel_size, stride, padding):
    full = _by_counting(size, kernel_size, stride, 0)
    return full[: len(full) - 2 * padding, : len(full) - 2 * padding]


def _negative_slices(size, kernel_size, stride, padding):
    out = (size - 1) * stride - 2 * padding + kernel_size
    counts = torch.zeros(out, out)
    for i in range(-padding, size * stride - padding, stride):
        for j in range(-padding, size * stride - padding, stride):
            counts[i : i + kernel_size, j : j + kernel_size] += 1
    return counts


def _per_input_pixel(size, kernel_size, stride, padding):
    return torch.full((size, size), kernel_size**2)


# 1.5 ----------------------------------------------------------------

_DOUBLE = [(4, 2, 1)]

RIGHT = {
    "1.1": [
        _by_last_pixel,
        lambda size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1: (
            size * stride
            - stride
            - padding
            - padding
            + dilation * kernel_size
            - dilation
            + output_padding
            + 1
        ),
    ],
    "1.2": [stamping.by_fold, stamping.by_kernel_entry, stamping.by_matrices],
    "1.3": [stamping.by_basis, stamping.by_unfold, stamping.by_jacobian],
    "1.4": [_of_ones, _by_counting, _by_loops],
    "1.5": [
        lambda: [(4, 1, 0)] + _DOUBLE * 4,
        lambda: tuple([4, 2 - (i == 0), int(i > 0)] for i in range(5)),
        lambda: torch.tensor([[4, 1, 0]] + [[4, 2, 1]] * 4),
    ],
}

WRONG = {
    "1.1": {
        "size after a convolution": _forward_size,
        "take `size - 1` steps": _sizes(steps=0),
        "still reaches `kernel_size` further": _sizes(extent=lambda k, d: 0),
        "one too few": _sizes(extra=-1),
        "one too many": _sizes(extra=1),
        "holds for some kernels": lambda size, kernel_size, stride=1, *rest, **more: size * stride,
        "changed places": _swapped,
        "turns whole numbers into floats": lambda *given, **more: _sizes()(*given, **more) / 1,
        "a tensor was returned": lambda *given, **more: torch.tensor(_sizes()(*given, **more)),
        "a text was returned": lambda *given, **more: str(_sizes()(*given, **more)),
        "one number is asked for": lambda *given, **more: (_sizes()(*given, **more),) * 2,
        "hides the formula": _by_layer(nn.ConvTranspose1d, 1),
        "count the pixels yourself": _by_layer(nn.ConvTranspose2d, 2),
        "the size can be read as numbers": lambda *given, **more: None,
        "is added once, where the last stamp begins": lambda size, kernel_size, stride=1, *rest: (
            (size - 1) * (stride + kernel_size)
        ),
        "its entries lie 1 apart": _sizes(extent=lambda k, d: k + (k - 1) * d),
        "it was added only once": _sizes(extent=lambda k, d: k + d - 1),
        "leave the stride as it is": _spread_stamps(spread_kernel=False),
        "the stamps stay `stride` apart": _spread_stamps(spread_kernel=True),
        "keep the `def` line": _no_defaults,
        "padding is ignored": _sizes(crop=0),
        "padding makes a transposed convolution smaller": _sizes(crop=-2),
        "off one side only": _sizes(crop=1),
        "output_padding is ignored": _sizes(end=0),
        "added once": _sizes(end=2),
        "output_padding makes the output larger": _sizes(end=-1),
        "dilation is ignored": _sizes(extent=lambda k, d: k),
        "has 2 gaps, not 3": _sizes(extent=lambda k, d: k * d),
        "dilation is the step": _sizes(extent=lambda k, d: (k - 1) * (d + 1) + 1 if d > 1 else k),
        "is there a `return`": lambda *given, **more: None,
        "keep its `def` line": lambda size, kernel_size: size,
    },
    "1.2": {
        "keeps nothing when padding is 0": stamping.stamps(crop="python"),
        "axes are left over": stamping.keeps_axes,
        "has the stride too much": stamping.stamps(room=1),
        "height and width are swapped": lambda *given: stamping.stamps()(*given).T,
        "kernel is turned round": stamping.stamps(flip=True),
        "multiply it by the pixel": stamping.stamps(value=False),
        "no stamp has arrived": stamping.stamps(value=True, kernel_of=lambda k: k * 0),
        "stamps stand too close": stamping.stamps(step=1),
        "a later stamp replaces": stamping.stamps(add=False),
        "padding is ignored": stamping.stamps(crop="none"),
        "one end only": stamping.stamps(crop="first"),
        "padding was added": stamping.stamps(crop="outside"),
        "the input was padded": stamping.pads_input,
        "both rows were cut at one end": stamping.stamps(crop="end"),
        "both rows were cut at the beginning": stamping.stamps(crop="begin"),
        "no convolution of torch": stamping.calls_torch,
        "of a canvas with": stamping.too_small,
        "writes into the caller's tensor": stamping.spoils_kernel,
        "is there a `return`": lambda *given: None,
        "the output for one pixel can be read": lambda *given: stamping.stamps()(*given).tolist(),
        **STAMP_SLIPS,
    },
    "1.3": {
        "rows and columns are swapped": lambda *given: stamping.by_basis(*given).T,
        "the stride is ignored": stamping.rows(step=1),
        "padding is ignored": stamping.rows(pad=0),
        "padded pixels have no column": stamping.with_padding_columns,
        "four axes are left": stamping.four_axes,
        "kernel is turned round": stamping.rows(index=lambda u, v: (2 - u, 2 - v)),
        "kernel is transposed": stamping.rows(index=lambda u, v: (v, u)),
        "or images are flattened column by column": stamping.rows(by_column="in, out"),
        "input pixel (i, j) has the number": stamping.rows(by_column="in"),
        "output pixel (r, c) has the number": stamping.rows(by_column="out"),
        "every row holds the same": stamping.rows(fixed=True),
        "index -1 is the last pixel": stamping.rows(skip=False),
        "padding is not subtracted": stamping.rows(shift=False),
        "still empty": lambda *given: torch.zeros_like(stamping.by_basis(*given)),
        "reaches into the padding": stamping.never_skips,
        "is there a `return`": lambda *given: None,
        **MATRIX_SLIPS,
    },
    "1.4": {
        "counts have two axes": _changed(lambda counts, size, k, p: counts[len(counts) // 2]),
        "axes are left over": _changed(lambda counts, size, k, p: counts[None, None]),
        "padding is ignored": _changed(lambda counts, size, k, p: counts, padding_used=False),
        "one per output pixel": _per_input_pixel,
        "asked for at every pixel": _changed(lambda counts, size, k, p: counts.max()),
        "changed places": lambda size, kernel_size, stride, padding: _by_counting(
            size, stride, kernel_size, padding
        ),
        "touched or not": _changed(lambda counts, size, k, p: counts.clamp(max=1)),
        "rows and columns multiply": _changed(
            lambda counts, size, k, p: _line(counts)[:, None] + _line(counts)[None]
        ),
        "only the rows": _changed(lambda counts, size, k, p: _line(counts)[:, None].expand(counts.shape)),
        "only the columns": _changed(lambda counts, size, k, p: _line(counts)[None].expand(counts.shape)),
        "not shares": _changed(lambda counts, size, k, p: counts / counts.max()),
        "not as a share of its kernel": _changed(lambda counts, size, k, p: counts / k**2),
        "took both sides from one end": _crops_one_end,
        "begin with zeros": _changed(lambda counts, size, k, p: counts + 1),
        "the stride is ignored": lambda size, kernel_size, stride, padding: _by_counting(
            size, kernel_size, 1, padding
        ),
        "has random weights": lambda size, kernel_size, stride, padding: nn.ConvTranspose2d(
            1, 1, kernel_size, stride, padding
        )(torch.ones(1, 1, size, size))[0, 0],
        "a slice like c[-1:3] is empty": _negative_slices,
        "how many pixels one stamp touches": _changed(lambda counts, size, k, p: counts * 0 + k**2),
        "wants four axes": lambda size, kernel_size, stride, padding: F.conv_transpose2d(
            torch.ones(size, size), torch.ones(kernel_size, kernel_size), stride=stride, padding=padding
        ),
        "no stamp has been counted": _changed(lambda counts, size, k, p: counts * 0),
        "is there a `return`": lambda *given: None,
    },
    "1.5": {
        "six sizes and five steps": lambda: [(4, 1, 0)] + _DOUBLE * 5,
        "one more leads from 1 to 4": lambda: _DOUBLE * 4,
        "one tuple per layer": lambda: [(4, 4, 4, 4, 4), (1, 2, 2, 2, 2), (0, 1, 1, 1, 1)],
        "the kernel belongs in it too": lambda: [(1, 0)] + [(2, 1)] * 4,
        "return a list of five": lambda: (4, 2, 1),
        "the order is (kernel_size, stride, padding)": lambda: [(1, 4, 0)] + [(2, 4, 1)] * 4,
        "this ladder has 4 throughout": lambda: [(5, 1, 0)] + [(3, 2, 1)] * 4,
        "layer 2 has kernel 3": lambda: [(4, 1, 0), (3, 2, 1)] + _DOUBLE * 3,
        "layer 2 has kernel 2": lambda: [(4, 1, 0)] + [(2, 2, 0)] * 4,
        "write 4, not the float": lambda: [(4.0, 1.0, 0.0)] + _DOUBLE * 4,
        "every layer has a tuple of three": lambda: [4, 8, 16, 32, 64],
        "on a single pixel any stride": lambda: [(4, 4, 0)] + _DOUBLE * 4,
        "gives the same size": lambda: [(4, 3, 0)] + _DOUBLE * 4,
        "the ladder can be read as numbers": lambda: None,
        "crops the stamp of 4 to 2": lambda: _DOUBLE * 5,
        "order of the discriminator": lambda: _DOUBLE * 4 + [(4, 1, 0)],
        "comes out 2 too large": lambda: [(4, 1, 0)] + [(4, 2, 0)] * 4,
        "stride 1 adds 3": lambda: [(4, 1, 0)] * 5,
        "stride and padding have changed places": lambda: [(4, 1, 0)] + [(4, 1, 2)] * 4,
        "layer 3: from 8": lambda: [(4, 1, 0), (4, 2, 1), (4, 2, 2), (4, 2, 1), (4, 2, 1)],
        "the smallest is 1": lambda: [(4, 2, 0)] + _DOUBLE * 4,
        "throws work away": lambda: [(4, 1, 0), (4, 4, 4)] + _DOUBLE * 3,
        "is there a `return`": lambda: None,
    },
}
