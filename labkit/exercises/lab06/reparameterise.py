"""Exercise 6.1: a sample of a normal distribution through which gradients pass."""

import torch

from labkit import variational
from labkit.exercises.exercise import Exercise
from labkit.exercises.probing import elsewhere, flat, gradients, tried
from labkit.exercises.properties import (
    Case,
    fits_any_device,
    holds,
    rule,
    same,
    unchanged,
)
from labkit.exercises.reading import number

MANY = 6000


def normals(seed: int) -> dict[str, torch.Tensor]:
    """Means and log variances: of a few codes (B, L), no two alike, and of many whose columns are alike."""
    torch.randn_like(torch.empty(1, device="meta"))  # it loads half of torch, which is not the answer's time
    generator = torch.Generator().manual_seed(seed)
    batch, size = (int(torch.randint(low, low + 4, (), generator=generator)) for low in (5, 2))
    column = torch.linspace(-3, 1.6, size + 1) + 0.2 * torch.rand(size + 1, generator=generator)
    return {
        "mean": torch.randn(batch, size, generator=generator) * 2,
        "log_var": torch.randn(batch, size, generator=generator) - 0.5,
        "many means": (torch.randn(1, size + 1, generator=generator) * 3).repeat(MANY, 1),
        "many log_vars": column.repeat(MANY, 1),
    }


def probe(reparameterise, given):
    leaves = [given[name].clone().requires_grad_() for name in ("mean", "log_var")]
    mean, log_var = (leaf.clone() for leaf in leaves)  # no leaves, as an encoder's outputs are none
    z = reparameterise(mean, log_var)
    afterwards = flat([mean, log_var])
    if not isinstance(z, torch.Tensor) or z.shape != mean.shape:
        found = {"the shape": list(z.shape) if isinstance(z, torch.Tensor) else z, "drawn again": 0.0}
        return found | dict.fromkeys(_MEASURED, 0.0) | {"elsewhere": ""}
    again = reparameterise(given["mean"].clone(), given["log_var"].clone())
    to_mean, to_log_var = gradients(z.sum(), leaves)
    many, std = given["many means"], torch.exp(0.5 * given["many log_vars"])
    eps = (reparameterise(many.clone(), given["many log_vars"].clone()).detach() - many) / std
    one = (given[name][:1].clone() for name in ("mean", "log_var"))
    meta = [torch.empty(3, 2, device="meta") for _ in range(2)]
    return {
        "the shape": list(z.shape),
        "drawn again": float((z == again).float().mean()),
        "the middles": eps.mean(0),
        "the spreads": eps.std(0),
        "within one": float((eps.abs() < 1).float().mean()),
        "different": len(eps[:50].unique()) / eps[:50].numel(),
        "the gradient at mean": to_mean,
        "the gradient at log_var": to_log_var - (z.detach() - given["mean"]) / 2,
        "the shape for one": tried(lambda: list(reparameterise(*one).shape)),
        "given afterwards": afterwards,
        "elsewhere": elsewhere(lambda: reparameterise(*meta)),
    }


_MEASURED = (
    "the middles", "the spreads", "within one", "different",
    "the gradient at mean", "the gradient at log_var", "the shape for one", "given afterwards",
)  # fmt: skip

SCALAR_EXP = {
    r"converted to Python scalars|converted to a Scalar": (
        "a function of `math` takes one number: for a tensor take torch's, as `torch.exp`"
    )
}

EXERCISE = Exercise(
    "6.1", "Reparameterise", 2, "reparameterise(mean, log_var)", normals, probe, causes=SCALAR_EXP
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------

expected = variational.reparameterise


def _drawn(std=lambda log_var: torch.exp(0.5 * log_var), eps=torch.randn_like):
    return lambda mean, log_var: mean + std(log_var) * eps(mean)


def _share(array) -> float:
    """The share from 0 to 1 in an array that holds one fraction; NaN in any other."""
    return number(array) if array.ndim == 0 and array.dtype.kind == "f" else float("nan")


def _afresh(case: Case):
    yield holds(
        "each call draws afresh",
        0 <= _share(case.got["drawn again"]) < 0.1,
        got="the same z twice",
        expected="another z",
        cause="eps is drawn inside the function, with `torch.randn_like`; no seed is set in it",
    )


def _for_each(case: Case):
    yield holds(
        "every number of the batch has an eps of its own",
        0.9 < _share(case.got["different"]) <= 1,
        got="the same eps in several places",
        expected="as many as there are numbers in `mean`",
        cause="draw eps in the shape of `mean`",
    )


def _normal(case: Case):
    share = _share(case.got["within one"])
    yield holds(
        "eps is normal",
        abs(share - 0.683) < 0.03,
        got=f"{share:.1%} of the deviations are smaller than one std",
        expected="68.3%",
        cause="`torch.randn_like` draws from the normal distribution",
    )


PROPERTIES = (
    same("the shape", "z has the shape of mean", "a z for each number in `mean`: no sum, no mean"),
    rule(_afresh, "drawn again"),
    rule(_for_each, "different"),
    same("the middles", "z scatters around mean", "eps has mean 0 and is added to `mean`", atol=0.15),
    same(
        "the spreads",
        "the deviation of z is exp(log_var / 2)",
        "the square root of the variance is the standard deviation: exp(0.5 * log_var)",
        got="another deviation in at least one column",
        expected="exp(log_var / 2) in each",
        rtol=0.08,
        points=1,
    ),
    rule(_normal, "within one"),
    same(
        "the gradient at mean",
        "the gradient reaches mean",
        "z is mean + std · eps with nothing detached; `torch.normal` lets no gradient through",
        points=0.5,
    ),
    same(
        "the gradient at log_var",
        "the gradient reaches log_var",
        "std is computed from `log_var` itself: no `.data`, `.detach()` or `no_grad`",
        got="another gradient",
        expected="half of z - mean",
        points=0.5,
    ),
    same(
        "the shape for one",
        "a batch of one works",
        "one code of shape (1, L) comes in, and z has that shape too: `squeeze()` drops the batch axis",
    ),
    unchanged(
        "given afterwards",
        "mean and log_var are left as they were",
        "the KL term needs them as they are: no `+=`, no method that ends in `_`",
    ),
    fits_any_device("elsewhere"),
)

MISTAKES = {
    "that scales eps by the variance: the standard deviation is exp(0.5 * log_var)": _drawn(torch.exp),
    "that scales eps by log_var itself: it is a logarithm, so take exp(0.5 * log_var)": _drawn(lambda v: v),
    "that scales eps by half of log_var: the exp is missing": _drawn(lambda v: 0.5 * v),
    "that is the square root of log_var's exp, twice: exp(0.5 * log_var) has its root already": _drawn(
        lambda v: torch.exp(0.25 * v)
    ),
    "eps is used as it is: it must be multiplied by the standard deviation": _drawn(torch.ones_like),
    "eps is uniform from 0 to 1: `randn` is the normal one": _drawn(eps=torch.rand_like),
}
