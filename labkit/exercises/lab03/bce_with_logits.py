"""Exercise 3.1: binary cross-entropy on logits, by hand."""

import math

import torch
from torch.overrides import TorchFunctionMode

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab03 import _scorer
from labkit.exercises.probing import gradients
from labkit.exercises.properties import same, says, scalar


class _Heard(TorchFunctionMode):
    """Notes which of the library's ready-made losses are called."""

    def __init__(self):
        super().__init__()
        self.names: set[str] = set()

    def __torch_function__(self, function, types, args=(), kwargs=None):
        name = getattr(function, "__name__", "")
        if "binary_cross_entropy" in name or "soft_margin" in name:
            self.names.add(name)
        return function(*args, **(kwargs or {}))


def scores(seed: int) -> dict[str, torch.Tensor]:
    """Mild logits (6,) and large ones (6,), with targets between 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    mild = torch.linspace(-2.5, 2.8, 6) + 0.3 * torch.rand(6, generator=generator)
    large = torch.tensor([-200.0, 90.0, 40.0, -1000.0, 300.0, -0.5])
    large = large * (1 + 0.1 * torch.rand(6, generator=generator))
    return {
        "mild": mild[torch.randperm(6, generator=generator)],
        "mild targets": torch.tensor([1.0, 0.0, 0.9, 1.0, 0.1, 0.0]),
        "large": large,
        "large targets": torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0, 0.9]),
    }


def probe(bce_with_logits, given):
    heard = _Heard()
    with heard:
        mild = bce_with_logits(given["mild"].clone(), given["mild targets"].clone())
        logits = given["large"].clone().requires_grad_()
        large = bce_with_logits(logits, given["large targets"].clone())
    (gradient,) = gradients(large, [logits])
    return {
        "the result": mild,
        "the result at large scores": large,
        "the gradient": gradient,
        "library": ", ".join(sorted(heard.names)),
    }


EXERCISE = Exercise(
    "3.1", "Binary cross-entropy on logits", 3, "bce_with_logits(logits, targets)", scores, probe
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(logits, targets):
    return _scorer.cross_entropy(logits.double(), targets.double())


def _from_probabilities(p, t, lowest=-math.inf, of_real=1, of_fake=1):
    """The formula of the text, with logs no lower than ``lowest``."""
    on_real, on_fake = (log.clamp(min=lowest) for log in (p.log(), (1 - p).log()))
    return -(of_real * t * on_real + of_fake * (1 - t) * on_fake).mean()


PROPERTIES = (
    says(
        "library",
        "the formula is written out",
        "",
        otherwise="the library's loss does the work: write the formula with exp, log and the like",
        got="a call of {}",
        expected="your own formula",
    ),
    scalar("the result", "the loss of each image: average over the batch with `.mean()`"),
    same(
        "the result",
        "it is the mean cross-entropy where the scores are mild",
        "for one score: -(t log p + (1 - t) log(1 - p)), where p is the sigmoid of the logit",
        points=1,
    ),
    same(
        "the result at large scores",
        "it is right where the scores are large",
        "the sigmoid rounds to exactly 0 or 1 there: rewrite the formula so that no log sees it",
        points=1,
    ),
    same(
        "the gradient",
        "its gradient is right where the scores are large",
        "a clamp has no slope outside its range, so a score that is far off teaches nothing",
        points=1,
        atol=1e-4,
    ),
)

MISTAKES = {
    "it is the sum over the batch: take the mean": lambda x, t: len(x) * expected(x, t),
    "the sign is flipped: a loss is not negative": lambda x, t: -expected(x, t),
    "only the part of the target 1: the term (1 - t) log(1 - p) is missing": lambda x, t: _from_probabilities(
        x.sigmoid(), t, of_fake=0
    ),
    "only the part of the target 0: the term t log p is missing": lambda x, t: _from_probabilities(
        x.sigmoid(), t, of_real=0
    ),
    "the targets are flipped, or the sign of the logits: t belongs to log p": lambda x, t: expected(x, 1 - t),
    "that is a logarithm to base 2: the natural one is asked for": lambda x, t: expected(x, t) / math.log(2),
    "the sigmoid is applied twice: the scores come as logits": lambda x, t: expected(x.sigmoid(), t),
    "the scores are squared differences, not a cross-entropy": lambda x, t: (x.sigmoid() - t).square().mean(),
    "a loss was cut off at 100: that is what BCELoss does after a sigmoid": lambda x, t: _from_probabilities(
        x.sigmoid(), t, lowest=-100
    ),
    "no gradient at all: is there a `.detach()`, a `.item()` or a detour through numpy?": lambda x, t: (
        expected(x, t).detach()
    ),
}
