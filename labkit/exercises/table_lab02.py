"""Lab 02: first weights, the DCGAN pair of the handout, ladders on paper, and the dense pair of a report."""

import torch

from labkit.exercises import network_specs
from labkit.exercises.exercise import Exercise
from labkit.exercises.network_specs import BASE, BATCH, CHANNELS, LATENT

FAULTY_CLASS = (
    (r"before Module.__init__", "`super().__init__()` must be the first line of `__init__`"),
    (
        r"missing 1 required positional|unexpected keyword|takes \d+ positional",
        "keep the `def __init__` line as it was given, with its defaults",
    ),
    (
        r"weight of size \[(64|100|128|256|512|3),|given groups=1, weight of size \[64",
        "sizes are written as numbers: build every layer from the constructor's arguments",
    ),
    (
        r"more than 1 value per channel",
        "a batch norm has a single number to work with: the last layer has no batch norm",
    ),
    (
        r"Kernel size can't be greater",
        "the picture has become smaller than the kernel: padding 1 in the layers of stride 2",
    ),
    (r"not iterable|'list' object is not callable", "call the layers one after the other, in a loop"),
    (
        r"\[Module \[.*forward|\"forward\" function",
        "write `forward`: spelt so, and indented inside the class",
    ),
)

EXERCISES = (
    Exercise(
        "2.2",
        "The generator",
        4,
        "Generator",
        f"Generator(latent_dim={LATENT}, base_channels={BASE}, image_channels={CHANNELS})(z)",
        network_specs.with_seed(network_specs.latents),
        network_specs.probe_generator,
        causes=FAULTY_CLASS,
        agrees=("the result", "parameters"),
        atol=1e-3,
        slow=True,
    ),
    Exercise(
        "2.3",
        "The discriminator",
        4,
        "Discriminator",
        f"Discriminator(base_channels={BASE}, image_channels={CHANNELS})(images)",
        network_specs.with_seed(network_specs.images),
        network_specs.probe_discriminator,
        causes=FAULTY_CLASS,
        agrees=("the result", "parameters"),
        atol=1e-3,
    ),
    Exercise(
        "2.5",
        "The dense generator",
        4,
        "DenseGenerator",
        "DenseGenerator()(z)",
        network_specs.with_seed(lambda generator: torch.randn(5, 4096, generator=generator)),
        network_specs.probe_dense_generator,
        causes=FAULTY_CLASS,
        agrees=("the result", "parameters"),
        atol=1e-3,
        slow=True,
    ),
    Exercise(
        "2.6",
        "The dense discriminator",
        2,
        "DenseDiscriminator",
        "DenseDiscriminator()(images)",
        network_specs.with_seed(lambda generator: torch.rand(BATCH, 3, 64, 64, generator=generator) * 2 - 1),
        network_specs.probe_dense_discriminator,
        causes=FAULTY_CLASS,
        agrees=("the result", "parameters"),
        atol=1e-3,
    ),
)
