"""How much the samples differ from each other, in pixels or features: what a collapse takes away."""

import torch

from labkit.metrics.inputs import MetricError, positive, table, tables
from labkit.metrics.pairs import neighbour_distance, own_distance_blocks

# Up to so many samples, each pair is measured once instead of twice: training asks every few steps.
_FEW = 256


def pairwise_distance(x: torch.Tensor) -> float:
    """The mean Euclidean distance over all pairs of different samples.

    Args:
        x: (N, ...), each sample flattened, N at least 2.

    Returns:
        At least 0, in the units of ``x``; 0 when all samples are equal. It does not depend on N on average.

    Raises:
        MetricError: a wrong shape or dtype, too few samples, or a value that is not finite.
    """
    x = table("x", x, least=2)
    if len(x) <= _FEW:
        return float(torch.pdist(x.double()).mean())
    total = sum(float(block.sum()) for _, block in own_distance_blocks(x, 0.0))
    return total / (len(x) * (len(x) - 1))


def diversity(fake: torch.Tensor, real: torch.Tensor) -> float:
    """The fakes' mean pairwise distance over that of the real samples.

    Args:
        fake: (N, ...), N at least 2.
        real: (M, ...) of the same shape a sample, scale and device, M at least 2.

    Returns:
        At least 0: about 1 when the fakes differ as much as the data do, 0 when they are all one. Above 1
        is no praise: noise is diverse.

    Raises:
        MetricError: a wrong shape or dtype, too few samples, a value that is not finite, or real samples
            that are all equal.
    """
    tables("fake", fake, "real", real, least=2)
    among_real = pairwise_distance(real)
    if among_real == 0:
        raise MetricError("real samples are all equal, so there is no diversity to compare with.")
    return pairwise_distance(fake) / among_real


def duplicates(
    x: torch.Tensor, real: torch.Tensor | None = None, *, closer: float = 0.5, within: float | None = None
) -> float:
    """The share of samples that have a near copy among the others.

    A sample is a duplicate when its nearest neighbour is closer than a limit: with ``real``, ``closer``
    times the median distance of a real sample to *its* nearest neighbour.

    Made for images. There half the median told small DCGANs on digits apart: below 0.01 for healthy ones,
    below 0.1 for the data, 0.39 to 1 for those that had collapsed. Still a collapse need not have copies: on
    a mixture in the plane, a collapse into one broad blob has *fewer* than the data. So many duplicates are
    a sign of collapse, few are no sign of health; ask `diversity` and recall as well.

    Args:
        x: (N, ...), each sample flattened, N at least 2.
        real: (M, ...) of the same shape a sample, scale and device, M at least 2. The more samples, the
            nearer the neighbours: so both sets are cut to their first min(N, M).
        closer: above 0, in medians of the real distances.
        within: a limit of your own in the units of ``x``, above 0, in place of ``real``.

    Returns:
        0 to 1; exact copies always count.

    Raises:
        MetricError: both or neither of ``real`` and ``within``, a wrong shape or dtype, too few samples, a
            value that is not finite, or real samples that are copies of each other.
    """
    if (real is None) == (within is None):
        raise MetricError("duplicates needs real samples or a limit within=..., one of the two.")
    if real is None:
        rows, limit = table("x", x, least=2), positive("within", within)
    else:
        rows, real = tables("x", x, "real", real, least=2)
        count = min(len(rows), len(real))
        rows = rows[:count]
        limit = positive("closer", closer) * float(neighbour_distance(real[:count]).median())
        if limit == 0:
            raise MetricError("most real samples are exact copies of another: give a limit, within=...")
    return float((neighbour_distance(rows) < limit).double().mean())
