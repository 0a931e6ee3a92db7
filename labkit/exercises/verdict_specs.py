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

_ROWS = 40
_HEALTHY = {"loss/g": 0.7, "signal/g": 0.5, "gap/d": 0.3, "recall/g": 0.4, "diversity/g": 0.95}

# What differs from a healthy end, case by case; what each case is, the judge knows.
_ENDS = (
    {},
    {"loss/g": 300.0, "gap/d": 900.0, "recall/g": 0.0},
    {"loss/g": -300.0, "recall/g": 0.0},
    {"loss/g": math.nan, "recall/g": 0.0},
    {"signal/g": 0.001, "gap/d": 15.0, "recall/g": 0.0, "diversity/g": 0.2},
    {"signal/g": 0.001, "gap/d": 15.0, "recall/g": 0.0, "diversity/g": 1.1},
    {"signal/g": 0.98, "gap/d": 8.0},
    {"signal/g": 0.03, "gap/d": 1.0},
    {"recall/g": 0.0, "diversity/g": 0.3, "gap/d": 5.0, "signal/g": 0.9},
    {"recall/g": 0.02, "gap/d": 2.0},
    {"recall/g": 0.2, "diversity/g": 0.4, "gap/d": 2.0},
    {"recall/g": 0.0, "gap/d": 0.01},
    {"recall/g": 0.0, "diversity/g": 0.2, "gap/d": -3.0},
    {"gap/d": 0.01},
)


def made_runs(seed: int) -> list[dict[str, tuple[np.ndarray, np.ndarray]]]:
    """One set of columns for each case: another story at first, then values that scatter about their end."""
    generator = np.random.default_rng(seed)
    return [_made(generator, _HEALTHY | changes) for changes in _ENDS]


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
