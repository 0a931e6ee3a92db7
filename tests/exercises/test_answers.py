"""Every exercise meets its solution, right answers in other styles, its own mistakes, and hostile answers.

And wrong answers written by somebody else, each with the clue that it must get.
"""

import time

import numpy as np
import pytest
import torch
from torch import nn

from labkit.checks import CheckFailed, check
from labkit.exercises.judging import findings, mistakes_of, properties_of
from labkit.exercises.record import record_of, run_probe
from tests.exercises.known import CODED, RIGHT, WRONG, solution


def _param(exercise_id, *more):
    """A case of this exercise; where its check plays games or builds large networks, the mark says so."""
    costly = CODED[exercise_id].played or CODED[exercise_id].slow
    return pytest.param(exercise_id, *more, marks=[pytest.mark.costly] if costly else [])


def _report(exercise, answer, capsys):
    with pytest.raises(CheckFailed):
        check(exercise.id, answer)
    return capsys.readouterr().out


@pytest.mark.parametrize("exercise_id", CODED)
def test_there_are_enough_answers(exercise_id):
    assert len(RIGHT[exercise_id]) >= 2
    assert len(WRONG[exercise_id]) >= 3
    assert len(WRONG[exercise_id]) + len(mistakes_of(CODED[exercise_id])) >= 8


@pytest.mark.parametrize("exercise_id", CODED)
def test_the_shares_of_the_properties_add_up_to_the_points(exercise_id):
    exercise = CODED[exercise_id]
    assert sum(p.points for p in properties_of(exercise)) == exercise.points


@pytest.mark.portable
@pytest.mark.costly
@pytest.mark.parametrize(("exercise_id", "words"), [(i, w) for i in CODED for w in mistakes_of(CODED[i])])
def test_a_mistake_is_told_in_its_own_words(exercise_id, words):
    exercise = CODED[exercise_id]
    for seed in (2024,) if exercise.fixed or exercise.played else (2024, 31):
        record = record_of(exercise, mistakes_of(exercise)[words], seed)
        assert record.status == "answered", record.failure
        last = findings(exercise, record, seed)[-1]
        assert (last.ok, last.cause) == (False, words)


def _with_seeds():
    """Every exercise with three seeds; with one where its inputs are the same for all seeds."""
    for exercise_id, exercise in CODED.items():
        for seed in (2024,) if exercise.fixed or exercise.played else (2024, 1, 2):
            yield _param(exercise_id, seed)


@pytest.mark.portable
@pytest.mark.parametrize(("exercise_id", "seed"), _with_seeds())
def test_the_solution_passes_on_any_inputs(exercise_id, seed):
    exercise = CODED[exercise_id]
    record = run_probe(exercise, solution(exercise_id), seed)
    assert record.status == "answered", record.failure
    assert [f for f in findings(exercise, record, seed) if not f.ok] == []


@pytest.mark.portable
@pytest.mark.parametrize(
    ("exercise_id", "number"), [_param(i, n) for i in RIGHT for n in range(len(RIGHT[i]))]
)
def test_other_right_answers_pass(exercise_id, number):
    assert check(exercise_id, RIGHT[exercise_id][number])


@pytest.mark.parametrize(("exercise_id", "clue"), [(i, c) for i in WRONG for c in WRONG[i]])
def test_wrong_answers_are_rejected_with_their_clue(exercise_id, clue, capsys):
    assert clue in _report(CODED[exercise_id], WRONG[exercise_id][clue], capsys)


class _AlwaysEqual:
    """Equal to everything, and as long, as large and as true as anybody likes."""

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0

    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return self


class _Lying(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return True


class _Unprintable(Exception):
    def __str__(self):
        raise ValueError("no text")


def _raise(error):
    raise error


HOSTILE = {
    "None": lambda *a, **k: None,
    "a string": lambda *a, **k: "yes",
    "NaN": lambda *a, **k: torch.tensor(float("nan")),
    "an empty tensor": lambda *a, **k: torch.empty(0),
    "a complex tensor": lambda *a, **k: torch.ones(2, dtype=torch.complex64),
    "a huge tensor": lambda *a, **k: torch.zeros(1).expand(10**12),
    "nine axes": lambda *a, **k: torch.zeros((1,) * 9),
    "strings in an array": lambda *a, **k: np.array(["a", "b"]),
    "a dictionary": lambda *a, **k: {"loss": 1},
    "itself": lambda *a, **k: HOSTILE["itself"],
    "equal to all": lambda *a, **k: _AlwaysEqual(),
    "a lying tensor": lambda *a, **k: torch.ones(2).as_subclass(_Lying),
    "a module": lambda *a, **k: nn.Linear(2, 2),
    "a dead module": lambda *a, **k: nn.Identity(),
    "raises": lambda *a, **k: _raise(RuntimeError("no")),
    "raises without text": lambda *a, **k: _raise(_Unprintable()),
    "exits": lambda *a, **k: _raise(SystemExit(0)),
    "recurses": lambda *a, **k: HOSTILE["recurses"](),
    "true": lambda *a, **k: True,
    "a generator": lambda *a, **k: (i for i in range(3)),
}


@pytest.mark.parametrize("exercise_id", CODED)
def test_a_check_survives_anything(exercise_id, capsys):
    for name, answer in HOSTILE.items():
        report = _report(CODED[exercise_id], answer, capsys)
        assert "✘" in report, name


@pytest.mark.parametrize("exercise_id", CODED)
def test_a_check_is_quick_and_leaves_no_trace(exercise_id):
    answer = solution(exercise_id)  # not in the check's time: it runs the notebook's import cells
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)  # the first one imports half of torch
    if CODED[exercise_id].played:
        check(exercise_id, answer)  # the games take seconds, as the notebook says, and are remembered
    state = torch.get_rng_state().clone()
    start = time.process_time()
    with torch.no_grad():
        check(exercise_id, answer)
        assert not torch.is_grad_enabled()
    assert time.process_time() - start < 4, "two seconds on two cores"
    assert torch.equal(state, torch.get_rng_state())
