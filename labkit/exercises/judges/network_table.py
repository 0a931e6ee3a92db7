"""Is a traced network the one that was asked for, and if not, which beginner's mistake is it?

The numbers decide: under the same weights an equal network returns equal numbers, however it is written. The
trace of its operations is looked at only where the numbers differ, to name the layer that is to blame.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from labkit.exercises.exercise import Arrays, Finding
from labkit.exercises.judges.comparing import close, holds
from labkit.exercises.judges.network_plan import Stage, Step, stages, steps
from labkit.exercises.reading import word

ACTIVATIONS = ("ReLU", "LeakyReLU", "Tanh", "Sigmoid", "another activation")
NORMS = ("BatchNorm", "another normalisation")


def is_network(got: Arrays, name: str) -> Iterator[Finding]:
    """It is an ``nn.Module``, and no part of it is labkit's."""
    kind, borrowed = word(got["kind"]), word(got["borrowed"])
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


def registered(got: Arrays) -> Finding:
    """Every layer that runs is known to the module, so that an optimizer finds its weights."""
    lost = [i for i, s in enumerate(stages(steps(got["operations"])), 1) if not s.layer.registered]
    cause = "a plain Python list hides layers from PyTorch: use `nn.Sequential` or `nn.ModuleList`"
    if not same_numbers(got["the result again"], got["the result"]):
        cause = "they are made in `forward`, anew at every call, and never learn: make them in `__init__`"
    return holds(
        "its weights are registered",
        not lost,
        got=f"{_layers(lost)} missing from `parameters()`",
        expected="the weights of every layer in `parameters()`",
        cause=cause,
    )


def same_layers(
    got: Arrays, plan: Sequence[Stage], same: bool, defaults: Sequence[Stage]
) -> Iterator[Finding]:
    """The layers of the plan: kind, channels, kernels, biases, norms, activations.

    Args:
        same: whether the numbers agree; then the ways of writing are equal, and nothing here is blamed.
        defaults: the plan with the constructor's default sizes, to recognise sizes written as numbers.
    """
    found = stages(steps(got["operations"]))
    yield _kinds(found, plan, same)
    layers = [s.layer for s in found]
    wanted = [s.layer for s in plan]
    if len(layers) == len(wanted):
        yield _channels(layers, wanted, same, [s.layer for s in defaults])
        yield _kernels(found, wanted, same)
    yield _biases(layers, wanted)
    if len(layers) == len(wanted):
        yield _norms(found, plan, same)
        yield _activations(found, plan, same)
        yield _order(found, plan, same)


def same_numbers(result: np.ndarray, reference: np.ndarray) -> bool:
    """Whether two networks with the same weights returned the same."""
    if result.shape != reference.shape or not all(a.dtype.kind in "biuf" for a in (result, reference)):
        return False
    return bool(np.allclose(result.astype(np.float64), reference, rtol=1e-3, atol=2e-4))


def numbers(result: np.ndarray, reference: np.ndarray) -> Finding:
    """The last word: with the same weights, the same numbers."""
    return close(
        "with the same weights it returns the same numbers as these layers do",
        result,
        reference,
        rtol=1e-3,
        atol=2e-4,
        cause="the layers are right, and something else happens in `forward`: look for an extra operation",
    )


def counted(what: str, got: np.ndarray, expected: int, cause: str) -> Finding:
    """A finding about a number of trainable parameters."""
    right = got.shape == () and got.dtype.kind in "biu" and int(got) == expected
    text = f"{int(got):,}" if got.shape == () and got.dtype.kind in "biu" else "no number"
    return holds(what, right, got=text, expected=f"{expected:,}", cause=cause)


def first_wrong(got: Arrays, plan: Sequence[Stage]) -> str:
    """Why an output has the wrong shape: the first layer whose numbers differ from the plan."""
    found = stages(steps(got["operations"]))
    wanted = [s.layer for s in plan]
    for finding in (_kinds(found, plan, False), _kernels(found, wanted, False)):
        if not finding.ok:
            return finding.cause
    return "print the shape after each layer and compare it with the table"


def _kinds(found: Sequence[Stage], plan: Sequence[Stage], same: bool) -> Finding:
    got, wanted = [s.layer.kind for s in found], [s.layer.kind for s in plan]
    cause = f"the table has {len(wanted)} layers with weights, this network runs {len(got)}"
    if len(got) == len(wanted):
        at = next((i for i, (a, b) in enumerate(zip(got, wanted, strict=True)) if a != b), 0)
        cause = f"layer {at + 1} is a {got[at]}; the table has a {wanted[at]} there"
    elif not got:
        cause = "no layer ran: does `forward` send its input through them?"
    return holds(
        f"{len(wanted)} layers with weights, of the right kinds",
        same or got == wanted,
        got=", ".join(got) or "none",
        expected=", ".join(wanted),
        cause=cause,
    )


def _channels(layers, wanted, same, defaults) -> Finding:
    got, right = _ladder(layers), _ladder(wanted)
    cause = "multiply `base_channels` by 1, 2, 4 and 8, as the table says"
    if wanted[0].kind == "Linear":
        cause = "the table has other numbers there"
    if got[1:-1] == _ladder(defaults)[1:-1] != right[1:-1]:
        cause = "the sizes are written as numbers: build them from the constructor's arguments"
    elif got[1:-1] == right[1:-1][::-1]:
        cause = "the channels are the wrong way round"
    elif got[1:-1] == right[1:-1]:
        cause = "the first and the last number come from the constructor's arguments"
    return holds(
        "the channels of the table",
        same or got == right,
        got=" → ".join(map(str, got)),
        expected=" → ".join(map(str, right)),
        cause=cause,
    )


