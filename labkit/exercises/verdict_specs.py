"""Lab 04, verdicts: five recorded runs judged by their curves, and a rule that judges by numbers.

Each verdict has signs, questions about the end of a run. A claim is refused with the first sign of the
claimed verdict that the run does not show, so the report says where to look and not what is right.
"""

import math
from collections.abc import Mapping

import numpy as np

from labkit.exercises.spec import close, holds
from labkit.files import shipped
from labkit.logbook import read

RUNS = ("run_a", "run_b", "run_c", "run_d", "run_e")
VERDICTS = (
    "healthy",
    "mode collapse",
    "vanishing gradient",
    "discriminator too weak to teach",
    "diverged",
)
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


# 4.5 -------------------------------------------------------------------------------------------------


def nothing(_seed: int) -> None:
    """The runs are the same for every seed, and the answer is not called with anything."""


def probe_verdicts(verdicts, _given):
    claimed = verdicts()
    if claimed is None:
        return {"the result": None}
    if not isinstance(claimed, dict):
        return {"kind": type(claimed).__name__, "runs": ""} | dict.fromkeys(RUNS, "")
    said = {run: claimed.get(run, "") for run in RUNS}
    words = {run: v if isinstance(v, str) else type(v).__name__ for run, v in said.items()}
    return {"kind": "dict", "runs": "; ".join(sorted(map(str, claimed)))} | words


def judge_verdicts(_given, got):
    yield holds(
        "it returns a dictionary",
        str(got["kind"]) == "dict",
        got=str(got["kind"]),
        expected='{"run_a": verdict, …}',
    )
    yield holds(
        "it has a verdict for each of the five runs",
        str(got["runs"]) == "; ".join(RUNS),
        got=str(got["runs"]) or "none",
        expected="; ".join(RUNS),
        cause="one entry for each run, by its name",
    )
    for run in RUNS:
        yield holds(
            f"{run}: the verdict is one of the five",
            str(got[run]) in VERDICTS,
            got=str(got[run]) or "an empty one",
            expected="; ".join(VERDICTS),
            cause="letter for letter as in the table above",
        )
    for run in RUNS:
        verdict = str(got[run])
        lacks = missing_sign(read(shipped("runs", run)), verdict)
        tag, value, sign = lacks or ("", 0.0, "")
        yield holds(
            f'{run}: its curves show the signs of "{verdict}"',
            lacks is None,
            got=f"{tag} {value:.2g} at the end",
            expected="a sign that this verdict needs",
            cause=f"of a run that is called so one asks that {sign}: look at `{tag}` of {run} again",
        )


# 4.7 -------------------------------------------------------------------------------------------------

_ROWS = 40
_HEALTHY = {"loss/g": 0.7, "signal/g": 0.5, "gap/d": 0.3, "recall/g": 0.4, "diversity/g": 0.95}

