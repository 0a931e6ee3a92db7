"""Exercise 8.1: the network that turns z into w."""

import torch
from torch import nn

from labkit.exercises.exercise import Exercise
from labkit.exercises.layers import in_use, table, tracing
from labkit.exercises.probing import tried
from labkit.exercises.properties import same


def inputs(seed: int):
    """z (B, latent_dim), the sizes of a network, all far from the defaults, and the seed itself."""

    def draw(generator):
        latent, style, layers = (
            int(torch.randint(low, low + 3, (), generator=generator)) for low in (5, 9, 3)
        )
        z = torch.randn(tracing.BATCH, latent, generator=generator) + 0.5
        scale = torch.tensor([[0.4], [1.0], [2.5]])
        return z * scale, {"latent_dim": latent, "style_dim": style, "layers": layers}

    (z, sizes), seed = tracing.with_seed(draw)(seed)
    return z, sizes, seed


def probe(MappingNetwork, given):
    z, sizes, seed = given
    found = tracing.examine(lambda: MappingNetwork(**sizes), z, seed)
    if found["kind"] != "a network":
        return found

    def asked():
        pairs = []
        MappingNetwork(**sizes, linear=lambda *pair: pairs.extend(pair) or nn.Linear(*pair))
        return pairs

    default = {"latent_dim": sizes["latent_dim"], "style_dim": sizes["style_dim"]}
    return found | {
        "parameters": tracing.count(MappingNetwork(**default), z),
        "asked of linear": tried(asked),
    }


EXERCISE = Exercise(
    "8.1",
    "The mapping network",
    3,
    "MappingNetwork(latent_dim, style_dim, layers)(z)",
    inputs,
    probe,
    causes={
        r"mat1 and mat2 shapes cannot be multiplied": (
            "a layer receives another number of features than it was made for: the first one maps latent_dim "
            "to style_dim, all others style_dim to style_dim"
        ),
    }
    | tracing.FAULTY_CLASS,
    unjudged=("operations", "the result again"),
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def _sphere(z):
    return z / (z.square().sum(1, keepdim=True) / z.shape[1]).sqrt()


def expected(latent_dim, style_dim, layers=8, linear=nn.Linear, *, first=_sphere, last=lambda w: w):
    """Torch's layers in a row; ``first`` is done to z and ``last`` to w."""
    net, wide = nn.Identity(), latent_dim
    parts = []
    for _ in range(layers):
        parts += [linear(wide, style_dim), nn.LeakyReLU(0.2)]
        wide = style_dim
    net.add_module("row", nn.Sequential(*parts))
    net.register_forward_hook(lambda net, given, _same: last(net.row(first(*given))))
    return net


def _but(**how):
    return lambda *sizes, **named: expected(*sizes, **named, **how)


PROPERTIES = (
    table.is_network("MappingNetwork"),
    table.result_shape("z (B, latent_dim) becomes w (B, style_dim)", points=0.25),
    in_use.for_one("a batch of one gives shape (1, style_dim)"),
    table.registered(points=0.25),
    *table.as_in_the_table(
        worth=("channels", "activations"),
        widths="the first layer maps latent_dim to style_dim, all others style_dim to style_dim",
    ),
    table.same_numbers(points=1),
    table.counted(
        "without a number of layers it has 8",
        "`layers` is 8 by default, and each layer has a bias",
        points=0.25,
    ),
    same(
        "asked of linear",
        "every layer is made by `linear(inputs, outputs)`",
        "write `linear(...)` where `nn.Linear(...)` stands: so its caller decides how fast the layers learn",
        points=0.25,
        rtol=0,
    ),
    *in_use.properties(),
)

MISTAKES = {
    "z is not normalised: divide each row by the root of its mean square": _but(first=lambda z: z),
    "z is brought to length 1: the mean square should be 1, so divide by sqrt(mean(z²)), not by the norm": (
        _but(first=lambda z: z / z.norm(dim=1, keepdim=True))
    ),
    "z is normalised over the batch: each row by itself, `dim=1`": _but(
        first=lambda z: z * z.square().mean(0, keepdim=True).rsqrt()
    ),
    "one number normalises the whole batch: each row has its own, `dim=1, keepdim=True`": _but(
        first=lambda z: z * z.square().mean().rsqrt()
    ),
    "the root is missing: divide by sqrt(mean(z²))": _but(
        first=lambda z: z / z.square().mean(1, keepdim=True)
    ),
    "multiplied by the root: divide by it": _but(first=lambda z: z * z.square().mean(1, keepdim=True).sqrt()),
    "the mean of z is taken away first: only its length is changed": _but(
        first=lambda z: nn.functional.layer_norm(z, z.shape[1:])
    ),
    "divided by the standard deviation: divide by the root of the mean square": _but(
        first=lambda z: z / z.std(1, keepdim=True)
    ),
    "divided by the mean of |z|: divide by the root of the mean square": _but(
        first=lambda z: z / z.abs().mean(1, keepdim=True)
    ),
    "w is normalised instead of z: it belongs before the layers": _but(first=lambda z: z, last=_sphere),
    "w is normalised as well as z: only z is": _but(last=_sphere),
}
