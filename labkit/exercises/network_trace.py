"""What a network does, however it is written: its operations in order, and its numbers under given weights.

A network may be an ``nn.Sequential``, a list of modules or a page of function calls. The trace is taken below
all of these, where torch dispatches its operators, so that equal networks leave equal traces.
"""

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.utils._python_dispatch import TorchDispatchMode

KINDS = (
    "Conv2d",
    "ConvTranspose2d",
    "Linear",
    "BatchNorm",
    "ReLU",
    "LeakyReLU",
    "Tanh",
    "Sigmoid",
    "Upsample",
    "smooth Upsample",
    "pooling",
    "Dropout",
    "another normalisation",
    "another activation",
)
COLUMNS = ("kind", "wide", "out", "kernel", "stride", "padding", "bias", "size", "slope", "registered")
MOST_OPERATIONS = 500  # an answer in a loop must not fill the memory

_KIND = {name: number for number, name in enumerate(KINDS)}
_SIMPLE = {
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "relu": "ReLU",
    "upsample_nearest2d": "Upsample",
    "_upsample_nearest_exact2d": "Upsample",
    "upsample_bilinear2d": "smooth Upsample",
    "upsample_bicubic2d": "smooth Upsample",
    "max_pool2d_with_indices": "pooling",
    "avg_pool2d": "pooling",
    "_adaptive_avg_pool2d": "pooling",
    "bernoulli": "Dropout",
    "native_dropout": "Dropout",
    "native_group_norm": "another normalisation",
    "native_layer_norm": "another normalisation",
    "elu": "another activation",
    "gelu": "another activation",
    "silu": "another activation",
    "softplus": "another activation",
    "hardtanh": "another activation",
    "hardsigmoid": "another activation",
    "mish": "another activation",
    "_prelu_kernel": "another activation",
    "_softmax": "another activation",
}


def wake() -> None:
    """Take a first trace of nothing: it loads half of torch, which must not count as an answer's time."""
    with Recorder(nn.Identity()):
        torch.zeros(1).relu()


def examine(make: Callable[[], Any], x: torch.Tensor, seed: int) -> dict[str, Any]:
    """Build a network, set its weights by ``seed``, send ``x`` through it in training mode.

    Returns:
        kind: "a network" or what ``make`` returned instead; then all else is empty.
        borrowed: the names of modules that come from labkit, joined.
        the result: what the network returned.
        operations: (n, len(COLUMNS)), one row per operation, see `KINDS`; "slope" is the
            negative slope of a LeakyReLU and the epsilon of a batch norm.
        shapes: the shapes of the trainable parameters as text, sorted.
        the result again: what it returned for the same x once more.
    """
    net = make()
    if not isinstance(net, nn.Module):
        return {
            "kind": type(net).__name__,
            "borrowed": "",
            "the result": 0.0,
            "operations": np.zeros((0, len(COLUMNS))),
            "shapes": np.array([], dtype="U1"),
            "the result again": 0.0,
        }
    net.train()
    if any(is_lazy(p) for p in net.parameters()):
        net(x.clone())  # gives lazy layers their shapes
    fill(net, seed)
    with Recorder(net) as recorder:
        result = net(x.clone())
    again = net(x.clone())
    return {
        "kind": "a network",
        "borrowed": ", ".join(sorted(_borrowed(net))),
        "the result": result,
        "operations": recorder.table(),
        "shapes": np.array(
            sorted("x".join(map(str, p.shape)) for p in net.parameters() if p.requires_grad), dtype="U60"
        ),
        "the result again": again,
    }


def count(make: Callable[[], Any], x: Callable[[], torch.Tensor]) -> int:
    """The number of trainable parameters of a network; -1 where ``make`` returns none."""
    net = make()
    if not isinstance(net, nn.Module):
        return -1
    if any(is_lazy(p) for p in net.parameters()):
        net(x())
    return sum(p.numel() for p in net.parameters() if p.requires_grad)


def fill(net: nn.Module, seed: int) -> None:
    """Set every parameter from its shape and the seed alone, so that equal networks get equal weights.

    Of several one-dimensional parameters of one length the first is taken for a scale (near 1), the others
    for shifts (near 0): a batch norm registers them in this order. A linear layer has its bias alone.
    """
    scales = {m.weight.shape[0] for m in net.modules() if _is_norm(m) and m.weight is not None}
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


class Recorder(TorchDispatchMode):
    """Notes the operations that run inside its ``with`` block; `table` returns them."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self._own = {p.data_ptr() for p in net.parameters()}
        self._rows: list[list[float]] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if len(self._rows) < MOST_OPERATIONS:
            row = _row(func.overloadpacket.__name__.removesuffix("_"), args, out)
            if row:
                weight = row.pop("weight", None)
                row["registered"] = weight is None or weight.data_ptr() in self._own
                row["kind"] = _KIND[row["kind"]]
                self._rows.append([float(row.get(c, 0)) for c in COLUMNS])
        return out

    def table(self) -> np.ndarray:
        """(n, len(COLUMNS)): one row per operation, in the order in which they ran."""
        return np.array(self._rows, dtype=np.float64).reshape(-1, len(COLUMNS))


def _row(name: str, args: tuple, out: Any) -> dict[str, Any] | None:
    """What is worth noting about one operation; None for those that only move numbers about."""
    if name == "convolution":
        x, weight, bias, stride, padding, _, transposed = args[:7]
        return {
            "kind": "ConvTranspose2d" if transposed else "Conv2d",
            "wide": x.shape[1],
            "out": out.shape[1],
            "kernel": weight.shape[-1],
            "stride": stride[-1],
            "padding": padding[-1],
            "bias": bias is not None,
            "size": out.shape[-1],
            "weight": weight,
        }
    if name in ("addmm", "mm"):
        x, weight = args[-2:]
        return {
            "kind": "Linear",
            "wide": x.shape[-1],
            "out": out.shape[-1],
            "bias": name == "addmm",
            "weight": weight,
        }
    if "batch_norm" in name:
        return {"kind": "BatchNorm", "out": args[0].shape[1], "slope": args[-1]}
    if name == "leaky_relu":
        return {"kind": "LeakyReLU", "slope": args[1] if len(args) > 1 else 0.01}
    if name == "clamp_min":
        return {"kind": "ReLU"}
    if name in _SIMPLE:
        return {"kind": _SIMPLE[name], "size": out.shape[-1] if isinstance(out, torch.Tensor) else 0}
    return None


def _is_norm(module: nn.Module) -> bool:
    return isinstance(module, nn.modules.batchnorm._BatchNorm)


def _borrowed(net: nn.Module) -> set[str]:
    """Names of the module classes in a network that labkit ships."""
    return {
        type(m).__name__
        for m in net.modules()
        if any(str(getattr(c, "__module__", "")).split(".")[0] == "labkit" for c in type(m).__mro__)
    }
