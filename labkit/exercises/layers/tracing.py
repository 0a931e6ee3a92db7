"""What a network does, however it is written: its operations in order, and its numbers under given weights.

A network may be an ``nn.Sequential``, a list of modules or a page of function calls. The trace is taken below
all of these, where torch dispatches its operators, so that equal networks leave equal traces.
"""

import contextlib
import zlib
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.utils._python_dispatch import TorchDispatchMode

from labkit.exercises.probing import elsewhere, tried

BATCH = 3
JUDGES = "labkit.exercises"  # where the judges' own networks are

_IN_AND_OUT = (
    "as many channels come in as this layer should give: are its two numbers swapped? First comes what goes "
    "in, then what comes out"
)
FAULTY_CLASS = {
    r"before Module.__init__": "`super().__init__()` must be the first line of `__init__`",
    r"missing 1 required positional|unexpected keyword|takes \d+ positional": (
        "keep the `def __init__` line as it was given, with its defaults"
    ),
    r"transposed=1, weight of size \[\d+, (\d+),.*but got \1 channels": _IN_AND_OUT,
    r"groups=1, weight of size \[(\d+),.*but got \1 channels": _IN_AND_OUT,
    r"weight of size \[(64|100|128|256|512|3),|given groups=1, weight of size \[64": (
        "sizes are written as numbers: build every layer from the constructor's arguments"
    ),
    r"\[\d+, \d+, 64, 64\] to have 3 channels": "a 3 is written where `image_channels` belongs",
    r"shape '\[16, 16, 16\]' is invalid": "the batch axis is missing: `view(-1, 16, 16, 16)` keeps it",
    r"\(1x\d+ and 12288x": (
        "the batch was flattened too: `nn.Flatten()` and `x.flatten(1)` keep the first axis"
    ),
    r"expected 4D input \(got 2D": "numbers in a row take `nn.BatchNorm1d`; `nn.BatchNorm2d` is for maps",
    r"expected 2D or 3D input \(got 4D": "maps take `nn.BatchNorm2d`; `nn.BatchNorm1d` is for rows",
    r"more than 1 value per channel": (
        "a batch norm has a single number to work with: the last layer has no batch norm"
    ),
    r"running_(mean|var) should contain": (
        "a batch norm has another number of features than the layer before it gives channels"
    ),
    r"Kernel size can't be greater": (
        "the picture has become smaller than the kernel: padding 1 in the layers of stride 2"
    ),
    r"not iterable|'list' object is not callable": "call the layers one after the other, in a loop",
    r"\[Module \[.*forward|\"forward\" function": "write `forward`: spelt so, and indented inside the class",
}

OPERATORS = {  # kind of step: torch's names for it
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "ReLU": "relu clamp_min",
    "Upsample": "upsample_nearest2d _upsample_nearest_exact2d",
    "smooth Upsample": "upsample_bilinear2d upsample_bicubic2d",
    "pooling": "max_pool2d_with_indices avg_pool2d _adaptive_avg_pool2d",
    "Dropout": "bernoulli native_dropout",
    "another normalisation": "native_group_norm native_layer_norm",
    "another activation": "elu gelu silu softplus hardtanh hardsigmoid mish _prelu_kernel _softmax",
}
KINDS = ("Conv2d", "ConvTranspose2d", "Linear", "BatchNorm", "LeakyReLU", *OPERATORS)
MOST_OPERATIONS = 500  # an answer in a loop must not fill the memory


@dataclass(frozen=True)
class Step:
    """One operation. Of an activation only kind and slope count; a batch norm's slope is its epsilon."""

    kind: str
    wide: int = 0
    out: int = 0
    kernel: int = 0
    stride: int = 0
    padding: int = 0
    output_padding: int = 0
    bias: bool = False
    size: int = 0
    slope: float = 0.0
    registered: bool = True

    def __str__(self) -> str:
        return f"LeakyReLU({self.slope:g})" if self.kind == "LeakyReLU" else self.kind


COLUMNS = tuple(field.name for field in fields(Step))


