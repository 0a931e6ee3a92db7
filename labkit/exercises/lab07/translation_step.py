"""Exercise 7.5: one training step of four networks, and what it made of their weights.

Over 400 lines: four networks, two optimizers and two pools can be mixed up in many ways, each with its words.
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab07.cycle_loss import F_IS_A_NETWORK
from labkit.exercises.probing import elsewhere, flat, tried
from labkit.exercises.properties import Case, fits_any_device, holds, rule, same, unchanged
from labkit.exercises.reading import whole, word

RATE, D_RATE = 0.05, 0.1
NETWORKS = ("G", "F", "D_A", "D_B")
OTHER = {"G": "F", "F": "G", "D_A": "D_B", "D_B": "D_A"}
LOSSES = ("g", "f", "cycle", "d_a", "d_b")


class Pool:
    """Gives back earlier fakes in place of the first half of a batch, and notes what it was asked."""

    def __init__(self, kept: torch.Tensor):
        self.kept = kept
        self.asked: list[torch.Tensor] = []
        self.attached = 0

    def swap(self, images: torch.Tensor) -> torch.Tensor:
        self.asked.append(images.detach().flatten().clone())
        self.attached += images.requires_grad
        half = (len(images) + 1) // 2
        return torch.cat([self.kept[:half], images[half:]])


@dataclass(frozen=True)
class Start:
    """Four small networks, their optimizers, images of A and of B (B, C, H, W), two pools, a weight for the
    cycle. The ``.grad`` of the networks holds what an earlier step left behind."""

    networks: dict[str, nn.Module]
    images: tuple[torch.Tensor, torch.Tensor]
    kept: tuple[torch.Tensor, torch.Tensor]
    cycle: float

    def __post_init__(self):
        translators, critics = (
            [p for name in names for p in self.networks[name].parameters()]
            for names in (NETWORKS[:2], NETWORKS[2:])
        )
        object.__setattr__(self, "optimizer", torch.optim.SGD(translators, lr=RATE))
        object.__setattr__(self, "d_optimizer", torch.optim.SGD(critics, lr=D_RATE))
        object.__setattr__(self, "pools", tuple(Pool(kept) for kept in self.kept))

    def run(self, translation_step, **more):
        optimizers = self.optimizer, self.d_optimizer
        return translation_step(*self.networks.values(), *self.images, *optimizers, *self.pools, **more)


def start(seed: int) -> Start:
    """The same start for the same seed. Plain gradient descent shows every slip; Adam would hide some."""
    torch.manual_seed(seed)
    count, colours, height, width = (int(torch.randint(low, low + 2, ())) for low in (5, 2, 7, 9))
    networks = {name: _translator(colours) for name in NETWORKS[:2]}
    networks |= {name: _critic(colours) for name in NETWORKS[2:]}
    for network in networks.values():
        for p in network.parameters():
            p.grad = torch.randn_like(p) * 0.5
    a, b, kept_a, kept_b = (
        torch.tanh(torch.randn(count, colours, height, width) + shift) for shift in (0.4, -0.6, 0.2, -0.3)
    )
    return Start(networks, (a, b), (kept_a, kept_b), 2 + 3 * float(torch.rand(())))


def _translator(colours: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(colours, 4, 3, 1, 1), nn.ReLU(), nn.Conv2d(4, colours, 3, 1, 1), nn.Tanh())


def _critic(colours: int) -> nn.Module:
    critic = nn.Sequential(nn.Conv2d(colours, 4, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(4, 1, 3, 1, 1))
    with torch.no_grad():
        critic[2].weight.mul_(3)
    return critic


def _copied(s: Start, images: int | None = None) -> Start:
    """The same start once more, perhaps with fewer images."""
    networks = copy.deepcopy(s.networks)
    for name, network in networks.items():
        for p, was in zip(network.parameters(), s.networks[name].parameters(), strict=True):
            p.grad = was.grad.clone()
    pairs = (tuple(part[:images].clone() for part in pair) for pair in (s.images, s.kept))
    return Start(networks, *pairs, s.cycle)


def _elsewhere(s: Start) -> Start:
    """A start of the same shapes on another device, of dense layers: there convolutions take long."""
    shape = s.images[0].shape[1:]
    size = shape.numel()
    with torch.device("meta"):
        networks = {
            name: nn.Sequential(nn.Flatten(), nn.Linear(size, size), nn.Unflatten(1, shape))
            for name in NETWORKS
        }
    return Start(networks, *(tuple(part.to("meta") for part in pair) for pair in (s.images, s.kept)), 1.0)


def probe(translation_step, s: Start):
    other, one, there = _copied(s), _copied(s, 1), _elsewhere(s)
    given, steps = [part.clone() for part in s.images], []
    s.optimizer.register_step_post_hook(lambda *_: steps.append("optimizer"))
    s.d_optimizer.register_step_post_hook(lambda *_: steps.append("d_optimizer"))
    before = [flat(net.parameters()) for net in s.networks.values()]
    result = s.run(translation_step)
    after = [flat(net.parameters()) for net in s.networks.values()]
    losses = _losses(result)
    found = {f"{name}'s change": b - a for name, a, b in zip(NETWORKS, before, after, strict=True)}
    found |= {
        f"what pool_{kind} was given": torch.cat([torch.zeros(0), *pool.asked])
        for kind, pool in zip("ab", s.pools, strict=True)
    }

    def with_another_weight():
        other.run(translation_step, cycle=s.cycle)
        return flat(p for name in NETWORKS[:2] for p in other.networks[name].parameters())

    return found | {
        "attached fakes": sum(pool.attached for pool in s.pools),
        "steps": ", ".join(steps),
        "returned": type(result).__name__ if not isinstance(result, dict) else ", ".join(map(str, result)),
        "kinds": ", ".join(map(_kind, losses)),
        "the losses": _numbers(losses),
        "training": [bool(m.training) for net in s.networks.values() for m in net.modules()],
        "learning": [p.requires_grad for net in s.networks.values() for p in net.parameters()],
        "change of what was given": flat(x - was for x, was in zip(s.images, given, strict=True)),
        "the next random number": torch.rand(()),
        "G and F with another weight": tried(with_another_weight),
        "one image of each": tried(lambda: _numbers(_losses(one.run(translation_step)))),
        "elsewhere": elsewhere(lambda: there.run(translation_step)),
    }


def _losses(result) -> list:
    return [result.get(name) for name in LOSSES] if isinstance(result, dict) else []


def _kind(value) -> str:
    if isinstance(value, torch.Tensor):
        return "with its graph" if value.requires_grad else "number" if value.numel() == 1 else "several"
    return "number" if isinstance(value, int | float) else type(value).__name__


def _numbers(losses: list) -> list[float]:
    return [float(v) for v in losses if _kind(v) == "number"]


EXERCISE = Exercise(
    "7.5",
    "One step of four networks",
    5,
    "translation_step(G, F, D_A, D_B, a, b, optimizer, d_optimizer, pool_a, pool_b)",
    start,
    probe,
    causes={
        r"backward through the graph a second time|modified by an inplace operation": (
            "the critics' loss still leads back to G and F, whose step is done: give the pools "
            "`fake.detach()`. And one `backward()` for the sum of the generators' losses, not one for each"
        ),
        r"'Pool' object is not callable|'ImagePool' object is not callable": (
            "a pool is asked by its method: `pool_a.swap(...)`"
        ),
        r"concatenate tuple|operand type.*'tuple'|'tuple' object has no attribute '(backward|item|detach)'": (
            "`adversarial_losses` returns two losses, the critic's and then the generator's: take one of them"
        ),
    }
    | F_IS_A_NETWORK,
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def _squares(logits, target):
    return (logits - target).square().mean()


def _entropy(logits, target):
    return functional.softplus(logits).mean() - target * logits.mean()


class _Moment:
    """The four networks within a step, and what their losses are there.

    Attributes:
        left, d_left: the gradients that an earlier step left behind, of G and F, and of both critics.
        shown: what the critics are shown as fakes, of A and of B.
    """

    def __init__(self, G, F, D_A, D_B, a, b, cycle):
        self.G, self.F, self.D_A, self.D_B, self.a, self.b, self.weight = G, F, D_A, D_B, a, b, cycle
        self.translators, self.critics = (
            [p for net in nets for p in net.parameters()] for nets in ((G, F), (D_A, D_B))
        )
        self.left, self.d_left = (flat(p.grad for p in of) for of in (self.translators, self.critics))
        self.translate()
        self.shown = self.fake_a.detach(), self.fake_b.detach()

    def translate(self):
        self.fake_b, self.fake_a = self.G(self.a), self.F(self.b)

    def games(self, target=1.0, of=_squares, judges=None, fakes=None):
        judges, fakes = judges or (self.D_B, self.D_A), fakes or (self.fake_b, self.fake_a)
        return of(judges[0](fakes[0]), target), of(judges[1](fakes[1]), target)

    def cycles(self, cut=lambda fake: fake):
        there, back = self.F(cut(self.fake_b)), self.G(cut(self.fake_a))
        return (there - self.a).abs().mean(), (back - self.b).abs().mean()

    def swapped_cycles(self):
        """Those of each image through the other generator first."""
        there, back = self.G(self.F(self.a)), self.F(self.G(self.b))
        return (there - self.a).abs().mean(), (back - self.b).abs().mean()

    def t(self, weight=None, games=1.0, ways=(1, 1), extra=0.0, cycles=None, **how):
        """The gradient of the generators' loss."""
        g, f = self.games(**how)
        there, back = cycles or self.cycles()
        weight = self.weight if weight is None else weight
        loss = games * (g + f) + weight * (ways[0] * there + ways[1] * back) + extra
        return self.slope(loss, self.translators)

    def identity(self):
        return (self.G(self.b) - self.b).abs().mean() + (self.F(self.a) - self.a).abs().mean()

    def d_losses(self, real=None, parts=(0.5, 0.5), targets=(1.0, 0.0), of=_squares, shown=None):
        pairs = zip((self.D_A, self.D_B), real or (self.a, self.b), shown or self.shown, strict=True)
        return [
            parts[0] * of(D(own), targets[0]) + parts[1] * of(D(fake), targets[1]) for D, own, fake in pairs
        ]

    def d(self, **how):
        """The gradient of the critics' losses."""
        return self.slope(sum(self.d_losses(**how)), self.critics)

    @staticmethod
    def all_but(gradients, net):
        """These gradients of two networks, without those of ``net``, which is the first."""
        own = sum(p.numel() for p in net.parameters())
        return torch.cat([torch.zeros(own), gradients[own:]])

    def pull(self):
        """What reaches the critics from the generators' turn."""
        return self.slope(sum(self.games()), self.critics)

    @staticmethod
    def slope(loss, parameters):
        found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
        return flat(torch.zeros_like(p) if g is None else g for p, g in zip(parameters, found, strict=True))


