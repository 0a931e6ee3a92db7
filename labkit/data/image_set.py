"""An image set is one uint8 tensor, a name, and what is known about each image."""

from dataclasses import dataclass, field

import torch

from labkit.markup import printable


class DataError(ValueError):
    """Data that cannot be used. The message is one line that says what is wrong and what to do."""

    def __init__(self, message: object):
        super().__init__(printable(message))  # it names files, and a file may be called anything


@dataclass(frozen=True, repr=False)
class ImageSet:
    """Images of one size, with the factors that made them where those are known.

    Attributes:
        name: what the set is called, say ``faces``.
        images: uint8, shape (N, C, H, W), 0..255. It may be a memory map of the cache: writing
            into it changes this process's copy only.
        factors: factor name -> tensor of shape (N,): int64 class indices or float32 numbers.
            Empty where nothing is known.
        source: one line: where the images came from.
    """

    name: str
    images: torch.Tensor
    factors: dict[str, torch.Tensor] = field(default_factory=dict)
    source: str = ""

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        count, *shape = self.images.shape
        known = f", {len(self.factors)} factors" if self.factors else ""
        told = f"<{self.name}: {count:,} images of {'x'.join(map(str, shape))}{known}; {self.source}>"
        return printable(told)


def to_unit(images: torch.Tensor) -> torch.Tensor:
    """Scale uint8 images (0..255, any shape) to float32 in [-1, 1]: 0 -> -1 and 255 -> 1 exactly."""
    if images.dtype != torch.uint8:
        raise DataError(f"to_unit takes uint8 images (0..255), not {images.dtype}.")
    return images.float().div_(127.5).sub_(1.0)


def to_uint8(images: torch.Tensor) -> torch.Tensor:
    """Scale float images in [-1, 1] (any shape) to uint8 0..255; values outside are clipped.

    The inverse of `to_unit`: ``to_uint8(to_unit(x)) == x`` for every uint8 x.
    """
    if not images.is_floating_point():
        raise DataError(f"to_uint8 takes float images in [-1, 1], not {images.dtype}.")
    return images.detach().float().add(1.0).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)
