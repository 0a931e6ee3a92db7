"""Exercise 8.10: where to move w so that one factor changes and the others stay."""

import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.probing import elsewhere, flat, tried
from labkit.exercises.properties import Case, fits_any_device, same, same_shape, unchanged
from labkit.exercises.reading import numbers


def labelled(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """w (M, N), labels (M,) and those of two other factors (M, 2). No two of the three are
    at right angles."""
    generator = torch.Generator().manual_seed(seed)
    width = 6 + int(torch.randint(0, 3, (), generator=generator))
    count = 8 * width + int(torch.randint(0, 9, (), generator=generator))
    # In double precision, so that the labels are the same on every processor but for their last digit.
    how = {"generator": generator, "dtype": torch.float64}
    scales = torch.linspace(0.6, 1.6, width, dtype=torch.float64)
    w = torch.randn(count, width, **how) * scales + 2
    axes = torch.linalg.qr(torch.randn(width, 3, **how)).Q
    shares = torch.tensor([[1.0, 0.0, 0.0], [0.7, 1.2, 0.9], [0.9, 0.0, 1.0]], dtype=torch.float64)
    labels = w @ axes @ shares + 0.5 * torch.randn(count, 3, **how) + 3
    w, labels = w.float(), labels.float()
    return w, labels[:, 0], labels[:, 1:]


def probe(direction, given):
    parts = [part.clone() for part in given]
    w, labels, others = given
    meta = [part.to("meta") for part in given]
    return {
        "the result": direction(*parts),
        "with one other factor": tried(lambda: direction(w.clone(), labels.clone(), others[:, :1].clone())),
        "given afterwards": flat(parts),
        "elsewhere": elsewhere(lambda: direction(*meta)),
    }


EXERCISE = Exercise(
    "8.10",
    "A direction from labels",
    3,
    "direction(w, labels, other_labels)",
    labelled,
    probe,
    tensors=("the result",),
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def _normal(w, labels):
    """Least squares with an intercept, by the covariances: (N, K) for labels (M, K)."""
    centred = (w - w.mean(0)).double()
    slopes = torch.linalg.solve(centred.T @ centred, centred.T @ labels.double())
    return slopes.to(w.dtype)


def _apart(normal, others):
    """Less its projection onto the span of the others' columns."""
    return normal - others @ torch.linalg.pinv(others) @ normal


def _unit(d):
    return d / d.norm()


def expected(w, labels, other_labels, *, normal=_normal, apart=_apart, last=_unit):
    return last(apart(normal(w, labels[:, None])[:, 0], normal(w, other_labels)))


def _but(**how):
    return lambda *given: expected(*given, **how)


def _one_by_one(normal, others):
    for other in others.T:
        normal = normal - (normal @ other) / (other @ other) * other
    return normal


def _all_at_once(normal, others):
    """As if the others were at right angles to each other."""
    units = others / others.norm(dim=0)
    return normal - units @ (units.T @ normal)


def _without_intercept(w, labels):
    return torch.linalg.pinv(w) @ labels


def _half_centred(w, labels):
    return torch.linalg.pinv(w) @ (labels - labels.mean(0))


def _high_less_low(w, labels):
    high = (labels > labels.median(0).values).to(w.dtype)
    return w.T @ high / high.sum(0) - w.T @ (1 - high) / (1 - high).sum(0)


def _of_all(w, labels, other_labels):
    """The others' labels are inputs of the model, beside w."""
    return _unit(_normal(torch.cat([w, other_labels], 1), labels[:, None])[: w.shape[1], 0])


def _shape(case: Case) -> str:
    got, right = case.got["the result"].shape, case.expected["the result"].shape
    if len(got) == 1 and got[0] == right[0] + 1:
        return "one number too many: the intercept is no part of the direction"
    if len(got) == 2 and right[0] in got:
        return "that has two axes: `[:, 0]` or `squeeze(1)` makes (style_dim,) of a column"
    return "one number for each of w's, (style_dim,)"


def _otherwise(case: Case) -> str:
    got = numbers(case.got["the result"])
    normals = [_normal(case.given[0], others[:, None])[:, 0].numpy() for others in case.given[2].T]
    length = float((got**2).sum() ** 0.5)
    if not abs(length - 1) < 1e-3:
        return f"its length is {length:.3g}: as the last step divide by `.norm()`"
    if any(abs(got @ normal) > 1e-3 * float(normal @ normal) ** 0.5 for normal in normals):
        return (
            "it is not at right angles to the others' normals: take away the projection onto all of them, "
            "and then only the length is changed"
        )
    return (
        "least squares with an intercept for each factor, the projection onto the others' plane taken away, "
        "then length 1"
    )


PROPERTIES = (
    same_shape("the result", "one direction, (style_dim,)", _shape, points=0.25),
    same(
        "the result",
        "along it the wanted factor rises, the others stay",
        _otherwise,
        points=2.25,
        rtol=2e-3,
        atol=1e-3,
    ),
    same(
        "with one other factor",
        "one other factor is enough",
        "(N, 1) comes in: no `squeeze()`",
        points=0.5,
        rtol=2e-3,
        atol=1e-3,
    ),
    unchanged(
        "given afterwards",
        "w and the labels are left as they were",
        "nothing may change in place: no `-=`, no method that ends in `_`",
    ),
    fits_any_device("elsewhere"),
)

MISTAKES = {
    "the others are left out of account: take away the projection onto their normals": _but(
        apart=lambda normal, others: normal
    ),
    "only the first of the others is taken away: there are more": _but(
        apart=lambda normal, others: _one_by_one(normal, others[:, :1])
    ),
    "only the last of the others is taken away: there are more": _but(
        apart=lambda normal, others: _one_by_one(normal, others[:, -1:])
    ),
    "taken away one after the other, but the others are not at right angles: project onto their plane": (
        _but(apart=_one_by_one)
    ),
    "the projections are added up, but the others are not at right angles: project onto their plane": (
        _but(apart=_all_at_once)
    ),
    "the others' normals are subtracted whole: take away the projection onto them": _but(
        apart=lambda normal, others: normal - others.sum(1)
    ),
    "that is the projection itself: take it away from the normal": _but(
        apart=lambda normal, others: normal - _apart(normal, others)
    ),
    "the projection is onto normals that are not of length 1: divide by their squared length": _but(
        apart=lambda normal, others: normal - others @ (others.T @ normal)
    ),
    "the wrong one is turned: the wanted normal gives way, and the first of the others stays": (
        lambda w, labels, others: expected(w, others[:, 0], torch.cat([labels[:, None], others[:, 1:]], 1))
    ),
    "not of length 1: divide by the norm": _but(last=lambda d: d),
    "brought to length 1 too early: do it after the projection": _but(
        normal=lambda w, labels: torch.nn.functional.normalize(_normal(w, labels), dim=0), last=lambda d: d
    ),
    "divided by the squared length: divide by the length": _but(last=lambda d: d / (d @ d)),
    "divided by the sum of the absolute values: length 1 is the root of the sum of squares": _but(
        last=lambda d: d / d.abs().sum()
    ),
    "it points the other way: along it the label should rise": _but(last=lambda d: -_unit(d)),
    "there is no intercept: subtract the means, or give w a column of ones": _but(normal=_without_intercept),
    "only the labels are centred: subtract the mean of w too": _but(normal=_half_centred),
    "that is the covariance of w and labels: least squares also divides by that of w": _but(
        normal=lambda w, labels: (w - w.mean(0)).T @ (labels - labels.mean(0)) / len(w)
    ),
    "that is the mean of the high less that of the low: least squares uses every label": _but(
        normal=_high_less_low
    ),
    "the labels of the others were given to the model beside w: each factor has a model of its own": _of_all,
}

IDLE = (lambda w, labels, others: torch.zeros(w.shape[1]), lambda w, labels, others: torch.ones(w.shape[1]))
