"""Answers to lab 08: the score, the tables, paths and directions."""

import numpy as np
import torch
from torch.nn import functional as F

# 8.7


def _by_eigenvalues(mean_a, covariance_a, mean_b, covariance_b):
    """The eigenvalues of the product, which is not symmetric: real but for rounding."""
    values = torch.linalg.eigvals(covariance_a @ covariance_b).real.clamp(min=0)
    spread = torch.trace(covariance_a + covariance_b) - 2 * values.sqrt().sum()
    return max(0.0, float((mean_a - mean_b).pow(2).sum() + spread))


def _by_singular_values(mean_a, covariance_a, mean_b, covariance_b):
    def factor(covariance):
        left, values, _ = torch.linalg.svd((covariance + covariance.T) / 2)
        return left * values.sqrt()

    shared = torch.linalg.svdvals(factor(covariance_a).T @ factor(covariance_b)).sum()
    gap = torch.dist(mean_a, mean_b) ** 2
    return torch.relu(gap + torch.trace(covariance_a) + torch.trace(covariance_b) - 2 * shared)


def _by_numpy(mean_a, covariance_a, mean_b, covariance_b):
    a, b = covariance_a.numpy(), covariance_b.numpy()
    values, vectors = np.linalg.eigh(b)
    root = vectors @ np.diag(np.sqrt(np.maximum(values, 0))) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ a @ root), 0)).sum()
    gap = np.sum((mean_a - mean_b).numpy() ** 2)
    return np.maximum(gap + np.trace(a) + np.trace(b) - 2 * shared, 0)


def _frechet(shared, gap=lambda d: d @ d, factor=2, end=lambda value: value.clamp(min=0)):
    def answer(mean_a, covariance_a, mean_b, covariance_b):
        spread = (covariance_a + covariance_b).diagonal().sum()
        return end(gap(mean_a - mean_b) + spread - factor * shared(covariance_a, covariance_b))

    return answer


def _symmetric(a, b, low=0.0):
    values, vectors = torch.linalg.eigh(a)
    root = vectors @ values.clamp(min=low).sqrt().diag() @ vectors.mT
    return torch.linalg.eigvalsh(root @ b @ root).clamp(min=low).sqrt().sum()


def _complex_roots(a, b):
    return torch.linalg.eigvals(a @ b).sqrt().sum()


# 8.8

SAID = {
    "the step that gains most": "A to B on both",
    "the traditional input goes (C to D)": "better on CelebA-HQ, hardly worse on FFHQ",
    "noise is added (D to E)": "better on FFHQ, hardly on CelebA-HQ",
    "styles are mixed in training (E to F)": "worse on CelebA-HQ, hardly better on FFHQ",
    "FFHQ has the better FID": "in every row but A",
    "one latent at test time": "50 % is better than 100 %",
    "four latents at test time": "100 % is better than 50 %",
}


def _but(**changes):
    """The right table, but for what starts so."""
    names = {name: next(q for q in SAID if q.startswith(name.replace("_", " "))) for name in changes}
    return lambda: SAID | {names[name]: choice for name, choice in changes.items()}


# 8.9


def _slerp(a, b, t):
    """By the component of b at right angles to a."""
    a, b = F.normalize(a), F.normalize(b)
    across = F.normalize(b - (a * b).sum(1, keepdim=True) * a)
    angle = t * torch.atan2((across * b).sum(1, keepdim=True), (a * b).sum(1, keepdim=True))
    return a * angle.cos() + across * angle.sin()


def _path(over=2, first=0.0, slerp=_slerp, lerp=torch.lerp, same=True, of=lambda d: d):
    """Both images in one batch."""

    def answer(G, z_a, z_b, t, epsilon, distance, space):
        ts = t + first * epsilon, t + epsilon
        if space == "w":
            w_a, w_b = G.mapping(z_a), G.mapping(z_b)
            w = torch.cat([lerp(w_a, w_b, t) for t in ts])
        else:
            w = G.mapping(torch.cat([slerp(z_a, z_b, t) for t in ts]))
        if same:
            noise = [torch.cat([part, part]) for part in G.draw_noise(len(t))]
        else:
            noise = G.draw_noise(2 * len(t))
        return of(distance(*G.draw(w, noise).chunk(2))) / epsilon**over

    return answer


def _by_cosines(G, z_a, z_b, t, epsilon, distance, space):
    """One path at a time; one noise for the whole batch."""
    noise = G.draw_noise(1)
    lengths = []
    for start, end, at in zip(z_a, z_b, t, strict=True):
        omega = torch.arccos(F.cosine_similarity(start, end, dim=0))
        pair = []
        for share in (at, at + epsilon):
            if space == "z":
                start_part = torch.sin((1 - share) * omega) * start / start.norm()
                z = start_part + torch.sin(share * omega) * end / end.norm()
                w = G.mapping(7 * z[None])  # whatever its length
            else:
                w = torch.lerp(G.mapping(start[None]), G.mapping(end[None]), share)
            pair.append(G.draw(w, noise))
        lengths.append(distance(*pair) / epsilon / epsilon)
    return torch.cat(lengths)


