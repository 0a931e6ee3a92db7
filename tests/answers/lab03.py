"""Answers to lab 03: the losses and the step."""

import math
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

# 3.1


def _softplus_form(logits, targets):
    return (F.softplus(logits) - targets * logits).mean()


def _max_form(logits, targets):
    rest = torch.log1p(torch.exp(-logits.abs()))
    return (logits.clamp(min=0) - logits * targets + rest).mean()


def _log_sigmoid_form(logits, targets):
    each = targets * F.logsigmoid(logits) + (1 - targets) * F.logsigmoid(-logits)
    return -each.sum() / len(logits)


def _through_probability(clip, log=torch.log):
    def answer(logits, targets):
        p = torch.sigmoid(logits).clamp(clip, 1 - clip)
        return -(targets * log(p) + (1 - targets) * log(1 - p)).mean()

    return answer


def _by_numpy(logits, targets):
    x, t = logits.detach().numpy(), targets.numpy()
    return torch.tensor(np.mean(np.logaddexp(0, x) - t * x))


def _two_classes(logits, targets):
    """The library's cross-entropy, over the two logits 0 and l."""
    scores = torch.stack([torch.zeros_like(logits), logits], dim=1)
    return F.cross_entropy(scores, torch.stack([1 - targets, targets], dim=1))


def _squeezed(logits, targets):
    """An average over a first axis that one score does not have."""
    each = (F.softplus(logits) - targets * logits).squeeze()
    return each.sum() / each.shape[0]


def _by_case(logits, targets):
    """The side on which the score is wrong, and a rest that is small."""
    off = torch.where(logits > 0, (1 - targets) * logits, -targets * logits)
    return (off + torch.log1p(torch.exp(-logits.abs()))).mean()


def _by_list(logits, targets):
    each = [t * F.softplus(-x) + (1 - t) * F.softplus(x) for x, t in zip(logits, targets, strict=True)]
    return torch.stack(each).mean()


def _by_einsum(logits, targets):
    pair = torch.stack([torch.zeros_like(logits), logits])
    return pair.logsumexp(0).mean() - torch.einsum("b,b->", logits, targets) / len(logits)


# 3.2 and 3.3


def _bce(logits, target, **how):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target), **how)


def _d_loss_by_library(D, real, fake, smooth=0.9, **how):
    return _bce(D(real), smooth, **how) + _bce(D(fake.detach()), 0.0, **how)


def _d_loss_by_softplus(D, real, fake, smooth=0.9):
    fake_part = F.softplus(D(fake.detach())).mean()
    real_logits = D(real)
    return fake_part + (smooth * F.softplus(-real_logits) + (1 - smooth) * F.softplus(real_logits)).mean()


def _d_loss_by_probabilities(D, real, fake, smooth=0.9):
    p, q = torch.sigmoid(D(real)), torch.sigmoid(D(fake.detach()))
    return F.binary_cross_entropy(p, torch.full_like(p, smooth)) - torch.log(1 - q).mean()


def _joined(D, real, fake, smooth=0.9):
    logits = D(torch.cat([real, fake.detach()]))
    targets = torch.cat([torch.full((len(real),), smooth), torch.zeros(len(fake))])
    return F.binary_cross_entropy_with_logits(logits, targets)


def _without_detach(D, real, fake, smooth=0.9):
    return _bce(D(real), smooth) + _bce(D(fake), 0.0)


def _loses_graph(D, real, fake, smooth=0.9):
    with torch.no_grad():
        return _d_loss_by_softplus(D, real, fake, smooth)


def _sends_back(loss):
    def answer(*given, **more):
        found = loss(*given, **more)
        found.backward(retain_graph=True)
        return found

    return answer


def _per_image(D, real, fake, smooth=0.9):
    return F.softplus(-D(real)) * smooth + F.softplus(D(real)) * (1 - smooth) + F.softplus(D(fake.detach()))


def _squeezes(logits, target):
    """As most people have it: logits squeezed, targets made of the batch size."""
    return nn.BCEWithLogitsLoss()(logits.squeeze(), torch.ones(logits.size(0)) * target)


