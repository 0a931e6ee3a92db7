"""Images per second of `labkit.training` against the published DCGAN tutorial's loop, and of the data path.

The rival is written from what the tutorial's loop does: D on the real batch and on the fakes with a
backward pass each, sigmoid and BCELoss, two plain Adams, D's and G's numbers fetched with ``.item()`` in
every iteration. Both train the same networks from the same weights on the same batches; blocks of a few
steps alternate, so that a machine that gets slower or faster does so for both. The best block of each
counts: the others were disturbed by something.

    python benchmarks/train_step.py [--rounds N] [--steps N] [--batch N] [--channels N] [--no-data]
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

from labkit.data import Batches
from labkit.losses import probability_losses
from labkit.networks import dcgan_pair
from labkit.synthetic import faces
from labkit.training import train
from labkit.training.precision import has_bfloat16

LATENT = 100


def measure(
    device: torch.device,
    images: torch.Tensor,
    *,
    batch: int = 64,
    channels: int = 64,
    steps: int = 4,
    rounds: int = 5,
) -> list[Speeds]:
    """Measure the kit in float32, and in bfloat16 where the device has it, against the tutorial's loop.

    Args:
        images: uint8 (N, 3, 64, 64), at least ``batch`` of them.
        steps: in a block. rounds: blocks of each contestant, after one that only warms up.
    """
    pair = dcgan_pair(latent_dim=LATENT, base_channels=channels, output="probability")
    names = {"float32": False} | ({"bfloat16": True} if has_bfloat16(device) else {})
    rival = tutorial_blocks(*_on(device, pair), Batches(images, batch, device=device), steps)
    kits = {}
    for name, amp in names.items():
        batches = Batches(images, batch, device=device, channels_last=True)
        kits[name] = kit_blocks(*_on(device, pair), batches, steps, amp)
    blocks: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for round_ in range(rounds + 1):
        for name, kit in kits.items():
            speeds = (next(kit), next(rival))
            if round_:
                blocks[name].append(speeds)
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    return [
        Speeds(f"{where}, {name}", *map(max, zip(*speeds, strict=True))) for name, speeds in blocks.items()
    ]


def _on(device: torch.device, pair: tuple[nn.Module, nn.Module]) -> tuple[nn.Module, nn.Module]:
    G, D = copy.deepcopy(pair)
    return G.to(device), D.to(device)


def kit_blocks(G, D, batches: Batches, steps: int, amp: bool) -> Iterator[float]:
    from labkit.training.precision import adam

    optimizers = {"g_optimizer": adam(G, 2e-4, (0.5, 0.999)), "d_optimizer": adam(D, 2e-4, (0.5, 0.999))}
    d_loss, g_loss = probability_losses()
    while True:
        run = train(
            G, D, d_loss=d_loss, g_loss=g_loss, batches=batches, steps=steps, amp=amp, samples=1,
            progress=False, log_every=25, **optimizers,
        )  # fmt: skip
        yield run.images_per_second


def tutorial_blocks(G, D, batches: Batches, steps: int) -> Iterator[float]:
    criterion = nn.BCELoss()
    d_optimizer = torch.optim.Adam(D.parameters(), lr=2e-4, betas=(0.5, 0.999))
    g_optimizer = torch.optim.Adam(G.parameters(), lr=2e-4, betas=(0.5, 0.999))
    history = []
    while True:
        _wait(batches.device)
        started, seen = time.perf_counter(), 0
        for _ in range(steps):
            real = next(batches)
            count = len(real)
            D.zero_grad()
            label = torch.full((count,), 1.0, device=batches.device)
            on_real = D(real)
            loss_real = criterion(on_real, label)
            loss_real.backward()
            said_real = on_real.mean().item()
            fake = G(torch.randn(count, *G.latent_shape, device=batches.device))
            label.fill_(0.0)
            on_fake = D(fake.detach())
            loss_fake = criterion(on_fake, label)
            loss_fake.backward()
            said_fake = on_fake.mean().item()
            d_optimizer.step()

            G.zero_grad()
            label.fill_(1.0)
            again = D(fake)
            g_loss = criterion(again, label)
            g_loss.backward()
            g_optimizer.step()
            history.append(
                ((loss_real + loss_fake).item(), g_loss.item(), said_real, said_fake, again.mean().item())
            )
            seen += count
        _wait(batches.device)
        yield seen / (time.perf_counter() - started)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; exit code 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--steps", type=int, default=4, help="in a block on the CPU; 40 times as many on a GPU"
    )
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--no-data", action="store_true", help="leave the data path out")
    options = parser.parse_args(argv)
    images, _ = faces.draw(4 * options.batch)
    sizes = {"batch": options.batch, "channels": options.channels, "rounds": options.rounds}
    rows = measure(torch.device("cpu"), images, steps=options.steps, **sizes)
    if torch.cuda.is_available():
        rows += measure(torch.device("cuda"), images, steps=40 * options.steps, **sizes)
    cores = f"{os.cpu_count()} cores, {torch.get_num_threads()} threads"
    print(
        f"DCGAN 64x64, {options.channels} channels, batch {options.batch}, {cores}, torch {torch.__version__}"
        "\n"
    )
    print(table(rows, "training step", "tutorial's loop", decimals=2))
    if not options.no_data:
        import data_path

        print()
        print(table(data_path.measure(), "data path", "ImageFolder", decimals=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
