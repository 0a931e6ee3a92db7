"""Answers to lab 03: losses here, the step in `step_answers`, loop and checkpoint in `run_answers`."""

import math

import numpy as np
import torch
from torch.nn import functional as F

from tests.answers import run_answers, step_answers

# 3.1


def _softplus_form(logits, targets):
    return (F.softplus(logits) - targets * logits).mean()


def _max_form(logits, targets):
    rest = torch.log1p(torch.exp(-logits.abs()))
    return (logits.clamp(min=0) - logits * targets + rest).mean()


def _log_sigmoid_form(logits, targets):
    each = targets * F.logsigmoid(logits) + (1 - targets) * F.logsigmoid(-logits)
    return -each.sum() / len(logits)


def _through_probability(clip):
    def answer(logits, targets):
        p = torch.sigmoid(logits).clamp(clip, 1 - clip)
        return -(targets * p.log() + (1 - targets) * (1 - p).log()).mean()

    return answer


def _only_one_term(logits, targets):
    return (targets * F.softplus(-logits)).mean()


def _only_other_term(logits, targets):
    return ((1 - targets) * F.softplus(logits)).mean()


def _by_numpy(logits, targets):
    x, t = logits.detach().numpy(), targets.numpy()
    return torch.tensor(np.mean(np.logaddexp(0, x) - t * x))


def _clamped_logits(logits, targets):
    return _softplus_form(logits.clamp(-30, 30), targets)


# 3.2


def _d_loss_by_library(D, real, fake, smooth=0.9):
    real_logits, fake_logits = D(real), D(fake.detach())
    on_real = F.binary_cross_entropy_with_logits(real_logits, smooth * torch.ones_like(real_logits))
    return on_real + F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))


def _d_loss_by_softplus(D, real, fake, smooth=0.9):
    fake_part = F.softplus(D(fake.detach())).mean()
    real_logits = D(real)
    return fake_part + (smooth * F.softplus(-real_logits) + (1 - smooth) * F.softplus(real_logits)).mean()


def _d_loss_by_probabilities(D, real, fake, smooth=0.9):
    p, q = torch.sigmoid(D(real)), torch.sigmoid(D(fake.detach()))
    return F.binary_cross_entropy(p, torch.full_like(p, smooth)) - torch.log(1 - q).mean()


def _d_loss(of_real, of_fake, *, factor=1.0, cut=True, sign=1.0):
    """A loss with other targets: functions of ``smooth``, or None for a part that is left out."""

    def answer(D, real, fake, smooth=0.9):
        total = 0.0
        if of_real is not None:
            total = total + step_answers.cross(D(real), of_real(smooth))
        if of_fake is not None:
            total = total + sign * step_answers.cross(D(fake.detach() if cut else fake), of_fake(smooth))
        return factor * total

    return answer


def _one(smooth):
    return 1.0


def _zero(smooth):
    return 0.0


def _same(smooth):
    return smooth


def _joined(D, real, fake, smooth=0.9):
    logits = D(torch.cat([real, fake.detach()]))
    targets = torch.cat([torch.full((len(real),), smooth), torch.zeros(len(fake))])
    return F.binary_cross_entropy_with_logits(logits, targets)


def _joined_then_split(D, real, fake, smooth=0.9):
    on_real, on_fake = D(torch.cat([real, fake.detach()])).chunk(2)
    return step_answers.cross(on_real, smooth) + step_answers.cross(on_fake, 0.0)


def _summed(D, real, fake, smooth=0.9):
    return len(real) * _d_loss_by_softplus(D, real, fake, smooth)


def _sigmoid_too_many(D, real, fake, smooth=0.9):
    return _d_loss_by_library(lambda x: torch.sigmoid(D(x)), real, fake, smooth)


def _detaches_answers(D, real, fake, smooth=0.9):
    return step_answers.cross(D(real), smooth) + F.softplus(D(fake).detach()).mean()


def _detaches_real(D, real, fake, smooth=0.9):
    return step_answers.cross(D(real).detach(), smooth) + F.softplus(D(fake.detach())).mean()


def _loses_graph(D, real, fake, smooth=0.9):
    with torch.no_grad():
        return _d_loss_by_softplus(D, real, fake, smooth)


def _steps_too(D, real, fake, smooth=0.9):
    loss = _d_loss_by_softplus(D, real, fake, smooth)
    loss.backward(retain_graph=True)
    return loss


def _per_image(D, real, fake, smooth=0.9):
    return F.softplus(-D(real)) * smooth + F.softplus(D(real)) * (1 - smooth) + F.softplus(D(fake.detach()))


# 3.3


def _g_loss_by_library(D, real, fake):
    logits = D(fake)
    return F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def _g_loss_steps(D, real, fake):
    loss = F.softplus(-D(fake)).mean()
    loss.backward(retain_graph=True)
    return loss


def _g_sigmoid_too_many(D, real, fake):
    p = torch.sigmoid(D(fake))
    return F.binary_cross_entropy_with_logits(p, torch.ones_like(p))


# 3.7


def _entropy(s):
    return 0.0 if s == 1 else -(s * math.log(s) + (1 - s) * math.log(1 - s))


def _by_search(smooth):
    logits = torch.linspace(-8, 30, 400_001, dtype=torch.float64)
    return (F.softplus(logits) - smooth * logits).min().item()


