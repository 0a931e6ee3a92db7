"""Exercise 6.5: the decoder of a course report, layer by layer."""

import torch
from torch import nn

from labkit import networks
from labkit.exercises.exercise import Exercise
from labkit.exercises.lab06 import _networks
from labkit.exercises.layers import in_use, table, tracing


def inputs(seed: int):
    def codes(generator):
        sizes = {name: size for name, size in _networks.sizes(seed).items() if name != "hidden"}
        return torch.randn(5 + seed % 3, sizes["latent_dim"], generator=generator), sizes

    (z, sizes), seed = tracing.with_seed(codes)(seed)
    return z, sizes, seed


def probe(Decoder, given):
    z, sizes, seed = given
    found = tracing.examine(lambda: Decoder(**sizes), z, seed)
    if found["kind"] != "a network":
        return found
    return found | {"parameters": tracing.count(Decoder(), torch.zeros(2, 2))}


EXERCISE = Exercise(
    "6.5",
    "The decoder",
    3,
    "Decoder(latent_dim, base_channels, image_size)(z)",
    inputs,
    probe,
    causes=_networks.misfit("the first layer takes `latent_dim` numbers, whatever that is")
    | _networks.FAULTY,
    unjudged=("operations", "the result again"),
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(change=lambda layers: None, **sizes):
    _, decoder = networks.vae_pair(**sizes)
    layers = list(decoder.layers)
    change(layers)
    return nn.Sequential(*layers)


def _unpadded(layers):
    for layer in layers:
        if isinstance(layer, nn.ConvTranspose2d):
            layer.output_padding = (0, 0)


PROPERTIES = (
    table.is_network("Decoder"),
    table.result_shape("z (B, latent_dim) becomes images (B, 1, S, S)", points=0.5),
    in_use.for_one("a batch of one gives shape (1, 1, S, S)"),
    table.registered(),
    *table.as_in_the_table(
        usual=(3136, 64, 32, 1),
        worth=("channels", "kernels", "activations"),
        widths="the dense layer makes 2 · `base_channels` maps; then 2 · `base_channels`, `base_channels`, 1",
    ),
    table.same_numbers(points=0.25),
    table.counted(
        "`Decoder()` has the report's 65,089 parameters",
        "are the defaults those of the `def` line, and does `forward` use each layer that `__init__` makes?",
        points=0.25,
    ),
    *in_use.properties(),
)

MISTAKES = {
    "without `output_padding=1` a layer of stride 2 ends one pixel short": lambda **sizes: expected(
        _unpadded, **sizes
    ),
    "28 pixels, whatever `image_size` is: maps begin with `image_size // 4` on each side": lambda **sizes: (
        expected(**(sizes | {"image_size": 28}))
    ),
    "the images are flat: `nn.Unflatten` makes maps of the dense layer's numbers": lambda **sizes: expected(
        lambda layers: layers.append(nn.Flatten()), **sizes
    ),
    "the batch axis is lost": lambda **sizes: table.then(expected(**sizes), lambda images: images[0]),
    "the channel axis is lost: images are (B, 1, S, S)": lambda **sizes: table.then(
        expected(**sizes), lambda images: images[:, 0]
    ),
}
