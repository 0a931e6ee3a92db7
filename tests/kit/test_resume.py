"""Killed at twenty random moments and resumed each time, a run ends with the very same weights.

So it is for G against D, for a style-based G, for a VAE, for translators, and for a training that the loop
has never heard of.
The runs are forked from one process that has imported torch once, so that a kill costs milliseconds.
Everything that could go wrong is in them: dropout and noise from torch's global state, two D steps, a
running mean, batch statistics, uniform z, labels, bfloat16 where there is hardware for it.
"""

import csv
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.solutions import ROOT

KILLS, MOST = 20, 10  # a kill comes after at most so many steps
STEPS = dict.fromkeys(("adversarial", "style", "vae", "translation", "autoencoder"), KILLS * (MOST + 2))


def _adversarial(step_begins, steps: int, **how) -> None:
    import torch
    from torch import nn

    from labkit.data import Batches
    from labkit.losses import logits_losses
    from labkit.networks import dcgan_pair
    from labkit.training import train

    G, D = dcgan_pair(latent_dim=5, base_channels=4, image_size=16)
    D.stages.append(nn.Dropout(0.2))
    pixels = torch.randint(0, 256, (50, 3, 16, 16), dtype=torch.uint8)
    plain_d, g_loss = logits_losses(0.9)

    def d_loss(D, real, fake):
        step_begins()
        return plain_d(D, real + 0.1 * torch.randn_like(real), fake + 0.1 * torch.randn_like(fake))

    train(
        G, D, d_loss=d_loss, g_loss=g_loss, batches=Batches(pixels, 8, seed=4), steps=steps,
        d_steps=2, ema=0.9, latent="uniform", samples=4, progress=False, **how,
    )  # fmt: skip


def _style(step_begins, steps: int, **how) -> None:
    import torch

    from labkit.data import Batches
    from labkit.networks import style_pair
    from labkit.training import train_style

    G, D = style_pair(image_size=16, latent_dim=4, style_dim=4, mapping_layers=2, base_channels=2)

    def tell(*_):
        if torch.is_grad_enabled():  # not where it only draws
            step_begins()

    G.synthesis.register_forward_pre_hook(tell)
    pixels = torch.randint(0, 256, (50, 3, 16, 16), dtype=torch.uint8)
    train_style(
        G, D, batches=Batches(pixels, 8, seed=4), steps=steps, r1_every=4, mixing=0.5, samples=4,
        progress=False, **how,
    )  # fmt: skip


def _vae(step_begins, steps: int, **how) -> None:
    import torch

    from labkit.data import Batches
    from labkit.networks import vae_pair
    from labkit.training import train_vae
    from labkit.variational import Shown

    encoder, decoder = vae_pair(hidden=8, base_channels=4, classes=10, image_size=8)

    def tell(*_):
        if torch.is_grad_enabled():  # not where it only measures
            step_begins()

    encoder.register_forward_pre_hook(tell)
    pixels, labels = torch.randint(0, 256, (50, 1, 8, 8), dtype=torch.uint8), torch.arange(50) % 10
    train_vae(
        encoder, decoder, batches=Batches(pixels, 8, seed=4, labels=labels), steps=steps, conditional=True,
        test=Shown(pixels, labels), shown=4, progress=False, evaluate_every=1, **how,
    )  # fmt: skip


def _translation(step_begins, steps: int, **how) -> None:
    import torch

    from labkit.data import ImagePair, ImageSet, PairBatches
    from labkit.networks import patch_gan, unet
    from labkit.training import train_translation

    G, F = (unet(image_size=8, base_channels=4) for _ in "GF")
    D_A, D_B = (patch_gan(layers=1, base_channels=4) for _ in "AB")

    def tell(*_):
        if torch.is_grad_enabled():  # not where it only translates
            step_begins()

    F.register_forward_pre_hook(tell)
    a, b = (ImageSet("x", torch.randint(0, 256, (30, 3, 8, 8), dtype=torch.uint8)) for _ in "ab")
    train_translation(
        G, F, D_A, D_B, batches=PairBatches(ImagePair("x", a, b, a, b), 2, seed=4), steps=steps, pool=5,
        test_a=a.images[:2], test_b=b.images[:2], progress=False, evaluate_every=1, **how,
    )  # fmt: skip


def _autoencoder(step_begins, steps: int, **how) -> None:
    from tests.kit.autoencoder import Autoencoder, train_autoencoder

    class Telling(Autoencoder):
        def update(self, measured):
            step_begins()
            return super().update(measured)

    train_autoencoder(steps, kind=Telling, **how)


