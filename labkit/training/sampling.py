"""Images from a generator, which is left as it was."""

import torch
from torch import nn

from labkit.plots import as_uint8


@torch.no_grad()
def generate(G: nn.Module, z: torch.Tensor) -> torch.Tensor:
    """G(z) as uint8 images (N, C, H, W) on the CPU (points: float (N, 2)), leaving G as it was.

    Batch norm uses the statistics of z itself, as in training and as the published loops do (of a single
    z there are none, so there its running ones); the running ones are untouched.
    """
    modes = [(part, part.training) for part in G.modules()]
    buffers = {name: buffer.clone() for name, buffer in G.named_buffers()}
    gpus = [z.device] if z.device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices=gpus):  # dropout, say, must not move the caller's random state
            out = torch.func.functional_call(G.train(len(z) > 1), buffers, (z,)).float()
    finally:
        for part, training in modes:
            part.training = training
    return as_uint8(out) if out.ndim == 4 else out.cpu()
