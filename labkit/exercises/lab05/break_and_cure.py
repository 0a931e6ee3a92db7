"""Exercise 5.6: a DCGAN on digits broken in both ways, and one that is broken cured. All three are played."""

import numpy as np

from labkit.exercises.exercise import Arrays, Exercise
from labkit.exercises.lab05 import _settings
from labkit.exercises.properties import Case, holds, rule
from labkit.exercises.reading import whole, word
from labkit.games.experiments import DIGITS_BROKEN, DIGITS_HEALTHY

OPEN = ("g_lr", "d_lr", "d_steps", "loss")  # not beta1: with it the patient's own settings would do
REMEDIES = ("d_steps", "loss", "penalty", "packing", "minibatch_std", "spectral_norm", "smooth")
PARTS = {
    "collapse": (DIGITS_HEALTHY, OPEN),
    "vanishing": (DIGITS_HEALTHY, OPEN),
    "cure": (DIGITS_BROKEN, REMEDIES),
}


def probe(break_and_cure, _given):
    three = break_and_cure()
    if not isinstance(three, list | tuple):
        return {"how many": 1, "not three": f"one {type(three).__name__}"}
    values = {"how many": len(three)}
    for changes, (part, (base, allowed)) in zip(three, PARTS.items(), strict=False):
        one = _settings.written(changes, base=base, allowed=allowed)
        values |= {f"{part} {name}": value for name, value in one.items()}
    return values


EXERCISE = Exercise(
    "5.6", "Break and cure a DCGAN", 3, "break_and_cure()", _settings.nothing, probe, played=True
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------

BARS = _settings.BARS


def _part(got: Arrays, part: str) -> Arrays:
    """What a record says of one of the three dicts."""
    return {name.removeprefix(f"{part} "): v for name, v in got.items() if name.startswith(f"{part} ")}


def _three(case: Case):
    got = case.got
    count = whole(got.get("how many", np.zeros(0)))
    yield holds(
        "three dicts come back",
        count == 3 and "not three" not in got,
        got=word(got["not three"]) if "not three" in got else str(count),
        expected="a list of three dicts",
        cause="return all three in one list: [collapse, vanishing, cure]",
    )
    for part, (base, allowed) in PARTS.items():
        game, finding = _settings.chosen(_part(got, part), base, allowed, part)
        yield finding
        same = "these are the settings of the game that you start from"
        yield _settings.changed(game, base, same, f"{part} changes something")
    changes = [name for name in _part(got, "cure") if name != "refused"]
    yield holds(
        "the cure changes one setting",
        len(changes) == 1,
        got=f"{len(changes)}: {', '.join(changes)}",
        expected="one entry in the dict",
        cause="with two changes at once you can't tell which of them helped",
    )


def _game(case: Case, part: str):
    return _settings.game_of(_part(case.got, part), *PARTS[part])


def _collapses(case: Case):
    game = _game(case, "collapse")
    yield _settings.finite(game, case, "collapse: ")
    signal = _settings.late(game, "signal/g")
    yield BARS["taught"].holds(
        "collapse: the signal that reaches G is {}",
        signal,
        case,
        got=f"signal {_settings.row(signal)}",
        cause="that is the other failure, a vanishing gradient: it belongs in the second dict",
    )
    grey = [float(images.float().mean()) for images in game.images]
    yield BARS["drawn"].holds(
        "collapse: the mean grey of the samples is {}",
        grey,
        case,
        got=_settings.row(grey),
        cause="the samples are still the grey noise of a fresh G: its rate, or that of D, is far too small",
    )
    ratio = game.digits.g_lr / game.digits.d_lr
    cause = "in the right direction, not far enough: make D slower still"
    if ratio < 1:
        cause = "in the right direction, not far enough: make G slower still"
    if 0.5 < ratio < 2:
        cause = "the two rates are close, so the players keep pace: set them apart"
    yield BARS["classes lost"].holds(
        "collapse: {} of 10 classes are left", game.classes, case, got=f"{game.classes} classes", cause=cause
    )


def _vanishes(case: Case):
    game = _game(case, "vanishing")
    yield _settings.finite(game, case, "vanishing: ")
    signal = _settings.late(game, "signal/g")
    cause = "the loss is the right one, but D is not far enough ahead: a faster D, or a slower G"
    if game.digits.loss != "saturating":
        cause = "under this loss a fake that D rejects gets the full slope: which loss has none there?"
    yield BARS["silent"].holds(
        "vanishing: {} of the signal is left",
        signal,
        case,
        got=f"signal {_settings.row(signal)}",
        cause=cause,
    )


def _cures(case: Case):
    (name,) = (name for name in _part(case.got, "cure") if name != "refused")
    game = _game(case, "cure")
    yield _settings.finite(game, case, "cure: ")
    cause = "it does not help this patient: which remedy limits D's slope?"
    if name == "penalty":
        cause = "the right kind of remedy, in a wrong dose: images need a larger one than points"
    yield BARS["classes back"].holds(
        f"cure ({name}): {{}} of 10 classes are there",
        game.classes,
        case,
        got=f"{game.classes} classes",
        cause=cause,
    )


PROPERTIES = (rule(_three), *(rule(part, points=1) for part in (_collapses, _vanishes, _cures)))
