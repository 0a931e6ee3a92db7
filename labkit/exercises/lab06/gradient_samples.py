"""Exercise 6.7: the gradient of an expectation, estimated in two ways from the same draws."""

import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.probing import elsewhere, tried
from labkit.exercises.properties import Case, fits_any_device, holds, rule, same, same_shape, unchanged
from labkit.exercises.reading import word


class Curve:
    """f(z) = a z² + b z + c sin z for each number of a tensor."""

    def __init__(self, a: float, b: float, c: float):
        self.a, self.b, self.c = a, b, c

    def __call__(self, z: torch.Tensor) -> torch.Tensor:
        return self.a * z**2 + self.b * z + self.c * torch.sin(z)


def draws(seed: int) -> dict:
    """A curve, the mean and deviation of z, and eps (N,)."""
    generator = torch.Generator().manual_seed(seed)
    a, b, c, mu, sigma = (0.5 + torch.rand(5, generator=generator, dtype=torch.float64)).tolist()
    count = 5 + int(torch.randint(0, 5, (), generator=generator))
    return {
        "f": Curve(a, -2 * b, c),
        "mu": -mu,
        "sigma": 0.3 + sigma,
        "eps": torch.randn(count, generator=generator),
    }


def probe(gradient_samples, given):
    eps = given["eps"].clone()
    found = gradient_samples(given["f"], given["mu"], given["sigma"], eps)
    if not isinstance(found, tuple | list) or len(found) != 2:
        return {"kind": type(found).__name__} | dict.fromkeys(_VALUES, 0.0) | {"elsewhere": ""}
    one = tried(lambda: torch.cat(tuple(gradient_samples(given["f"], 0.5, 2.0, given["eps"][:1].clone()))))
    meta = torch.empty(4, device="meta")
    return {
        "kind": "a pair",
        "score": found[0],
        "path": found[1],
        "for one": one,
        "eps afterwards": eps,
        "elsewhere": elsewhere(lambda: gradient_samples(given["f"], 0.5, 2.0, meta)),
    }


_VALUES = ("score", "path", "for one", "eps afterwards")

EXERCISE = Exercise(
    "6.7",
    "Two estimators of one gradient",
    4,
    "gradient_samples(f, mu, sigma, eps)",
    draws,
    probe,
    causes={
        r"does not require grad": (
            "z must be a tensor that asks for a gradient before f is called: `z.requires_grad_()`"
        ),
        r"implicitly created only for scalar": (
            "`torch.autograd.grad` wants one number: give it `f(z).sum()`, whose gradient at each z is f'(z)"
        ),
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(f, mu, sigma, eps, score=lambda f, z, eps, sigma: f * eps / sigma, path=lambda s, f, eps: s):
    z = mu + sigma * eps
    slope = 2 * f.a * z + f.b + f.c * torch.cos(z)
    return score(f(z), z, eps, sigma), path(slope, f(z), eps)


def _but(**changes):
    return lambda *given: expected(*given, **changes)


def _a_pair(case: Case):
    said = word(case.got["kind"])
    cause = "write `return score, path`"
    yield holds("it returns two tensors", said == "a pair", got=said, expected="(score, path)", cause=cause)


_EACH = "one estimate for each eps, (N,): the mean is taken later"
PROPERTIES = (
    rule(_a_pair, "kind"),
    same_shape("score", "the score function gives one estimate for each draw", _EACH),
    same(
        "score",
        "f(z) times the derivative of log p(z) by mu",
        "log p(z) is −(z − mu)² / (2 sigma²) and a constant; its derivative by mu is (z − mu) / sigma², with "
        "z = mu + sigma · eps",
        rtol=1e-3,
        points=2,
    ),
    same_shape("path", "reparameterisation gives one estimate for each draw", _EACH),
    same(
        "path",
        "the slope of f at z = mu + sigma · eps",
        "d f(mu + sigma · eps) / d mu is f'(z): ask autograd for the gradient of `f(z).sum()` at z",
        rtol=1e-3,
        points=2,
    ),
    same("for one", "one draw is enough", "no `squeeze()`: (1,) in, (1,) out", rtol=1e-3),
    unchanged(
        "eps afterwards",
        "eps is left as it was",
        "nothing may change in place: no `+=`, no method that ends in `_`",
    ),
    fits_any_device("elsewhere"),
)

MISTAKES = {
    "the two are swapped: the score function comes first": lambda *given: expected(*given)[::-1],
    "averaged already: return one estimate for each draw": lambda *given: tuple(
        v.mean() for v in expected(*given)
    ),
    "f(z) is missing: the score alone has mean 0, whatever f is": _but(
        score=lambda f, z, eps, sigma: eps / sigma
    ),
    "the division by sigma² is missing: (z − mu) / sigma² is eps / sigma": _but(
        score=lambda f, z, eps, sigma: f * eps * sigma
    ),
    "sigma is missing: (z − mu) / sigma² is eps / sigma": _but(score=lambda f, z, eps, sigma: f * eps),
    "the sign of the score is flipped: log p(z) rises where mu moves towards z": _but(
        score=lambda f, z, eps, sigma: -f * eps / sigma
    ),
    "z − mu is divided by sigma² twice: with eps the score is eps / sigma": _but(
        score=lambda f, z, eps, sigma: f * eps / sigma**2
    ),
    "z stands where z − mu belongs": _but(score=lambda f, z, eps, sigma: f * z / sigma**2),
    "that is f itself: the second estimate is its slope": _but(path=lambda slope, f, eps: f),
    "that is the gradient by sigma: by mu the factor is 1": _but(path=lambda slope, f, eps: slope * eps),
    "the slopes are averaged over the draws": _but(
        path=lambda slope, f, eps: slope.mean().expand(len(slope))
    ),
    "the slope is divided by N: it is the gradient of a mean, take that of a sum": _but(
        path=lambda slope, f, eps: slope / len(slope)
    ),
}
