"""Lab 05, counting modes: which centres hold enough of the points."""

import numpy as np
import torch

WITHIN = 0.3
# 210 points on 7 centres: a fair share is 30, a fifth of it 6. One mode has a point more, one a point less.
# Further centres, as many as the seed says, get just their fair share of 30, here and below: it stays 30.
_COUNTS = (7, 5, 45, 31, 44, 78, 0)
_CENTRES = ((0, 0), (4, 1), (9, -2), (2, 7), (-5, 3), (-3, -6), (6, -7))
# 360 points on 12 centres, so 6 are asked for again: (within 0.28 of the centre, at 0.45 to 0.53, farther).
_RINGS = (
    (34, 0, 5),
    (52, 0, 2),
    (44, 0, 3),
    (60, 0, 0),
    (5, 0, 18),
    (3, 20, 0),
    (3, 17, 2),
    (1, 0, 21),
    (0, 0, 49),
)
_NEIGHBOURS = ((0.44, 0), (0, 0.44), (-0.44, 0))  # of the first three, and with no point of their own
_SHARED = 7  # points within reach of both
_FAIR, _MOST_FURTHER = 30, 7


def clouds(seed: int) -> dict[str, torch.Tensor]:
    """Points (N, 2) close to 7 centres or more ("sharp"), and some around 12 or more, part of them far off
    ("broad"). How many centres there are, and so how many are covered, hangs on the seed."""
    rng = np.random.default_rng(seed)
    further, further_rings = rng.integers(0, _MOST_FURTHER + 1, 2)
    places = [*_CENTRES, *((14 + 4 * k, 3) for k in range(further))]
    order = rng.permutation(len(places))
    centres = np.array(places, dtype=np.float64)[order] + rng.uniform(-0.3, 0.3, 2)
    counts = np.array([*_COUNTS, *[_FAIR] * further])[order]
    sharp = np.concatenate([c + _around(rng, n, 0.0, 0.2) for c, n in zip(centres, counts, strict=True)])
    rings = [*_RINGS, *[(_FAIR, 0, 0)] * further_rings]
    grid = 4.0 * np.array([(k % 3, k // 3) for k in range(len(rings))])
    parts = []
    for number, (centre, (good, between, far)) in enumerate(zip(grid, rings, strict=True)):
        paired = number < len(_NEIGHBOURS)
        # Around a centre with a neighbour, everything lies close, so that it is nearest to the centre itself.
        parts += [centre + _around(rng, good, 0.0, 0.1 if paired else 0.28)]
        parts += [centre + _around(rng, between, 0.45, 0.53)]
        away = -np.array(_NEIGHBOURS[number]) * 3 if paired else 0.0
        parts += [
            centre + away + _around(rng, far, 0.0, 0.1) if paired else centre + _around(rng, far, 0.8, 1.2)
        ]
    for centre, step in zip(
        grid, np.array(_NEIGHBOURS), strict=False
    ):  # within 0.3 of both, nearer to the first
        parts.append(centre + 0.45 * step + _around(rng, _SHARED, 0.0, 0.01))
    neighbours = grid[: len(_NEIGHBOURS)] + np.array(_NEIGHBOURS)
    return {
        "sharp": _shuffled(rng, sharp),
        "centres": torch.tensor(centres, dtype=torch.float32),
        "broad": _shuffled(rng, np.concatenate(parts)),
        "near centres": torch.tensor(np.concatenate([grid, neighbours]), dtype=torch.float32),
    }


def probe_modes(modes_covered, given):
    sharp, centres = given["sharp"].clone(), given["centres"].clone()
    broad, near = given["broad"].clone(), given["near centres"].clone()
    return {
        "the count": modes_covered(sharp, centres),
        "the count of broad points": modes_covered(broad, near),
        f"the count within {WITHIN}": modes_covered(broad, near, within=WITHIN),
        "the count of one point": modes_covered(broad[:1], near),
        "the points afterwards": sharp,
        "the broad points afterwards": broad,
    }


def _around(rng, count: int, low: float, high: float) -> np.ndarray:
    """Offsets (count, 2) in all directions, ``low`` to ``high`` long."""
    turn, far = rng.uniform(0, 2 * np.pi, count), rng.uniform(low, high, count)
    return np.stack([far * np.cos(turn), far * np.sin(turn)], axis=1)


def _shuffled(rng, points: np.ndarray) -> torch.Tensor:
    return torch.tensor(rng.permutation(points), dtype=torch.float32)
