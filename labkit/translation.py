"""What translators between two kinds of images, A and B, make of images, without learning from them.

G leads from A to B and F back. Differences are of images in [-1, 1], as the networks see them: the mean
absolute one (L1) lies in [0, 2].
"""

import math

import torch
from torch import nn

_AT_ONCE = 50  # images that are translated together


@torch.no_grad()
def translate(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Images uint8 (N, C, H, W) through a network in evaluation mode: uint8 of the same shape, on the CPU.

    The network is left in the mode in which it was.
    """
    device = next(network.parameters()).device
    modes = [(part, part.training) for part in network.modules()]
    try:
        network.eval()
        pieces = [network(piece.to(device) / 127.5 - 1) for piece in images.split(_AT_ONCE)]
    finally:
        for part, training in modes:
            part.training = training
    return ((torch.cat(pieces).float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).cpu()


def mean_l1(images: torch.Tensor, others: torch.Tensor) -> float:
    """The mean absolute difference of uint8 images, as images in [-1, 1]: 0 to 2."""
    return (images.float() - others.float()).abs().mean().item() / 127.5


def psnr(images: torch.Tensor, others: torch.Tensor) -> float:
    """Peak signal-to-noise ratio of uint8 images in decibels: 10 log10(255^2 / mean squared error)."""
    error = (images.float() - others.float()).square().mean().item()
    return 10 * math.log10(255**2 / error) if error else math.inf


def errors(
    G: nn.Module, F: nn.Module, a: torch.Tensor, b: torch.Tensor, *, truly_paired: bool = False
) -> dict[str, float]:
    """How far images uint8 (N, C, H, W) come back from a round trip, and how near they come to the truth.

    Args:
        truly_paired: whether a[i] and b[i] show the same; only then is the truth known.

    Returns:
        ``cycle_a``, ``cycle_b``: L1 between a and F(G(a)), b and G(F(b)). With the truth ``l1_b`` and
        ``psnr_b`` between G(a) and b, ``l1_a`` and ``psnr_a`` between F(b) and a, and ``l1_identity``, L1
        between a and b: what a translator that changes nothing would get.
    """
    fake_b, fake_a = translate(G, a), translate(F, b)
    found = {"cycle_a": mean_l1(translate(F, fake_b), a), "cycle_b": mean_l1(translate(G, fake_a), b)}
    if truly_paired:
        found |= {"l1_b": mean_l1(fake_b, b), "l1_a": mean_l1(fake_a, a), "l1_identity": mean_l1(a, b)}
        found |= {"psnr_b": psnr(fake_b, b), "psnr_a": psnr(fake_a, a)}
    return found


def round_trips(G: nn.Module, F: nn.Module, a: torch.Tensor, b: torch.Tensor) -> dict[str, torch.Tensor]:
    """Rows to look at: A, G(A), F(G(A)), B, F(B), G(F(B)), uint8 (N, C, H, W) each."""
    fake_b, fake_a = translate(G, a), translate(F, b)
    return {
        "A": a,
        "G(A)": fake_b,
        "F(G(A))": translate(F, fake_b),
        "B": b,
        "F(B)": fake_a,
        "G(F(B))": translate(G, fake_a),
    }
