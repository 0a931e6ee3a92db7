"""Lab 03, single scores: binary cross-entropy by hand, and how low a smoothed one can fall."""

import torch
from torch.overrides import TorchFunctionMode


class _Heard(TorchFunctionMode):
    """Notes which of the library's ready-made losses are called."""

    def __init__(self):
        super().__init__()
        self.names: set[str] = set()

    def __torch_function__(self, function, types, args=(), kwargs=None):
        name = getattr(function, "__name__", "")
        if "binary_cross_entropy" in name or "soft_margin" in name:
            self.names.add(name)
        return function(*args, **(kwargs or {}))


# 3.1 -------------------------------------------------------------------------------------------------


def scores(seed: int) -> dict[str, torch.Tensor]:
    """Mild logits (6,) and large ones (6,), with targets between 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    mild = torch.linspace(-2.5, 2.8, 6) + 0.3 * torch.rand(6, generator=generator)
    large = torch.tensor([-200.0, 90.0, 40.0, -1000.0, 300.0, -0.5])
    large = large * (1 + 0.1 * torch.rand(6, generator=generator))
    return {
        "mild": mild[torch.randperm(6, generator=generator)],
        "mild targets": torch.tensor([1.0, 0.0, 0.9, 1.0, 0.1, 0.0]),
        "large": large,
        "large targets": torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0, 0.9]),
    }


def probe_bce(bce_with_logits, given):
    heard = _Heard()
    with heard:
        mild = bce_with_logits(given["mild"].clone(), given["mild targets"].clone())
        logits = given["large"].clone().requires_grad_()
        large = bce_with_logits(logits, given["large targets"].clone())
    (gradient,) = gradients(large, [logits])
    return {
        "the result": mild,
        "the result at large scores": large,
        "the gradient": gradient,
        "library": ", ".join(sorted(heard.names)),
    }


# 3.7 -------------------------------------------------------------------------------------------------


def targets(seed: int) -> tuple[float, ...]:
    """Five targets for the real images, from 0.5 to 0.99, in any order."""
    generator = torch.Generator().manual_seed(seed)
    lowest = torch.linspace(0.5, 0.9, 5, dtype=torch.float64)
    drawn = lowest + 0.09 * torch.rand(5, generator=generator, dtype=torch.float64)
    return tuple(drawn[torch.randperm(5, generator=generator)].tolist())


def probe_floor(loss_floor, given):
    return {"the floors": [float(loss_floor(s)) for s in given], "without smoothing": float(loss_floor(1.0))}


def gradients(loss, tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    """The gradient of ``loss`` at each tensor, without touching ``.grad``; zeros where there is none."""
    if not isinstance(loss, torch.Tensor) or not loss.requires_grad or loss.numel() != 1:
        return [torch.zeros_like(t) for t in tensors]
    found = torch.autograd.grad(loss, tensors, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(t) if g is None else g for t, g in zip(tensors, found, strict=True)]


def flat(tensors) -> torch.Tensor:
    """All numbers in one row."""
    return torch.cat([t.detach().flatten() for t in tensors])
