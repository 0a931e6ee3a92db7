"""Answers to lab 05: those that are computed. The settings that are played are in `lab05_games`."""

import math

import numpy as np
import torch
from torch.nn import functional as F

from tests.answers import lab05_games

# 5.1 -------------------------------------------------------------------------------------------------


def _g_loss(logits, loss):
    return (-F.softplus(logits) if loss == "saturating" else F.softplus(-logits)).mean()


def _gradients(G, D, z, loss):
    return torch.autograd.grad(_g_loss(D(G(z)), loss), list(G.parameters()))


def _root_of_squares(G, D, z, loss):
    return math.sqrt(sum(float(g.square().sum()) for g in _gradients(G, D, z, loss)))


def _by_cross_entropy(G, D, z, loss):
    """The library's loss with flipped labels, and a norm of norms."""
    logits = D(G(z))
    if loss == "saturating":
        value = -F.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))
    else:
        value = F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))
    return torch.stack([g.norm() for g in torch.autograd.grad(value, G.parameters())]).norm()


def _saves_and_restores(G, D, z, loss):
    """backward(), between putting all .grad aside and back."""
    parameters = [*G.parameters(), *D.parameters()]
    kept = [p.grad for p in parameters]
    for p in parameters:
        p.grad = None
    _g_loss(D(G(z)), loss).backward()
    norm = torch.nn.utils.get_total_norm([p.grad for p in G.parameters()])
    for p, grad in zip(parameters, kept, strict=True):
        p.grad = grad
    return norm


def _backward(G, D, z, loss):
    """As in a training step: clears, and leaves gradients behind."""
    G.zero_grad()
    _g_loss(D(G(z)), loss).backward()
    return torch.cat([p.grad.flatten() for p in G.parameters()]).norm()


def _adds_up(G, D, z, loss):
    _g_loss(D(G(z)), loss).backward()
    return torch.cat([p.grad.flatten() for p in G.parameters()]).norm()


def _from_probabilities(G, D, z, loss):
    p = torch.sigmoid(D(G(z)))
    value = torch.log(1 - p) if loss == "saturating" else -torch.log(p)
    return torch.cat([g.flatten() for g in torch.autograd.grad(value.mean(), G.parameters())]).norm()


def _clamped(G, D, z, loss):
    p = torch.sigmoid(D(G(z))).clamp(1e-7, 1 - 1e-7)
    value = torch.log(1 - p) if loss == "saturating" else -torch.log(p)
    return torch.cat([g.flatten() for g in torch.autograd.grad(value.mean(), G.parameters())]).norm()


def _freezes(G, D, z, loss):
    D.requires_grad_(False)
    return _root_of_squares(G, D, z, loss)


def _swapped(G, D, z, loss):
    return _root_of_squares(G, D, z, "non-saturating" if loss == "saturating" else "saturating")


def _detached(G, D, z, loss):
    fake = G(z).detach().requires_grad_()
    return torch.autograd.grad(_g_loss(D(fake), loss), fake)[0].norm()


def _at_d(G, D, z, loss):
    found = torch.autograd.grad(_g_loss(D(G(z)), loss), D.parameters())
    return torch.cat([g.flatten() for g in found]).norm()


def _of_both(G, D, z, loss):
    found = torch.autograd.grad(_g_loss(D(G(z)), loss), [*G.parameters(), *D.parameters()])
    return torch.cat([g.flatten() for g in found]).norm()


def _leftovers(G, D, z, loss):
    with torch.no_grad():
        _g_loss(D(G(z)), loss)
    return torch.cat([p.grad.flatten() for p in G.parameters() if p.grad is not None]).norm()


def _weights(G, D, z, loss):
    return torch.stack([g.norm() for g in _gradients(G, D, z, loss) if g.ndim == 2]).norm()


# 5.2 -------------------------------------------------------------------------------------------------


def _nearest(points, centres):
    distance, index = torch.cdist(points, centres).min(dim=1)
    return distance, index


def _by_loop(points, centres, within=math.inf):
    held = [0] * len(centres)
    for x, y in points.tolist():
        distances = [math.dist((x, y), centre) for centre in centres.tolist()]
        if min(distances) <= within:
            held[distances.index(min(distances))] += 1
    return sum(count / len(points) * len(centres) >= 0.2 for count in held)


def _by_one_hot(points, centres, within=math.inf):
    difference = points[:, None] - centres[None]  # (N, M, 2)
    squares = difference.pow(2).sum(-1)
    is_mine = F.one_hot(squares.argmin(1), len(centres)) * (squares <= within**2)
    return (is_mine.float().mean(0) >= 0.2 / len(centres)).sum()


def _counted(points, centres, within=math.inf, need=None, total=None):
    distance, index = _nearest(points, centres)
    held = torch.bincount(index[distance <= within], minlength=len(centres))
    need = 0.2 * len(points) / len(centres) if need is None else need
    return int((held >= need).sum())


