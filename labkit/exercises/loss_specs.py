"""Lab 03, the losses of D and of G, each as ``loss(D, real, fake)``."""

import torch
from torch import nn

from labkit.exercises.score_specs import flat, gradients


class _Scorer(nn.Module):
    """A small D: images (B, 2, 3, 2) to logits (B,). Its batch norm tells a mixed batch from two batches."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(12, 5)
        self.norm = nn.BatchNorm1d(5)
        self.score = nn.Linear(5, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        hidden = nn.functional.leaky_relu(self.norm(self.hidden(images.flatten(1))), 0.2)
        return self.score(hidden).flatten()


def judged_images(seed: int) -> dict:
    """A small D in training mode, with real and fake images (7, 2, 3, 2)."""
    torch.manual_seed(seed)
    D = _Scorer()
    with torch.no_grad():
        D.score.weight.mul_(3)
        D.score.bias.fill_(0.4)
    return {"D": D, "real": torch.randn(7, 2, 3, 2) + 0.5, "fake": torch.randn(7, 2, 3, 2) * 1.5}


def probe_d_loss(discriminator_loss, given):
    D, real = given["D"], given["real"]
    fake = given["fake"].clone().requires_grad_()
    loss = discriminator_loss(D, real, fake)
    written = [p.grad is not None for p in D.parameters()]
    *of_d, of_fake = gradients(loss, [*D.parameters(), fake])
    return {
        "the result": loss,
        "with smooth 1": discriminator_loss(D, real, fake, smooth=1.0),
        "with smooth 0.7": discriminator_loss(D, real, fake, smooth=0.7),
        "the gradient at D": flat(of_d),
        "the gradient at the fakes": of_fake,
        "gradients written": written,
    }


def probe_g_loss(generator_loss, given):
    D, real = given["D"], given["real"]
    fake = given["fake"].clone().requires_grad_()
    loss = generator_loss(D, real, fake)
    written = [p.grad is not None for p in D.parameters()]
    (of_fake,) = gradients(loss, [fake])
    return {"the result": loss, "the gradient at the fakes": of_fake, "gradients written": written}
