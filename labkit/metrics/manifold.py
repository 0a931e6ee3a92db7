"""Are the samples like the data, and is all of the data there? Two questions, two numbers.

Each set is drawn as a union of balls, one around each sample, out to its k-th nearest neighbour in its
own set. A sample of the other set is *inside* when some ball holds it.
"""

from typing import NamedTuple

import torch

from labkit.metrics.inputs import neighbours, tables
from labkit.metrics.pairs import distance_blocks, neighbour_distance


class PrecisionRecall(NamedTuple):
    """Two shares in [0, 1]: of fakes inside the real set, and of real samples inside the fake set."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """``density`` at least 0, about 1 for equal sets; ``coverage`` in [0, 1]."""

    density: float
    coverage: float


def precision_recall(real: torch.Tensor, fake: torch.Tensor, *, k: int = 3) -> PrecisionRecall:
    """Improved precision and recall (Kynkaanniemi et al. 2019, arXiv:1904.06991, equations 1 and 2).

    Precision is the share of fakes inside the balls of the real samples; recall the share of real samples
    inside the balls of the fakes. A collapse keeps precision and loses recall. The border is inside.

    Args:
        real: (N, F) features, or (N, ...), which is flattened; N above k.
        fake: (M, F), M above k; take M = N, as the paper does: more samples have smaller balls.
        k: whose distance is the radius, at least 1; the paper's 3. A sample is not its own neighbour.

    Raises:
        MetricError: a wrong shape or dtype, too few samples for k, or a value that is not finite.
    """
    real, fake = tables("real", real, "fake", fake)
    neighbours(k, real=len(real), fake=len(fake))
    radius_real, radius_fake = neighbour_distance(real, k), neighbour_distance(fake, k)
    precise, recalled = 0, torch.zeros(len(real), dtype=torch.bool, device=real.device)
    for start, block in distance_blocks(fake, real):
        precise += int((block <= radius_real).any(dim=1).sum())
        recalled |= (block <= radius_fake[start : start + len(block), None]).any(dim=0)
    return PrecisionRecall(precise / len(fake), int(recalled.sum()) / len(real))


def density_coverage(real: torch.Tensor, fake: torch.Tensor, *, k: int = 5) -> DensityCoverage:
    """Density and coverage (Naeem et al. 2020, arXiv:2002.09797, section 3), balls around the real only.

    Density is the mean number of real balls that hold a fake, over k: unlike precision, one outlier with
    a huge ball does not make it 1. Coverage is the share of real balls that hold a fake; for two sets of
    one distribution and equal size it is about 1 - 2^-k (Lemma 2 there).

    Args, raises: those of :func:`precision_recall`; the paper's k is 5, and one fake is enough.
    """
    real, fake = tables("real", real, "fake", fake)
    neighbours(k, real=len(real))
    radius = neighbour_distance(real, k)
    held, covered = 0, torch.zeros(len(real), dtype=torch.bool, device=real.device)
    for _, block in distance_blocks(fake, real):
        inside = block <= radius
        held += int(inside.sum())
        covered |= inside.any(dim=0)
    return DensityCoverage(held / (k * len(fake)), int(covered.sum()) / len(real))