def _d_loss_in_a_loop(D, real, fake, smooth=0.9):
    loss = 0
    for images, target in ((real, smooth), (fake.detach(), 0.0)):
        logits = D.forward(images)
        loss = loss + nn.BCEWithLogitsLoss(reduction="sum")(
            logits, logits.new_full(logits.shape, target)
        ) / len(logits)
    return loss


def _d_loss_of_dicts(D, real, fake, smooth=0.9):
    images, targets = {"real": real, "fake": fake.data}, {"real": smooth, "fake": 0.0}
    logits = {name: D(x) for name, x in images.items()}
    parts = [(F.softplus(logits[name]) - targets[name] * logits[name]).mean() for name in images]
    return torch.stack(parts).sum()


def _d_loss_without_graph_of_fakes(D, real, fake, smooth=0.9):
    """Squeezed, which a formula without targets survives; and the fakes copied without their graph."""
    with torch.no_grad():
        copied = fake.clone()
    x, y = D(real).squeeze(), D(copied).squeeze()
    return (F.softplus(x) - smooth * x).mean() - F.logsigmoid(-y).mean()


def _four_calls(D, real, fake, smooth=0.9):
    on_fake = F.binary_cross_entropy_with_logits(D(fake.detach()), torch.zeros_like(D(fake.detach())))
    return F.binary_cross_entropy_with_logits(D(real), torch.full_like(D(real), smooth)) + on_fake


def _backward_in_parts(D, real, fake, smooth=0.9):
    parts = _bce(D(real), smooth), _bce(D(fake.detach()), 0.0)
    for part in parts:
        part.backward()
    return sum(parts)


def _after(deed, loss):
    """A loss, and something else before it."""

    def answer(D, real, fake, *more, **named):
        deed(D, real, fake)
        return loss(D, real, fake, *more, **named)

    return answer


def _before(deed, loss):
    def answer(D, real, fake, *more, **named):
        found = loss(D, real, fake, *more, **named)
        deed(D, real, fake)
        return found

    return answer


def _freezes_for_the_while(D, real, fake):
    could = [p.requires_grad for p in D.parameters()]
    D.requires_grad_(False)
    logits = D(fake)
    for p, was in zip(D.parameters(), could, strict=True):
        p.requires_grad_(was)
    return F.softplus(-logits).mean()


def _as_a_second_class(D, real, fake):
    logits = D(fake)
    scores = torch.stack([torch.zeros_like(logits), logits], 1)
    return F.cross_entropy(scores, torch.ones_like(logits).long())


def _frozen(D, real, fake):
    D.requires_grad_(False)
    return _bce(D(fake), 1.0)


def _g_loss_without_graph(D, real, fake):
    with torch.no_grad():
        return _bce(D(fake), 1.0)


# 3.4


def _floats(d_loss, g_loss):
    return {"d_loss": d_loss.item(), "g_loss": g_loss.item()}


def _two_backwards(G, D, d_optimizer, g_optimizer, real, z):
    """As the tutorial has it: a backward for each part of D's loss, and the networks' own zero_grad."""
    D.zero_grad()
    on_real = _bce(D(real), 0.9)
    on_real.backward()
    fake = G(z)
    on_fake = _bce(D(fake.detach()), 0.0)
    on_fake.backward()
    d_optimizer.step()
    G.zero_grad()
    g_loss = _bce(D(fake), 1.0)
    g_loss.backward()
    g_optimizer.step()
    return _floats(on_real + on_fake, g_loss)


def _by_autograd(G, D, d_optimizer, g_optimizer, real, z):
    """Gradients asked for and set by hand; D frozen while G learns."""
    fake = G(z)
    d_loss = _d_loss_by_softplus(D, real, fake)
    for p, g in zip(D.parameters(), torch.autograd.grad(d_loss, list(D.parameters())), strict=True):
        p.grad = g
    d_optimizer.step()
    D.requires_grad_(False)
    g_loss = -F.logsigmoid(D(fake)).mean()
    for p, g in zip(G.parameters(), torch.autograd.grad(g_loss, list(G.parameters())), strict=True):
        p.grad = g
    g_optimizer.step()
    D.requires_grad_(True)
    return {"g_loss": float(g_loss.detach()), "d_loss": float(d_loss.detach()), "step": 1}


