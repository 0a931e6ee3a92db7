"""Exercise 2.4: sizes and parameters of convolutions, worked out on paper."""

from functools import partial

import numpy as np
import torch
from torch import nn

from labkit.exercises.exercise import Exercise
from labkit.exercises.properties import Case, holds, rule, same, same_shape
from labkit.exercises.reading import word


def some_convolutions(seed: int) -> tuple[list[nn.Module], int]:
    """Convolutions that fit on each other, no two alike, and the size of what enters the first."""
    draw = np.random.default_rng(seed).integers
    widths = [3, 5 + int(draw(0, 3)), 9, 14 + int(draw(0, 3)), 6, 11, 2]
    settings = [(4, 2, 1, False), (3, 2, 0, True), (5, 3, 2, True)]
    up = [(4, 1, 0, False), (3, 2, 1, True), (5, 3, 1, False)]
    layers: list[nn.Module] = []
    for number, (wide, out) in enumerate(zip(widths, widths[1:], strict=False)):
        kernel, stride, padding, bias = (settings + up)[number]
        kind = nn.Conv2d if number < 3 else nn.ConvTranspose2d
        layers.append(kind(wide, out, kernel, stride, padding, bias=bias))
    return layers, 64 + 4 * int(draw(0, 4))  # sizes at which the second layer's division rounds down


def probe(predict_ladder, inputs):
    layers, size = inputs
    for layer in layers:
        layer.register_forward_pre_hook(_no_running)
    rows = predict_ladder(list(layers), size)
    kind = type(rows).__name__
    table = np.zeros((0, 3))
    if isinstance(rows, list | tuple) and len(rows) <= 100 and all(_is_row(r) for r in rows):
        table = np.array([[float(v) for v in row] for row in rows]).reshape(len(rows), -1)
    return {"kind": kind, "rows": table}


def _no_running(_layer, _inputs):
    raise RuntimeError("predict_ladder ran a layer")


def _is_row(row) -> bool:
    return isinstance(row, tuple | list) and len(row) == 3 and all(isinstance(v, int | float) for v in row)


EXERCISE = Exercise(
    "2.4",
    "The ladder on paper",
    3,
    "predict_ladder(layers, size)",
    some_convolutions,
    probe,
    causes={
        r"ran a layer": "no tensor passes through a layer here: calculate from the layer's numbers",
        r"unsupported operand.*tuple|tuple.*int": "`kernel_size`, `stride` and `padding` are pairs: take [0]",
        r"NoneType": "a layer made with `bias=False` has `None` for its bias",
    },
    unjudged=("kind",),
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(layers, size, down=None, up=None, count=lambda m, n: sum(p.numel() for p in m.parameters())):
    """Torch says the sizes, or a rule (n, kernel, stride, padding) in its place; ``count`` the parameters."""
    rows = []
    for m in layers:
        rule = up if isinstance(m, nn.ConvTranspose2d) else down
        size = rule(size, m.kernel_size[0], m.stride[0], m.padding[0]) if rule else _by_torch(m, size)
        rows.append((m.out_channels, size, count(m, size)))
    return rows


def _by_torch(m: nn.Module, size: int) -> int:
    """The size of what leaves such a layer, found by a tensor without contents."""
    sizes = (m.in_channels, m.out_channels, m.kernel_size, m.stride, m.padding)
    return type(m)(*sizes, device="meta")(torch.empty(1, m.in_channels, size, size, device="meta")).shape[-1]


def _biases(m: nn.Module) -> int:
    return 0 if m.bias is None else len(m.bias)


def _a_table(case: Case):
    rows = case.got["rows"]
    yield holds(
        "it returns a list with three numbers per layer",
        rows.ndim == 2 and len(rows) > 0,
        got=word(case.got["kind"]),
        expected="a list of (channels, size, parameters), all whole numbers",
        cause="collect a tuple of three numbers per layer in a list, and return the list",
    )


PROPERTIES = (
    rule(_a_table, "rows"),
    same_shape("rows", "one row per layer", "append one row for every layer"),
    same("rows", "the channels that leave each layer", part=lambda rows: rows[:, 0], points=0.5),
    same("rows", "the sizes", part=lambda rows: rows[:, 1], points=1.5),
    same(
        "rows",
        "the parameters",
        "every pair of an incoming and an outgoing channel has a kernel of its own",
        part=lambda rows: rows[:, 2],
        points=1,
    ),
)


def _enlarged(n, k, s, p):
    return (n - 1) * s - 2 * p + k


def _shrunk(n, k, s, p):
    return (n + 2 * p - k) // s + 1


MISTAKES = {
    "only one row: `return` stands inside the loop": lambda layers, size: expected(layers[:1], size),
    "these are the channels that enter": lambda layers, size: [
        (m.in_channels, *row[1:]) for m, row in zip(layers, expected(layers, size), strict=True)
    ],
    "every layer starts from the first size: let the new size enter the next layer": lambda layers, size: [
        expected([m], size)[0] for m in layers
    ],
    "a transposed convolution enlarges: it needs the other formula": partial(expected, up=_shrunk),
    "a convolution shrinks: it needs the other formula": partial(expected, down=_enlarged),
    "a size is whole: the division of a convolution rounds down": partial(
        expected, down=lambda n, k, s, p: (n + 2 * p - k) / s + 1, up=_enlarged
    ),
    "the division rounds down before 1 is added, and the 1 is missing here": partial(
        expected, down=lambda n, k, s, p: _shrunk(n, k, s, p) - 1
    ),
    "padding makes a transposed convolution's result smaller: subtract it twice": partial(
        expected, up=lambda n, k, s, p: _enlarged(n, k, s, -p)
    ),
    "padding counts on both sides": partial(
        expected,
        down=lambda n, k, s, p: _shrunk(n, k, s, p / 2),
        up=lambda n, k, s, p: _enlarged(n, k, s, p / 2),
    ),
    "a transposed convolution starts from size - 1 steps": partial(
        expected, up=lambda n, k, s, p: _enlarged(n + 1, k, s, p)
    ),
    "the biases are missing: one number per outgoing channel, where a layer has them": partial(
        expected, count=lambda m, n: m.weight.numel()
    ),
    "biases are counted in layers that have none: look at `layer.bias`": partial(
        expected, count=lambda m, n: m.weight.numel() + m.out_channels
    ),
    "a kernel has height and width: its side counts twice": partial(
        expected, count=lambda m, n: m.weight[..., 0].numel() + _biases(m)
    ),
    "a bias belongs to an outgoing channel, not to an incoming one": partial(
        expected, count=lambda m, n: m.weight.numel() + bool(_biases(m)) * m.in_channels
    ),
    "one bias per layer is too few: one per outgoing channel": partial(
        expected, count=lambda m, n: m.weight.numel() + bool(_biases(m))
    ),
    "a layer's weights do not grow with the picture: leave the size out": partial(
        expected, count=lambda m, n: n * n * m.weight.numel() + _biases(m)
    ),
}