def _fork(kind: str, folder: Path, checkpoint_seconds: float, later: int = 0) -> tuple[int, int, int]:
    """Start a run, or go on with it, on a clock that shows some seconds more.

    Returns its process, a pipe that gets a byte at each (D) step, and one that the step waits for: it takes a
    byte, or finds the pipe closed. So no run gets away before its kill, however busy the machine is.
    """
    import numpy as np
    import torch

    (told, tell), (leave, give) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(give)
            # Two runs in one second would wait for each other: their event files are sorted by it.
            clock = time.time
            time.time = lambda: clock() + later
            for seed in (torch.manual_seed, random.seed, np.random.seed):
                seed(0)
            {
                "adversarial": _adversarial,
                "style": _style,
                "vae": _vae,
                "translation": _translation,
                "autoencoder": _autoencoder,
            }[kind](
                lambda: (os.write(tell, b"."), os.read(leave, 1)),
                STEPS[kind],
                folder=folder,
                resume=(folder / "checkpoint.pt").exists(),
                checkpoint_seconds=checkpoint_seconds,
            )
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    os.close(tell)
    os.close(leave)
    return child, told, give


def die_and_rise(kind: str, place: str) -> None:
    """Kill a run at random moments, resume it, and let the last one finish; beside it an undisturbed one.

    Prints the step that each resumed run had to go on from.
    """
    folder = Path(place)
    import torch
    from torch.utils import tensorboard  # noqa: F401  imported once, here, and not in every child

    from labkit import data, training  # noqa: F401
    from tests.kit import autoencoder  # noqa: F401

    torch.optim.Adam([torch.zeros(1)])  # the first optimizer imports for seconds
    torch.set_num_threads(1)
    child, told, give = _fork(kind, folder / "whole", 60.0)
    os.close(give)
    assert os.waitpid(child, 0)[1] == 0
    os.close(told)
    chance = random.Random()
    for kill in range(KILLS + 1):
        # Saving after every step puts many of the moments into the middle of a save.
        seconds = chance.choice([0.0, 0.02]) if kill < KILLS else 60.0
        child, told, give = _fork(kind, folder / "killed", seconds, later=2 * kill)
        if kill < KILLS:
            steps = chance.randint(1, MOST)
            os.write(give, b"." * steps)
            if kill % 5:  # some steps on, at any point of the next one; else at any moment of the start
                for _ in range(steps):
                    os.read(told, 1)
            time.sleep(chance.uniform(0.0, 0.02 if kill % 5 else 0.1))
            os.kill(child, signal.SIGKILL)
        os.close(give)
        status = os.waitpid(child, 0)[1]
        assert os.WIFSIGNALED(status) if kill < KILLS else status == 0
        os.close(told)
        file = folder / "killed" / "checkpoint.pt"
        print(torch.load(file, weights_only=True)["step"] if file.exists() else -1)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, which Windows lacks")
@pytest.mark.parametrize("kind", STEPS)
def test_twenty_kills_leave_no_trace(kind, tmp_path):
    import torch

    from labkit.logbook import read

    code = "import sys; from tests.kit.test_resume import die_and_rise; die_and_rise(*sys.argv[1:])"
    environment = os.environ | {"OMP_NUM_THREADS": "1", "LABKIT_DEVICE": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", code, kind, str(tmp_path)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    reached = [int(step) for step in done.stdout.split()]
    assert len(reached) == KILLS + 1
    assert reached == sorted(reached), "a kill took the run back"
    assert reached[-1] == STEPS[kind]
    assert len(set(reached)) > KILLS // 4, f"hardly a kill fell into the training: {reached}"

    whole, killed = (
        torch.load(tmp_path / name / "checkpoint.pt", weights_only=True) for name in ("whole", "killed")
    )
    assert whole.keys() == killed.keys()
    for state in whole.keys() - {"seconds", "logbook"}:  # how long it took; and the logbook's rows come below
        assert _equal(whole[state], killed[state]), f"{state} differs"
    rows = [_rows(tmp_path / name) for name in ("whole", "killed")]
    assert rows[0] == rows[1]
    tags = {"adversarial": "d", "style": "d", "vae": "kl", "translation": "cycle_a", "autoencoder": "pixels"}
    loss = f"loss/{tags[kind]}"
    steps, losses = read(tmp_path / "killed")[loss]
    assert steps.tolist() == [int(row["step"]) for row in rows[0]]
    assert losses.tolist() == read(tmp_path / "whole")[loss][1].tolist()
    assert not list((tmp_path / "killed").glob("*.part"))


def _equal(one, other) -> bool:
    import torch

    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return one == other


def _rows(folder: Path) -> list[dict]:
    with open(folder / "metrics.csv", newline="") as handle:
        rows = list(csv.DictReader(handle))
    for row in rows:
        assert float(row.pop("speed/images_per_second")) > 0  # the only column that may differ
        assert all(row.values())
    return rows