def _in_order(events, told=lambda m: _floats(m.d, m.g)):
    """The lines of a step in some order; the right one is that of ``_RIGHT_ORDER``."""

    def answer(G, D, d_optimizer, g_optimizer, real, z):
        m = SimpleNamespace(z=z)
        lines = {
            "new z": lambda: setattr(m, "z", torch.randn_like(z)),
            "fake": lambda: setattr(m, "fake", G(m.z)),
            "d zero": d_optimizer.zero_grad,
            "d loss": lambda: setattr(m, "d", _d_loss_by_library(D, real, m.fake)),
            "d loss attached": lambda: setattr(m, "d", _without_detach(D, real, m.fake)),
            "d back": lambda: m.d.backward(),
            "d back, kept": lambda: m.d.backward(retain_graph=True),
            "d step": d_optimizer.step,
            "g zero": g_optimizer.zero_grad,
            "g loss": lambda: setattr(m, "g", _bce(D(m.fake), 1.0)),
            "early g loss": lambda: setattr(m, "early", _bce(D(m.fake), 1.0)),
            "g loss is d loss": lambda: setattr(m, "g", _without_detach(D, real, m.fake)),
            "g back": lambda: m.g.backward(),
            "g step": g_optimizer.step,
            "eval": G.eval,
        }
        for event in events.split("; "):
            lines[event]()
        return told(m)

    return answer


_D_LEARNS = "d zero; d loss; d back; d step"
_G_LEARNS = "g zero; g loss; g back; g step"
_RIGHT_ORDER = f"fake; {_D_LEARNS}; {_G_LEARNS}"
_ATTACHED = "fake; d zero; d loss attached; d back, kept; d step; g loss; g back; g step"


def _repeats(d_times=1, g_times=1, run_again=False, keep=False):
    """Several updates of a network in one step."""

    def answer(G, D, d_optimizer, g_optimizer, real, z):
        fake = G(z)
        for _ in range(d_times):
            d_optimizer.zero_grad()
            d_loss = _d_loss_by_library(D, real, fake)
            d_loss.backward()
            d_optimizer.step()
        for _ in range(g_times):
            g_optimizer.zero_grad()
            fake = G(z) if run_again else fake
            g_loss = _bce(D(fake), 1.0)
            g_loss.backward(retain_graph=keep)
            g_optimizer.step()
        return _floats(d_loss, g_loss)

    return answer


def _by_losses(of_d=_d_loss_by_library, of_g=lambda D, real, fake: _bce(D(fake), 1.0), first=lambda *_: None):
    """The right step with other losses, and something else at its start."""

    def answer(G, D, d_optimizer, g_optimizer, real, z):
        first(G, D, real, z)
        fake = G(z)
        d_optimizer.zero_grad(set_to_none=True)
        d_loss = of_d(D, real, fake)
        d_loss.backward()
        d_optimizer.step()
        g_optimizer.zero_grad(set_to_none=False)
        g_loss = of_g(D, real, fake)
        g_loss.backward()
        g_optimizer.step()
        return _floats(d_loss, g_loss)

    return answer


def _by_name(G, D, d_optimizer, g_optimizer, real, z):
    """Both updates by one loop over dicts, G by its forward method."""
    fake = G.forward(z)
    optimizers = {"d_loss": d_optimizer, "g_loss": g_optimizer}
    losses = {
        "d_loss": lambda: _d_loss_of_dicts(D, real, fake),
        "g_loss": lambda: F.softplus(-D(fake)).mean(),
    }
    found = {}
    for name, optimizer in optimizers.items():
        optimizer.zero_grad()
        loss = losses[name]()
        loss.backward()
        optimizer.step()
        found[name] = float(loss.detach())
    return found


def _by_closures(G, D, d_optimizer, g_optimizer, real, z):
    """Each optimizer steps by a closure, as LBFGS has it."""
    fake = G(z)

    def d_closure():
        d_optimizer.zero_grad()
        loss = _d_loss_by_softplus(D, real, fake)
        loss.backward()
        return loss

    def g_closure():
        for p in (*G.parameters(), *D.parameters()):
            p.grad = None
        loss = -F.logsigmoid(D(fake)).sum() / len(fake)
        loss.backward()
        return loss

    return {"d_loss": d_optimizer.step(d_closure).item(), "g_loss": g_optimizer.step(g_closure).item()}


_EXCHANGED = "g zero; d loss; d back; g step; d zero; g loss; g back; d step"

