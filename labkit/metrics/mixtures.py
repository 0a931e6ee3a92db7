"""Points against a mixture's centres: how many modes the points found, how well, and how evenly.

A sample is of high quality within three standard deviations of some centre, as in VEEGAN (Srivastava
et al. 2017, arXiv:1705.07761) and PacGAN (Lin et al. 2018, arXiv:1712.04086).
Those papers call a mode found as soon as one such sample lies at it. Here it must hold a part of its
fair share as well, N / M of N points on M centres: one stray sample among thousands is no mode.
"""

import torch

from labkit.metrics.classes import class_kl
from labkit.metrics.inputs import fraction, positive, tables
from labkit.metrics.pairs import distance_blocks

HIGH_QUALITY_STDS = 3.0


def modes_covered(
    points: torch.Tensor, centres: torch.Tensor, *, std: float = 0.05, share: float = 0.2
) -> int:
    """How many modes hold at least ``share`` of their fair share in samples of *high quality*.

    Args:
        points: (N, 2), or (N, F) for a mixture in F dimensions.
        centres: (M, 2), the same F.
        std: standard deviation of each Gaussian along each axis, in the points' units, above 0.
        share: in (0, 1]; a mode counts with at least share x N / M samples within 3 std of it. The
            fair share is of all N points: where every sample is broad, no mode is covered.

    Returns:
        0 to M.

    Raises:
        MetricError: a wrong shape, dtype or range, no points, or a value that is not finite.
    """
    nearest, distance = _nearest(points, centres)
    good = distance <= HIGH_QUALITY_STDS * positive("std", std)
    return _count(nearest[good], len(nearest), len(centres), share)


def modes_near(points: torch.Tensor, centres: torch.Tensor, *, share: float = 0.2) -> int:
    """How many modes hold at least ``share`` of their fair share, each sample given to its nearest centre.

    The mild count, for samples that are still broad. Arguments, returns and errors are those of
    :func:`modes_covered`, which is never larger.
    """
    nearest, _ = _nearest(points, centres)
    return _count(nearest, len(nearest), len(centres), share)


def high_quality(points: torch.Tensor, centres: torch.Tensor, *, std: float = 0.05) -> float:
    """The share of samples within 3 ``std`` of some centre, 0 to 1.

    A perfect generator in two dimensions has 1 - exp(-9 / 2) = 0.989. Arguments and errors are those
    of :func:`modes_covered`.
    """
    _, distance = _nearest(points, centres)
    return float((distance <= HIGH_QUALITY_STDS * positive("std", std)).double().mean())


def mode_kl(points: torch.Tensor, centres: torch.Tensor) -> float:
    """The reverse Kullback-Leibler divergence of the modes: KL(samples' histogram || uniform), in nats.

    Each sample goes to its nearest centre (as PacGAN's third number). 0 when all modes are equally full,
    ln M when all samples lie at one of M. Arguments and errors are those of :func:`modes_covered`.
    """
    nearest, _ = _nearest(points, centres)
    counts = torch.bincount(nearest, minlength=len(centres)).double()
    return class_kl(counts / counts.sum())


def _nearest(points: torch.Tensor, centres: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The nearest centre of each point (N,) int64 and its distance (N,) float64."""
    points, centres = tables("points", points, "centres", centres)
    found = [block.min(dim=1) for _, block in distance_blocks(points, centres)]
    return torch.cat([f.indices for f in found]), torch.cat([f.values for f in found])


def _count(nearest: torch.Tensor, points: int, modes: int, part: float) -> int:
    need = fraction("share", part) * points / modes
    # A hair below, so that exactly the fair part is not lost to rounding: 0.2 x 1000 / 8 is 25.
    return int((torch.bincount(nearest, minlength=modes) >= need - 1e-9).sum())
