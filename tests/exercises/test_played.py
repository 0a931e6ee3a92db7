"""The games that a student's settings are judged by: two bars, and what has the tick keeps its points.

The same settings play another game on another processor, so the grader asks for less than the notebook.
"""

from dataclasses import replace

import pytest

from labkit.exercises.judging import findings, judged
from labkit.exercises.lab05 import _settings
from labkit.exercises.lab05._settings import BARS, Bar
from labkit.exercises.properties import Case
from labkit.exercises.record import run_probe
from labkit.games import played
from tests.exercises.known import CODED, RIGHT, solution

PLAYED = [i for i, e in CODED.items() if e.played]
TICK, POINTS = Case(None, {}, {}), Case(None, {}, {}, for_points=True)


@pytest.mark.parametrize(
    ("bar", "values", "tick", "points"),
    [
        (Bar("at most", 3, 4), [1, 2, 3, 3, 3], True, True),
        (Bar("at most", 3, 4), [1, 2, 3, 3, 4], False, True),
        (Bar("at most", 3, 4), [4, 4, 4, 4, 8], False, True),
        (Bar("at most", 3, 4), [1, 1, 1, 5, 5], False, False),
        (Bar("at least", 8, 7), [8, 8, 8], True, True),
        (Bar("at least", 8, 7), [7, 0, 7], False, True),
        (Bar("at least", 8, 7), [6, 6, 8], False, False),
        (Bar("at most", 0.01, 0.03), [float("nan"), 0.0, 0.0], False, True),
        (Bar("at most", 0.01, 0.03), [float("nan"), float("nan"), 0.0], False, False),
    ],
)
def test_the_grader_forgives_one_seed_and_a_little_on_the_others(bar, values, tick, points):
    assert bar.holds("{}", values, TICK, got="", cause="").ok is tick
    assert bar.holds("{}", values, POINTS, got="", cause="").ok is points


def test_a_finding_says_which_bar_it_was():
    bar = Bar("at most", 3, 4)
    assert bar.holds("{} modes", [9] * 5, TICK, got="", cause="").what == "at most 3 modes on every seed"
    said = bar.holds("{} modes", [9] * 5, POINTS, got="", cause="").what
    assert said == "at most 4 modes on at least 4 of 5 seeds"


@pytest.mark.parametrize("name", BARS)
def test_what_has_the_tick_keeps_its_points(name):
    bar = BARS[name]
    assert (bar.points >= bar.tick) if bar.sign == "at most" else (bar.points <= bar.tick)


@pytest.mark.parametrize("exercise_id", PLAYED)
def test_only_the_grader_forgives(exercise_id, monkeypatch):
    exercise = CODED[exercise_id]
    record = run_probe(exercise, solution(exercise_id), 0)
    asked = []

    def holds(self, what, values, case, **_words):
        asked.append(case.for_points)
        return _settings.holds(what, True)

    monkeypatch.setattr(Bar, "holds", holds)
    monkeypatch.setattr(_settings, "played", lambda game: played(replace(game, steps=5)))
    for for_points in (False, True):
        asked.clear()
        assert all(f.ok for f in judged(exercise, record.arrays, 0, for_points=for_points))
        assert asked and set(asked) == {for_points}


@pytest.mark.costly
@pytest.mark.portable
@pytest.mark.parametrize(
    ("exercise_id", "number"), [(i, n) for i in PLAYED for n in range(len(RIGHT[i]) + 1)]
)
def test_right_answers_keep_their_points(exercise_id, number):
    """Under each set of vector instructions, where the same settings play another game."""
    exercise = CODED[exercise_id]
    answer = [*RIGHT[exercise_id], solution(exercise_id)][number]
    record = run_probe(exercise, answer, 0)
    assert [f for f in findings(exercise, record, 0, for_points=True) if not f.ok] == []
