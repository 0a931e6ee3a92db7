"""Lab 05, counting modes: which centres hold enough of the points."""

import numpy as np
import torch

from labkit.exercises.spec import close, holds

SHARE = 0.2
WITHIN = 0.3
# 210 points on 7 centres: a fair share is 30, a fifth of it 6. One mode has a point more, one a point less.
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


def clouds(seed: int) -> dict[str, torch.Tensor]:
    """Points (210, 2) close to 7 centres ("sharp"), and 360 around 12, some far off ("broad")."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(_CENTRES))
    centres = np.array(_CENTRES, dtype=np.float64)[order] + rng.uniform(-0.3, 0.3, 2)
    counts = np.array(_COUNTS)[order]
    sharp = np.concatenate([c + _around(rng, n, 0.0, 0.2) for c, n in zip(centres, counts, strict=True)])
    grid = 4.0 * np.array([(k % 3, k // 3) for k in range(len(_RINGS))])
    parts = []
    for number, (centre, (good, between, far)) in enumerate(zip(grid, _RINGS, strict=True)):
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
    values = {
        "the count": modes_covered(sharp, centres),
        "the count of broad points": modes_covered(broad, near),
        f"the count within {WITHIN}": modes_covered(broad, near, within=WITHIN),
        "the count of one point": modes_covered(broad[:1], near),
    }
    values["left alone"] = torch.equal(sharp, given["sharp"]) and torch.equal(broad, given["broad"])
    return values


def judge_modes(given, got):
    sharp, centres = given["sharp"].double().numpy(), given["centres"].double().numpy()
    broad, near = given["broad"].double().numpy(), given["near centres"].double().numpy()
    for name in ("the count", "the count of broad points", f"the count within {WITHIN}"):
        yield holds(
            f"{name} is one number",
            got[name].ndim == 0 and got[name].dtype.kind in "biuf",
            got=f"shape {got[name].shape}" if got[name].dtype.kind in "biuf" else "text",
            expected="one number",
            cause="how many modes: count them, do not list them",
        )
    counts = _held(sharp, centres)
    fair = len(sharp) / len(centres)
    yield close(
        "modes with a fifth of their fair share count, sharp points",
        got["the count"],
        (counts >= SHARE * fair).sum(),
        mistakes={
            "one stray point is no mode: ask for a fifth of the fair share": (counts > 0).sum(),
            "a fifth of all points is asked of every mode: the fair share is N / M": (
                counts >= SHARE * len(sharp)
            ).sum(),
            "the whole fair share is asked for: a fifth of it is enough": (counts >= fair).sum(),
            "the modes that are missing were counted": (counts < SHARE * fair).sum(),
            "that is the number of points in covered modes: count the modes": counts[
                counts >= SHARE * fair
            ].sum(),
            "that is the share of modes: their number is asked for": (counts >= SHARE * fair).mean(),
            "that is the number of centres": len(centres),
        },
        cause="give each point to its nearest centre, and count the centres with at least 0.2 N / M points",
    )
    counts = _held(broad, near)
    yield close(
        "without `within`, points count however far they are",
        got["the count of broad points"],
        (counts >= SHARE * len(broad) / len(near)).sum(),
        cause="the default of `within` is infinity: every point belongs to its nearest centre",
    )
    distance = np.hypot(*(broad[:, None] - near[None]).transpose(2, 0, 1))
    nearest = distance.argmin(1)
    fair = len(broad) / len(near)
    count = lambda mask: np.bincount(nearest[mask], minlength=len(near))  # noqa: E731
    good = count(distance.min(1) <= WITHIN)
    yield close(
        f"with within={WITHIN}, points farther from their centre do not count",
        got[f"the count within {WITHIN}"],
        (good >= SHARE * fair).sum(),
        mistakes={
            "`within` is ignored": (counts >= SHARE * fair).sum(),
            "the fair share is N / M of all points, also of those too far away": (
                good >= SHARE * good.sum() / len(near)
            ).sum(),
            "a square distance is compared with `within`: take the root": (
                count(distance.min(1) ** 2 <= WITHIN) >= SHARE * fair
            ).sum(),
            "a point counts for two centres that are both near: only the nearest has it": (
                (distance <= WITHIN).sum(0) >= SHARE * fair
            ).sum(),
            "one good point is enough here: a fifth of the fair share is asked for": (good > 0).sum(),
        },
        cause="a point counts when its distance to its nearest centre is at most `within`",
    )
    yield close(
        "one point covers one mode",
        got["the count of one point"],
        1,
        cause="the fair share of one point is 1 / M: do not round it, and do not write 8 modes into the code",
    )
    yield holds("the points given are left as they were", bool(got["left alone"]), got="changed")


def _held(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """How many points are nearest to each centre, by the largest x.c - c.c / 2."""
    score = points @ centres.T - (centres**2).sum(1) / 2
    return np.bincount(score.argmax(1), minlength=len(centres))


def _around(rng, count: int, low: float, high: float) -> np.ndarray:
    """Offsets (count, 2) in all directions, ``low`` to ``high`` long."""
    turn, far = rng.uniform(0, 2 * np.pi, count), rng.uniform(low, high, count)
    return np.stack([far * np.cos(turn), far * np.sin(turn)], axis=1)


def _shuffled(rng, points: np.ndarray) -> torch.Tensor:
    return torch.tensor(rng.permutation(points), dtype=torch.float32)
