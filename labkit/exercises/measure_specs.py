"""Lab 04, exercise 4.3: what D thinks, how often it is right, and how strong a gradient each network gets."""

import math

import numpy as np
import torch
from torch import nn

from labkit.exercises.spec import close, holds

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


def judge_measure(given, got):
    yield holds(
        "it returns a dictionary",
        str(got["kind"]) == "dict",
        got=str(got["kind"]),
        expected="a dictionary from tag to number",
    )
    wanted = "; ".join(sorted(MEASURED))
    yield holds(
        "its tags are the five of the text", str(got["tags"]) == wanted, got=got["tags"], expected=wanted
    )
    values = dict(zip(MEASURED, np.asarray(got["values"], dtype=np.float64), strict=True))
    real, fake = (given[name].double().numpy() for name in ("real_logits", "fake_logits"))
    yield from _judge_opinions(values, real, fake)
    gradients = {
        name: [p.grad.double().numpy().ravel() for p in given[name].parameters() if p.grad is not None]
        for name in ("G", "D")
    }
    for name, tag, other in (("D", "grad_norm/d", "G"), ("G", "grad_norm/g", "D")):
        own = gradients[name]
        flat = np.concatenate(own)
        norms = [np.linalg.norm(part) for part in own]
        weights = np.concatenate([p.detach().double().numpy().ravel() for p in given[name].parameters()])
        yield close(
            f"`{tag}` is the length of all of {name}'s gradients together",
            values[tag],
            np.linalg.norm(flat),
            mistakes={
                f"that is the other network's: this one belongs to {name}": np.linalg.norm(
                    np.concatenate(gradients[other])
                ),
                "the norms of the layers were added: it is their squares that add up": sum(norms),
                "the norms of the layers were averaged: their squares are added": np.mean(norms),
                "the largest layer only": max(norms),
                "the last layer only: collect the sum over all parameters": norms[-1],
                "the first layer only": norms[0],
                "the root is missing: that is the square of the norm": (flat**2).sum(),
                "that is the sum of absolute values, another norm": np.abs(flat).sum(),
                "that is the norm of the weights: take their `.grad`": np.linalg.norm(weights),
                "that is the root of the mean square: add up, do not average": np.sqrt((flat**2).mean()),
            },
            cause="the square root of the sum, over all parameters, of the squares of `.grad`",
        )


def _judge_opinions(values, real, fake):
    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    for tag, own, other in (("prob/real", real, fake), ("prob/fake", fake, real)):
        yield close(
            f"`{tag}` is the mean of D's probabilities",
            values[tag],
            sigmoid(own).mean(),
            mistakes={
                "that is the mean logit: take the sigmoid of each first": own.mean(),
                "the sigmoid of the mean is not the mean of the sigmoids": sigmoid(own.mean()),
                "real and fake are swapped": sigmoid(other).mean(),
                "that is 1 minus it: D(G(z)) is how real D finds a fake": 1 - sigmoid(own).mean(),
                "that is the median": np.median(sigmoid(own)),
            },
            cause="sigmoid first, then the mean over the batch",
        )
    right_real, right_fake = (real > 0).mean(), (fake < 0).mean()
    yield close(
        "`accuracy/d` is the share of all images that D sorts right",
        values["accuracy/d"],
        (right_real + right_fake) / 2,
        mistakes={
            "only the real images are counted": right_real,
            "only the fakes are counted": right_fake,
            "for a fake, right means a probability below one half": (right_real + 1 - right_fake) / 2,
            "a logit above 0 means a probability above one half; 0.5 is a bound for probabilities": (
                (real > 0.5).mean() + (fake < 0.5).mean()
            )
            / 2,
            "two shares were added: take their mean": right_real + right_fake,
            "that is a count: divide by the number of images": (real > 0).sum() + (fake < 0).sum(),
            "that is the share of wrong ones": 1 - (right_real + right_fake) / 2,
        },
        cause="real images above one half and fakes below it, over the number of both",
    )
