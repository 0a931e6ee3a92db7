"""Is a traced network the expected one, and if not, which beginner's mistake is it?

The numbers decide: under the same weights an equal network returns equal numbers, however it is written. The
trace of its operations counts only where the numbers differ, to name the layer that is to blame. It is held
against the trace of the expected network, which the student knows as the notebook's table.

Over 400 lines: one network of the table can be mistaken in every layer, and each mistake has its words.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn

from labkit.exercises.exercise import Finding
from labkit.exercises.layers import in_use
from labkit.exercises.layers.tracing import BATCH, COLUMNS, KINDS, MOST_OPERATIONS, Step
from labkit.exercises.properties import Case, Property, alike, holds, rule, same, same_shape
from labkit.exercises.reading import numbers, whole, word

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


@dataclass(frozen=True)
class Stage:
    """A layer with weights, and what follows it until the next one."""

    layer: Step
    after: tuple[Step, ...] = ()

    def only(self, kinds: Sequence[str]) -> list[str]:
        return [str(s) for s in self.after if s.kind in kinds]


_WEIGHTED = ("Conv2d", "ConvTranspose2d", "Linear")
_ACTIVATIONS = ("ReLU", "LeakyReLU", "Tanh", "Sigmoid", "another activation")
_NORMS = ("BatchNorm", "another normalisation")


def stages(operations: np.ndarray) -> list[Stage]:
    """A trace, cut before every layer that has weights; empty if the array is no trace."""
    rows = len(operations) if operations.ndim == 2 and operations.dtype.kind in "biuf" else 0
    if not rows or rows > MOST_OPERATIONS or operations.shape[1] != len(COLUMNS):
        return []
    cut: list[tuple[Step, list[Step]]] = []
    for row in np.nan_to_num(operations.astype(np.float64)).tolist():
        kind, *sizes, bias, size, slope, registered = row
        name = KINDS[int(np.clip(kind, 0, len(KINDS) - 1))]
        step = Step(name, *map(int, sizes), bool(bias), int(size), round(slope, 8), bool(registered))
        if step.kind in _WEIGHTED:
            cut.append((step, []))
        elif cut:
            cut[-1][1].append(step)
    return [Stage(layer, tuple(after)) for layer, after in cut]


# ---- the properties of a network -----------------------------------------------------------------------


def is_network(name: str) -> Property:
    """It is an ``nn.Module``, and no part of it is labkit's."""

    def find(case: Case) -> Iterator[Finding]:
        kind, borrowed = word(case.got["kind"]), word(case.got["borrowed"])
        yield holds(
            f"`{name}(...)` is an `nn.Module`",
            kind == "a network",
            got=kind,
            expected="an `nn.Module`",
            cause=f"write `class {name}(nn.Module):` and pass the class itself to the check",
        )
        yield holds(
            "its layers are your own",
            not borrowed,
            got=borrowed,
            expected="layers of `torch.nn`",
            cause="a network imported from labkit is not an answer: write it in the exercise cell",
        )

    return rule(find, "kind", "borrowed")


def result_shape(what: str, points: float = 0) -> Property:
    """The result has the right shape; if not, the first layer that differs from the table is to blame."""

    def first_wrong(case: Case) -> str:
        found, table = _both(case)
        wrong = [f for f in (_kinds(found, table), _kernels(found, table)) if not f.ok]
        if wrong:
            return wrong[0].cause
        got, right = (arrays["the result"].shape for arrays in (case.got, case.expected))
        if math.prod(got) == 1:
            return "this is one number for the whole batch: every image has its own, no `mean()` and no `[0]`"
        if len(got) == len(right) == 4 and got[1] != right[1]:
            last = f"the last layer gives {got[1]} channels, and {right[1]} are asked for"
            return f"{last}: write no number where `image_channels` belongs"
        return "print the shape after each layer and compare it with the table"

    return same_shape("the result", what, first_wrong, points=points)


