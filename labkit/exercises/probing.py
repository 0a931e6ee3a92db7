"""What several probes do: ask for gradients without leaving a trace, and put tensors into one row."""

from collections.abc import Iterable

import torch


def gradients(loss, tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    """The gradient of ``loss`` at each tensor, without touching ``.grad``; zeros where there is none."""
    if not isinstance(loss, torch.Tensor) or not loss.requires_grad or loss.numel() != 1:
        return [torch.zeros_like(t) for t in tensors]
    found = torch.autograd.grad(loss, tensors, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(t) if g is None else g for t, g in zip(tensors, found, strict=True)]


def flat(tensors: Iterable[torch.Tensor]) -> torch.Tensor:
    """A copy of all numbers in one row."""
    return torch.cat([t.detach().flatten() for t in tensors]).clone()
