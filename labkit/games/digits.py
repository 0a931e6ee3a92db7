"""The digits game: a small DCGAN on drawn digits, played seed after seed and measured by a reader.

`Digits` says how it is played. At these rates Adam's beta1 alone decides: with 0 every class is there
after 300 steps, with 0.9 G keeps jumping between a few shapes. `play_digits` trains with
`labkit.training.train` and counts what came of it, as the digits reader sees 1,000 samples.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch.nn import functional as F
from tqdm.auto import tqdm

from labkit import metrics
from labkit.data import Batches, load
from labkit.games.digit_networks import LATENT, SIZE, DigitDiscriminator, DigitGenerator
from labkit.games.settings import GameError, check, checked, choice, clean_seeds, flag, number, whole
from labkit.logbook import Logbook
from labkit.losses import Loss, logits_losses, relativistic_losses, saturating_losses, with_r1_r2
from labkit.readers import Reader, load_reader
from labkit.training import TrainingError, generate, train

SAMPLES = 1000
_DRAWN = 5000
_CLASSES = 10
_LOSSES = ("non-saturating", "saturating", "relativistic")


@dataclass(frozen=True)
class Digits:
    """How the digits game is played. Impossible settings raise a GameError at once.

    Attributes:
        g_lr, d_lr: learning rates, above 0 and at most 1.
        beta1: Adam's first moment, for both, from 0 to 0.999; its second is 0.999.
        batch_size: images in a batch, 8 to 256.
        steps: updates of G, 1 to 3,000. d_steps: updates of D before each of G's, 1 to 10.
        loss: ``"non-saturating"``, ``"saturating"`` or ``"relativistic"``, all on logits, as in
            `labkit.losses`.
        penalty: gamma of R1 + R2 (`labkit.losses.with_r1_r2`), 0 to 1,000; 0 is none.
        packing: how many images D judges together, 1 to 16, a divisor of the batch size (PacGAN).
        minibatch_std: show D the standard deviation over the batch.
        spectral_norm: on all layers of D.
        smooth: D's target for real images, 0.5 to 1; below 1 with the non-saturating loss only.
    """

    g_lr: float = number(4e-3, "a learning rate", low=0, high=1, above=True, say="1e-3")
    d_lr: float = number(4e-3, "a learning rate", low=0, high=1, above=True, say="1e-3")
    beta1: float = number(0.0, "a decay", low=0, high=0.999, say="0.5")
    batch_size: int = whole(32, "a number of images", low=8, high=256)
    steps: int = whole(300, "a number of steps", low=1, high=3_000)
    d_steps: int = whole(1, "a number of D's steps for each step of G", low=1, high=10)
    loss: str = choice("non-saturating", "a loss", _LOSSES)
    penalty: float = number(0.0, "a weight for R1 + R2", low=0, high=1000, say="10")
    packing: int = whole(1, "a number of images that D sees together", low=1, high=16, say="4")
    minibatch_std: bool = flag(False, "this switch")
    spectral_norm: bool = flag(False, "this switch")
    smooth: float = number(1.0, "a target for real images", low=0.5, high=1, say="0.9")

    def __post_init__(self):
        check(self)
        if self.batch_size % self.packing:
            raise GameError(
                f"packing {self.packing} does not divide batch_size {self.batch_size}: "
                "make the batch a multiple of it, say packing 4 with batch_size 32."
            )
        if self.smooth < 1 and self.loss != "non-saturating":
            raise GameError(f'smooth {self.smooth:g} goes with loss "non-saturating" only: leave it at 1.0.')


@dataclass(frozen=True)
class DigitsOutcome:
    """What came of a digits game, for S seeds. All is measured on G itself, not on a running mean.

    Attributes:
        digits, seeds: what was played.
        images: (S, 1000, 1, 16, 16) uint8, of the trained G; black where a seed diverged.
        shares: (S, 10) float64, the share of each class among them, by the digits reader; 0 if diverged.
        classes: classes with more than 3 % of the samples, 0 to 10 for each seed.
        recall, precision: in the reader's features, against 1,000 real images, k = 3, each 0 to 1.
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
    log: list[dict[str, tuple[list[int], list[float]]]]

    def columns(self, seed: int) -> dict[str, tuple[list[int], list[float]]]:
        """The curves of one seed, as a logbook gives them: tag -> (steps, values).

        ``recall/g``, ``precision/g`` and ``class_kl/g`` have one value, at the end.

        Raises:
            KeyError: this seed was not played.
        """
        if seed not in self.seeds:
            raise KeyError(f"seed {seed} was not played: choose among {self.seeds}.")
        return self.log[self.seeds.index(seed)]


@dataclass(frozen=True)
class _Played:
    """One seed's row of an outcome."""

    images: torch.Tensor
    shares: torch.Tensor
    classes: int
    recall: float
    precision: float
    diversity: float
    duplicates: float
    log: dict[str, tuple[list[int], list[float]]]
    diverged: bool = False


