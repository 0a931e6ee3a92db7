"""Judges of exercises 2.1 and 2.4: first weights by mean and spread, sizes by torch's own layers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from labkit.exercises.judges.comparing import close, holds, same, same_shape
from labkit.exercises.reading import all_are, numbers, word


def judge_weights(net: nn.Module, got) -> Any:
    fresh = {
        "convolution": net[0].layers[0],
        "transposed convolution": net[2].layers[0],
        "batch norm": net[2].layers[1],
    }
    drawn = {"convolution": 0.0, "transposed convolution": 0.0, "batch norm": 1.0}
    sizes = {n: m.weight.numel() for n, m in fresh.items()}
    untouched = [n for n, m in fresh.items() if np.array_equal(got[n], m.weight.detach().numpy().reshape(-1))]
    got = dict(got) | {name: numbers(got[name]) for name in (*fresh, "convolution with a bias")}
    yield holds(
        "convolutions, transposed convolutions and batch norms get new weights",
        not untouched,
        got=f"{', '.join(untouched)}: as before",
        expected="new weights in all three",
        cause="is each of the three kinds of layer in an `isinstance`, and is its weight changed in place?",
    )
    for name, mean in drawn.items():
        yield _spread(name, got[name], mean, sizes[name])
    yield holds(
        "the weights follow a bell curve",
        all(_bell(got[n], mean) for n, mean in drawn.items()),
        got="too few or too many weights beyond two standard deviations",
        expected="about 4.6 % of them, as N(mean, 0.02) has",
        cause="a uniform distribution has no tails: draw from a normal one",
    )
    yield holds(
        "each layer draws its own numbers",
        not np.array_equal(got["convolution"][:99], got["convolution with a bias"][:99]),
        got="two layers begin with the same numbers",
        expected="different ones",
        cause="a seed is set inside the function, so that every layer starts the same sequence",
    )
    biases = {
        "biases of convolutions": net[1].bias.numel() + net[2].layers[0].bias.numel(),
        "bias of batch norm": net[2].layers[1].bias.numel(),
    }
    for name, size in biases.items():
        yield close(
            f"{name} are 0" if name.startswith("biases") else f"{name} is 0",
            got[name],
            np.zeros(size),
            mistakes={"it is as it was: set it to 0 where a layer has one": np.full(size, 0.3)},
            cause="`nn.init.zeros_` sets a bias; a layer made with `bias=False` has `None` there",
        )
    linear = torch.cat([net[-1].weight.flatten(), net[-1].bias]).detach().numpy()
    yield close(
        "other layers stay as they were",
        got["linear"],
        linear,
        cause="only the three kinds are meant: a linear layer keeps its weights and its bias",
    )
    count = len(list(net.parameters()))
    yield holds(
        "the parameters can still be trained",
        np.unique(got["parameters before"]).size == count
        and same(got["parameters after"], got["parameters before"])
        and all_are(got["trainable"], True, count),
        got="parameters replaced, or their gradients switched off",
        expected="the same parameters with new numbers",
        cause="change a weight in place (`nn.init.normal_(module.weight, …)`): do not put a new one there",
    )


def _spread(name: str, weights: np.ndarray, mean: float, size: int):
    """One finding: mean and standard deviation of a layer's weights, within four standard errors."""
    what = f"the weights of a {name} are N({mean:g}, 0.02)"
    m, s = float(weights.mean()), float(weights.std())
    right = len(weights) == size and abs(m - mean) < 0.0015 and abs(s - 0.02) < 0.001
    causes = (
        (
            abs(m - mean) > 0.5,
            "batch norm scales lie around 1, convolution weights around 0: they are mixed up",
        ),
        (abs(s - 1) < 0.1, "the standard deviation is 1, that of `torch.randn`: 0.02 is asked for"),
        (abs(s - 0.02**0.5) < 0.01, "0.02 is the standard deviation here, not the variance: no square root"),
        (abs(s - 0.0004) < 1e-4, "0.02 is the standard deviation here: do not square it"),
        (abs(s - 0.02 / 3**0.5) < 0.001, "uniform between -0.02 and 0.02: draw from a normal distribution"),
        (s < 1e-6, "all weights are equal: they must be drawn at random"),
    )
    cause = next((c for true, c in causes if true), "`nn.init.normal_(tensor, mean, std)` draws such weights")
    return holds(what, right, got=f"mean {m:.3f}, standard deviation {s:.4f}",
                 expected=f"mean {mean:g}, standard deviation 0.02", cause=cause)  # fmt: skip


