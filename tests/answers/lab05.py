"""Answers to lab 05. The settings of 5.3 to 5.6 are played: they are the same ones where they can be."""

import math

import numpy as np
import torch
from torch.nn import functional as F

INF = math.inf
NAN = math.nan

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
    norm = torch.stack([p.grad.norm() for p in G.parameters()]).norm()
    for p, grad in zip(parameters, kept, strict=True):
        p.grad = grad
    return norm


def _adds_up(G, D, z, loss):
    _g_loss(D(G(z)), loss).backward()
    return torch.cat([p.grad.flatten() for p in G.parameters()]).norm()


def _clears(*given):
    """As in a training step: clears, and leaves gradients behind."""
    given[0].zero_grad()
    return _adds_up(*given)


def _from_probabilities(G, D, z, loss, least=None):
    p = torch.sigmoid(D(G(z)))
    p = p if least is None else p.clamp(least, 1 - least)
    value = torch.log(1 - p) if loss == "saturating" else -torch.log(p)
    return torch.cat([g.flatten() for g in torch.autograd.grad(value.mean(), G.parameters())]).norm()


def _freezes(G, D, z, loss):
    D.requires_grad_(False)
    return _root_of_squares(G, D, z, loss)


def _at_fakes(G, D, z, loss):
    fake = G(z).detach().requires_grad_()
    return torch.autograd.grad(_g_loss(D(fake), loss), fake)[0].norm()


def _leftovers(G, D, z, loss):
    with torch.no_grad():
        _g_loss(D(G(z)), loss)
    return torch.cat([p.grad.flatten() for p in G.parameters() if p.grad is not None]).norm()


# 5.2 -------------------------------------------------------------------------------------------------


def _by_loop(points, centres, within=INF):
    held = [0] * len(centres)
    for x, y in points.tolist():
        distances = [math.dist((x, y), centre) for centre in centres.tolist()]
        if min(distances) <= within:
            held[distances.index(min(distances))] += 1
    return sum(count / len(points) * len(centres) >= 0.2 for count in held)


def _by_one_hot(points, centres, within=INF):
    squares = (points[:, None] - centres[None]).pow(2).sum(-1)  # (N, M)
    is_mine = F.one_hot(squares.argmin(1), len(centres)) * (squares <= within**2)
    return (is_mine.float().mean(0) >= 0.2 / len(centres)).sum()


def _counted(points, centres, within=INF, need=None):
    distance, index = torch.cdist(points, centres).min(dim=1)
    held = torch.bincount(index[distance <= within], minlength=len(centres))
    need = 0.2 * len(points) / len(centres) if need is None else need
    return int((held >= need).sum())


def _far_ones_dropped(points, centres, within=INF):
    distance = torch.cdist(points, centres).amin(1)
    return _counted(points[distance <= within], centres)


def _counts_twice(points, centres, within=INF):
    if within == INF:
        return _counted(points, centres)
    close = torch.cdist(points, centres) <= within
    return int((close.sum(0) >= 0.2 * len(points) / len(centres)).sum())


def _others(points, centres, within=INF, p=2, more=False, squared=False, eight=False, bins=False):
    """Other distances, more than a fifth, `within` squared, 8 for M, or the number of bins."""
    distance, index = torch.cdist(points, centres, p=p).min(dim=1)
    held = torch.bincount(index[distance <= (within**2 if squared else within)], minlength=len(centres))
    held = held[: int(index.max()) + 1] if bins else held
    need = 0.2 * len(points) / (8 if eight else len(held))
    return int((held > need if more else held >= need).sum())


def _strictly(points, centres, within=INF):
    distance, index = torch.cdist(points, centres).min(dim=1)
    return int(
        (
            torch.bincount(index[distance < within], minlength=len(centres)) * 5 * len(centres) >= len(points)
        ).sum()
    )


def _centred(points, centres, within=INF):
    points -= points.mean(0)
    return _counted(points, centres, within)


# 5.7 -----------------------------------------------------------------------------------------------


def _wrapping(images):
    x = images.flatten(1)
    difference = (x[:, None] - x[None]).float()
    return difference.square().sum(-1).sqrt().sum() / (len(x) * (len(x) - 1))


def _pairwise(images):
    return torch.pdist(images.flatten(1).float())