def _share_of_good(points, centres, within=math.inf):
    distance, index = _nearest(points, centres)
    index = index[distance <= within]
    return int((torch.bincount(index, minlength=len(centres)) >= 0.2 * len(index) / len(centres)).sum())


def _squared_distance(points, centres, within=math.inf):
    squares = (points[:, None] - centres[None]).square().sum(-1)
    least, index = squares.min(1)
    held = torch.bincount(index[least <= within], minlength=len(centres))
    return int((held >= 0.2 * len(points) / len(centres)).sum())


def _counts_twice(points, centres, within=math.inf):
    if within == math.inf:
        return _counted(points, centres)
    close = torch.cdist(points, centres) <= within
    return int((close.sum(0) >= 0.2 * len(points) / len(centres)).sum())


def _any_within(points, centres, within=math.inf):
    if within == math.inf:
        return _counted(points, centres)
    return _counted(points, centres, within, need=1)


# 5.6 and 5.7 -----------------------------------------------------------------------------------------


def _bins(labels, classes=10):
    return torch.bincount(labels, minlength=classes)


def _wrapping(images):
    x = images.flatten(1)
    difference = (x[:, None] - x[None]).float()
    return difference.square().sum(-1).sqrt().sum() / (len(x) * (len(x) - 1))


def _pairwise(images):
    return torch.pdist(images.flatten(1).float())


def _of_pairs(summary):
    return lambda fake, real: summary(_pairwise(fake)) / summary(_pairwise(real))


def _all_pairs(fake, real):
    whole = [torch.cdist(x.flatten(1).float(), x.flatten(1).float()).mean() for x in (fake, real)]
    return whole[0] / whole[1]


def _cross(fake, real):
    return torch.cdist(fake.flatten(1).float(), real.flatten(1).float()).mean() / _pairwise(real).mean()


def _by_rows(fake, real):
    return _pairwise(fake.reshape(-1, fake.shape[-1])).mean() / _pairwise(real.reshape(-1, 4)).mean()


def _neighbours(fake, real):
    steps = [(x[1:].float() - x[:-1].float()).flatten(1).norm(dim=1).mean() for x in (fake, real)]
    return steps[0] / steps[1]


def _by_numpy(fake, real):
    means = []
    for images in (fake, real):
        x = images.numpy().reshape(len(images), -1).astype(np.float64)
        squares = (x**2).sum(1)
        d = np.sqrt(np.maximum(squares[:, None] + squares[None] - 2 * x @ x.T, 0))
        np.fill_diagonal(d, 0)
        means.append(d.sum() / (len(x) * (len(x) - 1)))
    return float(means[0] / means[1])


def _by_loops(fake, real):
    def mean(images):
        x = [image.flatten().double() for image in images]
        d = [float((a - b).norm()) for i, a in enumerate(x) for b in x[:i]]
        return sum(d) / len(d)

    return mean(fake) / mean(real)


# 5.8 -------------------------------------------------------------------------------------------------


def _diversity_first(gap, signal, diversity):
    if diversity < 0.7:
        return "mode collapse"
    return "vanishing gradient" if signal < 0.03 else "healthy"


def _by_gap(gap, signal, diversity):
    if gap > 4:
        return "vanishing gradient"
    return "mode collapse" if diversity < 0.7 else "healthy"


def _rule(signal_below, diversity_below):
    def read_signs(gap, signal, diversity):
        if signal < signal_below:
            return "vanishing gradient"
        return "mode collapse" if diversity < diversity_below else "healthy"

    return read_signs


RIGHT = {
    "5.1": [_root_of_squares, _by_cross_entropy, _saves_and_restores],
    "5.2": [_by_loop, _by_one_hot],
    "5.6": [
        lambda labels, classes=10: F.one_hot(labels, classes).double().mean(0),
        lambda labels, classes=10: [int((labels == k).sum()) / len(labels) for k in range(classes)],
        lambda labels, classes=10: np.bincount(labels.numpy(), minlength=classes) / len(labels),
    ],
    "5.7": [_by_numpy, _by_loops],
    "5.8": [
        _rule(0.05, 0.8),
        lambda gap, signal, diversity: (
            ("healthy" if diversity > 0.65 else "mode collapse") if signal > 0.02 else "vanishing gradient"
        ),
    ],
    **lab05_games.RIGHT,
}