# What the case is, what differs from a healthy end, the verdict, and what to think of when it is missed.
_CASES = (
    ("a healthy run", {}, "healthy", "none of the four failures' lines may hold here"),
    (
        "a run in which a loss runs off",
        {"loss/g": 300.0, "gap/d": 900.0, "recall/g": 0.0},
        "diverged",
        "the first line of the table: a loss beyond 50",
    ),
    (
        "a loss that runs off below zero",
        {"loss/g": -300.0, "recall/g": 0.0},
        "diverged",
        "take the absolute value of the loss",
    ),
    (
        "a run whose loss is not a number",
        {"loss/g": math.nan, "recall/g": 0.0},
        "diverged",
        "a comparison with nan is never true: ask `math.isfinite`, or turn the comparison round",
    ),
    (
        "D is sure and G's signal is gone",
        {"signal/g": 0.001, "gap/d": 15.0, "recall/g": 0.0, "diversity/g": 0.2},
        "vanishing gradient",
        "this line comes before the poor samples: with no signal they cannot but be poor",
    ),
    (
        "the signal is gone, and the samples vary all the same",
        {"signal/g": 0.001, "gap/d": 15.0, "recall/g": 0.0, "diversity/g": 1.1},
        "vanishing gradient",
        "the samples do not matter for this line",
    ),
    (
        "D is sure, and G's signal is strong",
        {"signal/g": 0.98, "gap/d": 8.0},
        "healthy",
        "a large gap alone is no failure: both conditions are needed",
    ),
    (
        "the signal is small, and D is undecided",
        {"signal/g": 0.03, "gap/d": 1.0},
        "healthy",
        "a small signal alone is no failure: both conditions are needed",
    ),
    (
        "samples alike, D ahead",
        {"recall/g": 0.0, "diversity/g": 0.3, "gap/d": 5.0, "signal/g": 0.9},
        "mode collapse",
        "poor samples, and D sees it",
    ),
    (
        "recall 0 with varied samples, D ahead",
        {"recall/g": 0.02, "gap/d": 2.0},
        "mode collapse",
        "samples are poor when recall or diversity is low: either is enough",
    ),
    (
        "samples alike, recall not yet 0",
        {"recall/g": 0.2, "diversity/g": 0.4, "gap/d": 2.0},
        "mode collapse",
        "samples are poor when recall or diversity is low: either is enough",
    ),
    (
        "poor samples, and D sees no difference",
        {"recall/g": 0.0, "gap/d": 0.01},
        "discriminator too weak to teach",
        "a gap near 0 beside poor samples",
    ),
    (
        "poor samples that D prefers to real ones",
        {"recall/g": 0.0, "diversity/g": 0.2, "gap/d": -3.0},
        "mode collapse",
        "near 0 means on both sides: take the absolute value of the gap",
    ),
    (
        "good samples, and D sees no difference",
        {"gap/d": 0.01},
        "healthy",
        "a gap near 0 is what equilibrium looks like: it is a failure beside poor samples only",
    ),
)


def made_runs(seed: int) -> list[dict[str, tuple[np.ndarray, np.ndarray]]]:
    """One set of columns for each case: another story at first, then values that scatter about their end."""
    generator = np.random.default_rng(seed)
    return [_made(generator, _HEALTHY | changes) for _, changes, _, _ in _CASES]


def _made(generator, ends: Mapping[str, float]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    steps = np.arange(1, _ROWS + 1) * 10
    start = {"loss/g": 3.0, "signal/g": 0.9, "gap/d": 6.0, "recall/g": 0.0, "diversity/g": 0.25}
    columns = {}
    for tag, end in ends.items():
        values = np.where(steps > 0.7 * steps[-1], end, start[tag]) * generator.uniform(0.97, 1.03, _ROWS)
        values[-1] = start[tag]  # one last row that looks like the first: the median passes it over
        columns[tag] = (steps, values if math.isfinite(end) else np.full(_ROWS, end))
    return columns


def probe_rule(rule, given):
    said = [rule({tag: (s.copy(), v.copy()) for tag, (s, v) in columns.items()}) for columns in given]
    if any(word is None for word in said):
        return {"the verdict": None}
    words = [word if isinstance(word, str) else type(word).__name__ for word in said]
    known = [VERDICTS.index(word) if word in VERDICTS else -1 for word in words]
    strange = next((word for word in words if word not in VERDICTS), "")
    return {"the verdicts": known, "strange": strange}


def judge_rule(_given, got):
    yield holds(
        "it returns one of the five verdicts",
        not str(got["strange"]),
        got=str(got["strange"]),
        expected="; ".join(VERDICTS),
        cause="letter for letter as in the table above",
    )
    said = np.asarray(got["the verdicts"])
    if said.shape != (len(_CASES),):
        yield close("there is a verdict for every run", said, np.zeros(len(_CASES)))
        return
    for (what, _, verdict, cause), number in zip(_CASES, said.tolist(), strict=True):
        yield holds(what, VERDICTS[number] == verdict, got=VERDICTS[number], expected=verdict, cause=cause)
