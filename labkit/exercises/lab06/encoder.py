"""Exercise 6.4: the encoder of a course report, layer by layer."""

import torch
from torch import nn

from labkit import networks
from labkit.exercises.exercise import Exercise
from labkit.exercises.lab06 import _networks
from labkit.exercises.layers import in_use, table, tracing
from labkit.exercises.properties import Case, holds, rule
from labkit.exercises.reading import number


def inputs(seed: int):
    tracing.with_seed(lambda generator: None)(seed)  # what it loads is not in the answer's time
    sizes = _networks.sizes(seed)
    return _networks.images(5 + seed % 3, sizes["image_size"], seed), sizes, seed


def probe(Encoder, given):
    images, sizes, seed = given
    found = tracing.examine(lambda: Encoder(**sizes), images, seed, _networks.beside)
    if found["kind"] != "a network":
        return found
    return found | {
        "weights of one output alone": _networks.heads(Encoder(**sizes), [images]),
        "parameters": tracing.count(Encoder(), torch.zeros(2, 1, 28, 28)),
    }


EXERCISE = Exercise(
    "6.4",
    "The encoder",
    4,
    "Encoder(latent_dim, hidden, base_channels, image_size)(images)",
    inputs,
    probe,
    causes=_networks.misfit(
        "2 · `base_channels` · (`image_size` // 4)² for each image, if both convolutions pad by 1 and "
        "`nn.Flatten` comes before it"
    )
    | _networks.FAULTY,
    unjudged=("operations", "the result again"),
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(change=lambda pair: pair, **sizes):
    """The kit's layers in a module of torch's own; ``change`` changes what it returns."""
    encoder, _ = networks.vae_pair(**sizes)
    net = nn.Identity()
    for name, part in encoder.named_children():
        net.add_module(name, part)

    def run(_net, given, _same):
        hidden = net.dense(net.maps(*given)).relu()
        return change((net.to_mean(hidden), net.to_log_var(hidden)))

    net.register_forward_hook(run)
    return net


def _two_heads(case: Case):
    got, right = (number(arrays["weights of one output alone"]) for arrays in (case.got, case.expected))
    yield holds(
        "mean and log variance come from a layer each",
        got == right,
        got=f"{got:,.0f} weights that only one of the two depends on",
        expected=f"{right:,.0f}",
        cause="two layers, `hidden` → `latent_dim` each: one gives the mean, the other the log variance, "
        "and neither is detached",
    )


PROPERTIES = (
    table.is_network("Encoder"),
    table.result_shape("images (B, 1, S, S) become two tensors (B, latent_dim)", points=0.5),
    in_use.for_one("a batch of one gives two tensors (1, latent_dim)"),
    table.registered(),
    *table.as_in_the_table(
        usual=(32, 64, 16, 2),
        worth=("channels", "kernels", "activations"),
        widths="`base_channels` maps, then twice as many, then `hidden` units, then `latent_dim` twice",
    ),
    rule(_two_heads, "weights of one output alone", compared=True, points=0.5),
    table.same_numbers(points=0.5),
    table.counted(
        "`Encoder()` has the report's 69,076 parameters",
        "are the defaults those of the `def` line, and does `forward` use each layer that `__init__` makes?",
        points=0.5,
    ),
    *in_use.properties(),
)

MISTAKES = {
    "the variance is positive, its logarithm any number: nothing is applied to it": lambda **sizes: expected(
        lambda pair: (pair[0], pair[1].exp()), **sizes
    ),
    "that is the deviation: return the log variance, as the layer gives it": lambda **sizes: expected(
        lambda pair: (pair[0], (0.5 * pair[1]).exp()), **sizes
    ),
    "the mean stands in both places: the log variance has a layer of its own": lambda **sizes: expected(
        lambda pair: (pair[0], pair[0]), **sizes
    ),
}
