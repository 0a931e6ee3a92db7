"""Answers to exercise 3.4: one training step, right in several ways and wrong in the usual ones."""

import torch
from torch.nn import functional as F


def cross(logits, target):
    """Mean cross-entropy of logits with one target for all."""
    return F.softplus(logits).mean() - target * logits.mean()


def _d_loss(D, real, fake, target=0.9):
    return cross(D(real), target) + cross(D(fake), 0.0)


def _result(d_loss, g_loss):
    return {"d_loss": d_loss.item(), "g_loss": g_loss.item()}


def _plain(G, D, d_optimizer, g_optimizer, real, z):
    fake = G(z)
    d_optimizer.zero_grad()
    d_loss = _d_loss(D, real, fake.detach())
    d_loss.backward()
    d_optimizer.step()
    g_optimizer.zero_grad()
    g_loss = F.softplus(-D(fake)).mean()
    g_loss.backward()
    g_optimizer.step()
    return _result(d_loss, g_loss)


def _two_backwards(G, D, d_optimizer, g_optimizer, real, z):
    """As the tutorial has it: a backward for each part of D's loss, and the networks' own zero_grad."""
    D.zero_grad()
    on_real = cross(D(real), 0.9)
    on_real.backward()
    fake = G(z)
    on_fake = cross(D(fake.detach()), 0.0)
    on_fake.backward()
    d_optimizer.step()
    G.zero_grad()
    g_loss = cross(D(fake), 1.0)
    g_loss.backward()
    g_optimizer.step()
    return _result(on_real + on_fake, g_loss)


def _by_autograd(G, D, d_optimizer, g_optimizer, real, z):
    """Gradients asked for and set by hand; D frozen while G learns."""
    fake = G(z)
    d_loss = _d_loss(D, real, fake.detach())
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


RIGHT = [_plain, _two_backwards, _by_autograd]


def _variant(
    *,
    d_zero=True,
    g_zero=True,
    d_step=True,
    g_step=True,
    d_twice=False,
    redraw=None,
    target=0.9,
    g_target=1.0,
    g_sign=1.0,
    d_loss=None,
    detach=True,
    late_zero=False,
    early_g_loss=False,
    again_d=False,
    result=_result,
    after=None,
):
    """The step with one or more of the usual slips."""

    def answer(G, D, d_optimizer, g_optimizer, real, z):
        fake = G(z)
        if d_zero:
            d_optimizer.zero_grad()
        loss_d = (d_loss or _d_loss)(D, real, fake.detach() if detach else fake, target)
        loss_d.backward(retain_graph=not detach)
        if late_zero:
            d_optimizer.zero_grad(set_to_none=False)
        early = F.softplus(-D(fake)).mean() if early_g_loss else None
        if d_step:
            d_optimizer.step()
        if d_twice:
            d_optimizer.step()
        if g_zero:
            g_optimizer.zero_grad()
        if redraw:
            fake = G(redraw(z))
        loss_g = g_sign * cross(D(fake), g_target)
        loss_g.backward()
        if again_d:
            d_optimizer.step()
        if g_step:
            g_optimizer.step()
        if after:
            after(G, D)
        return result(loss_d, early if early_g_loss else loss_g)

    return answer


def _g_first(G, D, d_optimizer, g_optimizer, real, z):
    fake = G(z)
    g_optimizer.zero_grad()
    g_loss = cross(D(fake), 1.0)
    g_loss.backward()
    g_optimizer.step()
    d_optimizer.zero_grad()
    d_loss = _d_loss(D, real, G(z).detach())
    d_loss.backward()
    d_optimizer.step()
    return _result(d_loss, g_loss)


def _both_losses_first(G, D, d_optimizer, g_optimizer, real, z):
    """Both losses and gradients through the old D, then both steps."""
    fake = G(z)
    g_optimizer.zero_grad()
    g_loss = cross(D(fake), 1.0)
    g_loss.backward()
    d_optimizer.zero_grad()
    d_loss = _d_loss(D, real, fake.detach())
    d_loss.backward()
    d_optimizer.step()
    g_optimizer.step()
    return _result(d_loss, g_loss)


def _one_backward(G, D, d_optimizer, g_optimizer, real, z):
    fake = G(z)
    d_optimizer.zero_grad()
    g_optimizer.zero_grad()
    d_loss, g_loss = _d_loss(D, real, fake.detach()), cross(D(fake), 1.0)
    (d_loss + g_loss).backward()
    d_optimizer.step()
    g_optimizer.step()
    return _result(d_loss, g_loss)


def _late_d_step(G, D, d_optimizer, g_optimizer, real, z):
    fake = G(z)
    d_optimizer.zero_grad()
    d_loss = _d_loss(D, real, fake.detach())
    d_loss.backward()
    g_optimizer.zero_grad()
    g_loss = cross(D(fake), 1.0)
    g_loss.backward()
    g_optimizer.step()
    d_optimizer.step()
    return _result(d_loss, g_loss)


