"""Lab 01: the transposed convolution, as sizes, as stamps, as the transpose of a matrix, and as a ladder."""

import numbers

import numpy as np
import torch
from torch.nn import functional as F

from labkit.exercises import matrix_specs as matrices
from labkit.exercises import stamp_specs as stamps
from labkit.exercises.spec import Exercise, Written, close, holds

# 1.1 · the output size -----------------------------------------------------------------------------

_SIZE_GROUPS = ("kernel and stride", "padding", "output padding", "dilation")


def _settings(seed: int) -> dict[str, np.ndarray]:
    """Per group an integer array (8, 6): size, kernel, stride, padding, output padding, dilation.

    Each group switches on one argument more than the one before it.
    """
    rng = np.random.default_rng(seed)
    groups = {name: [] for name in _SIZE_GROUPS}
    for level, name in enumerate(_SIZE_GROUPS):
        for _ in range(8):
            stride = int(rng.integers(2, 5))
            groups[name].append(
                (
                    int(rng.integers(3, 12)),
                    int(rng.integers(3, 7)),
                    stride,
                    int(rng.integers(1, 3)) if level > 0 else 0,
                    int(rng.integers(1, stride)) if level > 1 else 0,
                    int(rng.integers(2, 4)) if level > 2 else 1,
                )
            )
    return {name: np.array(rows) for name, rows in groups.items()}


def _probe_size(output_size, groups):
    values: dict = {"the size": output_size(4, 3, 2)}
    values["kind"] = type(values["the size"]).__name__
    for level, name in enumerate(_SIZE_GROUPS):
        rows = [[int(v) for v in row] for row in groups[name]]
        values[name] = [_whole(output_size(*(row if level == 3 else row[: 3 + level]))) for row in rows]
    values["defaults"] = _whole(output_size(5, 3))
    return values


def _whole(value) -> float:
    """A whole number as it is; NaN for anything else, so that the judge sees plain numbers only."""
    return int(value) if isinstance(value, numbers.Integral) else float("nan")


def _layer_sizes(rows: np.ndarray) -> np.ndarray:
    """What torch's own layer returns for each row of settings."""
    return np.array(
        [
            F.conv_transpose1d(
                torch.zeros(1, 1, n), torch.zeros(1, 1, k), stride=s, padding=p, output_padding=o, dilation=d
            ).shape[-1]
            for n, k, s, p, o, d in rows.tolist()
        ]
    )


def _judge_size(groups, got):
    yield holds(
        "it returns a whole number",
        str(got["kind"]) in ("int", "int32", "int64"),
        got=f"a {got['kind']}",
        expected="an int",
        cause="no division is needed here; `/` turns whole numbers into floats",
    )
    rows = groups["kernel and stride"].T
    size, kernel, stride = rows[:3]
    right = _layer_sizes(rows.T)
    yield close(
        "kernel and stride",
        got["kernel and stride"],
        right,
        mistakes={
            "this is the size after a convolution, which shrinks; here the image grows": (
                (size - kernel) // stride + 1
            ),
            "`size` stamps take `size - 1` steps, not `size`": right + stride,
            "this is where the last stamp begins; it still reaches `kernel_size` further": right - kernel,
            "one too few: a stamp that begins at 0 and is 3 wide ends at 2, and the size is 3": right - 1,
            "one too many: the stamp's first pixel has been counted twice": right + 1,
            "this is `size * stride`, which holds for some kernels and paddings only": size * stride,
            "stride and kernel_size have changed places": (size - 1) * kernel + stride,
        },
    )
    yield close(
        "the defaults are stride 1, no padding, no dilation",
        got["defaults"],
        7,
        cause="keep the `def` line as it was given: stride=1, padding=0, output_padding=0, dilation=1",
    )
    rows = groups["padding"].T
    right, padding = _layer_sizes(rows.T), rows[3]
    yield close(
        "padding crops both sides",
        got["padding"],
        right,
        mistakes={
            "padding is ignored": right + 2 * padding,
            "padding makes a transposed convolution smaller: it undoes the padding of a convolution": (
                right + 4 * padding
            ),
            "padding is taken off one side only: it crops both": right + padding,
        },
    )
    rows = groups["output padding"].T
    right, output_padding = _layer_sizes(rows.T), rows[4]
    yield close(
        "output_padding adds at one end",
        got["output padding"],
        right,
        mistakes={
            "output_padding is ignored": right - output_padding,
            "output_padding is added once, at the far end only": right + output_padding,
            "output_padding makes the output larger": right - 2 * output_padding,
        },
    )
    rows = groups["dilation"].T
    right, kernel, dilation = _layer_sizes(rows.T), rows[1], rows[5]
    yield close(
        "dilation spreads the kernel",
        got["dilation"],
        right,
        mistakes={
            "dilation is ignored": right - (dilation - 1) * (kernel - 1),
            "a kernel of 3 has 2 gaps, not 3: multiply the steps between its entries": right + dilation - 1,
            "a kernel of 3 reaches over 2 steps and one pixel more: the pixel is missing": right - 1,
            "dilation 1 is the ordinary kernel; dilation is the step, not what is added to it": (
                right + kernel - 1
            ),
        },
    )


# 1.5 · the ladder ----------------------------------------------------------------------------------

_LADDER = np.array([1, 4, 8, 16, 32, 64])