def with_seed(draw: Callable[[torch.Generator], torch.Tensor]) -> Callable[[int], tuple[torch.Tensor, int]]:
    """Inputs that hold what ``draw`` draws, and the seed itself, which the probe gives to `examine`."""

    def inputs(seed: int) -> tuple[torch.Tensor, int]:
        with _Recorder(nn.Identity()):  # it loads half of torch, which must not count as an answer's time
            torch.zeros(1).relu()
        return draw(torch.Generator().manual_seed(seed)), seed

    return inputs


def examine(
    make: Callable[[], Any],
    x: torch.Tensor,
    seed: int,
    read: Callable[[Any], torch.Tensor] = lambda result: result,
    labels: torch.Tensor | None = None,
) -> dict[str, Any]:
    """Build a network, set its weights by ``seed``, send ``x`` through it in training mode, with ``labels``
    (B,) beside it if they are given. ``read`` makes one tensor of what it returns.

    Returns:
        kind: "a network" or what ``make`` returned instead; then nothing else is of interest.
        borrowed: the names of modules that come from labkit, joined.
        the result: what the network returned.
        the result again: what it returned for the same x once more.
        the result for one: for the first of ``x`` alone, in evaluation mode.
        modes: of each part of the new network, whether it is in training mode.
        modes afterwards: the same when it has been put into training mode and called with ``x``, and again
            with the first of ``x`` alone.
        the input afterwards: by how much the ``x`` that was given has changed.
        without a gradient: the parameters, and the input, to which no gradient leads from the result.
        elsewhere: how the network fails on another device than the CPU; "" where it does not.
        operations: (n, len(COLUMNS)), one row per step, the kind as its number in `KINDS`.
        parameters: how many of them can be trained.
    """
    net = make()
    if not isinstance(net, nn.Module):
        return {"kind": type(net).__name__, "borrowed": ""}
    modes = [m.training for m in net.modules()]
    net.train()

    def run(x: torch.Tensor) -> torch.Tensor:
        return read(net(x) if labels is None else net(x, labels[: len(x)].to(x.device)))

    parameters = count(net, *((x,) if labels is None else (x, labels)))
    fill(net, seed)
    leaf = x.clone().requires_grad_()
    given = leaf.clone()
    with _Recorder(net) as recorder:
        result = run(given)
    lost = _without_a_gradient(result, {"the input": leaf, **dict(net.named_parameters())})
    again = run(x.clone())
    afterwards = [m.training for m in net.modules()]
    net.eval()
    one = tried(lambda: run(x[:1].clone()))
    net.train()
    with contextlib.suppress(Exception):  # a batch norm may have too little to work with
        run(x[:1].clone())
    afterwards += [m.training for m in net.modules()]
    return {
        "kind": "a network",
        "borrowed": ", ".join(sorted(_borrowed(net))),
        "the result": result,
        "the result again": again,
        "operations": recorder.table(),
        "parameters": parameters,
        "the result for one": one,
        "modes": modes,
        "modes afterwards": afterwards,
        "the input afterwards": given.detach() - x,
        "without a gradient": lost,
        "elsewhere": elsewhere(lambda: (net.to("meta"), run(x.to("meta")))),
    }


def _without_a_gradient(result: Any, named: dict[str, torch.Tensor]) -> str:
    """The names of those trainable tensors that ``result`` does not depend on, as autograd sees it."""
    nodes, seen, found = [getattr(result, "grad_fn", None)], set(), set()
    while nodes:
        node = nodes.pop()
        if node is not None and node not in seen:
            seen.add(node)
            found.add(id(getattr(node, "variable", None)))  # the node of a leaf holds it
            nodes += [following for following, _ in node.next_functions]
    return ", ".join(name for name, t in named.items() if t.requires_grad and id(t) not in found)[:200]


def count(net: Any, *given: torch.Tensor) -> int:
    """The number of trainable parameters of a network that takes what is given; -1 where ``net`` is none."""
    if not isinstance(net, nn.Module):
        return -1
    if any(is_lazy(p) for p in net.parameters()):
        net(*(x.clone() for x in given))  # gives lazy layers their shapes
    return sum(p.numel() for p in net.parameters() if p.requires_grad)


