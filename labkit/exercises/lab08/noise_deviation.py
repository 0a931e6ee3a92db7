"""Exercise 8.4: by how much each pixel of an image moves with the noise."""

import copy

import torch
from torch import nn

from labkit.exercises.exercise import Exercise
from labkit.exercises.probing import elsewhere, traces, tried, with_gradients
from labkit.exercises.properties import (
    Case,
    fits_any_device,
    holds,
    left_alone,
    rule,
    same,
    same_shape,
    unchanged,
)
from labkit.exercises.reading import is_false, numbers

DRAWS = 5


class Drawing(nn.Module):
    """A generator whose noise comes from a pool: the images of each z take theirs in turn, so that all its
    draws together are the same, whether they are drawn one by one or many in a batch."""

    def __init__(self, z: torch.Tensor, pool: torch.Tensor):
        super().__init__()
        self.z, self.pool = z, pool  # (B, N) and (DRAWS, B, C, H, W)
        self.base = nn.Linear(z.shape[1], pool[0, 0].numel())
        self.drawn = [0] * len(z)

    def mapping(self, z: torch.Tensor) -> torch.Tensor:
        return z.clone()

    def draw(self, w: torch.Tensor, noise=None) -> torch.Tensor:
        images = self.base(w).view(-1, *self.pool.shape[2:])
        if noise is not None or w.is_meta:
            return images
        return images + torch.stack([self._next(i) for i in torch.cdist(w, self.z).argmin(1).tolist()])

    def forward(self, z: torch.Tensor, noise=None) -> torch.Tensor:
        return self.draw(self.mapping(z), noise)

    def draw_noise(self, count: int, generator=None) -> list[torch.Tensor]:
        return [torch.randn(count, 1, *self.pool.shape[3:], generator=generator)]

    def _next(self, i: int) -> torch.Tensor:
        self.drawn[i] += 1
        return self.pool[(self.drawn[i] - 1) % len(self.pool), i]


def generator_and_z(seed: int) -> tuple[Drawing, torch.Tensor]:
    """G with gradients of an earlier step, and z (B, N). Channels and pixels differ in their noise."""
    torch.manual_seed(seed)
    count, colours, height, width = (int(torch.randint(low, low + 2, ())) for low in (3, 2, 4, 6))
    z = torch.randn(count, 8)
    strength = 0.2 + torch.rand(count, colours, height, width) * torch.arange(1, colours + 1)[:, None, None]
    pool = strength * torch.randn(DRAWS, count, colours, height, width)
    return with_gradients(Drawing(z.clone(), pool)), z


def probe(noise_deviation, given):
    G, z = given
    one = z[:1].clone()
    there = copy.deepcopy(G).to("meta")
    mine = z.clone()
    found = noise_deviation(G, mine, DRAWS)
    return {
        "images of each z": list(G.drawn),
        "the result": found,
        "leads back": bool(getattr(found, "requires_grad", False)),
        "G afterwards": traces(G),
        "z afterwards": mine,
        "for one": tried(lambda: noise_deviation(copy.deepcopy(G), one, DRAWS)),
        "elsewhere": elsewhere(lambda: noise_deviation(there, z.to("meta"), DRAWS)),
    }


