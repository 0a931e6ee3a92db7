"""Exercise 3.4: one training step, and what it made of the weights of G and D."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab03 import _scorer
from labkit.exercises.probing import flat
from labkit.exercises.properties import Case, holds, rule, same, unchanged
from labkit.exercises.reading import word

D_RATE, G_RATE = 0.3, 0.2


@dataclass(frozen=True)
class Start:
    """Two small networks in training mode, their optimizers, real images (6, 2, 8, 8) and z (6, 3, 1, 1).

    Their ``.grad`` holds what an earlier step left behind.
    """

    G: nn.Module
    D: nn.Module
    d_optimizer: torch.optim.Optimizer
    g_optimizer: torch.optim.Optimizer
    real: torch.Tensor
    z: torch.Tensor


def start(seed: int) -> Start:
    """The same start for the same seed. Plain gradient descent shows every slip; Adam would hide some."""
    torch.manual_seed(seed)
    G = nn.Sequential(
        nn.ConvTranspose2d(3, 4, 4, 1, 0, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.ConvTranspose2d(4, 2, 4, 2, 1),
        nn.Tanh(),
    )
    D = nn.Sequential(
        nn.Conv2d(2, 4, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(4, 5, 2, 2, bias=False),
        nn.BatchNorm2d(5),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(20, 1),
        nn.Flatten(0),
    )
    with torch.no_grad():
        D[6].weight.mul_(3)
    for p in (*G.parameters(), *D.parameters()):
        p.grad = torch.randn_like(p) * 0.3
    return Start(
        G,
        D,
        torch.optim.SGD(D.parameters(), lr=D_RATE),
        torch.optim.SGD(G.parameters(), lr=G_RATE),
        torch.tanh(torch.randn(6, 2, 8, 8) + 0.4),
        torch.randn(6, 3, 1, 1),
    )


def probe(train_step, s: Start):
    runs = []
    hook = s.G.register_forward_hook(lambda *_: runs.append(1))
    before = [flat(net.parameters()) for net in (s.D, s.G)]
    result = train_step(s.G, s.D, s.d_optimizer, s.g_optimizer, s.real, s.z)
    hook.remove()
    after = [flat(net.parameters()) for net in (s.D, s.G)]
    losses = [result.get(k) for k in ("d_loss", "g_loss")] if isinstance(result, dict) else []
    kinds = ["None" if v is None else type(v).__name__ for v in losses]
    return {
        "D's change": after[0] - before[0],
        "G's change": after[1] - before[1],
        "returned": type(result).__name__ if not isinstance(result, dict) else ", ".join(map(str, result)),
        "kinds": ", ".join(kinds),
        "the losses": [float(v) for v in losses if isinstance(v, int | float)],
        "runs of G": len(runs),
        "training": [bool(net.training) for net in (s.G, s.D)],
        "learning": [p.requires_grad for net in (s.G, s.D) for p in net.parameters()],
    }


EXERCISE = Exercise(
    "3.4",
    "One training step",
    5,
    "train_step(G, D, d_optimizer, g_optimizer, real, z)",
    start,
    probe,
    causes={
        "backward through the graph a second time": (
            "the fakes are not detached in D's loss, so its `backward()` used up G's graph: see 3.2"
        ),
        "modified by an inplace operation": (
            "D's step changed weights that G's loss still needs: compute G's loss after D's step"
        ),
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


class _Moment:
    """The two networks in the middle of a step, and the gradients there, each in one row.

    Attributes:
        d, g: the gradients that are asked for, of D at first and of G once D has moved.
        d_left, g_left: what an earlier step left behind.
        early: the gradient of G's loss at G, before D has moved.
        back: what reaches G from D's loss where the fakes are not detached.
        pull: what reaches D from G's loss, before D has moved.
    """

    def __init__(self, G, D, real, z):
        self.G, self.D, self.real, self.z = G, D, real, z
        self.d_left, self.g_left = (flat(p.grad for p in net.parameters()) for net in (D, G))
        self.fake = G(z)
        self.d, self.back = (self.slope(net, self.d_loss()) for net in (D, G))
        self.pull, self.early = (self.slope(net, self.g_loss()) for net in (D, G))

    def d_loss(self, on_real=0.9, on_fake=0.0, weights=(1, 1)):
        real_part = _scorer.cross_entropy(self.D(self.real), on_real)
        return weights[0] * real_part + weights[1] * _scorer.cross_entropy(self.D(self.fake), on_fake)

    def g_loss(self, target=1.0):
        return _scorer.cross_entropy(self.D(self.fake), target)

    @staticmethod
    def slope(net, loss):
        return flat(torch.autograd.grad(loss, list(net.parameters()), retain_graph=True))


def _down(net: nn.Module, rate: float, gradient: torch.Tensor) -> None:
    moved = flat(net.parameters()) - rate * gradient
    nn.utils.vector_to_parameters(moved, net.parameters())


def _step(d=lambda m: m.d, again=None, g=lambda m: m.g, told=lambda old, new: (old[0], new[1])):
    """A step in which D moves down ``d``, then perhaps once more, and G down ``g``; it tells two of the
    losses (D's, G's), old or new: from before D has moved or after."""

    def answer(G, D, d_optimizer, g_optimizer, real, z):
        m = _Moment(G, D, real, z)
        old = m.d_loss(), m.g_loss()
        _down(D, D_RATE, d(m))
        if again:
            _down(D, D_RATE, again(m))
        new = m.d_loss(), m.g_loss()
        m.g = m.slope(G, new[1])
        _down(G, G_RATE, g(m))
        return dict(zip(("d_loss", "g_loss"), (loss.item() for loss in told(old, new)), strict=True))

    return answer


expected = _step()


def _d_step(**how):
    """A step in which D learns from another loss of its own."""
    return _step(d=lambda m: m.slope(m.D, m.d_loss(**how)))


def _g_step(target, factor=1.0):
    return _step(g=lambda m: factor * m.slope(m.G, m.g_loss(target)))


def _after_g(m: _Moment) -> torch.Tensor:
    """D's gradient on fakes of a G that has moved already."""
    _down(m.G, G_RATE, m.early)
    m.fake = m.G(m.z)
    return m.slope(m.D, m.d_loss())


