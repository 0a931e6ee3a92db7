"""Judge of exercise 3.4: where plain gradient descent leads from the same start.

Once as asked for, and once for each of the usual mistakes, so that a wrong answer is recognised by where it
ends up.
"""

from functools import cached_property

import numpy as np
import torch
from torch import nn
from torch.func import functional_call
from torch.nn.functional import softplus

from labkit.exercises.exercise import Finding
from labkit.exercises.judges.comparing import close, holds
from labkit.exercises.reading import all_are, whole, word
from labkit.exercises.step_specs import D_RATE, G_RATE, Start, flat

SMOOTH = 0.9


def judge_step(s: Start, got):
    m = _Steps(s)
    yield _moved(
        "D", got["D's change"], "`d_optimizer.step()` after D's `backward()`, with no `zero_grad()` between"
    )
    d = m.d_gradient()
    yield close(
        "D ends where one step of its optimizer takes it",
        got["D's change"],
        -D_RATE * d,
        mistakes=lambda: _d_mistakes(m, d),
        cause="D takes one step down its own loss, on the real images and on G(z) with the z given",
        rtol=1e-3,
        atol=2e-5,
    )
    yield _moved(
        "G", got["G's change"], "`g_optimizer.step()` after G's `backward()`, and fakes that are not detached"
    )
    g = m.g_gradient(m.D_new)
    yield close(
        "G ends where one step through the updated D takes it",
        got["G's change"],
        -G_RATE * g,
        mistakes=lambda: _g_mistakes(m, g),
        cause="G takes one step down its own loss, on the very fakes that D has seen: draw no new z",
        rtol=1e-3,
        atol=2e-5,
    )
    yield _returns(got)
    d_loss, g_loss = m.d_loss(m.D_old).item(), m.g_loss(m.D_new).item()
    yield close(
        "they are the losses of this step",
        got["the losses"],
        np.array([d_loss, g_loss]),
        mistakes={
            "the two losses are swapped": np.array([g_loss, d_loss]),
            "`g_loss` was computed before D's step": np.array([d_loss, m.g_loss(m.D_old).item()]),
            "`d_loss` was computed again after D's step": np.array([m.d_loss(m.D_new).item(), g_loss]),
        },
        cause="return the values on which `backward()` was called",
        rtol=1e-3,
    )
    yield holds(
        "the fakes are made once and serve both updates",
        whole(got["runs of G"]) == 1,
        got=f"{whole(got['runs of G'])} runs of G",
        expected="1 run of G",
        cause="keep `fake` from the first pass: running G again costs time and teaches nothing new",
    )
    yield holds(
        "both networks stay ready to train",
        all_are(got["training"], True, 2)
        and all_are(got["learning"], True, len([*s.G.parameters(), *s.D.parameters()])),
        got="a network in evaluation mode, or with frozen weights",
        expected="training mode, all weights learning",
        cause="undo a `.eval()` or `requires_grad_(False)` before you return",
    )


def _moved(name: str, change: np.ndarray, needs: str) -> Finding:
    return holds(
        f"{name} has moved",
        change.size > 0 and bool(np.any(change != 0)),
        got="no weight has changed",
        expected="a step",
        cause=f"it takes {needs}",
    )


def _returns(got) -> Finding:
    names, kinds = word(got["returned"]), word(got["kinds"])
    if kinds and "None" not in kinds and "float" not in kinds and "Tensor" in kinds:
        cause = "a tensor keeps its whole graph alive: take `.item()`"
    elif names == "NoneType":
        cause = "the function returned nothing: is there a `return`?"
    else:
        cause = 'the keys are "d_loss" and "g_loss", the values plain floats'
    return holds(
        "it returns both losses as floats",
        kinds == "float, float" and {"d_loss", "g_loss"} <= set(names.split(", ")),
        got=f"{names} ({kinds})" if kinds else names,
        expected='a dict {"d_loss": float, "g_loss": float}',
        cause=cause,
    )


