"""A probe only takes notes: it neither asks nor compares, so what student's code has replaced cannot fool it.

And what it notes depends on the seed, so that nobody can know it by heart.
"""

import builtins
import dataclasses

import numpy as np
import pytest
import torch

from labkit.exercises.judging import agreement, findings, mistakes_of, properties_of
from labkit.exercises.record import record_of, run_probe
from tests.exercises.known import CODED, WRONG, solution

SEED = 31
ATTACKED = [
    pytest.param(i, marks=[pytest.mark.slow] if e.slow else []) for i, e in CODED.items() if not e.played
]


def _yes(*_args, **_more):
    return True


def _no(*_args, **_more):
    return False


def comparisons_lie(patch):
    """All is equal, nothing is in anything, whatever is asked of all is true, and nothing is of any.

    So would an answer do it that wants to hide what it changed.
    """
    for name in ("equal", "allclose", "isclose", "is_same_size"):
        patch.setattr(torch, name, _yes)
    for name in ("equal", "allclose"):
        patch.setattr(torch.Tensor, name, _yes)
    for name in ("array_equal", "array_equiv", "allclose", "isclose"):
        patch.setattr(np, name, _yes)
    patch.setattr(torch, "isin", lambda tensor, *_, **__: torch.zeros_like(tensor, dtype=torch.bool))
    patch.setattr(builtins, "all", _yes)
    patch.setattr(builtins, "any", _no)


def _is_right(exercise, answer, solved, monkeypatch):
    with monkeypatch.context() as patch:
        comparisons_lie(patch)
        record = record_of(exercise, answer, SEED)
    found = findings(exercise, record, SEED)
    return bool(found) and all(f.ok for f in found) and agreement(exercise, record, solved) is None


@pytest.fixture(scope="module")
def solved():
    """The solution's record on the inputs of SEED, by exercise."""
    return {i: run_probe(e, solution(i), SEED) for i, e in CODED.items()}


@pytest.mark.parametrize("exercise_id", ATTACKED)
def test_no_wrong_answer_becomes_right_where_comparisons_lie(exercise_id, solved, monkeypatch):
    exercise, expected = CODED[exercise_id], solved[exercise_id]
    fooled = [
        clue
        for clue, answer in {**WRONG[exercise_id], **mistakes_of(exercise)}.items()
        if _is_right(exercise, answer, expected, monkeypatch)
    ]
    assert not fooled


@pytest.mark.parametrize("exercise_id", [i for i, e in CODED.items() if not (e.fixed or e.played)])
def test_what_is_right_depends_on_the_seed(exercise_id):
    exercise = CODED[exercise_id]
    answer = solution(exercise_id)
    names = {name for p in properties_of(exercise) if p.compared for name in p.names}
    for one, other in ((1, 2), (2024, 7), (31, 20_001)):
        records = [run_probe(exercise, answer, seed).arrays for seed in (one, other)]
        pairs = [[arrays[name] for arrays in records] for name in names]
        assert any(a.shape != b.shape or not (a == b).all() for a, b in pairs), (one, other)


def test_parameters_that_all_look_alike_are_not_the_same_ones(solved):
    """As where an answer to 2.1 replaced `id`: before and after agree then, whatever was replaced."""
    arrays = solved["2.1"].arrays
    alike = {
        f"parameters {when}": np.full_like(arrays["parameters before"], 7) for when in ("before", "after")
    }
    last = findings(CODED["2.1"], dataclasses.replace(solved["2.1"], arrays=arrays | alike), SEED)[-1]
    assert not last.ok and last.what == "the parameters are the same ones, with new numbers"
