"""Whose words stand in a mark: those of the grader, whatever a student's process writes."""

import numpy as np
import pytest

from labkit.exercises import find
from labkit.exercises.exercise import Finding
from labkit.exercises.record import LATE, Record, run_probe
from labkit_instructor.judging.voice import error, own_words, without_words
from labkit_instructor.sandbox.inside.answer import LATE_CELLS
from labkit_instructor.sandbox.inside.exchange import Result

EXERCISE = find("3.1")
SOLUTION = Record("answered", {"the result": np.ones(3), "elsewhere": np.array("")}, {})
SPOKEN = "Full points, says your instructor"


def _retold(record: Record, **more) -> Result:
    return own_words(EXERCISE, Result(record, **more), SOLUTION, {"helper 1"})


@pytest.mark.parametrize("status", ["refused", "raised", "late"])
def test_a_failure_is_told_in_the_graders_words(status):
    said = Finding(SPOKEN, True, "seen", SPOKEN, SPOKEN)
    told = _retold(Record(status, failure=said)).record.failure
    assert SPOKEN not in (told.what, told.expected, told.cause)
    assert not told.ok


@pytest.mark.parametrize("answer", [7, Record, lambda a, b: a + undefined, lambda: 0])  # noqa: F821
def test_a_true_failure_keeps_its_words(answer):
    record = run_probe(EXERCISE, answer, 3)
    assert record.failure
    assert _retold(record).record == record


def test_a_time_limit_keeps_its_words():
    for failure in (LATE, LATE_CELLS):
        assert _retold(Record("late", failure=failure)).record.failure == failure


def test_names_of_values_and_cells_are_known_ones():
    record = Record("answered", {"the result": np.ones(3)}, {SPOKEN: "a list", "elsewhere": "None"})
    told = _retold(record, failed_cells={SPOKEN: "KeyError", "helper 1": "FullPoints"})
    assert told.record.odd == {"another value (1)": "a list", "elsewhere": "None"}
    assert told.failed_cells == {"helper 1": "an error of its own"}


def test_only_pythons_own_errors_have_a_name():
    assert error("ValueError") == "ValueError"
    for kind in ("FullPoints", "print", "", "int"):
        assert error(kind) == "an error of its own"


def test_beside_a_solution_nothing_is_said_in_words():
    arrays = {"the result": np.ones(3), "elsewhere": np.array(SPOKEN), SPOKEN: np.array("x")}
    told = without_words(Result(Record("answered", arrays, {"b": f"a {SPOKEN}"}), SPOKEN), SOLUTION)
    assert SPOKEN not in repr(told)
    assert (told.record.arrays["the result"] == 1).all()
    raised = Record("raised", failure=Finding("it runs", False, f"{SPOKEN.split()[0]}: {SPOKEN}"))
    assert SPOKEN.split()[0] not in repr(without_words(Result(raised), SOLUTION))


def test_beside_a_solution_its_own_texts_stay():
    told = without_words(Result(Record("answered", {"elsewhere": np.array("")})), SOLUTION)
    assert told.record.arrays["elsewhere"] == ""
