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


def _clamps_in_place(images):
    return _bytes(images.clamp_(-1, 1)).permute(0, 2, 3, 1)


RIGHT = {
    "0.1": [_normalised, _by_numpy, lambda x: torch.einsum("bhwc->bchw", x.float()).sub(127.5).div(127.5)],
    "0.2": [_back_by_steps, _back_by_numpy],
}

WRONG = {
    "0.1": {
        "wrapped around at 256": lambda x: x.permute(0, 3, 1, 2) * 2 / 255 - 1,
        "the type asked for is float32": lambda x: x.permute(0, 3, 1, 2) * 2 - 1,
        "must not depend on the images": _stretches,
        "expected  torch.float32": lambda x: _normalised(x).double(),
        "pixels are shuffled": lambda x: x.reshape(len(x), 3, *x.shape[1:3]).float() / 127.5 - 1,
        "in place": _spoils_input,
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
        "is there a `return`": lambda x: print(end=""),
    },
}
