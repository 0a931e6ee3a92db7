"""What an encoder and a decoder make of images, without learning from them: codes, pictures and the bound."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from labkit.variational.bound import kl_divergence, reconstruction_loss, reparameterise

PARTS = ("reconstruction", "kl")
_AT_ONCE = 500  # images that are encoded together


@dataclass(frozen=True)
class Shown:
    """Images to encode, with their classes.

    Attributes:
        images: uint8 (N, C, H, W).
        labels: (N,), or None where no classes are known.
    """

    images: torch.Tensor
    labels: torch.Tensor | None = None


@torch.no_grad()
def negative_elbo(
    encoder: nn.Module, decoder: nn.Module, images: Shown, *, conditional: bool = False, seed: int = 0
) -> dict[str, float]:
    """The negative evidence lower bound of images, a mean in nats, and its parts.

    One z is drawn for each image, from ``seed``: the same ones whenever it is called.
    """
    device = next(encoder.parameters()).device
    noise = torch.Generator(device).manual_seed(seed)
    sums = dict.fromkeys(PARTS, 0.0)
    for pixels, condition in _pieces(images, device, conditional):
        mean, log_var = encoder(pixels, *condition)
        reconstruction = decoder(reparameterise(mean, log_var, noise), *condition)
        sums["reconstruction"] += reconstruction_loss(reconstruction, pixels).double().sum().item()
        sums["kl"] += kl_divergence(mean, log_var).double().sum().item()
    parts = {name: value / len(images.images) for name, value in sums.items()}
    return {"total": sum(parts.values()), **parts}


@torch.no_grad()
def encoded(
    encoder: nn.Module, images: Shown, *, conditional: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and log variance of each image's code, (N, latent_dim) each, on the CPU."""
    device = next(encoder.parameters()).device
    pairs = [encoder(pixels, *condition) for pixels, condition in _pieces(images, device, conditional)]
    mean, log_var = (torch.cat(values).cpu() for values in zip(*pairs, strict=True))
    return mean, log_var


@torch.no_grad()
def decoded(decoder: nn.Module, z: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
    """The images of codes (N, latent_dim), as uint8 (N, C, H, W) on the CPU: probabilities as greys."""
    device = next(decoder.parameters()).device
    out = decoder(z.to(device), *(() if labels is None else (labels.to(device),)))
    return (255 * out).round().to(torch.uint8).cpu()


@torch.no_grad()
def plane(decoder: nn.Module, *, side: int = 10, label: int | None = None) -> torch.Tensor:
    """side x side points of the latent plane, decoded: uint8 (side * side, C, H, W).

    They divide the prior into parts of equal probability (Kingma and Welling, 2014, appendix A); the first
    dimension grows to the right, the second upwards.
    """
    quantiles = torch.special.ndtri((torch.arange(side) + 0.5) / side)
    z = torch.cartesian_prod(quantiles.flip(0), quantiles).flip(1)
    return decoded(decoder, z, None if label is None else torch.full((len(z),), label))


def _pieces(
    images: Shown, device: torch.device, conditional: bool
) -> Iterator[tuple[torch.Tensor, tuple[torch.Tensor, ...]]]:
    """Images (B, C, H, W) in [0, 1], and what the networks are given beside them: the labels, or nothing."""
    for start in range(0, len(images.images), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        condition = (images.labels[rows].to(device),) if conditional else ()
        yield images.images[rows].to(device).float() / 255, condition
