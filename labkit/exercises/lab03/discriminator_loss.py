"""Exercise 3.2: the discriminator's loss."""

import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab03 import _scorer
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
from labkit.exercises.reading import whole


def probe(discriminator_loss, given):
    values = _scorer.noted(discriminator_loss, given)
    images = given["D"], given["real"].clone(), given["fake"].clone()
    return values | {
        "with smooth 1": discriminator_loss(*images, smooth=1.0),
        "with another smooth": discriminator_loss(*images, smooth=given["smooth"]),
    }


EXERCISE = Exercise(
    "3.2",
    "The discriminator's loss",
    3,
    "discriminator_loss(D, real, fake)",
    _scorer.scored_images,
    probe,
    causes=_scorer.CAUSES
    | {"flags of leaf": "`fake` comes out of G, so it stays attached to it: give D `fake.detach()`"},
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(D, real, fake, smooth=0.9):
    return _parts(D, real, fake, smooth, 0.0)


def _parts(
    D,
    real,
    fake,
    on_real=0.9,
    on_fake=0.0,
    weights=(1.0, 1.0),
    score=lambda logits: logits,
    of=_scorer.cross_entropy,
):
    """Both parts, with other targets or weights, with something done to the scores, or of another loss."""
    real_part, fake_part = of(score(D(real)), on_real), of(score(D(fake.detach())), on_fake)
    return weights[0] * real_part + weights[1] * fake_part


def _one_batch(D, real, fake, smooth, share):
    logits = D(torch.cat([real, fake.detach()]))
    parts = _scorer.cross_entropy(logits[: len(real)], smooth) + _scorer.cross_entropy(logits[len(real) :], 0)
    return share * parts


def _exchanged(logits, target):
    """The cross-entropy of the target with the logits as targets."""
    return _scorer.cross_entropy(torch.full_like(logits, target), logits)


def _called_twice(case: Case):
    passes = whole(case.got["passes through D"])
    yield holds(
        "D is called once on the real images and once on the fakes",
        passes == 2,
        got=f"{passes} calls",
        expected="2 calls",
        cause=_scorer.MORE_CALLS,
    )


_SCORES = (
    "each part is the mean cross-entropy of D's logits, with the target `smooth` on the real images and 0 on "
    "the fakes; the two are added"
)
PROPERTIES = (
    scalar("the result", _scorer.A_BATCH),
    unchanged(("change of the images", "images that lead back"), **_scorer.IMAGES),
    unchanged("the next random number", **_scorer.RANDOM),
    same("the result", "real and fake parts are added, with smoothing 0.9 by default", _SCORES, points=1),
    unchanged("D's gradients", **_scorer.NO_GRADIENTS, points=0.25),
    left_alone("D afterwards", **_scorer.AS_IT_WAS),
    same("with smooth 1", "`smooth=1` means no smoothing", _SCORES),
    same("with another smooth", "`smooth` is the target of the real images", _SCORES, points=0.5),
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
        points=0.25,
        atol=1e-4,
    ),
    rule(_called_twice, "passes through D", compared=True),
    same("one image", **_scorer.ONE_IMAGE, points=0.5),
    fits_any_device("elsewhere"),
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
    "the fakes' target is 1: D should say 0 to them": lambda D, r, f, smooth=0.9: _parts(
        D, r, f, smooth, 1.0
    ),
    "the target is 1 for real images and fakes alike": lambda D, r, f, smooth=0.9: _parts(D, r, f, 1.0, 1.0),
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
    "squared differences (least squares): the cross-entropy is asked for": lambda D, r, f, smooth=0.9: _parts(
        D, r, f, smooth, of=_scorer.squares
    ),
    "half the squared differences (least squares): the cross-entropy is asked for": (
        lambda D, r, f, smooth=0.9: _parts(D, r, f, smooth, weights=(0.5, 0.5), of=_scorer.squares)
    ),
    "squared differences of probabilities: the cross-entropy is asked for": lambda D, r, f, smooth=0.9: (
        _parts(D, r, f, smooth, score=torch.sigmoid, of=_scorer.squares)
    ),
    "the logits and the targets are exchanged in the cross-entropy: the logits come first": (
        lambda D, r, f, smooth=0.9: _exchanged(D(r), smooth) + _exchanged(D(f.detach()), 0.0)
    ),
    "half of the real part is missing: (1 - s) log(1 - p) counts too where the target is s": (
        lambda D, r, f, smooth=0.9: _parts(D, r, f, smooth) - (1 - smooth) * _scorer.cross_entropy(D(r), 0.0)
    ),
    "the difference of D's mean scores (a Wasserstein loss): the cross-entropy is asked for": (
        lambda D, r, f, smooth=0.9: D(f.detach()).mean() - D(r).mean()
    ),
    "the hinge loss: the cross-entropy is asked for": lambda D, r, f, smooth=0.9: (
        (1 - D(r)).relu().mean() + (1 + D(f.detach())).relu().mean()
    ),
    _scorer.IN_EVALUATION: _scorer.in_evaluation(expected),
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
