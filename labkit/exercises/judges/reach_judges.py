"""Judge of exercise 5.1: the norm of the gradient that reaches G, under either loss of G.

The expected norms come from another route than an answer takes: each fake's own gradient of D's logit, in
double precision, weighted with the slope of the loss at that logit, written down by hand.
"""

import copy

import numpy as np
import torch
from torch import nn

from labkit.exercises.judges.comparing import close, holds, same
from labkit.exercises.reach_specs import NON_SATURATING, SATURATING, left, weights
from labkit.exercises.reading import all_are


def judge_norm(given, got):
    parts, nets = _by_hand(given["G"], given["D"], given["z"]), (given["G"], given["D"])
    for loss in (NON_SATURATING, SATURATING):
        number = got[f"the norm under {loss}"]
        yield holds(
            f"under the {loss} loss it is one number",
            number.dtype.kind in "biuf" and number.size == 1,
            got=f"shape {number.shape}",
            expected="shape ()",
            cause="one norm for all of G's parameters together",
        )
    for loss in (NON_SATURATING, SATURATING):
        right = parts[loss]
        other = parts[SATURATING if loss == NON_SATURATING else NON_SATURATING]
        of = lambda name, parts=right: parts[name]  # noqa: E731
        yield close(
            f"it is the norm at G's parameters, under the {loss} loss",
            np.ravel(got[f"the norm under {loss}"])[0],
            of("norm"),
            mistakes={
                "that is the other loss: -log D(G(z)) is the non-saturating one": other["norm"],
                "it is the square of the norm: the root is missing": of("norm") ** 2,
                "the norms of the layers are added up: join all entries first, then one norm": of("summed"),
                "that is the norm of the last parameter only": of("last"),
                "that is the norm of the first parameter only": of("first"),
                "the weights only: the biases are parameters too": of("weights"),
                "the largest norm of a parameter: all entries together are asked for": of("most"),
                "that is a mean over the parameters: the norm of all entries together is asked for": of(
                    "average"
                ),
                "the absolute values are added up: square, add, take the root": of("absolute"),
                "the loss is summed over the batch: take its mean": of("norm") * len(given["z"]),
                "that is the gradient at D's parameters: G's are asked for": of("at D"),
                "the parameters of D are counted too: only G's": of("both"),
                "that is the gradient at the fakes G(z): go on to G's parameters": of("at fakes"),
                "the gradients left from earlier are counted: backward() adds to what lies in .grad": of(
                    "added"
                ),
                "those are the gradients left from earlier: is the path from the loss to G cut?": of("old"),
                "no gradient reaches G: is there a .detach(), or a no_grad()?": 0.0,
            },
            cause="one Euclidean norm over every entry of every gradient of G's parameters",
            rtol=2e-3,
        )
    yield holds(
        "weights and requires_grad stay as they were",
        same(got["the weights afterwards"], weights(nets))
        and all_are(got["trainable"], True, sum(len(list(net.parameters())) for net in nets)),
        got="changed",
        expected="unchanged",
        cause="measuring must not train or freeze anything: no step, no requires_grad_(False) left behind",
    )
    yield holds(
        "every .grad stays as it was",
        same(got["the gradients afterwards"], left(nets)),
        got="changed",
        expected="unchanged",
        cause="backward() and zero_grad() write into .grad: torch.autograd.grad returns gradients instead",
    )
    sure = _by_hand(given["G"], given["sure D"], given["z"])
    for loss in (NON_SATURATING, SATURATING):
        number = got[f"with a sure D, {loss}"]
        yield holds(
            f"it is a finite number when D is very sure, under the {loss} loss",
            number.dtype.kind in "biuf" and number.size == 1 and bool(np.isfinite(number).all()),
            got="NaN or infinite",
            expected="a finite number",
            cause="at a logit of -150 the probability rounds to 0: take softplus of the logit, no sigmoid",
        )
        yield close(
            f"it is right when D is very sure, under the {loss} loss",
            np.ravel(number)[0],
            sure[loss]["norm"],
            mistakes={"the log of a probability that was rounded to 0 was cut off: start from the logit": 0.0}
            if loss == NON_SATURATING
            else {},
            cause="at a logit of -150 the probability rounds to 0: take softplus of the logit, no sigmoid",
            rtol=2e-3,
        )


def _by_hand(G: nn.Module, D: nn.Module, z: torch.Tensor) -> dict[str, dict[str, float]]:
    """The norm asked for, and what likely slips would give, under each loss."""
    G64, D64, z = copy.deepcopy(G).double(), copy.deepcopy(D).double(), z.double()
    of_g, of_d = list(G64.parameters()), list(D64.parameters())
    old = [p.grad for p in G.parameters()]
    fakes = G64(z)
    logits = D64(fakes)
    rows = [torch.autograd.grad(one, [*of_g, *of_d, fakes], retain_graph=True) for one in logits]
    p = torch.sigmoid(logits.detach())
    slopes = {SATURATING: -p / len(z), NON_SATURATING: -(1 - p) / len(z)}
    found = {}
    for loss, slope in slopes.items():
        total = [sum(s * row[k] for s, row in zip(slope, rows, strict=True)) for k in range(len(rows[0]))]
        at_g, at_d, at_fakes = total[: len(of_g)], total[len(of_g) : -1], total[-1]
        each = [g.norm() for g in at_g]
        entries = torch.cat([g.flatten() for g in at_g])
        left = [torch.zeros_like(g) if o is None else o.double() for g, o in zip(at_g, old, strict=True)]
        found[loss] = {
            "norm": _norm(at_g),
            "summed": float(sum(each)),
            "last": float(each[-1]),
            "first": float(each[0]),
            "weights": _norm([g for g in at_g if g.ndim > 1]),
            "most": float(max(each)),
            "average": float(sum(each)) / len(each),
            "absolute": float(entries.abs().sum()),
            "at D": _norm(at_d),
            "both": _norm([*at_g, *at_d]),
            "at fakes": float(at_fakes.norm()),
            "added": _norm([g + o for g, o in zip(at_g, left, strict=True)]),
            "old": _norm(left),
        }
    return found


def _norm(tensors) -> float:
    return float(torch.cat([t.flatten() for t in tensors]).norm())
