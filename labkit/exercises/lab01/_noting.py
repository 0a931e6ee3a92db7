"""What several probes of lab 01 note: the convolutions that are called, kinds of values, whole numbers."""

import numbers
from collections.abc import Iterable

import torch
from torch.overrides import TorchFunctionMode


class Witness(TorchFunctionMode):
    """Notes which of torch's convolutions are called; memory from torch.empty is NaN, never zero by luck."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def __torch_function__(self, function, types, args=(), kwargs=None):
        name = getattr(function, "__name__", "")
        if "conv" in name:
            self.seen.add(name)
        result = function(*args, **(kwargs or {}))
        if name in ("empty", "empty_like", "new_empty") and torch.is_floating_point(result):
            result.detach().fill_(float("nan"))
        return result

    def names(self) -> str:
        """The convolutions that were called: "conv2d, conv_transpose2d"."""
        return ", ".join(sorted(self.seen))


def kind(values: Iterable) -> str:
    """What the values are: "float32 tensor", or several such names when they differ."""
    names = {
        f"{v.dtype} tensor".removeprefix("torch.") if isinstance(v, torch.Tensor) else type(v).__name__
        for v in values
    }
    return " and ".join(sorted(names))


def whole(value) -> float:
    """A whole number as it is; NaN for anything else, so that the judge sees plain numbers only."""
    return int(value) if isinstance(value, numbers.Integral) else float("nan")
