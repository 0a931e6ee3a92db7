"""The digits game: its settings and its pair, a DCGAN for 16 x 16 pixels that trains in seconds on one core.

With the rates that `Digits` starts from, Adam's beta1 decides: with 0 nearly every class is there after 200
steps; with 0.9 G leaps from one pattern to the next, and draws few at any time.

The pair has two halvings and two doublings, and batch norm in G only: D should judge each image by itself,
so that its score of one does not depend on the others, unless the cure under study is exactly that. G doubles
by transposed convolutions, as DCGAN does, and that matters: with nearest-neighbour upsampling and plain
convolutions, momentum that ruins this pair left 5 to 9 of the ten classes in trials.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.utils import parametrizations

from labkit.games.settings import (
    LOSSES,
    GameError,
    check,
    check_packing,
    choice,
    decay,
    flag,
    learning_rate,
    number,
    whole,
)

SIZE, LATENT = 16, 64
_WIDE, _SLIM, _SMALL = 32, 16, 4  # channels at 4 x 4 and at 8 x 8; the smallest map is 4 x 4


@dataclass(frozen=True)
class Digits:
    """How the digits game is played. Impossible settings raise a GameError at once.

    Attributes:
        g_lr, d_lr: learning rates, above 0 and at most 1.
        beta1: Adam's first moment, for both, from 0 to 0.999; its second is 0.999.
        batch_size: images in a batch, 8 to 256.
        steps: updates of G, 1 to 3,000. d_steps: updates of D before each of G's, 1 to 10.
        loss: ``"non-saturating"``, ``"saturating"`` or ``"relativistic"``, all on logits, as in
            `labkit.losses`.
        penalty: gamma of R1 + R2 (`labkit.losses.with_r1_r2`), 0 to 1,000; 0 is none.
        packing: how many images D judges together, 1 to 16, a divisor of the batch size (PacGAN).
        minibatch_std: show D the standard deviation over the batch.
        spectral_norm: on all layers of D.
        smooth: D's target for real images, 0.5 to 1; below 1 with the non-saturating loss only.
    """

    g_lr: float = learning_rate(4e-3)
    d_lr: float = learning_rate(4e-3)
    beta1: float = decay(0.0)
    batch_size: int = whole(32, "a number of images", low=8, high=256)
    steps: int = whole(400, "a number of steps", low=1, high=3_000)
    d_steps: int = whole(1, "a number of D's steps for each step of G", low=1, high=10)
    loss: str = choice("non-saturating", "a loss", LOSSES)
    penalty: float = number(0.0, "a weight for R1 + R2", low=0, high=1000, say="10")
    packing: int = whole(1, "a number of images that D sees together", low=1, high=16, say="4")
    minibatch_std: bool = flag(False)
    spectral_norm: bool = flag(False)
    smooth: float = number(1.0, "a target for real images", low=0.5, high=1, say="0.9")

    def __post_init__(self):
        check(self)
        check_packing(self)
        if self.smooth < 1 and self.loss != "non-saturating":
            raise GameError(f'smooth {self.smooth:g} goes with loss "non-saturating" only: leave it at 1.0.')


class DigitGenerator(nn.Module):
    """z (B, 64) to images (B, 1, 16, 16) in [-1, 1]."""

    def __init__(self):
        super().__init__()
        self.latent_shape = (LATENT,)
        maps = _WIDE * _SMALL * _SMALL
        self.stem = nn.Sequential(nn.Linear(LATENT, maps, bias=False), nn.BatchNorm1d(maps), nn.ReLU())
        self.stages = nn.Sequential(
            nn.ConvTranspose2d(_WIDE, _SLIM, 4, 2, 1, bias=False),
            nn.BatchNorm2d(_SLIM),
            nn.ReLU(),
            nn.ConvTranspose2d(_SLIM, 1, 4, 2, 1),
        )

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.stages(self.stem(z).view(-1, _WIDE, _SMALL, _SMALL)))


class DigitDiscriminator(nn.Module):
    """Images (B, 1, 16, 16) to logits: (B,), or (B / packing,) of so many neighbours judged together.

    Args:
        packing: images in one judgement (Lin et al. 2018, arXiv:1712.04086).
        minibatch_std: one more map, the standard deviation over the batch (Karras et al. 2018,
            arXiv:1710.10196, section 3).
        spectral_norm: on every layer (Miyato et al. 2018, arXiv:1802.05957).
    """

    def __init__(self, *, packing: int = 1, minibatch_std: bool = False, spectral_norm: bool = False):
        super().__init__()
        self.output, self.packing, self.minibatch_std = "logits", packing, minibatch_std
        bounded = parametrizations.spectral_norm if spectral_norm else nn.Identity()
        self.stages = nn.Sequential(
            bounded(nn.Conv2d(packing, _SLIM, 4, 2, 1)),
            nn.LeakyReLU(0.2),
            bounded(nn.Conv2d(_SLIM, _WIDE, 4, 2, 1)),
            nn.LeakyReLU(0.2),
        )
        self.to_score = bounded(nn.Linear((_WIDE + minibatch_std) * _SMALL * _SMALL, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.stages(images.reshape(-1, self.packing, SIZE, SIZE))  # (B / packing, 32, 4, 4)
        if self.minibatch_std:
            spread = (maps.var(0, correction=0) + 1e-8).sqrt().mean()
            maps = torch.cat([maps, spread.expand(len(maps), 1, _SMALL, _SMALL)], 1)
        return self.to_score(maps.flatten(1)).squeeze(1)