def _bell(weights: np.ndarray, mean: float) -> bool:
    beyond = float((np.abs(weights - mean) > 0.04).mean())
    return 0.033 < beyond < 0.059


def judge_ladder(inputs: tuple[list[nn.Module], int], got) -> Any:
    layers, size = inputs
    yield holds(
        "it returns a list with three numbers per layer",
        got["rows"].ndim == 2 and len(got["rows"]) > 0,
        got=word(got["kind"]),
        expected="a list of (channels, size, parameters), all whole numbers",
        cause="collect a tuple of three numbers per layer in a list, and return the list",
    )
    yield same_shape(
        "one row per layer",
        got["rows"],
        (len(layers), 3),
        mistakes={"only one row: `return` stands inside the loop": (1, 3)},
        cause="append one row for every layer",
    )
    channels, sizes, parameters = (got["rows"][:, i] for i in range(3))
    yield close(
        "the channels that leave each layer",
        channels,
        [m.out_channels for m in layers],
        mistakes={"these are the channels that enter": [m.in_channels for m in layers]},
    )
    yield close("the sizes", sizes, _measured(layers, size), mistakes=_wrong_sizes(layers, size))
    true = [sum(p.numel() for p in m.parameters()) for m in layers]
    pixels = [m.in_channels * m.out_channels * m.kernel_size[0] for m in layers]
    weights = [m.weight.numel() for m in layers]
    bias = [0 if m.bias is None else 1 for m in layers]
    yield close(
        "the parameters",
        parameters,
        true,
        mistakes={
            "the biases are missing: one number per outgoing channel, where a layer has them": weights,
            "biases are counted in layers that have none: look at `layer.bias`": [
                w + m.out_channels for w, m in zip(weights, layers, strict=True)
            ],
            "a kernel has height and width: its side counts twice": [
                p + b * m.out_channels for p, b, m in zip(pixels, bias, layers, strict=True)
            ],
            "a bias belongs to an outgoing channel, not to an incoming one": [
                w + b * m.in_channels for w, b, m in zip(weights, bias, layers, strict=True)
            ],
            "one bias per layer is too few: one per outgoing channel": [
                w + b for w, b in zip(weights, bias, strict=True)
            ],
            "a layer's weights do not grow with the picture: leave the size out": [
                w * s * s + b * m.out_channels
                for w, s, b, m in zip(weights, _measured(layers, size), bias, layers, strict=True)
            ],
        },
        cause="every pair of an incoming and an outgoing channel has a kernel of its own",
    )


def _measured(layers: Sequence[nn.Module], size: int) -> list[int]:
    """The sizes, found by sending a tensor without contents through the layers."""
    x = torch.empty(1, layers[0].in_channels, size, size, device="meta")
    sizes = []
    for layer in layers:
        twin = type(layer)(
            layer.in_channels,
            layer.out_channels,
            layer.kernel_size,
            layer.stride,
            layer.padding,
            device="meta",
        )
        x = twin(x)
        sizes.append(x.shape[-1])
    return sizes


def _wrong_sizes(layers: Sequence[nn.Module], size: int) -> dict[str, list[float]]:
    def run(down, up, keep=False):
        s, out = size, []
        for m in layers:
            rule = up if isinstance(m, nn.ConvTranspose2d) else down
            new = rule(size if keep else s, m.kernel_size[0], m.stride[0], m.padding[0])
            s = new
            out.append(new)
        return out

    def down(s, k, t, p):
        return (s + 2 * p - k) // t + 1

    def up(s, k, t, p):
        return (s - 1) * t - 2 * p + k

    return {
        "every layer starts from the first size: let the new size enter the next layer": run(down, up, True),
        "a transposed convolution enlarges: it needs the other formula": run(down, down),
        "a convolution shrinks: it needs the other formula": run(up, up),
        "a size is whole: the division of a convolution rounds down": run(
            lambda s, k, t, p: (s + 2 * p - k) / t + 1, up
        ),
        "the division rounds down before 1 is added, and the 1 is missing here": run(
            lambda s, k, t, p: (s + 2 * p - k) // t, up
        ),
        "padding makes a transposed convolution's result smaller: subtract it twice": run(
            down, lambda s, k, t, p: (s - 1) * t + 2 * p + k
        ),
        "padding counts on both sides": run(
            lambda s, k, t, p: (s + p - k) // t + 1, lambda s, k, t, p: (s - 1) * t - p + k
        ),
        "a transposed convolution starts from size - 1 steps": run(
            down, lambda s, k, t, p: s * t - 2 * p + k
        ),
    }
