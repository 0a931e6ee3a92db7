"""Exercises on given layers: drawing their first weights, and predicting their sizes and parameters."""

from typing import Any

import numpy as np
import torch
from torch import nn


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


def probe_weights(initialize_weights, net: nn.Module) -> dict[str, Any]:
    before = [id(p) for p in net.parameters()]
    net.apply(initialize_weights)
    layers = dict(net.named_modules())
    return {
        "convolution": layers["0.layers.0"].weight.flatten(),
        "convolution with a bias": layers["1"].weight.flatten(),
        "transposed convolution": layers["2.layers.0"].weight.flatten(),
        "batch norm": layers["2.layers.1"].weight.flatten(),
        "biases of convolutions": torch.cat([layers["1"].bias, layers["2.layers.0"].bias]),
        "bias of batch norm": layers["2.layers.1"].bias,
        "linear": torch.cat([layers["4"].weight.flatten(), layers["4"].bias]),
        "parameters before": before,
        "parameters after": [id(p) for p in net.parameters()],
        "trainable": [p.requires_grad for p in net.parameters()],
    }


def some_convolutions(seed: int) -> tuple[list[nn.Module], int]:
    """Convolutions that fit on each other, no two alike, and the size of what enters the first."""
    draw = np.random.default_rng(seed).integers
    widths = [3, 5 + int(draw(0, 3)), 9, 14 + int(draw(0, 3)), 6, 11, 2]
    settings = [(4, 2, 1, False), (3, 2, 0, True), (5, 3, 2, True)]
    up = [(4, 1, 0, False), (3, 2, 1, True), (5, 3, 1, False)]
    layers: list[nn.Module] = []
    for number, (wide, out) in enumerate(zip(widths, widths[1:], strict=False)):
        kernel, stride, padding, bias = (settings + up)[number]
        kind = nn.Conv2d if number < 3 else nn.ConvTranspose2d
        layers.append(kind(wide, out, kernel, stride, padding, bias=bias))
    return layers, 64 + 4 * int(draw(0, 4))  # sizes at which the second layer's division rounds down


def probe_ladder(predict_ladder, inputs: tuple[list[nn.Module], int]) -> dict[str, Any]:
    layers, size = inputs
    for layer in layers:
        layer.register_forward_pre_hook(_no_running)
    rows = predict_ladder(list(layers), size)
    kind = type(rows).__name__
    table = np.zeros((0, 3))
    if isinstance(rows, list | tuple) and len(rows) <= 100 and all(_is_row(r) for r in rows):
        table = np.array([[float(v) for v in row] for row in rows]).reshape(len(rows), -1)
    return {"kind": kind, "rows": table}


def _no_running(_layer, _inputs):
    raise RuntimeError("predict_ladder ran a layer")


def _is_row(row: Any) -> bool:
    return isinstance(row, tuple | list) and len(row) == 3 and all(isinstance(v, int | float) for v in row)
