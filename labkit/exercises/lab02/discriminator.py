"""Exercise 2.3: the discriminator of Radford et al. (2015) at 64 pixels, with the sigmoid of the handout."""

import torch
from torch import nn

from labkit import networks
from labkit.exercises.exercise import Exercise
from labkit.exercises.lab02 import _small
from labkit.exercises.layers import in_use, table, tracing


def probe(Discriminator, inputs):
    images, seed = inputs
    found = tracing.examine(lambda: Discriminator(**_small.SMALL), images, seed)
    return found | {"parameters": tracing.count(Discriminator(), torch.zeros(2, 3, 64, 64))}


EXERCISE = Exercise(
    "2.3",
    "The discriminator",
    4,
    "Discriminator(base_channels=6, image_channels=2)(images)",
    tracing.with_seed(_small.images(2)),
    probe,
    causes=tracing.FAULTY_CLASS,
    unjudged=("operations", "the result again"),
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(**sizes):
    _, D = networks.dcgan_pair(**sizes)
    return nn.Sequential(
        D.from_image, nn.LeakyReLU(0.2), D.stages, D.to_score, nn.Sigmoid(), nn.Flatten(start_dim=0)
    )


PROPERTIES = (
    table.is_network("Discriminator"),
    *table.scores(channels=2, points=0.5),
    table.registered(),
    *table.as_in_the_table(
        usual=(64, 128, 256, 512), widths="multiply `base_channels` by 1, 2, 4 and 8, as the table says"
    ),
    table.same_numbers(),
    table.counted(
        "`Discriminator()` has the parameters of the table",
        "are the defaults base_channels=64, image_channels=3, is each layer used?",
    ),
    *in_use.properties(),
)

MISTAKES = table.wrong_endings(expected)
