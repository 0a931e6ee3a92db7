"""How strong a gradient is that reaches a network: one number for all its parameters."""

from collections.abc import Iterable, Mapping

import torch
from torch import nn


def gradient_norm(parameters: Iterable[torch.Tensor]) -> torch.Tensor:
    """The Euclidean norm of all gradients together, a float32 scalar on the parameters' device.

    Parameters without a gradient count as 0; so do no parameters at all. The number that
    `torch.nn.utils.clip_grad_norm_` returns, without the clipping. At least 0; NaN or infinite when a
    gradient is. Nothing is brought to the host.
    """
    norms, device = [], None
    for parameter in parameters:
        device = device or parameter.device
        if parameter.grad is not None:
            norms.append(torch.linalg.vector_norm(parameter.grad.float()))
    return torch.linalg.vector_norm(torch.stack(norms)) if norms else torch.tensor(0.0, device=device)


def gradient_norms(networks: Mapping[str, nn.Module]) -> dict[str, torch.Tensor]:
    """The gradient norm of each network by name, say ``{"d": D, "g": G}``: a scalar tensor each."""
    return {name: gradient_norm(network.parameters()) for name, network in networks.items()}
