"""Images per second of `labkit.training.train_translation` against the order of the published code.

The rival calls each network once for each batch, as Zhu et al.'s code does: two translations, two ways
back, two identities; then each critic on real images and on fakes of its pool, with a backward pass for each.
Both train the same networks from the same weights; blocks of a few steps alternate, and the best of each
counts.

    python benchmarks/translation_step.py [--rounds N] [--steps N] [--batch N] [--size N] [--channels N]
"""

import argparse
import copy
import os
import sys
import time
from collections.abc import Iterator, Sequence

import torch
from ratios import Speeds, table
from torch import nn
from torch.nn.functional import l1_loss, mse_loss

from labkit.data import PairBatches, load_pair
from labkit.networks import patch_gan, unet
from labkit.training import train_translation
from labkit.training.pool import ImagePool
from labkit.training.precision import has_bfloat16


def kit_blocks(
    nets: list[nn.Module], batches: PairBatches, test: torch.Tensor, steps: int, amp: bool
) -> Iterator[float]:
    """Images per second of one block of steps after another."""
    while True:
        run = train_translation(
            *nets, batches=batches, steps=steps, test_a=test, test_b=test, amp=amp, progress=False,
            sample_every=steps, evaluate_every=steps + 1, samples=1, decay_from=1.0,
        )  # fmt: skip
        yield run.images_per_second


def published_blocks(nets: list[nn.Module], batches: PairBatches, steps: int) -> Iterator[float]:
    """The same of the published order."""
    G, F, D_A, D_B = nets
    optimizer = torch.optim.Adam([*G.parameters(), *F.parameters()], 2e-4, betas=(0.5, 0.999))
    d_optimizer = torch.optim.Adam([*D_A.parameters(), *D_B.parameters()], 2e-4, betas=(0.5, 0.999))
    pools = ImagePool(50), ImagePool(50)

    def says(logits: torch.Tensor, real: bool) -> torch.Tensor:
        return mse_loss(logits, torch.full_like(logits, float(real)))

    def can_learn(critics, on: bool) -> None:
        for D in critics:
            for p in D.parameters():
                p.requires_grad_(on)

    while True:
        started, seen = time.perf_counter(), 0
        for _ in range(steps):
            a, b = next(batches)
            fake_b, fake_a = G(a), F(b)
            back_a, back_b = F(fake_b), G(fake_a)
            can_learn((D_A, D_B), False)
            optimizer.zero_grad()
            loss = 5 * (l1_loss(G(b), b) + l1_loss(F(a), a))
            loss = loss + says(D_B(fake_b), True) + says(D_A(fake_a), True)
            loss = loss + 10 * (l1_loss(back_a, a) + l1_loss(back_b, b))
            loss.backward()
            optimizer.step()
            can_learn((D_A, D_B), True)
            d_optimizer.zero_grad()
            for D, real, fake, pool in ((D_B, b, fake_b, pools[0]), (D_A, a, fake_a, pools[1])):
                fake = pool.swap(fake.detach())
                (0.5 * (says(D(real), True) + says(D(fake), False))).backward()
            d_optimizer.step()
            seen += len(a) + len(b)
        yield seen / (time.perf_counter() - started)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; exit code 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("rounds", 4), ("steps", 3), ("batch", 4), ("size", 64), ("channels", 32)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args(argv)
    pair = load_pair("paintings", size=options.size, count=8 * options.batch)
    sizes = {"image_size": options.size, "base_channels": options.channels}
    fresh = [unet(**sizes) for _ in "GF"] + [patch_gan(base_channels=options.channels) for _ in "AB"]
    kinds = {"float32": False} | ({"bfloat16": True} if has_bfloat16(torch.device("cpu")) else {})
    blocks = {}
    for name, amp in kinds.items():
        batches = [PairBatches(pair, options.batch) for _ in range(2)]
        nets = [copy.deepcopy(fresh) for _ in range(2)]
        kit = kit_blocks(nets[0], batches[0], pair.test_a.images[:1], options.steps, amp)
        rival = published_blocks(nets[1], batches[1], options.steps)
        rounds = [(next(kit), next(rival)) for _ in range(options.rounds + 1)][1:]
        blocks[name] = Speeds(f"CPU, {name}", *map(max, zip(*rounds, strict=True)))
    print(
        f"U-Net and PatchGAN, {options.size} pixels, {options.channels} channels, batch {options.batch}, "
        f"{os.cpu_count()} cores, {torch.get_num_threads()} threads, torch {torch.__version__}\n"
    )
    print(table(blocks.values(), "training step", "the published order", decimals=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
