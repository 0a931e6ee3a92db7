"""Classes that a classifier saw in the samples: how they spread, and how many are there at all.

A classifier makes modes countable where nobody knows their centres: so the 1,000 modes of stacked MNIST
were counted (Che et al. 2017, arXiv:1612.02136; Metz et al. 2017, arXiv:1611.02163).
"""

import math

import torch

from labkit.metrics.inputs import MetricError

LEAST_SHARE = 0.03  # of a class among ten that counts as covered


def class_histogram(labels: torch.Tensor, classes: int = 10) -> torch.Tensor:
    """The share of each class among the labels.

    Args:
        labels: (N,) whole numbers from 0 to classes - 1, N at least 1.
        classes: how many classes there are, at least 1.

    Returns:
        (classes,) float64 in [0, 1], sum 1, on the labels' device (on the host for Apple's GPU).

    Raises:
        MetricError: labels of another shape, dtype or range.
    """
    if not isinstance(classes, int) or isinstance(classes, bool) or classes < 1:
        raise MetricError(f"classes must be a whole number, at least 1, got {classes!r}.")
    if not isinstance(labels, torch.Tensor) or labels.ndim != 1 or len(labels) == 0:
        got = tuple(labels.shape) if isinstance(labels, torch.Tensor) else type(labels).__name__
        raise MetricError(f"labels must be a tensor of shape (N,) with N at least 1, got {got}.")
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise MetricError(f"labels must be whole numbers (take the argmax of logits), got {labels.dtype}.")
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= classes:
        raise MetricError(f"labels must be 0 to {classes - 1} for {classes} classes, got {low} to {high}.")
    labels = labels.cpu() if labels.device.type == "mps" else labels
    return torch.bincount(labels.long(), minlength=classes).double() / len(labels)


def class_kl(shares: torch.Tensor, reference: torch.Tensor | None = None) -> float:
    """The Kullback-Leibler divergence KL(shares || reference) = sum of p ln(p / q), in nats.

    With the samples' shares first this is the *reverse* KL, which asks how far the generator strays
    from the data's classes; a missing class adds nothing itself, but makes the others too large.

    Args:
        shares: (C,) the samples' shares, at least 0, sum 1, say of :func:`class_histogram`.
        reference: (C,) the data's shares; None means uniform, 1 / C each.

    Returns:
        At least 0; ln C when one of C equally likely classes has it all; infinite when the samples
        hold a class that the reference does not.

    Raises:
        MetricError: another shape, a negative share, or shares that do not sum to 1.
    """
    p = _shares("shares", shares)
    q = torch.full_like(p, 1.0 / len(p)) if reference is None else _shares("reference", reference)
    if len(p) != len(q):
        raise MetricError(f"shares has {len(p)} classes and reference {len(q)}: they must agree.")
    p, q = p[p > 0], q[p > 0]
    divergence = float((p * (p / q).log()).sum())
    return divergence if divergence > 0 else 0.0


def classes_covered(shares: torch.Tensor, at_least: float = LEAST_SHARE) -> int:
    """How many classes hold more than ``at_least`` of all samples.

    Args:
        shares: (C,) the samples' shares, at least 0, sum 1.
        at_least: in [0, 1); the default 0.03 is made for ten classes, of which each has a fair 0.1.
            A class with exactly this share does not count, so 0 counts the classes seen at all.

    Returns:
        0 to C.

    Raises:
        MetricError: as in :func:`class_kl`, or ``at_least`` out of range.
    """
    good = isinstance(at_least, int | float) and not isinstance(at_least, bool) and math.isfinite(at_least)
    if not good or not 0 <= at_least < 1:
        raise MetricError(f"at_least must be a share from 0 to below 1, got {at_least!r}.")
    # A hair above, so that rounding (of float32 shares too) does not count a class with exactly this share.
    return int((_shares("shares", shares) > at_least + 1e-7).sum())


def _shares(name: str, values: torch.Tensor) -> torch.Tensor:
    if not isinstance(values, torch.Tensor) or values.ndim != 1 or not values.is_floating_point():
        raise MetricError(f"{name} must be a float tensor of shape (C,): shares, not counts.")
    values = values.detach().cpu().double()
    if not bool((values >= 0).all()) or not abs(float(values.sum()) - 1.0) < 1e-3:
        raise MetricError(f"{name} must be at least 0 and sum to 1, got the sum {float(values.sum()):.4g}.")
    return values / values.sum()
