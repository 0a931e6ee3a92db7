"""Exercise 3.3: the generator's loss."""

import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab03 import _scorer
from labkit.exercises.probing import gradients
from labkit.exercises.properties import same, scalar, unchanged


def probe(generator_loss, given):
    D, real = given["D"], given["real"]
    fake = given["fake"].clone().requires_grad_()
    loss = generator_loss(D, real, fake)
    written = [p.grad is not None for p in D.parameters()]
    (at_fake,) = gradients(loss, [fake])
    return {"the result": loss, "the gradient at the fakes": at_fake, "gradients written": written}


EXERCISE = Exercise(
    "3.3", "The generator's loss", 2, "generator_loss(D, real, fake)", _scorer.scored_images, probe
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(D, real, fake):
    return _scorer.cross_entropy(D(fake), 1.0)


def _scored(D, images, target):
    return _scorer.cross_entropy(D(images), target)


PROPERTIES = (
    scalar("the result", _scorer.A_BATCH),
    same(
        "the result",
        "it is small where D takes the fakes for real",
        "the cross-entropy of D's logits on the fakes with the target 1",
        points=1,
    ),
    same(
        "the gradient at the fakes",
        "its gradient reaches the fakes",
        "the path from the loss through D to the fakes must be whole",
        points=0.5,
    ),
    unchanged("gradients written", **_scorer.ONLY_A_LOSS, points=0.5),
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
    "it is halved: take it whole": lambda D, r, f: expected(D, r, f) / 2,
    "the fakes are detached: only D's loss does that, here G must feel D's answer": lambda D, r, f: expected(
        D, r, f.detach()
    ),
}
