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
    before = [(p.detach().clone(), p.grad.clone()) for net in nets for p in net.parameters()]
    values = {}
    for loss in (NON_SATURATING, SATURATING):
        values[f"the norm under {loss}"] = generator_gradient_norm(G, D, z.clone(), loss)
    after = [(p, p.grad) for net in nets for p in net.parameters()]
    trainable = all(p.requires_grad for net in nets for p in net.parameters())
    same = [torch.equal(p, was) for (p, _), (was, _) in zip(after, before, strict=True)]
    kept = [g is not None and torch.equal(g, was) for (_, g), (_, was) in zip(after, before, strict=True)]
    for net in nets:
        net.requires_grad_(True)
    for loss in (NON_SATURATING, SATURATING):
        values[f"with a sure D, {loss}"] = generator_gradient_norm(G, given["sure D"], z.clone(), loss)
    values |= {"weights kept": all(same), "gradients kept": all(kept), "trainable": trainable}
    return values
