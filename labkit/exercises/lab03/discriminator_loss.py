"""Exercise 3.2: the discriminator's loss."""

import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab03 import _scorer
from labkit.exercises.probing import flat, gradients
from labkit.exercises.properties import same, scalar, unchanged


def probe(discriminator_loss, given):
    D, real = given["D"], given["real"]
    fake = given["fake"].clone().requires_grad_()
    loss = discriminator_loss(D, real, fake)
    written = [p.grad is not None for p in D.parameters()]
    *at_d, at_fake = gradients(loss, [*D.parameters(), fake])
    return {
        "the result": loss,
        "with smooth 1": discriminator_loss(D, real, fake, smooth=1.0),
        "with smooth 0.7": discriminator_loss(D, real, fake, smooth=0.7),
        "the gradient at D": flat(at_d),
        "the gradient at the fakes": at_fake,
        "gradients written": written,
    }


EXERCISE = Exercise(
    "3.2", "The discriminator's loss", 3, "discriminator_loss(D, real, fake)", _scorer.scored_images, probe
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(D, real, fake, smooth=0.9):
    return _parts(D, real, fake, smooth, 0.0)


def _parts(D, real, fake, on_real=0.9, on_fake=0.0, weights=(1.0, 1.0), score=lambda logits: logits):
    """Both parts of the loss, with other targets, other weights, or something done to the scores first."""
    real_part = _scorer.cross_entropy(score(D(real)), on_real)
    return weights[0] * real_part + weights[1] * _scorer.cross_entropy(score(D(fake.detach())), on_fake)


def _one_batch(D, real, fake, smooth, share):
    logits = D(torch.cat([real, fake.detach()]))
    parts = _scorer.cross_entropy(logits[: len(real)], smooth) + _scorer.cross_entropy(logits[len(real) :], 0)
    return share * parts


_SCORES = "the real images have the target `smooth`, the fakes 0, and D gives logits"
PROPERTIES = (
    scalar("the result", _scorer.A_BATCH),
    same("the result", "real and fake parts are added, with smoothing 0.9 by default", _SCORES, points=1),
    same("with smooth 1", "`smooth=1` means no smoothing", _SCORES),
    same("with smooth 0.7", "`smooth` is the target of the real images", _SCORES, points=0.5),
    same(
        "the gradient at the fakes",
        "the fakes are detached",
        "D's loss must not reach G: give D `fake.detach()`",
        got="a gradient that flows back to G",
        expected="none",
        points=0.5,
        atol=0,
    ),
    same(
        "the gradient at D",
        "all of the loss reaches D",
        "D's weights must feel both parts",
        points=0.5,
        atol=1e-4,
    ),
    unchanged("gradients written", **_scorer.ONLY_A_LOSS, points=0.5),
)

MISTAKES = {
    "the sum is halved: the two parts are added": lambda *a, **k: expected(*a, **k) / 2,
    "the smoothing is lost: the target of the real images is `smooth`": lambda D, r, f, smooth=0.9: expected(
        D, r, f, 1.0
    ),
    "`smooth` is ignored: 0.9 stands fixed in the function": lambda D, r, f, smooth=0.9: expected(D, r, f),
    "the fakes are smoothed too: only the real images are, the fakes' target is 0": (
        lambda D, r, f, smooth=0.9: _parts(D, r, f, smooth, 1 - smooth)
    ),
    "the fakes are smoothed and the real images are not": lambda D, r, f, smooth=0.9: _parts(
        D, r, f, 1.0, 1 - smooth
    ),
    "the targets are swapped: real is 1, fake is 0": lambda D, r, f, smooth=0.9: _parts(D, r, f, 0.0, smooth),
    "the fakes' target is `smooth`: it is 0": lambda D, r, f, smooth=0.9: _parts(D, r, f, smooth, smooth),
    "the smoothing is flipped: the target is `smooth`, not 1 - smooth": lambda D, r, f, smooth=0.9: expected(
        D, r, f, 1 - smooth
    ),
    "only the real part: the fakes are missing": lambda D, r, f, smooth=0.9: _parts(
        D, r, f, smooth, weights=(1, 0)
    ),
    "only the fake part: the real images are missing": lambda D, r, f, smooth=0.9: _parts(
        D, r, f, smooth, weights=(0, 1)
    ),
    "it is a sum over the batch: each part is a mean": lambda D, r, f, smooth=0.9: (
        len(r) * expected(D, r, f, smooth)
    ),
    "the fake part is taken away: the parts are added": lambda D, r, f, smooth=0.9: _parts(
        D, r, f, smooth, weights=(1, -1)
    ),
    "a sigmoid too many: D gives logits, so the loss must take logits": lambda D, r, f, smooth=0.9: _parts(
        D, r, f, smooth, score=torch.sigmoid
    ),
    "real and fake went through D in one batch, whose batch norm mixes them: call D twice": (
        lambda D, r, f, smooth=0.9: _one_batch(D, r, f, smooth, 1)
    ),
    "real and fake went through D in one batch, and its mean halves the sum: call D twice": (
        lambda D, r, f, smooth=0.9: _one_batch(D, r, f, smooth, 1 / 2)
    ),
    "D's answer to the fakes is detached: detach the fakes before D sees them": lambda D, r, f, smooth=0.9: (
        expected(lambda x: D(x) if x is r else D(x).detach(), r, f, smooth)
    ),
    "D's answer to the real images is detached: nothing but the fakes is": lambda D, r, f, smooth=0.9: (
        expected(lambda x: D(x).detach() if x is r else D(x), r, f, smooth)
    ),
    "nothing reaches D: is there a `.item()`, a `no_grad()` or a `.detach()` too many?": lambda *a, **k: (
        expected(*a, **k).detach()
    ),
}
