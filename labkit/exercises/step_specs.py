"""Lab 03, one training step: where it starts, and what it made of the weights of G and D."""

from dataclasses import dataclass

import torch
from torch import nn

D_RATE, G_RATE = 0.3, 0.2


@dataclass(frozen=True)
class Start:
    """Two small networks in training mode, their optimizers, real images (6, 2, 8, 8) and z (6, 3, 1, 1).

    Their ``.grad`` holds what an earlier step left behind.
    """

    G: nn.Module
    D: nn.Module
    d_optimizer: torch.optim.Optimizer
    g_optimizer: torch.optim.Optimizer
    real: torch.Tensor
    z: torch.Tensor


def start(seed: int) -> Start:
    """The same start for the same seed."""
    torch.manual_seed(seed)
    G = nn.Sequential(
        nn.ConvTranspose2d(3, 4, 4, 1, 0, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.ConvTranspose2d(4, 2, 4, 2, 1),
        nn.Tanh(),
    )
    D = nn.Sequential(
        nn.Conv2d(2, 4, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(4, 5, 2, 2, bias=False),
        nn.BatchNorm2d(5),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(20, 1),
        nn.Flatten(0),
    )
    with torch.no_grad():
        D[6].weight.mul_(3)
    for p in (*G.parameters(), *D.parameters()):
        p.grad = torch.randn_like(p) * 0.3
    return Start(
        G,
        D,
        torch.optim.SGD(D.parameters(), lr=D_RATE),
        torch.optim.SGD(G.parameters(), lr=G_RATE),
        torch.tanh(torch.randn(6, 2, 8, 8) + 0.4),
        torch.randn(6, 3, 1, 1),
    )


def probe_step(train_step, s: Start):
    runs = []
    hook = s.G.register_forward_hook(lambda *_: runs.append(1))
    before = [flat(net.parameters()) for net in (s.D, s.G)]
    result = train_step(s.G, s.D, s.d_optimizer, s.g_optimizer, s.real, s.z)
    hook.remove()
    after = [flat(net.parameters()) for net in (s.D, s.G)]
    losses = [result.get(k) for k in ("d_loss", "g_loss")] if isinstance(result, dict) else []
    kinds = ["None" if v is None else type(v).__name__ for v in losses]
    return {
        "D's change": after[0] - before[0],
        "G's change": after[1] - before[1],
        "returned": type(result).__name__ if not isinstance(result, dict) else ", ".join(map(str, result)),
        "kinds": ", ".join(kinds),
        "the losses": [float(v) for v in losses if isinstance(v, int | float)],
        "runs of G": len(runs),
        "training": [bool(net.training) for net in (s.G, s.D)],
        "learning": [p.requires_grad for net in (s.G, s.D) for p in net.parameters()],
    }


def flat(tensors) -> torch.Tensor:
    return torch.cat([t.detach().flatten() for t in tensors]).clone()
