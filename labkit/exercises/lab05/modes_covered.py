"""Exercise 5.2: how many centres hold at least a fifth of their fair share of the points."""

from math import inf

import numpy as np
import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.properties import Case, rule, same, scalar, unchanged

WITHIN = 0.3
# 210 points on 7 centres: a fair share is 30, a fifth of it 6. One mode has a point more, one a point less.
# Further centres, as many as the seed says, get just their fair share of 30, here and below: it stays 30.
_COUNTS = (7, 5, 45, 31, 44, 78, 0)
_CENTRES = ((0, 0), (4, 1), (9, -2), (2, 7), (-5, 3), (-3, -6), (6, -7))
# 360 points on 12 centres, so 6 are asked for again: (within 0.28 of the centre, at 0.45 to 0.53, farther).
_RINGS = (
    *((34, 0, 5), (52, 0, 2), (44, 0, 3)),
    *((60, 0, 0), (5, 0, 18), (3, 20, 0), (3, 17, 2), (1, 0, 21), (0, 0, 49)),
)
_NEIGHBOURS = ((0.44, 0), (0, 0.44), (-0.44, 0))  # of the first three, and with no point of their own
_SHARED = 7  # points within reach of both
_FAIR, _MOST_FURTHER = 30, 7


def clouds(seed: int) -> dict[str, torch.Tensor]:
    """Points (N, 2) close to 7 centres or more ("sharp"), and some around 12 or more, part of them far off
    ("broad"). How many centres there are, and so how many are covered, depends on the seed."""
    rng = np.random.default_rng(seed)
    further, further_rings = rng.integers(0, _MOST_FURTHER + 1, 2)
    places = [*_CENTRES, *((14 + 4 * k, 3) for k in range(further))]
    order = rng.permutation(len(places))
    centres = np.array(places, dtype=np.float64)[order] + rng.uniform(-0.3, 0.3, 2)
    counts = np.array([*_COUNTS, *[_FAIR] * further])[order]
    sharp = np.concatenate([c + _around(rng, n, 0.0, 0.2) for c, n in zip(centres, counts, strict=True)])
    rings = [*_RINGS, *[(_FAIR, 0, 0)] * further_rings]
    grid = 4.0 * np.array([(k % 3, k // 3) for k in range(len(rings))])
    steps, parts = np.array(_NEIGHBOURS), []
    for number, (centre, (good, between, far)) in enumerate(zip(grid, rings, strict=True)):
        paired = number < len(steps)
        # Around a centre with a neighbour, everything lies close, so that it is nearest to the centre itself.
        parts.append(centre + _around(rng, good, 0.0, 0.1 if paired else 0.28))
        parts.append(centre + _around(rng, between, 0.45, 0.53))
        if paired:
            parts.append(centre - 3 * steps[number] + _around(rng, far, 0.0, 0.1))
        else:
            parts.append(centre + _around(rng, far, 0.8, 1.2))
    for centre, step in zip(grid, steps, strict=False):  # within 0.3 of both, nearer to the first
        parts.append(centre + 0.45 * step + _around(rng, _SHARED, 0.0, 0.01))
    return {
        "sharp": _shuffled(rng, sharp),
        "centres": torch.tensor(centres, dtype=torch.float32),
        "broad": _shuffled(rng, np.concatenate(parts)),
        "near centres": torch.tensor(np.concatenate([grid, grid[: len(steps)] + steps]), dtype=torch.float32),
        **_at_the_edge(rng),
    }


EDGE = 5
# Centres, so many that no way to compute a fifth of a fair share rounds to the other side of it.
_MANY = (12, 16, 17, 18, 24, 25)


def _at_the_edge(rng) -> dict[str, torch.Tensor]:
    """Modes with exactly a fifth of their fair share, some at just 5 from their centre. All coordinates are
    whole numbers, so nothing is rounded. Other distances than the Euclidean one have other neighbours, and
    other points within 5. One has a point more than it needs, but too few if 8 stands for M. The last centre
    is empty.
    """
    many, need = int(rng.choice(_MANY)), int(rng.integers(3, 5))
    further = int(rng.integers(0, many - 8))
    places = [(0, 0), (8, 3), (17, 7), *((60 * (k + 1), -40) for k in range(many - 3))]
    groups = [((8, 3), need), ((3, 3), need), ((12, 7), need)]  # two are not of the second centre
    groups += [((63, -36), need), ((124, -36), need), ((180, -40), need - 1)]  # at 5, farther, and too few
    groups += [((60 * (k + 5), -40), need) for k in range(further)]
    groups += [((60 * (many - 4), -40), need + 1)]
    rest = 5 * many * need - sum(count for _, count in groups)
    groups += [((240, -40), rest - 1), ((240, -1540), 1)]
    points = np.concatenate([np.tile(place, (count, 1)) for place, count in groups])
    return {"edge": _shuffled(rng, points), "edge centres": torch.tensor(places, dtype=torch.float32)}


def _around(rng, count: int, low: float, high: float) -> np.ndarray:
    """Offsets (count, 2) in all directions, ``low`` to ``high`` long."""
    turn, far = rng.uniform(0, 2 * np.pi, count), rng.uniform(low, high, count)
    return np.stack([far * np.cos(turn), far * np.sin(turn)], axis=1)


def _shuffled(rng, points: np.ndarray) -> torch.Tensor:
    return torch.tensor(rng.permutation(points), dtype=torch.float32)


def probe(modes_covered, given):
    sharp, centres = given["sharp"].clone(), given["centres"].clone()
    broad, near = given["broad"].clone(), given["near centres"].clone()
    return {
        "the count": modes_covered(sharp, centres),
        "the count of broad points": modes_covered(broad, near),
        f"the count within {WITHIN}": modes_covered(broad, near, within=WITHIN),
        "the count of one point": modes_covered(broad[:1], near),
        "the count at the edge": modes_covered(given["edge"].clone(), given["edge centres"].clone()),
        f"the count at the edge within {EDGE}": modes_covered(
            given["edge"].clone(), given["edge centres"].clone(), EDGE
        ),
        "the points afterwards": sharp,
        "the broad points afterwards": broad,
    }


EXERCISE = Exercise("5.2", "Modes covered", 3, "modes_covered(points, centres)", clouds, probe)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(points, centres, within=inf, **slip):
    return int(_covered(points, centres, within, **slip).sum())


def _covered(points, centres, within=inf, share=0.2, **slip):
    """Whether each centre holds this share of its fair share, (M,)."""
    return _held(points, centres, within, **slip) >= share * len(points) / len(centres)


def _held(points, centres, within=inf, power=1, shared=False, p=2, best=torch.amin):
    """How many points count for each centre, (M,); if shared, for each that is near enough."""
    far = (points.double()[:, None] - centres.double()).norm(p, dim=2) ** power  # (N, M)
    chosen = far == best(far, 1, keepdim=True)
    return ((far <= within) & (chosen | shared)).sum(0)


def _of_eight(points, centres, within=inf):
    return expected(points, centres, within, share=0.2 * len(centres) / 8)


def _nearest_points(points, centres, within=inf):
    """Each centre chooses its nearest point, and the numbers of points are counted as if of centres."""
    distance, chosen = torch.cdist(points.double(), centres.double()).min(dim=0)
    held = torch.bincount(chosen[distance <= within], minlength=len(centres))
    return int((held >= 0.2 * len(points) / len(centres)).sum())


_ONE = 1e-9  # a share that one point is enough for
_COUNT = "how many modes: count them, do not list them"
_RULE = "give each point to its nearest centre, and count the centres with at least 0.2 N / M points"
_EDGE = (
    "a mode with exactly a fifth of N / M is covered: `>=`, not `>`. M counts empty modes, too, and "
    "distances are Euclidean"
)
_JUST = "a point counts when its Euclidean distance, not its square, is at most `within`: just 5 is enough"


def _counted(case: Case):
    what = "modes with a fifth of their fair share count, sharp points"
    yield from same("the count", what, _RULE).find(case)


PROPERTIES = (
    *(
        scalar(name, _COUNT, what=f"{name} is one number")
        for name in ("the count", "the count of broad points", f"the count within {WITHIN}")
    ),
    unchanged(
        ("the points afterwards", "the broad points afterwards"),
        "the points given are left as they were",
        "nothing may change in place: no `-=`, no method that ends in `_`",
    ),
    # A mistake explains this count only if it gives the same in two other clouds.
    rule(
        _counted, "the count", "the count of broad points", "the count at the edge", compared=True, points=1
    ),
    same(
        "the count of broad points",
        "without `within`, points count however far they are",
        "the default of `within` is infinity: every point belongs to its nearest centre",
    ),
    same(
        f"the count within {WITHIN}",
        f"with within={WITHIN}, points farther from their centre do not count",
        "a point counts when its distance to its nearest centre is at most `within`",
        points=1,
    ),
    same("the count at the edge", "exactly a fifth of the fair share is enough", _EDGE, points=0.25),
    same(
        f"the count at the edge within {EDGE}",
        f"at a distance of exactly {EDGE} a point counts",
        _JUST,
        points=0.25,
    ),
    same(
        "the count of one point",
        "one point covers one mode",
        "the fair share of one point is 1 / M: do not round it, and do not write 8 modes into the code",
        points=0.5,
    ),
)

MISTAKES = {
    "one stray point is no mode: ask for a fifth of the fair share": lambda p, c, within=inf: expected(
        p, c, within, share=_ONE
    ),
    "a fifth of all points is asked of every mode: the fair share is N / M": lambda p, c, within=inf: (
        expected(p, c, within, share=0.2 * len(c))
    ),
    "the whole fair share is asked for: a fifth of it is enough": lambda p, c, within=inf: expected(
        p, c, within, share=1
    ),
    "the modes that are missing were counted": lambda p, c, within=inf: len(c) - expected(p, c, within),
    "that is the number of points in covered modes: count the modes": lambda p, c, within=inf: _held(
        p, c, within
    )[_covered(p, c, within)].sum(),
    "that is the share of modes: their number is asked for": lambda p, c, within=inf: (
        expected(p, c, within) / len(c)
    ),
    "that is the number of centres": lambda p, c, within=inf: len(c),
    "`within` is ignored": lambda p, c, within=inf: expected(p, c),
    "the fair share is N / M of all points, also of those too far away": lambda p, c, within=inf: expected(
        p, c, within, share=0.2 * float(_held(p, c, within).sum()) / len(p)
    ),
    "a square distance is compared with `within`: take the root": lambda p, c, within=inf: expected(
        p, c, within, power=2
    ),
    "a point counts for two centres that are both near: only the nearest has it": (
        lambda p, c, within=inf: expected(p, c, within, shared=within < inf)
    ),
    "that is the sum of both coordinates' distances, or the larger: the distance is Euclidean": (
        lambda p, c, within=inf: expected(p, c, within, p=1)
    ),
    "each point went to its farthest centre: `min` finds the nearest": lambda p, c, within=inf: expected(
        p, c, within, best=torch.amax
    ),
    "8 stands where the number of centres belongs: the fair share is N / M": _of_eight,
    "no mode is covered: is each point given to its nearest centre? `min` over an (N, M) table of distances "
    "takes `dim=1`; `dim=0` finds the nearest point of each centre": _nearest_points,
    "one good point is enough here: a fifth of the fair share is asked for": lambda p, c, within=inf: (
        expected(p, c, within, share=_ONE if within < inf else 0.2)
    ),
}
