"""Exercise 4.3: what D thinks, how often it is right, and how strong a gradient each network gets."""

import copy
import itertools
import math

import torch
from torch import nn

from labkit.exercises.exercise import Exercise
from labkit.exercises.probing import elsewhere, flat, traces, tried, with_gradients
from labkit.exercises.properties import fits_any_device, left_alone, same, unchanged

MEASURED = ("prob/real", "prob/fake", "accuracy/d", "grad_norm/d", "grad_norm/g")


def after_backward(seed: int) -> dict[str, object]:
    """Two small networks with gradients in them, and D's logits, (B,) each; "one …" has a batch of one.

    In each network two parameters have no gradient: one between others that have one, and the last. The
    largest gradient is neither the first nor the last.
    """
    generator = torch.Generator().manual_seed(seed)
    networks = {}
    for name, scale in (("G", 0.3), ("D", 2.0)):
        width = 3 + _drawn(generator, 3)
        network = nn.Sequential(nn.Linear(3, width), nn.Linear(width, 2), nn.Linear(2, 2))
        for parameter in network.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator)
            parameter.grad = scale * torch.randn(parameter.shape, generator=generator)
        network[0].bias.grad *= 5
        missing = network[1].weight if _drawn(generator, 2) else network[1].bias
        missing.grad = network[2].bias.grad = None  # as of layers that the loss did not reach
        networks[name] = network
    # More than half of the pairs are the right way round, whatever the size of the batch.
    real = torch.tensor([2.0, 0.2, 1.4, 3.0, 0.3, -1.0, -0.4, 5.0, 0.25, 0.9])
    fake = torch.tensor([-3.0, -2.0, -2.5, 3.5, 0.85, -0.2, 0.1, -4.0, -1.0, -0.9])
    batch = 10 + _drawn(generator, 5)
    noise = 0.05 * torch.rand(2, batch, generator=generator)
    order = torch.arange(batch) % 10
    return networks | {
        "real_logits": real[order] + noise[0],
        "fake_logits": fake[order] + noise[1],
        "one real logit": torch.randn(1, generator=generator) + 1,
        "one fake logit": torch.randn(1, generator=generator) - 1,
    }


def _drawn(generator: torch.Generator, below: int) -> int:
    return int(torch.randint(below, (), generator=generator))


def probe(measure, given):
    networks = given["G"], given["D"]
    logits = given["real_logits"].clone(), given["fake_logits"].clone()
    found = measure(*networks, *logits)
    if found is None:
        return {"the result": None}
    kind, numbers = ("dict", found) if isinstance(found, dict) else (type(found).__name__, {})
    one = given["one real logit"], given["one fake logit"]
    meta = [copy.deepcopy(network).to("meta") for network in networks]
    for network in meta:
        with_gradients(network)
    return {
        "kind": kind,
        "tags": "; ".join(sorted(map(str, numbers))),
        **{tag: float(numbers.get(tag, math.nan)) for tag in MEASURED},
        "the networks afterwards": traces(*networks),
        "the logits afterwards": flat(logits),
        "of one image": tried(lambda: _numbers(measure(*networks, *(x.clone() for x in one)))),
        "elsewhere": elsewhere(lambda: measure(*meta, *(x.to("meta") for x in one))),
    }


def _numbers(found) -> list[float]:
    return [float(found[tag]) for tag in MEASURED] if isinstance(found, dict) else []