def _raw_slerp(a, b, t):
    omega = torch.arccos((a * b).sum(1, keepdim=True))
    return torch.sin((1 - t) * omega) * a + torch.sin(t * omega) * b


def _half_raw_slerp(a, b, t):
    omega = torch.arccos(F.cosine_similarity(a, b)[:, None])
    return (torch.sin((1 - t) * omega) * a + torch.sin(t * omega) * b) / torch.sin(omega)


def _w_in_z(G, z_a, z_b, t, epsilon, distance, space):
    """Whatever the space: mixed as z."""
    noise = G.draw_noise(len(t))
    pair = [G.draw(G.mapping(z_a + s * (z_b - z_a)), noise) for s in (t, t + epsilon)]
    return distance(*pair) / epsilon**2


def _noise_for_each(G, z_a, z_b, t, epsilon, distance, space):
    """One path at a time, and one image at a time."""

    def draw(a, b, t):
        w = torch.lerp(G.mapping(a), G.mapping(b), t) if space == "w" else G.mapping(_slerp(a, b, t))
        return G.draw(w, None)

    parts = (part.split(1) for part in (z_a, z_b, t))
    pairs = [(draw(a, b, at), draw(a, b, at + epsilon)) for a, b, at in zip(*parts, strict=True)]
    return torch.cat([distance(near, far) for near, far in pairs]) / epsilon**2


# 8.10


def _squeezing(w, labels, other_labels):
    inverse = torch.linalg.pinv(w - w.mean(0))
    d, others = inverse @ labels, inverse @ other_labels.squeeze()
    d = d - others @ (torch.linalg.pinv(others) @ d)
    return d / d.norm()


def _by_intercept(w, labels, other_labels):
    """A column of ones, and Gram-Schmidt over the others."""
    design = torch.cat([w, torch.ones_like(w[:, :1])], 1)

    def normal(targets):
        return torch.linalg.lstsq(design, targets[:, None]).solution[:-1, 0]

    basis = []
    for column in [*other_labels.T, labels]:
        left = normal(column)
        for unit in basis:
            left = left - (left @ unit) * unit
        basis.append(left / left.norm())
    return basis[-1]


def _by_pinv(w, labels, other_labels):
    inverse = torch.linalg.pinv(w - w.mean(0, keepdim=True))
    wanted, others = inverse @ labels, inverse @ other_labels
    share = torch.linalg.lstsq(others, wanted[:, None]).solution
    return F.normalize(wanted - (others @ share)[:, 0], dim=0)


def _by_numpy_lstsq(w, labels, other_labels):
    x = w.double().numpy()
    y = np.column_stack([labels.numpy(), other_labels.numpy()]).astype(np.float64)
    normals = np.linalg.lstsq(x - x.mean(0), y - y.mean(0), rcond=None)[0]
    q, _ = np.linalg.qr(np.column_stack([normals[:, 1:], normals[:, :1]]))
    d = q[:, -1] * np.sign(q[:, -1] @ normals[:, 0])
    return torch.from_numpy(d).to(w.dtype)


def _direction(centred=True, away="plane", unit=lambda d: d / d.norm()):
    def answer(w, labels, other_labels):
        x = w - w.mean(0) if centred else w
        normals = torch.linalg.lstsq(x, torch.column_stack([labels, other_labels])).solution
        d, others = normals[:, 0], normals[:, 1:]
        if away == "plane":
            d = d - others @ torch.linalg.solve(others.T @ others, others.T @ d)
        for column in others.T if away == "one by one" else ():
            d = d - (d @ column) / column.square().sum() * column
        for column in others.T if away == "whole" else ():
            d = d - column
        return unit(d)

    return answer


def _with_ones_left_in(w, labels, other_labels):
    return _direction()(torch.cat([w, torch.ones_like(w[:, :1])], 1), labels, other_labels)


RIGHT = {
    "8.7": [_by_eigenvalues, _by_singular_values, _by_numpy, _frechet(_symmetric)],
    "8.8": [lambda: dict(SAID), lambda: {name: SAID[name] for name in reversed(SAID)}],
    "8.9": [_path(), _by_cosines],
    "8.10": [_by_intercept, _by_pinv, _by_numpy_lstsq],
}

