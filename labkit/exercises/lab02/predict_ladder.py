"""Exercise 2.4: sizes and parameters of convolutions, worked out on paper."""

from functools import partial
from numbers import Real

import numpy as np
import torch
from torch import nn

from labkit.exercises.exercise import Exercise
from labkit.exercises.probing import tried
from labkit.exercises.properties import Case, holds, rule, same, same_shape, unchanged
from labkit.exercises.reading import word


def some_convolutions(seed: int) -> tuple[list[nn.Module], int]:
    """Convolutions that fit on each other, no two alike, and the size of what enters the first.

    Six or seven: down, up, and down again with stride 1.
    """
    draw = np.random.default_rng(seed).integers
    down = [(4, 2, 1, False), (3, 2, 0, True), (5, 3, 2, True)]
    up = [(4, 1, 0, False), (3, 2, 1, True), (5, 3, 1, False)]
    last = [(3, 1, 1, True), (1, 1, 0, False), (2, 1, 1, True)][int(draw(0, 2)) :][: 1 + int(draw(0, 2))]
    widths = [3, 5 + int(draw(0, 3)), 9, 14 + int(draw(0, 3)), 6, 11, 2, 7, 4]
    layers: list[nn.Module] = []
    for number, (kernel, stride, padding, bias) in enumerate(down + up + last):
        kind = nn.ConvTranspose2d if 3 <= number < 6 else nn.Conv2d
        layers.append(kind(*widths[number : number + 2], kernel, stride, padding, bias=bias))
    return layers, 64 + 4 * int(draw(0, 4))  # sizes at which the second layer's division rounds down


def probe(predict_ladder, inputs):
    layers, size = inputs
    for layer in layers:
        layer.register_forward_pre_hook(_no_running)
    given = list(layers)
    rows = predict_ladder(given, size)
    return {
        "kind": type(rows).__name__,
        "rows": _table_of(rows),
        "layers afterwards": len(given),
        "rows for one layer": tried(lambda: _table_of(predict_ladder(layers[3:4], 1))),
    }


def _table_of(rows) -> np.ndarray:
    """Rows of three numbers as an array; an empty one if they are none."""
    if isinstance(rows, list | tuple) and len(rows) <= 100 and all(_is_row(r) for r in rows):
        return np.array([[float(v) for v in row] for row in rows]).reshape(len(rows), 3)
    return np.zeros((0, 3))


def _no_running(_layer, _inputs):
    raise RuntimeError("predict_ladder ran a layer")


def _is_row(row) -> bool:
    return isinstance(row, tuple | list) and len(row) == 3 and all(isinstance(v, Real) for v in row)


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
        r"[Bb]oolean value of Tensor": "a bias is a whole tensor, or `None`: ask `layer.bias is not None`",
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
    same(
        "rows",
        "the channels that leave each layer",
        "the channels that leave a layer are its `out_channels`, for both kinds",
        part=lambda rows: rows[:, 0],
        points=0.5,
    ),
    same(
        "rows",
        "the sizes",
        "take the formula of the layer's kind, its own k, s and p, and the size that the last one gave",
        part=lambda rows: rows[:, 1],
        points=1.5,
    ),
    same(
        "rows",
        "the parameters",
        "in * out * k * k weights, and `out_channels` biases where `layer.bias` is not None",
        part=lambda rows: rows[:, 2],
        points=1,
    ),
    same(
        "rows for one layer",
        "a single transposed convolution, from one pixel",
        "the list may hold any number of layers of either kind, and the first size may be 1",
    ),
    unchanged(
        "layers afterwards",
        "the list of layers is left as it was",
        "loop over the list: `pop` and `remove` take layers out of the caller's list",
    ),
)


def _enlarged(n, k, s, p):
    return (n - 1) * s - 2 * p + k


def _shrunk(n, k, s, p):
    return (n + 2 * p - k) // s + 1


MISTAKES = {
    "only one row: `return` stands inside the loop": lambda layers, size: expected(layers[:1], size),
    "the order in a row is (channels, size, parameters)": lambda layers, size: [
        (row[1], row[0], row[2]) for row in expected(layers, size)
    ],
    "the order in a row is (channels, size, parameters): the size is the second": lambda layers, size: [
        (row[0], row[2], row[1]) for row in expected(layers, size)
    ],
    "these are the channels that enter": lambda layers, size: [
        (m.in_channels, *row[1:]) for m, row in zip(layers, expected(layers, size), strict=True)
    ],
    "every layer starts from the first size: let the new size enter the next layer": lambda layers, size: [
        expected([m], size)[0] for m in layers
    ],
    "a transposed convolution enlarges: it needs the other formula": partial(
        expected, down=_shrunk, up=_shrunk
    ),
    "a convolution shrinks: it needs the other formula": partial(expected, down=_enlarged),
    "a size is whole: the division of a convolution rounds down": partial(
        expected, down=lambda n, k, s, p: (n + 2 * p - k) / s + 1, up=_enlarged
    ),
    "the division rounds down before 1 is added, and the 1 is missing here": partial(
        expected, down=lambda n, k, s, p: _shrunk(n, k, s, p) - 1
    ),
    "the two formulas have changed places: a convolution shrinks, a transposed one enlarges": partial(
        expected, down=_enlarged, up=_shrunk
    ),
    "the division of a convolution rounds down, not up": partial(
        expected, down=lambda n, k, s, p: -(-(n + 2 * p - k) // s) + 1
    ),
    "the brackets: subtract the kernel before you divide by the stride": partial(
        expected, down=lambda n, k, s, p: (n + 2 * p) // s - k + 1
    ),
    "padding counts on both sides, of a transposed convolution too": partial(
        expected, up=lambda n, k, s, p: (n - 1) * s - p + k
    ),
    "padding counts on both sides, of a convolution too": partial(
        expected, down=lambda n, k, s, p: (n + p - k) // s + 1
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
    "each row has its own layer's parameters, not the sum so far": lambda layers, size: [
        (*row[:2], sum(r[2] for r in expected(layers, size)[: number + 1]))
        for number, row in enumerate(expected(layers, size))
    ],
    "a layer's weights do not grow with the picture: leave the size out": partial(
        expected, count=lambda m, n: n * n * m.weight.numel() + _biases(m)
    ),
}
