"""Exercise 7.1: one block of a U-Net, which holds the blocks below it."""

import re

import torch
from torch import nn

from labkit.exercises.exercise import Exercise
from labkit.exercises.layers import in_use, table, tracing
from labkit.exercises.probing import gradients, tried
from labkit.exercises.properties import Case, holds, rule, same, unchanged
from labkit.exercises.reading import whole, word
from labkit.networks.translation import UNet


def inputs(seed: int):
    """Maps (B, outer, S, S), the numbers of channels outside and inside, and the seed itself."""

    def maps(generator):
        outer, inner, side = (int(torch.randint(low, low + 3, (), generator=generator)) for low in (2, 5, 2))
        return torch.randn(3, outer, 4 * side, 4 * side, generator=generator) + 0.3, outer, inner

    (x, outer, inner), seed = tracing.with_seed(maps)(seed)
    return x, outer, inner, seed


def probe(UNetBlock, given):
    x, outer, inner, seed = given
    found = tracing.examine(lambda: UNetBlock(outer, inner), x, seed)
    if found["kind"] != "a network":
        return found

    def slope():
        block, leaf = UNetBlock(outer, inner), x.clone().requires_grad_()
        tracing.fill(block, seed)
        result = block(leaf.clone())
        return gradients((result * torch.linspace(-1, 1, result.numel()).view_as(result)).sum(), [leaf])[0]

    def around():
        below = nn.Conv2d(inner, 2 * inner, 3, padding=1, bias=False)
        block = UNetBlock(outer, inner, below)
        tracing.fill(block, seed)
        result = block(x.clone())
        reached = gradients(result.square().sum(), [below.weight])[0]
        known = sum(p.numel() for p in block.parameters())
        return result, int(reached.count_nonzero() > 0), known

    with_below = tried(around)
    result, reached, known = (with_below,) * 3 if isinstance(with_below, str) else with_below
    return found | {
        "the gradient at x": tried(slope),
        "the result with a block below": result,
        "a gradient for the block below": reached,
        "parameters with a block below": known,
    }


