"""A second kind of training, of a size for tests: what a training has to say for itself, and nothing else."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from labkit.data import Batches
from labkit.plots import as_uint8
from labkit.training.loop import Loop, Schedule, Training


@dataclass(kw_only=True)
class Autoencoder(Training):
    """One network that takes noise out of images (Vincent et al., 2008), one optimizer, nothing fixed."""

    network: nn.Module
    optimizer: torch.optim.Optimizer

    def update(self, measured):
        images = next(self.batches)  # (B, 3, 8, 8)
        self.images += len(images)
        self.optimizer.zero_grad()
        loss = (self.network(images + 0.3 * torch.randn_like(images)) - images).square().mean()
        loss.backward()
        self.optimizer.step()
        return {"loss/pixels": loss.detach()}

    def sample(self):
        images = as_uint8(self.network.eval()(torch.linspace(-1, 1, 768).view(4, 3, 8, 8)))
        self.network.train()
        return images

    @property
    def networks(self):
        return {"network": self.network}

    def state_dict(self):
        return {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state):
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])


def train_autoencoder(
    steps: int,
    folder: Path | None = None,
    *,
    resume: bool = False,
    width: int = 16,
    kind=Autoencoder,
    **schedule,
) -> Autoencoder:
    """Train one on 40 random images, in batches of 8."""
    loop = Loop(
        Schedule(progress=False, **schedule),
        steps=steps,
        device=torch.device("cpu"),
        folder=folder,
        resume=resume,
    )
    torch.manual_seed(0)
    dense = (nn.Linear(192, width), nn.ReLU(), nn.Dropout(0.2), nn.Linear(width, 192))
    network = nn.Sequential(nn.Flatten(), *dense, nn.Unflatten(1, (3, 8, 8)))
    pixels = torch.randint(0, 256, (40, 3, 8, 8), dtype=torch.uint8)
    training = kind(
        steps=steps,
        logbook=loop.logbook,
        batches=Batches(pixels, 8, seed=4),
        network=network,
        optimizer=torch.optim.Adam(network.parameters(), 1e-2),
    )
    loop.go(training)
    return training