class _Steps:
    """Where one step of gradient descent leads, for the right gradients and for wrong ones."""

    def __init__(self, s: Start):
        self.s = s
        self.D_old = {k: v.detach().clone().requires_grad_() for k, v in s.D.named_parameters()}
        self.G_old = {k: v.detach().clone().requires_grad_() for k, v in s.G.named_parameters()}
        self.d_left = flat(p.grad for p in s.D.parameters()).numpy()
        self.g_left = flat(p.grad for p in s.G.parameters()).numpy()

    @cached_property
    def D_new(self) -> dict[str, torch.Tensor]:
        return self._descend(self.D_old, self.d_gradient(), D_RATE)

    @cached_property
    def G_early(self) -> dict[str, torch.Tensor]:
        """G after a step through the D that has not learnt yet."""
        return self._descend(self.G_old, self.g_gradient(self.D_old), G_RATE)

    def d_loss(self, D, *, real=SMOOTH, fake=0.0, parts=(1.0, 1.0), G=None) -> torch.Tensor:
        on_real, on_fake = self._D(D, self.s.real), self._D(D, self._G(G or self.G_old))
        return parts[0] * _cross(on_real, real) + parts[1] * _cross(on_fake, fake)

    def g_loss(self, D, *, target=1.0) -> torch.Tensor:
        return _cross(self._D(D, self._G(self.G_old)), target)

    def d_gradient(self, **how) -> np.ndarray:
        return self._gradient(self.d_loss(self.D_old, **how), self.D_old)

    def g_gradient(self, D, **how) -> np.ndarray:
        return self._gradient(self.g_loss(D, **how), self.G_old)

    def d_gradient_at_G(self, D) -> np.ndarray:
        """What D's loss would do to G if the fakes were not detached."""
        return self._gradient(self.d_loss(D), self.G_old)

    def g_gradient_at_D(self, D) -> np.ndarray:
        """What G's loss does to D's weights, if D's optimizer lets it."""
        return self._gradient(self.g_loss(D), D)

    def _G(self, weights):
        return functional_call(self.s.G, (weights, _buffers(self.s.G)), (self.s.z,))

    def _D(self, weights, images):
        return functional_call(self.s.D, (weights, _buffers(self.s.D)), (images,))

    @staticmethod
    def _gradient(loss, weights) -> np.ndarray:
        return flat(torch.autograd.grad(loss, list(weights.values()))).numpy()

    @staticmethod
    def _descend(weights, gradient: np.ndarray, rate: float) -> dict[str, torch.Tensor]:
        parts = torch.from_numpy(gradient).split([v.numel() for v in weights.values()])
        moved = zip(weights.items(), parts, strict=True)
        return {k: (v.detach() - rate * g.view_as(v)).requires_grad_() for (k, v), g in moved}


def _d_mistakes(m: _Steps, d: np.ndarray) -> dict[str, np.ndarray]:
    at_old, at_new = m.g_gradient_at_D(m.D_old), m.g_gradient_at_D(m.D_new)
    again = "G's loss moved D as well: `d_optimizer.step()` was called again after G's `backward()`"
    mixed = "G's loss moved D as well: D's step must come before G's `backward()`"
    gradients = {
        "D's old gradients were not zeroed before its `backward()`": d + m.d_left,
        "the smoothing is lost: real images have the target 0.9": m.d_gradient(real=1.0),
        "the fakes are smoothed too: their target is 0": m.d_gradient(fake=1 - SMOOTH),
        "the labels are swapped: real is 1, fake is 0": m.d_gradient(real=0.0, fake=SMOOTH),
        "the sum is halved: D's two parts are added": d / 2,
        "D saw the real images only": m.d_gradient(parts=(1.0, 0.0)),
        "D saw the fakes only": m.d_gradient(parts=(0.0, 1.0)),
        "D climbed up its loss instead of down": -d,
        again: 2 * d + at_new,
        again + " (with zeroed gradients)": d + at_new,
        mixed: d + at_old,
        "D took a step down G's loss: its own gradients were zeroed before its `step()`": at_old,
        "the order is swapped: D learns first, on fakes of a G that has not moved": m.d_gradient(G=m.G_early),
        "D took its step twice": 2 * d,
        "D has no `backward()`: it followed the gradients of an earlier step": m.d_left,
    }
    return {cause: -D_RATE * g for cause, g in gradients.items()}


def _g_mistakes(m: _Steps, g: np.ndarray) -> dict[str, np.ndarray]:
    early, back = m.g_gradient(m.D_old), m.d_gradient_at_G(m.D_old)
    not_detached = "the fakes were not detached in D's step, and G's gradients not zeroed before its own"
    gradients = {
        "G learnt through the old D: D takes its step first": early,
        "G's old gradients were not zeroed before its `backward()`": g + m.g_left,
        "G's old gradients were not zeroed, and G learnt through the old D": early + m.g_left,
        not_detached: g + back,
        not_detached + " (nor at the start)": g + back + m.g_left,
        not_detached + ", and it learnt through the old D": early + back,
        "G went down D's loss, where the fakes have the target 0: flip the labels": m.d_gradient_at_G(
            m.D_new
        ),
        "G's loss is D's with the sign turned round, log(1 - D): take -log D": m.g_gradient(
            m.D_new, target=0.0
        )
        * -1,
        "G's target is smoothed: only D's loss is": m.g_gradient(m.D_new, target=SMOOTH),
        "G climbed up its loss instead of down": -g,
        "G's loss is halved": g / 2,
        "G has no `backward()`: it followed the gradients of an earlier step": m.g_left,
        "G took its step twice": 2 * g,
    }
    return {cause: -G_RATE * v for cause, v in gradients.items()}


def _cross(logits: torch.Tensor, target: float) -> torch.Tensor:
    return softplus(logits).mean() - target * logits.mean()


def _buffers(net: nn.Module) -> dict[str, torch.Tensor]:
    return {name: buffer.clone() for name, buffer in net.named_buffers()}
