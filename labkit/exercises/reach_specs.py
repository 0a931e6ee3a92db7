"""Lab 05, the gradient that reaches G: its norm at G's parameters, under either loss of G."""

import copy

import torch
from torch import nn

SATURATING, NON_SATURATING = "saturating", "non-saturating"


class _Scores(nn.Module):
    """Points (B, 2) to logits (B,)."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 6), nn.LeakyReLU(0.2), nn.Linear(6, 1))

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        return self.layers(points).squeeze(-1)


def players(seed: int) -> dict:
    """A small G and D with gradients left from earlier, a batch of latents, and a D that is very sure."""
    torch.manual_seed(seed)
    G = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
    D = _Scores()
    with torch.no_grad():
        D.layers[2].weight.mul_(2)
    for parameter in (*G.parameters(), *D.parameters()):
        parameter.grad = 0.03 * torch.randn_like(parameter)
    z = torch.randn(7, 3)
    sure = copy.deepcopy(D)
    with torch.no_grad():
        sure.layers[2].bias.sub_(150.0)
    return {"G": G, "D": D, "sure D": sure, "z": z}


def probe_norm(generator_gradient_norm, given):
    G, D, z = given["G"], given["D"], given["z"]
    nets = (G, D)
    values = {}
    for loss in (NON_SATURATING, SATURATING):
        values[f"the norm under {loss}"] = generator_gradient_norm(G, D, z.clone(), loss)
    values |= {
        "the weights afterwards": weights(nets),
        "the gradients afterwards": left(nets),
        "trainable": [p.requires_grad for net in nets for p in net.parameters()],
    }
    for net in nets:
        net.requires_grad_(True)
    for loss in (NON_SATURATING, SATURATING):
        values[f"with a sure D, {loss}"] = generator_gradient_norm(G, given["sure D"], z.clone(), loss)
    return values


def weights(nets) -> torch.Tensor:
    """All weights of these networks in one row."""
    return torch.cat([p.detach().flatten() for net in nets for p in net.parameters()])


def left(nets) -> torch.Tensor:
    """All that lies in ``.grad`` of these networks in one row; NaN where it has been cleared."""
    parameters = [p for net in nets for p in net.parameters()]
    nothing = [torch.full(p.shape, float("nan")) for p in parameters]
    return torch.cat(
        [(n if p.grad is None else p.grad).flatten() for p, n in zip(parameters, nothing, strict=True)]
    )
