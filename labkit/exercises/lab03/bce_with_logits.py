"""Exercise 3.1: binary cross-entropy on logits, by hand."""

import math

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab03 import _scorer
from labkit.exercises.probing import elsewhere, flat, gradients, tried
from labkit.exercises.properties import Case, fits_any_device, same, says, scalar, unchanged
from labkit.exercises.reading import numbers


class _Heard(TorchFunctionMode):
    """Notes which of the library's ready-made losses are called."""

    def __init__(self):
        super().__init__()
        self.names: set[str] = set()

    def __torch_function__(self, function, types, args=(), kwargs=None):
        name = getattr(function, "__name__", "")
        if "cross_entropy" in name or "soft_margin" in name or "nll_loss" in name:
            self.names.add(name)
        return function(*args, **(kwargs or {}))


def scores(seed: int) -> dict[str, torch.Tensor]:
    """Mild logits (B,) and large ones, up to the ±1000 of the text, with targets between 0 and 1.

    Some of the large ones are right, some are wrong, and some have a target between: no cut of the logits, of
    the probabilities or of the losses is right for all of them.
    """
    generator = torch.Generator().manual_seed(seed)
    count = int(torch.randint(5, 10, (), generator=generator))
    order = torch.randperm(count, generator=generator)
    mild = torch.linspace(-2.5, 2.8, count) + 0.3 * torch.rand(count, generator=generator)
    targets = torch.tensor([1.0, 0.0, 0.9, 0.1, 0.5]).repeat(2)[:count]
    size = torch.tensor([1000.0, 990.0, 300.0, 290.0, 120.0, 95.0, 60.0, 30.0, 25.0])
    size = size * torch.cat([torch.ones(1), 1 - 0.1 * torch.rand(8, generator=generator)])
    sign = 1 - 2 * torch.randint(0, 2, (9,), generator=generator)
    wrong = torch.tensor([1, 1, 1, 0, 1, 0, 1, 1, 0], dtype=torch.bool)
    large = size * sign
    extreme = torch.where(wrong, large < 0, large > 0).float()
    mixed = torch.randperm(9, generator=generator)
    return {
        "mild": mild[order],
        "mild targets": targets,
        "large": large[mixed],
        "large targets": (0.1 + 0.8 * extreme if count % 2 else extreme)[mixed],
    }


def probe(bce_with_logits, given):
    heard = _Heard()
    mild, targets = given["mild"].clone(), given["mild targets"].clone()
    with heard:
        result = bce_with_logits(mild, targets)
        logits = given["large"].clone().requires_grad_()
        large = bce_with_logits(logits, given["large targets"].clone())
    (gradient,) = gradients(large, [logits])
    there = (given[name].to("meta") for name in ("mild", "mild targets"))
    return {
        "the result": result,
        "the result at large scores": large,
        "the gradient": gradient,
        "library": ", ".join(sorted(heard.names)),
        "what was given": flat([mild, targets]),
        "one score": tried(
            lambda: bce_with_logits(given["mild"][:1].clone(), given["mild targets"][:1].clone())
        ),
        "elsewhere": elsewhere(lambda: bce_with_logits(*there)),
    }


EXERCISE = Exercise(
    "3.1",
    "Binary cross-entropy on logits",
    3,
    "bce_with_logits(logits, targets)",
    scores,
    probe,
    causes={
        "leaf Variable that requires grad": "the logits are changed in place: make a new tensor",
        "OverflowError": "exp of a large score overflows: take the larger of l and 0 out of the log",
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(logits, targets):
    return _scorer.cross_entropy(logits.double(), targets.double())


def _from_probabilities(p, t, lowest=-math.inf, of_real=1, of_fake=1):
    """The formula of the text, with logs no lower than ``lowest``."""
    on_real, on_fake = (log.clamp(min=lowest) for log in (p.log(), (1 - p).log()))
    return -(of_real * t * on_real + of_fake * (1 - t) * on_fake).mean()


def _at_large_scores(case: Case) -> str:
    if not np.isfinite(numbers(case.got["the result at large scores"])).all():
        return (
            "a sigmoid rounds to 0 or 1 there, so its log is infinite, or an `exp` overflows: work with the "
            "logit, softplus or logsigmoid, so that no log meets a 0"
        )
    return (
        "a sigmoid rounds to 0 or 1 there, and a clamp changes the loss: rewrite the formula so that no log "
        "meets a 0, and cut nothing"
    )


def _slope(case: Case) -> str:
    if not np.isfinite(numbers(case.got["the gradient"])).all():
        return (
            "the loss is right and its slope is no number: an `exp` overflows, perhaps in the branch that "
            "`torch.where` does not take, for its gradient goes through both"
        )
    return "for one score it is (p - t) / B; a clamp has no slope outside its range"


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
        _at_large_scores,
        points=0.75,
    ),
    same(
        "the gradient",
        "its gradient is right where the scores are large",
        _slope,
        points=0.75,
        atol=1e-4,
    ),
    unchanged(
        "what was given",
        "logits and targets stay as they were",
        "nothing may change in place: no `+=`, no `x[…] =`, no method that ends in `_`",
    ),
    same(
        "one score",
        "a batch of one works",
        "logits and targets of shape (1,) come in: `squeeze()` drops that axis, the batch of one",
        points=0.5,
    ),
    fits_any_device("elsewhere"),
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
    "the sign of the term with t is flipped: log(1 + e^l) - t l": lambda x, t: (
        expected(x, t) + 2 * (t * x).mean()
    ),
    "the targets are flipped, or the sign of the logits: t belongs to log p": lambda x, t: expected(x, 1 - t),
    "that is a logarithm to base 2: the natural one is asked for": lambda x, t: expected(x, t) / math.log(2),
    "that is a logarithm to base 10: the natural one is asked for": lambda x, t: (
        expected(x, t) / math.log(10)
    ),
    "the targets are rounded to 0 or 1: 0.9 is a target, too": lambda x, t: expected(x, t.round()),
    "the targets are taken for 0 unless they are 1: 0.9 is a target, too": lambda x, t: expected(
        x, t.floor()
    ),
    "it is halved: the two terms of the formula are added": lambda x, t: expected(x, t) / 2,
    "log(1 + exp(-l)) goes with max(l, 0) only if l is positive: it is exp(-|l|)": lambda x, t: (
        x.clamp(min=0) - t * x + (1 + (-x).exp()).log()
    ).mean(),
    "the logits are compared with the targets, squared: a cross-entropy is asked for": lambda x, t: (
        (x - t).square().mean()
    ),
    "the sigmoid is applied twice: the scores come as logits": lambda x, t: expected(x.sigmoid(), t),
    "the scores are squared differences, not a cross-entropy": lambda x, t: (x.sigmoid() - t).square().mean(),
    "a loss was cut off at 100: that is what BCELoss does after a sigmoid": lambda x, t: _from_probabilities(
        x.sigmoid(), t, lowest=-100
    ),
    "no gradient at all: is there a `.detach()`, a `.item()` or a detour through numpy?": lambda x, t: (
        expected(x, t).detach()
    ),
}