EXERCISE = Exercise(
    "7.1",
    "A block of the U-Net",
    4,
    "UNetBlock(outer, inner, below)(x)",
    inputs,
    probe,
    causes={
        r"'NoneType' object is not callable": (
            "`below` is None in the innermost block: call it only `if self.below is not None`"
        ),
        r"Sizes of tensors must match|must match the size of tensor": (
            "two maps of different size meet: the skip is the block's own input x, and `up` brings back its "
            "size: kernel 4, stride 2, padding 1, on both ways"
        ),
    }
    | tracing.FAULTY_CLASS
    | {
        r"transposed=1.*expected input.* channels": (
            "the transposed convolution is given other channels than it was made for: without a block below "
            "it takes `inner`, with one 2 * inner"
        ),
    },
    unjudged=("operations", "the result again"),
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(outer, inner, below=None, *, change=lambda down, up: None, join=lambda x, up: (x, up), axis=1):
    """The kit's layers in a module of torch's own, with what somebody may have done to them."""
    kit = UNet([outer, inner] if below is None else [outer, inner, inner], 1, 2, 0, True)
    down, up = list(kit.down[1]), list(kit.up[-1])
    change(down, up)
    net = nn.Identity()
    net.add_module("layers", nn.Sequential(*down, *([] if below is None else [below]), *up))
    net.register_forward_hook(lambda net, given, _same: torch.cat(join(*given, net.layers(*given)), axis))
    return net


def _but(**how):
    return lambda outer, inner, below=None: expected(outer, inner, below, **how)


def _with(place: str, at: int, layer):
    """One of the layers replaced; ``layer`` makes the new one from the old one."""

    def change(down, up):
        layers = {"down": down, "up": up}[place]
        layers[at] = layer(layers[at])

    return _but(change=change)


def _norms(make):
    def change(down, up):
        down[1], up[1] = (make(layers[1].num_features) for layers in (down, up))

    return _but(change=change)


def _activation_first(*ways):
    for layers in ways:
        layers.insert(0, layers.pop())


def _norm_last(*ways):
    for layers in ways:
        layers[1:] = reversed(layers[1:])


def _biased(down, up):
    down[0] = nn.Conv2d(down[0].in_channels, down[0].out_channels, 4, 2, 1)
    up[0] = nn.ConvTranspose2d(up[0].in_channels, up[0].out_channels, 4, 2, 1)


def _without_below(outer, inner, below=None):
    net = expected(outer, inner)
    net.add_module("below", below)
    return net


def _resized(place: str, *sizes: int):
    """The convolution of one way with another kernel, stride and padding."""
    return _with(place, 0, lambda old: type(old)(old.in_channels, old.out_channels, *sizes, bias=False))


def _channels(case: Case) -> str:
    if any(step.kind == "Dropout" for part in table.stages(case.got["operations"]) for step in part.after):
        return "a dropout has no place in this block"
    got, right = case.got["the result"].shape, case.expected["the result"].shape
    if len(got) != 4 or got == right:
        return "compare conv, norm and activation of both ways with the list, then the last line of `forward`"
    return f"`torch.cat([x, up], dim=1)` has {right[1]} channels: those of x and as many from below"


_ALL_CHANNELS = (
    "`below` gives 2 * inner channels, so that many go into the transposed convolution; without a block "
    "below it is `inner`"
)


def _not_part(case: Case) -> str:
    _, outer, inner, _ = case.given
    right, got = (arrays["parameters with a block below"] for arrays in (case.expected, case.got))
    if got.dtype.kind != "U":
        if whole(right) - whole(got) == 16 * inner * outer:  # in the transposed convolution
            return _ALL_CHANNELS
        return (
            "keep the block as `self.below = below` (a plain Python list hides it from PyTorch); then 2 * "
            "inner channels go into the transposed convolution"
        )
    said = word(got)
    made, given = (re.search(rf"{words} (\d+) channels", said) for words in ("to have", "but got"))
    channels = made and given and (int(made[1]), int(given[1]))
    if channels == (2 * inner, inner):
        return "the block below is not called before the way up: x goes down, then through `below`, then up"
    if channels == (inner, outer):
        return "the block below is called before `down`: x goes down, then through `below`, then up"
    if channels or "size of tensor" in said:
        return _ALL_CHANNELS
    return "a block below is a module: keep it as `self.below = below`, and call it between down and up"


def _part(case: Case):
    """Its weights are counted. Whether a gradient reaches them tells one mistake from another."""
    right, got = (arrays["parameters with a block below"] for arrays in (case.expected, case.got))
    failed = got.dtype.kind == "U"
    ok = whole(got) == whole(right)
    yield holds(
        "a block below it becomes a part of it",
        ok,
        got=word(got) if failed else f"{whole(got)} parameters with a block below",
        expected="no error" if failed else f"{whole(right)} parameters with a block below",
        cause="" if ok else _not_part(case),
    )


def _reached(case: Case):
    yield holds(
        "the gradient reaches the block below",
        whole(case.got["a gradient for the block below"]) == 1,
        got="none",
        expected="a gradient for each of its weights",
        cause="is there a `.detach()` or a `no_grad()` where `below` is called?",
    )


PROPERTIES = (
    table.is_network("UNetBlock"),
    unchanged(
        "the input afterwards",
        "x itself is left as it was",
        "an operation in place (`inplace=True`, `+=`, `mul_`) writes into the caller's x, which is the skip",
    ),
    table.registered(points=0.25),
    same("the result", "x comes first, and beside it what comes up", _channels, points=2, **in_use.NEAR),
    table.counted(
        "it has the weights of two convolutions and two norms, and no others",
        "both convolutions without a bias, both norms with `affine=True`, and no layer that is not used",
        points=0.25,
    ),
    same(
        "the gradient at x",
        "the gradient comes back both ways, through the skip and through the layers",
        "nothing is detached: the layers before this block learn through both",
        points=0.25,
        rtol=1e-3,
        atol=1e-3,
    ),
    rule(
        _part,
        "parameters with a block below",
        "a gradient for the block below",
        compared=True,
        points=0.25,
        rtol=0,
        atol=0.5,
    ),
    same(
        "the result with a block below",
        "the block below is used, between down and up",
        "`x` goes down, then through `below`, then up: nothing else stands between them",
        points=1,
        **in_use.NEAR,
    ),
    rule(_reached, "a gradient for the block below", compared=True),
    in_use.for_one("a batch of one works"),
    same(
        "the result for one",
        "in evaluation mode it returns the same numbers",
        "instance norm has no running averages: leave `track_running_stats` at its default",
        **in_use.NEAR,
    ),
    *(p for p in in_use.afterwards() if p.names != ("the input afterwards",)),
)

MISTAKES = {
    "the input is added to what comes up: concatenate them, `torch.cat([x, up], dim=1)`": _but(
        join=lambda x, up: (x + up,)
    ),
    "there is no skip: `torch.cat([x, up], dim=1)` hands on the input as well": _but(
        join=lambda x, up: (up,)
    ),
    "what comes up is lost: `torch.cat([x, up], dim=1)`, not x twice": _but(join=lambda x, up: (x, x)),
    "the input is lost: `torch.cat([x, up], dim=1)`, not what comes up twice": _but(
        join=lambda x, up: (up, up)
    ),
    "the two are in the other order: the input itself comes first": _but(join=lambda x, up: (up, x)),
    "concatenated along the batch: channels are `dim=1`": _but(axis=0),
    "concatenated along the rows: channels are `dim=1`": _but(axis=2),
    "concatenated along the columns: channels are `dim=1`": _but(axis=3),
    "the skip went through an activation: it is the input itself": _but(
        join=lambda x, up: (nn.functional.leaky_relu(x, 0.2), up)
    ),
    "the skip went through a ReLU: it is the input itself": _but(join=lambda x, up: (x.relu(), up)),
    "the convolution down has kernel 3: it should be 4": _resized("down", 3, 2, 1),
    "the convolution down has kernel 2 without padding: it is kernel 4, stride 2, padding 1": _resized(
        "down", 2, 2, 0
    ),
    "the transposed convolution has kernel 2 without padding: it is kernel 4, stride 2, padding 1": _resized(
        "up", 2, 2, 0
    ),
    "that is batch norm: `nn.InstanceNorm2d(channels, affine=True)` norms each image by itself": _norms(
        nn.BatchNorm2d
    ),
    "the norms have no weights: PyTorch's instance norm is told `affine=True`": _norms(nn.InstanceNorm2d),
    "the norm on the way down has no weights: PyTorch's instance norm is told `affine=True`": _with(
        "down", 1, lambda old: nn.InstanceNorm2d(old.num_features)
    ),
    "the norm on the way up has no weights: PyTorch's instance norm is told `affine=True`": _with(
        "up", 1, lambda old: nn.InstanceNorm2d(old.num_features)
    ),
    "both norms are missing": _norms(lambda channels: nn.Identity()),
    "the way down lacks its norm": _with("down", 1, lambda _: nn.Identity()),
    "the way up lacks its norm": _with("up", 1, lambda _: nn.Identity()),
    "the way down has ReLU: it takes `nn.LeakyReLU(0.2)`": _with("down", 2, lambda _: nn.ReLU()),
    "LeakyReLU has PyTorch's default slope, 0.01: it should be 0.2": _with(
        "down", 2, lambda _: nn.LeakyReLU()
    ),
    "the way down lacks its activation": _with("down", 2, lambda _: nn.Identity()),
    "the way up lacks its ReLU": _with("up", 2, lambda _: nn.Identity()),
    "the way up has LeakyReLU: it takes ReLU": _with("up", 2, lambda _: nn.LeakyReLU(0.2)),
    "the way up ends with Tanh: only the last layer of the whole network does, here it is ReLU": _with(
        "up", 2, lambda _: nn.Tanh()
    ),
    "the activations come before the convolutions: here they come last, after the norm": _but(
        change=_activation_first
    ),
    "on the way up ReLU comes before the transposed convolution: it comes last, after the norm": _but(
        change=lambda _down, up: _activation_first(up)
    ),
    "on the way down the activation comes before the convolution: it comes last, after the norm": _but(
        change=lambda down, _up: _activation_first(down)
    ),
    "on the way down the norm comes after the activation: the order is convolution, norm, activation": _but(
        change=lambda down, _up: _norm_last(down)
    ),
    "on the way up the norm comes after the activation: the order is convolution, norm, activation": _but(
        change=lambda _down, up: _norm_last(up)
    ),
    "the norms come after the activations: the order is convolution, norm, activation": _but(
        change=_norm_last
    ),
    "the convolution down has a bias, which the norm takes away again: `bias=False`": _with(
        "down", 0, lambda old: nn.Conv2d(old.in_channels, old.out_channels, 4, 2, 1)
    ),
    "the convolution up has a bias, which the norm takes away again: `bias=False`": _with(
        "up", 0, lambda old: nn.ConvTranspose2d(old.in_channels, old.out_channels, 4, 2, 1)
    ),
    "both convolutions have a bias, which the norm takes away again: `bias=False`": _but(change=_biased),
    "the skip is detached: the layers before this block learn through it too": _but(
        join=lambda x, up: (x.detach(), up)
    ),
    "the block below is never called": _without_below,
}
