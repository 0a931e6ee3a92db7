"""Exercise 2.1: first weights, given layer by layer."""

import copy

import numpy as np
import torch
from torch import nn

from labkit import networks
from labkit.exercises.exercise import Exercise
from labkit.exercises.probing import elsewhere
from labkit.exercises.properties import Case, fits_any_device, holds, identical, rule, same, unchanged
from labkit.exercises.reading import all_are, numbers, whole


class ConvBlock(nn.Module):
    """A block with "Conv" in its name and no weight of its own: a trap for those who compare names."""

    def __init__(self, *layers: nn.Module):
        super().__init__()
        self.layers = nn.Sequential(*layers)


class ConvGain(nn.Module):
    """Neither a convolution nor a batch norm, and with a weight: a trap for those who ask for one."""

    def __init__(self):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(1, 6)), nn.Parameter(torch.ones(6))


def others() -> dict[str, nn.Module]:
    """Modules that are none of the three kinds, though some are called or made like them."""
    return {
        "Linear": nn.Linear(9, 7),
        "Conv1d": nn.Conv1d(3, 5, 3),
        "ConvTranspose3d": nn.ConvTranspose3d(2, 3, 2),
        "BatchNorm1d": nn.BatchNorm1d(9),
        "GroupNorm": nn.GroupNorm(2, 8),
        "LayerNorm": nn.LayerNorm(7),
        "Embedding": nn.Embedding(4, 3),
        "ConvGain, a module with a weight": ConvGain(),
    }


def some_layers(seed: int) -> nn.Module:
    """A network to initialise; its biases and its other modules hold recognisable numbers."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    net = nn.Sequential(
        ConvBlock(nn.Conv2d(20, 48, 4, bias=False), nn.LeakyReLU(0.2)),
        nn.Conv2d(24, 40, 4),
        ConvBlock(nn.ConvTranspose2d(24, 40, 4), nn.BatchNorm2d(6000)),
        nn.ConvTranspose2d(40, 24, 4, bias=False),
        *others().values(),
    )
    with torch.no_grad():
        for name, p in net.named_parameters():
            if name.endswith("bias"):
                p.fill_(0.3)
        net[2].layers[1].weight.fill_(0.7)
        for module in net[4:]:
            module.weight.copy_(0.5 + 0.4 * torch.rand(module.weight.shape, generator=generator))
    return net


_SEED = 20_031  # of torch's own generator before the call: an answer that sets another one shows it


def probe(initialize_weights, net):
    before, twin = [id(p) for p in net.parameters()], copy.deepcopy(net)
    torch.manual_seed(_SEED)
    net.apply(initialize_weights)
    values = {
        **_values(net),
        "the seed afterwards": torch.initial_seed(),
        "parameters before": before,
        "parameters after": [id(p) for p in net.parameters()],
        "trainable": [p.requires_grad for p in net.parameters()],
        "modes": [m.training for m in net.modules()],
    }
    return values | {"elsewhere": elsewhere(lambda: twin.to("meta").apply(initialize_weights))}


def _values(net):
    layers = dict(net.named_modules())
    return {
        "convolution": layers["0.layers.0"].weight.flatten(),
        "convolution with a bias": layers["1"].weight.flatten(),
        "transposed convolution": layers["2.layers.0"].weight.flatten(),
        "batch norm": layers["2.layers.1"].weight.flatten(),
        "biases of convolutions": torch.cat([layers["1"].bias, layers["2.layers.0"].bias]),
        "bias of batch norm": layers["2.layers.1"].bias,
        **{
            name: torch.cat([p.flatten() for p in layers[str(number)].parameters()])
            for number, name in enumerate(others(), 4)
        },
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
        r"LeakyReLU|has no attribute '(weight|bias)'": (
            "not every module has a weight and a bias: tell layers by `isinstance`"
        ),
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
            "the standard deviation is 1, as `torch.randn` has it: 0.02 is asked for": abs(s - 1) < 0.1,
            "0.02 is the standard deviation here, not the variance: no square root": abs(s - 0.141) < 0.01,
            "0.02 is the standard deviation here: do not square it": abs(s - 0.0004) < 1e-4,
            "uniform between -0.02 and 0.02: draw from a normal distribution": abs(s - 0.01155) < 0.001,
            "mean and standard deviation have changed places: `normal_(tensor, mean, std)`": (
                abs(m - 0.02) < 1e-4 and s < 1e-6
            ),
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
        cause="draw from a normal distribution: a uniform or a truncated one lacks its tails",
    )


def _own_numbers(case: Case):
    one, other = (numbers(case.got[name])[:99] for name in ("convolution", "convolution with a bias"))
    seeded = whole(case.got["the seed afterwards"]) != _SEED
    yield holds(
        "each layer draws its own numbers, and no seed is set",
        not np.array_equal(one, other) and not seeded,
        got="torch's seed has changed" if seeded else "two layers begin with the same numbers",
        expected="numbers from torch's generator as it is",
        cause="a seed is set inside the function, so that the same numbers come again and again",
    )


def _others(case: Case):
    was = _values(case.given)
    changed = [name for name in others() if not identical(case.got[name], was[name])]
    yield holds(
        "all other modules stay as they were",
        not changed,
        got=f"changed: {', '.join(changed)}",
        expected="no change in any of them",
        cause="ask `isinstance` for `nn.Conv2d`, `nn.ConvTranspose2d` and `nn.BatchNorm2d`: a part of a "
        "name, a base class or the presence of a weight takes in others too",
    )


def _trainable(case: Case):
    before, after = case.got["parameters before"], case.got["parameters after"]
    count = len(list(case.given.parameters()))
    yield holds(
        "the parameters are the same ones, with new numbers",
        np.unique(before).size == count and identical(after, before),
        got="other parameters",
        expected="the same parameters",
        cause="change a weight in place (`nn.init.normal_(module.weight, …)`): do not put a new one there",
    )
    yield holds(
        "the parameters can still be trained",
        all_are(case.got["trainable"], True, count),
        got="gradients switched off",
        expected="`requires_grad` as before",
        cause="leave `requires_grad` as it is: a frozen weight does not learn",
    )


_MEANS = {"convolution": 0.0, "transposed convolution": 0.0, "batch norm": 1.0}
_ZERO = "`nn.init.zeros_` sets a bias; a layer made with `bias=False` has `None` there"
PROPERTIES = (
    rule(_new_weights, *_MEANS),
    rule(_mean_and_spread, *_MEANS, points=1),
    rule(_bell, *_MEANS),
    rule(_own_numbers, "the seed afterwards"),
    same("biases of convolutions", "biases of convolutions are 0", _ZERO, points=0.5),
    same("bias of batch norm", "bias of batch norm is 0", _ZERO, alone=True),
    rule(_others, *others(), compared=True, points=0.5),
    rule(_trainable, "parameters before", "parameters after", "trainable"),
    unchanged("modes", "training mode is left as it was", "`eval()` and `train()` do not belong here"),
    fits_any_device("elsewhere"),
)


def _weights_only(module):
    """The biases are the inputs' again."""
    expected(module)
    for layer in module.modules():
        if getattr(layer, "bias", None) is not None:
            nn.init.constant_(layer.bias, 0.3)


MISTAKES = {"it is as it was: set it to 0 where a layer has one": _weights_only}
