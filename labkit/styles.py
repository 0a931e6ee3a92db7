"""What can be done with a trained style-based generator: draw, mix, truncate, vary the noise, measure paths.

Sections and figures are those of Karras et al. (2019, arXiv:1812.04948). Nothing here changes a network.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch

from labkit.files import replacing, shipped
from labkit.networks.style import StyleGenerator, style_pair, truncate
from labkit.plots import as_uint8

Distance = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
_AT_ONCE = 100  # images that are drawn together
_FORMAT = 1


class StyleFileError(ValueError):
    """A generator's file that cannot be used; the message says which and why."""


def draw_z(G: StyleGenerator, count: int, seed: int = 0) -> torch.Tensor:
    """z from N(0, 1), (count, latent_dim), on G's device; for one seed the same ones on every device."""
    z = torch.randn(count, *G.latent_shape, generator=torch.Generator().manual_seed(seed))
    return z.to(G.synthesis.constant)


@torch.no_grad()
def drawn(G: StyleGenerator, w: torch.Tensor, *, seed: int = 0, same_noise: bool = True) -> torch.Tensor:
    """Images of w (N, style_dim) or (N, layers, style_dim): uint8 (N, C, S, S) on the CPU.

    With ``same_noise`` all images have the same noise, and differ by their styles alone.
    """
    noise = torch.Generator(_device(G)).manual_seed(seed)
    shared = G.draw_noise(1, noise) if same_noise else None
    images = []
    for part in w.split(_AT_ONCE):
        own = [map_.expand(len(part), -1, -1, -1) for map_ in shared] if shared else None
        images.append(G.draw(part, own or G.draw_noise(len(part), noise)))
    return as_uint8(torch.cat(images))


@torch.no_grad()
def mean_style(G: StyleGenerator, count: int = 10_000, seed: int = 0) -> torch.Tensor:
    """The mean of w = f(z) over ``count`` z, (style_dim,): the centre that `truncate` pulls towards."""
    return G.mapping(draw_z(G, count, seed)).mean(dim=0)


