"""Exercise 3.4: one training step, and what it made of the weights of G and D.

Over 400 lines: no function of the course is written wrongly in more ways, and each has a clue of its own.
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab03 import _scorer
from labkit.exercises.probing import elsewhere, flat, tried
from labkit.exercises.properties import Case, Cause, alike, fits_any_device, holds, rule, same, unchanged
from labkit.exercises.reading import numbers, whole, word

D_RATE, G_RATE = 0.3, 0.2


@dataclass(frozen=True)
class Start:
    """Two small networks in training mode, their optimizers, real images (B, C, 8, 8), z (B, latent, 1, 1).

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
    count, colours, latent, width = (int(torch.randint(low, low + 3, ())) for low in (5, 1, 3, 3))
    G = nn.Sequential(
        nn.ConvTranspose2d(latent, width, 4, 1, 0, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.ConvTranspose2d(width, colours, 4, 2, 1),
        nn.Tanh(),
    )
    D = nn.Sequential(
        nn.Conv2d(colours, 4, 4, 2, 1),
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
    real = torch.tanh(torch.randn(count, colours, 8, 8) + 0.4)
    return _start(G, D, real, torch.randn(count, latent, 1, 1))


def _start(G, D, real, z) -> Start:
    return Start(
        G, D, torch.optim.SGD(D.parameters(), lr=D_RATE), torch.optim.SGD(G.parameters(), lr=G_RATE), real, z
    )


def _one_image(s: Start) -> Start:
    """The same start with a single image."""
    G, D = copy.deepcopy(s.G), copy.deepcopy(s.D)
    for net, old in ((G, s.G), (D, s.D)):
        for p, was in zip(net.parameters(), old.parameters(), strict=True):
            p.grad = was.grad.clone()
    return _start(G, D, s.real[:1].clone(), s.z[:1].clone())


def _elsewhere(s: Start) -> Start:
    """A start of the same shapes on another device, of dense layers: there convolutions take long."""
    latent, image = s.z.shape[1], s.real.shape[1:]
    with torch.device("meta"):
        G = nn.Sequential(nn.Flatten(), nn.Linear(latent, image.numel()), nn.Unflatten(1, image))
        D = nn.Sequential(nn.Flatten(), nn.Linear(image.numel(), 1), nn.Flatten(0))
    return _start(G, D, s.real.to("meta"), s.z.to("meta"))


def _run(train_step, s: Start):
    return train_step(s.G, s.D, s.d_optimizer, s.g_optimizer, s.real, s.z)


def probe(train_step, s: Start):
    one, there = _one_image(s), _elsewhere(s)
    networks, given = (s.G, s.D), (s.real.clone(), s.z.clone())
    asked, scored, steps = [], [], []
    # At their first layers: whoever writes G.forward(z) runs G as well.
    s.G[0].register_forward_pre_hook(lambda _, inputs: asked.append(inputs[0].detach().flatten().clone()))
    s.D[0].register_forward_hook(lambda *_: scored.append(1))
    s.d_optimizer.register_step_post_hook(lambda *_: steps.append("d"))
    s.g_optimizer.register_step_post_hook(lambda *_: steps.append("g"))
    before = [flat(net.parameters()) for net in (s.D, s.G)]
    result = _run(train_step, s)
    after = [flat(net.parameters()) for net in (s.D, s.G)]
    losses = _losses(result)
    kinds = ["None" if v is None else type(v).__name__ for v in losses]
    return {
        "D's change": after[0] - before[0],
        "G's change": after[1] - before[1],
        "inputs of G": torch.cat([torch.zeros(0), *asked]),
        "steps": ", ".join(steps),
        "returned": type(result).__name__ if not isinstance(result, dict) else ", ".join(map(str, result)),
        "kinds": ", ".join(kinds),
        "the losses": _numbers(losses),
        "runs of G": len(asked),
        "passes through D": len(scored),
        "training": [bool(m.training) for net in networks for m in net.modules()],
        "learning": [p.requires_grad for net in networks for p in net.parameters()],
        "change of what was given": flat([s.real - given[0], s.z - given[1]]),
        "the next random number": torch.rand(()),
        "one image": tried(lambda: _numbers(_losses(_run(train_step, one)))),
        "elsewhere": elsewhere(lambda: _run(train_step, there)),
    }


def _losses(result) -> list:
    return [result.get(k) for k in ("d_loss", "g_loss")] if isinstance(result, dict) else []


def _numbers(losses: list) -> list[float]:
    return [float(v) for v in losses if isinstance(v, int | float)]


EXERCISE = Exercise(
    "3.4",
    "One training step",
    5,
    "train_step(G, D, d_optimizer, g_optimizer, real, z)",
    start,
    probe,
    causes={
        r"expected .* to have \d+ channels": (
            "a tensor is in another's place: G takes the `z` that is given, the losses take (D, real, fake)"
        ),
        "backward through the graph a second time": (
            "two calls of `backward()` share a graph. One `backward()` for each loss, D's on fakes that are "
            "detached (see 3.2) and passed last, and one update of each network"
        ),
        "modified by an inplace operation": (
            "a `step()`, or a change in place, comes before a `backward()` that needs the old values. "
            "Compute G's loss after D's step; each optimizer steps after its own network's `backward()`"
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

    def d_loss(self, on_real=0.9, on_fake=0.0, weights=(1, 1), of=_scorer.cross_entropy):
        real_part, fake_part = of(self.D(self.real), on_real), of(self.D(self.fake), on_fake)
        return weights[0] * real_part + weights[1] * fake_part

    def g_loss(self, target=1.0, of=_scorer.cross_entropy):
        return of(self.D(self.fake), target)

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


def _in_evaluation(which: int):
    """A step in which G (0) or D (1) is in evaluation mode meanwhile."""

    def answer(*given):
        given[which].eval()
        told = expected(*given)
        given[which].train()
        return told

    return answer


def _z_given(case: Case):
    z, rows = case.given.z.numpy().ravel(), numbers(case.got["inputs of G"])
    whole = rows.size % z.size == 0 and rows.size <= 20 * z.size  # nobody runs G more often
    ok = whole and all(alike(row, z, 1e-3, 1e-4) for row in rows.reshape(-1, z.size))
    yield holds(
        "G runs on the z given",
        ok,
        got="another z" if np.isfinite(rows).all() else "no run of G",
        expected="G(z)",
        cause="the step is given its `z`, for both updates: draw no new z in it",
    )


def _moved(name: str, otherwise: Cause):
    def find(case: Case):
        stepped = name.lower() in word(case.got["steps"]).split(", ")
        never = f"`{name.lower()}_optimizer.step()` is never called: is it there, with its `()`?"
        yield holds(
            f"{name} has moved",
            bool(np.any(case.got[f"{name}'s change"] != 0)),
            got="no weight has changed",
            expected="a step",
            cause=(otherwise(case) if callable(otherwise) else otherwise) if stepped else never,
        )

    return rule(find, f"{name}'s change", "steps")


def _no_gradient(case: Case) -> str:
    told, right = numbers(case.got["the losses"]), numbers(case.expected["the losses"])
    if told.size == 2 and not alike(told[1:], right[1:], 1e-3, 1e-4):
        return (
            "nothing of G's loss reaches G, and its value is not that of the fakes: the order is "
            "`generator_loss(D, real, fake)`"
        )
    return (
        "`g_optimizer.step()` found no gradient: it comes after G's `backward()`, with no `zero_grad()` "
        "between and nothing that cuts the fakes off from G, as `.detach()` or `no_grad()` does"
    )


def _or_its_steps(name: str, otherwise: str):
    """What the optimizers' steps tell of a network that is not where it should be, if they tell something."""

    def cause(case: Case) -> str:
        steps = word(case.got["steps"]).split(", ")
        if steps.count(name.lower()) > 1:
            return (
                f"{name} is updated {steps.count(name.lower())} times: one update of each network in a step"
            )
        if steps[0] == "g":
            return "the first `step()` is G's: D learns first, and each network has its own optimizer"
        return otherwise

    return cause


def _one_step_each(case: Case):
    steps = word(case.got["steps"])
    yield holds(
        "each optimizer takes one step, D's first",
        steps == "d, g",
        got=f"steps of {steps}" if steps else "no step of an optimizer",
        expected="steps of d, g",
        cause="one `d_optimizer.step()`, then one `g_optimizer.step()`",
    )


def _three_passes(case: Case):
    passes = whole(case.got["passes through D"])
    yield holds(
        "D judges three batches: real, detached fakes, fakes",
        passes == 3,
        got=f"{passes} batches",
        expected="3 batches",
        cause="two calls of D in its own loss, one in G's: " + _scorer.MORE_CALLS,
    )


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
    unchanged(
        "change of what was given",
        "the images and z stay as they were",
        "nothing may change in place: no `+=`, no `x[…] =`, no method that ends in `_`",
    ),
    rule(_z_given, "inputs of G"),
    _moved("D", "`d_optimizer.step()` comes after D's `backward()`, with no `zero_grad()` between"),
    same(
        "D's change",
        "D ends where one step of its optimizer takes it",
        _or_its_steps("D", "D takes one step down its own loss, that of 3.2, on the real images and on G(z)"),
        points=1.5,
        rtol=1e-3,
        atol=2e-5,
    ),
    _moved("G", _no_gradient),
    same(
        "G's change",
        "G ends where one step through the updated D takes it",
        _or_its_steps(
            "G", "G takes one step down its own loss, that of 3.3, on the very fakes that D has seen"
        ),
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
        points=0.25,
    ),
    rule(_one_step_each, "steps"),
    rule(_three_passes, "passes through D"),
    unchanged(
        ("training", "learning"),
        "both networks stay ready to train",
        "undo a `.eval()` or `requires_grad_(False)` before you return",
        got="a network in evaluation mode, or with frozen weights",
        expected="training mode, all weights learning",
    ),
    unchanged(
        "the next random number",
        "it draws no random numbers and sets no seed",
        "a `manual_seed` in here would give every step the same z; noise is not asked for",
        got="torch's random state has changed",
    ),
    same(
        "one image",
        "a batch of one image works",
        _scorer.ONE_IMAGE["otherwise"],
        expected="its two losses",
        points=0.25,
        rtol=1e-3,
    ),
    fits_any_device("elsewhere"),
)

_AGAIN = "G's loss moved D as well: `d_optimizer.step()` was called again after G's `backward()`"
_NOT_DETACHED = "the fakes were not detached in D's step, and G's gradients not zeroed before its own"
_SQUARES = "{}'s loss is made of squared differences (least squares): the cross-entropy is asked for"
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
    (
        "D took a step down G's loss: its own gradients were zeroed before `d_optimizer.step()`, or the "
        "optimizers are exchanged"
    ): _step(d=lambda m: m.pull),
    "D was updated twice, on the same fakes: one update of each network in a step": _step(
        again=lambda m: m.slope(m.D, m.d_loss())
    ),
    _SQUARES.format("D"): _d_step(of=_scorer.squares),
    "the fakes' target is 1 in D's loss: D should say 0 to them": _d_step(on_fake=1.0),
    "the target is 1 for real images and fakes alike in D's loss": _d_step(on_real=1.0, on_fake=1.0),
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
    _SQUARES.format("G"): _step(g=lambda m: m.slope(m.G, m.g_loss(of=_scorer.squares))),
    "G's target is smoothed: only D's loss is": _g_step(0.9),
    "G climbed up its loss instead of down": _step(g=lambda m: -m.g),
    "G's loss is halved": _step(g=lambda m: m.g / 2),
    "G has no `backward()`: it followed the gradients of an earlier step": _step(g=lambda m: m.g_left),
    "G took its step twice": _step(g=lambda m: 2 * m.g),
    "G ran in evaluation mode: in a step both networks are in training mode": _in_evaluation(0),
    "D judged in evaluation mode: in a step both networks are in training mode": _in_evaluation(1),
    "the two losses are swapped": _step(told=lambda old, new: (new[1], old[0])),
    "`g_loss` was computed before D's step": _step(told=lambda old, new: old),
    "`d_loss` was computed again after D's step": _step(told=lambda old, new: new),
}
