"""The small networks that 2.2 and 2.3 are tried as, and pictures for them."""

from collections.abc import Callable

import torch

from labkit.exercises.layers.tracing import BATCH

SMALL = {"base_channels": 6, "image_channels": 2}  # no two sizes alike, and far from the defaults
LATENT = 7


def images(channels: int) -> Callable[[torch.Generator], torch.Tensor]:
    """A function that draws images (BATCH, channels, 64, 64) in [-1, 1]."""
    return lambda generator: torch.rand(BATCH, channels, 64, 64, generator=generator) * 2 - 1