def _moved(name: str, needs: str):
    def find(case: Case):
        yield holds(
            f"{name} has moved",
            bool(np.any(case.got[f"{name}'s change"] != 0)),
            got="no weight has changed",
            expected="a step",
            cause=f"it takes {needs}",
        )

    return rule(find, f"{name}'s change")


def _two_floats(case: Case):
    names, kinds = word(case.got["returned"]), word(case.got["kinds"])
    if kinds and "None" not in kinds and "float" not in kinds and "Tensor" in kinds:
        cause = "a tensor keeps its whole graph alive: take `.item()`"
    elif names == "NoneType":
        cause = "the function returned nothing: is there a `return`?"
    else:
        cause = 'the keys are "d_loss" and "g_loss", the values plain floats'
    yield holds(
        "it returns both losses as floats",
        kinds == "float, float" and {"d_loss", "g_loss"} <= set(names.split(", ")),
        got=f"{names} ({kinds})" if kinds else names,
        expected='a dict {"d_loss": float, "g_loss": float}',
        cause=cause,
    )


PROPERTIES = (
    _moved("D", "`d_optimizer.step()` after D's `backward()`, with no `zero_grad()` between"),
    same(
        "D's change",
        "D ends where one step of its optimizer takes it",
        "D takes one step down its own loss, on the real images and on G(z) with the z given",
        points=1.5,
        rtol=1e-3,
        atol=2e-5,
    ),
    _moved("G", "`g_optimizer.step()` after G's `backward()`, and fakes that are not detached"),
    same(
        "G's change",
        "G ends where one step through the updated D takes it",
        "G takes one step down its own loss, on the very fakes that D has seen: draw no new z",
        points=2,
        rtol=1e-3,
        atol=2e-5,
    ),
    rule(_two_floats, "returned", "kinds", points=0.5),
    same(
        "the losses",
        "they are the losses of this step",
        "return the values on which `backward()` was called",
        points=0.5,
        rtol=1e-3,
    ),
    same(
        "runs of G",
        "the fakes are made once and serve both updates",
        "keep `fake` from the first pass: running G again costs time and teaches nothing new",
        expected="1 run of G",
        points=0.5,
    ),
    unchanged(
        ("training", "learning"),
        "both networks stay ready to train",
        "undo a `.eval()` or `requires_grad_(False)` before you return",
        got="a network in evaluation mode, or with frozen weights",
        expected="training mode, all weights learning",
    ),
)

