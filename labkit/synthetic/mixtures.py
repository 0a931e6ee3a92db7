"""Two-dimensional mixtures of Gaussians, where a lost mode can be seen and counted.

The ring of eight is the picture by which unrolled GANs showed mode collapse (Metz, Poole, Pfau
and Sohl-Dickstein 2017, arXiv:1611.02163). Ring and 5 x 5 grid together became the usual test
through adversarially learned inference (Dumoulin et al. 2017, arXiv:1606.00704) and VEEGAN
(Srivastava et al. 2017, arXiv:1705.07761). The scales differ from paper to paper; the defaults here
are a ring of radius 2 and a grid of spacing 2, both with standard deviation 0.05.
"""

import math

import numpy as np
import torch

from labkit.synthetic import arguments, counter


def ring_centres(modes: int = 8, radius: float = 2.0) -> torch.Tensor:
    """Centres on a circle, the first at angle 0, then counter-clockwise.

    Returns:
        (modes, 2) float32.

    Raises:
        ValueError: fewer than one mode, or a radius that is not positive.
    """
    modes = arguments.whole_number("modes", modes, 1, 100_000)
    radius = _length("radius", radius)
    angles = [2.0 * math.pi * k / modes for k in range(modes)]
    return torch.tensor([[radius * math.cos(a), radius * math.sin(a)] for a in angles])


def grid_centres(side: int = 5, spacing: float = 2.0) -> torch.Tensor:
    """Centres on a square grid around the origin, row by row from the lower left.

    Returns:
        (side * side, 2) float32; with the defaults each coordinate is one of -4, -2, 0, 2, 4.

    Raises:
        ValueError: a side below one, or a spacing that is not positive.
    """
    side = arguments.whole_number("side", side, 1, 300)
    spacing = _length("spacing", spacing)
    line = [spacing * (k - (side - 1) / 2.0) for k in range(side)]
    return torch.tensor([[x, y] for y in line for x in line])


def ring(
    count: int, *, seed: int = 0, modes: int = 8, radius: float = 2.0, std: float = 0.05
) -> tuple[torch.Tensor, torch.Tensor]:
    """Points of a ring of Gaussians, each mode equally likely.

    Args:
        count: how many points, at least 1. Point i depends on (seed, i) and not on ``count``.
        seed: 0 to 2**63 - 1.
        modes, radius: as in :func:`ring_centres`.
        std: standard deviation of each Gaussian along each axis, at least 0.

    Returns:
        points (count, 2) float32 and the mode of each point (count,) int64, which indexes
        ``ring_centres(modes, radius)``.

    Raises:
        ValueError: an argument out of range; the message names it.
    """
    return _around(ring_centres(modes, radius), count, seed, std)


def grid(
    count: int, *, seed: int = 0, side: int = 5, spacing: float = 2.0, std: float = 0.05
) -> tuple[torch.Tensor, torch.Tensor]:
    """Points of a square grid of Gaussians, each mode equally likely.

    Arguments, returns and errors are those of :func:`ring`, with ``side`` and ``spacing`` as in
    :func:`grid_centres`; with the defaults there are 25 modes.
    """
    return _around(grid_centres(side, spacing), count, seed, std)


def _around(centres: torch.Tensor, count: int, seed: int, std: float) -> tuple[torch.Tensor, torch.Tensor]:
    seed, index = arguments.numbered(count, seed)
    std = _length("std", std, zero=True)
    mode = (counter.uniform(seed, index, "mixture/mode") * len(centres)).astype(np.int64)
    offset = np.stack([counter.normal(seed, index, f"mixture/{axis}") for axis in "xy"], axis=1)
    points = centres.double().numpy()[mode] + std * offset
    return torch.from_numpy(points.astype(np.float32)), torch.from_numpy(mode)


def _length(name: str, value: float, zero: bool = False) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not good or value < 0 or (value == 0 and not zero):
        raise ValueError(f"{name} must be a {'non-negative' if zero else 'positive'} number, got {value!r}.")
    return float(value)
