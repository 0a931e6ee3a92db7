"""Exercise 8.9: how fast images change on the way between two points, in z and in w."""

import copy

import torch
from torch import nn

from labkit.exercises.exercise import Exercise
from labkit.exercises.probing import elsewhere, flat, tried
from labkit.exercises.properties import Case, fits_any_device, same, same_shape, unchanged
from labkit.exercises.reading import numbers

EPSILON = 0.02


class Drawing(nn.Module):
    """A generator in double precision: z normalised, then one layer to w, then one to images, plus noise."""

    def __init__(self, latent: int, style: int):
        super().__init__()
        self.to_w, self.to_image = nn.Linear(latent, style), nn.Linear(style, 3 * 2 * 4)
        self.double().requires_grad_(False)

    def mapping(self, z: torch.Tensor) -> torch.Tensor:
        return torch.tanh(2 * self.to_w(nn.functional.normalize(z, dim=1)))

    def draw(self, w: torch.Tensor, noise=None) -> torch.Tensor:
        noise = self.draw_noise(len(w)) if noise is None else noise
        return torch.tanh(self.to_image(w)).view(-1, 3, 2, 4) + noise[0]

    def forward(self, z: torch.Tensor, noise=None) -> torch.Tensor:
        return self.draw(self.mapping(z), noise)

    def draw_noise(self, count: int, generator=None) -> list[torch.Tensor]:
        kind = {"dtype": self.to_w.weight.dtype, "device": self.to_w.weight.device}
        return [torch.randn(count, 1, 2, 4, generator=generator, **kind)]


