"""Lab 04, verdicts: five recorded runs to be judged by their curves, and a rule put to made-up ones."""

import math
from collections.abc import Mapping

import numpy as np

RUNS = ("run_a", "run_b", "run_c", "run_d", "run_e")
VERDICTS = (
    "healthy",
    "mode collapse",
    "vanishing gradient",
    "discriminator too weak to teach",
    "diverged",
)


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


# 4.7 -------------------------------------------------------------------------------------------------

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

Columns = Mapping[str, tuple[np.ndarray, np.ndarray]]


def made_runs(seed: int) -> list[tuple[int, Columns]]:
    """(number of the case, its columns) for every case, in any order.

    Columns tell another story at first, then their values scatter about the end that the case has.
    """
    generator = np.random.default_rng(seed)
    numbers = generator.permutation(len(_ENDS)).tolist()
    return [(number, _made(generator, _HEALTHY | _drawn(generator, _ENDS[number]))) for number in numbers]


def _drawn(generator, changes: Mapping[str, float | tuple[float, float]]) -> dict[str, float]:
    return {tag: generator.uniform(*end) if isinstance(end, tuple) else end for tag, end in changes.items()}


def _made(generator, ends: Mapping[str, float]) -> Columns:
    rows = int(generator.integers(_ROWS[0], _ROWS[1] + 1))
    steps = np.arange(1, rows + 1) * 10
    start = {"loss/g": 3.0, "signal/g": 0.9, "gap/d": 6.0, "recall/g": 0.0, "diversity/g": 0.25}
    columns = {}
    for tag, end in ends.items():
        values = np.where(steps > 0.7 * steps[-1], end, start[tag]) * generator.uniform(0.97, 1.03, rows)
        values[-1] = start[tag]  # one last row that looks like the first: the median passes it over
        columns[tag] = (steps, values if math.isfinite(end) else np.full(rows, end))
    return columns


def probe_rule(rule, given):
    said = [rule({tag: (s.copy(), v.copy()) for tag, (s, v) in columns.items()}) for _, columns in given]
    if any(word is None for word in said):
        return {"the verdict": None}
    words = [word if isinstance(word, str) else type(word).__name__ for word in said]
    known = [VERDICTS.index(word) if word in VERDICTS else -1 for word in words]
    strange = next((word for word in words if word not in VERDICTS), "")
    return {"the verdicts": known, "strange": strange}