def scores(channels: int, points: float) -> tuple[Property, ...]:
    """One probability per image, for a batch and for a single image, which is worth the points."""
    both = ("the result", "the result for one")

    def probabilities(case: Case) -> Iterator[Finding]:
        values = np.concatenate([numbers(case.got[name]) for name in both])
        ended = [s for stage in stages(case.got["operations"]) for s in (stage.layer, *stage.after)]
        yield holds(
            "the numbers are probabilities",
            bool(((values >= 0) & (values <= 1)).all()),
            got=f"values from {values.min():.3g} to {values.max():.3g}",
            expected="values in [0, 1]",
            cause="Tanh gives -1 to 1; the table ends with Sigmoid"
            if ended and ended[-1].kind == "Tanh"
            else "these are raw scores: `forward` ends with a sigmoid",
        )

    def different(case: Case) -> Iterator[Finding]:
        result = numbers(case.got["the result"])
        yield holds(
            "they depend on the image",
            bool(np.ptp(result) > 1e-6),
            got=f"{result[0]:.4g} for every image",
            expected="a different probability for each",
            cause="softmax over a single number is always 1: use a sigmoid" if (result == 1).all() else "",
        )

    shape = (BATCH, channels, 64, 64)
    return (
        result_shape(f"images {shape} get one number each, shape ({BATCH},)"),
        in_use.for_one("a batch of one image gives shape (1,)", points),
        rule(probabilities, *both),
        rule(different, both[0]),
    )


def registered(points: float = 0.5) -> Property:
    """Every layer that runs is known to the module, so that an optimizer finds its weights."""

    def find(case: Case) -> Iterator[Finding]:
        lost = [i for i, s in enumerate(stages(case.got["operations"]), 1) if not s.layer.registered]
        cause = (
            "a plain Python list hides layers from PyTorch (use `nn.Sequential` or `nn.ModuleList`), and a "
            "weight that is computed anew at every call is no parameter either"
        )
        if not alike(case.got["the result again"], case.got["the result"], **in_use.NEAR):
            cause = "they are made in `forward`, anew at every call, and never learn: make them in `__init__`"
        yield holds(
            "its weights are registered",
            not lost,
            got=f"{_named(lost)} missing from `parameters()`",
            expected="the weights of every layer in `parameters()`",
            cause=cause,
        )

    return rule(find, points=points)


def as_in_the_table(
    usual: Sequence[int] = (),
    worth: Sequence[str] = ("channels", "kernels", "biases", "norms", "activations"),
    widths: str = "the table has other numbers there",
) -> tuple[Property, ...]:
    """One property each for the layers' kinds, for what ``worth`` lists, and for their order.

    Where the numbers agree the ways of writing are equal, and nothing but a needless bias is blamed.

    Args:
        usual: the channels inside with the constructor's defaults, to recognise sizes written as numbers.
        worth: which of the properties earn half a point.
        widths: what to say about channels that differ in no way that is known.
    """
    checks = {
        "kinds": _kinds,
        "channels": partial(_channels, usual=list(usual), cause=widths),
        "kernels": _kernels,
        "biases": _biases,
        "norms": _norms,
        "activations": _activations,
        "order": _order,
    }

    def one(name: str) -> Property:
        def find(case: Case) -> Iterator[Finding]:
            found, table = _both(case)
            if name in ("kinds", "biases") or len(found) == len(table):
                finding = checks[name](found, table)
                equal = alike(case.got["the result"], case.expected["the result"], **in_use.NEAR)
                yield Finding(finding.what, True) if equal and name != "biases" else finding

        return rule(find, points=0.5 if name in worth else 0)

    return tuple(one(name) for name in checks)


def _both(case: Case) -> tuple[list[Stage], list[Stage]]:
    return stages(case.got["operations"]), stages(case.expected["operations"])


def same_numbers(points: float = 0.5) -> Property:
    """The last word: with the same weights, the same numbers."""
    what = "with the same weights it returns the same numbers as these layers do"

    def cause(case: Case) -> str:
        if whole(case.got["parameters"]) != whole(case.expected["parameters"]):
            return "the number of parameters is another: has each batch norm its scale and its shift?"
        return (
            "the layers are of the kinds and sizes of the table: look in `forward` for an extra operation, "
            "for axes that are moved, or for another input than the one given"
        )

    return same("the result", what, cause, points=points, **in_use.NEAR)


def counted(what: str, otherwise: str, points: float = 0) -> Property:
    """The number of trainable parameters."""

    def find(case: Case) -> Iterator[Finding]:
        got, right = (whole(arrays["parameters"]) for arrays in (case.got, case.expected))
        said = f"{got:,}" if got >= 0 else "no number"
        yield holds(what, got == right, got=said, expected=f"{right:,}", cause=otherwise)

    return rule(find, "parameters", compared=True, points=points, rtol=0, atol=0.5)


# ---- a trace against the table ---------------------------------------------------------------------------


