"""Runs of the digits game, measured: `play_digits` trains with `labkit.training.train`, seed after seed.

What came of it is counted on 1,000 samples of each seed, by the classifier of 16-pixel digits.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from tqdm.auto import tqdm

from labkit import metrics
from labkit.classifiers import load_classifier
from labkit.data import Batches, load
from labkit.games.digits import LATENT, SIZE, DigitDiscriminator, DigitGenerator, Digits
from labkit.games.settings import GameError, checked, clean_seeds, row_of
from labkit.logbook import Logbook
from labkit.losses import Loss, logits_losses, relativistic_losses, saturating_losses, with_r1_r2
from labkit.training import TrainingError, generate, train

SAMPLES, CLASSES = 1000, 10
Columns = dict[str, tuple[list[int], list[float]]]
_DRAWN = 5000
_NOTHING = {
    "shares": torch.zeros(CLASSES, dtype=torch.float64),
    "classes": 0,
    "recall": 0.0,
    "precision": 0.0,
    "diversity": 0.0,
    "duplicates": 0.0,
}  # of a seed that diverged


@dataclass(frozen=True)
class DigitsOutcome:
    """What came of a digits game, for S seeds. All is measured on G itself, not on a running mean.

    Attributes:
        digits, seeds: what was played.
        images: (S, 1000, 1, 16, 16) uint8, of the trained G; black where a seed diverged.
        shares: (S, 10) float64, the share of each class among them, by the classifier of 16-pixel digits;
            0 if diverged.
        classes: classes with more than 3 % of the samples, 0 to 10 for each seed.
        recall, precision: in the classifier's features, against 1,000 real images, k = 3, each 0 to 1.
        diversity: the mean distance between samples in pixels, over that of real images; about 1 is healthy.
        duplicates: the share of samples with a near copy among the others, 0 to 1.
        diverged: whether training broke down; all its numbers are 0 then.
        log: for each seed its curves, tag -> (steps, values).
    """

    digits: Digits
    seeds: list[int]
    images: torch.Tensor
    shares: torch.Tensor
    classes: list[int]
    recall: list[float]
    precision: list[float]
    diversity: list[float]
    duplicates: list[float]
    diverged: list[bool]
    log: list[Columns]

    def columns(self, seed: int) -> Columns:
        """The curves of one seed, as a logbook gives them: tag -> (steps, values).

        ``recall/g``, ``precision/g`` and ``class_kl/g`` have one value, at the end.

        Raises:
            KeyError: this seed was not played.
        """
        return self.log[row_of(seed, self.seeds)]


def play_digits(
    digits: Digits,
    *,
    seeds: Iterable[int] = range(5),
    images: torch.Tensor | None = None,
    progress: bool = True,
) -> DigitsOutcome:
    """Train ``digits.steps`` steps with every seed, one after the other, and measure what came of it.

    A seed plays the same game alone or beside others: it decides the weights, the order of the images and
    the latents. All runs on the CPU in float32; the caller's random state is left alone.

    Args:
        images: real ones, uint8 (N, 1, 16, 16), N at least 1,000; None draws 5,000 of the kit's digits.
        progress: show one bar over all seeds.

    Raises:
        GameError: settings, seeds or images that cannot be played.
    """
    digits, seeds = checked(Digits, digits), clean_seeds(seeds)
    real = load("digits", size=SIZE, count=_DRAWN).images if images is None else _checked_images(images)
    total = len(seeds) * digits.steps * digits.d_steps
    with torch.random.fork_rng(devices=[]), tqdm(total=total, disable=not progress, unit="step") as bar:
        judge = _Judge(real[:SAMPLES])
        rows = [_play(digits, seed, real, judge, bar) for seed in seeds]
    images, shares = (torch.stack([row.pop(name) for row in rows]) for name in ("images", "shares"))
    lists = {name: [row[name] for row in rows] for name in rows[0]}
    return DigitsOutcome(digits=digits, seeds=seeds, images=images, shares=shares, **lists)


def _play(digits: Digits, seed: int, real: torch.Tensor, judge: "_Judge", bar: tqdm) -> dict[str, Any]:
    """One seed's part of a `DigitsOutcome`, by the names there."""
    torch.manual_seed(seed)
    G = DigitGenerator()
    D = DigitDiscriminator(
        packing=digits.packing, minibatch_std=digits.minibatch_std, spectral_norm=digits.spectral_norm
    )
    z = torch.randn(SAMPLES, LATENT)
    d_loss, g_loss = _losses(digits)
    logbook = Logbook()
    try:
        train(
            G,
            D,
            d_loss=d_loss,
            g_loss=g_loss,
            batches=_ticking(Batches(real, digits.batch_size, seed=seed), bar),
            steps=digits.steps,
            logbook=logbook,
            g_lr=digits.g_lr,
            d_lr=digits.d_lr,
            betas=(digits.beta1, 0.999),
            d_steps=digits.d_steps,
            seed=seed,
            log_every=max(1, math.ceil(digits.steps / 60)),
            sample_every=digits.steps,
            samples=1,
            amp=False,  # only some machines have bfloat16: the numbers should not depend on that
            channels_last=False,
            progress=False,
        )
        images = generate(G, z)
    except TrainingError:
        black = torch.zeros(SAMPLES, 1, SIZE, SIZE, dtype=torch.uint8)
        return {"images": black, **_NOTHING, "diverged": True, "log": _columns(logbook)}
    scores = judge(images)
    last = {
        "recall/g": scores["recall"],
        "precision/g": scores["precision"],
        "class_kl/g": metrics.class_kl(scores["shares"]),
    }
    log = _columns(logbook) | {tag: ([digits.steps], [value]) for tag, value in last.items()}
    return {"images": images, **scores, "diverged": False, "log": log}


