"""Lab 05, settings that are judged by playing them: lose modes, let the gradient vanish, cure a collapse.

A probe only reads the student's dict: nothing is played beside the student's code. The judge plays the game;
`referee.played` remembers, so a check that is repeated costs nothing.
"""

from labkit.exercises.referee import written
from labkit.games.experiments import FAST_D, HEALTHY

OPEN = ("g_lr", "d_lr", "beta1", "d_steps", "loss", "optimizer")
REMEDIES = ("beta1", "d_steps", "loss", "optimizer", "penalty", "packing", "noise", "spectral_norm")


def nothing(_seed: int) -> None:
    """There is nothing to draw: the seeds of the game are fixed, so that a grade never hangs on luck."""


# 5.3 -------------------------------------------------------------------------------------------------


def probe_losing(losing_modes, _given):
    return written(losing_modes(), base=HEALTHY, allowed=OPEN)


# 5.4 -------------------------------------------------------------------------------------------------


def probe_vanishing(vanishing_gradient, _given):
    return written(vanishing_gradient(), base=HEALTHY, allowed=OPEN)


# 5.5 -------------------------------------------------------------------------------------------------


def probe_cures(two_cures, _given):
    cures = two_cures()
    if not isinstance(cures, list | tuple):
        return {"how many": 1, "not a pair": f"one {type(cures).__name__}"}
    values = {"how many": len(cures)}
    for number, cure in enumerate(cures[:2], 1):
        one = written(cure, base=FAST_D, allowed=REMEDIES)
        values |= {f"{number} {name}": value for name, value in one.items()}
    return values