def _down(parameters, rate, gradient):
    nn.utils.vector_to_parameters(flat(parameters) - rate * gradient, parameters)


def _from_pools(m, pool_a, pool_b):
    return pool_a.swap(m.fake_a.detach()), pool_b.swap(m.fake_b.detach())


def _translated_anew(m, pool_a, pool_b):
    m.translate()
    return _from_pools(m, pool_a, pool_b)


def _step(
    t=lambda m: m.t(), d=lambda m: m.d(), ask=_from_pools, critics_first=False, told=lambda now, later: now
):
    """A step in which G and F go down ``t`` and the critics down ``d``, on the fakes that ``ask`` gets.

    ``told`` makes the losses to return from those of the step, and from those after it.
    """

    def answer(G, F, D_A, D_B, a, b, optimizer, d_optimizer, pool_a, pool_b, cycle=10.0):
        m = _Moment(G, F, D_A, D_B, a, b, cycle)
        m.pulled, m.pools = m.pull(), (pool_a, pool_b)

        def translators():
            nonlocal now
            now = [*m.games(), sum(m.cycles())]
            _down(m.translators, RATE, t(m))

        def critics():
            nonlocal of_critics
            m.shown = ask(m, pool_a, pool_b) or m.shown
            of_critics = m.d_losses()
            _down(m.critics, D_RATE, d(m))

        now, of_critics = [], []
        for turn in (critics, translators) if critics_first else (translators, critics):
            turn()
        m.translate()
        later = [*m.games(), sum(m.cycles()), *m.d_losses()]
        values = told([v.item() for v in now + of_critics], [v.item() for v in later])
        return dict(zip(LOSSES, values, strict=True))

    return answer


