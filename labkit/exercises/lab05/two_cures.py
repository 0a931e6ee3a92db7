"""Exercise 5.5: two settings, each of which brings all modes back to a D that runs away. They are played."""

import functools

import numpy as np

from labkit.exercises.exercise import Arrays, Exercise
from labkit.exercises.lab05 import _settings
from labkit.exercises.properties import Case, holds, rule
from labkit.exercises.reading import whole, word
from labkit.games.experiments import FAST_D

REMEDIES = ("beta1", "d_steps", "loss", "optimizer", "penalty", "packing", "noise", "spectral_norm")


def probe(two_cures, _given):
    cures = two_cures()
    if not isinstance(cures, list | tuple):
        return {"how many": 1, "not a pair": f"one {type(cures).__name__}"}
    values = {"how many": len(cures)}
    for number, cure in enumerate(cures[:2], 1):
        one = _settings.written(cure, base=FAST_D, allowed=REMEDIES)
        values |= {f"{number} {name}": value for name, value in one.items()}
    return values


EXERCISE = Exercise("5.5", "Two cures", 4, "two_cures()", _settings.nothing, probe, played=True)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def _cure(got: Arrays, number: int) -> tuple[Arrays, list[str]]:
    """What a record says of one cure, and the names of the settings that it changes."""
    values = {name[2:]: value for name, value in got.items() if name.startswith(f"{number} ")}
    return values, [name for name in values if name != "refused"]


def _two_kinds(case: Case):
    got = case.got
    count = whole(got.get("how many", np.zeros(0)))
    yield holds(
        "there are two cures",
        count == 2 and "not a pair" not in got,
        got=word(got["not a pair"]) if "not a pair" in got else str(count),
        expected="a list of two dicts",
        cause='return [{"name": value}, {"other": value}]',
    )
    names = []
    for number in (1, 2):
        values, changes = _cure(got, number)
        ring, finding = _settings.chosen(values, FAST_D, REMEDIES, f"cure {number}")
        yield finding
        yield holds(
            f"cure {number} changes one setting",
            len(changes) == 1,
            got=f"{len(changes)}: {', '.join(changes)}",
            expected="one entry in the dict",
            cause="two changes at once, and you will never know which one did it",
        )
        what = f"cure {number} differs from the start"
        yield _settings.changed(ring, FAST_D, "the value is the patient's own", what)
        names += changes
    yield holds(
        "the two cures are of different kinds",
        len(set(names)) == 2,
        got=f"{names[0]} twice",
        expected="two different settings",
        cause="another dose is not another cure: change something else",
    )


_ADVICE = {  # what to say of a remedy that is of a right kind
    "penalty": "the right kind of remedy, in a wrong dose: try ten times less or more",
    "packing": "the right kind of remedy, in a wrong dose: let D see another number of samples together",
}


def _heals(number: int, case: Case):
    values, (name,) = _cure(case.got, number)
    game = _settings.game_of(values, FAST_D, REMEDIES)
    yield _settings.finite(game, case, f"cure {number}: ")
    cause = _ADVICE.get(
        name, "the patient's D runs away: limit its slope, or show it several points together"
    )
    yield _settings.BARS["modes back"].holds(
        f"cure {number} ({name}): {{}} of 8 modes are there",
        game.near,
        case,
        got=f"{game.near} modes",
        cause=cause,
    )


PROPERTIES = (
    rule(_two_kinds),
    *(rule(functools.partial(_heals, number), points=2) for number in (1, 2)),
)
