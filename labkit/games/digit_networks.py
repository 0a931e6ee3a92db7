"""The pair of the digits game: a DCGAN for 16 x 16 pixels that trains in seconds on one core.

Two halvings and two doublings, with batch norm in G only: D shall judge each image by itself, so that what
it says of one does not depend on the others, unless a cure under study wants just that.

G doubles by transposed convolutions, as DCGAN does, and that matters: with nearest-neighbour upsampling and
plain convolutions, momentum that ruins this pair left 5 to 9 of the ten classes in trials.
"""

import torch
from torch import nn
from torch.nn.utils import parametrizations

SIZE, LATENT = 16, 64
_WIDE, _SLIM, _SMALL = 32, 16, 4  # channels at 4 x 4 and at 8 x 8; the smallest map is 4 x 4


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