expected = _step()


def _pooled(m):
    """The generators' gradient where the critics judge what the pools return."""
    pool_a, pool_b = m.pools
    return m.t(fakes=(pool_b.swap(m.fake_b), pool_a.swap(m.fake_a)))


def _t(**how):
    return _step(t=lambda m: m.t(**how))


def _d(**how):
    return _step(d=lambda m: m.d(**how))


def _moved(name: str):
    own = "d_optimizer" if name.startswith("D") else "optimizer"

    def find(case: Case):
        never = own not in word(case.got["steps"]).split(", ")
        yield holds(
            f"{name} has moved",
            bool(np.any(case.got[f"{name}'s change"] != 0)),
            got="no weight has changed",
            expected="a step",
            cause=f"`{own}.step()` is never called: is it there, with its `()`?"
            if never
            else f"`{own}.step()` finds no gradient of {name}. Is `backward()` called before it, on a sum "
            f"with {name}'s loss, and no `zero_grad()` in between? Is `{own}` the optimizer of this turn?",
        )

    return rule(find, f"{name}'s change", "steps")


def _arrives(name: str, what: str, otherwise: str, points: float):
    own = "d_optimizer" if name.startswith("D") else "optimizer"

    def cause(case: Case) -> str:
        times = word(case.got["steps"]).split(", ").count(own)
        return f"`{own}` takes {times} steps: it is one in each turn" if times > 1 else otherwise

    other = f"{OTHER[name]}'s change"
    return same(f"{name}'s change", what, cause, points=points, rtol=1e-3, atol=2e-5, beside=[other])