def fill(net: nn.Module, seed: int) -> None:
    """Set every parameter from its shape and the seed alone, so that equal networks get equal weights.

    The running averages of batch norm begin anew, in case the network has run before.

    Of several one-dimensional parameters of one length the first is taken for a scale (near 1), the others
    for shifts (near 0): a batch norm registers them in this order. A linear layer has its bias alone.
    """
    norms = nn.modules.batchnorm._BatchNorm
    for module in net.modules():
        if isinstance(module, norms):
            module.reset_running_stats()
    scales = {m.weight.shape[0] for m in net.modules() if isinstance(m, norms) and m.weight is not None}
    biased = nn.Linear | nn.Conv2d | nn.ConvTranspose2d
    linear = {id(m.bias) for m in net.modules() if isinstance(m, biased) and m.bias is not None}
    seen: set[int] = set()
    with torch.no_grad():
        for p in net.parameters():
            vector = p.ndim == 1
            is_scale = vector and id(p) not in linear and p.shape[0] not in seen
            if is_scale and scales and p.shape[0] not in scales:
                is_scale = False
            if is_scale:
                seen.add(p.shape[0])
            role = "scale" if is_scale else "weight" if not vector else f"shift {id(p) in linear}"
            key = zlib.crc32(f"{seed} {role} {tuple(p.shape)}".encode())
            generator = torch.Generator().manual_seed(key)
            noise = torch.empty(p.shape).uniform_(-1, 1, generator=generator)
            if vector:
                p.copy_(1 + 0.5 * noise if is_scale else 0.5 * noise)
            else:
                fan = p.numel() / max(1, min(p.shape[:2], default=1))
                p.copy_(noise.mul_(2 * (3 / max(1.0, fan)) ** 0.5))


class _Recorder(TorchDispatchMode):
    """Notes the operations that run inside its ``with`` block; `table` returns them."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self._own = {p.data_ptr() for p in net.parameters()}
        self._steps: list[Step] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if len(self._steps) < MOST_OPERATIONS:
            step = _step(func.overloadpacket.__name__.removesuffix("_"), args, out, self._own)
            self._steps += [step] if step else []
        return out

    def table(self) -> np.ndarray:
        """(n, len(COLUMNS)): one row per operation, in the order in which they ran."""
        rows = [(KINDS.index(s.kind), *astuple(s)[1:]) for s in self._steps]
        return np.array(rows, dtype=np.float64).reshape(-1, len(COLUMNS))


def _step(name: str, args: tuple, out: Any, own: set[int]) -> Step | None:
    """What is worth noting about one operation; None for those that only move numbers about."""
    if name == "convolution":
        x, weight, bias, stride, padding, _, transposed, output_padding = args[:8]
        kind = "ConvTranspose2d" if transposed else "Conv2d"
        extra = output_padding[-1] if transposed else 0
        how = (weight.shape[-1], stride[-1], padding[-1], extra, bias is not None, out.shape[-1])
        return Step(kind, x.shape[1], out.shape[1], *how, registered=weight.data_ptr() in own)
    if name in ("addmm", "mm"):
        x, weight = args[-2:]
        known = weight.data_ptr() in own
        return Step("Linear", x.shape[-1], out.shape[-1], bias=name == "addmm", registered=known)
    if "batch_norm" in name:
        return Step("BatchNorm", out=args[0].shape[1], slope=args[-1])
    if name == "leaky_relu":
        return Step("LeakyReLU", slope=args[1] if len(args) > 1 else 0.01)
    kind = next((kind for kind, names in OPERATORS.items() if name in names.split()), None)
    return Step(kind) if kind else None


def _borrowed(net: nn.Module) -> set[str]:
    """Names of the module classes in a network that labkit ships; the judges' own are not counted."""
    classes = (
        (type(m).__name__, str(getattr(c, "__module__", ""))) for m in net.modules() for c in type(m).__mro__
    )
    return {name for name, at in classes if f"{at}.".startswith("labkit.") and not at.startswith(JUDGES)}
