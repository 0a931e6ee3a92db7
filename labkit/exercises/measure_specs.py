"""Lab 04, exercise 4.3: what D thinks, how often it is right, and how strong a gradient each network gets."""

import math

import torch
from torch import nn

MEASURED = ("prob/real", "prob/fake", "accuracy/d", "grad_norm/d", "grad_norm/g")


def after_backward(seed: int) -> dict[str, object]:
    """Two small networks with gradients in them (one weight has none), and D's logits, (10,) each."""
    generator = torch.Generator().manual_seed(seed)
    networks = {}
    for name, scale in (("G", 0.3), ("D", 2.0)):
        network = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
        for parameter in network.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator)
            parameter.grad = scale * torch.randn(parameter.shape, generator=generator)
        network[1].bias.grad = None  # as of a layer that the loss did not reach
        networks[name] = network
    real = torch.tensor([2.0, 0.3, -1.0, 3.0, 0.2, 1.4, -0.4, 5.0, 0.25, 0.9])
    fake = torch.tensor([-3.0, 0.85, -0.2, 1.5, -2.0, -2.5, 0.1, -4.0, -1.0, -0.9])
    noise = 0.05 * torch.rand(2, 10, generator=generator)
    return networks | {"real_logits": real + noise[0], "fake_logits": fake + noise[1]}


def probe_measure(measure, given):
    result = measure(given["G"], given["D"], given["real_logits"].clone(), given["fake_logits"].clone())
    if not isinstance(result, dict):
        return {"the result": None} if result is None else {"kind": type(result).__name__, **_nothing()}
    numbers = [float(result.get(tag, math.nan)) for tag in MEASURED]
    return {"kind": "dict", "tags": "; ".join(sorted(map(str, result))), "values": numbers}


def _nothing() -> dict[str, object]:
    return {"tags": "", "values": [math.nan] * len(MEASURED)}