def _kinds(found: Sequence[Stage], table: Sequence[Stage]) -> Finding:
    got, wanted = ([s.layer.kind for s in part] for part in (found, table))
    cause = f"the table has {len(wanted)} layers with weights, this network runs {len(got)}"
    if len(got) == len(wanted):
        at = _first_difference(got, wanted)
        cause = f"layer {at + 1} is a {got[at]}; the table has a {wanted[at]} there"
    elif not got:
        cause = "no layer ran: does `forward` send its input through them?"
    return holds(
        f"{len(wanted)} layers with weights, of the right kinds",
        got == wanted,
        got=", ".join(got) or "none",
        expected=", ".join(wanted),
        cause=cause,
    )


def _channels(found: Sequence[Stage], table: Sequence[Stage], usual: list[int], cause: str) -> Finding:
    got, right = ([s.layer.wide for s in part[:1]] + [s.layer.out for s in part] for part in (found, table))
    if got[1:-1] == usual:
        cause = "the sizes are written as numbers: build them from the constructor's arguments"
    elif got[1:-1] == right[1:-1][::-1]:
        cause = "the channels are the wrong way round"
    elif got[1:-1] == right[1:-1]:
        cause = "the first and the last number come from the constructor's arguments"
    return holds(
        "the channels of the table",
        got == right,
        got=" → ".join(map(str, got)),
        expected=" → ".join(map(str, right)),
        cause=cause,
    )


def _kernels(found: Sequence[Stage], table: Sequence[Stage]) -> Finding:
    what = "kernel, stride and padding of the table"
    for number, (stage, right) in enumerate(zip(found, table, strict=False), 1):
        layer, wanted = stage.layer, right.layer
        for name in ("kernel", "stride", "padding", "output_padding"):
            value, wish = getattr(layer, name), getattr(wanted, name)
            if value != wish:
                sizes = "; sizes " + " → ".join(str(s.layer.size) for s in found)
                cause = f"{name.replace('_', ' ')} {value} in layer {number}, where the table has {wish}"
                if any(s.only(("pooling",)) for s in found):
                    cause += "; no pooling: the stride of the convolution halves the size"
                got = _settings(layer) + (sizes if layer.size != wanted.size else "")
                expected = f"{_settings(wanted)}, so that layer {number} gives size {wanted.size}"
                return holds(what, False, got=got, expected=expected, cause=cause)
    return holds(what, True)


def _settings(layer: Step) -> str:
    said = f"kernel {layer.kernel}, stride {layer.stride}, padding {layer.padding}"
    return said + (f", output padding {layer.output_padding}" if layer.output_padding else "")


def _biases(found: Sequence[Stage], table: Sequence[Stage]) -> Finding:
    wanted = table[0].layer.bias  # in all layers or in none
    wrong = [i for i, s in enumerate(found[: len(table)], 1) if s.layer.bias != wanted]
    return holds(
        "a bias in every layer with weights" if wanted else "no layer with weights has a bias",
        not wrong,
        got=f"{'no bias' if wanted else 'a bias'} in {_named(wrong)}",
        expected="a bias in each" if wanted else "no bias",
        cause="keep the bias: PyTorch's default"
        if wanted
        else "PyTorch adds a bias unless told `bias=False`",
    )


def _norms(found: Sequence[Stage], table: Sequence[Stage]) -> Finding:
    got, wish = ([s.only(_NORMS) for s in part] for part in (found, table))
    after, where = ([i for i, norms in enumerate(part, 1) if norms] for part in (got, wish))
    missing, extra = ([i for i in one if i not in other] for one, other in ((where, after), (after, where)))
    odd = [x.slope for s in found for x in s.after if x.kind == "BatchNorm" and x.slope != 1e-5]
    cause = "one batch norm per layer"
    if missing:
        cause = f"there is no batch norm after {_named(missing)}"
    elif extra:
        cause = f"there is a batch norm after {_named(extra)}, and the table has none there"
        if len(found) in extra:
            cause += ": it would force mean and spread of the result itself"
        elif 1 in extra and table[0].layer.kind == "Conv2d":
            cause += ": the next layers would no longer see the image's own brightness and contrast"
    elif any("another normalisation" in norms for norms in got):
        cause = "another normalisation than batch norm"
    elif _widths(found) != _widths(table):
        at = _first_difference(_widths(found), _widths(table))
        cause = (
            f"norm {at + 1} takes {_widths(found)[at]} means and variances, and the table's takes "
            f"{_widths(table)[at]}: a batch norm has one of each per feature, over the whole batch"
        )
    elif odd:
        cause = (
            f"epsilon is {odd[0]:g}: the second argument of a batch norm is `eps`, leave it at its default"
        )
    placed, right = f"after {_named(after)}", f"after {_named(where)}"
    if got == wish and _widths(found) != _widths(table):
        placed, right = (
            f"{words}, of {' and '.join(map(str, _widths(part)))} features"
            for words, part in ((placed, found), (right, table))
        )
    return holds(
        f"batch norm after {_named(where)} and no other" if where else "no batch norm",
        got == wish and not odd and _widths(found) == _widths(table),
        got=placed,
        expected=right,
        cause=cause,
    )


