"""Stands in for a GPU: what an answer sends to one stays with the tensors that it was given.

``x.cuda()`` and ``device="cuda"`` are right in Colab, where everything is on the GPU, as is "mps" on a Mac; a
grader has neither.
In here every GPU is the device of the inputs: the CPU, and where a probe calls an answer with tensors of
torch's device "meta", that one.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils import _device

from labkit.exercises.probing import device_of_inputs

_GPU = re.compile(r"(cuda|mps)(:\d+)?")
_TYPES = ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Byte", "Char", "Bool")


class StandIn(TorchFunctionMode):
    """While it is active, calls of torch find no GPU among their arguments. ``used``: one was there."""

    used = False

    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is torch.Tensor.cuda:
            self.used = True
            return args[0].to(device_of_inputs())
        if func is torch.Tensor.pin_memory:
            return args[0]
        if func is torch.device:  # kept in a variable, it may be used where the inputs are elsewhere
            return func(*args, **(kwargs or {}))
        if func is torch.Tensor.to and len(args) > 1 and type(args[1]) is int:
            args = (args[0], f"cuda:{args[1]}", *args[2:])
        kwargs = {name: self.here(value) for name, value in (kwargs or {}).items()}
        return func(*map(self.here, args), **kwargs)

    def here(self, value: Any) -> Any:
        """The value, or what stands for it where it names a GPU."""
        if isinstance(value, torch.device) and value.type in ("cuda", "mps"):
            self.used = True
            return torch.device(device_of_inputs())
        if type(value) is str and _GPU.fullmatch(value):
            self.used = True
            return device_of_inputs()
        if type(value) is str and value.startswith("torch.cuda."):  # x.type("torch.cuda.FloatTensor")
            self.used = True
            return value.replace("cuda.", "")
        return value


@contextlib.contextmanager
def stand_in() -> Iterator[StandIn]:
    """Let answers ask for a GPU while this lasts."""
    mode = StandIn()
    with contextlib.ExitStack() as stack:
        for place, name, value in _instead(mode):
            before = getattr(place, name)
            setattr(place, name, value)
            stack.callback(setattr, place, name, before)
        stack.enter_context(mode)
        yield mode


def _instead(mode: StandIn) -> Iterator[tuple[Any, str, Any]]:
    """(where, name, what it is meanwhile) for what a mode does not see."""

    def nothing(*_values: Any, **_options: Any) -> None:
        return None

    for name in ("synchronize", "set_device", "empty_cache", "init", "reset_peak_memory_stats"):
        yield torch.cuda, name, nothing
    yield torch.cuda, "current_device", lambda: 0
    yield torch.cuda, "get_device_name", lambda *_device: "none: graded on a CPU"
    yield torch.cuda, "device", contextlib.nullcontext
    for name in _TYPES:
        yield torch.cuda, f"{name}Tensor", getattr(torch, f"{name}Tensor")
    begin, load = _device.DeviceContext.__init__, torch.load
    yield _device.DeviceContext, "__init__", lambda self, device: begin(self, mode.here(device))
    yield (
        torch,
        "load",
        lambda file, map_location=None, **more: load(file, mode.here(map_location), **more),
    )

    class Generator(torch.Generator):
        """A generator whose GPU is the CPU."""

        def __new__(cls, device: Any = "cpu") -> torch.Generator:
            return super().__new__(cls, mode.here(device))

    yield torch, "Generator", Generator
