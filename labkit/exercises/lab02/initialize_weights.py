"""Exercise 2.1: first weights, given layer by layer."""

import numpy as np
import torch
from torch import nn

from labkit import networks
from labkit.exercises.exercise import Exercise
from labkit.exercises.properties import Case, holds, identical, rule, same
from labkit.exercises.reading import all_are, numbers


class ConvBlock(nn.Module):
    """A block with "Conv" in its name and no weight of its own: a trap for those who compare names."""

    def __init__(self, *layers: nn.Module):
        super().__init__()
        self.layers = nn.Sequential(*layers)


def some_layers(seed: int) -> nn.Module:
    """A network to initialise; its biases and its linear layer hold recognisable numbers."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    net = nn.Sequential(
        ConvBlock(nn.Conv2d(20, 48, 4, bias=False), nn.LeakyReLU(0.2)),
        nn.Conv2d(24, 40, 4),
        ConvBlock(nn.ConvTranspose2d(24, 40, 4), nn.BatchNorm2d(6000)),
        nn.ConvTranspose2d(40, 24, 4, bias=False),
        nn.Linear(9, 7),
    )
    with torch.no_grad():
        for name, p in net.named_parameters():
            if name.endswith("bias"):
                p.fill_(0.3)
        net[2].layers[1].weight.fill_(0.7)
        net[-1].weight.copy_(0.5 + 0.4 * torch.rand(7, 9, generator=generator))
    return net


def probe(initialize_weights, net):
    before = [id(p) for p in net.parameters()]
    net.apply(initialize_weights)
    return {
        **_values(net),
        "parameters before": before,
        "parameters after": [id(p) for p in net.parameters()],
        "trainable": [p.requires_grad for p in net.parameters()],
    }


def _values(net):
    layers = dict(net.named_modules())
    return {
        "convolution": layers["0.layers.0"].weight.flatten(),
        "convolution with a bias": layers["1"].weight.flatten(),
        "transposed convolution": layers["2.layers.0"].weight.flatten(),
        "batch norm": layers["2.layers.1"].weight.flatten(),
        "biases of convolutions": torch.cat([layers["1"].bias, layers["2.layers.0"].bias]),
        "bias of batch norm": layers["2.layers.1"].bias,
        "linear": torch.cat([layers["4"].weight.flatten(), layers["4"].bias]),
    }


EXERCISE = Exercise(
    "2.1",
    "First weights",
    2,
    "net.apply(initialize_weights)",
    some_layers,
    probe,
    name="initialize_weights",
    causes={
        r"ConvBlock": "a block may have `Conv` in its name and no weight: tell layers by `isinstance`",
        r"NoneType": "a layer made with `bias=False` has `None` for its bias: ask before you set it",
        r"cannot assign .* as parameter": "change the weight in place: `nn.init.normal_` does",
        r"leaf Variable": "an in-place change needs `nn.init` or `torch.no_grad()`",
        r"LeakyReLU|has no attribute 'weight'": "most modules have no weight: tell layers by `isinstance`",
    },
    unjudged=("convolution with a bias",),
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------

expected = networks.init_dcgan  # draws other numbers than an answer does: only mean and spread are compared


def _new_weights(case: Case):
    was = _values(case.given)
    untouched = [name for name in _MEANS if identical(case.got[name], was[name])]
    yield holds(
        "convolutions, transposed convolutions and batch norms get new weights",
        not untouched,
        got=f"{', '.join(untouched)}: as before",
        expected="new weights in all three",
        cause="is each of the three kinds of layer in an `isinstance`, and is its weight changed in place?",
    )


def _mean_and_spread(case: Case):
    """Within four standard errors, layer by layer."""
    for name, mean in _MEANS.items():
        weights = numbers(case.got[name])
        m, s = float(weights.mean()), float(weights.std())
        causes = {
            "batch norm scales lie around 1, convolution weights around 0: they are mixed up": (
                abs(m - mean) > 0.5
            ),
            "the standard deviation is 1, that of `torch.randn`: 0.02 is asked for": abs(s - 1) < 0.1,
            "0.02 is the standard deviation here, not the variance: no square root": abs(s - 0.141) < 0.01,
            "0.02 is the standard deviation here: do not square it": abs(s - 0.0004) < 1e-4,
            "uniform between -0.02 and 0.02: draw from a normal distribution": abs(s - 0.01155) < 0.001,
            "all weights are equal: they must be drawn at random": s < 1e-6,
            "`nn.init.normal_(tensor, mean, std)` draws such weights": True,
        }
        yield holds(
            f"the weights of a {name} are N({mean:g}, 0.02)",
            len(weights) == case.expected[name].size and abs(m - mean) < 0.0015 and abs(s - 0.02) < 0.001,
            got=f"mean {m:.3f}, standard deviation {s:.4f}",
            expected=f"mean {mean:g}, standard deviation 0.02",
            cause=next(words for words, fits in causes.items() if fits),
        )


def _bell(case: Case):
    beyond = [np.mean(np.abs(numbers(case.got[name]) - mean) > 0.04) for name, mean in _MEANS.items()]
    yield holds(
        "the weights follow a bell curve",
        all(0.033 < share < 0.059 for share in beyond),
        got="too few or too many weights beyond two standard deviations",
        expected="about 4.6 % of them, as N(mean, 0.02) has",
        cause="a uniform distribution has no tails: draw from a normal one",
    )


def _own_numbers(case: Case):
    one, other = (numbers(case.got[name])[:99] for name in ("convolution", "convolution with a bias"))
    yield holds(
        "each layer draws its own numbers",
        not np.array_equal(one, other),
        got="two layers begin with the same numbers",
        expected="different ones",
        cause="a seed is set inside the function, so that every layer starts the same sequence",
    )


def _trainable(case: Case):
    before, after = case.got["parameters before"], case.got["parameters after"]
    count = len(list(case.given.parameters()))
    yield holds(
        "the parameters can still be trained",
        np.unique(before).size == count
        and identical(after, before)
        and all_are(case.got["trainable"], True, count),
        got="parameters replaced, or their gradients switched off",
        expected="the same parameters with new numbers",
        cause="change a weight in place (`nn.init.normal_(module.weight, …)`): do not put a new one there",
    )


_MEANS = {"convolution": 0.0, "transposed convolution": 0.0, "batch norm": 1.0}
_ZERO = "`nn.init.zeros_` sets a bias; a layer made with `bias=False` has `None` there"
PROPERTIES = (
    rule(_new_weights, *_MEANS),
    rule(_mean_and_spread, *_MEANS, points=1),
    rule(_bell, *_MEANS),
    rule(_own_numbers),
    same("biases of convolutions", "biases of convolutions are 0", _ZERO, points=0.5),
    same("bias of batch norm", "bias of batch norm is 0", _ZERO, alone=True),
    same(
        "linear",
        "other layers stay as they were",
        "only the three kinds are meant: a linear layer keeps its weights and its bias",
        points=0.5,
    ),
    rule(_trainable, "parameters before", "parameters after", "trainable"),
)


def _weights_only(module):
    """The biases are the inputs' again."""
    expected(module)
    for layer in module.modules():
        if getattr(layer, "bias", None) is not None:
            nn.init.constant_(layer.bias, 0.3)


MISTAKES = {"it is as it was: set it to 0 where a layer has one": _weights_only}
