"""The bound that a variational autoencoder trains on, and its two parts.

log p(x) >= E_q[log p(x | z)] - KL(q(z | x) || p(z)), with q(z | x) = N(mean, diag(var)) and p(z) = N(0, I)
(Kingma and Welling, 2014, arXiv:1312.6114, equation 10 and appendix B). All values are in nats.
"""

import torch
from torch.nn import functional as F


def reparameterise(
    mean: torch.Tensor, log_var: torch.Tensor, noise: torch.Generator | None = None
) -> torch.Tensor:
    """A sample of N(mean, exp(log_var)) through which gradients reach both: mean + std * eps.

    Args:
        mean, log_var: (B, latent_dim).
        noise: where eps comes from; None is torch's own random state.
    """
    eps = torch.empty_like(mean).normal_(generator=noise)
    return mean + torch.exp(0.5 * log_var) * eps


def kl_divergence(mean: torch.Tensor, log_var: torch.Tensor) -> torch.Tensor:
    """KL of N(mean, exp(log_var)) from N(0, I) for each row: (B, latent_dim) to (B,)."""
    return 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum(dim=1)


def reconstruction_loss(reconstruction: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """-log p(x | z) of each image, (B,): binary cross-entropy, summed over pixels and channels.

    Args:
        reconstruction, images: (B, C, H, W) in [0, 1]. Grey pixels count as probabilities themselves, so
            that even a perfect reconstruction costs the entropy of the image.
    """
    return F.binary_cross_entropy(reconstruction, images, reduction="none").flatten(1).sum(dim=1)