def _g_learns_from_d_loss(G, D, d_optimizer, g_optimizer, real, z):
    fake = G(z)
    d_optimizer.zero_grad()
    d_loss = _d_loss(D, real, fake.detach())
    d_loss.backward()
    d_optimizer.step()
    g_optimizer.zero_grad()
    g_loss = _d_loss(D, real, fake)
    g_loss.backward()
    g_optimizer.step()
    return _result(d_loss, g_loss)


def _d_without_backward(G, D, d_optimizer, g_optimizer, real, z):
    fake = G(z)
    d_loss = _d_loss(D, real, fake.detach())
    d_optimizer.step()
    g_optimizer.zero_grad()
    g_loss = cross(D(fake), 1.0)
    g_loss.backward()
    g_optimizer.step()
    return _result(d_loss, g_loss)


def _generates_again(G, D, d_optimizer, g_optimizer, real, z):
    return _variant(redraw=lambda z: z)(G, D, d_optimizer, g_optimizer, real, z)


def _not_detached_at_all(G, D, d_optimizer, g_optimizer, real, z):
    """G's graph is used up by D's backward."""
    fake = G(z)
    d_optimizer.zero_grad()
    d_loss = _d_loss(D, real, fake)
    d_loss.backward()
    d_optimizer.step()
    g_optimizer.zero_grad()
    g_loss = cross(D(fake), 1.0)
    g_loss.backward()
    g_optimizer.step()
    return _result(d_loss, g_loss)


def _zeroed_at_the_start_only(G, D, d_optimizer, g_optimizer, real, z):
    g_optimizer.zero_grad()
    return _variant(detach=False, g_zero=False)(G, D, d_optimizer, g_optimizer, real, z)


def _stale_g_graph(G, D, d_optimizer, g_optimizer, real, z):
    fake = G(z)
    d_optimizer.zero_grad()
    d_loss, g_loss = _d_loss(D, real, fake.detach()), cross(D(fake), 1.0)
    d_loss.backward()
    d_optimizer.step()
    g_optimizer.zero_grad()
    g_loss.backward()
    g_optimizer.step()
    return _result(d_loss, g_loss)


def _only_fakes(D, real, fake, target):
    return cross(D(fake), 0.0)


def _only_real(D, real, fake, target):
    return cross(D(real), target)


def _halved(D, real, fake, target):
    return _d_loss(D, real, fake, target) / 2


def _swapped(D, real, fake, target):
    return cross(D(real), 0.0) + cross(D(fake), target)


def _both_smoothed(D, real, fake, target):
    return cross(D(real), target) + cross(D(fake), 1 - target)


def _climbing(D, real, fake, target):
    return -_d_loss(D, real, fake, target)


WRONG = {
    "G learnt through the old D": _both_losses_first,
    "G's loss moved D as well": _variant(again_d=True),
    "D's step must come before": _late_d_step,
    "as well: D's step": _one_backward,
    "the order is swapped": _g_first,
    "draw no new z": _variant(redraw=torch.randn_like),
    "D's old gradients were not zeroed": _variant(d_zero=False),
    "G's old gradients were not zeroed before": _variant(g_zero=False),
    "the fakes were not detached in D's step": _zeroed_at_the_start_only,
    "(nor at the start)": _variant(detach=False, g_zero=False),
    "used up G's graph": _not_detached_at_all,
    "compute G's loss after D's step": _stale_g_graph,
    "the smoothing is lost": _variant(target=1.0),
    "the fakes are smoothed too": _variant(d_loss=_both_smoothed),
    "labels are swapped": _variant(d_loss=_swapped),
    "the sum is halved": _variant(d_loss=_halved),
    "D saw the real images only": _variant(d_loss=_only_real),
    "D saw the fakes only": _variant(d_loss=_only_fakes),
    "D climbed up its loss": _variant(d_loss=_climbing),
    "D has moved": _variant(d_step=False),
    "D took its step twice": _variant(d_twice=True),
    "D has no `backward()`": _d_without_backward,
    "with no `zero_grad()` between": _variant(late_zero=True),
    "G has moved": _variant(g_step=False),
    "take -log D": _variant(g_target=0.0, g_sign=-1.0),
    "the fakes have the target 0": _variant(g_target=0.0),
    "G climbed up": _variant(g_sign=-1.0),
    "only D's loss is": _variant(g_target=0.9),
    "G went down D's loss, where": _g_learns_from_d_loss,
    "take `.item()`": _variant(result=lambda d, g: {"d_loss": d, "g_loss": g}),
    "is there a `return`": _variant(result=lambda d, g: None),
    "the keys are": _variant(result=lambda d, g: (d.item(), g.item())),
    "the two losses are swapped": _variant(result=lambda d, g: _result(g, d)),
    "was computed before D's step": _variant(early_g_loss=True),
    "keep `fake` from the first pass": _generates_again,
    "undo a `.eval()`": _variant(after=lambda G, D: G.eval()),
}
