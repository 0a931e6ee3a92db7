"""Exercise 4.7: given lines in the right order give a run its verdict, put to made-up runs."""

import math

import numpy as np

from labkit.diagnosis import VERDICTS
from labkit.exercises.exercise import Exercise, Finding
from labkit.exercises.lab04 import verdicts
from labkit.exercises.properties import Case, holds, rule
from labkit.exercises.reading import word

_ROWS = (36, 48)  # at least and at most
_HEALTHY = {"loss/g": 0.7, "signal/g": 0.5, "gap/d": 0.8, "recall/g": 0.4, "diversity/g": 0.95}
_GROWN = "growth of grad_norm/g"  # its end over its first value; not a column of its own

# What differs from a healthy end, case by case: a value, or the least and the most of one that is drawn.
# Each threshold has a case on either side, near enough to refute another threshold and far enough for the
# scatter. What each case is, the judge knows.
_ENDS = (
    {},
    {"loss/g": (52.0, 60.0), "recall/g": 0.0, "gap/d": (-0.1, 0.1), _GROWN: (0.1, 0.5)},
    {"loss/g": (-60.0, -52.0), "recall/g": 0.0},
    {"loss/g": math.nan, "recall/g": 0.0},
    {"loss/g": (-900.0, -100.0), "signal/g": 0.0, "gap/d": (20.0, 90.0), "recall/g": 0.0},
    {"loss/g": (-47.0, -42.0)},
    {"signal/g": (0.033, 0.037), "gap/d": (4.3, 4.6), "recall/g": 0.0, "diversity/g": (0.1, 0.4)},
    {"signal/g": (0.0005, 0.01), "gap/d": (6.0, 20.0)},
    {"signal/g": (0.055, 0.06), "gap/d": (6.0, 9.0)},
    {"signal/g": (0.005, 0.02), "gap/d": (3.4, 3.7)},
    {"recall/g": (0.01, 0.03), "gap/d": (0.12, 0.14), _GROWN: (0.8, 1.3)},
    {"recall/g": 0.0, "diversity/g": (0.2, 0.4), "gap/d": (-0.14, -0.12), _GROWN: (0.01, 0.1)},
    {"recall/g": 0.0, "diversity/g": (0.2, 0.4), "gap/d": (0.22, 0.25), _GROWN: (0.1, 0.5)},
    {"recall/g": 0.0, "diversity/g": (0.2, 0.4), "gap/d": (-3.0, -1.0), _GROWN: (0.1, 0.5)},
    {"recall/g": (0.07, 0.08), "gap/d": (1.0, 3.0)},
    {"recall/g": (0.2, 0.3), "diversity/g": (0.5, 0.55), "gap/d": (1.0, 3.0)},
    {"recall/g": (0.12, 0.14), "diversity/g": (0.65, 0.7), "gap/d": (1.0, 3.0)},
    {"gap/d": (-0.05, 0.05), _GROWN: (0.1, 0.5)},
    {"recall/g": 0.0, "diversity/g": (0.15, 0.2), "gap/d": (-0.05, 0.05), _GROWN: (1.7, 2.0)},
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
    first = generator.uniform(0.3, 3.0)
    start = {"loss/g": 3.0, "signal/g": 0.9, "gap/d": 6.0, "recall/g": 0.0, "diversity/g": 0.25}
    start["grad_norm/g"] = first
    ends = {tag: end for tag, end in ends.items() if tag != _GROWN} | {
        "grad_norm/g": first * ends.get(_GROWN, 1.0)
    }
    columns = {}
    for tag, end in ends.items():
        values = np.where(steps > 0.7 * steps[-1], end, start[tag]) * generator.uniform(0.97, 1.03, rows)
        values[0] = values[-1] = start[tag]  # a last row like the first: the median passes it over
        columns[tag] = (steps, values if math.isfinite(end) else np.full(rows, end))
    return columns


def probe(answer, given):
    runs = [{tag: (s.copy(), v.copy()) for tag, (s, v) in columns.items()} for _, columns in given]
    said = [answer(columns) for columns in runs]
    if any(word is None for word in said):
        return {"the verdict": None}
    words = [word if isinstance(word, str) else type(word).__name__ for word in said]
    known = [VERDICTS.index(word) if word in VERDICTS else -1 for word in words]
    strange = next((word for word in words if word not in VERDICTS), "")
    return {"the verdicts": known, "strange": strange}


EXERCISE = Exercise(
    "4.7",
    "A rule",
    3,
    "rule(columns)",
    made_runs,
    probe,
    causes={
        r"KeyError": "the columns are loss/g, signal/g, gap/d, recall/g, diversity/g and grad_norm/g",
        r"NameError: name '(healthy|mode|vanishing|discriminator|diverged)": (
            'a verdict is a text: it stands in quotes, "diverged"'
        ),
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def _fitting(columns):
    """Verdict -> whether its line of the table holds, in the order in which to ask."""
    end = {tag: verdicts.late(columns, tag) for tag in columns}
    poor = min(end["recall/g"] / 0.1, end["diversity/g"] / 0.6) < 1
    grown = end["grad_norm/g"] >= 1.5 * columns["grad_norm/g"][1][0]
    return {
        "diverged": not -50 <= end["loss/g"] <= 50,
        "vanishing gradient": end["signal/g"] < 0.04 and end["gap/d"] > 4,
        "discriminator too weak to teach": poor and abs(end["gap/d"]) < 0.2 and not grown,
        "mode collapse": poor,
        "healthy": True,
    }


def expected(columns):
    return next(verdict for verdict, holds_here in _fitting(columns).items() if holds_here)


def _exchanged(one, other):
    """The right order, with two verdicts in each other's place."""
    return lambda columns: {one: other, other: one}.get(said := expected(columns), said)


def _last_one_wins(columns):
    fits = [verdict for verdict, holds_here in _fitting(columns).items() if holds_here]
    return fits[-2] if len(fits) > 1 else fits[-1]  # the last is "healthy", which always holds


# What each case is, and what to think of when a rule misses it: each refutes a mistake of its own, so that
# MISTAKES has only those of another kind. A cause holds for whatever was said instead.
_OFF = "a loss beyond 50 in size: the run has diverged, whatever else is true"
_GONE = "the signal is below 0.04 and the gap above 4: ask this before anything else but a loss that runs off"
_NOT_GONE = "gone means a signal below 0.04 and a gap above 4, both"
_WEAK = (
    "poor samples, a gap within 0.2 of 0 and a gradient below 1.5 times its first value: ask this before "
    "mode collapse, which such a run would pass for"
)
_NOT_WEAK = (
    "too weak means a gap within 0.2 of 0, on both sides, and a gradient below 1.5 times its first value"
)
_POOR = "samples are poor when recall is below 0.1 or diversity below 0.6: either is enough"
CASES = (
    ("a healthy run", "none of the failures' lines may hold here"),
    ("a run in which a loss runs off", _OFF),
    ("a loss that runs off below zero", _OFF),
    (
        "a run whose loss is not a number",
        "a comparison with nan is never true: ask for the opposite and negate it, or ask `math.isfinite`",
    ),
    ("a loss that runs off, with no signal left", _OFF),
    ("a large loss that stays in bounds", "up to 50 in size a loss is in bounds"),
    ("D is sure and G's signal is gone; poor samples", _GONE),
    ("D is sure and G's signal is gone; the samples still vary", _GONE),
    ("D is sure, and a signal of 0.06 reaches G", _NOT_GONE),
    ("a small signal, and D is not sure yet", _NOT_GONE),
    ("poor samples, a gap of 0.13, a gradient that has not grown", _WEAK),
    ("poor samples, a gap of -0.13, a gradient that has shrunk", _WEAK),
    ("poor samples, a gap of 0.23", _NOT_WEAK),
    ("poor samples that D prefers to real ones", _NOT_WEAK),
    ("recall just below 0.1, varied samples, D ahead", _POOR),
    ("samples alike, recall well above 0, D ahead", _POOR),
    ("recall just above 0.1, diversity just above 0.6", "neither recall nor diversity is poor here"),
    (
        "good samples, and D sees no difference",
        "a gap near 0 is what the equilibrium looks like: it is a failure beside poor samples only",
    ),
    (
        "poor samples, a gap of 0, a gradient that has grown",
        "D teaches G, but is too slow: a gap of 0 is called too weak only while the gradient is below 1.5 "
        "times its first value",
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
    _right_in(range(1, 6), 1),  # diverged
    _right_in(range(6, 10), 0.5),  # the signal is gone
    _right_in(range(10, 14), 0.5),  # D sees no difference
    _right_in(range(14, 18), 0.5),  # poor samples
    _right_in(range(18, 19), 0.5),  # D sees no difference, and teaches
)

_WORDS = {"gone": "vanishing gradient", "blind": "discriminator too weak to teach", "poor": "mode collapse"}


def _taken_for_each_other(one, other):
    """{what to say: a rule with two verdicts exchanged}."""
    words = f"two verdicts are exchanged: `{one}` is '{_WORDS[one]}', `{other}` is '{_WORDS[other]}'"
    return {words: _exchanged(_WORDS[one], _WORDS[other])}


MISTAKES = {
    **_taken_for_each_other("gone", "blind"),
    **_taken_for_each_other("blind", "poor"),
    **_taken_for_each_other("gone", "poor"),
    "`poor` decides where another question holds too: ask it last, and let no `if` overwrite a verdict": (
        _last_one_wins
    ),
}
