"""Judge of exercise 5.2: which centres hold at least a fifth of their fair share of the points."""

import numpy as np

from labkit.exercises.judges.comparing import close, holds, unchanged
from labkit.exercises.mode_specs import WITHIN

SHARE = 0.2


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
    yield unchanged(
        "the points given are left as they were",
        [
            (got["the points afterwards"], given["sharp"]),
            (got["the broad points afterwards"], given["broad"]),
        ],
    )


def _held(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """How many points are nearest to each centre, by the largest x.c - c.c / 2."""
    score = points @ centres.T - (centres**2).sum(1) / 2
    return np.bincount(score.argmax(1), minlength=len(centres))