_WRONG_STEPS = {
    "draw no new z in it": _in_order(f"new z; fake; {_D_LEARNS}; {_G_LEARNS}"),
    "D was updated twice": _repeats(d_times=2),
    "D is updated 3 times": _repeats(d_times=3),
    "G is updated 2 times": _repeats(g_times=2, run_again=True),
    "the optimizers are exchanged": _in_order(f"fake; {_EXCHANGED}"),
    "D's loss is made of squared": _by_losses(
        lambda D, real, fake: (D(real) - 0.9).square().mean() + D(fake.detach()).square().mean()
    ),
    "G's loss is made of squared": _by_losses(of_g=lambda D, real, fake: (D(fake) - 1).square().mean()),
    "D should say 0 to them": _by_losses(
        lambda D, real, fake: _bce(D(real), 0.9) + _bce(D(fake.detach()), 1)
    ),
    "drop that batch of one": _by_losses(of_g=lambda D, real, fake: _squeezes(D(fake), 1.0)),
    "5 batches": _by_losses(_four_calls),
    "4 batches": _by_losses(first=lambda G, D, real, z: D(real).sigmoid().mean().item()),
    "no method that ends in `_`": _by_losses(first=lambda G, D, real, z: real.add_(0.1).clamp_(-1, 1)),
    "sets no seed": _by_losses(first=lambda *_: torch.manual_seed(0)),
    "without `.cuda()`": _by_losses(
        of_g=lambda D, real, fake: F.binary_cross_entropy_with_logits(D(fake), torch.ones(len(fake)))
    ),
    "nothing that cuts the fakes off from G": _by_losses(
        of_g=lambda D, real, fake: _bce(D(fake.detach()), 1.0)
    ),
    "the order is `generator_loss(D, real, fake)`": _by_losses(
        of_g=lambda D, real, fake: _bce(D(real), 1.0),
    ),
    "G learnt through the old D": _in_order(
        "fake; g zero; g loss; g back; d zero; d loss; d back; d step; g step"
    ),
    "G's loss moved D as well": _in_order(f"{_RIGHT_ORDER}; d step"),
    "D's step must come before": _in_order(
        "fake; d zero; d loss; d back; g zero; g loss; g back; g step; d step"
    ),
    "as well: D's step": _in_order("fake; d zero; g zero; d loss; g loss; d back; g back; d step; g step"),
    "the order is swapped": _in_order(f"fake; {_G_LEARNS}; fake; {_D_LEARNS}"),
    "draw no new z": _in_order(f"fake; {_D_LEARNS}; new z; fake; {_G_LEARNS}"),
    "keep `fake` from the first pass": _in_order(f"fake; {_D_LEARNS}; fake; {_G_LEARNS}"),
    "D's old gradients were not zeroed": _in_order(f"fake; d loss; d back; d step; {_G_LEARNS}"),
    "G's old gradients were not zeroed before": _in_order(f"fake; {_D_LEARNS}; g loss; g back; g step"),
    "the fakes were not detached in D's step": _in_order(f"g zero; {_ATTACHED}"),
    "(nor at the start)": _in_order(_ATTACHED),
    "share a graph": _in_order(f"fake; d zero; d loss attached; d back; d step; {_G_LEARNS}"),
    "steps after its own network's": _in_order(
        "fake; d zero; d loss; d back; g step; g zero; g loss; g back; d step"
    ),
    "Compute G's loss after D's step": _in_order(
        "fake; d zero; d loss; g loss; d back; d step; g zero; g back; g step"
    ),
    "one update of each network": _repeats(g_times=2),
    "`d_optimizer.step()` is never called": _in_order(f"fake; d zero; d loss; d back; {_G_LEARNS}"),
    "`g_optimizer.step()` is never called": _in_order(f"fake; {_D_LEARNS}; g zero; g loss; g back"),
    "G ran in evaluation mode": _in_order(f"eval; {_RIGHT_ORDER}"),
    "G takes the `z` that is given": _by_losses(
        first=lambda G, D, real, z: G(torch.randn(len(real), z.shape[1] + 1, 1, 1))
    ),
    "detached (see 3.2) and passed last": _by_losses(lambda D, real, fake: _d_loss_by_library(D, fake, real)),
    "D has moved": _in_order(f"fake; d zero; d loss; d back; {_G_LEARNS}"),
    "D has no `backward()`": _in_order(f"fake; d loss; d step; {_G_LEARNS}"),
    "with no `zero_grad()` between": _in_order(f"fake; d loss; d back; d zero; d step; {_G_LEARNS}"),
    "G has moved": _in_order(f"fake; {_D_LEARNS}; g zero; g loss; g back"),
    "G went down D's loss, where": _in_order(f"fake; {_D_LEARNS}; g zero; g loss is d loss; g back; g step"),
    "undo a `.eval()`": _in_order(f"{_RIGHT_ORDER}; eval"),
    "take `.item()`": _in_order(_RIGHT_ORDER, told=lambda m: {"d_loss": m.d, "g_loss": m.g}),
    "is there a `return`": _in_order(_RIGHT_ORDER, told=lambda m: None),
    "the keys are": _in_order(_RIGHT_ORDER, told=lambda m: (m.d.item(), m.g.item())),
    "was computed before D's step": _in_order(
        f"fake; early g loss; {_D_LEARNS}; {_G_LEARNS}", told=lambda m: _floats(m.d, m.early)
    ),
}