def _probe_ladder(dcgan_ladder, _inputs):
    value = dcgan_ladder()
    if isinstance(value, list | tuple) and all(isinstance(row, list | tuple) for row in value):
        lengths = sorted({len(row) for row in value})
        value = np.array([[_whole(v) for v in row] for row in value]) if len(lengths) == 1 else str(lengths)
    return {"the ladder": value}


def _judge_ladder(_inputs, got):
    ladder = got["the ladder"]
    yield holds(
        "it returns five settings of three numbers",
        ladder.shape == (5, 3) and ladder.dtype.kind in "iuf" and bool(np.isfinite(ladder).all()),
        got=f"shape {ladder.shape}",
        expected="a list of five tuples (kernel_size, stride, padding) of whole numbers",
        cause={
            (6, 3): "there are six sizes and five steps between them",
            (4, 3): "four settings double 4 to 64; one more leads from 1 to 4",
            (3, 5): "one tuple per layer, not one per argument",
            (5, 2): "each tuple has three numbers: the kernel belongs in it too",
            (3,): "one tuple is one layer: return a list of five",
        }.get(ladder.shape, ""),
    )
    ladder = ladder.astype(np.float64)
    kernel, stride, padding = ladder.T
    yield holds(
        "every kernel is 4",
        bool((kernel == 4).all()),
        got=kernel,
        expected=np.full(5, 4),
        cause="the order is (kernel_size, stride, padding)"
        if (ladder == 4).any()
        else "DCGAN's generator has kernel 4 in every layer",
    )
    yield holds(
        "strides are at least 1, paddings at least 0",
        bool((stride >= 1).all() and (padding >= 0).all()),
        got=f"strides {_plain(stride)}, paddings {_plain(padding)}",
        cause="the order is (kernel_size, stride, padding)" if (stride == 0).any() else "",
    )
    sizes = [1.0]
    for s, p in zip(stride, padding, strict=True):
        sizes.append((sizes[-1] - 1) * s - 2 * p + 4)
    yield close(
        "the sizes are 1, 4, 8, 16, 32, 64",
        np.array(sizes),
        _LADDER,
        mistakes=dict(_ladder_mistakes()),
        cause=_first_slip(np.array(sizes), stride, padding),
    )
    yield close(
        "each stride is the smallest that fits",
        stride,
        [1, 2, 2, 2, 2],
        mistakes={
            "on a single pixel any stride gives the same size, so the smallest is 1": [2, 2, 2, 2, 2],
        },
        cause="a larger stride with more padding reaches the same size, but leaves gaps or throws work away",
    )


def _ladder_mistakes():
    """(likely cause, the sizes that it leads to)."""
    for cause, settings in (
        ("the first layer differs: from one pixel, padding 1 crops the stamp of 4 to 2", [(2, 1)] * 5),
        ("this is the order of the discriminator: the generator begins with 1 to 4", [(2, 1)] * 4 + [(1, 0)]),
        ("without padding every doubling comes out 2 too large", [(1, 0)] + [(2, 0)] * 4),
        ("stride 1 adds 3 pixels; a doubling needs stride 2", [(1, 0)] * 5),
        ("stride and padding have changed places", [(1, 0)] + [(1, 2)] * 4),
    ):
        sizes = [1]
        for s, p in settings:
            sizes.append((sizes[-1] - 1) * s - 2 * p + 4)
        yield cause, sizes


def _first_slip(sizes: np.ndarray, stride: np.ndarray, padding: np.ndarray) -> str:
    """Which layer is the first to miss its size."""
    wrong = np.flatnonzero(sizes != _LADDER)
    if not len(wrong):
        return ""
    i = int(wrong[0])
    return (
        f"layer {i}: from {_LADDER[i - 1]}, stride {stride[i - 1]:g} and padding {padding[i - 1]:g} "
        f"lead to {sizes[i]:g}, not {_LADDER[i]}"
    )


def _plain(values: np.ndarray) -> str:
    return ", ".join(f"{v:g}" for v in values)


EXERCISES = (
    Exercise(
        "1.1",
        "The output size",
        3,
        "output_size",
        "output_size(size, kernel_size, stride, padding, output_padding, dilation)",
        _settings,
        _probe_size,
        _judge_size,
    ),
    Exercise(
        "1.2",
        "One channel, stamp by stamp",
        4,
        "transposed_conv",
        "transposed_conv(image, kernel, stride, padding)",
        stamps.pictures,
        stamps.probe_stamps,
        stamps.judge_stamps,
        causes=stamps.STAMP_CAUSES,
    ),
    Exercise(
        "1.3",
        "The matrix of a convolution",
        4,
        "convolution_matrix",
        "convolution_matrix(kernel, size, stride, padding)",
        matrices.kernels,
        matrices.probe_matrix,
        matrices.judge_matrix,
        causes=matrices.MATRIX_CAUSES,
    ),
    Exercise(
        "1.4",
        "Overlap counts",
        3,
        "overlap_counts",
        "overlap_counts(size, kernel_size, stride, padding)",
        stamps.grids,
        stamps.probe_counts,
        stamps.judge_counts,
    ),
    Exercise(
        "1.5",
        "The ladder of DCGAN",
        2,
        "dcgan_ladder",
        "dcgan_ladder()",
        lambda seed: None,
        _probe_ladder,
        _judge_ladder,
    ),
    Written("1.6", "The layer in a paragraph", 4),
)
