"""Judges of the networks that students build: the kit's own twin, under the same weights, is the measure."""

import functools
from collections.abc import Iterator

import numpy as np
import torch

from labkit import networks
from labkit.exercises import find
from labkit.exercises.exercise import Finding
from labkit.exercises.judges import network_plan, network_table
from labkit.exercises.judges.comparing import holds, same_shape
from labkit.exercises.network_specs import BASE, CHANNELS, LATENT
from labkit.exercises.network_trace import examine


def judge_generator(inputs, got) -> Iterator[Finding]:
    _, seed = inputs
    yield from network_table.is_network(got, "Generator")
    plan = network_plan.generator_plan(LATENT, BASE, CHANNELS)
    expected = _reference("2.2", seed)
    same = network_table.same_numbers(got["the result"], expected)
    yield same_shape(
        f"z (B, {LATENT}, 1, 1) becomes images (B, {CHANNELS}, 64, 64)",
        got["the result"],
        expected.shape,
        mistakes={"the batch axis is lost": expected.shape[1:]},
        cause=network_table.first_wrong(got, plan),
    )
    yield network_table.registered(got)
    yield from network_table.same_layers(got, plan, same, network_plan.generator_plan(100, 64, 3))
    yield network_table.numbers(got["the result"], expected)
    yield network_table.counted(
        "`Generator()` has the parameters of the table",
        got["parameters"],
        3_576_704,
        "are the defaults latent_dim=100, base_channels=64, image_channels=3, and is no layer made in vain?",
    )


def judge_discriminator(inputs, got) -> Iterator[Finding]:
    images, seed = inputs
    yield from network_table.is_network(got, "Discriminator")
    plan = network_plan.discriminator_plan(BASE, CHANNELS)
    expected = _reference("2.3", seed)
    same = network_table.same_numbers(got["the result"], expected)
    yield from _scores(got, images, plan)
    yield network_table.registered(got)
    yield from network_table.same_layers(got, plan, same, network_plan.discriminator_plan(64, 3))
    yield network_table.numbers(got["the result"], expected)
    yield network_table.counted(
        "`Discriminator()` has the parameters of the table",
        got["parameters"],
        2_765_568,
        "are the defaults base_channels=64, image_channels=3, and is no layer made in vain?",
    )


def _scores(got, images: torch.Tensor, plan) -> Iterator[Finding]:
    """One probability per image, for a batch and for a single image."""
    b = len(images)
    yield same_shape(
        f"images {tuple(images.shape)} get one number each, shape ({b},)",
        got["the result"],
        (b,),
        mistakes={
            "the axes of size 1 are still there: flatten the result to (B,)": (b, 1, 1, 1),
            "one axis too many: (B, 1) is not (B,)": (b, 1),
        },
        cause=network_table.first_wrong(got, plan),
    )
    yield same_shape(
        "a batch of one image gives shape (1,)",
        got["the result for one image"],
        (1,),
        mistakes={"`squeeze()` drops every axis of size 1, the batch's too: flatten instead": ()},
        cause="the shape must be (B,) for every B",
    )
    result = got["the result"] if got["the result"].dtype.kind == "f" else np.full(b, np.nan)
    ended = network_plan.steps(got["operations"])
    inside = bool(((result >= 0) & (result <= 1)).all())
    yield holds(
        "the numbers are probabilities",
        inside,
        got=f"values from {result.min():.3g} to {result.max():.3g}",
        expected="values in [0, 1]",
        cause="Tanh gives -1 to 1; the table ends with Sigmoid"
        if ended and ended[-1].kind == "Tanh"
        else "these are raw scores: `forward` ends with a sigmoid",
    )
    yield holds(
        "they depend on the image",
        bool(np.ptp(result) > 1e-6),
        got=f"{result[0]:.4g} for every image",
        expected="a different probability for each",
        cause="softmax over a single number is always 1: use a sigmoid" if (result == 1).all() else "",
    )


def judge_dense_generator(inputs, got) -> Iterator[Finding]:
    z, seed = inputs
    yield from network_table.is_network(got, "DenseGenerator")
    plan = network_plan.dense_generator_plan()
    expected = _reference("2.5", seed)
    same = network_table.same_numbers(got["the result"], expected)
    yield same_shape(
        "z (B, 4096) becomes images (B, 3, 64, 64)",
        got["the result"],
        expected.shape,
        mistakes={
            "each upsampling doubles the size, and one is missing": (len(z), 3, 32, 32),
            "without upsampling the size stays 16": (len(z), 3, 16, 16),
            "a 5 × 5 convolution without padding loses 4 pixels": (len(z), 3, 52, 52),
        },
        cause=network_table.first_wrong(got, plan),
    )
    yield network_table.registered(got)
    yield from network_table.same_layers(got, plan, same, plan)
    yield network_table.numbers(got["the result"], expected)
    yield network_table.counted(
        "it has the report's number of trainable parameters",
        got["parameters"],
        16_850_691,
        "compare layer by layer with the report's table: biases, and a scale and a shift per batch norm",
    )


def judge_dense_discriminator(inputs, got) -> Iterator[Finding]:
    images, seed = inputs
    yield from network_table.is_network(got, "DenseDiscriminator")
    plan = network_plan.dense_discriminator_plan()
    expected = _reference("2.6", seed)
    same = network_table.same_numbers(got["the result"], expected)
    yield from _scores(got, images, plan)
    yield network_table.registered(got)
    yield from network_table.same_layers(got, plan, same, plan)
    yield network_table.numbers(got["the result"], expected)
    yield network_table.counted(
        "it has the report's number of trainable parameters",
        got["parameters"],
        6_423_553,
        "compare with the report: 12288 → 512 → 256 → 1, each layer with its biases",
    )


_TWINS = {
    "2.2": lambda: networks.dcgan_pair(latent_dim=LATENT, base_channels=BASE, image_channels=CHANNELS)[0],
    "2.3": lambda: networks.dcgan_pair(base_channels=BASE, image_channels=CHANNELS, output="probability")[1],
    "2.5": networks.DenseGenerator,
    "2.6": lambda: networks.DenseDiscriminator("probability"),
}


@functools.lru_cache(maxsize=16)
def _reference(exercise_id: str, seed: int) -> np.ndarray:
    """What the kit's own network returns under the weights of this seed; kept, because a class shares it."""
    x, _ = find(exercise_id).inputs(seed)
    result = examine(_TWINS[exercise_id], x, seed)["the result"].detach().numpy().astype(np.float64)
    result.setflags(write=False)
    return result