RIGHT = {
    "3.1": [_softplus_form, _max_form, _log_sigmoid_form],
    "3.2": [_d_loss_by_library, _d_loss_by_softplus, _d_loss_by_probabilities],
    "3.3": [
        _g_loss_by_library,
        lambda D, real, fake: -F.logsigmoid(D(fake)).mean(),
        lambda D, real, fake: torch.log1p(torch.exp(-D(fake))).sum() / len(fake),
    ],
    "3.4": step_answers.RIGHT,
    "3.5": run_answers.RIGHT_LOOPS,
    "3.6": run_answers.RIGHT_CHECKPOINTS,
    "3.7": [
        _entropy,
        _by_search,
        lambda s: torch.special.entr(torch.tensor([s, 1 - s])).sum(),
    ],
}

WRONG = {
    "3.1": {
        "library's loss does the work": F.binary_cross_entropy_with_logits,
        "average over the batch with `.mean()`": lambda x, t: F.softplus(x) - t * x,
        "sum over the batch": lambda x, t: (F.softplus(x) - t * x).sum(),
        "a loss is not negative": lambda x, t: -_softplus_form(x, t),
        "(1 - t) log(1 - p) is missing": _only_one_term,
        "t log p is missing": _only_other_term,
        "the targets are turned round": lambda x, t: _softplus_form(x, 1 - t),
        "logarithm to base 2": lambda x, t: _softplus_form(x, t) / math.log(2),
        "sigmoid is applied twice": lambda x, t: _softplus_form(torch.sigmoid(x), t),
        "squared differences": lambda x, t: ((torch.sigmoid(x) - t) ** 2).mean(),
        "or the sign of the logits": lambda x, t: _softplus_form(-x, t),
        "look for log(0)": _through_probability(0.0),
        "rounds to exactly 0 or 1": _through_probability(1e-6),
        "right where the scores are large": _clamped_logits,
        "a detour through numpy": _by_numpy,
        "is there a `return`": lambda x, t: None,
    },
    "3.2": {
        "the sum is halved": _d_loss(_same, _zero, factor=0.5),
        "the smoothing is lost": _d_loss(_one, _zero),
        "0.9 stands fixed": _d_loss(lambda s: 0.9, _zero),
        "the fakes are smoothed too": _d_loss(_same, lambda s: 1 - s),
        "fakes are smoothed and the real images are not": _d_loss(_one, lambda s: 1 - s),
        "targets are swapped": _d_loss(_zero, _same),
        "the fakes' target is `smooth`": _d_loss(_same, _same),
        "not 1 - smooth": _d_loss(lambda s: 1 - s, _zero),
        "the fakes are missing": _d_loss(_same, None),
        "the real images are missing": _d_loss(None, _zero),
        "fake part is taken away": _d_loss(_same, _zero, sign=-1.0),
        "a sum over the batch": _summed,
        "a sigmoid too many": _sigmoid_too_many,
        "its mean halves the sum": _joined,
        "whose batch norm mixes them": _joined_then_split,
        "give D `fake.detach()`": _d_loss(_same, _zero, cut=False),
        "detach the fakes before D sees them": _detaches_answers,
        "nothing but the fakes is": _detaches_real,
        "a `no_grad()`": _loses_graph,
        "belong to the training step": _steps_too,
        "average over the batch": _per_image,
    },
    "3.3": {
        "flip the labels": lambda D, real, fake: F.softplus(D(fake)).mean(),
        "the saturating loss": lambda D, real, fake: -F.softplus(D(fake)).mean(),
        "G minimises -log D": lambda D, real, fake: F.logsigmoid(D(fake)).mean(),
        "smoothing belongs to D's loss": lambda D, real, fake: step_answers.cross(D(fake), 0.9),
        "a sum over the batch": lambda D, real, fake: F.softplus(-D(fake)).sum(),
        "it looks at the real images": lambda D, real, fake: F.softplus(-D(real)).mean(),
        "the real images are counted too": lambda D, real, fake: (
            F.softplus(-D(fake)).mean() + F.softplus(D(real)).mean()
        ),
        "a sigmoid too many": _g_sigmoid_too_many,
        "the fakes are detached": lambda D, real, fake: F.softplus(-D(fake.detach())).mean(),
        "it is halved": lambda D, real, fake: F.softplus(-D(fake)).mean() / 2,
        "belong to the training step": _g_loss_steps,
        "average over the batch": lambda D, real, fake: F.softplus(-D(fake)),
        "is there a `return`": lambda D, real, fake: None,
    },
    "3.4": step_answers.WRONG,
    "3.5": run_answers.WRONG_LOOPS,
    "3.6": run_answers.WRONG_CHECKPOINTS,
    "3.7": {
        "logarithm to base 2": lambda s: _entropy(s) / math.log(2),
        "counted twice": lambda s: 2 * _entropy(s),
        "the sign is turned round": lambda s: -_entropy(s),
        "half of it": lambda s: -s * math.log(s),
        "the other half": lambda s: 0.0 if s == 1 else -(1 - s) * math.log(1 - s),
        "that is -log s": lambda s: -math.log(s),
        "that is the logit": lambda s: math.log(s / (1 - s)) if s < 1 else math.inf,
        "that is the probability": lambda s: s,
        "where D is undecided": lambda s: 2 * math.log(2),
        "0 is the floor without smoothing only": lambda s: 0.0,
        "log 0 at a target of 1": lambda s: -(s * math.log(s) + (1 - s) * math.log(1 - s)),
        "0 times log 0": lambda s: float(torch.tensor([s, 1 - s]).log() @ -torch.tensor([s, 1 - s])),
        "is there a `return`": lambda s: None,
    },
}
