"""Edit a picture with a style-based generator: find its styles, move them along a direction, draw again.

`invert` finds styles for given images. `directions` finds, from samples that a classifier has read, how
styles move when one factor changes and the others stay. `edit` moves styles along such a direction; `steer`
goes in small steps, looks at the picture after each, and corrects what should have stayed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from tqdm.auto import tqdm

from labkit.classifiers import Classifier, ClassifierError, Head
from labkit.networks.style import StyleGenerator
from labkit.styles import draw_z, drawn, styles_by_size

Features = Callable[[torch.Tensor], torch.Tensor]
_CANDIDATES = 2_000  # samples among which an inversion looks for its starts
_AT_ONCE = 32  # images that are inverted together


@dataclass(frozen=True)
class Inversion:
    """What `invert` found, on the CPU.

    Attributes:
        w: one style for each layer, (N, layers, style_dim).
        images: what G draws of them, uint8 (N, C, S, S).
        errors: mean absolute difference of each to the given image, (N,); 1 is white for black.
    """

    w: torch.Tensor
    images: torch.Tensor
    errors: torch.Tensor


def invert(
    G: StyleGenerator,
    images: torch.Tensor,
    features: Features,
    *,
    starts: int = 4,
    steps: int = 300,
    rate: float = 0.1,
    agree: float = 0.1,
    seed: int = 0,
) -> Inversion:
    """Find styles of which G draws given images, by gradient descent on the styles, with a progress bar.

    Of many samples, the ``starts`` nearest to an image are where its search begins; after a third of the
    steps only the best goes on. The loss is the squared difference of pixels plus that of features, both in
    units of their variance over samples, plus ``agree`` times the variance of the styles over layers. Styles
    that may differ from layer to layer describe more images (Abdal et al., 2019, arXiv:1904.03189); styles
    that nearly agree can be edited like those of a sample.

    Args:
        images: uint8 (N, C, S, S), of G's size and channels.
        rate: Adam's learning rate, in standard deviations of w.
        features: differentiable, of float images (B, C, S, S) in [-1, 1] to (B, F): a classifier's trunk.
    """
    device = G.synthesis.constant.device
    candidates = G.mapping(draw_z(G, _CANDIDATES, seed)).detach()  # (2000, style_dim)
    noise = G.draw_noise(1, torch.Generator(device).manual_seed(seed))
    samples = drawn(G, candidates, seed=seed).to(device)
    described = _description(samples, features)
    rate = rate * candidates.std(0).mean().item()
    known = _in_parts(described, samples)

    def losses(w, target):
        image = G.draw(w, [map_.expand(len(w), -1, -1, -1) for map_ in noise])
        return (described(image) - target).square().sum(1) + agree * w.var(1, correction=0).mean(1)

    found = []
    parts = images.to(device).split(_AT_ONCE)
    with tqdm(total=steps * len(parts), desc="Inverting", unit="step") as bar:
        for part in parts:
            target = _in_parts(described, part)
            nearest = torch.cdist(target, known).topk(starts, largest=False).indices  # (n, starts)
            w = candidates[nearest.T.flatten()][:, None].repeat(1, G.layers, 1)  # (starts * n, layers, ...)
            w, loss = _descend(w, target.repeat(starts, 1), losses, steps // 3, rate, bar)
            best = loss.view(starts, -1).argmin(0) * len(part) + torch.arange(len(part), device=device)
            found.append(_descend(w[best], target, losses, steps - steps // 3, rate, bar)[0])
    w = torch.cat(found)
    again = drawn(G, w, seed=seed)
    errors = (again.float() - images.cpu().float()).abs().flatten(1).mean(1) / 255
    return Inversion(w.cpu(), again, errors)


def _description(samples: torch.Tensor, features: Features) -> Features:
    """A function of images whose squared distances are those of pixels plus those of features.

    Each part is divided by its total variance over the samples, uint8 (N, C, S, S).
    """
    scales = [
        _in_parts(part, samples).var(0).sum().sqrt() for part in (lambda images: images.flatten(1), features)
    ]
    return lambda images: torch.cat([images.flatten(1) / scales[0], features(images) / scales[1]], dim=1)


@torch.no_grad()
def _in_parts(function: Features, images: torch.Tensor) -> torch.Tensor:
    """``function`` of uint8 images, given to it as floats in [-1, 1], a few hundred at a time."""
    return torch.cat([function(part.float() / 127.5 - 1) for part in images.split(250)])


def _descend(w, target, losses, steps: int, rate: float, bar) -> tuple[torch.Tensor, torch.Tensor]:
    """Adam on w, with a rate that falls to 0: the last w, and the loss of each."""
    w = w.clone().requires_grad_()
    optimizer = torch.optim.Adam([w], lr=rate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, total_iters=steps)
    for _ in range(steps):
        loss = losses(w, target)
        optimizer.zero_grad()
        loss.sum().backward()
        optimizer.step()
        schedule.step()
        bar.update()
    return w.detach(), loss.detach()


def factor_values(
    classifier: Classifier, images: torch.Tensor, factors: Iterable[str]
) -> dict[str, torch.Tensor]:
    """How much of each factor a classifier sees in images: factor -> (N,) float32, on the CPU.

    Args:
        images: uint8 (N, C, S, S).
        factors: names. ``"age"``, a number: its value. ``"hair_colour: blond"``: the probability of that
            class. A class factor alone, ``"glasses"``: the probability that it is not its first class.

    Raises:
        ClassifierError: the classifier reads no such factor, or the factor has no such class.
    """
    answers, heads = classifier.answers(images.cpu()), {head.name: head for head in classifier.heads}
    return {factor: _value(factor, heads, answers) for factor in factors}


def _value(factor: str, heads: Mapping[str, Head], answers: Mapping[str, torch.Tensor]) -> torch.Tensor:
    name, _, wanted = (part.strip() for part in factor.partition(":"))
    if name not in heads:
        raise ClassifierError(f"No factor {name!r}: this classifier reads {', '.join(heads)}.")
    head, answer = heads[name], answers[name]
    if head.kind == "number":
        low, high = head.values
        return low + (high - low) * (answer + 1) / 2
    if wanted and wanted not in head.values:
        raise ClassifierError(f"{name} has no class {wanted!r}: choose one of {', '.join(head.values)}.")
    shares = answer.softmax(dim=1)
    return shares[:, head.values.index(wanted)] if wanted else 1 - shares[:, 0]


def mixed_styles(G: StyleGenerator, count: int, seed: int = 0) -> torch.Tensor:
    """Styles to learn directions from: coarse, middle and fine ones of three z, (count, layers, style_dim).

    Where all layers have one style, nothing tells which of them a factor depends on.
    """
    z = draw_z(G, 3 * count, seed).unflatten(0, (3, count))
    groups = styles_by_size(G).values()
    with torch.no_grad():
        styles = [G.mapping(z_)[:, None].expand(-1, len(g), -1) for z_, g in zip(z, groups, strict=True)]
    return torch.cat(styles, dim=1)


def directions(
    w: torch.Tensor, images: torch.Tensor, values: Mapping[str, torch.Tensor], *, caution: float = 1.0
) -> dict[str, torch.Tensor]:
    """How styles move when one factor rises by its standard deviation and all others given stay.

    Each factor and each pixel is fitted by a linear model of the styles. Of all moves that change the fit of
    one factor alone, its direction is the one that changes the picture least: by its squared pixels as a
    share of their variance over the samples, plus ``caution`` times the squared Mahalanobis length of the
    move as a share of its mean, so that an edit stays where samples are. (InterFaceGAN projects instead, as
    if all styles mattered equally; Shen et al., 2020, arXiv:1907.10786.)

    Args:
        w: (N, layers, style_dim), with N larger than their product, such as `mixed_styles` gives.
        images: what is drawn of w, uint8 (N, C, S, S).
        values: factor -> (N,), such as `factor_values` gives.

    Returns:
        factor -> (layers, style_dim).
    """
    count, styles = len(w), w.flatten(1).double().cpu()
    # In the coordinates of `white`, a sample's styles have mean 0 and the identity as covariance, and a
    # linear fit is a mean of products. Layers of one size have the same style: those axes have no length.
    left, lengths, axes = torch.linalg.svd(styles - styles.mean(0), full_matrices=False)
    rank = int((lengths > 1e-6 * lengths[0]).sum())
    white, axes = left[:, :rank] * count**0.5, axes[:rank] * lengths[:rank, None] / count**0.5

    y = torch.stack([values[name] for name in values], dim=1).double().cpu()  # (N, K)
    slopes = white.T @ (y - y.mean(0)) / count  # (rank, K)
    parts = zip(white.float().split(250), images.cpu().flatten(1).split(250), strict=True)
    pixels = (sum(x.T @ part.float() for x, part in parts) / count).double()  # (rank, C * S * S)
    costs = pixels @ pixels.T
    costs = costs / costs.trace() + caution * torch.eye(rank, dtype=costs.dtype) / rank
    cheap = torch.linalg.solve(costs, slopes)
    moves = cheap @ torch.linalg.inv(slopes.T @ cheap) * y.std(0)  # (rank, K)
    moves = (moves.T @ axes).view(-1, *w.shape[1:]).to(w.dtype)
    return dict(zip(values, moves, strict=True))


def edit(w: torch.Tensor, direction: torch.Tensor, amount: float) -> torch.Tensor:
    """Styles moved along a direction: w + amount * direction.

    Args:
        w: (N, layers, style_dim). direction: (layers, style_dim). amount: in deviations of its factor.
    """
    return w + amount * direction.to(w)


def steer(
    G: StyleGenerator,
    w: torch.Tensor,
    moves: Mapping[str, torch.Tensor],
    goals: Mapping[str, float],
    *,
    read: Callable[[torch.Tensor], Mapping[str, torch.Tensor]],
    spread: Mapping[str, torch.Tensor],
    rounds: int = 8,
    gain: float = 0.3,
) -> torch.Tensor:
    """Bring some factors of pictures to goals and keep all others, in small steps: draw, read, move.

    A linear model of a factor holds nearby; further away others move along. So each round reads the pictures
    again, and moves every factor along its own direction by ``gain`` times what it lacks, or by ``gain``
    deviations where that is less.

    Args:
        w: (N, layers, style_dim). moves: such as `directions` gives, for all that changes or should stay.
        goals: factor -> its value in the end.
        read: uint8 images -> factor -> (N,), such as `factor_values`. spread: factor -> its deviation.

    Returns:
        the moved styles, on the device of w.
    """
    here = G.synthesis.constant
    now = read(drawn(G, w.to(here)))
    wanted = {name: torch.full_like(now[name], goals[name]) if name in goals else now[name] for name in moves}
    for _ in range(rounds):
        for name, move in moves.items():
            lacking = ((wanted[name] - now[name]) / spread[name]).clamp(-1, 1)  # (N,)
            w = w + gain * lacking[:, None, None].to(w) * move.to(w)
        now = read(drawn(G, w.to(here)))
    return w
