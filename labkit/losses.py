"""Adversarial losses with one call signature: ``loss(D, real, fake)`` gives a scalar.

A loss calls D itself, so that one shape holds them all: those that compare real with fake, and those
that look at a gradient. D's loss detaches the fakes; G's loss may ignore the real images. Each function
below returns the pair (d_loss, g_loss) of one published choice, ready for `labkit.training.train`.
"""

from collections.abc import Callable

import torch
from torch.nn import functional as F

Loss = Callable[[Callable, torch.Tensor, torch.Tensor], torch.Tensor]


def logits_losses(smooth: float = 1.0) -> tuple[Loss, Loss]:
    """Binary cross-entropy on logits, non-saturating for G (Goodfellow et al., 2014).

    ``smooth`` is the target for real images: 0.9 is one-sided label smoothing (Salimans et al., 2016);
    the fakes' target stays 0, and G's stays 1. The two parts of D's loss are added, not halved.

    Raises:
        ValueError: ``smooth`` outside (0, 1].
    """
    _check_smooth(smooth)

    def d_loss(D, real, fake):
        on_real, on_fake = D(real), D(fake.detach())
        target = torch.full_like(on_real, smooth)
        return F.binary_cross_entropy_with_logits(on_real, target) + F.softplus(on_fake).mean()

    def g_loss(D, real, fake):
        return F.softplus(-D(fake)).mean()

    return d_loss, g_loss


def probability_losses(smooth: float = 1.0) -> tuple[Loss, Loss]:
    """The same losses for a D that ends in a sigmoid: `torch.nn.BCELoss`, as the DCGAN tutorial has it.

    The library cuts log p off at -100, so a saturated D gives no gradient: prefer logits.
    """
    _check_smooth(smooth)

    def d_loss(D, real, fake):
        on_real, on_fake = D(real), D(fake.detach())
        real_part = F.binary_cross_entropy(on_real, torch.full_like(on_real, smooth))
        return real_part + F.binary_cross_entropy(on_fake, torch.zeros_like(on_fake))

    def g_loss(D, real, fake):
        on_fake = D(fake)
        return F.binary_cross_entropy(on_fake, torch.ones_like(on_fake))

    return d_loss, g_loss


def _check_smooth(smooth: float) -> None:
    if not 0 < smooth <= 1:
        raise ValueError(f"smooth {smooth} is not a target in (0, 1]: 1.0 is no smoothing, 0.9 is common.")
