"""Exercise 5.1: the norm of the gradient that reaches G's parameters, under either loss of G."""

import copy

import numpy as np
import torch
from torch import nn

from labkit.exercises.exercise import Exercise
from labkit.exercises.probing import elsewhere, flat
from labkit.exercises.properties import Case, fits_any_device, holds, rule, same, unchanged

SATURATING, NON_SATURATING = "saturating", "non-saturating"


class _Scores(nn.Module):
    """Points (B, 2) to logits (B,)."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 6), nn.LeakyReLU(0.2), nn.Linear(6, 1))

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        return self.layers(points).squeeze(-1)


def players(seed: int) -> dict:
    """A small G and D with gradients left from earlier, a batch of latents, and a D that is very sure."""
    torch.manual_seed(seed)
    G = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
    D = _Scores()
    with torch.no_grad():
        D.layers[2].weight.mul_(2)
    for parameter in (*G.parameters(), *D.parameters()):
        parameter.grad = 0.03 * torch.randn_like(parameter)
    z = 3 * torch.randn(7, 3)  # so that the gradient is largest at a weight that is neither first nor last
    sure, fooled = copy.deepcopy(D), copy.deepcopy(D)
    with torch.no_grad():
        sure.layers[2].bias.sub_(150.0)
        fooled.layers[2].bias.add_(150.0)
    return {"G": G, "D": D, "sure D": sure, "fooled D": fooled, "z": z}


def probe(generator_gradient_norm, given):
    G, D, z = given["G"], given["D"], given["z"]
    values = {}
    for loss in (NON_SATURATING, SATURATING):
        values[f"the norm under {loss}"] = generator_gradient_norm(G, D, z.clone(), loss)
    parameters = [*G.parameters(), *D.parameters()]
    gradients = [torch.full_like(p, float("nan")) if p.grad is None else p.grad for p in parameters]
    values |= {
        "the weights afterwards": flat(parameters),
        "the gradients afterwards": flat(gradients),  # NaN where they have been cleared
        "trainable": [p.requires_grad for p in parameters],
    }
    for net in (G, D):
        net.requires_grad_(True)
    for loss in (NON_SATURATING, SATURATING):
        values[f"with a sure D, {loss}"] = generator_gradient_norm(G, given["sure D"], z.clone(), loss)
    there = copy.deepcopy(G).to("meta"), copy.deepcopy(D).to("meta"), z.to("meta")
    return values | {
        "with a fooled D": generator_gradient_norm(G, given["fooled D"], z.clone(), SATURATING),
        "for one z": generator_gradient_norm(G, D, z[:1].clone(), NON_SATURATING),
        "modes": [m.training for net in (G, D) for m in net.modules()],
        "elsewhere": elsewhere(lambda: generator_gradient_norm(*there, NON_SATURATING)),
    }


EXERCISE = Exercise(
    "5.1",
    "The gradient that reaches G",
    4,
    "generator_gradient_norm(G, D, z, loss)",
    players,
    probe,
    causes={
        "differentiated Tensors?.* appears to not have been used|NoneType.*attribute": (
            "the loss does not depend on G's parameters: is G(z) detached, or made under no_grad()?"
        )
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(G, D, z, loss):
    return flat(_at_g(G, D, z, loss)).norm()


def _gradients(G, D, z, loss, least=0.0):
    """The gradients at G's parameters, at D's and at the fakes, in double precision: each logit's own, times
    the slope of the loss there, written down by hand. -log p is flat where p is below ``least``."""
    G, D = copy.deepcopy(G).double(), copy.deepcopy(D).double()
    of_g, of_d, fakes = list(G.parameters()), list(D.parameters()), G(z.double())
    logits = D(fakes)
    p = torch.sigmoid(logits.detach())
    slope = -p if loss == SATURATING else (p - 1) * (p >= least)
    found = torch.autograd.grad(logits, [*of_g, *of_d, fakes], slope / len(z))
    return found[: len(of_g)], found[len(of_g) : -1], found[-1]


def _at_g(*given, **slip):
    return _gradients(*given, **slip)[0]


def _each(*given):
    """The norm of the gradient at each of G's parameters, weights and biases in turn."""
    return torch.stack([g.norm() for g in _at_g(*given)])


def _old(G):
    return [p.grad for p in G.parameters()]


def _is_number(number: np.ndarray) -> bool:
    return number.dtype.kind in "biuf" and number.size == 1  # shape (1,) is one number too


def _numbers(case: Case):
    for loss in (NON_SATURATING, SATURATING):
        number = case.got[f"the norm under {loss}"]
        yield holds(
            f"under the {loss} loss it is one number",
            _is_number(number),
            got=f"shape {number.shape}",
            expected="shape ()",
            cause="one norm for all of G's parameters together",
        )


