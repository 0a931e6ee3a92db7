"""What several probes do: ask for gradients without leaving a trace, put tensors into one row, note what a
call changes, and call an answer as later cells and a GPU will."""

import functools
import re
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

# How torch says that two devices met, or that there is no GPU to go to.
OTHER_DEVICE = r"on the expected device|on the same device|NVIDIA driver|not compiled with CUDA|CUDA error"
_DEVICE = ContextVar("device of the inputs", default="cpu")


def gradients(loss, tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    """The gradient of ``loss`` at each tensor, without touching ``.grad``; zeros where there is none."""
    if not isinstance(loss, torch.Tensor) or not loss.requires_grad or loss.numel() != 1:
        return [torch.zeros_like(t) for t in tensors]
    found = torch.autograd.grad(loss, tensors, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(t) if g is None else g for t, g in zip(tensors, found, strict=True)]


def flat(tensors: Iterable[torch.Tensor]) -> torch.Tensor:
    """A copy of all numbers in one row."""
    return torch.cat([t.detach().flatten() for t in tensors]).clone()


def traces(*networks: nn.Module) -> torch.Tensor:
    """What a call may have changed in these networks and must not, in one row: modes, weights, gradients, and
    which weights are trained. The running averages of batch norm are left out: every forward pass moves them.
    """
    row = []
    for network in networks:
        row += [torch.tensor([float(m.training) for m in network.modules()])]
        for p in network.parameters():
            flags = torch.tensor([float(p.requires_grad), float(p.grad is not None)])
            row += [flags, p, torch.zeros_like(p) if p.grad is None else p.grad]
    return flat(row)


def trace_parts(*networks: nn.Module) -> list[str]:
    """What each number in the row of `traces` is about."""
    row = []
    for network in networks:
        row += ["modes"] * len(list(network.modules()))
        for p in network.parameters():
            row += ["which weights can learn", "gradients", *["weights"] * p.numel()]
            row += ["gradients"] * p.numel()
    return row


def with_gradients(network: nn.Module) -> nn.Module:
    """Fill each ``.grad`` with numbers, so that clearing or adding to them shows in `traces`."""
    for number, p in enumerate(network.parameters(), 1):
        p.grad = torch.full_like(p, number / 8)
    return network


def tried(call: Callable[[], Any]) -> Any:
    """What a further call returns, or in words how it failed: the answer has run before, so that it fails
    here is a property of its own and not the end of the probe."""
    try:
        return call()
    except Exception as error:
        return _said(error)


class NotReady(BaseException):
    """The other device needs `make_ready` first."""


@functools.cache
def make_ready() -> None:
    """Compute on the other device for the first time: torch imports a thousand modules for it, which takes
    seconds that no answer should be charged for."""
    _ = torch.ones(1, device="meta") + 1


def elsewhere(call: Callable[[], Any]) -> str:
    """How a call fails because its tensors live on another device than the CPU; "" where it does not.

    Give it tensors on torch's device "meta". They have no numbers, but like those on a GPU they don't mix
    with tensors on the CPU. Any other error is none: an answer may rightly want to know a number. What is
    moved to the CPU (`.cpu()`) gets there, as from a GPU, and then mixes no more with what stayed. A tensor
    on the CPU that is filled from them part by part, and returned, works on a GPU but stays on the CPU.

    Raises:
        NotReady: `make_ready` was not called yet in this process.
    """
    if not make_ready.cache_info().currsize:
        raise NotReady
    token = _DEVICE.set("meta")
    moves = _Moves()
    try:
        with moves:
            result = call()
    except Exception as error:
        return _said(error) if re.search(OTHER_DEVICE, str(error)) else ""
    finally:
        _DEVICE.reset(token)
    results = result if isinstance(result, (list, tuple)) else [result]
    stayed = any(isinstance(r, torch.Tensor) and r.device.type == "cpu" for r in results)
    return "what comes out is on the CPU, what went in is not" if moves.filled and stayed else ""


class _Moves(TorchFunctionMode):
    """Lets tensors on "meta" move to the CPU as from a GPU, and fill what is there (``filled``)."""

    def __init__(self):
        super().__init__()
        self.filled = False

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func in (torch.Tensor.__setitem__, torch.Tensor.copy_) and _from_meta(args):
            self.filled = True
            return args[0]
        try:
            return func(*args, **(kwargs or {}))
        except NotImplementedError:  # there are no numbers to take along
            if func not in (torch.Tensor.cpu, torch.Tensor.to):
                raise
            return torch.zeros_like(args[0], device="cpu", requires_grad=args[0].requires_grad)


def _from_meta(args: tuple) -> bool:
    """Whether the last of these tensors is on "meta" and the first, which it goes into, is not."""
    into, value = args[0], args[-1]
    return isinstance(value, torch.Tensor) and value.device.type == "meta" and into.device.type == "cpu"


def device_of_inputs() -> str:
    """Where the tensors live that an answer is being given: "cpu", or "meta" inside `elsewhere`."""
    return _DEVICE.get()


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".strip().splitlines()[0][:200]