def styles_by_size(G: StyleGenerator) -> dict[str, range]:
    """The layers with coarse, middle and fine styles, as figure 3 groups them: by the size of their maps.

    Coarse are those up to an eighth of the image (a quarter for 28 pixels), middle those of the next size.
    """
    sizes = G.synthesis.layer_sizes
    coarse = max(sizes[0], sizes[-1] // 8)
    first, second = (sum(size <= limit for size in sizes) for limit in (coarse, 2 * coarse))
    return {"coarse": range(first), "middle": range(first, second), "fine": range(second, len(sizes))}


def mixing_table(
    G: StyleGenerator, w_a: torch.Tensor, w_b: torch.Tensor, from_b: Sequence[int], *, seed: int = 0
) -> torch.Tensor:
    """Every A with some styles of every B, the table of figure 3: uint8 (len(A), len(B), C, S, S).

    Args:
        w_a, w_b: (N, style_dim) each. from_b: the layers whose styles come from B.
    """
    w = w_a[:, None, None].repeat(1, len(w_b), G.layers, 1)
    w[:, :, list(from_b)] = w_b[None, :, None]
    return drawn(G, w.flatten(0, 1), seed=seed).unflatten(0, w.shape[:2])


def truncated(G: StyleGenerator, w: torch.Tensor, psis: Sequence[float]) -> dict[float, torch.Tensor]:
    """Images of w (N, style_dim) for each psi, as in figure 8: uint8 (N, C, S, S) each."""
    centre = mean_style(G)
    return {psi: drawn(G, truncate(w, centre, psi)) for psi in psis}


@torch.no_grad()
def noise_effect(
    G: StyleGenerator, w: torch.Tensor, *, draws: int = 100, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """What the noise does to the images of w (N, style_dim), as in figure 4.

    Returns:
        Their mean over ``draws`` of noise, (N, C, S, S) in about [-1, 1], and the standard deviation of each
        pixel, (N, 1, S, S): the root of its variance, averaged over channels. On G's device.
    """
    noise = torch.Generator(_device(G)).manual_seed(seed)
    images = torch.stack([G.draw(w, G.draw_noise(len(w), noise)) for _ in range(draws)])
    return images.mean(0), images.var(0, correction=0).mean(1, keepdim=True).sqrt()


@torch.no_grad()
def path_lengths(
    G: StyleGenerator,
    distance: Distance,
    *,
    space: str = "w",
    count: int = 1000,
    epsilon: float = 1e-4,
    seed: int = 0,
) -> torch.Tensor:
    """How fast images change on the way between two random points: (count,), float32, on the CPU.

    Each is d(g(p(t)), g(p(t + epsilon))) / epsilon^2, with t uniform in [0, 1] and p a path between two
    points: a straight line in w (equation 3), an arc of the sphere in z (equation 2). Both images have the
    same noise. The paper's d is a squared distance in the features of a VGG16, which the kit does not have:
    give `squared_distance`, of pixels or of a classifier's features. Values compare only for one d.

    Args:
        distance: ``distance(images, others)``, (B, C, S, S) in about [-1, 1] each, to (B,).
        space: ``"z"`` or ``"w"``.

    Raises:
        ValueError: another space.
    """
    if space not in ("z", "w"):
        raise ValueError(f"space {space!r} is neither 'z' nor 'w'.")
    lengths = []
    z = torch.stack(draw_z(G, 2 * count, seed).chunk(2))  # (2, count, latent_dim)
    ts = torch.rand(count, 1, generator=torch.Generator().manual_seed(seed)).to(z)
    noise = torch.Generator(_device(G)).manual_seed(seed)
    for t, (start, end) in zip(ts.split(_AT_ONCE), z.split(_AT_ONCE, dim=1), strict=True):
        same = G.draw_noise(len(t), noise)
        if space == "w":
            start, end = G.mapping(start), G.mapping(end)
            near, far = (torch.lerp(start, end, at) for at in (t, t + epsilon))
        else:
            near, far = (G.mapping(on_the_sphere(start, end, at)) for at in (t, t + epsilon))
        lengths.append(distance(G.draw(near, same), G.draw(far, same)) / epsilon**2)
    return torch.cat(lengths).float().cpu()


def squared_distance(images: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """The sum of squared differences of the numbers of each image: (B, ...) twice to (B,)."""
    return (images - others).square().flatten(1).sum(dim=1)


def on_the_sphere(start: torch.Tensor, end: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """A point of the arc between the directions of two z (Shoemake, 1985): (B, N) twice to (B, N), length 1.

    Args:
        t: (B, 1); 0 is the start, 1 the end.
    """
    start, end = (torch.nn.functional.normalize(z, dim=1) for z in (start, end))
    across = torch.nn.functional.normalize(end - (start * end).sum(dim=1, keepdim=True) * start, dim=1)
    angle = t * torch.atan2((across * end).sum(1, keepdim=True), (start * end).sum(1, keepdim=True))
    return start * torch.cos(angle) + across * torch.sin(angle)


def save_generator(G: StyleGenerator, sizes: Mapping[str, int], path: Path, about: Mapping = {}) -> None:
    """Write G as a plain dict of tensors (matrices in float16), numbers and strings.

    Args:
        sizes: what `labkit.networks.style_pair` was given. about: how it was trained.
    """
    state = G.state_dict()
    weights = {name: value.half() if value.ndim > 1 else value.clone() for name, value in state.items()}
    with replacing(path) as handle:
        torch.save(
            {"format": _FORMAT, "sizes": dict(sizes), "about": dict(about), "weights": weights}, handle
        )


def load_generator(path: Path) -> StyleGenerator:
    """Read back what `save_generator` wrote, on the CPU; nothing in the file is executed.

    Raises:
        StyleFileError: no such file, a damaged one, or one of another version of the kit.
    """
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        if stored["format"] != _FORMAT:
            raise StyleFileError(f"{path} was written by another version of the kit.")
        G, _ = style_pair(**stored["sizes"])
        G.load_state_dict(stored["weights"])  # copies into float32
    except StyleFileError:
        raise
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to mean
        raise StyleFileError(f"{path} cannot be read as a generator ({type(error).__name__}).") from error
    return G.requires_grad_(False)


def shipped_generator(name: str = "faces") -> StyleGenerator:
    """The trained generator that ships with the kit, on the CPU; ``data/README.md`` says how it was made.

    Its images are those of `labkit.data.load("faces", size=64)` in style: (N, 3, 64, 64).

    Raises:
        MissingFileError: this copy of the kit has none of that name.
    """
    return load_generator(shipped("generators", f"{name}.pt"))


def _device(G: StyleGenerator) -> torch.device:
    return G.synthesis.constant.device