def squared(images: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """The sum of squared differences of each pair, (B,); channels have weights, so that none are alike."""
    weights = torch.arange(1, 4, dtype=images.dtype, device=images.device)[:, None, None]
    return (weights * (images - others).square()).sum((1, 2, 3))


def paths(seed: int) -> tuple[Drawing, torch.Tensor, torch.Tensor, torch.Tensor]:
    """G, z_a and z_b (B, N), whose lengths differ, and t (B, 1), in double precision."""
    torch.manual_seed(seed)
    count, latent = (int(torch.randint(low, low + 3, ())) for low in (4, 7))
    G = Drawing(latent, latent + 5)
    z_a, z_b = torch.randn(2, count, latent, dtype=torch.float64)
    t = 0.1 + 0.3 * torch.rand(count, 1, dtype=torch.float64)
    return G, 1.5 * z_a, 0.5 * z_b, t


def probe(path_length, given):
    G, *parts = given
    mine = [part.clone() for part in parts]
    there = [copy.deepcopy(G).to("meta"), *(part.to("meta") for part in parts)]

    def one(space):
        return tried(lambda: path_length(G, *(part[:1].clone() for part in parts), EPSILON, squared, space))

    return {
        "in w": path_length(G, *mine, EPSILON, squared, "w"),
        "in z": path_length(G, *mine, EPSILON, squared, "z"),
        "given afterwards": flat(mine),
        "one path in w": one("w"),
        "one path in z": one("z"),
        "elsewhere": elsewhere(lambda: [path_length(*there, EPSILON, squared, space) for space in "zw"]),
    }


EXERCISE = Exercise(
    "8.9",
    "Path length, in z and in w",
    3,
    "path_length(G, z_a, z_b, t, epsilon, distance, space)",
    paths,
    probe,
    tensors=("in w", "in z"),
    causes={
        r"mat1 and mat2 shapes cannot be multiplied": (
            "z goes through `G.mapping`, and w, not z, into `G.draw`: print the shape before that line"
        ),
    },
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def _line(a, b, t):
    return torch.lerp(a, b, t)


def _unit(z):
    return z / z.norm(dim=1, keepdim=True)


def _arc(a, b, t, unit=_unit, angle_of=_unit):
    """``unit`` is done to the ends, ``angle_of`` where their angle is measured."""
    angle = (angle_of(a) * angle_of(b)).sum(1, keepdim=True).arccos()
    return (torch.sin((1 - t) * angle) * unit(a) + torch.sin(t * angle) * unit(b)) / torch.sin(angle)


def expected(
    G, z_a, z_b, t, epsilon, distance, space, *, in_z=_arc, in_w=_line, steps=(0, 1), over=2, of=lambda d: d
):
    """The paths are ``in_z`` and ``in_w``; images at t + step · epsilon; the distance over epsilon^over."""
    noise = G.draw_noise(len(z_a))

    def image(t):
        if space == "z":
            return G.draw(G.mapping(in_z(z_a, z_b, t)), noise)
        return G.draw(in_w(G.mapping(z_a), G.mapping(z_b), t), noise)

    return of(distance(*(image(t + step * epsilon) for step in steps))) / epsilon**over


def _to_end(path, start):
    return lambda a, b, t: path(a, b, torch.where(t == start, t, torch.ones_like(t)))


def _but(**how):
    return lambda *given: expected(*given, **how)


def _other_noise(G, z_a, z_b, t, epsilon, distance, space):
    def image(t):
        if space == "z":
            return G(_arc(z_a, z_b, t))
        return G.draw(_line(G.mapping(z_a), G.mapping(z_b), t))

    return distance(image(t), image(t + epsilon)) / epsilon**2


def _through_z(G, z_a, z_b, t, epsilon, distance, space):
    """In w, but the line was drawn in z."""
    if space == "w":
        return expected(G, z_a, z_b, t, epsilon, distance, "z", in_z=_line)
    return expected(G, z_a, z_b, t, epsilon, distance, space)


def _cause(name: str, words: str):
    def cause(case: Case) -> str:
        got, right = numbers(case.got[name]), numbers(case.expected[name])
        if name == "in z" and not (got == got).all():
            return (
                "arccos of a number beyond 1 is NaN: bring z_a and z_b to length 1 before you multiply them"
            )
        if got.shape == right.shape and (got > 20 * right).all():
            return (
                "much too long: both images need the same noise; draw it once, `noise = G.draw_noise(B)`, "
                "and give it to both calls of `G.draw`"
            )
        return words

    return cause


_LINE = "the points are (1 − t) w_a + t w_b and the same at t + epsilon; the distance is divided by epsilon²"
_ARC = "(sin((1 − t) ω) a + sin(t ω) b) / sin ω, a and b of length 1, ω = arccos(a · b); then `G.mapping`"
_CLOSE = {"rtol": 1e-5, "atol": 1e-7}
PROPERTIES = (
    same_shape("in w", "one number for each path in w, (B,)", "`distance` gives (B,): no mean, no `keepdim`"),
    same(
        "in w",
        "in w it goes along a straight line",
        _cause("in w", _LINE),
        points=1.5,
        **_CLOSE,
    ),
    same(
        "in z",
        "in z it goes along an arc",
        _cause("in z", _ARC),
        points=1.5,
        alone=True,  # the same slip may be made in one branch only
        **_CLOSE,
    ),
    unchanged(
        "given afterwards",
        "z_a, z_b and t are left as they were",
        "nothing may change in place: no `+=`, no method that ends in `_`",
    ),
    same("one path in w", "one path in w is enough", "keep the batch axis: no `squeeze()`", **_CLOSE),
    same("one path in z", "one path in z is enough", "keep the batch axis: no `squeeze()`", **_CLOSE),
    fits_any_device("elsewhere"),
)

MISTAKES = {
    "epsilon is not squared: a squared distance is divided by epsilon²": _but(over=1),
    "the distance is not divided by epsilon²": _but(over=0),
    "multiplied by epsilon²: divide by it": _but(over=-2),
    "the distance is squared once more: `distance` gives squares already": _but(of=torch.square),
    "the root of the distance over epsilon²: take the distance as it is": _but(of=torch.sqrt),
    "the root of the distance over epsilon: take the distance over epsilon²": _but(of=torch.sqrt, over=1),
    "both images are at t: the second is at t + epsilon": _but(steps=(0, 0)),
    "the second image is at t − epsilon: it is at t + epsilon": _but(steps=(0, -1)),
    "the images are at t − epsilon and t + epsilon: the first is at t": _but(steps=(-1, 1)),
    "the second image is at 1, the path's end: it is at t + epsilon": lambda G, z_a, z_b, t, *rest: expected(
        G, z_a, z_b, t, *rest, in_z=_to_end(_arc, t), in_w=_to_end(_line, t)
    ),
    "the ends are swapped: t = 0 is z_a": lambda G, z_a, z_b, *rest: expected(G, z_b, z_a, *rest),
    "the line in w was drawn in z: map z_a and z_b to w first, then go straight": _through_z,
    "in w it goes along an arc: a straight line is asked for": _but(in_w=_arc),
    "the two images have noise of their own: draw it once, and give it to both": _other_noise,
    "averaged over the batch: one number for each path": _but(of=torch.mean),
    "in z it goes along a straight line: an arc is asked for": _but(in_z=_line),
    "in z it goes straight between the normalised ends: an arc is asked for": _but(
        in_z=lambda a, b, t: _line(_unit(a), _unit(b), t)
    ),
    "the arc joins z_a and z_b as they are: bring both to length 1 first": _but(
        in_z=lambda a, b, t: _arc(a, b, t, unit=lambda z: z)
    ),
}