def _all_pairs(fake, real):
    whole = [torch.cdist(x.flatten(1).float(), x.flatten(1).float()).mean() for x in (fake, real)]
    return whole[0] / whole[1]


def _wrapping_once(images):
    """Bytes subtracted as bytes, each pair once."""
    rows = images.flatten(1)
    pairs = [(rows[i] - rows[j]).float().norm() for i in range(len(rows)) for j in range(i)]
    return torch.stack(pairs).mean()


def _cross(fake, real):
    return torch.cdist(fake.flatten(1).float(), real.flatten(1).float()).mean() / _pairwise(real).mean()


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


# -----------------------------------------------------------------------------------------------------


def _says(value):
    return lambda: value


# Of 5.6: a collapse, a vanishing gradient, a cure.
_LOST, _SILENT, _DOSE = (
    {"g_lr": 4e-2, "d_lr": 4e-4},
    {"loss": "saturating", "g_lr": 4e-4, "d_lr": 2e-2},
    {"penalty": 20.0},
)

RIGHT = {
    "5.1": [_root_of_squares, _by_cross_entropy, _saves_and_restores],
    "5.2": [
        _by_loop,
        _by_one_hot,
        _counted,
        lambda p, c, within=INF: sum(
            int(((torch.cdist(p, c).argmin(1) == k) & ((p - c[k]).norm(dim=1) <= within)).sum()) / len(p)
            >= 0.2 / len(c)
            for k in range(len(c))
        ),
    ],
    "5.3": [_says({"g_lr": 1e-4}), _says({"d_lr": 1e-4, "loss": "relativistic"})],
    "5.4": [
        _says({"loss": "saturating", "optimizer": "sgd", "g_lr": 1e-2}),
        _says({"optimizer": "sgd", "loss": "saturating", "d_lr": 2e-3}),
    ],
    "5.5": [
        _says([{"spectral_norm": True}, {"penalty": 1}]),
        _says(({"penalty": 2.0}, {"spectral_norm": True})),
    ],
    "5.6": [
        lambda: ({"d_lr": 4e-5}, dict(_SILENT, d_steps=1), {"penalty": 20}),
        _says([{"d_lr": 0.0004, "g_lr": 4e-2}, {**_SILENT, "d_lr": 0.02}, {"penalty": 20.0}]),
    ],
    "5.7": [_by_numpy, _by_loops],
    "5.8": [
        _rule(0.05, 0.8),
        lambda gap, signal, diversity: (
            ("healthy" if diversity > 0.65 else "mode collapse") if signal > 0.02 else "vanishing gradient"
        ),
    ],
}


