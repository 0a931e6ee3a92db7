"""Many small networks as one: a stack of perceptrons, one for each seed, in one matrix product a layer.

A stack of S perceptrons keeps its weights as (S, in, out) and maps (S, N, in) to (S, N, out). The networks
of different seeds never mix: the gradient of the sum of the S losses is the S gradients side by side, and
Adam and SGD change each weight by its own gradient alone. So training the stack once is S trainings.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F


class Stack(nn.Module):
    """S perceptrons with the weights of the given networks (each a chain of `nn.Linear` layers).

    Args:
        networks: S networks of one shape.
        slope: of the LeakyReLU between the layers; 0 is a ReLU.
        spectral_norm: divide each layer's weights by their largest singular value (Miyato et al. 2018,
            arXiv:1802.05957), kept up to date by one power iteration a call in training mode.
    """

    def __init__(self, networks: Sequence[nn.Module], *, slope: float = 0.0, spectral_norm: bool = False):
        super().__init__()
        self.slope, self.spectral_norm = slope, spectral_norm
        layers = list(zip(*(linear_layers(network) for network in networks), strict=True))
        self.weights = nn.ParameterList(
            torch.stack([layer.weight.detach().T for layer in same]) for same in layers
        )
        self.biases = nn.ParameterList(
            torch.stack([layer.bias.detach()[None] for layer in same]) for same in layers
        )
        for k, weight in enumerate(self.weights if spectral_norm else ()):
            _, _, right = torch.linalg.svd(weight.detach(), full_matrices=False)
            self.register_buffer(f"direction_{k}", right[:, 0, :, None].clone())  # (S, out, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(S, N, in) to (S, N, out)."""
        last = len(self.weights) - 1
        for k, bias in enumerate(self.biases):
            x = torch.baddbmm(bias, x, self._weight(k))
            if k < last:
                x = F.leaky_relu(x, self.slope, inplace=True) if self.slope else F.relu(x, inplace=True)
        return x

    def _weight(self, k: int) -> torch.Tensor:
        weight = self.weights[k]
        if not self.spectral_norm:
            return weight
        right = getattr(self, f"direction_{k}")
        with torch.no_grad():
            left = F.normalize(weight @ right, dim=1)  # (S, in, 1)
            if self.training:
                right.copy_(F.normalize(weight.mT @ left, dim=1))
        return weight / (left.mT @ weight @ right.clone())

    def gradient_norms(self) -> torch.Tensor:
        """The Euclidean norm of all gradients together, for each seed: (S,). Without gradients, 0."""
        gradients = [p.grad for p in self.parameters() if p.grad is not None]
        return norms_of(gradients) if gradients else torch.zeros(len(self.biases[0]))


def norms_of(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """The Euclidean norm over all tensors (S, ...) together, for each seed: (S,)."""
    parts = [torch.linalg.vector_norm(t.flatten(1), dim=1) for t in tensors]
    return torch.linalg.vector_norm(torch.stack(parts), dim=0)


def linear_layers(network: nn.Module) -> list[nn.Linear]:
    """The linear layers of a network, in the order of the forward pass."""
    return [part for part in network.modules() if isinstance(part, nn.Linear)]
