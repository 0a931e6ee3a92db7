"""Who speaks in a mark: the grader, in its own words. What a student's process says is only quoted.

A student's process can write any result that it likes. What it saw is kept: arrays, and the text under "got".
What the grader says about it is put together here, from the exercise and from lists of the grader's own.
"""

import builtins
import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from labkit.exercises.exercise import Exercise
from labkit.exercises.record import Record, retold
from labkit_instructor.sandbox.inside.answer import LATE_CELLS
from labkit_instructor.sandbox.inside.exchange import Result

_OTHER_WORDS = np.array("other words than the solution's")
_OTHER_VALUE = "something that is no array"
_PLAIN_VALUES = {"None", *(f"{a} {name}" for name in vars(builtins) if name.isalpha() for a in ("a", "an"))}


def own_words(exercise: Exercise, result: Result, solution: Record, labels: set[str]) -> Result:
    """The result with nothing of a student's where the grader speaks: cells and values that cannot be read
    have known names, a failure is told anew, a cell that failed did so with one of Python's own errors.

    Args:
        solution: what the solution gave: it has the names of all values that are asked for.
        labels: of the cells that ran.
    """
    failed = {label: error(kind) for label, kind in result.failed_cells.items() if label in labels}
    record = result.record
    if record is None:
        return replace(result, failed_cells=failed)
    failure = LATE_CELLS if record.failure == LATE_CELLS else retold(exercise, record)
    odd = _known(record.odd, solution)
    return replace(result, record=Record(record.status, record.arrays, odd, failure), failed_cells=failed)


def without_words(result: Result, solution: Record) -> Result:
    """Of a run with the solution's code beside the student's: numbers, and words of the grader's only.

    The code could be read and passed on in any text that comes out: what is printed, an error's kind and
    message, the type of a value, a text among the values. A text stays where it is the solution's own value.
    """
    record = result.record
    if record is None:
        return Result(None, gpu=result.gpu)
    arrays = {
        name: value if value.dtype.kind != "U" or _same(value, solution.arrays.get(name)) else _OTHER_WORDS
        for name, value in _known(record.arrays, solution).items()
    }
    odd = {n: text if text in _PLAIN_VALUES else _OTHER_VALUE for n, text in record.odd.items()}
    failure = record.failure
    if failure and record.status == "raised":
        failure = replace(failure, got=error(re.match(r"\w*", failure.got)[0]))
    elif failure and record.status == "refused":
        failure = replace(failure, got="")
    return Result(Record(record.status, arrays, odd, failure), gpu=result.gpu)


def error(kind: str) -> str:
    """The kind of an error, where it is one of Python's own: the name of any other may be a message."""
    found = getattr(builtins, kind, None)
    return kind if isinstance(found, type) and issubclass(found, BaseException) else "an error of its own"


def _known(values: Mapping, solution: Record) -> dict:
    known = {*solution.arrays, *solution.odd}
    return {n if n in known else f"another value ({i})": v for i, (n, v) in enumerate(values.items(), 1)}


def _same(value: np.ndarray, solution: np.ndarray | None) -> bool:
    return solution is not None and value.shape == solution.shape and bool((value == solution).all())
