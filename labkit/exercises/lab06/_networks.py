"""The small networks that 6.4, 6.5 and 6.8 are tried as."""

import torch
from torch import nn

from labkit.exercises.layers import tracing

FAULTY = {
    r"values to unpack|cannot unpack|not iterable": (
        "`forward` returns two tensors, the mean and the log variance: `return mean, log_var`"
    ),
    r"unflatten|shape '\[.*is invalid for input": (
        "the features do not fit into the maps: 2 · base_channels of them, `image_size // 4` on each side"
    ),
} | tracing.FAULTY_CLASS


def misfit(reason: str) -> dict[str, str]:
    """What to say of a dense layer that gets another number of features than it was made for."""
    return {
        r"mat1 and mat2 shapes cannot be multiplied": (
            f"a dense layer receives another number of features than it was made for: {reason}"
        )
    }


def sizes(seed: int) -> dict[str, int]:
    """Sizes of a small network, all far from the defaults and different for each seed."""
    generator = torch.Generator().manual_seed(seed)
    latent, hidden, base, quarter = (
        int(torch.randint(low, high, (), generator=generator))
        for low, high in ((3, 6), (7, 11), (3, 6), (3, 6))
    )
    return {"latent_dim": latent, "hidden": hidden, "base_channels": base, "image_size": 4 * quarter}


def images(count: int, size: int, seed: int) -> torch.Tensor:
    """Images (count, 1, size, size) in [0, 1]."""
    return torch.rand(count, 1, size, size, generator=torch.Generator().manual_seed(seed))


def beside(pair) -> torch.Tensor:
    """Mean and log variance (B, L) beside each other, (B, 2 L)."""
    mean, log_var = pair
    return torch.cat([mean, log_var], -1)


def heads(encoder, given) -> float:
    """How many weights exactly one of the two outputs depends on."""
    if not isinstance(encoder, nn.Module):
        return 0.0
    outputs = encoder(*given)
    weights = list(encoder.parameters())
    reached = []
    for output in outputs:
        leads = output.requires_grad  # not if it is detached: then no weight is reached
        found = (
            torch.autograd.grad(output.sum(), weights, retain_graph=True, allow_unused=True) if leads else []
        )
        reached.append([g is not None for g in found] or [False] * len(weights))
    alone = [p.numel() for p, a, b in zip(weights, *reached, strict=True) if a != b]
    return float(sum(alone))