def _right(name: str, what: str, otherwise: str, points: float):
    return same(name, what, otherwise, points=points, rtol=2e-3, part=lambda number: number.reshape(-1)[0])


def _when_sure(loss: str, points: float):
    name, where = f"with a sure D, {loss}", f"when D is very sure, under the {loss} loss"

    def finite(case: Case):
        ok = _is_number(case.got[name]) and bool(np.isfinite(case.got[name]).all())
        what = f"it is a finite number {where}"
        yield holds(what, ok, got="NaN or infinite", expected="a finite number", cause=_SURE)

    return rule(finite, name), _right(name, f"it is right {where}", _SURE, points)


_AT_G = "it is the norm at G's parameters"
_NORM = "one Euclidean norm over every entry of every gradient of G's parameters"
_FOOLED = "at a logit of 150 the probability rounds to 1: take softplus of the logit, no sigmoid"
_SURE = "at a logit of -150 the probability rounds to 0: take softplus of the logit, no sigmoid"

PROPERTIES = (
    rule(_numbers, f"the norm under {NON_SATURATING}", f"the norm under {SATURATING}"),
    _right(f"the norm under {NON_SATURATING}", f"{_AT_G}, under the {NON_SATURATING} loss", _NORM, 1.5),
    _right(f"the norm under {SATURATING}", f"{_AT_G}, under the {SATURATING} loss", _NORM, 0.5),
    unchanged(
        ("the weights afterwards", "trainable", "modes"),
        "weights, requires_grad and mode stay as they were",
        "measuring must not train or freeze anything: no requires_grad_(False) or eval() left behind",
        expected="unchanged",
    ),
    unchanged(
        "the gradients afterwards",
        "every .grad stays as it was",
        "backward() and zero_grad() write into .grad: torch.autograd.grad returns gradients instead",
        expected="unchanged",
        points=0.5,
    ),
    *_when_sure(NON_SATURATING, 1),
    *_when_sure(SATURATING, 0.5),
    same("with a fooled D", "it is right at a logit of 150, too", _FOOLED, rtol=2e-3, part=np.ravel),
    same(
        "for one z",
        "it is right for a batch of one",
        "`squeeze()` drops a batch of one",
        rtol=2e-3,
        part=np.ravel,
    ),
    fits_any_device("elsewhere"),
)

MISTAKES = {
    "that is the other loss: -log D(G(z)) is the non-saturating one": lambda G, D, z, loss: expected(
        G, D, z, SATURATING if loss == NON_SATURATING else NON_SATURATING
    ),
    "it is the square of the norm: the root is missing": lambda *a: expected(*a) ** 2,
    "the norms of the layers are added up: join all entries first, then one norm": lambda *a: _each(*a).sum(),
    "that is the norm of the last parameter only": lambda *a: _each(*a)[-1],
    "that is the norm of the first parameter only": lambda *a: _each(*a)[0],
    "the weights only: the biases are parameters too": lambda *a: _each(*a)[::2].norm(),
    "the largest norm of a parameter: all entries together are asked for": lambda *a: _each(*a).max(),
    "that is a mean over the parameters: the norm of all entries together is asked for": (
        lambda *a: _each(*a).mean()
    ),
    "the absolute values are added up: square, add, take the root": lambda *a: flat(_at_g(*a)).norm(p=1),
    "the loss is summed over the batch: take its mean": lambda G, D, z, loss: (
        len(z) * expected(G, D, z, loss)
    ),
    "that is the gradient at D's parameters: G's are asked for": lambda *a: flat(_gradients(*a)[1]).norm(),
    "the parameters of D are counted too: only G's": lambda *a: flat(
        _gradients(*a)[0] + _gradients(*a)[1]
    ).norm(),
    "that is the gradient at the fakes G(z): go on to G's parameters": lambda *a: _gradients(*a)[2].norm(),
    "the gradients left from earlier are counted: backward() adds to what lies in .grad": lambda G, *a: flat(
        map(torch.add, _at_g(G, *a), _old(G))
    ).norm(),
    "those are the gradients left from earlier: is the path from the loss to G cut?": lambda G, *_: flat(
        _old(G)
    ).norm(),
    "no gradient reaches G: is there a .detach(), or a no_grad()?": lambda *a: 0 * expected(*a),
    "no slope is left where D is sure: start from the logit, and cut off neither it nor a log": lambda *a: (
        flat(_at_g(*a, least=1e-30)).norm()
    ),
}
