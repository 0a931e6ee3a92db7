"""Exercise 7.4: how far images come back from a round trip."""

import copy

import torch
from torch import nn
from torch.nn.functional import l1_loss, mse_loss, smooth_l1_loss

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
from labkit.exercises.reading import whole

F_IS_A_NETWORK = {
    r"object has no attribute '(\w*_loss|relu|softplus)'": (
        "F is the second generator here, not `torch.nn.functional`: call `l1_loss` without `F.`"
    ),
}


def translators(seed: int) -> dict:
    """G and F, small and far from each other's inverse, and images of A and B (B, C, H, W)."""
    torch.manual_seed(seed)
    shape = [int(torch.randint(low, low + 2, ())) for low in (6, 2, 4, 8)]
    G, F = (nn.Sequential(nn.Conv2d(shape[1], shape[1], 3, 1, 1), nn.Tanh()) for _ in range(2))
    with torch.no_grad():
        G[0].weight.mul_(2)
        F[0].bias.add_(0.5)
    images = {"a": torch.randn(shape).tanh(), "b": (torch.randn(shape) * 2 + 0.5).tanh()}
    return {"G": with_gradients(G), "F": with_gradients(F)} | images


def probe(cycle_loss, given):
    G, F, runs = given["G"], given["F"], []
    a, b = given["a"].clone(), given["b"].clone()
    for net in (G, F):
        net.register_forward_hook(lambda *_: runs.append(1))
    loss = cycle_loss(G, F, a, b)
    count, weights = len(runs), [*G.parameters(), *F.parameters()]
    at = gradients(loss, weights)
    there = [copy.deepcopy(net).to("meta") for net in (_dense(a), _dense(a))]
    return {
        "the result": loss,
        "the gradient at G": flat(at[: len(at) // 2]),
        "the gradient at F": flat(at[len(at) // 2 :]),
        "runs": count,
        "G and F afterwards": traces(G, F),
        "change of the images": flat([a - given["a"], b - given["b"]]),
        "the next random number": torch.rand(()),
        "one image of each": tried(lambda: cycle_loss(G, F, given["a"][:1].clone(), given["b"][:1].clone())),
        "elsewhere": elsewhere(lambda: cycle_loss(*there, a.to("meta"), b.to("meta"))),
    }


def _dense(images):
    """A generator of dense layers: on the other device convolutions take long."""
    size = images[0].numel()
    return nn.Sequential(nn.Flatten(), nn.Linear(size, size), nn.Unflatten(1, images.shape[1:]))


EXERCISE = Exercise(
    "7.4",
    "The cycle loss",
    3,
    "cycle_loss(G, F, a, b)",
    translators,
    probe,
    causes={
        r"[Bb]oolean value of Tensor": (
            "a loss that is a class wants brackets of its own first: `nn.L1Loss()(x, y)`. Or take `l1_loss`"
        ),
    }
    | F_IS_A_NETWORK,
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(G, F, a, b, *, of=l1_loss, cut=lambda fake: fake):
    return of(F(cut(G(a))), a) + of(G(cut(F(b))), b)


def _but(**how):
    return lambda G, F, a, b: expected(G, F, a, b, **how)


def _at_most_four(case: Case):
    runs = whole(case.got["runs"])
    yield holds(
        "each generator runs twice",
        1 <= runs <= 4,
        got=f"{runs} runs in all",
        expected="4 runs in all",
        cause="there and back for a, there and back for b: keep what a generator returns in a variable",
    )


PROPERTIES = (
    scalar("the result", "average over all numbers of a batch, and add the two ways"),
    unchanged(
        "change of the images",
        "the images stay as they were",
        "nothing may change in place: no `+=`, no `x[…] =`, no method that ends in `_`",
    ),
    same(
        "the result",
        "both ways: F(G(a)) should be a, and G(F(b)) should be b",
        "mean |F(G(a)) - a| + mean |G(F(b)) - b|",
        points=2,
        rtol=1e-5,  # so that no two mistakes agree by chance
        atol=1e-6,
    ),
    same(
        "the gradient at G",
        "the gradient reaches G through both ways",
        "nothing may be detached, no `.item()`: G learns from what F can do with its translations, too",
        points=0.5,
        beside=["the gradient at F"],
    ),
    same(
        "the gradient at F",
        "the gradient reaches F through both ways",
        "nothing may be detached, no `.item()`: F learns from what G can do with its translations, too",
        points=0.5,
        beside=["the gradient at G"],
    ),
    left_alone(
        "G and F afterwards",
        ("G", "F"),
        "G and F stay as they were",
        "`backward()`, `zero_grad()` and steps belong to the training step; undo an `.eval()`",
    ),
    unchanged(
        "the next random number", "it draws no random numbers", "no noise, no dropout, no `manual_seed`"
    ),
    rule(_at_most_four, "runs"),
    same("one image of each", "a batch of one works", "keep the batch axis: no `squeeze()`"),
    fits_any_device("elsewhere"),
)

MISTAKES = {
    "the way of b is missing: G(F(b)) should be b": lambda G, F, a, b: l1_loss(F(G(a)), a),
    "the way of a is missing: F(G(a)) should be a": lambda G, F, a, b: l1_loss(G(F(b)), b),
    "squared differences: L1 takes their absolute values": _but(of=mse_loss),
    "the root of the squared differences: L1 is the mean of absolute values": _but(
        of=lambda x, y: mse_loss(x, y).sqrt()
    ),
    "that is the smooth L1 loss: take `l1_loss`": _but(of=smooth_l1_loss),
    "differences of both signs cancel: take their absolute values": _but(of=lambda x, y: (x - y).mean()),
    "summed over all numbers: take the mean": _but(of=lambda x, y: l1_loss(x, y, reduction="sum")),
    "summed over the pixels of an image: take the mean over all numbers": _but(
        of=lambda x, y: l1_loss(x, y) * x[0].numel()
    ),
    "that is the average of the two ways: add them": lambda *given: expected(*given) / 2,
    "the weight of the cycle is in it: the training step multiplies by it": lambda *given: (
        10 * expected(*given)
    ),
    "G and F are exchanged: G translates from A to B, so `G(a)` comes first": lambda G, F, a, b: expected(
        F, G, a, b
    ),
    "compared with the translation: what comes back should be the original": lambda G, F, a, b: (
        l1_loss(F(G(a)), G(a)) + l1_loss(G(F(b)), F(b))
    ),
    "compared with the other kind of image: what comes back from a should be a": lambda G, F, a, b: (
        l1_loss(F(G(a)), b) + l1_loss(G(F(b)), a)
    ),
    "there, but not back: translate G(a) by F, and F(b) by G, before you compare": lambda G, F, a, b: (
        l1_loss(G(a), a) + l1_loss(F(b), b)
    ),
    "that is the identity loss, which shows G images of B: translate there and back": lambda G, F, a, b: (
        l1_loss(F(a), a) + l1_loss(G(b), b)
    ),
    "compared as if they were pairs: G(a) is not b": lambda G, F, a, b: l1_loss(G(a), b) + l1_loss(F(b), a),
    "the same generator twice: the other one leads back": lambda G, F, a, b: (
        l1_loss(G(G(a)), a) + l1_loss(F(F(b)), b)
    ),
    "the translations are detached: the cycle must reach the generator that made them": _but(
        cut=torch.Tensor.detach
    ),
    "F(G(a)) should be a, but there stands G(F(a)): a goes through G first": lambda G, F, a, b: (
        l1_loss(G(F(a)), a) + l1_loss(G(F(b)), b)
    ),
    "G(F(b)) should be b, but there stands F(G(b)): b goes through F first": lambda G, F, a, b: (
        l1_loss(F(G(a)), a) + l1_loss(F(G(b)), b)
    ),
    "the absolute value is taken of the mean: take the mean of the absolute values": _but(
        of=lambda x, y: (x - y).mean().abs()
    ),
    "the second way is subtracted: add the two": lambda G, F, a, b: l1_loss(F(G(a)), a) - l1_loss(G(F(b)), b),
    "the images of the batch are summed: take the mean over them, too": _but(
        of=lambda x, y: (x - y).abs().mean((1, 2, 3)).sum()
    ),
    "the way of a reaches no weight: is there an `.item()`, a `.detach()` or a `no_grad()`?": (
        lambda G, F, a, b: l1_loss(F(G(a)), a).detach() + l1_loss(G(F(b)), b)
    ),
    "the way of b reaches no weight: is there an `.item()`, a `.detach()` or a `no_grad()`?": (
        lambda G, F, a, b: l1_loss(F(G(a)), a) + l1_loss(G(F(b)), b).detach()
    ),
    "nothing reaches the generators: is there an `.item()`, a `.detach()` or a `no_grad()`?": (
        lambda *given: expected(*given).detach()
    ),
}
