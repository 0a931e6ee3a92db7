"""Exercise 8.7: the distance of two Gaussians, from their means and covariances."""

import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.probing import elsewhere, flat, tried
from labkit.exercises.properties import Case, fits_any_device, holds, rule, same, says, scalar, unchanged
from labkit.exercises.reading import number

BELOW = 1e-6  # by how much rounding has brought eigenvalues below 0


def statistics(seed: int) -> dict[str, tuple[torch.Tensor, ...]]:
    """Means (F,) and covariances (F, F) of two sets, in double precision. Those of "few samples" have
    eigenvalues that should be 0, and that rounding has made negative."""
    generator = torch.Generator().manual_seed(seed)
    size = 5 + int(torch.randint(0, 3, (), generator=generator))

    def of(samples: int, shift: float) -> tuple[torch.Tensor, torch.Tensor]:
        kind = {"generator": generator, "dtype": torch.float64}
        mixing, centre = 0.5 * torch.randn(size, size, **kind), shift * (1 + torch.rand(size, **kind))
        centre[0] *= -1
        x = torch.randn(samples, size, **kind) @ mixing + centre
        return x.mean(0), x.T.cov()

    def below(mean, covariance):
        values, vectors = torch.linalg.eigh(covariance)
        values[:-2] = -BELOW
        return mean, vectors @ torch.diag(values) @ vectors.T

    few = below(*of(3, 0.0))
    return {
        "the result": (*of(40, 4.0), *of(30, 1.0)),  # far apart: no slip brings it below 0
        "of few samples": (*below(*of(3, 0.5)), *few),
        "of equal statistics": (*few, *(part.clone() for part in few)),
    }


def probe(frechet_distance, given):
    parts = [part.clone() for part in given["the result"]]
    found = frechet_distance(*parts)
    kind = "a complex number" if isinstance(found, complex) or _complex(found) else "a real number"
    values = {"kind": kind, "the result": found.real if kind == "a complex number" else found}
    for name in ("of few samples", "of equal statistics"):
        value = tried(lambda name=name: frechet_distance(*(part.clone() for part in given[name])))
        values[name] = "a complex number" if isinstance(value, complex) or _complex(value) else value
    there = [part.to("meta") for part in parts]
    return values | {
        "given afterwards": flat(parts),
        "elsewhere": elsewhere(lambda: frechet_distance(*there)),
    }


def _complex(value) -> bool:
    return getattr(getattr(value, "dtype", None), "is_complex", False) or (
        getattr(getattr(value, "dtype", None), "kind", "") == "c"
    )