WRONG = {
    "8.7": {
        "the factor 2": _frechet(_symmetric, factor=1),
        "the means are missing": _frechet(_symmetric, gap=lambda d: 0),
        "the distance of the means is not squared": _frechet(_symmetric, gap=torch.norm),
        "of each entry of C_a C_b": _frechet(lambda a, b: torch.trace((a @ b).abs() ** 0.5)),
        "a root is missing": _frechet(lambda a, b: torch.linalg.eigvals(a @ b).real.sum()),
        "it is the root of their product": _frechet(
            lambda a, b: sum(
                torch.trace(u @ v)
                for u, v in [
                    [w @ s.clamp(min=0).sqrt().diag() @ w.T for s, w in map(torch.linalg.eigh, (a, b))]
                ]
            )
        ),
        "has imaginary parts by rounding": _frechet(_complex_roots, end=lambda value: value),
        "before each root": _frechet(lambda a, b: _symmetric(a, b, low=-1.0)),
        "it is never negative": _frechet(_symmetric, end=lambda value: value),
        "one number each": _frechet(_symmetric, gap=torch.square),
        "a root of the matrix": _frechet(lambda a, b: torch.linalg.cholesky(a @ b).trace()),
        "nothing may change in place": lambda a, ca, b, cb: _frechet(_symmetric)(a.sub_(b), ca, 0 * b, cb),
        "without `.cuda()`": lambda a, ca, b, cb: _frechet(_symmetric)(a + torch.zeros(len(a)), ca, b, cb),
    },
    "8.8": {
        "row by row, from A on": _but(FFHQ="in every row"),
        "compare 5.06 with 5.17": _but(styles="better on both"),
        "compare the last column": _but(four="50 % is better than 100 %"),
        "compare the first column": _but(one="100 % is better than 50 %"),
        "compare 4.85 with 4.88": _but(the_traditional="better on both"),
        "compare D − E with A − B": _but(the_step="A to B on CelebA-HQ, D to E on FFHQ"),
        "And on FFHQ?": _but(noise="much better on both"),
        "letter for letter": lambda: {name: choice.upper() for name, choice in SAID.items()},
        "one entry for each question": lambda: dict(list(SAID.items())[:2]),
        "it returns a dictionary": lambda: list(SAID.values()),
        "is there a `return`": lambda: None,
    },
    "8.9": {
        "epsilon is not squared": _path(over=1),
        "is not divided by epsilon²": _path(over=0),
        "both images are at t": _path(first=1.0, of=lambda d: d * 0),
        "the images are at t − epsilon and t + epsilon": _path(first=-1.0),
        "an arc: a straight line is asked for": _path(lerp=_slerp),
        "the line in w was drawn in z": _w_in_z,
        "in z it goes along a straight line": _path(slerp=torch.lerp),
        "between the normalised ends": _path(
            slerp=lambda a, b, t: torch.lerp(F.normalize(a), F.normalize(b), t)
        ),
        "as they are: bring both to length 1": _path(slerp=_half_raw_slerp),
        "beyond 1 is NaN": _path(slerp=_raw_slerp),
        "noise of their own": _path(same=False),
        "give it to both calls": _noise_for_each,
        "averaged over the batch": _path(of=torch.mean),
        "no mean, no `keepdim`": _path(of=lambda d: d[:, None]),
        "the ends are swapped": lambda G, z_a, z_b, *rest: _path()(G, z_b, z_a, *rest),
        "the root of the distance over epsilon:": _path(of=torch.sqrt, over=1),
        "no `squeeze()`": _path(of=torch.squeeze),
        "nothing may change in place": lambda G, z_a, *rest: _path()(
            G, z_a.div_(z_a.norm(dim=1)[:, None]), *rest
        ),
        "without `.cuda()`": lambda G, z_a, *rest: _path()(G, z_a + torch.zeros(1), *rest),
    },
    "8.10": {
        "left out of account": _direction(away="nothing"),
        "taken away one after the other": _direction(away="one by one"),
        "subtracted whole": _direction(away="whole"),
        "not of length 1": _direction(unit=lambda d: d),
        "there is no intercept": _direction(centred=False),
        "the wrong one is turned": lambda w, y, others: _direction()(
            w, others[:, 0], torch.stack([y, others[:, 1]], 1)
        ),
        "only the first of the others": lambda w, y, others: _direction()(w, y, others[:, :1]),
        "it points the other way": _direction(unit=lambda d: -d / d.norm()),
        "the intercept is no part": lambda w, y, others: F.pad(_direction()(w, y, others), (0, 1)),
        "that has two axes": lambda w, y, others: _direction()(w, y, others)[:, None],
        "its length is": _direction(unit=lambda d: d / d.abs().max()),
        "no `squeeze()`": _squeezing,
        "nothing may change in place": lambda w, y, others: _direction()(w.sub_(w.mean(0)), y, others),
        "without `.cuda()`": lambda w, y, others: _direction()(w + torch.zeros(1), y, others),
    },
}
