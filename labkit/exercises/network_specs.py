"""Probes of the networks that a student builds: the DCGAN pair, and the dense pair of a report."""

from collections.abc import Callable
from typing import Any

import torch

from labkit.exercises.network_trace import count, examine, wake

LATENT, BASE, CHANNELS, BATCH = 7, 6, 2, 3  # no two alike, and far from the defaults


def with_seed(draw: Callable[[torch.Generator], torch.Tensor]) -> Callable[[int], tuple[torch.Tensor, int]]:
    """Inputs that hold what ``draw`` draws, and the seed itself, which the probe gives to `examine`."""

    def inputs(seed: int) -> tuple[torch.Tensor, int]:
        wake()
        return draw(torch.Generator().manual_seed(seed)), seed

    return inputs


def latents(generator: torch.Generator) -> torch.Tensor:
    return torch.randn(BATCH, LATENT, 1, 1, generator=generator)


def images(generator: torch.Generator) -> torch.Tensor:
    return torch.rand(BATCH, CHANNELS, 64, 64, generator=generator) * 2 - 1


def probe_generator(Generator, inputs) -> dict[str, Any]:
    z, seed = inputs
    sizes = {"latent_dim": LATENT, "base_channels": BASE, "image_channels": CHANNELS}
    found = examine(lambda: Generator(**sizes), z, seed)
    return found | {"parameters": count(Generator, lambda: torch.zeros(2, 100, 1, 1))}


def probe_discriminator(Discriminator, inputs) -> dict[str, Any]:
    images, seed = inputs
    made = []

    def make():
        made.append(Discriminator(base_channels=BASE, image_channels=CHANNELS))
        return made[-1]

    found = examine(make, images, seed)
    one = made[-1].eval()(images[:1].clone()) if found["kind"] == "a network" else torch.zeros(1)
    return found | {
        "the result for one image": one,
        "parameters": count(Discriminator, lambda: torch.zeros(2, 3, 64, 64)),
    }


def probe_dense_generator(DenseGenerator, inputs) -> dict[str, Any]:
    z, seed = inputs
    return _examined_and_counted(DenseGenerator, z, seed)


def probe_dense_discriminator(DenseDiscriminator, inputs) -> dict[str, Any]:
    images, seed = inputs
    made = []

    def make():
        made.append(DenseDiscriminator())
        return made[-1]

    found = _examined_and_counted(make, images, seed)
    one = made[-1].eval()(images[:1].clone()) if found["kind"] == "a network" else torch.zeros(1)
    return found | {"the result for one image": one}


def _examined_and_counted(make, x: torch.Tensor, seed: int) -> dict[str, Any]:
    """As `examine`, with the number of trainable parameters of the same network: big ones are built once."""
    made = []

    def once():
        made.append(make())
        return made[-1]

    found = examine(once, x, seed)
    return found | {"parameters": count(lambda: made[-1], lambda: x)}
