"""The second opinion: a right answer's values agree with those of the solution on the same inputs."""

import numpy as np

from labkit.exercises.record import Record
from labkit.exercises.spec import Exercise, Finding


def agreement(exercise: Exercise, record: Record, solution: Record) -> Finding | None:
    """Compare the values that the exercise lists under ``agrees``; where it lists none, right answers differ.

    Returns:
        None when they agree, else a finding that says which name is missing or one too many, or whose
        values differ. It does not say what the solution's are.
    """
    if not exercise.agrees:
        return None
    missing = sorted(set(solution.arrays) - set(record.arrays))
    extra = len(set(record.arrays) - set(solution.arrays))
    if missing or extra:
        got = f"without {', '.join(missing)}" if missing else f"{extra} more than asked for"
        return Finding(
            "the values are those that the exercise asks for", False, got, "all of them, no others"
        )
    for name in exercise.agrees:
        got, right = record.arrays[name], solution.arrays[name]
        if not _alike(got, right, exercise.rtol, exercise.atol):
            said = "other values" if got.size == right.size else f"shape {got.shape}"
            what = f"{name}: the same as the solution's on the same inputs"
            return Finding(what, False, said, "the solution's, within rounding")
    return None


def _alike(got: np.ndarray, right: np.ndarray, rtol: float, atol: float) -> bool:
    """Whether both hold the same; () and (1,) are one shape here: the judge knows which is asked for."""
    if got.size != right.size or "U" in got.dtype.kind + right.dtype.kind:
        return got.shape == right.shape and got.dtype.kind == right.dtype.kind and bool((got == right).all())
    both = (a.astype(np.float64).ravel() for a in (got, right))
    return bool(np.allclose(*both, rtol=rtol, atol=atol, equal_nan=True))