def _detached(case: Case):
    yield holds(
        "the pools keep fakes that are detached",
        whole(case.got["attached fakes"]) == 0,
        got="fakes with their graph",
        expected="`fake.detach()`",
        cause="a pool that keeps the graphs of fifty steps fills the memory: `pool_a.swap(fake_a.detach())`",
    )


def _in_turn(case: Case):
    steps = word(case.got["steps"])
    yield holds(
        "one step of each optimizer, the generators' first",
        steps == "optimizer, d_optimizer",
        got=f"steps of {steps}" if steps else "no step of an optimizer",
        expected="steps of optimizer, d_optimizer",
        cause="one `optimizer.step()`, then one `d_optimizer.step()`",
    )


def _five_numbers(case: Case):
    names, kinds = word(case.got["returned"]), word(case.got["kinds"])
    cause = f"the keys are {', '.join(LOSSES)}, the values floats or detached tensors"
    if "with its graph" in kinds:
        cause = "a loss keeps its whole graph alive: take `.item()` or `.detach()`"
    elif names == "NoneType":
        cause = "the function returned nothing: is there a `return`?"
    yield holds(
        "it returns the five losses",
        kinds == ", ".join(["number"] * 5) and set(LOSSES) <= set(names.split(", ")),
        got=f"{names} ({kinds})" if kinds else names,
        expected=f"a dictionary with {', '.join(LOSSES)}",
        cause=cause,
    )


