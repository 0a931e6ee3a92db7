"""Adversarial losses with one call signature: ``loss(D, real, fake)`` gives a scalar.

A loss calls D itself, so that one shape holds them all: those that compare real with fake, and those
that look at a gradient. D's loss detaches the fakes; G's loss may ignore the real images. Each function
below returns the pair (d_loss, g_loss) of one published choice, ready for `labkit.training.train`.
"""

import math
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


def saturating_losses() -> tuple[Loss, Loss]:
    """The minimax game itself, on logits: D as in `logits_losses`, and G makes log(1 - D(G(z))) small.

    Goodfellow et al. (2014), equation 1. The slope at a fake's logit is D(G(z)): once D is sure, G gets
    nothing, which is what the non-saturating loss was proposed against (their section 3).
    """

    def g_loss(D, real, fake):
        return -F.softplus(D(fake)).mean()

    return logits_losses()[0], g_loss


def relativistic_losses() -> tuple[Loss, Loss]:
    """D scores a real image against a fake, pair by pair (Jolicoeur-Martineau, 2018, arXiv:1807.00734).

    With z = D(x) - D(G(z)), D makes -log sigmoid(z) small and G -log sigmoid(-z), the loss of R3GAN (Huang
    et al., 2024, arXiv:2501.05441). Only differences of logits mean anything then: D(x) and D(G(z)) can
    both be 0.99.
    """

    def d_loss(D, real, fake):
        return F.softplus(D(fake.detach()) - D(real)).mean()

    def g_loss(D, real, fake):
        return F.softplus(D(real).detach() - D(fake)).mean()

    return d_loss, g_loss


def with_r1_r2(d_loss: Loss, gamma: float) -> Loss:
    """D's loss plus gamma / 2 times the mean squared norm of D's gradient at real images and at fakes.

    R1 is Mescheder et al. (2018, arXiv:1801.04406, equation 9), R2 its mirror at the fakes (their
    equation 10). It keeps D from growing steep where the two meet. ``gamma`` goes with the data: 0.1
    suits points on the ring, 1 to 10 small images.

    Raises:
        ValueError: ``gamma`` is negative or not finite.
    """
    if not (math.isfinite(gamma) and gamma >= 0):
        raise ValueError(f"gamma {gamma} is not a weight: 0 is no penalty, 0.1 to 10 is common.")

    def penalised(D, real, fake):
        asked = []

        def watched(images):
            images = images.detach().requires_grad_()  # detached: D's loss reaches no further than D
            asked.append((images, D(images)))
            return asked[-1][1]

        loss = d_loss(watched, real, fake)
        for images, scores in asked:
            (slope,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
            loss = loss + gamma / 2 * slope.square().flatten(1).sum(1).mean()
        return loss

    return penalised


def _check_smooth(smooth: float) -> None:
    if not 0 < smooth <= 1:
        raise ValueError(f"smooth {smooth} is not a target in (0, 1]: 1.0 is no smoothing, 0.9 is common.")
