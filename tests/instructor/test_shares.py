"""Points in parts: what an answer has earned is what it got right, and never all when it is wrong."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from labkit.exercises import find, module
from labkit.exercises.exercise import Finding
from labkit.exercises.judging import properties_of
from labkit.exercises.record import Record, record_of
from labkit_instructor.gradebook.standing import Counted
from labkit_instructor.judging import shares as shares_of
from labkit_instructor.judging.shares import shares
from labkit_instructor.marks import Mark, Part, mark_from, to_json
from labkit_instructor.reports.entries import Entry, place
from labkit_instructor.reports.feedback import feedback_page
from tests.exercises.known import CODED, WRONG, solution
from tests.instructor import grading_samples as samples

SEED = 8
QUICK = [i for i, e in CODED.items() if not e.slow and not e.played]


def _model(exercise):
    return record_of(find(exercise), solution(exercise), SEED)


def _earned(exercise, answer):
    record = record_of(find(exercise), answer, SEED)
    return shares(find(exercise), record, _model(exercise), SEED)


def _points(parts):
    return math.fsum(p.points for p in parts)


@pytest.mark.parametrize("exercise", CODED)
def test_the_shares_add_up_to_the_points(exercise):
    worth = math.fsum(p.points for p in properties_of(CODED[exercise]))
    assert worth == pytest.approx(CODED[exercise].points)


@pytest.mark.parametrize("exercise", [i for i in QUICK if CODED[i].points])
def test_a_wrong_answer_earns_what_holds_and_never_all(exercise):
    model = _model(exercise)
    for clue, answer in list(WRONG[exercise].items())[:12]:
        record = record_of(CODED[exercise], answer, SEED)
        parts = shares(CODED[exercise], record, model, SEED)
        assert _points(parts) < CODED[exercise].points, clue
        assert all(p.points in (0, p.out_of) and p.what for p in parts)
        if parts:
            assert math.fsum(p.out_of for p in parts) == pytest.approx(CODED[exercise].points)
    assert "another property" not in {p.what for p in shares(CODED[exercise], model, model, SEED)}


@pytest.mark.parametrize("exercise", QUICK)
@pytest.mark.parametrize(
    "answer", [lambda *a, **k: 0.0, lambda *a, **k: torch.tensor(0.0), lambda *a, **k: a[0] if a else None]
)
def test_an_answer_that_does_nothing_earns_nothing(exercise, answer):
    assert _points(_earned(exercise, answer)) == 0


def _step(G, D, d_optimizer, g_optimizer, real, z, *, to_g=True):
    """Right for D; G takes the loss of D."""
    losses = {}
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    fake = G(z)
    d_optimizer.zero_grad()
    on_real, on_fake = D(real), D(fake.detach())
    d_loss = bce(on_real, torch.full_like(on_real, 0.9)) + bce(on_fake, torch.zeros_like(on_fake))
    d_loss.backward()
    d_optimizer.step()
    g_optimizer.zero_grad()
    score = D(fake)
    g_loss = bce(score, torch.ones_like(score) if to_g else torch.zeros_like(score))
    g_loss.backward()
    g_optimizer.step()
    return losses | {"d_loss": d_loss.item(), "g_loss": g_loss.item()}


def test_ds_step_is_right_and_gs_is_not():
    parts = _earned("3.4", lambda *given: _step(*given, to_g=False))
    told = {p.what: p.points for p in parts}
    assert told["D ends where one step of its optimizer takes it"] == 1.5
    assert told["G ends where one step through the updated D takes it"] == 0
    assert told["it returns both losses as floats"] == 0.5, "that can be known although G is wrong"
    assert told["they are the losses of this step"] == 0
    assert _points(parts) == 2.25


def test_a_condition_that_fails_takes_what_stands_below_it():
    """The formula of 3.1 has to be written out; the library's own function is right everywhere."""
    library = torch.nn.functional.binary_cross_entropy_with_logits
    assert _points(_earned("3.1", lambda logits, targets: library(logits, targets))) == 0


def test_the_last_condition_costs_the_smallest_share():
    on_cpu = _earned(
        "3.1", lambda logits, targets: (_softplus(logits, targets) + torch.zeros(len(logits))).mean()
    )
    assert _points(on_cpu) == 2.5 and [p.points for p in on_cpu] == [1, 0.75, 0.75, 0]


def _softplus(logits, targets):
    return (torch.logaddexp(torch.zeros_like(logits), logits) - targets * logits).mean()


@pytest.mark.parametrize(
    "record",
    [
        Record("raised", failure=Finding("x", False)),
        Record("late", failure=Finding("x", False)),
        Record("blank"),
        Record("answered", {}),
        Record("answered", {"the result": np.array("text")}),
        Record("answered", {name: np.zeros((0, 3)) for name in ("the result", "one image", "D's gradients")}),
        Record("answered", {"the result": np.full(1000, np.nan)}, {"one image": "a list"}),
    ],
)
def test_whatever_the_values_are_nothing_is_raised(record):
    for exercise in QUICK:
        assert _points(shares(find(exercise), record, _model(exercise), SEED)) == 0


def _mark(points=2.0):
    parts = (Part("D's step is right", 2.0, 2.0), Part("G's step is <b>right</b>", 0.0, 3.0))
    return Mark("3.4", "wrong", points, 5.0, "G's step: not so", parts=parts)


def test_it_is_said_on_the_pages_and_comes_back_from_json():
    one = samples.graded("Ada", (_mark(),))
    assert mark_from(to_json(_mark())) == _mark()
    said = "2 of 5. Right: D's step is right. Not right, or not to be known: G's step is <b>right</b>."
    counted = Counted(_mark(), 2.0, "wrong")
    assert counted.in_parts == said
    assert replace(counted, points=4.0, source="manual").in_parts == ""
    assert Counted(_mark(0.0), 0.0, "wrong").in_parts == ""
    page = feedback_page(one, samples.standing(one))
    assert "Points in parts:" in page and "2 of 5. Right: D&#39;s step" in page and "<b>right" not in page


def test_a_part_of_the_points_does_not_unstick():
    one = samples.graded("Ada", (_mark(),))
    assert place(Entry(one, samples.standing(one))).kind == "stuck"


@pytest.mark.parametrize("exercise", [i for i in CODED if hasattr(module(i), "IDLE")])
def test_nor_does_what_the_exercise_knows_as_idle(monkeypatch, exercise):
    for answer in module(exercise).IDLE:
        assert _points(_earned(exercise, answer)) == 0
    known = shares_of._of_nothing
    monkeypatch.setattr(shares_of, "_of_nothing", lambda *given: known(*given)[:1])
    for answer in module(exercise).IDLE:
        assert _points(_earned(exercise, answer)) > 0, "it need not be listed"


def test_half_of_the_verdicts_earn_their_share():
    right = solution("5.8")
    parts = _earned("5.8", lambda *signs: right(*signs).replace("vanishing gradient", "mode collapse"))
    assert 0 < _points(parts) < CODED["5.8"].points