EXERCISE = Exercise(
    "8.7",
    "The Fréchet distance",
    3,
    "frechet_distance(mean_a, covariance_a, mean_b, covariance_b)",
    statistics,
    probe,
    causes={
        r"[Cc]omplex": (
            "eigenvalues of a product C_a C_b come as complex numbers: `torch.linalg.eigvalsh` of the "
            "symmetric S C_b S gives real ones, with S the root of C_a"
        ),
        r"not positive.definite|cholesky": (
            "`cholesky` needs eigenvalues above 0, and a covariance may be singular: take `eigh`"
        ),
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def _root(covariance):
    values, vectors = torch.linalg.eigh(covariance)
    return vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T


def _shared(a, b):
    """The singular values of the product of both roots add up to the trace of the root of the product."""
    return torch.linalg.matrix_norm(_root(a) @ _root(b), "nuc")


def _gap(mean_a, mean_b):
    return (mean_a - mean_b) @ (mean_a - mean_b)


def expected(mean_a, covariance_a, mean_b, covariance_b, *, gap=_gap, shared=_shared, factor=2.0):
    spread = covariance_a.trace() + covariance_b.trace() - factor * shared(covariance_a, covariance_b)
    return (gap(mean_a, mean_b) + spread).clamp(min=0)


def _but(**how):
    return lambda *given: expected(*given, **how)


def _not_negative(case: Case):
    value = number(case.got["of equal statistics"])
    yield holds(
        "it is never negative",
        not value < 0,
        got=value,
        expected="at least 0",
        cause="what should be 0 may come out a little below it: `clamp(min=0)`, or `max(0.0, ...)`",
    )


_SINGULAR = (
    "a covariance may be singular, and rounding then gives eigenvalues a little below 0: `clamp(min=0)` "
    "before each root"
)


def _cause(case: Case) -> str:
    return _SINGULAR if number(case.got["the result"]) != number(case.got["the result"]) else _FORMULA


_FORMULA = (
    "|m_a − m_b|² + tr C_a + tr C_b − 2 · (the roots of the eigenvalues of S C_b S, added up), S = C_a^½"
)
PROPERTIES = (
    says(
        "kind",
        "the result is a real number",
        "a real number",
        otherwise="a root of C_a C_b has imaginary parts by rounding: that of the symmetric S C_b S has none",
    ),
    scalar("the result", "a trace and a squared length are one number each", points=0.25),
    same(
        "the result",
        "it is the Fréchet distance",
        _cause,
        points=1.75,
        rtol=1e-5,
        atol=1e-6,
    ),
    same(
        "of few samples",
        "singular covariances are no trouble",
        lambda case: _SINGULAR,
        points=0.5,
        rtol=1e-3,
        atol=1e-3,
    ),
    same(
        "of equal statistics",
        "equal statistics are at distance 0",
        lambda case: _SINGULAR,
        points=0.25,
        rtol=0,
        atol=1e-3,
    ),
    rule(_not_negative, "of equal statistics", points=0.25),
    unchanged(
        "given afterwards",
        "means and covariances are left as they were",
        "nothing may change in place: no `-=`, no method that ends in `_`",
    ),
    fits_any_device("elsewhere"),
)

MISTAKES = {
    "the factor 2 before the root is missing": _but(factor=1.0),
    "the last trace is added: it is taken away, twice": _but(factor=-2.0),
    "the means are missing: |m_a − m_b|² comes first": _but(gap=lambda a, b: 0.0),
    "the distance of the means is not squared": _but(gap=lambda a, b: (a - b).norm()),
    "the differences of the means are averaged: add up their squares": _but(
        gap=lambda a, b: (a - b).square().mean()
    ),
    "the differences of the means are not squared: squares don't cancel": _but(
        gap=lambda a, b: (a - b).sum()
    ),
    "absolute differences of the means: square them": _but(gap=lambda a, b: (a - b).abs().sum()),
    "the squares of the means are subtracted: square their difference": _but(
        gap=lambda a, b: (a.square() - b.square()).sum()
    ),
    "the covariances are missing: their traces come after the means": lambda a, ca, b, cb: _gap(a, b),
    "a root is missing: the trace of the product itself was taken": _but(shared=lambda a, b: (a @ b).trace()),
    "the root is taken of each entry of C_a C_b: a root of a matrix takes those of its eigenvalues": _but(
        shared=lambda a, b: (a @ b).abs().sqrt().trace()
    ),
    "C_a and C_b are multiplied entry by entry: a product of matrices is `@`": _but(
        shared=lambda a, b: _root(a * b).trace()
    ),
    "multiplied entry by entry, and the root of each entry: only right for diagonal covariances": _but(
        shared=lambda a, b: (a * b).abs().sqrt().trace()
    ),
    "the roots of C_a and C_b are multiplied: it is the root of their product, of S C_b S": _but(
        shared=lambda a, b: (_root(a) @ _root(b)).trace()
    ),
    "the root of the trace: take the trace of the root": _but(shared=lambda a, b: (a @ b).trace().sqrt()),
    "S is C_a itself: it should be its root": _but(shared=lambda a, b: _root(a @ b @ a).trace()),
    "S stands on one side only: S C_b S is symmetric": _but(
        shared=lambda a, b: torch.linalg.eigvals(_root(a) @ b).abs().sqrt().sum()
    ),
    "all entries of the root are added up: a trace is the diagonal's": _but(
        shared=lambda a, b: _root(_root(a) @ b @ _root(a)).sum()
    ),
    "the whole matrices are added up: a trace is the sum of the diagonal": lambda a, ca, b, cb: (
        _gap(a, b) + (ca + cb - 2 * _root(_root(ca) @ cb @ _root(ca))).sum()
    ),
    "that is the distance's root: the square is asked for": lambda *given: expected(*given).sqrt(),
    "covariances are compared entry by entry: their traces and the root are asked for": lambda a, ca, b, cb: (
        _gap(a, b) + (ca - cb).square().sum()
    ),
}
