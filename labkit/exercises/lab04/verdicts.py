"""Exercise 4.5: five recorded runs, and which verdict is whose."""

from collections.abc import Mapping

import numpy as np

from labkit.diagnosis import VERDICTS
from labkit.exercises.exercise import Exercise
from labkit.exercises.properties import Case, holds, rule, same
from labkit.exercises.reading import word
from labkit.files import shipped
from labkit.logbook import read

RUNS = ("run_a", "run_b", "run_c", "run_d", "run_e")


def nothing(_seed: int) -> None:
    """The runs are the same for every seed, and the answer is not called with anything."""


def probe(verdicts, _given):
    claimed = verdicts()
    if claimed is None:
        return {"the result": None}
    if not isinstance(claimed, dict):
        return {"kind": type(claimed).__name__, "runs": ""} | dict.fromkeys(RUNS, "")
    said = {run: claimed.get(run, "") for run in RUNS}
    words = {run: v if isinstance(v, str) else type(v).__name__ for run, v in said.items()}
    return {"kind": "dict", "runs": "; ".join(sorted(map(str, claimed)))} | words


EXERCISE = Exercise("4.5", "Five runs, five verdicts", 5, "verdicts()", nothing, probe, fixed=True)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------

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
        ("signal/g", 0.0, 0.04, "next to nothing reaches G"),
    ),
    "discriminator too weak to teach": (
        ("recall/g", 0.0, 0.1, "the samples are poor"),
        ("gap/d", -0.2, 0.2, "D sees no difference all the same"),
    ),
    "diverged": (("loss/g", 50.0, 1e9, "a loss runs out of all bounds"),),
}

Columns = Mapping[str, tuple[np.ndarray, np.ndarray]]


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


def expected():
    runs = {run: read(shipped("runs", run)) for run in RUNS}
    return {run: next(v for v in VERDICTS if not missing_sign(columns, v)) for run, columns in runs.items()}


def _a_verdict(run: str):
    def find(case: Case):
        verdict = word(case.got[run])
        yield holds(
            f"{run}: the verdict is one of the five",
            verdict in VERDICTS,
            got=verdict or "an empty one",
            expected="; ".join(VERDICTS),
            cause="letter for letter as in the table above",
        )

    return rule(find, run)


def _its_verdict(run: str):
    """A claim is refused with the first sign that the run does not show: where to look, not what is right."""

    def find(case: Case):
        verdict = word(case.got[run])
        tag, value, sign = missing_sign(read(shipped("runs", run)), verdict) or ("", 0.0, "")
        yield holds(
            f'{run}: its curves show the signs of "{verdict}"',
            not tag,
            got=f"{tag} {value:.2g} at the end",
            expected="a sign that this verdict needs",
            cause=f"{verdict} means that {sign}: look at `{tag}` of {run} again",
        )

    return rule(find, run, compared=True, points=1)


PROPERTIES = (
    same("kind", "it returns a dictionary", expected='{"run_a": verdict, …}'),
    same("runs", "it has a verdict for each of the five runs", "one entry for each run, by its name"),
    *map(_a_verdict, RUNS),
    *map(_its_verdict, RUNS),
)

IDLE = tuple(lambda verdict=verdict: dict.fromkeys(RUNS, verdict) for verdict in VERDICTS)