WRONG = {
    "5.1": {
        "look for log(0)": lambda G, D, z, loss: (
            _from_probabilities(G, D, z, loss) if loss == "saturating" else _root_of_squares(G, D, z, loss)
        ),
        "or eval() left behind": lambda G, *a: _root_of_squares(G.eval(), *a),
        "`device=x.device`": lambda G, D, z, loss: _root_of_squares(
            G, lambda x: D(x) * torch.ones(len(z)), z, loss
        ),
        "the root is missing": lambda *a: sum(g.square().sum() for g in _gradients(*a)),
        "backward() adds to what lies in .grad": _adds_up,
        "gradient at the fakes": _at_fakes,
        "gradients left from earlier: is the path": _leftovers,
        "write into .grad": _clears,
        "measuring must not train or freeze": _freezes,
        "take softplus of the logit": _from_probabilities,
        "start from the logit": lambda *a: _from_probabilities(*a, least=1e-7),
        "the loss does not depend on G's": lambda G, *a: _gradients(G, lambda x: a[0](x.detach()), *a[1:]),
        "one norm for all of G's parameters": lambda *a: torch.stack([g.norm() for g in _gradients(*a)]),
        "is there a `return`": lambda *a: None,
    },
    "5.2": {
        "8 stands where the number of centres": lambda p, c, within=INF: _others(p, c, within, eight=True),
        "no method that ends in `_`": _centred,
        "is covered: `>=`, not `>`": lambda p, c, within=INF: _others(p, c, within, more=True),
        "that is the sum of both": lambda p, c, within=INF: _others(p, c, within, p=1),
        "or the larger: the distance is Euclidean": lambda p, c, within=INF: _others(p, c, within, p=INF),
        "M counts empty modes": lambda p, c, within=INF: _others(p, c, within, bins=True),
        "just 5 is enough": _strictly,
        "not its square": lambda p, c, within=INF: _others(p, c, within, squared=True),
        "one stray point is no mode": lambda p, c, within=0: len(torch.cdist(p, c).argmin(1).unique()),
        "a fifth of it is enough": lambda p, c, within=0: _counted(p, c, need=len(p) / len(c)),
        "of all points, also of those too far away": _far_ones_dropped,
        "take the root": lambda p, c, within=INF: _by_one_hot(p, c, within**0.5),
        "only the nearest has it": _counts_twice,
        "the default of `within` is infinity": lambda p, c, within=0.5: _counted(p, c, within),
        "do not round it": lambda p, c, within=INF: _counted(p, c, within, need=len(p) // len(c) // 5),
        "count them, do not list them": lambda p, c, within=0: torch.bincount(torch.cdist(p, c).argmin(1)),
        "parameters differ": lambda p, c: _counted(p, c),
    },
    "5.3": {
        "cover 8 of 8 modes": _says({"g_lr": 2e-3}),
        "d_lr is nan": _says({"d_lr": NAN}),
        "g_lr is -0.001": _says({"g_lr": -1e-3}),
        "steps stays as it is here": _says({"steps": 1_000_000}),
        "d_lr is the text '1e-4'": _says({"d_lr": "1e-4"}),
        "did you mean 'd_lr'": _says({"dlr": 1e-4}),
        "write a dict": _says([("d_lr", 1e-4)]),
        "d_lr is {'rate': 0.0001}": _says({"d_lr": {"rate": 1e-4}}),
        "from 1 to 5, say 1": _says({"d_steps": 20}),
        "d_lr is inf": _says({"d_lr": math.inf}),
        "Did you mean 'saturating'": _says({"loss": "saturated"}),
        "optimizer is None": _says({"optimizer": None}),
        "write a dict of names": _says(None),
        "make G slower still": _says({"g_lr": 1e-3}),
        "the two rates are close": _says({"g_lr": 1.9e-3}),
        "keep it for 5.4": _says({"loss": "saturating", "optimizer": "sgd"}),
        "G never left its start": _says({"g_lr": 1e-7}),
    },
    "5.4": {
        "the signal stays near a half": _says({}),
        "which loss has none there": _says({"optimizer": "sgd"}),
        "Adam rescales": _says({"loss": "saturating"}),
        "g_lr is nan": _says({"g_lr": NAN}),
        "g_lr is 0": _says({"g_lr": 0}),
        "steps stays as it is": _says({"loss": "saturating", "steps": 10}),
        "penalty stays as it is": _says({"penalty": 1.0}),
        "unknown setting 'lr'": _says({"lr": 1e-3}),
        "loss is 'log(1 - D)'": _says({"loss": "log(1 - D)"}),
        "from 1 to 5, say 1": _says({"d_steps": 6}),
        "d_steps is 2.5": _says({"d_steps": 2.5}),
        "beta1 is 1": _says({"beta1": 1.0}),
        "write a dict": _says("saturating"),
    },
    "5.5": {
        "a list of two dicts": _says([{"penalty": 0.1}]),
        "one dict": _says({"penalty": 0.1, "packing": 4}),
        "two changes at once": _says([{"penalty": 0.1, "packing": 4}, {"spectral_norm": True}]),
        "another dose is not another cure": _says([{"penalty": 0.1}, {"penalty": 0.3}]),
        "d_lr stays as it is": _says([{"d_lr": 1e-3}, {"packing": 4}]),
        "steps stays as it is": _says([{"penalty": 0.1}, {"steps": 20_000}]),
        "the value is the patient's own": _says([{"penalty": 0.0}, {"packing": 4}]),
        "packing 3 does not divide": _says([{"penalty": 0.1}, {"packing": 3}]),
        "penalty is nan": _says([{"penalty": NAN}, {"packing": 4}]),
        "penalty is -0.1": _says([{"packing": 4}, {"penalty": -0.1}]),
        "one entry in the dict": _says([{}, {"packing": 4}]),
        "unknown setting 'r1'": _says([{"r1": 0.1}, {"packing": 4}]),
        "write a dict": _says([("penalty", 0.1), ("packing", 4)]),
        "the patient's D runs away": _says([{"noise": 0.1}, {"packing": 4}]),
        "in a wrong dose": _says([{"penalty": 1e-4}, {"packing": 4}]),
        "in a wrong dose: let D see another number of samples together": _says(
            [{"packing": 4}, {"penalty": 1.0}]
        ),
    },
    "5.6": {
        "all three in one list": _says([_LOST, _SILENT]),
        "one dict": _says({"collapse": _LOST}),
        "settings of the game that you start from": _says([{"g_lr": 4e-3}, _SILENT, _DOSE]),
        "beta1 stays as it is here": _says([{"beta1": 0.9}, _SILENT, _DOSE]),
        "g_lr stays as it is here": _says([_LOST, _SILENT, {"g_lr": 4e-3}]),
        "unknown setting 'optimizer'": _says([_LOST, {**_SILENT, "optimizer": "sgd"}, _DOSE]),
        "from 1 to 5, say 1": _says([_LOST, {"d_steps": 9}, _DOSE]),
        'write a dict of names and values, {"g_lr"': _says(["d_lr", _SILENT, _DOSE]),
        'write a dict of names and values, {"d_steps"': _says([_LOST, _SILENT, "penalty"]),
        "which of them helped": _says([_LOST, _SILENT, {"penalty": 20.0, "packing": 4}]),
        "it belongs in the second dict": _says([_SILENT, _SILENT, _DOSE]),
        "grey noise of a fresh G": _says([{"g_lr": 1e-6}, _SILENT, _DOSE]),
        "so the players keep pace": _says([{"g_lr": 3e-3}, _SILENT, _DOSE]),
        "which loss has none there": _says([_LOST, _LOST, _DOSE]),
        "which remedy limits D's slope": _says([_LOST, _SILENT, {"packing": 4}]),
        "in a wrong dose": _says([_LOST, _SILENT, {"penalty": 1e-3}]),
    },
    "5.7": {
        "do not cut the ratio off": lambda f, r: (_pairwise(f).mean() / _pairwise(r).mean()).clamp(max=1),
        "the ratio is flipped": lambda f, r: _pairwise(r).mean() / _pairwise(f).mean(),
        "distance to itself is counted, 0": _all_pairs,
        "make floats of them before you subtract": lambda f, r: _wrapping(f) / _wrapping(r),
        "(a later image minus an earlier)": lambda f, r: _wrapping_once(f) / _wrapping_once(r),
        "the standard deviation of each pixel": lambda f, r: (
            f.float().std(0).mean() / r.float().std(0).mean()
        ),
        "each image becomes one row": lambda f, r: (
            torch.pdist(f.float().ravel()) / torch.pdist(r.float().ravel())
        ),
        "the sets differ in size": lambda f, r: _pairwise(f).sum() / _pairwise(r).sum(),
        "compare fakes with fakes": _cross,
        "not averaged": lambda f, r: _pairwise(f).sum() / _pairwise(r).sum(),
        "flatten each image": lambda f, r: _by_loops(f.reshape(-1, f.shape[-1]), r.reshape(-1, r.shape[-1])),
        "the images are bytes": lambda f, r: f.flatten(1).std(0).mean() / r.flatten(1).std(0).mean(),
        "one ratio of two means": lambda f, r: _pairwise(f) / _pairwise(r).mean(),
        "is there a `return`": lambda f, r: None,
    },
    "5.8": {
        "ask for the signal first": _diversity_first,
        "gap alone is no vanished gradient": _by_gap,
        "no collapse looks like that": lambda *a: "mode collapse",
        "hide behind it": lambda *a: "healthy",
        "more than half of the full slope": lambda *a: "vanishing gradient",
        "no run at all is called so": lambda signal, gap, diversity: (
            "vanishing gradient" if signal < 0.04 and gap > 4 else _rule(0, 0.6)(gap, signal, diversity)
        ),
        "four modes of eight": _rule(0.03, 0.3),
        "no two batches": _rule(0.03, 0.95),
        " is ample: at the equilibrium": _rule(0.45, 0.7),
        "its slope is 0.004": _rule(0.001, 0.7),
        "spelt as in the text": lambda *a: "Mode collapse",
        "a `return` on every way": lambda gap, signal, diversity: "healthy" if diversity > 0.7 else None,
    },
}
