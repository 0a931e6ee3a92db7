"""Exercise 3.3: the generator's loss."""

import numpy as np
import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab03 import _scorer
from labkit.exercises.probing import tried
from labkit.exercises.properties import (
    Case,
    fits_any_device,
    holds,
    left_alone,
    rule,
    same,
    scalar,
    unchanged,
)
from labkit.exercises.reading import numbers, whole


def probe(generator_loss, given):
    values = _scorer.noted(generator_loss, given)
    D, fake = given["plain D"], given["fake"].clone()
    return values | {"without real images": tried(lambda: generator_loss(D, None, fake))}


EXERCISE = Exercise(
    "3.3",
    "The generator's loss",
    2,
    "generator_loss(D, real, fake)",
    _scorer.scored_images,
    probe,
    causes=_scorer.CAUSES,
    unjudged=("the gradient at D",),
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(D, real, fake):
    return _scorer.cross_entropy(D(fake), 1.0)


def _scored(D, images, target):
    return _scorer.cross_entropy(D(images), target)


def _cut(case: Case) -> str:
    """Where the path from the loss to the fakes ends: D's own gradient tells whether it passes D."""
    if np.any(numbers(case.got["the gradient at the fakes"]) != 0):
        return "the path from the loss through D to the fakes must be whole"
    if np.any(numbers(case.got["the gradient at D"]) != 0):
        return (
            "the fakes are cut off before D sees them, as by `.detach()` or `.data`: that belongs to D's "
            "loss, here G must feel D's answer"
        )
    return (
        "no gradient leaves the loss: is there an `.item()`, a `.detach()`, a `.data`, a `no_grad()` or a "
        "detour through numpy? G must feel D's answer"
    )


def _called_once(case: Case):
    passes = whole(case.got["passes through D"])
    yield holds(
        "D is called once, on the fakes",
        passes == 1,
        got=f"{passes} calls",
        expected="1 call",
        cause=f"G is judged by its fakes alone. And {_scorer.MORE_CALLS}",
    )


PROPERTIES = (
    scalar("the result", _scorer.A_BATCH),
    unchanged(("change of the images", "images that lead back"), **_scorer.IMAGES),
    unchanged("the next random number", **_scorer.RANDOM),
    same(
        "the result",
        "it is small where D takes the fakes for real",
        "the mean cross-entropy of D's logits on the fakes, with the target 1",
        points=1,
    ),
    unchanged("D's gradients", **_scorer.NO_GRADIENTS, points=0.25),
    left_alone("D afterwards", **_scorer.AS_IT_WAS),
    same("the gradient at the fakes", "its gradient reaches the fakes", _cut, points=0.5),
    rule(_called_once, "passes through D", compared=True),
    same(
        "without real images",
        "`real` stays unused",
        "later cells pass None for `real`: make the targets from D's logits on the fakes",
        expected="the same loss with `real` as None",
    ),
    same("one image", **_scorer.ONE_IMAGE, points=0.25),
    fits_any_device("elsewhere"),
)

MISTAKES = {
    "that is D's own loss on the fakes: flip the labels, the target is 1": lambda D, r, f: _scored(D, f, 0),
    "that is log(1 - D), the saturating loss: take -log D": lambda D, r, f: -_scored(D, f, 0),
    "the sign is flipped: G minimises -log D": lambda D, r, f: -expected(D, r, f),
    "the smoothing belongs to D's loss: G's target is 1": lambda D, r, f: _scored(D, f, 0.9),
    "it is a sum over the batch: take the mean": lambda D, r, f: len(f) * expected(D, r, f),
    "it looks at the real images: G is judged by its fakes": lambda D, r, f: _scored(D, r, 1),
    "the real images are counted too: G is judged by its fakes": lambda D, r, f: (
        expected(D, r, f) + _scored(D, r, 0)
    ),
    "the real images are counted as well, and cannot be changed by G": lambda D, r, f: (
        expected(D, r, f) + _scored(D, r, 1)
    ),
    "a sigmoid too many: D gives logits, so the loss must take logits": lambda D, r, f: expected(
        lambda x: torch.sigmoid(D(x)), r, f
    ),
    "the logits and the targets are exchanged in the cross-entropy: the logits come first": lambda D, r, f: (
        _scorer.cross_entropy(torch.ones_like(D(f)), D(f))
    ),
    "the log of the mean probability: take the log for each fake, then the mean": lambda D, r, f: (
        -D(f).sigmoid().mean().log()
    ),
    "the fakes are counted twice, with the targets 1 and 0: their target is 1": lambda D, r, f: (
        expected(D, r, f) + _scored(D, f, 0)
    ),
    "it is halved: take it whole": lambda D, r, f: expected(D, r, f) / 2,
    "squared differences (least squares): the cross-entropy is asked for": lambda D, r, f: _scorer.squares(
        D(f), 1
    ),
    "half the squared differences (least squares): the cross-entropy is asked for": lambda D, r, f: (
        _scorer.squares(D(f), 1) / 2
    ),
    "squared differences of probabilities: the cross-entropy is asked for": lambda D, r, f: _scorer.squares(
        D(f).sigmoid(), 1
    ),
    "D's mean score (a Wasserstein or hinge loss): the cross-entropy is asked for": lambda D, r, f: (
        -D(f).mean()
    ),
    _scorer.IN_EVALUATION: _scorer.in_evaluation(expected),
    "it is D's loss with the sign flipped: only the fakes count here, and their target is 1": (
        lambda D, r, f: -_scored(D, r, 0.9) - _scored(D, f, 0)
    ),
    "it is D's loss: only the fakes count here, and their target is 1": lambda D, r, f: (
        _scored(D, r, 0.9) + _scored(D, f, 0)
    ),
}
