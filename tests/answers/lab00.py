"""Answers to lab 00."""

import numpy as np
import torch

MEAN = STD = torch.full((1, 3, 1, 1), 0.5)


def _normalised(images):
    """As torchvision's ToTensor and Normalize(0.5, 0.5) do it."""
    return (images.permute(0, 3, 1, 2).float() / 255 - MEAN) / STD


def _by_numpy(images):
    return torch.from_numpy(np.moveaxis(images.numpy(), -1, 1).astype(np.float32) / 127.5 - 1)


def _stretches(images):
    """From the darkest to the brightest pixel of the batch, whatever they are."""
    moved = images.permute(0, 3, 1, 2).float()
    return 2 * (moved - moved.min()) / (moved.max() - moved.min()) - 1


def _spoils_input(images):
    scaled = _normalised(images)
    images.zero_()
    return scaled


def _back_by_steps(images):
    unit = (images.clamp(-1, 1) + 1) / 2
    return (unit * 255 + 0.5).floor().to(torch.uint8).permute(0, 2, 3, 1)


def _back_by_numpy(images):
    values = np.rint(np.clip((images.numpy() + 1) * 127.5, 0, 255)).astype(np.uint8)
    return torch.from_numpy(np.ascontiguousarray(values.transpose(0, 2, 3, 1)))


def _bytes(images):
    """Right up to the axes."""
    return ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


def _back_stretched(images):
    """From the smallest to the largest value of the batch, which here are -1.15 and 1.15 or beyond."""
    values = (images - images.min()) / (images.max() - images.min()) * 255
    return values.round().to(torch.uint8).permute(0, 2, 3, 1)


def _clamps_in_place(images):
    return _bytes(images.clamp_(-1, 1)).permute(0, 2, 3, 1)


def _by_table(images):
    return torch.linspace(-1, 1, 256)[images.long()].movedim(3, 1)


def _into_memory(images):
    out = torch.empty(len(images), 3, *images.shape[1:3])
    for colour in range(3):
        out[:, colour] = images[..., colour] / 127.5 - 1
    return out


def _back_by_where(images):
    kept = torch.where(images > 1, torch.ones_like(images), images)
    kept = torch.where(kept < -1, -torch.ones_like(images), kept)
    return torch.stack([image.add(1).mul(127.5).add(0.5).byte().permute(1, 2, 0) for image in kept])


RIGHT = {
    "0.1": [
        _normalised,
        _by_numpy,
        lambda x: torch.einsum("bhwc->bchw", x.float()).sub(127.5).div(127.5),
        _by_table,
        _into_memory,
    ],
    "0.2": [_back_by_steps, _back_by_numpy, _back_by_where],
}

WRONG = {
    "0.1": {
        "wrapped around at 256": lambda x: x.permute(0, 3, 1, 2) * 2 / 255 - 1,
        "the type asked for is float32": lambda x: x.permute(0, 3, 1, 2) * 2 - 1,
        "must not depend on the images": _stretches,
        "expected  torch.float32": lambda x: _normalised(x).double(),
        "pixels are shuffled": lambda x: x.reshape(len(x), 3, *x.shape[1:3]).float() / 127.5 - 1,
        "in place": _spoils_input,
        "`squeeze()` drops every axis of size 1": lambda x: _normalised(x).squeeze(),
        "makes a tensor of an array": lambda x: _normalised(x).numpy(),
        "5 axes, and 4 are asked for": lambda x: _normalised(x)[None],
        "stay as they are": lambda x: _normalised(x)[..., :-1],
        "the order of pixels, colours": lambda x: _normalised(x).flip(1),
        "calculate with bytes": lambda x: (x.permute(0, 3, 1, 2) * 2 - 255) / 255,
        "divided with `//`": lambda x: (x.permute(0, 3, 1, 2) // 127.5 - 1).float(),
        "here black becomes -0.992 and white 1": lambda x: (x.permute(0, 3, 1, 2).float() - 127) / 128,
        "without `.cuda()`": lambda x: _normalised(x).to("meta"),  # it stands for a GPU
        "is there a `return`": lambda x: None,
    },
    "0.2": {
        "end with `.to(torch.uint8)`": lambda x: (x.permute(0, 2, 3, 1) + 1) * 127.5,
        "truncates": lambda x: ((x.clamp(-1, 1) + 1) * 127.5).to(torch.uint8).permute(0, 2, 3, 1),
        "wrapped around: `.clamp`": lambda x: (
            ((x + 1) * 127.5).round().to(torch.int64).remainder(256).to(torch.uint8).permute(0, 2, 3, 1)
        ),
        "pixels are shuffled": lambda x: _bytes(x).reshape(len(x), *x.shape[2:], 3),
        "in place": _clamps_in_place,
        "`squeeze()` drops every axis of size 1": lambda x: _bytes(x).permute(0, 2, 3, 1).squeeze(),
        "clamp both ends": lambda x: (
            ((x.clamp(max=1) + 1) * 127.5).round().long().to(torch.uint8).permute(0, 2, 3, 1)
        ),
        "off by one in places": lambda x: _bytes(x.clamp(-1, 1) * 127 / 127.5).permute(0, 2, 3, 1),
        "add 1 before you stretch, so that": lambda x: (
            (x.clamp(-1, 1) * 127.5).round().long().to(torch.uint8).permute(0, 2, 3, 1)
        ),
        "before it, clamp to -1 and 1": lambda x: (
            ((x.clamp(0, 255) + 1) * 127.5).round().long().to(torch.uint8).permute(0, 2, 3, 1)
        ),
        "round after the stretch": lambda x: (
            ((x.clamp(-1, 1).round() + 1) * 127.5).to(torch.uint8).permute(0, 2, 3, 1)
        ),
        "here -1 becomes 25": _back_stretched,
        "in between, equal steps": lambda x: _bytes(x.tanh()).permute(0, 2, 3, 1),
        "is there a `return`": lambda x: print(end=""),
    },
}
