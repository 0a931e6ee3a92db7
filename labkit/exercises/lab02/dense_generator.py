"""Exercise 2.5: the dense-and-upsample generator of a course report."""

import torch
from torch import nn

from labkit import networks
from labkit.exercises.exercise import Exercise
from labkit.exercises.layers import in_use, table, tracing


def latents(generator: torch.Generator) -> torch.Tensor:
    return torch.randn(5, 4096, generator=generator)


def probe(DenseGenerator, inputs):
    return tracing.examine(DenseGenerator, *inputs)


EXERCISE = Exercise(
    "2.5",
    "The dense generator",
    4,
    "DenseGenerator()(z)",
    tracing.with_seed(latents),
    probe,
    causes=tracing.FAULTY_CLASS,
    slow=True,
    unjudged=("operations", "the result again"),
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(enlarge=(2, 2), padding=2, axes=(0, 1, 2, 3)):
    G = networks.DenseGenerator()
    first, second = (nn.Upsample(scale_factor=times) for times in enlarge)
    for convolution in (G.middle[0], G.to_image):
        convolution.padding = (padding, padding)
    return nn.Sequential(
        G.dense,
        nn.Unflatten(1, (16, 16, 16)),
        table.moved(*axes),
        first,
        G.middle,
        second,
        G.to_image,
        nn.Tanh(),
    )


PROPERTIES = (
    table.is_network("DenseGenerator"),
    table.result_shape("z (B, 4096) becomes images (B, 3, 64, 64)", points=0.5),
    in_use.for_one("a batch of one z gives shape (1, 3, 64, 64)"),
    table.registered(),
    *table.as_in_the_table(),
    table.same_numbers(),
    table.counted(
        "it has the report's number of trainable parameters",
        "compare layer by layer with the report's table: biases, and a scale and a shift per batch norm",
    ),
    *in_use.properties(),
)

MISTAKES = {
    "each upsampling doubles the size, and one is missing": lambda: expected(enlarge=(2, 1)),
    "without upsampling the size stays 16": lambda: expected(enlarge=(1, 1)),
    "the reshape puts the channels last, as Keras does: here they come first, `view(-1, 16, 16, 16)`": (
        lambda: expected(axes=(0, 3, 1, 2))
    ),
    "a 5 × 5 convolution without padding loses 4 pixels": lambda: expected(padding=0),
}