EXERCISE = Exercise(
    "8.4",
    "What the noise decides",
    2,
    "noise_deviation(G, z, draws)",
    generator_and_z,
    probe,
    tensors=("the result",),
    causes={
        r"numpy\(\) on Tensor that requires grad": "draw the images under `torch.no_grad()`",
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


@torch.no_grad()
def expected(G, z, draws, *, of=lambda images: images.var(0, correction=0).mean(1, keepdim=True).sqrt()):
    return of(torch.stack([G(z) for _ in range(draws)]))


def _of(of):
    return lambda G, z, draws: expected(G, z, draws, of=of)


def _counted(case: Case):
    counts = numbers(case.got["images of each z"])
    yield holds(
        f"{DRAWS} images are drawn of each z",
        bool((counts == DRAWS).all()),
        got=f"{counts.min():g} to {counts.max():g}",
        expected=f"`draws` = {DRAWS}",
        cause="`G(z)` without a second argument draws fresh noise: call it `draws` times, with z itself",
    )


def _shape(case: Case) -> str:
    got, right = case.got["the result"].shape, case.expected["the result"].shape
    if len(got) == 4 and got[1] != right[1]:
        return "one map an image: average the variances over the channels, `mean(dim=1, keepdim=True)`"
    if got == (right[0], *right[2:]):
        return "the axis of the channels stays, with length 1: `keepdim=True`"
    return "one map (1, H, W) for each z: the variance over the draws, averaged over the channels"


def _without_gradient(case: Case):
    yield holds(
        "the result has no gradient",
        is_false(case.got["leads back"]),
        got="a result that leads back to G's weights",
        expected="nothing to learn from",
        cause="with gradients the graphs of all images stay in memory: draw under `torch.no_grad()`",
    )


PROPERTIES = (
    rule(_counted, "images of each z", compared=True),
    same_shape("the result", "one map for each z, (B, 1, H, W)", _shape, points=0.25),
    same(
        "the result",
        "it is the standard deviation over the noise",
        "the variance over the draws, its mean over the channels, then the root",
        points=1.5,
    ),
    rule(_without_gradient, "leads back", points=0.25),
    left_alone(
        "G afterwards",
        (0,),
        "G stays as it was",
        "its weights, its gradients and its mode are not this function's: undo an `eval()`",
    ),
    unchanged("z afterwards", "z is left as it was", "nothing may change in place"),
    same("for one", "a batch of one works", "keep the batch axis: no `squeeze()`"),
    fits_any_device("elsewhere"),
)

MISTAKES = {
    "the variance is divided by draws − 1: PyTorch needs `correction=0` (or `unbiased=False`)": _of(
        lambda images: images.var(0).mean(1, keepdim=True).sqrt()
    ),
    "that is the variance: take its root": _of(lambda images: images.var(0, correction=0).mean(1, True)),
    "the deviations of the channels are averaged: average the variances, and then take the root": _of(
        lambda images: images.std(0, correction=0).mean(1, True)
    ),
    "the channels are averaged before the deviation is taken: there noise of two channels cancels": _of(
        lambda images: images.mean(2).std(0, correction=0)[:, None]
    ),
    "that is the mean absolute deviation: the root of the mean square is asked for": _of(
        lambda images: (images - images.mean(0)).abs().mean(0).mean(1, True)
    ),
    "the mean image is not taken away: that is the root of the mean square of the images themselves": _of(
        lambda images: images.square().mean(0).mean(1, True).sqrt()
    ),
    "that is the mean image": _of(lambda images: images.mean(0).mean(1, True)),
    "the deviation is taken over the images of different z: take it over the draws of each": _of(
        lambda images: (
            images.var(1, correction=0).mean(0).mean(0, True).expand(images.shape[1], -1, -1)[:, None]
        )
    ),
    "the variances of the channels are summed: take their mean": _of(
        lambda images: images.var(0, correction=0).sum(1, True).sqrt()
    ),
    "that is the range, the largest less the smallest: take the standard deviation": _of(
        lambda images: (images.amax(0) - images.amin(0)).mean(1, True)
    ),
    "every z has the map of all together: only channels and draws are averaged": _of(
        lambda images: (
            images.var(0, correction=0).mean((0, 1), True).sqrt().expand(images.shape[1], -1, -1, -1)
        )
    ),
    "every pixel has the deviation of its whole image: pixels are not averaged": _of(
        lambda images: (
            images.var(0, correction=0).mean((1, 2, 3), True).sqrt().expand(-1, 1, *images.shape[3:])
        )
    ),
}

IDLE = (lambda G, z, draws=8: torch.stack([G(z).detach() for _ in range(draws)])[0, :, :1] * 0,)