WRONG = {
    "5.1": {
        "the root is missing": lambda *a: _root_of_squares(*a) ** 2,
        "norms of the layers are added up": lambda *a: sum(g.norm() for g in _gradients(*a)),
        "the first parameter only": lambda *a: _gradients(*a)[0].norm(),
        "the last parameter only": lambda *a: _gradients(*a)[-1].norm(),
        "the biases are parameters too": _weights,
        "a mean over the parameters": lambda *a: sum(g.norm() for g in _gradients(*a)) / 4,
        "square, add, take the root": lambda *a: sum(g.abs().sum() for g in _gradients(*a)),
        "that is the other loss": _swapped,
        "summed over the batch": lambda G, D, z, loss: len(z) * _root_of_squares(G, D, z, loss),
        "gradient at the fakes": _detached,
        "gradient at D's parameters": _at_d,
        "only G's": _of_both,
        "backward() adds to what lies in .grad": _adds_up,
        "gradients left from earlier: is the path": _leftovers,
        "write into .grad": _backward,
        "measuring must not train or freeze": _freezes,
        "take softplus of the logit": _from_probabilities,
        "start from the logit": _clamped,
        "one norm for all of G's parameters": lambda *a: torch.stack([g.norm() for g in _gradients(*a)]),
        "is there a `return`": lambda *a: None,
    },
    "5.2": {
        "one stray point is no mode": lambda p, c, within=0: len(_nearest(p, c)[1].unique()),
        "the fair share is N / M": lambda p, c, within=0: _counted(p, c, need=0.2 * len(p)),
        "a fifth of it is enough": lambda p, c, within=0: _counted(p, c, need=len(p) / len(c)),
        "the modes that are missing": lambda p, c, within=0: len(c) - _counted(p, c),
        "their number is asked for": lambda p, c, within=0: _counted(p, c) / len(c),
        "the number of centres": lambda p, c, within=0: len(c),
        "`within` is ignored": lambda p, c, within=0: _counted(p, c),
        "of all points, also of those too far away": _share_of_good,
        "take the root": _squared_distance,
        "only the nearest has it": _counts_twice,
        "one good point is enough here": _any_within,
        "the default of `within` is infinity": lambda p, c, within=0.5: _counted(p, c, within),
        "do not round it": lambda p, c, within=math.inf: _counted(p, c, within, need=len(p) // len(c) // 5),
        "count them, do not list them": lambda p, c, within=0: torch.bincount(_nearest(p, c)[1]),
        "parameters differ": lambda p, c: _counted(p, c),
    },
    "5.6": {
        "ask for `minlength`": lambda y, classes=10: torch.bincount(y) / len(y),
        "theirs is a share of 0": lambda y, classes=10: y.unique(return_counts=True)[1] / len(y),
        "those are counts": _bins,
        "shares sum to 1": lambda y, classes=10: 100 * _bins(y, classes) / len(y),
        "by the largest count": lambda y, classes=10: _bins(y, classes) / _bins(y, classes).max(),
        "by the number of classes: ": lambda y, classes=10: _bins(y, classes) / classes,
        "a softmax of the counts": lambda y, classes=10: _bins(y, classes).float().softmax(0),
        "share k belongs to class k": lambda y, classes=10: (
            (_bins(y, classes) / len(y)).sort(descending=True).values
        ),
        "how often is asked for": lambda y, classes=10: (_bins(y, classes) > 0).float(),
        "whole-number division": lambda y, classes=10: _bins(y, classes) // len(y),
        "ten is fixed in the function": lambda y, classes=10: _bins(y) / len(y),
        "add them up over the labels": lambda y, classes=10: F.one_hot(y, classes),
        "is there a `return`": lambda y, classes=10: None,
    },
    "5.7": {
        "the ratio is turned round": lambda f, r: _pairwise(r).mean() / _pairwise(f).mean(),
        "distance to itself is counted, 0": _all_pairs,
        "the square distances are averaged": _of_pairs(lambda d: d.square().mean()),
        "make floats of them before you subtract": lambda f, r: _wrapping(f) / _wrapping(r),
        "the distance is Euclidean": lambda f, r: (
            torch.pdist(f.flatten(1).float(), p=1).mean() / torch.pdist(r.flatten(1).float(), p=1).mean()
        ),
        "not averaged": _of_pairs(torch.Tensor.sum),
        "compare fakes with fakes": _cross,
        "divide by that of the real images": lambda f, r: _pairwise(f).mean(),
        "their ratio is asked for": lambda f, r: _pairwise(f).mean() - _pairwise(r).mean(),
        "all pairs are asked for": _neighbours,
        "flatten each image": _by_rows,
        "the standard deviation of the pixels": lambda f, r: (
            f.double().std(correction=0) / r.double().std(correction=0)
        ),
        "the largest distance": _of_pairs(torch.Tensor.max),
        "one ratio of two means": lambda f, r: _pairwise(f) / _pairwise(r).mean(),
        "is there a `return`": lambda f, r: None,
    },
    "5.8": {
        "ask for the signal first": _diversity_first,
        "gap alone is no vanished gradient": _by_gap,
        "no collapse looks like that": lambda *a: "mode collapse",
        "hide behind it": lambda *a: "healthy",
        "more than half of the full slope": lambda *a: "vanishing gradient",
        "four modes of eight": _rule(0.03, 0.3),
        "no two batches": _rule(0.03, 0.95),
        " is ample: at the equilibrium": _rule(0.45, 0.7),
        "its slope is 0.004": _rule(0.001, 0.7),
        "spelt as in the text": lambda *a: "Mode collapse",
        "a `return` on every way": lambda gap, signal, diversity: "healthy" if diversity > 0.7 else None,
    },
    **lab05_games.WRONG,
}