def _ladder(layers: Sequence[Step]) -> list[int]:
    return [layers[0].wide, *(s.out for s in layers)] if layers else []


def _kernels(found, wanted, same) -> Finding:
    what = "kernel, stride and padding of the table"
    layers = [s.layer for s in found]
    for number, (layer, right) in enumerate(zip(layers, wanted, strict=False), 1):
        for name in ("kernel", "stride", "padding"):
            value, wish = getattr(layer, name), getattr(right, name)
            if value != wish and not same:
                sizes = " → ".join(str(s.size) for s in layers)
                cause = f"{name} {value} in layer {number}, where the table has {wish}"
                if any(s.only(("pooling",)) for s in found):
                    cause += "; no pooling: the stride of the convolution halves the size"
                return holds(
                    what,
                    False,
                    got=_settings(layer) + (f"; sizes {sizes}" if layer.size != right.size else ""),
                    expected=_settings(right) + f", so that layer {number} gives size {right.size}",
                    cause=cause,
                )
    return holds(what, True)


def _settings(layer: Step) -> str:
    return f"kernel {layer.kernel}, stride {layer.stride}, padding {layer.padding}"


def _biases(layers, wanted) -> Finding:
    wish = [s.bias for s in wanted]
    wrong = [i for i, (a, b) in enumerate(zip(layers, wish, strict=False), 1) if a.bias != b]
    cause = "PyTorch adds a bias unless told `bias=False`"
    if any(wish):
        cause = "keep the bias: PyTorch's default"
    return holds(
        "a bias in every layer with weights" if all(wish) else "no layer with weights has a bias",
        not wrong,
        got=f"{'no bias' if any(wish) else 'a bias'} in {_layers(wrong)}",
        expected="a bias in each" if any(wish) else "no bias",
        cause=cause,
    )


def _norms(found, plan, same) -> Finding:
    got, wish = [s.only(NORMS) for s in found], [s.only(NORMS) for s in plan]
    missing = [i for i, (a, b) in enumerate(zip(got, wish, strict=True), 1) if b and not a]
    extra = [i for i, (a, b) in enumerate(zip(got, wish, strict=True), 1) if a and not b]
    cause = "one batch norm per layer"
    if missing:
        cause = f"there is no batch norm after {_layers(missing)}"
    elif extra:
        part = "the image itself" if len(found) in extra and plan[-1].layer.out != 1 else "the score"
        cause = f"there is a batch norm after {_layers(extra)}, and the table has none there"
        if len(found) in extra:
            cause += f": it would force mean and spread of {part}"
        elif 1 in extra:
            cause += ": D would no longer see the image's own brightness and contrast"
    elif any("another normalisation" in a for a in got):
        cause = "another normalisation than batch norm"
    elif odd := [x.slope for s in found for x in s.after if x.kind == "BatchNorm" and x.slope != 1e-5]:
        cause = (
            f"epsilon is {odd[0]:g}: the second argument of a batch norm is `eps`, leave it at its default"
        )
    where = [i for i, b in enumerate(wish, 1) if b]
    return holds(
        f"batch norm after {_layers(where)} and no other" if where else "no batch norm",
        same or (got == wish and "epsilon" not in cause),
        got=f"after {_layers([i for i, a in enumerate(got, 1) if a])}",
        expected=f"after {_layers(where)}",
        cause=cause,
    )


def _activations(found, plan, same) -> Finding:
    got, wish = [s.only(ACTIVATIONS) for s in found], [s.only(ACTIVATIONS) for s in plan]
    at = next((i for i, (a, b) in enumerate(zip(got, wish, strict=True)) if a != b), 0)
    a, b = ", ".join(got[at]) or "nothing", ", ".join(wish[at]) or "nothing"
    cause = f"after layer {at + 1} the table has {b}"
    if a.startswith("LeakyReLU") and b.startswith("LeakyReLU"):
        cause = f"the slope is {a[10:-1]}, and should be {b[10:-1]}" + (
            ": PyTorch's default is 0.01" if a == "LeakyReLU(0.01)" else ""
        )
    elif a == "ReLU" and b.startswith("LeakyReLU"):
        cause = "ReLU passes no gradient where it is off; the table has LeakyReLU"
    elif a.startswith("LeakyReLU") and b == "ReLU":
        cause = "LeakyReLU belongs to the discriminator; here the table has ReLU"
    elif a == "nothing" and at == len(found) - 1:
        cause = f"the network ends without {b}"
    elif a == "nothing":
        cause = f"there is no activation after layer {at + 1}"
    elif {a, b} == {"Tanh", "Sigmoid"}:
        cause = f"{a} gives {'-1 to 1' if a == 'Tanh' else '0 to 1'}; the table ends with {b}"
    return holds(
        "the activations of the table",
        same or got == wish,
        got=f"{a} after layer {at + 1}",
        expected=b,
        cause=cause,
    )


def _order(found, plan, same) -> Finding:
    got, wish = ([[str(x) for x in s.after] for s in part] for part in (found, plan))
    at = next((i for i, (a, b) in enumerate(zip(got, wish, strict=True)) if a != b), 0)
    a, b = (" → ".join(part[at]) or "nothing" for part in (got, wish))
    cause = f"after layer {at + 1} these stand in another order than in the table"
    if sorted(got[at]) != sorted(wish[at]):
        cause = f"after layer {at + 1} there is one step too many or too few"
    return holds("everything in the order of the table", same or got == wish, got=a, expected=b, cause=cause)


def _layers(numbers: Sequence[int]) -> str:
    if not numbers:
        return "no layer"
    text = [str(n) for n in numbers]
    return f"layer {text[0]}" if len(text) == 1 else f"layers {', '.join(text[:-1])} and {text[-1]}"
