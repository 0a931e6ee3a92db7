"""From a submission to its marks: fresh inputs, what stands on a failed answer, and what must not leak."""

import base64
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from labkit.exercises import find
from labkit_instructor.judging import judge as judging
from labkit_instructor.judging.judge import SolutionError, judge_submission, prepared
from labkit_instructor.judging.programs import program
from labkit_instructor.marks import Mark
from labkit_instructor.sandbox.host import Sandbox
from labkit_instructor.submissions.reading import read_submission
from tests.instructor.handed import answered, at, labs, solved, untouched
from tests.instructor.sandboxed import needs_sandbox

pytestmark = needs_sandbox

HALVED = """
def discriminator_loss(D, real, fake, smooth=0.9):
    r, f = D(real), D(fake.detach())
    return 0.5 * (bce_with_logits(r, torch.full_like(r, smooth)) + bce_with_logits(f, torch.zeros_like(f)))
"""


@pytest.fixture(scope="module")
def judge():
    with Sandbox() as sandbox:
        yield prepared(sandbox, labs()["03"], 77)


def _marks(judge, notebook):
    submission = read_submission(json.dumps(notebook).encode(), labs())
    return {mark.exercise: mark for mark in judge_submission(judge, submission)}


def test_the_solution_has_full_points(judge):
    marks = _marks(judge, solved())
    assert {m.status for m in marks.values()} == {"right", "to review"}
    assert sum(m.points for m in marks.values() if m.points) == 23


def test_an_untouched_notebook_is_not_attempted(judge):
    assert {m.status for m in _marks(judge, untouched()).values()} == {"not attempted"}


def test_a_wrong_answer_is_told_what_the_check_tells(judge):
    mark = _marks(judge, answered("3.2", HALVED))["3.2"]
    assert mark.status == "wrong"
    assert mark.points == 0
    assert "halved" in mark.reason
    assert mark.findings[-1].got


def test_a_test_of_ones_own_that_fails_below_the_answer_costs_nothing(judge):
    notebook = solved()
    notebook["cells"][at(notebook, "3.1")]["source"] += "\n\nprint(bce_with_logits(images[:4], 1))"
    mark = _marks(judge, notebook)["3.1"]
    assert mark.status == "right"
    assert any("NameError" in note for note in mark.notes)


def test_an_answer_on_top_of_a_wrong_one_is_judged_with_the_solutions(judge):
    marks = _marks(judge, answered("3.2", HALVED))
    assert marks["3.4"].status == "right"
    assert any("solution's 3.2" in note for note in marks["3.4"].notes)


def test_an_answer_on_top_of_a_blank_one_is_judged_with_the_solutions(judge):
    notebook, blank = solved(), untouched()
    notebook["cells"][at(notebook, "3.2")] = blank["cells"][at(blank, "3.2")]
    marks = _marks(judge, notebook)
    assert marks["3.2"].status == "not attempted"
    assert marks["3.4"].status == "right"


def test_two_wrong_answers_are_two_wrong_answers(judge):
    notebook = answered("3.2", HALVED)
    notebook["cells"][at(notebook, "3.4")]["source"] += "\n    return None\n"
    broken = "def train_step(G, D, d_optimizer, g_optimizer, real, z):\n"
    broken += "    return discriminator_loss(D, real, G(z)).item(), 0.0\n"
    notebook["cells"][at(notebook, "3.4")]["source"] = (
        notebook["cells"][at(notebook, "3.4")]["source"].split("\n", 1)[0] + "\n" + broken
    )
    marks = _marks(judge, notebook)
    assert marks["3.4"].status != "right"
    assert marks["3.4"].points == 0


def test_the_solutions_code_does_not_leak(judge, monkeypatch):
    """3.4 runs with the solution's 3.2 in reach: neither output nor an error's words leave that run."""
    monkeypatch.setattr(judging, "shortcut", lambda *_arguments: "")  # one that it does not see
    spy = """
import dis, io
def train_step(G, D, d_optimizer, g_optimizer, real, z):
    listing = io.StringIO()
    dis.dis(discriminator_loss, file=listing)
    print(listing.getvalue())
    raise ValueError("seen: " + listing.getvalue() + str(discriminator_loss.__code__.co_names))
"""
    notebook = answered("3.2", HALVED)
    cell = notebook["cells"][at(notebook, "3.4")]
    cell["source"] = cell["source"].split("\n", 1)[0] + spy
    mark = _marks(judge, notebook)["3.4"]
    assert mark.status == "raised"
    assert mark.printed == ""
    said = json.dumps([mark.reason, mark.notes, [vars(f) for f in mark.findings]])
    assert "seen:" not in said
    assert "LOAD" not in said
    assert "ValueError" in said


LATER = """
def discriminator_loss(D, real, fake, smooth=0.9):
    negative = lambda x: -D(x)
    on_real = smooth * generator_loss(D, fake, real) + (1 - smooth) * generator_loss(negative, fake, real)
    return on_real + generator_loss(negative, real, fake.detach())
"""


def test_a_later_exercise_is_never_answered_for_an_earlier_one(judge):
    notebook = answered("3.2", LATER)
    place = at(notebook, "3.3")
    notebook["cells"][place] = untouched()["cells"][at(untouched(), "3.3")]
    marks = _marks(judge, notebook)
    assert marks["3.2"].status == "not attempted"
    assert "nobody has written" in marks["3.2"].reason
    assert not marks["3.2"].points


def test_the_solutions_text_stays_outside(judge):
    """What goes in is compiled: there is no source to be found by ``inspect`` or in memory."""
    notebook = answered("3.2", HALVED)
    submission = read_submission(json.dumps(notebook).encode(), labs())
    plan = program(labs()["03"], submission, "3.4", given=("3.2",))
    given = [cell for cell in judging._task(plan, find("3.4"), 1).cells if cell[0].startswith("given")]
    assert given
    for _, source, code in given:
        assert source == ""
        assert b"def discriminator_loss" not in base64.b64decode(code)
    own = [source for label, source, _ in judging._task(plan, find("3.4"), 1).cells if label == "3.4"]
    assert "def train_step" in own[0]


def test_an_answer_that_knows_the_check_by_heart_is_wrong(judge):
    """The notebook's check has a fixed seed: an answer that returns its numbers passes there, not here."""
    heart = """
import torch
def bce_with_logits(logits, targets):
    if logits.shape == (5,):
        return logits.sum() * 0 + 0.7052451
    return logits.sum() * 0 + 56.833515
"""
    assert _marks(judge, answered("3.1", heart))["3.1"].status == "wrong"


def test_a_solution_that_does_not_pass_stops_everything_and_says_so(judge):
    trusted = labs()["03"]
    cells = [
        replace(c, source=c.source.replace("smooth=0.9", "smooth=0.8"))
        if c.header and c.header.id == "3.2"
        else c
        for c in trusted.cells
    ]
    with pytest.raises(SolutionError, match=r"the solution's own 3\.2 does not pass with seed 3"):
        prepared(judge.sandbox, replace(trusted, cells=tuple(cells)), 3)


def test_answers_that_never_end_get_less_and_less_time():
    limits = SimpleNamespace(wall_seconds=20)
    one = SimpleNamespace(sandbox=SimpleNamespace(limits=limits))
    late = [Mark(f"3.{n}", "timed out", 0, 1) for n in range(9)]
    given = [judging._patience(one, {m.exercise: m for m in late[:n]}) for n in (0, 1, 2, 9)]
    assert given == [20, 10, judging.LEAST_SECONDS, judging.LEAST_SECONDS]
    limits.wall_seconds = 4
    assert judging._patience(one, {}) == 4
