"""A run of a few small layers, for the loop of 3.5 and the file of 3.6.

Its steps are not those of the lab: what matters is which batch, which z and which state each step meets.
"""

from types import SimpleNamespace

import torch
from torch import nn

from labkit.data import Batches


def seed_of_runs(seed: int) -> int:
    """The probes of 3.5 and 3.6 make their runs themselves, from the seed."""
    small_run(seed)  # the first optimizer loads half of torch: not in the answer's time
    return seed


def small_run(seed: int, *, data_seed: int | None = None, dtype=torch.float32) -> SimpleNamespace:
    """A run with what a run has: networks, optimizers, batches, fixed_z, step, losses, frames.

    ``data_seed`` draws the images and all sizes; two runs with the same one differ in everything else, the
    learning rates included. All is drawn in ``dtype``. No bias stands before batch norm, which takes it away
    again: its gradient would be nothing but rounding, and Adam makes full steps of that, other ones on every
    processor.
    """
    generator = torch.Generator().manual_seed(seed if data_seed is None else data_seed)
    batch, pictures, latent, colours = (
        int(torch.randint(low, high, (), generator=generator))
        for low, high in ((6, 9), (3, 6), (36, 45), (1, 4))
    )
    images = torch.randn(20, colours, 4, 4, generator=generator, dtype=dtype).clamp(-1, 1)
    torch.manual_seed(seed)
    rate = 0.01 * (1 + float(torch.rand(())))
    of = {"dtype": dtype}
    G = nn.Sequential(
        nn.ConvTranspose2d(latent, 3, 2, bias=False, **of),
        nn.BatchNorm2d(3, **of),
        nn.ConvTranspose2d(3, colours, 2, 2, **of),
        nn.Tanh(),
    )
    D = nn.Sequential(
        nn.Conv2d(colours, 4, 2, 2, bias=False, **of),
        nn.BatchNorm2d(4, **of),
        nn.Flatten(),
        nn.Linear(16, 1, **of),
        nn.Flatten(0),
    )
    return SimpleNamespace(
        G=G,
        D=D,
        d_optimizer=torch.optim.Adam(D.parameters(), lr=2 * rate, betas=(0.5, 0.999)),
        g_optimizer=torch.optim.Adam(G.parameters(), lr=rate, betas=(0.5, 0.999)),
        batches=Batches(images, batch, seed=seed),
        fixed_z=torch.randn(pictures, latent, 1, 1, dtype=dtype),
        step=0,
        d_losses=[],
        g_losses=[],
        frames=[],
    )
