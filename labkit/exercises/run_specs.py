"""Lab 03, the loop around the step, and the file that lets a killed run go on.

Both are probed with a run of a few small layers. Its steps are not those of the lab: what matters here is
which batch, which z and which state each step meets.
"""

from types import SimpleNamespace

import torch
from torch import nn

from labkit.data import Batches

BATCH, LATENT, STEPS, EVERY = 6, 40, 7, 3


def small_run(seed: int, *, data_seed: int | None = None) -> SimpleNamespace:
    """A run with what a run has: networks, optimizers, batches, fixed_z, step, losses, frames.

    ``data_seed`` draws the images; two runs with the same one differ in everything else.
    """
    generator = torch.Generator().manual_seed(seed if data_seed is None else data_seed)
    images = torch.randn(20, 1, 4, 4, generator=generator).clamp(-1, 1)
    torch.manual_seed(seed)
    G = nn.Sequential(
        nn.ConvTranspose2d(LATENT, 3, 2, bias=False),
        nn.BatchNorm2d(3),
        nn.ConvTranspose2d(3, 1, 2, 2),
        nn.Tanh(),
    )
    D = nn.Sequential(nn.Conv2d(1, 4, 2, 2), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 1), nn.Flatten(0))
    return SimpleNamespace(
        G=G,
        D=D,
        d_optimizer=torch.optim.Adam(D.parameters(), lr=2e-2, betas=(0.5, 0.999)),
        g_optimizer=torch.optim.Adam(G.parameters(), lr=1e-2, betas=(0.5, 0.999)),
        batches=Batches(images, BATCH, seed=seed),
        fixed_z=torch.randn(5, LATENT, 1, 1),
        step=0,
        d_losses=[],
        g_losses=[],
        frames=[],
    )


# 3.5 -------------------------------------------------------------------------------------------------


class Update:
    """Stands in for the student's step: notes what it is given and moves G by a known amount."""

    def __init__(self):
        self.reals, self.zs, self.training = [], [], []

    def __call__(self, G, D, d_optimizer, g_optimizer, real, z):
        self.reals.append(real.detach().clone())
        self.zs.append(z.detach().clone())
        self.training.append(bool(G.training))
        with torch.no_grad():
            G(
                torch.ones(4, LATENT, 1, 1) * torch.arange(4.0).view(4, 1, 1, 1)
            )  # moves the running statistics
            G[2].bias += 0.05
        count = len(self.reals)
        return {"d_loss": 1.0 + 0.5 * count, "g_loss": 2.0 - 0.25 * count}


def probe_loop(training_loop, seed: int):
    run, update = small_run(seed), Update()
    training_loop(run, STEPS, EVERY, update)
    first = len(update.reals)
    looked = [_pixels(f) for f in run.frames]
    training_loop(run, STEPS + 2, EVERY, update)
    zs = [z for z in update.zs if z.shape == (BATCH, LATENT, 1, 1)]
    return {
        "updates": first,
        "updates later": len(update.reals) - first,
        "batches": torch.cat([r.flatten() for r in update.reals]),
        "z shapes": "; ".join(sorted({str(tuple(z.shape)) for z in update.zs})),
        "z": torch.cat([z.flatten() for z in zs]) if zs else torch.zeros(1),
        "step": int(run.step),
        "the losses": [float(v) for v in (*run.d_losses, *run.g_losses)],
        "frames": len(looked),
        "frame types": "; ".join(sorted({_type(f) for f in run.frames})),
        "pixels": torch.cat([f.flatten() for f in looked]) if looked else torch.zeros(1),
        "trained": update.training,
        "training": bool(run.G.training),
        "batches tracked": run.G[1].num_batches_tracked,
    }


def _pixels(frame) -> torch.Tensor:
    return frame.detach().cpu() if isinstance(frame, torch.Tensor) else torch.zeros(1)


def _type(frame) -> str:
    return f"{frame.dtype} {tuple(frame.shape)}" if isinstance(frame, torch.Tensor) else type(frame).__name__
