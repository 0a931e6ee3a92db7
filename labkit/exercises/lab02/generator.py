"""Exercise 2.2: the generator of Radford et al. (2015) at 64 pixels."""

import torch
from torch import nn

from labkit import networks
from labkit.exercises.exercise import Exercise
from labkit.exercises.lab02 import _small
from labkit.exercises.layers import in_use, table, tracing


def latents(generator: torch.Generator) -> torch.Tensor:
    return torch.randn(tracing.BATCH, _small.LATENT, 1, 1, generator=generator)


def probe(Generator, inputs):
    z, seed = inputs
    found = tracing.examine(lambda: Generator(latent_dim=_small.LATENT, **_small.SMALL), z, seed)
    return found | {"parameters": tracing.count(Generator(), torch.zeros(2, 100, 1, 1))}


EXERCISE = Exercise(
    "2.2",
    "The generator",
    4,
    "Generator(latent_dim=7, base_channels=6, image_channels=2)(z)",
    tracing.with_seed(latents),
    probe,
    causes=tracing.FAULTY_CLASS,
    slow=True,
    unjudged=("operations", "the result again"),
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(**sizes):
    G, _ = networks.dcgan_pair(**sizes)
    return nn.Sequential(G.stem, G.stages, G.to_image, nn.Tanh())


PROPERTIES = (
    table.is_network("Generator"),
    table.result_shape("z (B, 7, 1, 1) becomes images (B, 2, 64, 64)", points=0.5),
    in_use.for_one("a batch of one z gives shape (1, 2, 64, 64)"),
    table.registered(),
    *table.as_in_the_table(
        usual=(512, 256, 128, 64), widths="multiply `base_channels` by 1, 2, 4 and 8, as the table says"
    ),
    table.same_numbers(),
    table.counted(
        "`Generator()` has the parameters of the table",
        "are the defaults latent_dim=100, base_channels=64, image_channels=3, is each layer used?",
    ),
    *in_use.properties(),
)

MISTAKES = {
    "the batch axis is lost": lambda **sizes: table.then(expected(**sizes), lambda images: images[0]),
}
