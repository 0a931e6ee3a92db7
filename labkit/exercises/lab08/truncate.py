"""Exercise 8.6: w nearer to the mean of many w."""

import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.probing import elsewhere, flat, tried
from labkit.exercises.properties import fits_any_device, same, same_shape, unchanged


def styles(seed: int) -> tuple[torch.Tensor, torch.Tensor, float]:
    """w (B, N), many w (M, N), far from a mean of 0 and skewed, and psi."""
    generator = torch.Generator().manual_seed(seed)
    count, width, many = (int(torch.randint(low, low + 2, (), generator=generator)) for low in (3, 6, 9))
    centre = 2 + torch.randn(width, generator=generator)
    spread = 0.5 + torch.rand(width, generator=generator)
    drawn = torch.randn(count + many, width, generator=generator).exp()
    w = centre + spread * drawn
    psi = 0.2 + 0.2 * float(torch.rand((), generator=generator, dtype=torch.float64))
    return w[:count], w[count:], psi


def probe(truncate, given):
    w, many_w, psi = given
    parts = w.clone(), many_w.clone()
    layered = torch.stack([w, w + 1, 2 * w, -w], dim=1)
    return {
        "the result": truncate(*parts, psi),
        "with psi 0": tried(lambda: truncate(w.clone(), many_w.clone(), 0.0)),
        "with psi 1": tried(lambda: truncate(w.clone(), many_w.clone(), 1.0)),
        "of layers": tried(lambda: truncate(layered, many_w.clone(), psi)),
        "for one": tried(lambda: truncate(w[:1].clone(), many_w.clone(), psi)),
        "given afterwards": flat(parts),
        "elsewhere": elsewhere(lambda: truncate(w.to("meta"), many_w.to("meta"), psi)),
    }


EXERCISE = Exercise(
    "8.6",
    "Truncation",
    2,
    "truncate(w, many_w, psi)",
    styles,
    probe,
    tensors=("the result",),
    causes={
        r"size of tensor|must match|broadcast": (
            "the centre has style_dim numbers: average many_w over its rows, `many_w.mean(dim=0)`"
        ),
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(w, many_w, psi):
    return torch.lerp(many_w.sum(0) / len(many_w), w, psi)


def _around(centre):
    """Truncated towards another centre, made of w and many w."""

    def answer(w, many_w, psi):
        middle = centre(w, many_w)
        return middle + psi * (w - middle)

    return answer


def _with(formula):
    return lambda w, many_w, psi: formula(w, many_w.mean(0), psi)


PROPERTIES = (
    same_shape("the result", "w keeps its shape", "one truncated w for each w that is given"),
    same(
        "the result",
        "w comes nearer to the mean of many w",
        "centre + psi · (w − centre), where the centre is the mean over the rows of many_w",
        points=1.25,
    ),
    same("with psi 0", "psi 0 gives the centre for every w", "of w nothing is left then", points=0.25),
    same("with psi 1", "psi 1 leaves w as it is", "of the centre nothing is left then", points=0.25),
    same(
        "of layers",
        "w may have one row for each layer, (B, layers, style_dim)",
        "the centre (style_dim,) fits any shape that ends in style_dim: no `[:, None]` is needed",
        points=0.25,
    ),
    same("for one", "a batch of one works", "keep the batch axis: no `squeeze()`"),
    unchanged(
        "given afterwards",
        "w and many_w are left as they were",
        "nothing may change in place: no `-=`, no method that ends in `_`",
    ),
    fits_any_device("elsewhere"),
)

MISTAKES = {
    "psi is on the wrong side: it multiplies w − centre, so psi 1 changes nothing": _with(
        lambda w, centre, psi: psi * centre + (1 - psi) * w
    ),
    "the centre is not added again after the multiplication": _with(
        lambda w, centre, psi: psi * (w - centre)
    ),
    "w is pulled towards 0: pull it towards the mean of many w": _with(lambda w, centre, psi: psi * w),
    "w moves away from the centre: centre + psi · (w − centre)": _with(
        lambda w, centre, psi: w + psi * (w - centre)
    ),
    "the difference has its sign flipped: w − centre": _with(
        lambda w, centre, psi: centre + psi * (centre - w)
    ),
    "the centre is added whole to psi · w: take it away from w first": _with(
        lambda w, centre, psi: centre + psi * w
    ),
    "the centre is multiplied by psi, and w is not": _with(lambda w, centre, psi: w + psi * centre),
    "divided by psi: multiply by it": _with(lambda w, centre, psi: centre + (w - centre) / psi),
    "psi is squared": _with(lambda w, centre, psi: centre + psi**2 * (w - centre)),
    "cut off at psi: truncation in w moves towards the centre, and cuts nothing off": lambda w, many_w, psi: (
        w.clamp(-psi, psi)
    ),
    "cut off at psi around the centre: the difference is multiplied by psi": _with(
        lambda w, centre, psi: centre + (w - centre).clamp(-psi, psi)
    ),
    "the centre is one number for all of w: average over the rows only, `dim=0`": _around(
        lambda w, many: many.mean()
    ),
    "the centre is that of the w to be truncated: take the mean of many_w": _around(
        lambda w, many: w.mean(0)
    ),
    "each w has its own mean for its centre: take the mean of many_w, over its rows": _around(
        lambda w, many: w.mean(1, keepdim=True)
    ),
    "the centre is the median: take the mean": _around(lambda w, many: many.median(0).values),
    "the centre is the first of many_w: take the mean of them all": _around(lambda w, many: many[0]),
    "the centre is a sum: divide it by the number of rows": _around(lambda w, many: many.sum(0)),
}
