"""Exercise 5.3: settings under which at most 3 of 8 modes are left. They are played."""

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab05 import _settings
from labkit.exercises.properties import Case, holds, rule
from labkit.games.experiments import HEALTHY


def probe(losing_modes, _given):
    return _settings.written(losing_modes(), base=HEALTHY, allowed=_settings.OPEN)


EXERCISE = Exercise("5.3", "Lose the modes", 2, "losing_modes()", _settings.nothing, probe, played=True)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------

MODES, FEW = 8, 3


def _game(case: Case):
    return _settings.game_of(case.got, HEALTHY, _settings.OPEN)


def _playable(case: Case):
    cause = "the settings you start from cover 8 of 8 modes"
    yield from _settings.playable(case.got, HEALTHY, _settings.OPEN, cause)


def _taught(case: Case):
    signal = _settings.late_signal(_game(case))
    yield holds(
        "G is still being taught on every seed",
        bool((signal > 0.02).all()),
        got=f"signal {_settings.row(signal)}",
        expected="above 0.02",
        cause="that is the other failure, a vanished gradient: keep it for 5.4",
    )


def _moved(case: Case):
    moved = _game(case).points.norm(dim=-1).median(dim=1).values
    yield holds(
        "G has left its start on every seed",
        bool((moved > 0.5).all()),
        got=f"median distance of the samples from the origin {_settings.row(moved)}",
        expected="above 0.5: the ring has radius 2",
        cause="G never got going, so nothing was lost: its rate is tiny",
    )


def _few(case: Case):
    game = _game(case)
    ratio = game.ring.g_lr / game.ring.d_lr
    if 0.6 < ratio < 1.6:
        cause = "the two rates are close, and so the players keep pace: set them apart"
    elif ratio > 1:
        cause = "in the right direction, not far enough: make D slower still"
    else:
        cause = "in the right direction, not far enough: a fast D needs a G that is twenty times slower"
    yield holds(
        f"at most {FEW} of {MODES} modes are left on every seed",
        max(game.near) <= FEW,
        got=f"{game.near} modes",
        expected=f"each at most {FEW}",
        cause=cause,
    )


PROPERTIES = (rule(_playable), rule(_taught), rule(_moved, points=0.5), rule(_few, points=1.5))