_OWN = "½ (mean (D(real) - 1)² + mean D(fake)²), on real images and on what its pool returned"
PROPERTIES = (
    unchanged(
        "change of what was given",
        "the images stay as they were",
        "nothing may change in place: no `+=`, no `x[…] =`, no method that ends in `_`",
    ),
    _moved("G"),
    _moved("F"),
    _arrives(
        "G",
        "G ends where one step against the critics takes it",
        "G's loss: mean (D_B(G(a)) - 1)², and `cycle` times the cycle loss of both ways",
        0.75,
    ),
    _arrives(
        "F",
        "F ends where one step against the critics takes it",
        "F's loss: mean (D_A(F(b)) - 1)², and `cycle` times the cycle loss of both ways",
        0.75,
    ),
    same(
        "G and F with another weight",
        "`cycle` weighs the cycle loss",
        "both ways of the cycle are multiplied by `cycle`, nothing else is",
        points=0.5,
        rtol=1e-3,
        atol=2e-5,
    ),
    same(
        "what pool_a was given",
        "pool_a is asked once, with the fakes of A",
        "call `pool_a.swap(...)` once, with F(b) as the generators' turn had it",
        points=0.25,
        rtol=1e-3,
        atol=2e-5,
    ),
    same(
        "what pool_b was given",
        "pool_b is asked once, with the fakes of B",
        "call `pool_b.swap(...)` once, with G(a) as the generators' turn had it",
        points=0.25,
        rtol=1e-3,
        atol=2e-5,
    ),
    rule(_detached, "attached fakes", points=0.25),
    _moved("D_A"),
    _moved("D_B"),
    _arrives("D_A", "D_A ends where one step of its own takes it", _OWN, 0.75),
    _arrives("D_B", "D_B ends where one step of its own takes it", _OWN, 0.75),
    rule(_five_numbers, "returned", "kinds", points=0.25),
    same(
        "the losses",
        "they are the losses of this step",
        "g, f and cycle before the generators moved, d_a and d_b before the critics did",
        points=0.5,
        rtol=1e-3,
    ),
    rule(_in_turn, "steps"),
    unchanged(
        ("training", "learning"),
        "all four stay in training mode, with all weights trainable",
        "undo a `.eval()` or `requires_grad_(False)` before you return",
        got="a network in evaluation mode, or with frozen weights",
        expected="training mode, all weights learning",
    ),
    unchanged(
        "the next random number",
        "it draws no random numbers",
        "no noise, no `manual_seed`: a pool draws by itself",
    ),
    same("one image of each", "a batch of one works", "keep the batch axis: no `squeeze()`", rtol=1e-3),
    fits_any_device("elsewhere"),
)