_AGAIN = "G's loss moved D as well: `d_optimizer.step()` was called again after G's `backward()`"
_NOT_DETACHED = "the fakes were not detached in D's step, and G's gradients not zeroed before its own"
MISTAKES = {
    "D's old gradients were not zeroed before its `backward()`": _step(d=lambda m: m.d + m.d_left),
    "the smoothing is lost: real images have the target 0.9": _d_step(on_real=1.0),
    "the fakes are smoothed too: their target is 0": _d_step(on_fake=0.1),
    "the labels are swapped: real is 1, fake is 0": _d_step(on_real=0.0, on_fake=0.9),
    "the sum is halved: D's two parts are added": _step(d=lambda m: m.d / 2),
    "D saw the real images only": _d_step(weights=(1, 0)),
    "D saw the fakes only": _d_step(weights=(0, 1)),
    "D climbed up its loss instead of down": _step(d=lambda m: -m.d),
    _AGAIN: _step(again=lambda m: m.d + m.slope(m.D, m.g_loss())),
    f"{_AGAIN} (with zeroed gradients)": _step(again=lambda m: m.slope(m.D, m.g_loss())),
    "G's loss moved D as well: D's step must come before G's `backward()`": _step(d=lambda m: m.d + m.pull),
    "D took a step down G's loss: its own gradients were zeroed before its `step()`": _step(
        d=lambda m: m.pull
    ),
    "the order is swapped: D learns first, on fakes of a G that has not moved": _step(d=_after_g),
    "D took its step twice": _step(again=lambda m: m.d),
    "D has no `backward()`: it followed the gradients of an earlier step": _step(d=lambda m: m.d_left),
    "G learnt through the old D: D takes its step first": _step(g=lambda m: m.early),
    "G's old gradients were not zeroed before its `backward()`": _step(g=lambda m: m.g + m.g_left),
    "G's old gradients were not zeroed, and G learnt through the old D": _step(
        g=lambda m: m.early + m.g_left
    ),
    _NOT_DETACHED: _step(g=lambda m: m.g + m.back),
    f"{_NOT_DETACHED} (nor at the start)": _step(g=lambda m: m.g + m.back + m.g_left),
    f"{_NOT_DETACHED}, and it learnt through the old D": _step(g=lambda m: m.early + m.back),
    "G went down D's loss, where the fakes have the target 0: flip the labels": _step(
        g=lambda m: m.slope(m.G, m.d_loss())
    ),
    "G's loss is D's with the sign flipped, log(1 - D): take -log D": _g_step(0.0, -1.0),
    "G's target is smoothed: only D's loss is": _g_step(0.9),
    "G climbed up its loss instead of down": _step(g=lambda m: -m.g),
    "G's loss is halved": _step(g=lambda m: m.g / 2),
    "G has no `backward()`: it followed the gradients of an earlier step": _step(g=lambda m: m.g_left),
    "G took its step twice": _step(g=lambda m: 2 * m.g),
    "the two losses are swapped": _step(told=lambda old, new: (new[1], old[0])),
    "`g_loss` was computed before D's step": _step(told=lambda old, new: old),
    "`d_loss` was computed again after D's step": _step(told=lambda old, new: new),
}
