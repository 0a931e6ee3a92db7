"""Judge of exercise 1.5: five settings that climb from 1 pixel to 64, each stride the smallest."""

import numpy as np

from labkit.exercises.judges.comparing import close, holds

_LADDER = np.array([1, 4, 8, 16, 32, 64])


def judge_ladder(_inputs, got):
    ladder = got["the ladder"]
    whole = ladder.dtype.kind in "iu"
    yield holds(
        "it returns five settings of three whole numbers",
        ladder.shape == (5, 3) and whole,
        got=f"shape {ladder.shape}" + ("" if whole else ", not all of them whole numbers"),
        expected="a list of five tuples (kernel_size, stride, padding) of whole numbers",
        cause={
            (6, 3): "there are six sizes and five steps between them",
            (4, 3): "four settings double 4 to 64; one more leads from 1 to 4",
            (3, 5): "one tuple per layer, not one per argument",
            (5, 2): "each tuple has three numbers: the kernel belongs in it too",
            (3,): "one tuple is one layer: return a list of five",
            (5,): "these are five numbers: every layer has a tuple of three",
            (5, 3): "torch wants whole numbers: write 4, not the float 4.0",
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
        if (ladder == 4).any(1).all()
        else _other_kernel(kernel),
    )
    yield holds(
        "strides are at least 1, paddings at least 0",
        bool((stride >= 1).all() and (padding >= 0).all()),
        got=f"strides {_plain(stride)}, paddings {_plain(padding)}",
        cause="the order is (kernel_size, stride, padding)" if (stride == 0).any() else "",
    )
    reached = _climb(zip(stride, padding, strict=True))
    yield close(
        "the sizes are 1, 4, 8, 16, 32, 64",
        reached,
        _LADDER,
        mistakes={cause: _climb(settings) for cause, settings in _LADDER_MISTAKES},
        cause=_first_slip(reached, stride, padding),
    )
    yield close(
        "each stride is the smallest that fits",
        stride,
        [1, 2, 2, 2, 2],
        cause="on a single pixel any stride gives the same size, so the smallest is 1"
        if (stride > 1).all()
        else "a larger stride with more padding reaches the same size, but leaves gaps or throws work away",
    )


_LADDER_MISTAKES = (  # likely cause, five times (stride, padding)
    ("the first layer differs: from one pixel, padding 1 crops the stamp of 4 to 2", [(2, 1)] * 5),
    ("this is the order of the discriminator: the generator begins with 1 to 4", [(2, 1)] * 4 + [(1, 0)]),
    ("without padding every doubling comes out 2 too large", [(1, 0)] + [(2, 0)] * 4),
    ("stride 1 adds 3 pixels; a doubling needs stride 2", [(1, 0)] * 5),
    ("stride and padding have changed places", [(1, 0)] + [(1, 2)] * 4),
)


def _climb(settings) -> np.ndarray:
    """The sizes of the rungs, from one pixel up, with kernel 4."""
    reached = [1.0]
    for stride, padding in settings:
        reached.append((reached[-1] - 1) * stride - 2 * padding + 4)
    return np.array(reached)


def _first_slip(reached: np.ndarray, stride: np.ndarray, padding: np.ndarray) -> str:
    """Which layer is the first to miss its size."""
    wrong = np.flatnonzero(reached != _LADDER)
    if not len(wrong):
        return ""
    i = int(wrong[0])
    return (
        f"layer {i}: from {_LADDER[i - 1]}, stride {stride[i - 1]:g} and padding {padding[i - 1]:g} "
        f"lead to {reached[i]:g}, not {_LADDER[i]}"
    )


def _other_kernel(kernel: np.ndarray) -> str:
    """Which layer is the first whose kernel is not 4."""
    wrong = np.flatnonzero(kernel != 4)
    return (
        f"layer {wrong[0] + 1} has kernel {kernel[wrong[0]]:g}; this ladder has 4 throughout"
        if len(wrong)
        else ""
    )


def _plain(values: np.ndarray) -> str:
    return ", ".join(f"{v:g}" for v in values)