_LEFT = (
    "the gradients of the generators' turn are left in the critics: zero them before their own `backward()`"
)
MISTAKES = {
    "the critics' turn came first: G and F learn against the critics as they are": _step(critics_first=True),
    "the old gradients of G and F were not zeroed before their `backward()`": _step(
        t=lambda m: m.t() + m.left
    ),
    "the weight of the cycle loss is forgotten": _t(weight=1.0),
    "nothing of the cycle loss reaches G and F: it is missing, or it is detached": _t(weight=0.0),
    "the cycle loss is subtracted: add it": _step(t=lambda m: m.t(weight=-m.weight)),
    "the weight is on the adversarial losses: it belongs to the cycle loss": _step(
        t=lambda m: m.t(weight=1.0, games=m.weight)
    ),
    "in the cycle loss the translations are detached: it must reach the generator that made them": _step(
        t=lambda m: m.t(cycles=m.cycles(torch.Tensor.detach))
    ),
    "G and F, or a and b, are exchanged in the cycle loss: `cycle_loss(G, F, a, b)`": _step(
        t=lambda m: m.t(cycles=m.swapped_cycles())
    ),
    "G was given b, and F was given a: G translates a, F translates b": _step(
        t=lambda m: m.t(fakes=(m.G(m.b), m.F(m.a)))
    ),
    "in the generators' turn the critics judged what the pools return: there they judge the fresh fakes": (
        _step(t=_pooled)
    ),
    "only G's gradients were zeroed: `optimizer.zero_grad()` clears those of G and F": _step(
        t=lambda m: m.t() + m.all_but(m.left, m.G)
    ),
    "one way of the cycle loss is missing: G(F(b)) should be b": _t(ways=(1, 0)),
    "one way of the cycle loss is missing: F(G(a)) should be a": _t(ways=(0, 1)),
    "the cycle loss is halved: add its two ways": _t(ways=(0.5, 0.5)),
    "the weight of the cycle multiplies the adversarial losses too": _step(t=lambda m: m.t(games=m.weight)),
    "nothing of the games reaches G and F. Is `g_loss` of 7.3 missing, the second of its two values? Are the "
    "arguments in order, `(D_B, b, fake_b)`? Are the fakes detached before the critics judge them?": _t(
        games=0
    ),
    "the adversarial losses of G and F are halved: the half belongs to the critics'": _t(games=0.5),
    "the wrong critic judges: G(a) is an image of B, which D_B knows": _step(
        t=lambda m: m.t(judges=(m.D_A, m.D_B))
    ),
    "G and F went down the critics' loss: they want 1 for their fakes": _t(target=0.0),
    "G and F climbed up their loss instead of down": _step(t=lambda m: -m.t()),
    "G and F learn by cross-entropy: take the least squares of 7.3": _t(of=_entropy),
    "there is an identity loss: this step has none": _step(t=lambda m: m.t(extra=5 * m.identity())),
    "10 stands fixed in the step: `cycle` is the weight": _t(weight=10.0),
    "the pools are never asked": _step(ask=lambda m, *_: None),
    "the pools are swapped: pool_a keeps fakes of A, which are F(b)": _step(
        ask=lambda m, pool_a, pool_b: (pool_b.swap(m.fake_a.detach()), pool_a.swap(m.fake_b.detach()))
    ),
    "the pools are given real images: they keep fakes": _step(
        ask=lambda m, pool_a, pool_b: (pool_a.swap(m.a), pool_b.swap(m.b))
    ),
    "the fakes were made anew after G and F had moved: keep those of the generators' turn": _step(
        ask=_translated_anew
    ),
    "the critics judge the fresh fakes: what `swap` returns is for them": _step(
        ask=lambda *given: _from_pools(*given) and None
    ),
    "the critics judge each other's fakes: D_A judges F(b)": _step(
        ask=lambda *given: _from_pools(*given)[::-1]
    ),
    "the real images are swapped: D_A's are a": _step(d=lambda m: m.d(real=(m.b, m.a))),
    _LEFT: _step(d=lambda m: m.d() + m.pulled),
    "the critics' old gradients were never zeroed": _step(d=lambda m: m.d() + m.pulled + m.d_left),
    "the critics' gradients of an earlier step were not zeroed": _step(d=lambda m: m.d() + m.d_left),
    "only D_A's gradients were zeroed: `d_optimizer.zero_grad()` clears those of both": _step(
        d=lambda m: m.d() + m.all_but(m.pulled + m.d_left, m.D_A)
    ),
    "the critics went down the generators' loss: theirs is the first value of 7.3": _d(
        parts=(0, 1), targets=(1.0, 1.0)
    ),
    "the sum of the critics' losses is halved: each has its half already": _d(parts=(0.25, 0.25)),
    "half of the critics' loss is asked for, as in 7.3": _d(parts=(1, 1)),
    "the critics saw real images only": _d(parts=(0.5, 0)),
    "the critics saw fakes only": _d(parts=(0, 0.5)),
    "the targets are swapped: a critic should say 1 to real images, 0 to fakes": _d(targets=(0.0, 1.0)),
    "the critics climbed up their loss instead of down": _step(d=lambda m: -m.d()),
    "the critics learn by cross-entropy: take the least squares of 7.3": _d(of=_entropy),
    "`cycle` is returned with its weight: return the cycle loss itself": _step(
        told=lambda now, _: [*now[:2], 10 * now[2], *now[3:]]
    ),
    "`g` has the cycle loss in it: return the loss of the game alone": _step(
        told=lambda now, _: [now[0] + 10 * now[2], *now[1:]]
    ),
    "`g` and `f` are swapped: g is the loss of G, which D_B gives": _step(
        told=lambda now, _: [now[1], now[0], *now[2:]]
    ),
    "`d_a` and `d_b` are swapped": _step(told=lambda now, _: [*now[:3], now[4], now[3]]),
    "the losses were computed again after the step": _step(told=lambda _, later: later),
}
