"""Exercise 2.6: the dense discriminator of the report."""

from torch import nn

from labkit import networks
from labkit.exercises.exercise import Exercise
from labkit.exercises.lab02 import _small
from labkit.exercises.layers import in_use, table, tracing


def probe(DenseDiscriminator, inputs):
    return tracing.examine(DenseDiscriminator, *inputs)


EXERCISE = Exercise(
    "2.6",
    "The dense discriminator",
    2,
    "DenseDiscriminator()(images)",
    tracing.with_seed(_small.images(3)),
    probe,
    causes=tracing.FAULTY_CLASS,
    unjudged=("operations", "the result again"),
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(axes=(0, 1, 2, 3)):
    first = table.moved(*axes)
    return nn.Sequential(
        first, networks.DenseDiscriminator("logits").layers, nn.Sigmoid(), nn.Flatten(start_dim=0)
    )


PROPERTIES = (
    table.is_network("DenseDiscriminator"),
    *table.scores(channels=3, points=0.5),
    table.registered(points=0),
    *table.as_in_the_table(worth=("channels", "biases", "activations")),
    table.same_numbers(points=0),
    table.counted(
        "it has the report's number of trainable parameters",
        "compare with the report: 12288 → 512 → 256 → 1, each layer with its biases",
    ),
    *in_use.properties(),
)

MISTAKES = table.wrong_endings(expected) | {
    "the images' axes are moved before the flatten: take their numbers in the order in which they come": (
        lambda: expected(axes=(0, 2, 3, 1))
    ),
}
