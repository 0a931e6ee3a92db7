"""Exercise 2.6: the dense discriminator of the report."""

from torch import nn

from labkit import networks
from labkit.exercises.exercise import Exercise
from labkit.exercises.lab02 import _in_use, _table, _trace


def probe(DenseDiscriminator, inputs):
    return _trace.examine(DenseDiscriminator, *inputs)


EXERCISE = Exercise(
    "2.6",
    "The dense discriminator",
    2,
    "DenseDiscriminator()(images)",
    _trace.with_seed(_trace.images(3)),
    probe,
    causes=_trace.FAULTY_CLASS,
    unjudged=("operations", "the result again"),
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected():
    return nn.Sequential(networks.DenseDiscriminator("logits").layers, nn.Sigmoid(), nn.Flatten(start_dim=0))


PROPERTIES = (
    _table.is_network("DenseDiscriminator"),
    *_table.scores(channels=3, points=0.5),
    _table.registered(points=0),
    *_table.as_in_the_table(worth=("channels", "biases", "activations")),
    _table.same_numbers(points=0),
    _table.counted(
        "it has the report's number of trainable parameters",
        "compare with the report: 12288 → 512 → 256 → 1, each layer with its biases",
    ),
    *_in_use.properties(),
)

MISTAKES = _table.wrong_endings(expected)
