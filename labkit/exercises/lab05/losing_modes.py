"""Exercise 5.3: settings under which at most 3 of 8 modes are left. They are played."""

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab05 import _settings
from labkit.exercises.properties import Case, rule
from labkit.games.experiments import HEALTHY


def probe(losing_modes, _given):
    return _settings.written(losing_modes(), base=HEALTHY, allowed=_settings.OPEN)


EXERCISE = Exercise("5.3", "Lose the modes", 2, "losing_modes()", _settings.nothing, probe, played=True)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def _game(case: Case):
    return _settings.game_of(case.got, HEALTHY, _settings.OPEN)


def _playable(case: Case):
    cause = "the settings you start from cover 8 of 8 modes"
    yield from _settings.playable(case, HEALTHY, _settings.OPEN, cause)


def _taught(case: Case):
    signal = _settings.late(_game(case), "signal/g")
    yield _settings.BARS["taught"].holds(
        "the signal that reaches G is {}",
        signal,
        case,
        got=f"signal {_settings.row(signal)}",
        cause="that is the other failure, a vanished gradient: keep it for 5.4",
    )


def _moved(case: Case):
    moved = _game(case).points.norm(dim=-1).median(dim=1).values.tolist()
    yield _settings.BARS["moved"].holds(
        "the median distance of the samples from the origin is {}",
        moved,
        case,
        got=_settings.row(moved),
        cause="G never left its start, so it lost nothing: its rate is far too small",
    )


def _few(case: Case):
    game = _game(case)
    ratio = game.ring.g_lr / game.ring.d_lr
    if 0.6 < ratio < 1.6:
        cause = "the two rates are close, so the players keep pace: set them apart"
    elif ratio > 1:
        cause = "in the right direction, not far enough: make D slower still"
    else:
        cause = "in the right direction, not far enough: make G slower still, or D faster"
    yield _settings.BARS["modes lost"].holds(
        "{} of 8 modes are left", game.near, case, got=f"{game.near} modes", cause=cause
    )


PROPERTIES = (rule(_playable), rule(_taught), rule(_moved), rule(_few, points=2))