def _widths(part: Sequence[Stage]) -> list[int]:
    """How many features each batch norm has."""
    return [x.out for stage in part for x in stage.after if x.kind == "BatchNorm"]


def _activations(found: Sequence[Stage], table: Sequence[Stage]) -> Finding:
    got, wish = ([s.only(_ACTIVATIONS) for s in part] for part in (found, table))
    at = _first_difference(got, wish)
    a, b = (", ".join(part[at]) or "nothing" for part in (got, wish))
    cause = f"after layer {at + 1} the table has {b}"
    if a.startswith("LeakyReLU") and b.startswith("LeakyReLU"):
        cause = f"the slope is {a[10:-1]}, and should be {b[10:-1]}"
        cause += ": PyTorch's default is 0.01" if a == "LeakyReLU(0.01)" else ""
    elif a == "ReLU" and b.startswith("LeakyReLU"):
        cause = "ReLU passes no gradient where it is off; the table has LeakyReLU"
    elif a.startswith("LeakyReLU") and b == "ReLU":
        cause = "LeakyReLU lets a part of a negative number through; here the table has ReLU"
    elif a == "nothing" and at == len(found) - 1:
        cause = f"the network ends without {b}"
    elif a == "nothing":
        cause = f"there is no activation after layer {at + 1}"
    elif {a, b} == {"Tanh", "Sigmoid"}:
        cause = f"{a} gives {'-1 to 1' if a == 'Tanh' else '0 to 1'}; the table ends with {b}"
    what, where = "the activations of the table", f"{a} after layer {at + 1}"
    return holds(what, got == wish, got=where, expected=b, cause=cause)


def _order(found: Sequence[Stage], table: Sequence[Stage]) -> Finding:
    got, wish = ([[str(x) for x in s.after] for s in part] for part in (found, table))
    at = _first_difference(got, wish)
    a, b = (" → ".join(part[at]) or "nothing" for part in (got, wish))
    cause = f"after layer {at + 1} these stand in another order than in the table"
    if sorted(got[at]) != sorted(wish[at]):
        cause = f"after layer {at + 1} steps are missing, or there are steps that the table does not have"
    if "smooth Upsample" in got[at] and "smooth Upsample" not in wish[at]:
        cause = "this upsampling blends neighbouring pixels: the table repeats them, mode `nearest`"
    return holds("everything in the order of the table", got == wish, got=a, expected=b, cause=cause)


def _first_difference(got: Sequence, wanted: Sequence) -> int:
    return next((i for i, (a, b) in enumerate(zip(got, wanted, strict=True)) if a != b), 0)


def _named(numbers: Sequence[int]) -> str:
    if not numbers:
        return "no layer"
    *most, last = map(str, numbers)
    return f"layers {', '.join(most)} and {last}" if most else f"layer {last}"


# ---- mistakes ------------------------------------------------------------------------------------------


def then(net: nn.Module, change: Callable[[torch.Tensor], torch.Tensor]) -> nn.Module:
    """The network, with its result changed."""
    net.register_forward_hook(lambda _net, _inputs, result: change(result))
    return net


def moved(*axes: int) -> nn.Module:
    """A step that permutes the axes of what comes in, and keeps its shape."""
    step = nn.Identity()
    step.register_forward_hook(
        lambda _step, inputs, _result: inputs[0].permute(axes).reshape(inputs[0].shape)
    )
    return step


def wrong_endings(expected: Callable[..., nn.Module]) -> dict[str, Callable[..., nn.Module]]:
    """A discriminator whose scores have another shape than (B,)."""
    return {
        "the axes of size 1 are still there: flatten the result to (B,)": lambda **sizes: then(
            expected(**sizes), lambda scores: scores.reshape(-1, 1, 1, 1)
        ),
        "one axis too many: (B, 1) is not (B,)": lambda **sizes: then(
            expected(**sizes), lambda scores: scores[:, None]
        ),
        "`squeeze()` drops every axis of size 1, the batch's too: flatten instead": lambda **sizes: then(
            expected(**sizes), torch.squeeze
        ),
    }
