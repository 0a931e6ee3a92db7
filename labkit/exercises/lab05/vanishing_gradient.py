"""Exercise 5.4: settings under which next to nothing of the signal reaches G. They are played."""

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab05 import _settings
from labkit.exercises.properties import Case, rule
from labkit.games.experiments import HEALTHY


def probe(vanishing_gradient, _given):
    return _settings.written(vanishing_gradient(), base=HEALTHY, allowed=_settings.OPEN)


EXERCISE = Exercise(
    "5.4", "Let the gradient vanish", 2, "vanishing_gradient()", _settings.nothing, probe, played=True
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def _vanished(case: Case):
    cause = "with the settings you start from the signal stays near a half"
    yield from _settings.playable(case, HEALTHY, _settings.OPEN, cause)
    game = _settings.game_of(case.got, HEALTHY, _settings.OPEN)
    signal = _settings.late(game, "signal/g")
    if game.ring.loss != "saturating":
        cause = "under this loss a fake that D rejects gets the full slope: which loss has none there?"
    elif game.ring.optimizer == "adam":
        cause = (
            "the loss is the right one, but Adam rescales small gradients: G keeps moving and comes through"
        )
    else:
        cause = "D is not far enough ahead: give it more steps or a higher rate"
    yield _settings.BARS["silent"].holds(
        "{} of the signal is left", signal, case, got=f"signal {_settings.row(signal)}", cause=cause
    )


PROPERTIES = (rule(_vanished, points=2),)
