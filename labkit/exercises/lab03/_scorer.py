"""A small D with images to judge, and what the probes of 3.2 and 3.3 note of a loss."""

import copy
from collections.abc import Callable

import torch
from torch import nn

from labkit.exercises.probing import elsewhere, flat, gradients, traces, tried, with_gradients


class Scorer(nn.Module):
    """Images (B, C, H, W) to logits (B,). Its batch norm tells a mixed batch from two batches."""

    def __init__(self, pixels: int):
        super().__init__()
        self.hidden = nn.Linear(pixels, 5)
        self.norm = nn.BatchNorm1d(5)
        self.score = nn.Linear(5, 1)
        self.passes = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.passes += 1
        hidden = nn.functional.leaky_relu(self.norm(self.hidden(images.flatten(1))), 0.2)
        return self.score(hidden).flatten()


def scored_images(seed: int) -> dict:
    """A small D in training mode with gradients left from earlier, and real and fake images (B, C, H, W); a
    "plain D" without batch norm, which can judge a single image; and a "smooth" of the seed's own.

    Nothing is symmetric in the images, so that no two mistakes give the same loss.
    """
    torch.manual_seed(seed)
    count, *shape = (int(torch.randint(low, low + 3, ())) for low in (5, 2, 3, 2))
    pixels = shape[0] * shape[1] * shape[2]
    D = with_gradients(Scorer(pixels))
    with torch.no_grad():
        D.score.weight.mul_(3)
        D.score.bias.fill_(0.4)
    return {
        "D": D,
        "plain D": nn.Sequential(nn.Flatten(), nn.Linear(pixels, 1), nn.Flatten(0)),
        "real": torch.randn(count, *shape) + 0.5,
        "fake": torch.randn(count, *shape) * 1.5,
        "smooth": 0.6 + 0.25 * float(torch.rand(())),
    }


def noted(loss: Callable, given: dict) -> dict:
    """What is to be seen of ``loss(D, real, fake)``: its value, its gradients, what it leaves behind, and the
    same for a single image and on another device."""
    D, real = given["D"], given["real"].clone()
    leaf = given["fake"].clone().requires_grad_()
    fake = leaf * 1  # as G(z) is, no leaf
    value = loss(D, real, fake)
    values = {
        "the result": value,
        "passes through D": D.passes,
        "D's gradients": flat(torch.zeros_like(p) if p.grad is None else p.grad for p in D.parameters()),
        "D afterwards": traces(D),
        "change of the images": flat([real - given["real"], fake - leaf]),
        "images that lead back": [real.requires_grad, fake.requires_grad],
        "the next random number": torch.rand(()),
    }
    # Not without `tried`: where the loss has called `backward()`, its graph is gone.
    found = tried(lambda: gradients(value, [*D.parameters(), leaf]))
    lost = isinstance(found, str)
    values["the gradient at D"] = found if lost else flat(found[:-1])
    values["the gradient at the fakes"] = found if lost else found[-1]
    plain, one_real, one_fake = given["plain D"], given["real"][:1], given["fake"][:1]
    values["one image"] = tried(lambda: loss(plain, one_real.clone(), one_fake.clone()))
    there = copy.deepcopy(plain).to("meta"), given["real"].to("meta"), given["fake"].to("meta")
    return values | {"elsewhere": elsewhere(lambda: loss(*there))}


CAUSES = {
    "flags of leaf": "`fake` comes out of G, so its `requires_grad` cannot be switched off",
    "leaf Variable that requires grad": "something is changed in place: a loss makes new tensors",
    "can't be cast to the desired output type": "the targets are whole numbers: make them floats",
}

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def cross_entropy(logits: torch.Tensor, target: float | torch.Tensor) -> torch.Tensor:
    """Mean binary cross-entropy of logits (B,) against one target, or one each: softplus(x) - t x."""
    return (nn.functional.softplus(logits) - target * logits).mean()


def squares(logits: torch.Tensor, target: float) -> torch.Tensor:
    """Mean squared difference of scores (B,) and one target: least squares (Mao et al., 2017)."""
    return (logits - target).square().mean()


def in_evaluation(loss: Callable) -> Callable:
    """The loss of a D that is in evaluation mode meanwhile."""

    def answer(D, *given, **more):
        D.eval()
        found = loss(D, *given, **more)
        D.train()
        return found

    return answer


A_BATCH = "average over the batch: each part of the loss is a mean"
NO_GRADIENTS = {
    "what": "it only computes a loss",
    "otherwise": "`backward()`, `zero_grad()` and optimizers belong to the training step, not to the loss",
    "got": "gradients were written into D, or cleared",
    "expected": "every `.grad` of D as it was",
}
AS_IT_WAS = {
    "networks": ("D",),
    "what": "D stays as it was",
    "otherwise": "a loss changes no weight; undo a `requires_grad_(False)` or an `.eval()` before it returns",
    "expected": "unchanged",
}
IMAGES = {
    "what": "the images stay as they were",
    "otherwise": "nothing may change in place: no `+=`, no `x[…] =`, no method like `detach_()`",
    "got": "changed in place",
    "expected": "unchanged; the fakes still lead back to G",
}
RANDOM = {
    "what": "it draws no random numbers and sets no seed",
    "otherwise": "a loss needs none: no noise, no dropout, no `manual_seed`",
    "got": "torch's random state has changed",
    "expected": "unchanged",
}
MORE_CALLS = "every call of D takes time and moves its batch norm: keep the logits in a variable"
IN_EVALUATION = "D is in evaluation mode: it judges in training mode, as it learns"
ONE_IMAGE = {
    "what": "a batch of one image works",
    "otherwise": (
        "of one image D gives logits of shape (1,): `squeeze()` would drop that batch of one, and a fixed "
        "batch size does not fit it. Leave the logits as they are, and make targets like them: "
        "`torch.full_like(logits, value)`"
    ),
    "expected": "its loss",
}