EXERCISE = Exercise(
    "4.3",
    "Five measurements",
    3,
    "measure(G, D, real_logits, fake_logits)",
    after_backward,
    probe,
    causes={
        r"NoneType|expected Tensor as element|must be Tensor, not None": (
            "a parameter that the loss did not reach has `.grad` None: leave it out"
        ),
        r"'(generator|method)' object|has no len\(\)": (
            "`network.parameters()` is a method, and what it returns can only be looped over"
        ),
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def _gradients(network: nn.Module) -> list[torch.Tensor]:
    return [gradient for _, gradient in _named(network)]


def _named(network: nn.Module) -> list[tuple[nn.Parameter, torch.Tensor]]:
    return [(p, p.grad.double().flatten()) for p in network.parameters() if p.grad is not None]


def _until_none(network: nn.Module) -> torch.Tensor:
    there = itertools.takewhile(lambda p: p.grad is not None, network.parameters())
    return torch.cat([p.grad.double().flatten() for p in there])


def _measuring(
    opinion=lambda logits: logits.sigmoid().mean(),
    accuracy=lambda real, fake, batch: (real + fake) / 2,
    norm=lambda network: torch.cat(_gradients(network)).norm(),
    bound=0.0,
):
    """An answer that makes these of D's logits, of both shares of images that are right, and of networks."""

    def answer(G, D, real_logits, fake_logits):
        real, fake = real_logits.double(), fake_logits.double()
        shares = (real > bound).double().mean(), (fake < bound).double().mean()
        measured = opinion(real), opinion(fake), accuracy(*shares, len(real)), norm(D), norm(G)
        return dict(zip(MEASURED, measured, strict=True))

    return answer


def _of_all(made_of):
    return _measuring(norm=lambda network: made_of(torch.cat(_gradients(network))))


def _of_norms(made_of):
    return _measuring(norm=lambda network: made_of(torch.stack([g.norm() for g in _gradients(network)])))


def _of_each(square):
    return _measuring(norm=lambda network: sum(square(g) for g in _gradients(network)).sqrt())


def _of_shares(made_of):
    return _measuring(accuracy=made_of)


expected = _measuring()


def _opinion(tag: str):
    what = f"`{tag}` is the mean of D's probabilities"
    return same(tag, what, "sigmoid first, then the mean over the batch", points=0.5, alone=True)


def _length(tag: str, name: str):
    what = f"`{tag}` is the length of all of {name}'s gradients together"
    otherwise = "the square root of the sum, over all parameters, of the squares of `.grad`"
    return same(tag, what, otherwise, points=0.5, alone=True)


PROPERTIES = (
    same("kind", "it returns a dictionary", expected="a dictionary from tag to number"),
    same("tags", "its tags are the five of the text", "letter for letter, with the slash"),
    _opinion("prob/real"),
    _opinion("prob/fake"),
    same(
        "accuracy/d",
        "`accuracy/d` is the share of all images that D sorts right",
        "real images above one half and fakes below it, over the number of both",
        points=1,
        alone=True,
    ),
    _length("grad_norm/d", "D"),
    _length("grad_norm/g", "G"),
    left_alone(
        "the networks afterwards",
        ("G", "D"),
        "both networks are as before: gradients, weights and modes",
        "a measurement only reads: `zero_grad`, `.eval()` and `clip_grad_norm_` with a bound change them",
    ),
    unchanged("the logits afterwards", "the logits keep their values", "`sigmoid_()` changes them in place"),
    same(
        "of one image",
        "it measures a batch of one as well",
        "`squeeze()` drops a batch of one; take means over the batch, whatever its size",
    ),
    fits_any_device("elsewhere"),
)

MISTAKES = {
    "that is the mean logit: take the sigmoid of each first": _measuring(torch.mean),
    "the sigmoid of the mean is not the mean of the sigmoids": _measuring(lambda x: x.mean().sigmoid()),
    "that is 1 minus it: D(G(z)) is how real D finds a fake": _measuring(lambda x: 1 - x.sigmoid().mean()),
    "softmax makes the numbers of a batch add up to 1: take the sigmoid of each logit": _measuring(
        lambda x: x.softmax(0).mean()
    ),
    "those are added up: the mean is asked for": _measuring(lambda x: x.sigmoid().sum()),
    "that is the median": _measuring(lambda x: x.sigmoid().quantile(0.5)),
    "only the real images are counted": _of_shares(lambda real, fake, batch: real),
    "only the fakes are counted": _of_shares(lambda real, fake, batch: fake),
    "for a fake, right means a probability below one half": _of_shares(
        lambda real, fake, batch: (real + 1 - fake) / 2
    ),
    "a logit above 0 means a probability above one half; 0.5 is a bound for probabilities": _measuring(
        bound=0.5
    ),
    "real images all count as right and fakes as wrong: is a probability compared with 0? The bound for it "
    "is one half": _of_shares(lambda real, fake, batch: real * 0 + 0.5),
    "two shares were added: take their mean": _of_shares(lambda real, fake, batch: real + fake),
    "that is a count: divide by the number of images": _of_shares(
        lambda real, fake, batch: batch * (real + fake)
    ),
    "real images and fakes are judged in pairs: each image counts by itself, against one half": (
        lambda G, D, real, fake: (
            expected(G, D, real, fake) | {"accuracy/d": (real > fake).double().mean().item()}
        )
    ),
    "a share lies between 0 and 1: that is per cent": _of_shares(
        lambda real, fake, batch: 50 * (real + fake)
    ),
    "that is the share of wrong ones": _of_shares(lambda real, fake, batch: 1 - (real + fake) / 2),
    # After the share of wrong ones: swapped logits give the same accuracy.
    "real and fake are swapped": lambda G, D, real, fake: expected(G, D, fake, real),
    "that is the other network's: this one belongs to D": lambda G, D, *logits: expected(G, G, *logits),
    "that is the other network's: this one belongs to G": lambda G, D, *logits: expected(D, D, *logits),
    "the norms of the layers were added: it is their squares that add up": _of_norms(torch.sum),
    "the norms of the layers were averaged: their squares are added": _of_norms(torch.mean),
    "the largest layer only": _of_norms(torch.max),
    "the last layer only: collect the sum over all parameters": _of_norms(lambda norms: norms[-1]),
    "the first parameter only": _of_norms(lambda norms: norms[0]),
    "it stops at the first parameter without a gradient: pass over it, and go on": _measuring(
        norm=lambda network: _until_none(network).norm()
    ),
    "the biases are left out: all parameters count": _measuring(
        norm=lambda network: torch.cat([g for p, g in _named(network) if p.ndim > 1]).norm()
    ),
    "the squares are averaged within each parameter: add them up": _of_each(lambda g: g.square().mean()),
    "that is the largest entry, another norm": _of_all(lambda x: x.abs().max()),
    "the root is missing: that is the square of the norm": _of_all(lambda x: x.square().sum()),
    "that is the sum of absolute values, another norm": _of_all(lambda x: x.abs().sum()),
    "that is the norm of the weights: take their `.grad`": _measuring(
        norm=lambda network: torch.cat([p.detach().double().flatten() for p in network.parameters()]).norm()
    ),
    "that is the root of the mean square: add up, do not average": _of_all(
        lambda x: x.square().mean().sqrt()
    ),
}
