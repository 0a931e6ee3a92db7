"""A probe only takes down: what student's code may have turned round it neither asks nor compares.

And what it takes down hangs on the seed, so that nobody can know it by heart.
"""

import builtins
import dataclasses

import numpy as np
import pytest
import torch

from labkit.exercises.judges import agreement
from labkit.exercises.record import findings, run_probe
from tests.test_answers import CODED, WRONG, solution

SEED = 31
PLAYED = ("5.3", "5.4", "5.5")  # settings: nothing runs beside the student's code, and a game takes its time
FIXED = {"1.5", "4.5", *PLAYED}  # what is asked for is one thing, whatever the seed
SLOW = ("2.2", "2.5")  # large networks, built for every wrong answer
ATTACKED = [pytest.param(i, marks=[pytest.mark.slow] if i in SLOW else []) for i in CODED if i not in PLAYED]


def _yes(*_args, **_more):
    return True


def _no(*_args, **_more):
    return False


def all_is_equal(patch):
    """As an answer would do that wants to hide what it changed."""
    for name in ("equal", "allclose", "isclose", "is_same_size"):
        patch.setattr(torch, name, _yes)
    for name in ("equal", "allclose"):
        patch.setattr(torch.Tensor, name, _yes)
    for name in ("array_equal", "array_equiv", "allclose", "isclose"):
        patch.setattr(np, name, _yes)
    patch.setattr(torch, "isin", lambda tensor, *_, **__: torch.zeros_like(tensor, dtype=torch.bool))


def all_holds(patch):
    """Whatever is asked of all is true, whatever is asked of any is not."""
    patch.setattr(builtins, "all", _yes)
    patch.setattr(builtins, "any", _no)


def _is_right(exercise, answer, solved, attack, monkeypatch):
    with monkeypatch.context() as patch:
        attack(patch)
        record = run_probe(exercise, answer, SEED)
    found = findings(exercise, record, SEED)
    return bool(found) and all(f.ok for f in found) and agreement(exercise, record, solved) is None


@pytest.fixture(scope="module")
def solved():
    """The solution's record on the inputs of SEED, by exercise."""
    return {i: run_probe(e, solution(i), SEED) for i, e in CODED.items()}


@pytest.mark.parametrize("attack", [all_is_equal, all_holds])
@pytest.mark.parametrize("exercise_id", ATTACKED)
def test_no_wrong_answer_becomes_right_where_comparisons_lie(exercise_id, attack, solved, monkeypatch):
    exercise, expected = CODED[exercise_id], solved[exercise_id]
    fooled = [
        clue
        for clue, answer in WRONG[exercise_id].items()
        if _is_right(exercise, answer, expected, attack, monkeypatch)
    ]
    assert not fooled


@pytest.mark.parametrize("exercise_id", [i for i in CODED if i not in FIXED])
def test_what_is_right_hangs_on_the_seed(exercise_id):
    exercise = CODED[exercise_id]
    answer = solution(exercise_id)
    for one, other in ((1, 2), (2024, 7), (31, 20_001)):
        records = [run_probe(exercise, answer, seed).arrays for seed in (one, other)]
        pairs = [[arrays[name] for arrays in records] for name in exercise.agrees]
        assert any(a.shape != b.shape or not (a == b).all() for a, b in pairs), (one, other)


def test_parameters_that_all_look_alike_are_not_the_same_ones(solved):
    """As where an answer to 2.1 turned `id` round: before and after agree then, whatever was replaced."""
    arrays = solved["2.1"].arrays
    alike = {
        f"parameters {when}": np.full_like(arrays["parameters before"], 7) for when in ("before", "after")
    }
    last = findings(CODED["2.1"], dataclasses.replace(solved["2.1"], arrays=arrays | alike), SEED)[-1]
    assert not last.ok and last.what == "the parameters can still be trained"
