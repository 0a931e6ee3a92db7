"""Exercise 8.3: noise for each pixel, with a strength for each channel."""

import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.probing import elsewhere, flat, gradients, tried
from labkit.exercises.properties import fits_any_device, same, same_shape, unchanged


def maps(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """x (B, C, H, W), noise (B, 1, H, W), strength (C,). No two sizes are equal."""
    generator = torch.Generator().manual_seed(seed)
    batch, channels, height, width = (
        int(torch.randint(low, low + 2, (), generator=generator)) for low in (2, 9, 4, 6)
    )
    x = torch.randn(batch, channels, height, width, generator=generator)
    noise = torch.randn(batch, 1, height, width, generator=generator) + 0.3
    return x, noise, torch.randn(channels, generator=generator)


def probe(add_noise, given):
    leaves = [part.clone().requires_grad_() for part in given]
    parts = [leaf * 1 for leaf in leaves]
    found = add_noise(*parts)
    right = isinstance(found, torch.Tensor) and found.shape == given[0].shape
    weights = torch.linspace(-1, 1, given[0].numel()).view_as(given[0])
    slopes = gradients((found * weights).sum() if right else None, leaves)
    x, noise, strength = given
    return {
        "the result": found,
        "for one": tried(lambda: add_noise(x[:1].clone(), noise[:1].clone(), strength.clone())),
        "the gradient at x": slopes[0],
        "the gradient at strength": slopes[2],
        "given afterwards": flat(parts),
        "elsewhere": elsewhere(lambda: add_noise(*(part.to("meta") for part in given))),
    }


EXERCISE = Exercise(
    "8.3",
    "Noise for each pixel",
    2,
    "add_noise(x, noise, strength)",
    maps,
    probe,
    causes={
        r"size of tensor|must match|broadcast": (
            "strength (C,) lines up with the columns: `strength[:, None, None]` is (C, 1, 1), one number for "
            "each channel"
        ),
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(x, noise, strength):
    return x + torch.einsum("bohw,c->bchw", noise, strength)


def _adding(what):
    """x plus what somebody adds, of the noise and the strengths (C, 1, 1)."""
    return lambda x, noise, strength: x + what(noise, strength[:, None, None])


PROPERTIES = (
    same_shape("the result", "(B, C, H, W) in, (B, C, H, W) out", "x itself, with something added to it"),
    same(
        "the result",
        "each channel adds its image's map, times a strength of its own",
        "x + strength · noise, with one map (H, W) an image and one strength a channel",
        points=1.5,
    ),
    same("for one", "a batch of one works", "keep the batch axis: no `squeeze()`"),
    same("the gradient at x", "the gradient reaches x", "nothing is detached", points=0.25),
    same(
        "the gradient at strength",
        "the gradient reaches the strengths",
        "they are learnt: no `.data`, `.item()` or `no_grad()`",
        points=0.25,
        rtol=1e-3,
        atol=1e-4,
    ),
    unchanged(
        "given afterwards",
        "x, noise and strength are left as they were",
        "nothing may change in place: no `+=`, no method that ends in `_`",
    ),
    fits_any_device("elsewhere"),
)

MISTAKES = {
    "the strengths are not used: each channel has its own": _adding(lambda noise, s: noise.expand_as(noise)),
    "the noise is not used: each channel got its strength, at every pixel": _adding(lambda noise, s: s),
    "no noise was added": lambda x, noise, strength: x.clone(),
    "x is missing: the noise is added to it": lambda x, noise, strength: expected(x * 0, noise, strength),
    "all images have the noise of the first: each has a map of its own": _adding(
        lambda noise, s: s * noise[:1]
    ),
    "the same number is added to a whole channel: each pixel has a number of its own": _adding(
        lambda noise, s: s * noise.mean((2, 3), keepdim=True)
    ),
    "all channels have the same strength: each has its own": _adding(lambda noise, s: s.mean() * noise),
    "the first channel's strength is used for all: each has its own": _adding(lambda noise, s: s[:1] * noise),
    "x is multiplied by the strengths: only the noise is": lambda x, noise, strength: (
        x * strength[:, None, None] + noise
    ),
    "both x and noise are multiplied by the strengths: only the noise is": lambda x, noise, strength: (
        (x + noise) * strength[:, None, None]
    ),
    "x is multiplied by the noise: add it": lambda x, noise, strength: (
        x * (1 + strength[:, None, None] * noise)
    ),
    "the noise is subtracted: add it": _adding(lambda noise, s: -s * noise),
    "the strengths are squared: each is used as it is": _adding(lambda noise, s: s**2 * noise),
    "fresh noise is drawn: use the noise that is given": _adding(
        lambda noise, s: s * torch.randn_like(noise)
    ),
    "each channel draws noise of its own: use the map that is given, for all channels": (
        lambda x, noise, strength: x + strength[:, None, None] * torch.randn_like(x)
    ),
    "the strengths are detached: they are learnt": _adding(lambda noise, s: s.detach() * noise),
    "x is detached: the layers before this one learn through it": lambda x, noise, strength: expected(
        x.detach(), noise, strength
    ),
}
