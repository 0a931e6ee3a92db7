"""Spec of exercise 1.2: stamps on a canvas, and a witness of what is called to make them."""

import torch
from torch.overrides import TorchFunctionMode

_PICTURES = {  # name: (image, kernel, stride, padding); no two sizes of one case alike
    "one pixel": ((1, 1), (2, 3), 2, 0),
    "side by side": ((3, 2), (2, 3), 3, 0),
    "overlapping": ((3, 4), (3, 5), 2, 0),
    "padded": ((4, 3), (5, 4), 2, 1),
}
STAMP_CAUSES = (
    (
        r"must match the (existing )?size|match the broadcast shape",
        "two shapes differ, print both: one pixel times the kernel goes into a slice [start : start + kh], "
        "rows first, of a canvas with `(H - 1) * stride + kh` rows",
    ),
    (
        r"out of bounds|out of range",
        "an index lies outside its tensor: i and j count pixels of the image, rows first; the kernel goes "
        "whole into a slice [start : start + kh], not to a single index",
    ),
    (r"values to unpack", "image and kernel have two axes here: rows and columns"),
    (r"can't be cast", "the canvas holds whole numbers: torch.zeros without a dtype holds floats"),
    (
        r"Kernel size can't be greater|[Ee]xpected .* input to conv|groups|weight of size",
        "no convolution of torch is needed: add `pixel * kernel` to slices of a canvas",
    ),
)


def pictures(seed: int) -> dict[str, tuple[torch.Tensor, torch.Tensor, int, int]]:
    """Per case an image (H, W), a kernel (kh, kw), a stride and a padding."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: (
            torch.randn(image, generator=generator) + 0.5,
            torch.randn(kernel, generator=generator),
            stride,
            padding,
        )
        for name, (image, kernel, stride, padding) in _PICTURES.items()
    }


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


def probe_stamps(transposed_conv, cases):
    values, afterwards = {}, {}
    with Witness() as witness:
        for name, (image, kernel, stride, padding) in cases.items():
            given = image.clone(), kernel.clone()
            values[f"the output for {name}"] = transposed_conv(*given, stride, padding)
            afterwards[f"the image afterwards, {name}"] = given[0]
            afterwards[f"the kernel afterwards, {name}"] = given[1]
    library = ", ".join(sorted(witness.seen))
    return {**values, "kind": kind(values.values()), "library": library, **afterwards}


def kind(values) -> str:
    """What the values are: "float32 tensor", or several such names when they differ."""
    names = {
        f"{v.dtype} tensor".removeprefix("torch.") if isinstance(v, torch.Tensor) else type(v).__name__
        for v in values
    }
    return " and ".join(sorted(names))
