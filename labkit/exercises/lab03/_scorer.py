"""A small D with images to judge, for the losses of 3.2 and 3.3."""

import torch
from torch import nn


class Scorer(nn.Module):
    """Images (B, 2, 3, 2) to logits (B,). Its batch norm tells a mixed batch from two batches."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(12, 5)
        self.norm = nn.BatchNorm1d(5)
        self.score = nn.Linear(5, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        hidden = nn.functional.leaky_relu(self.norm(self.hidden(images.flatten(1))), 0.2)
        return self.score(hidden).flatten()


def scored_images(seed: int) -> dict:
    """A small D in training mode, with real and fake images (7, 2, 3, 2). Nothing is symmetric in them, so
    that no two mistakes give the same loss."""
    torch.manual_seed(seed)
    D = Scorer()
    with torch.no_grad():
        D.score.weight.mul_(3)
        D.score.bias.fill_(0.4)
    return {"D": D, "real": torch.randn(7, 2, 3, 2) + 0.5, "fake": torch.randn(7, 2, 3, 2) * 1.5}


# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def cross_entropy(logits: torch.Tensor, target: float | torch.Tensor) -> torch.Tensor:
    """Mean binary cross-entropy of logits (B,) against one target, or one each: softplus(x) - t x."""
    return (nn.functional.softplus(logits) - target * logits).mean()


A_BATCH = "average over the batch: each part of the loss is a mean"
ONLY_A_LOSS = {
    "what": "it only computes a loss",
    "otherwise": "`backward()` and the optimizers belong to the training step, not to the loss",
    "got": "gradients were written into D",
    "expected": "no call of `backward`",
}
