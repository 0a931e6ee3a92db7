"""Two sets of features as two clouds: how far apart, by their Gaussians or by a kernel.

Both take features of any classifier. Values compare only within one classifier, one image size and one number
of samples; the published FID and KID use the features of one certain Inception network.
"""

import torch

from labkit.metrics.inputs import tables
from labkit.metrics.pairs import dot_blocks


def frechet_distance(a: torch.Tensor, b: torch.Tensor) -> float:
    """The Frechet distance of the Gaussians that fit two sets of features, symmetric in them.

    |m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)), with covariances over N - 1 (Dowson and Landau
    1982; for GANs, as the FID, Heusel et al. 2017, arXiv:1706.08500, equation 6).

    Args:
        a: (N, F) features, or (N, ...), which is flattened; N at least 2.
        b: (M, F), M at least 2.

    Returns:
        At least 0, in the squares of the features' units; 0 for equal statistics. Biased upwards for
        few samples, above all for fewer than features: compare only values of the same N and M.

    Raises:
        MetricError: a wrong shape or dtype, too few samples, or a value that is not finite.
    """
    a, b = (rows.double() for rows in tables("a", a, "b", b, least=2))
    gap = (a.mean(dim=0) - b.mean(dim=0)).square().sum()
    a, b = _root(a), _root(b)
    # C_a = A'A and C_b = B'B, so C_a C_b = A'(A B')B has the eigenvalues of (A B')'(A B'): the trace of
    # its root is the sum of the singular values of A B', which are real and never below zero. No matrix root,
    # hence no complex numbers, and no square root of a rounding error where there are few samples.
    shared = torch.linalg.svdvals(a @ b.T).sum()
    return max(0.0, float(gap + a.square().sum() + b.square().sum() - 2.0 * shared))


def kernel_distance(a: torch.Tensor, b: torch.Tensor) -> float:
    """The squared maximum mean discrepancy of two sets of features, unbiased, with a cubic kernel.

    The KID of Binkowski et al. 2018 (arXiv:1801.01401) with its kernel k(x, y) = (x.y / F + 1)^3, over all
    samples at once: mean k(x, x') + mean k(y, y') - 2 mean k(x, y), the first two over distinct pairs
    (Gretton et al. 2012, equation 3).

    Args:
        a: (N, F) features, or (N, ...), which is flattened; N at least 2.
        b: (M, F), M at least 2.

    Returns:
        0 on average for two sets of one distribution, whatever N and M; so single values may lie a little
        below 0, and do when ``a`` and ``b`` are the *same* samples.

    Raises:
        MetricError: a wrong shape or dtype, too few samples, or a value that is not finite.
    """
    a, b = tables("a", a, "b", b, least=2)
    return _own_mean(a) + _own_mean(b) - 2.0 * _cross_mean(a, b)


def _root(x: torch.Tensor) -> torch.Tensor:
    """A matrix R (at most F rows) with R'R the covariance of ``x`` (N, F)."""
    x = (x - x.mean(dim=0)) / (len(x) - 1) ** 0.5
    return torch.linalg.qr(x, mode="r").R if len(x) > x.shape[1] else x


def _own_mean(x: torch.Tensor) -> float:
    total = 0.0
    for start, block in dot_blocks(x, x):
        values = _cubic(block, x.shape[1])
        values.diagonal(start).zero_()  # a sample with itself is no pair
        total += float(values.sum())
    return total / (len(x) * (len(x) - 1))


def _cross_mean(a: torch.Tensor, b: torch.Tensor) -> float:
    total = sum(float(_cubic(block, a.shape[1]).sum()) for _, block in dot_blocks(a, b))
    return total / (len(a) * len(b))


def _cubic(dots: torch.Tensor, features: int) -> torch.Tensor:
    dots = dots.div_(features).add_(1.0)
    return dots.square().mul_(dots)
