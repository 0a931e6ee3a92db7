"""What every metric asks of its arguments, with one message each."""

import math

import torch


class MetricError(ValueError):
    """Numbers that cannot be measured. The message is one line that says what is wrong and what to do."""


def table(name: str, x: torch.Tensor, *, least: int = 1) -> torch.Tensor:
    """Return ``x`` (N, ...) as rows (N, F) of finite numbers, without its gradient and in its own dtype.

    Tensors of Apple's GPU come to the host: that device has no float64, in which the metrics compute.

    Raises:
        MetricError: no tensor of real numbers, fewer than ``least`` rows, no values in a row, or a value
            that is not finite; the message names the argument.
    """
    if not isinstance(x, torch.Tensor):
        raise MetricError(f"{name} must be a torch tensor, got {type(x).__name__}.")
    if x.is_complex() or x.dtype == torch.bool:
        raise MetricError(f"{name} must hold real numbers, got {x.dtype}.")
    if x.ndim < 2:
        raise MetricError(f"{name} must have shape (N, ...), one row a sample, got {tuple(x.shape)}.")
    if len(x) < least:
        raise MetricError(f"{name} needs at least {least} samples, got {len(x)}.")
    if x[0].numel() == 0:
        raise MetricError(f"{name} has no values in a row: its shape is {tuple(x.shape)}.")
    rows = x.detach().flatten(1)
    rows = rows.cpu() if rows.device.type == "mps" else rows
    wrong = int((~torch.isfinite(rows)).sum()) if rows.is_floating_point() else 0
    if wrong:
        raise MetricError(f"{name} holds {wrong} values that are NaN or infinite: has the training diverged?")
    return rows


def tables(
    name_a: str, a: torch.Tensor, name_b: str, b: torch.Tensor, *, least: int = 1
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return two sets of samples as rows (N, F) and (M, F), each checked as in :func:`table`.

    Raises:
        MetricError: as in :func:`table`, or samples of different shapes, of different devices, or whole
            numbers (0..255, say) on one side and fractions ([-1, 1], say) on the other.
    """
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor) and a.device != b.device:
        raise MetricError(f"{name_a} is on {a.device} and {name_b} on {b.device}: move one to the other.")
    rows_a = table(name_a, a, least=least)
    rows_b = table(name_b, b, least=least)
    if a.shape[1:] != b.shape[1:]:
        shapes = f"{tuple(a.shape[1:])} and {tuple(b.shape[1:])}"
        raise MetricError(f"{name_a} and {name_b} must hold samples of one shape, got {shapes}.")
    if rows_a.is_floating_point() != rows_b.is_floating_point():
        raise MetricError(f"{name_a} is {a.dtype} and {name_b} {b.dtype}: bring both to one scale first.")
    return rows_a, rows_b


def positive(name: str, value: float) -> float:
    """Return ``value`` when it is a finite number above 0, else raise a MetricError that names it."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not good or value <= 0:
        raise MetricError(f"{name} must be a positive number, got {value!r}.")
    return float(value)


def fraction(name: str, value: float) -> float:
    """Return ``value`` when it is a number in (0, 1], else raise a MetricError that names it."""
    if positive(name, value) > 1:
        raise MetricError(f"{name} must be a share, above 0 and at most 1, got {value!r}.")
    return float(value)


def neighbours(k: int, **counts: int) -> int:
    """Return ``k`` when every set named in ``counts`` has at least k + 1 samples, so k neighbours each."""
    if not isinstance(k, int) or isinstance(k, bool) or k < 1:
        raise MetricError(f"k must be a whole number of neighbours, at least 1, got {k!r}.")
    for name, count in counts.items():
        if count <= k:
            raise MetricError(f"{name} needs at least {k + 1} samples for k = {k}, got {count}.")
    return k
