"""Exercise 7.3: what both players of one game lose, by least squares."""

import copy

import torch
from torch import nn
from torch.nn import functional

from labkit.exercises.exercise import Exercise
from labkit.exercises.probing import elsewhere, flat, gradients, traces, tried, with_gradients
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
from labkit.exercises.reading import whole, word


def critic_and_images(seed: int) -> dict:
    """A critic of patches (B, 1, P, Q) with gradients of an earlier step, one of whole images (B,), and
    images (B, C, H, W), real and fake. No two sizes are equal."""
    torch.manual_seed(seed)
    count, colours, height, width = (int(torch.randint(low, low + 2, ())) for low in (5, 2, 8, 12))
    patches = nn.Sequential(nn.Conv2d(colours, 3, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(3, 1, 3, 1, 1))
    with torch.no_grad():
        patches[2].weight.mul_(4)
    return {
        "D": with_gradients(patches),
        "one each": nn.Sequential(nn.Flatten(), nn.Linear(colours * height * width, 1), nn.Flatten(0)),
        "real": torch.randn(count, colours, height, width) + 0.6,
        "fake": torch.randn(count, colours, height, width) * 1.5,
    }


def probe(adversarial_losses, given):
    D, real, passes = given["D"], given["real"].clone(), []
    leaf = given["fake"].clone().requires_grad_()
    fake = leaf * 1  # as G(a) is, no leaf
    D.register_forward_hook(lambda *_: passes.append(1))
    found = adversarial_losses(D, real, fake)
    if not isinstance(found, tuple | list) or len(found) != 2:
        return {
            "kind": type(found).__name__ if not isinstance(found, tuple | list) else f"{len(found)} values"
        }
    values = {
        "kind": "two values",
        "d_loss": found[0],
        "g_loss": found[1],
        "passes through D": len(passes),
        "D afterwards": traces(D),
        "change of the images": flat([real - given["real"], fake - leaf]),
        "images that lead back": [real.requires_grad, fake.requires_grad],
        "the next random number": torch.rand(()),
    }
    # Not without `tried`: where the losses have called `backward()`, their graph is gone.
    of_d, of_g = (tried(lambda loss=loss: gradients(loss, [*D.parameters(), leaf])) for loss in found)
    plain, pair = given["one each"], (given["real"].clone(), given["fake"].clone())
    one = (images[:1].clone() for images in pair)
    there = copy.deepcopy(plain).to("meta"), *(images.to("meta") for images in pair)
    return values | {
        "d_loss's gradient at D": of_d if isinstance(of_d, str) else flat(of_d[:-1]),
        "d_loss's gradient at fake": of_d if isinstance(of_d, str) else of_d[-1],
        "g_loss's gradient at fake": of_g if isinstance(of_g, str) else of_g[-1],
        "a score an image": tried(lambda: torch.stack(tuple(adversarial_losses(plain, *pair)))),
        "one image": tried(lambda: torch.stack(tuple(adversarial_losses(D, *one)))),
        "elsewhere": elsewhere(lambda: adversarial_losses(*there)),
    }


EXERCISE = Exercise(
    "7.3",
    "The adversarial losses",
    3,
    "adversarial_losses(D, real, fake)",
    critic_and_images,
    probe,
    causes={
        "flags of leaf": "`fake` comes out of a generator: give D `fake.detach()` instead",
        r"must match the size|must be broadcastable|size of tensor|target size": (
            "targets have the shape of the scores, whatever it is: `torch.ones_like(scores)`"
        ),
        r"[Bb]oolean value of Tensor": (
            "a loss that is a class wants brackets of its own first: `nn.MSELoss()(scores, targets)`"
        ),
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def _squares(scores, target):
    return functional.mse_loss(scores, torch.full_like(scores, target))


def _of_means(scores, target):
    return (scores.mean() - target) ** 2


def expected(D, real, fake):
    return _losses(D, real, fake)


def _losses(D, real, fake, *, targets=(1.0, 0.0, 1.0), weights=(0.5, 0.5, 1.0), of=_squares, g_of=None):
    """d_loss from a real and a fake part, and g_loss, with a target and a weight for each of the three."""
    on_real, on_fake = of(D(real), targets[0]), of(D(fake.detach()), targets[1])
    on_own = (g_of or of)(D(fake), targets[2])
    return weights[0] * on_real + weights[1] * on_fake, weights[2] * on_own


def _but(**how):
    return lambda D, real, fake: _losses(D, real, fake, **how)


def _two(case: Case):
    said = word(case.got["kind"])
    yield holds(
        "it returns two losses",
        said == "two values",
        got=said,
        expected="d_loss and g_loss",
        cause="write `return d_loss, g_loss`",
    )


def _at_most_three(case: Case):
    passes = whole(case.got["passes through D"])
    yield holds(
        "D judges three batches at most",
        1 <= passes <= 3,
        got=f"{passes} batches",
        expected="real images, detached fakes, fakes",
        cause="every call of D takes time: keep its scores in a variable",
    )


_CLOSE = {"rtol": 1e-5, "atol": 1e-6}  # so that no two mistakes agree by chance
_MEAN = "each part is a mean over all scores"
PROPERTIES = (
    rule(_two, "kind"),
    scalar("d_loss", _MEAN, what="d_loss is one number"),
    scalar("g_loss", _MEAN, what="g_loss is one number"),
    unchanged(
        ("change of the images", "images that lead back"),
        "the images stay as they were",
        "nothing may change in place: no `+=`, no `x[…] =`, no method like `detach_()`",
    ),
    same(
        "d_loss",
        "D's loss is half the squared error on real images and on fakes",
        "½ (mean (D(real) - 1)² + mean D(fake)²)",
        points=1,
        **_CLOSE,
    ),
    same(
        "g_loss",
        "the generator's loss is the squared error of its fakes, which should be 1",
        "mean (D(fake) - 1)², without a half",
        points=1,
        **_CLOSE,
    ),
    left_alone(
        "D afterwards",
        ("D",),
        "D stays as it was",
        "`backward()`, `zero_grad()` and steps belong to the training step; undo an `.eval()` or a "
        "`requires_grad_(False)`",
    ),
    same(
        "d_loss's gradient at fake",
        "the fakes are detached in D's loss",
        "D's loss must not reach the generator: give D `fake.detach()`",
        got="a gradient that flows back to the generator",
        expected="none",
        points=0.25,
        atol=0,
    ),
    same(
        "d_loss's gradient at D",
        "all of D's loss reaches D",
        "D learns from both parts: nothing but the fakes is detached, and there is no `.item()`",
        points=0.25,
    ),
    same(
        "g_loss's gradient at fake",
        "the gradient of the generator's loss reaches the fakes",
        "here the fakes are not detached, and nothing else is: no `.item()`, `.data` or `no_grad()`",
        points=0.25,
    ),
    unchanged(
        "the next random number", "it draws no random numbers", "no noise, no dropout, no `manual_seed`"
    ),
    rule(_at_most_three, "passes through D"),
    same(
        "a score an image",
        "scores of any shape will do: here (B,)",
        "`torch.ones_like(scores)` has the shape of the scores; so has `scores - 1`",
        points=0.25,
    ),
    same("one image", "a batch of one works", "make targets like the scores, and no `squeeze()`"),
    fits_any_device("elsewhere"),
)

_LOGITS = functional.binary_cross_entropy_with_logits


def _entropy(scores, target):
    return _LOGITS(scores, torch.full_like(scores, target))


MISTAKES = {
    "half of D's loss is asked for: the factor ½ is missing": _but(weights=(1, 1, 1)),
    "only the part of the real images is halved: the half belongs to both": _but(weights=(0.5, 1, 1)),
    "only the part of the fakes is halved: the half belongs to both": _but(weights=(1, 0.5, 1)),
    "both losses are halved: the half belongs to D's alone": _but(weights=(0.5, 0.5, 0.5)),
    "the targets are swapped: D should say 1 to real images, 0 to fakes": _but(targets=(0.0, 1.0, 1.0)),
    "the target of the fakes is 1 in D's loss: D should say 0 to them": _but(targets=(1.0, 1.0, 1.0)),
    "the real images' target is smoothed: here it is 1": _but(targets=(0.9, 0.0, 1.0)),
    "the generator's target is 0: it wants D to say 1 to its fakes": _but(targets=(1.0, 0.0, 0.0)),
    "the generator's loss has the sign flipped: it wants D to say 1 to its fakes": _but(
        targets=(1.0, 0.0, 0.0), weights=(0.5, 0.5, -1.0)
    ),
    "that is the cross-entropy: squared differences of scores and targets are asked for": _but(of=_entropy),
    "that is the cross-entropy, halved: squared differences of scores and targets are asked for": _but(
        of=_entropy, weights=(1, 1, 1)
    ),
    "the generator's loss is the cross-entropy: squares are asked for in both": _but(g_of=_entropy),
    "that is the absolute difference: take its square": _but(of=lambda x, t: (x - t).abs().mean()),
    "a sigmoid too many: the squares are those of the scores": _but(of=lambda x, t: _squares(x.sigmoid(), t)),
    "summed over all scores: take the mean": _but(of=lambda x, t: _squares(x, t) * x.numel()),
    "summed over the patches of an image: take the mean over all scores": _but(
        of=lambda x, t: _squares(x, t) * x[0].numel()
    ),
    "the scores are averaged first: square the difference of each, and then take the mean": _but(
        of=_of_means
    ),
    "the scores of each image are averaged first: every patch has a loss of its own": _but(
        of=lambda x, t: _squares(x.flatten(1).mean(1), t)
    ),
    "the generator's scores are averaged first: square the difference of each, and then take the mean": (
        _but(g_of=_of_means)
    ),
    "the generator's loss is summed over all scores: take the mean": _but(
        g_of=lambda x, t: _squares(x, t) * x.numel()
    ),
    "that is the hinge loss: squares are asked for": lambda D, real, fake: (
        (1 - D(real)).relu().mean() + (1 + D(fake.detach())).relu().mean(),
        -D(fake).mean(),
    ),
    "the target of the fakes is -1: here it is 0": _but(targets=(1.0, -1.0, 1.0)),
    "D's loss has no fake part": _but(weights=(0.5, 0, 1)),
    "D's loss has no real part": _but(weights=(0, 0.5, 1)),
    "the difference of D's means (a Wasserstein loss): squares are asked for": lambda D, real, fake: (
        D(fake.detach()).mean() - D(real).mean(),
        -D(fake).mean(),
    ),
    "the two are swapped: D's loss comes first": lambda *given: expected(*given)[::-1],
    "the generator's loss is that of the real images: take D(fake)": lambda D, real, fake: (
        expected(D, real, fake)[0],
        _squares(D(real), 1.0),
    ),
    "nothing of the generator's loss reaches the fakes: is one of the two detached?": lambda D, real, fake: (
        expected(D, real, fake.detach())
    ),
    "nothing of D's loss reaches D: is there an `.item()`, a `.detach()` or a `no_grad()`?": (
        lambda *given: tuple(loss.detach() for loss in expected(*given))
    ),
    "D's answer to the fakes is detached: detach the fakes before D sees them": lambda D, real, fake: (
        0.5 * (_squares(D(real), 1.0) + _squares(D(fake), 0.0).detach()),
        expected(D, real, fake)[1],
    ),
}

IDLE = (lambda D, real, fake: (torch.tensor(0.0), torch.tensor(0.0)),)
