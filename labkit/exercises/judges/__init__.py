"""The judges: what each exercise expects, and how a wrong answer is recognised.

They live apart from the rest of an exercise because the grader's sandbox hides this folder: no expected value
is within reach of a student's code while it runs. So no module outside this folder imports from it when it is
itself imported.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from labkit.exercises.exercise import Arrays, Finding

__all__ = ["Judge", "judge_of"]

Judge = Callable[[Any, Arrays], Iterator[Finding]]


def judge_of(exercise_id: str) -> Judge:
    """The judge of a coded exercise: (inputs, arrays) -> findings in the order in which to mend them.

    It may assume that every name of the probe is there, and nothing else about the arrays: they may come
    from a hostile process. It never raises on account of them, and takes no more time or memory than they do.
    It is asked for the next finding only when the last one holds.

    Raises:
        KeyError: there is no coded exercise with this id.
    """
    lab = exercise_id.split(".")[0].zfill(2)
    name = f"{__name__}.lab{lab}"
    judges = import_module(name).JUDGES if find_spec(name) else {}
    if exercise_id not in judges:
        raise KeyError(f"no judge for exercise {exercise_id!r}")
    return judges[exercise_id]