class _Judge:
    """Measures samples (N, 1, 16, 16) uint8 against as many real images: recall depends on both counts."""

    def __init__(self, real: torch.Tensor):
        self.classifier = load_classifier("digits16")
        self.real = real.float()
        self.features = self.classifier.features(real)

    def __call__(self, images: torch.Tensor) -> dict[str, Any]:
        """The numbers of a `DigitsOutcome`, by the names there."""
        features = self.classifier.features(images)
        with torch.no_grad():  # the classes that read() gives, from features that are computed already
            classes = self.classifier.tops["digit"](features).argmax(1)
        shares = metrics.class_histogram(classes, CLASSES)
        near = metrics.precision_recall(self.features, features)
        return {
            "shares": shares,
            "classes": metrics.classes_covered(shares),
            "recall": near.recall,
            "precision": near.precision,
            "diversity": metrics.diversity(images.float(), self.real),
            "duplicates": metrics.duplicates(images.float(), self.real),
        }


def _losses(digits: Digits) -> tuple[Loss, Loss]:
    if digits.loss == "non-saturating":
        d_loss, g_loss = logits_losses(digits.smooth)
    else:
        d_loss, g_loss = relativistic_losses() if digits.loss == "relativistic" else saturating_losses()
    return (with_r1_r2(d_loss, digits.penalty) if digits.penalty else d_loss), g_loss


def _ticking(batches: Iterable[torch.Tensor], bar: tqdm) -> Iterator[torch.Tensor]:
    for batch in batches:
        yield batch
        bar.update()


def _columns(logbook: Logbook) -> Columns:
    """All but the speed, as plain lists."""
    columns = {tag: logbook.column(tag) for tag in logbook.tags if not tag.startswith("speed/")}
    return {tag: (steps.tolist(), values.tolist()) for tag, (steps, values) in columns.items()}


def _checked_images(images: torch.Tensor) -> torch.Tensor:
    wanted = f"uint8 (N, 1, {SIZE}, {SIZE}) with N at least {SAMPLES:,}"
    if not isinstance(images, torch.Tensor):
        raise GameError(f"images are {type(images).__name__}: give a tensor, {wanted}.")
    if images.dtype != torch.uint8 or tuple(images.shape[1:]) != (1, SIZE, SIZE) or len(images) < SAMPLES:
        kind = str(images.dtype).removeprefix("torch.")
        raise GameError(f"images are {kind} {tuple(images.shape)}: give {wanted}.")
    return images.cpu()
