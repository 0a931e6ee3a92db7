"""Exercise 4.7: a rule that gives a run its verdict, put to made-up runs."""

import math

import numpy as np

from labkit.diagnosis import VERDICTS
from labkit.exercises.exercise import Exercise, Finding
from labkit.exercises.lab04 import verdicts
from labkit.exercises.properties import Case, holds, rule
from labkit.exercises.reading import word

_ROWS = (36, 48)  # at least and at most
_HEALTHY = {"loss/g": 0.7, "signal/g": 0.5, "gap/d": 0.3, "recall/g": 0.4, "diversity/g": 0.95}

# What differs from a healthy end, case by case: a value, or the least and the most of one that is drawn.
# No drawn and scattered value comes near a threshold. What each case is, the judge knows.
_ENDS = (
    {},
    {"loss/g": (80.0, 900.0), "gap/d": (300.0, 900.0), "recall/g": 0.0},
    {"loss/g": (-900.0, -80.0), "recall/g": 0.0},
    {"loss/g": math.nan, "recall/g": 0.0},
    {"signal/g": (0.0005, 0.01), "gap/d": (6.0, 20.0), "recall/g": 0.0, "diversity/g": (0.1, 0.4)},
    {"signal/g": (0.0005, 0.01), "gap/d": (6.0, 20.0), "recall/g": 0.0, "diversity/g": (0.9, 1.1)},
    {"signal/g": 0.98, "gap/d": (6.0, 9.0)},
    {"signal/g": (0.01, 0.03), "gap/d": (0.6, 2.0)},
    {"recall/g": 0.0, "diversity/g": (0.2, 0.4), "gap/d": (5.0, 7.0), "signal/g": (0.6, 0.9)},
    {"recall/g": (0.01, 0.04), "gap/d": (1.0, 3.0)},
    {"recall/g": (0.2, 0.3), "diversity/g": (0.3, 0.45), "gap/d": (1.0, 3.0)},
    {"recall/g": 0.0, "gap/d": (-0.05, 0.05)},
    {"recall/g": 0.0, "diversity/g": (0.2, 0.4), "gap/d": (-3.0, -1.0)},
    {"gap/d": (-0.05, 0.05)},
)


def made_runs(seed: int) -> list[tuple[int, dict]]:
    """(number of the case, its columns as the logbook's `read` has them) for every case, in any order.

    Columns tell another story at first, then their values scatter about the end that the case has.
    """
    generator = np.random.default_rng(seed)
    numbers = generator.permutation(len(_ENDS)).tolist()
    return [(number, _made(generator, _HEALTHY | _drawn(generator, _ENDS[number]))) for number in numbers]


def _drawn(generator, changes: dict) -> dict[str, float]:
    return {tag: generator.uniform(*end) if isinstance(end, tuple) else end for tag, end in changes.items()}


def _made(generator, ends: dict[str, float]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    rows = int(generator.integers(_ROWS[0], _ROWS[1] + 1))
    steps = np.arange(1, rows + 1) * 10
    start = {"loss/g": 3.0, "signal/g": 0.9, "gap/d": 6.0, "recall/g": 0.0, "diversity/g": 0.25}
    columns = {}
    for tag, end in ends.items():
        values = np.where(steps > 0.7 * steps[-1], end, start[tag]) * generator.uniform(0.97, 1.03, rows)
        values[-1] = start[tag]  # one last row that looks like the first: the median passes it over
        columns[tag] = (steps, values if math.isfinite(end) else np.full(rows, end))
    return columns


def probe(answer, given):
    said = [answer({tag: (s.copy(), v.copy()) for tag, (s, v) in columns.items()}) for _, columns in given]
    if any(word is None for word in said):
        return {"the verdict": None}
    words = [word if isinstance(word, str) else type(word).__name__ for word in said]
    known = [VERDICTS.index(word) if word in VERDICTS else -1 for word in words]
    strange = next((word for word in words if word not in VERDICTS), "")
    return {"the verdicts": known, "strange": strange}


EXERCISE = Exercise(
    "4.7",
    "A rule",
    4,
    "rule(columns)",
    made_runs,
    probe,
    causes={r"KeyError": "the columns are loss/g, signal/g, gap/d, recall/g and diversity/g"},
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(columns):
    end = {tag: verdicts.late(columns, tag) for tag in columns}
    poor = min(end["recall/g"] / 0.1, end["diversity/g"] / 0.6) < 1
    fits = {
        "diverged": not -50 <= end["loss/g"] <= 50,
        "vanishing gradient": end["signal/g"] < 0.05 and end["gap/d"] > 4,
        "discriminator too weak to teach": poor and abs(end["gap/d"]) < 0.15,
        "mode collapse": poor,
        "healthy": True,
    }
    return next(verdict for verdict, so in fits.items() if so)


# What each case is, and what to think of when a rule misses it: each refutes a mistake of its own, so that
# they take the place of MISTAKES.
CASES = (
    ("a healthy run", "none of the four failures' lines may hold here"),
    ("a run in which a loss runs off", "the first line of the table: a loss beyond 50"),
    ("a loss that runs off below zero", "take the absolute value of the loss"),
    (
        "a run whose loss is not a number",
        "a comparison with nan is never true: ask `math.isfinite`, or negate the opposite comparison",
    ),
    (
        "D is sure and G's signal is gone",
        "this line comes before the poor samples: with no signal they cannot but be poor",
    ),
    ("the signal is gone, and the samples vary all the same", "the samples do not matter for this line"),
    ("D is sure, and G's signal is strong", "a large gap alone is no failure: both conditions are needed"),
    (
        "the signal is small, and D is undecided",
        "a small signal alone is no failure: both conditions are needed",
    ),
    ("samples alike, D ahead", "poor samples, and D sees it"),
    (
        "recall 0 with varied samples, D ahead",
        "samples are poor when recall or diversity is low: either is enough",
    ),
    ("samples alike, recall not yet 0", "samples are poor when recall or diversity is low: either is enough"),
    ("poor samples, and D sees no difference", "a gap near 0 beside poor samples"),
    (
        "poor samples that D prefers to real ones",
        "near 0 means on both sides: take the absolute value of the gap",
    ),
    (
        "good samples, and D sees no difference",
        "a gap near 0 is what equilibrium looks like: it is a failure beside poor samples only",
    ),
)


def _known(case: Case):
    strange, shape = word(case.got["strange"]), case.got["the verdicts"].shape
    every, cause = "; ".join(VERDICTS), "letter for letter as in the table above"
    yield holds("it returns one of the five verdicts", not strange, got=strange, expected=every, cause=cause)
    if shape != (len(CASES),):
        yield Finding("there is a verdict for every run", False, f"shape {shape}", f"shape {(len(CASES),)}")


def _right_in(numbers: range, points: float):
    def find(case: Case):
        order = [number for number, _ in case.given]
        said, right = (
            dict(zip(order, a["the verdicts"].tolist(), strict=True)) for a in (case.got, case.expected)
        )
        for number in numbers:
            what, cause = CASES[number]
            got = dict(enumerate(VERDICTS)).get(said[number], "none of the five")
            wanted = VERDICTS[right[number]]
            yield holds(what, got == wanted, got=got, expected=wanted, cause=cause)

    return rule(find, "the verdicts", compared=True, points=points)


PROPERTIES = (
    rule(_known, "strange", "the verdicts"),
    _right_in(range(0, 1), 0),  # healthy
    _right_in(range(1, 4), 1),  # diverged
    _right_in(range(4, 8), 1),  # the signal is gone
    _right_in(range(8, 11), 1),  # poor samples
    _right_in(range(11, 14), 1),  # D sees no difference
)
