"""Judges of exercises 4.5 and 4.7: verdicts on five recorded runs, and a rule put to made-up ones.

Each verdict has signs, questions about the end of a run. A claim is refused with the first sign of the
claimed verdict that the run does not show, so the report says where to look and not what is right.
"""

from collections.abc import Mapping

import numpy as np

from labkit.exercises.judges.comparing import holds
from labkit.exercises.reading import word
from labkit.exercises.verdict_specs import RUNS, VERDICTS
from labkit.files import shipped
from labkit.logbook import read

Columns = Mapping[str, tuple[np.ndarray, np.ndarray]]

# Verdict -> (tag, low, high, what the sign is): the median of the last quarter lies between the two.
SIGNS = {
    "healthy": (
        ("recall/g", 0.1, 1.0, "some real images lie among the fakes"),
        ("diversity/g", 0.6, 1.5, "the fakes differ about as much as real images do"),
    ),
    "mode collapse": (
        ("recall/g", 0.0, 0.1, "hardly a real image lies among the fakes"),
        ("signal/g", 0.1, 1.0, "G is still being taught"),
        ("gap/d", 0.5, 50.0, "D sees a clear difference, and its scores stay in bounds"),
        ("diversity/g", 0.0, 0.6, "the fakes are alike"),
    ),
    "vanishing gradient": (
        ("gap/d", 4.0, 1e4, "D is sure"),
        ("signal/g", 0.0, 0.05, "next to nothing reaches G"),
    ),
    "discriminator too weak to teach": (
        ("recall/g", 0.0, 0.1, "the samples are poor"),
        ("gap/d", -0.15, 0.15, "D sees no difference all the same"),
    ),
    "diverged": (("loss/g", 50.0, 1e9, "a loss runs out of all bounds"),),
}


def late(columns: Columns, tag: str) -> float:
    """The median of a column over the last quarter of its steps."""
    steps, values = columns[tag]
    return float(np.median(np.asarray(values)[np.asarray(steps) > 0.75 * np.max(steps)]))


def missing_sign(columns: Columns, verdict: str) -> tuple[str, float, str] | None:
    """The first sign of a verdict that a run lacks: (tag, its late value, the sign); None if it has all."""
    for tag, low, high, sign in SIGNS[verdict]:
        value = late(columns, tag)
        if not low <= value <= high:
            return tag, value, sign
    return None


def judge_verdicts(_given, got):
    yield holds(
        "it returns a dictionary",
        word(got["kind"]) == "dict",
        got=word(got["kind"]),
        expected='{"run_a": verdict, …}',
    )
    yield holds(
        "it has a verdict for each of the five runs",
        word(got["runs"]) == "; ".join(RUNS),
        got=word(got["runs"]) or "none",
        expected="; ".join(RUNS),
        cause="one entry for each run, by its name",
    )
    for run in RUNS:
        yield holds(
            f"{run}: the verdict is one of the five",
            word(got[run]) in VERDICTS,
            got=word(got[run]) or "an empty one",
            expected="; ".join(VERDICTS),
            cause="letter for letter as in the table above",
        )
    for run in RUNS:
        verdict = word(got[run])
        lacks = missing_sign(read(shipped("runs", run)), verdict)
        tag, value, sign = lacks or ("", 0.0, "")
        yield holds(
            f'{run}: its curves show the signs of "{verdict}"',
            lacks is None,
            got=f"{tag} {value:.2g} at the end",
            expected="a sign that this verdict needs",
            cause=f"of a run that is called so one asks that {sign}: look at `{tag}` of {run} again",
        )


# What the case is, its verdict, and what to think of when it is missed: by the number of the case.
_CASES = (
    ("a healthy run", "healthy", "none of the four failures' lines may hold here"),
    ("a run in which a loss runs off", "diverged", "the first line of the table: a loss beyond 50"),
    ("a loss that runs off below zero", "diverged", "take the absolute value of the loss"),
    (
        "a run whose loss is not a number",
        "diverged",
        "a comparison with nan is never true: ask `math.isfinite`, or turn the comparison round",
    ),
    (
        "D is sure and G's signal is gone",
        "vanishing gradient",
        "this line comes before the poor samples: with no signal they cannot but be poor",
    ),
    (
        "the signal is gone, and the samples vary all the same",
        "vanishing gradient",
        "the samples do not matter for this line",
    ),
    (
        "D is sure, and G's signal is strong",
        "healthy",
        "a large gap alone is no failure: both conditions are needed",
    ),
    (
        "the signal is small, and D is undecided",
        "healthy",
        "a small signal alone is no failure: both conditions are needed",
    ),
    ("samples alike, D ahead", "mode collapse", "poor samples, and D sees it"),
    (
        "recall 0 with varied samples, D ahead",
        "mode collapse",
        "samples are poor when recall or diversity is low: either is enough",
    ),
    (
        "samples alike, recall not yet 0",
        "mode collapse",
        "samples are poor when recall or diversity is low: either is enough",
    ),
    (
        "poor samples, and D sees no difference",
        "discriminator too weak to teach",
        "a gap near 0 beside poor samples",
    ),
    (
        "poor samples that D prefers to real ones",
        "mode collapse",
        "near 0 means on both sides: take the absolute value of the gap",
    ),
    (
        "good samples, and D sees no difference",
        "healthy",
        "a gap near 0 is what equilibrium looks like: it is a failure beside poor samples only",
    ),
)


def judge_rule(given, got):
    yield holds(
        "it returns one of the five verdicts",
        not word(got["strange"]),
        got=word(got["strange"]),
        expected="; ".join(VERDICTS),
        cause="letter for letter as in the table above",
    )
    said = got["the verdicts"]
    if said.shape != (len(_CASES),) or said.dtype.kind not in "iu":
        what = "there is a verdict for every run"
        yield holds(what, False, got=f"shape {said.shape}", expected=f"shape {(len(_CASES),)}")
        return
    by_case = {case: number for (case, _), number in zip(given, said.tolist(), strict=True)}
    for case, (what, verdict, cause) in enumerate(_CASES):
        number = by_case[case]
        name = VERDICTS[number] if 0 <= number < len(VERDICTS) else "none of the five"
        yield holds(what, name == verdict, got=name, expected=verdict, cause=cause)