def play_digits(
    digits: Digits,
    *,
    seeds: Iterable[int] = range(5),
    images: torch.Tensor | None = None,
    progress: bool = True,
) -> DigitsOutcome:
    """Train ``digits.steps`` steps with every seed, one after the other, and look at what came of it.

    A seed plays the same game alone or beside others: it decides the weights, the order of the images and
    the latents. All runs on the CPU in float32; the caller's random state is left alone.

    Args:
        images: real ones, uint8 (N, 1, 16, 16), N at least 1,000; None draws 5,000 of the kit's digits.
        progress: show one bar over all seeds.

    Raises:
        GameError: settings, seeds or images that cannot be played.
    """
    digits, seeds = checked(Digits, digits), clean_seeds(seeds)
    real = _drawn() if images is None else _checked_images(images)
    total = len(seeds) * digits.steps * digits.d_steps
    with torch.random.fork_rng(devices=[]), tqdm(total=total, disable=not progress, unit="step") as bar:
        judge = _judge(real[:SAMPLES])
        rows = [_play(digits, seed, real, judge, bar) for seed in seeds]
    return DigitsOutcome(
        digits=digits,
        seeds=seeds,
        images=torch.stack([row.images for row in rows]),
        shares=torch.stack([row.shares for row in rows]),
        classes=[row.classes for row in rows],
        recall=[row.recall for row in rows],
        precision=[row.precision for row in rows],
        diversity=[row.diversity for row in rows],
        duplicates=[row.duplicates for row in rows],
        diverged=[row.diverged for row in rows],
        log=[row.log for row in rows],
    )


def enlarge(images: torch.Tensor, size: int) -> torch.Tensor:
    """Small pictures as a reader takes them: uint8 (N, C, H, W) to (N, C, size, size), bilinear."""
    larger = F.interpolate(images.float(), size=(size, size), mode="bilinear", align_corners=False)
    return larger.round().to(torch.uint8)


@dataclass(frozen=True)
class _Judge:
    """The reader, and what it says of the real images (1000, 1, 16, 16)."""

    reader: Reader
    real: torch.Tensor
    features: torch.Tensor

    def look(self, images: torch.Tensor, log: dict) -> _Played:
        seen = enlarge(images, self.reader.image_size)
        features = self.reader.features(seen)
        with torch.no_grad():
            classes = self.reader.tops["digit"](features).argmax(1)  # what read() says, without a second look
        shares = metrics.class_histogram(classes, _CLASSES)
        near = metrics.precision_recall(self.features, features)
        steps = log["loss/g"][0][-1:]
        at_end = {
            "recall/g": near.recall,
            "precision/g": near.precision,
            "class_kl/g": metrics.class_kl(shares),
        }
        return _Played(
            images=images,
            shares=shares,
            classes=metrics.classes_covered(shares),
            recall=near.recall,
            precision=near.precision,
            diversity=metrics.diversity(images.float(), self.real.float()),
            duplicates=metrics.duplicates(images.float(), self.real.float()),
            log=log | {tag: (list(steps), [value]) for tag, value in at_end.items()},
        )


def _judge(real: torch.Tensor) -> _Judge:
    reader = load_reader("digits")
    return _Judge(reader, real, reader.features(enlarge(real, reader.image_size)))


def _play(digits: Digits, seed: int, real: torch.Tensor, judge: _Judge, bar: tqdm) -> _Played:
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
            amp=False,  # bfloat16 only some machines have: the numbers shall be the same on all
            channels_last=False,
            progress=False,
        )
        images = generate(G, z)
    except TrainingError:
        return _diverged(_columns(logbook))
    return judge.look(images, _columns(logbook))


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


def _columns(logbook: Logbook) -> dict[str, tuple[list[int], list[float]]]:
    """All but the speed, as plain lists."""
    columns = {tag: logbook.column(tag) for tag in logbook.tags if not tag.startswith("speed/")}
    return {tag: (steps.tolist(), values.tolist()) for tag, (steps, values) in columns.items()}


def _diverged(log: dict[str, tuple[list[int], list[float]]]) -> _Played:
    images = torch.zeros(SAMPLES, 1, SIZE, SIZE, dtype=torch.uint8)
    shares = torch.zeros(_CLASSES, dtype=torch.float64)
    return _Played(images, shares, 0, 0.0, 0.0, 0.0, 0.0, log, diverged=True)


def _drawn() -> torch.Tensor:
    return load("digits", size=SIZE, count=_DRAWN).images


def _checked_images(images: torch.Tensor) -> torch.Tensor:
    wanted = f"uint8 (N, 1, {SIZE}, {SIZE}) with N at least {SAMPLES:,}"
    if not isinstance(images, torch.Tensor):
        raise GameError(f"images are {type(images).__name__}: give a tensor, {wanted}.")
    if images.dtype != torch.uint8 or tuple(images.shape[1:]) != (1, SIZE, SIZE) or len(images) < SAMPLES:
        kind = str(images.dtype).removeprefix("torch.")
        raise GameError(f"images are {kind} {tuple(images.shape)}: give {wanted}.")
    return images.cpu()
