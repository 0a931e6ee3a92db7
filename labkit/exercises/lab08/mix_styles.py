"""Exercise 8.5: some layers take their style from one w, the others from another."""

import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.probing import elsewhere, flat, gradients, tried
from labkit.exercises.properties import Case, fits_any_device, same, same_shape, unchanged


def styles(seed: int) -> tuple[torch.Tensor, torch.Tensor, int, int]:
    """w_a and w_b (B, N), a crossover and the number of layers. No two sizes are equal."""
    generator = torch.Generator().manual_seed(seed)
    count, width, layers = (int(torch.randint(low, low + 2, (), generator=generator)) for low in (2, 10, 8))
    w_a, w_b = torch.randn(2, count, width, generator=generator)
    return w_a, w_b, 2 + int(torch.randint(0, 2, (), generator=generator)), layers


def probe(mix_styles, given):
    *pair, crossover, layers = given
    leaves = [w.clone().requires_grad_() for w in pair]
    parts = [leaf * 1 for leaf in leaves]
    found = mix_styles(*parts, crossover, layers)
    right = isinstance(found, torch.Tensor) and found.shape == (len(pair[0]), layers, pair[0].shape[1])
    weights = torch.linspace(-1, 1, layers * pair[0].numel())
    slopes = gradients((found.flatten() * weights).sum() if right else None, leaves)

    def at(crossover, count=None):
        return tried(lambda: mix_styles(*(w[:count].clone() for w in pair), crossover, layers))

    return {
        "the result": found,
        "from the first layer": at(0),
        "from no layer": at(layers),
        "for one": at(crossover, 1),
        "the gradients": flat(slopes),
        "given afterwards": flat(parts),
        "elsewhere": elsewhere(lambda: mix_styles(*(w.to("meta") for w in pair), crossover, layers)),
    }


EXERCISE = Exercise(
    "8.5",
    "Style mixing",
    2,
    "mix_styles(w_a, w_b, crossover, layers)",
    styles,
    probe,
    causes={
        r"expected a non-empty list|non-empty TensorList": (
            "with crossover 0 nothing comes from A, and with crossover = layers nothing from B"
        ),
        r"single memory location": (
            "`expand` shows one memory as many layers, so that nothing can be written into it: take `repeat`"
        ),
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(w_a, w_b, crossover, layers):
    return torch.stack([w_a if layer < crossover else w_b for layer in range(layers)], dim=1)


def _everywhere(w, layers):
    return w[:, None].expand(-1, layers, -1)


def _shape(case: Case) -> str:
    got, right = case.got["the result"].shape, case.expected["the result"].shape
    if got == (right[1], right[0], right[2]):
        return "the batch comes first, (B, layers, style_dim): stack the layers along `dim=1`"
    if len(got) == 3 and got[::2] == right[::2]:
        return f"{got[1]} layers, and there are {right[1]}: `crossover` of A and `layers - crossover` of B"
    if got == (right[0], right[2]):
        return "each layer has a w of its own, (B, layers, style_dim)"
    return "one w for each image and layer, (B, layers, style_dim)"


PROPERTIES = (
    same_shape("the result", "one w for each layer, (B, layers, style_dim)", _shape, points=0.25),
    same(
        "the result",
        "the layers before the crossover follow A, the others B",
        "layers 0 … crossover − 1 get w_a, layers crossover … layers − 1 get w_b",
        points=1,
    ),
    same(
        "from the first layer",
        "with crossover 0 all layers follow B",
        "then no layer is left for A",
        points=0.25,
    ),
    same("from no layer", "with crossover = layers all follow A", "then no layer is left for B", points=0.25),
    same("for one", "a batch of one works", "keep the batch axis: no `squeeze()`"),
    same(
        "the gradients",
        "the gradient reaches w_a and w_b",
        "the mapping network learns through both: nothing is detached",
        points=0.25,
        rtol=1e-3,
    ),
    unchanged(
        "given afterwards",
        "w_a and w_b are left as they were",
        "nothing may change in place: no `+=`, no method that ends in `_`",
    ),
    fits_any_device("elsewhere"),
)

MISTAKES = {
    "the sides are swapped: the layers before the crossover follow A": lambda a, b, crossover, layers: (
        expected(b, a, crossover, layers)
    ),
    "one layer too many follows A: layer `crossover` itself belongs to B": lambda a, b, crossover, layers: (
        expected(a, b, crossover + 1, layers)
    ),
    "one layer too few follows A: `crossover - 1` still belongs to it": lambda a, b, crossover, layers: (
        expected(a, b, crossover - 1, layers)
    ),
    "counted from the end: `crossover` layers follow A, not B": lambda a, b, crossover, layers: expected(
        a, b, layers - crossover, layers
    ),
    "the sides are swapped, and counted from the end: the first `crossover` layers follow A": (
        lambda a, b, crossover, layers: expected(b, a, layers - crossover, layers)
    ),
    "the crossover cuts the numbers of w: it cuts the layers, and each gets a whole w": (
        lambda a, b, crossover, layers: _everywhere(
            torch.cat([a[:, :crossover], b[:, crossover:]], 1), layers
        )
    ),
    "w_a and w_b are blended: each layer follows one of the two": lambda a, b, crossover, layers: _everywhere(
        torch.lerp(b, a, crossover / layers), layers
    ),
    "w_a and w_b are averaged: each layer follows one of the two": lambda a, b, crossover, layers: (
        _everywhere((a + b) / 2, layers)
    ),
    "only layer `crossover` follows B: all from there on do": lambda a, b, crossover, layers: torch.stack(
        [b if layer == crossover else a for layer in range(layers)], 1
    ),
    "all layers follow A: those from the crossover on follow B": lambda a, b, crossover, layers: _everywhere(
        a, layers
    ).clone(),
    "all layers follow B: those before the crossover follow A": lambda a, b, crossover, layers: _everywhere(
        b, layers
    ).clone(),
    "layers take turns: the first `crossover` follow A, all others B": lambda a, b, crossover, layers: (
        torch.stack([b if layer % 2 else a for layer in range(layers)], 1)
    ),
    "the layers of A hold zeros: copy w_a into each": lambda a, b, crossover, layers: expected(
        a * 0, b, crossover, layers
    ),
    "the layers of B hold zeros: copy w_b into each": lambda a, b, crossover, layers: expected(
        a, b * 0, crossover, layers
    ),
}

IDLE = (
    lambda a, b, crossover, layers: torch.stack([a] * layers, 1),
    lambda a, b, crossover, layers: torch.stack([b] * layers, 1),
)