# 3.7


def _entropy(s):
    return 0.0 if s == 1 else -(s * math.log(s) + (1 - s) * math.log(1 - s))


def _by_search(smooth):
    logits = torch.linspace(-8, 30, 400_001, dtype=torch.float64)
    return (F.softplus(logits) - smooth * logits).min().item()


RIGHT = {
    "3.1": [_softplus_form, _max_form, _log_sigmoid_form, _by_case, _by_list, _by_einsum],
    "3.2": [
        _d_loss_by_library,
        _d_loss_by_softplus,
        _d_loss_by_probabilities,
        _d_loss_in_a_loop,
        _d_loss_of_dicts,
        _d_loss_without_graph_of_fakes,
    ],
    "3.3": [
        lambda D, real, fake: _bce(D(fake), 1.0),
        lambda D, real, fake: -F.logsigmoid(D(fake)).mean(),
        lambda D, real, fake: torch.logaddexp(-D(fake), torch.zeros_like(fake[:, 0, 0, 0])).sum() / len(fake),
        lambda D, real, fake: torch.log1p(torch.exp(-D(fake))).mean(),
        lambda D, real, fake: sum(F.softplus(-logit) for logit in D(fake)) / len(fake),
        _freezes_for_the_while,
        _as_a_second_class,
    ],
    "3.4": [_in_order(_RIGHT_ORDER), _two_backwards, _by_autograd, _by_losses(), _by_name, _by_closures],
    "3.7": [
        _entropy,
        _by_search,
        lambda s: torch.special.entr(torch.tensor([s, 1 - s])).sum(),
    ],
}

