"""Exercise 3.7: the floor of D's loss, which smoothing lifts above 0."""

import math

import numpy as np
import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.properties import Case, holds, rule, same
from labkit.exercises.reading import number, numbers


def targets(seed: int) -> tuple[float, ...]:
    """Five targets for the real images, from 0.06 to 0.9995, in any order."""
    generator = torch.Generator().manual_seed(seed)
    lowest = torch.tensor([0.06, 0.3, 0.55, 0.8, 0.9995], dtype=torch.float64)
    drawn = (lowest + 0.09 * torch.rand(5, generator=generator, dtype=torch.float64)).clamp(max=0.9995)
    return tuple(drawn[torch.randperm(5, generator=generator)].tolist())


def probe(loss_floor, given):
    return {"the floors": [float(loss_floor(s)) for s in given], "without smoothing": float(loss_floor(1.0))}


EXERCISE = Exercise(
    "3.7",
    "The floor of D's loss",
    2,
    "loss_floor(smooth)",
    targets,
    probe,
    causes={
        "NoneType": "the function returned nothing: is there a `return`?",
        r"not '(tuple|list|dict)'": "one number is asked for, the loss alone",
        "math domain error|divide by zero": "log 0 at a target of 1: there the floor is 0, by itself",
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(s):
    """By trying out what D may answer: what is asked for is a formula."""
    logits = torch.linspace(-3, 40, 100_001, dtype=torch.float64)
    return (torch.nn.functional.softplus(logits) - s * logits).min()


def _times_log(s):
    """-s log s, and NaN where the log is infinite: no mistake raises an error at a target of 1."""
    return -s * torch.tensor(s, dtype=torch.float64).log()


def _zero_at_1(case: Case):
    floor = number(case.got["without smoothing"])
    yield holds(
        "without smoothing it is 0",
        abs(floor) < 1e-6,
        got=floor,
        expected=0.0,
        cause="0 times log 0 counts as 0 here: treat a target of 1 by itself",
    )


def _nearly(case: Case) -> str:
    got, right = numbers(case.got["the floors"]), numbers(case.expected["the floors"])
    if got.shape == right.shape and np.abs(got - right).max() < 0.06:
        return (
            "nearly: put p = s into the cross-entropy and leave the number as it is, unrounded, with nothing "
            "added inside the log; trying out a few answers of D misses the lowest"
        )
    return "the lowest loss is where D says s for every real image: put p = s into the cross-entropy"


PROPERTIES = (
    same(
        "the floors",
        "it is the lowest loss, for five targets",
        _nearly,
        points=1.5,
    ),
    rule(_zero_at_1, "without smoothing", compared=True, points=0.5),
)

MISTAKES = {
    "that is a logarithm to base 2: the loss uses the natural one": lambda s: expected(s) / math.log(2),
    "it is counted twice: only the real part has a floor above 0": lambda s: 2 * expected(s),
    "the sign is flipped: a cross-entropy is positive": lambda s: -expected(s),
    "half of it: there are two terms, s log s and (1 - s) log(1 - s)": _times_log,
    "the other half of it: the term s log s is missing": lambda s: _times_log(1 - s),
    "that is -log s, the loss for a target of 1: the target is s, so there are two terms": lambda s: (
        -math.log(s)
    ),
    "that is a logarithm to base 10: the loss uses the natural one": lambda s: expected(s) / math.log(10),
    "it is halved: D's loss adds its two parts": lambda s: expected(s) / 2,
    "the logs are exchanged: s goes with log s, 1 - s with log(1 - s)": lambda s: (
        -s * math.log(1 - s) - (1 - s) * math.log(s) if s < 1 else math.nan
    ),
    "each log has its weight: s before log s, 1 - s before log(1 - s)": lambda s: (
        -math.log(s) - math.log(1 - s) if s < 1 else math.nan
    ),
    "`smooth` is a probability, and it was taken for a logit": lambda s: (
        math.log(1 + math.exp(s)) - s * s if s < 1 else math.nan
    ),
    "log 2 too much: the fakes' part can come as close to 0 as D likes": lambda s: expected(s) + math.log(2),
    "that is the logit at which the loss is lowest: put it into the loss": lambda s: torch.tensor(s).logit(),
    "that is the probability at which the loss is lowest: put it into the loss": lambda s: s,
    "that is 2 log 2, where D is undecided: the floor lies below": lambda s: 2 * math.log(2),
    "0 is the floor without smoothing only": lambda s: 0.0,
}
