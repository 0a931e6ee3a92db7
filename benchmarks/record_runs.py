"""Record the five trainings that lab 04 reads: ``data/runs/run_a`` to ``run_e``, event files only.

One small pair of networks, one set of digits, five choices of learning rates, of G's loss and of a penalty
on D, each so clear that its curves leave no doubt. The names say nothing, because the lab asks which is
which. A file is what `labkit.training` wrote through its logbook, under a neutral name: TensorBoard puts
the name of the machine into it, and a `Logbook` opened in that folder would clean up what carries the
kit's own suffix.

    nice python benchmarks/record_runs.py [NAME ...]      about a minute of processor time for all five
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional as F

from labkit import data, losses, metrics, networks
from labkit.classifiers import load_classifier
from labkit.logbook import Logbook
from labkit.training import train

HOME = Path(__file__).resolve().parent.parent / "data" / "runs"
SIZE, BATCH, STEPS = 16, 64, 400
LARGEST = 1_000_000  # bytes of a file: a repository is no place for more


@dataclass(frozen=True)
class Settings:
    """What differs between the five runs."""

    g_lr: float
    d_lr: float
    beta1: float = 0.5
    saturating: bool = False
    d_steps: int = 1
    penalty: float = 0.0  # the weight of R1 + R2 on D
    seed: int = 0


RUNS = {
    "run_a": Settings(g_lr=2e-4, d_lr=1e-3, saturating=True, d_steps=5),
    "run_b": Settings(g_lr=1e-3, d_lr=1e-2, beta1=0.0, penalty=300.0),
    "run_c": Settings(g_lr=1e-1, d_lr=5e-1, beta1=0.9),
    "run_d": Settings(g_lr=1e-3, d_lr=2e-4, beta1=0.0),
    "run_e": Settings(g_lr=5e-3, d_lr=5e-4, beta1=0.9, seed=1),
}


class Quiet(Logbook):
    """A logbook without the speed of the machine that happened to record."""

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        super().scalars(step, {tag: v for tag, v in values.items() if not tag.startswith("speed/")})


class Judge:
    """What the digits classifier says of samples: recall, the share of classes drawn, and how evenly."""

    def __init__(self, real: torch.Tensor):
        self.classifier = load_classifier("digits")
        self.features = self.classifier.features(self._enlarged(real))

    def __call__(self, samples: torch.Tensor) -> dict[str, float]:
        seen = self._enlarged(samples)
        features = self.classifier.features(seen)
        shares = metrics.class_histogram(self.classifier.read(seen)["digit"])
        return {
            "recall/g": metrics.precision_recall(self.features, features).recall,
            "coverage/g": metrics.classes_covered(shares) / 10,
            "class_kl/g": metrics.class_kl(shares),
        }

    def _enlarged(self, images: torch.Tensor) -> torch.Tensor:
        side = self.classifier.image_size
        return F.interpolate(images.float(), (side, side), mode="bilinear").round().to(torch.uint8)


def record(name: str, settings: Settings, images: torch.Tensor, judge: Judge) -> Path:
    """Train with these settings and leave one event file in ``data/runs/<name>/``; returns its path."""
    torch.manual_seed(settings.seed)
    G, D = networks.dcgan_pair(latent_dim=32, base_channels=16, image_channels=1, image_size=SIZE)
    d_loss, g_loss = losses.saturating_losses() if settings.saturating else losses.logits_losses()
    if settings.penalty:
        d_loss = losses.with_r1_r2(d_loss, settings.penalty)
    with tempfile.TemporaryDirectory() as folder:
        logbook = Quiet(folder)
        train(
            G,
            D,
            d_loss=d_loss,
            g_loss=g_loss,
            batches=data.Batches(images, BATCH, seed=settings.seed),
            steps=STEPS,
            logbook=logbook,
            evaluate=judge,
            g_lr=settings.g_lr,
            d_lr=settings.d_lr,
            betas=(settings.beta1, 0.999),
            d_steps=settings.d_steps,
            seed=settings.seed,
            samples=16,
            log_every=4,
            sample_every=STEPS // 20,
            evaluate_every=STEPS // 10,
            evaluated=500,
        )
        logbook.close()
        (written,) = Path(folder).glob("events.out.tfevents.*")
        place = HOME / name / f"events.out.tfevents.{name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(written, place)
    if place.stat().st_size >= LARGEST:
        raise SystemExit(f"{place.name} has {place.stat().st_size:,} bytes: log less often.")
    return place


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="which runs (default: all)")
    names = parser.parse_args(argv).names or list(RUNS)
    if unknown := set(names) - set(RUNS):
        parser.error(f"no run {', '.join(sorted(unknown))}; there are {', '.join(RUNS)}")
    images = data.load("digits", size=SIZE, count=5_000).images
    judge = Judge(images[:500])
    for name in names:
        start = time.process_time()
        place = record(name, RUNS[name], images, judge)
        seconds = time.process_time() - start
        print(f"{name}: {place.stat().st_size / 1000:.0f} kB, {seconds:.0f} s of processor time")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