WRONG = {
    "3.1": {
        "call of cross_entropy": _two_classes,
        "unless they are 1": lambda x, t: torch.where(t == 1, F.softplus(-x), F.softplus(x)).mean(),
        "it is halved": lambda x, t: _softplus_form(x, t) / 2,
        "a clamp changes the loss": lambda x, t: _softplus_form(x.clamp(-50, 50), t),
        "and cut nothing": lambda x, t: _softplus_form(x.clamp(-250, 250), t),
        "exp of a large score overflows": lambda x, t: torch.tensor(
            [math.log1p(math.exp(s)) - s * w for s, w in zip(x.tolist(), t.tolist(), strict=True)]
        ).mean(),
        "write `x.clamp(min=number)`": lambda x, t: (torch.max(x, 0) - t * x).mean(),
        "the batch of one": _squeezed,
        "`device=x.device`": lambda x, t: (torch.logaddexp(torch.zeros(len(x)), x) - t * x).mean(),
        "nothing may change in place": lambda x, t: (F.softplus(x) - t.mul_(x)).mean(),
        "the logits are changed in place": lambda x, t: (F.softplus(x) - x.mul_(t)).mean(),
        "0.9 is a target, too": lambda x, t: torch.where(t > 0.5, F.softplus(-x), F.softplus(x)).mean(),
        "library's loss does the work": F.binary_cross_entropy_with_logits,
        "average over the batch with `.mean()`": lambda x, t: F.softplus(x) - t * x,
        "or the sign of the logits": lambda x, t: _softplus_form(-x, t),
        "logarithm to base 2": _through_probability(0.0, torch.log2),
        "so its log is infinite": _through_probability(0.0),
        "rounds to 0 or 1": _through_probability(1e-6),
        "right where the scores are large": lambda x, t: _softplus_form(x.clamp(-30, 30), t),
        "a detour through numpy": _by_numpy,
        "the branch that `torch.where` does not take": lambda x, t: (
            torch.where(x > 0, x + (1 + (-x).exp()).log(), (1 + x.exp()).log()) - t * x
        ).mean(),
        "is there a `return`": lambda x, t: None,
    },
    "3.2": {
        "would drop that batch of one": lambda D, real, fake, smooth=0.9: (
            _squeezes(D(real), smooth) + _squeezes(D(fake.detach()), 0.0)
        ),
        "without `.cuda()`": lambda D, real, fake, smooth=0.9: (
            F.binary_cross_entropy_with_logits(D(real), torch.full((len(real),), smooth))
            + F.binary_cross_entropy_with_logits(D(fake.detach()), torch.zeros(len(fake)))
        ),
        "give D `fake.detach()`": lambda D, real, fake, smooth=0.9: _d_loss_by_softplus(
            D, real, fake.requires_grad_(False), smooth
        ),
        "like `detach_()`": lambda D, real, fake, smooth=0.9: _d_loss_by_softplus(
            D, real, fake.detach_(), smooth
        ),
        "the logits come first": lambda D, real, fake, smooth=0.9: (
            F.binary_cross_entropy_with_logits(torch.full((len(real),), smooth), D(real))
            + F.binary_cross_entropy_with_logits(torch.zeros(len(fake)), D(fake.detach()))
        ),
        "half of the real part is missing": lambda D, real, fake, smooth=0.9: (
            F.softplus(D(fake.detach())).mean() - smooth * F.logsigmoid(D(real)).mean()
        ),
        "4 calls": _four_calls,
        "or cleared": _after(lambda D, *_: D.zero_grad(), _d_loss_by_softplus),
        "were written into D": _backward_in_parts,
        "or an `.eval()`": _before(lambda D, *_: D.eval(), _d_loss_by_softplus),
        "no `manual_seed`": _after(lambda *_: torch.manual_seed(0), _d_loss_by_softplus),
        "(least squares)": lambda D, real, fake, smooth=0.9: (
            F.mse_loss(D(real), torch.full((len(real),), smooth)) + D(fake.detach()).square().mean()
        ),
        "for logits take": lambda D, real, fake, smooth=0.9: F.binary_cross_entropy(
            D(real), torch.full((len(real),), smooth)
        ),
        "D should say 0 to them": lambda D, real, fake, smooth=0.9: (
            _bce(D(real), smooth) + _bce(D(fake.detach()), 1.0)
        ),
        "make them floats": lambda D, real, fake, smooth=0.9: F.binary_cross_entropy_with_logits(
            D(fake.detach()), torch.zeros(len(fake), dtype=torch.long)
        ),
        "judges in training mode": lambda D, real, fake, smooth=0.9: _before(
            lambda D, *_: D.train(), _after(lambda D, *_: D.eval(), _d_loss_by_softplus)
        )(D, real, fake, smooth),
        "fake part is taken away": lambda D, real, fake, smooth=0.9: (
            _bce(D(real), smooth) - _bce(D(fake.detach()), 0.0)
        ),
        "a sum over the batch": lambda *given, **more: _d_loss_by_library(*given, **more, reduction="sum"),
        "a sigmoid too many": lambda D, *given, **more: _d_loss_by_library(
            lambda x: torch.sigmoid(D(x)), *given, **more
        ),
        "its mean halves the sum": _joined,
        "must not reach G": lambda D, real, fake, smooth=0.9: _bce(D(real), smooth) + _bce(D(fake), 0.0),
        "a `no_grad()`": _loses_graph,
        "belong to the training step": _sends_back(_d_loss_by_softplus),
        "average over the batch": _per_image,
    },
    "3.3": {
        "would drop that batch of one": lambda D, real, fake: _squeezes(D(fake), 1.0),
        "without `.cuda()`": lambda D, real, fake: F.binary_cross_entropy_with_logits(
            D(fake), torch.ones(len(fake))
        ),
        "pass None for `real`": lambda D, real, fake: F.binary_cross_entropy_with_logits(
            D(fake), torch.ones(len(real), device=real.device)
        ),
        "undo a `requires_grad_(False)`": _frozen,
        "the logits come first": lambda D, real, fake: F.binary_cross_entropy_with_logits(
            torch.ones(len(fake)), D(fake)
        ),
        "the log of the mean": lambda D, real, fake: -D(fake).sigmoid().mean().log(),
        "the fakes are counted twice": lambda D, real, fake: _d_loss_by_library(D, fake, fake, 1.0),
        "judged by its fakes alone": lambda D, real, fake: (D(real), _bce(D(fake), 1.0))[1],
        "2 calls": lambda D, real, fake: F.binary_cross_entropy_with_logits(
            D(fake), torch.ones_like(D(fake))
        ),
        "or cleared": _after(lambda D, *_: D.zero_grad(), lambda D, real, fake: F.softplus(-D(fake)).mean()),
        "(least squares)": lambda D, real, fake: (1 - D(fake)).pow(2).mean(),
        "for logits take": lambda D, real, fake: nn.BCELoss()(D(fake), torch.ones(len(fake))),
        "were written into D": lambda D, real, fake: (lambda loss: (loss.backward(), loss)[1])(
            F.softplus(-D(fake)).mean()
        ),
        "is there an `.item()`": lambda D, real, fake: F.softplus(-D(fake)).mean().item(),
        "as by `.detach()` or `.data`": lambda D, real, fake: F.softplus(-D(fake.data)).mean(),
        "the saturating loss": lambda D, real, fake: torch.log(1 - torch.sigmoid(D(fake))).mean(),
        "a sum over the batch": lambda D, real, fake: _bce(D(fake), 1.0, reduction="sum"),
        "a sigmoid too many": lambda D, real, fake: _bce(torch.sigmoid(D(fake)), 1.0),
        "no gradient leaves the loss": _g_loss_without_graph,
        "belong to the training step": _sends_back(lambda D, real, fake: F.softplus(-D(fake)).mean()),
        "average over the batch": lambda D, real, fake: F.softplus(-D(fake)),
        "is there a `return`": lambda D, real, fake: None,
    },
    "3.4": _WRONG_STEPS,
    "3.7": {
        "logarithm to base 2": lambda s: 0.0 if s == 1 else -(s * math.log2(s) + (1 - s) * math.log2(1 - s)),
        "put p = s into": lambda s: 0.0 if s > 0.99 else _entropy(s),
        "logarithm to base 10": lambda s: 0.0 if s == 1 else _entropy(s) / math.log(10),
        "it is halved": lambda s: 0.0 if s == 1 else _entropy(s) / 2,
        "the logs are exchanged": lambda s: 0.0 if s == 1 else -s * math.log(1 - s) - (1 - s) * math.log(s),
        "each log has its weight": lambda s: 0.0 if s == 1 else -math.log(s * (1 - s)),
        "taken for a logit": lambda s: 0.0 if s == 1 else _bce(torch.tensor([s]), s).item(),
        "log 2 too much": lambda s: math.log(2) + (0.0 if s == 1 else _entropy(s)),
        "the loss for a target of 1": lambda s: -math.log(s),
        "the loss alone": lambda s: (s, 0.0),
        "half of it": lambda s: -s * math.log(s),
        "the other half": lambda s: 0.0 if s == 1 else -(1 - s) * math.log(1 - s),
        "that is the logit": lambda s: math.log(s / (1 - s)) if s < 1 else math.inf,
        "where D is undecided": lambda s: 2 * F.softplus(torch.zeros(())),
        "log 0 at a target of 1": lambda s: -(s * math.log(s) + (1 - s) * math.log(1 - s)),
        "trying out a few answers of D": lambda s: min(
            F.softplus(torch.tensor(x / 2)).item() - s * x / 2 for x in range(-6, 7)
        ),
        "unrounded": lambda s: 0.0 if s == 1 else round(_entropy(s), 2),
        "0 times log 0": lambda s: float(torch.tensor([s, 1 - s]).log() @ -torch.tensor([s, 1 - s])),
        "is there a `return`": lambda s: None,
    },
}
