"""The digits game: a small DCGAN on drawn digits, played seed after seed and measured by a classifier.

`Digits` says how it is played. With the rates it starts from, Adam's beta1 decides: with 0 nearly every
class is there after 200 steps; with 0.9 G leaps from one pattern to the next, and draws few at any time.
`play_digits` trains with `labkit.training.train` and counts what came of it: 1,000 samples, as the digits
classifier sees them.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from tqdm.auto import tqdm

from labkit.data import Batches, load
from labkit.games.digit_judge import NOTHING, Judge, Score
from labkit.games.digit_networks import LATENT, SIZE, DigitDiscriminator, DigitGenerator
from labkit.games.settings import GameError, check, checked, choice, clean_seeds, flag, number, whole
from labkit.logbook import Logbook
from labkit.losses import Loss, logits_losses, relativistic_losses, saturating_losses, with_r1_r2
from labkit.training import TrainingError, generate, train

SAMPLES = 1000
Columns = dict[str, tuple[list[int], list[float]]]
_DRAWN = 5000
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
    steps: int = whole(400, "a number of steps", low=1, high=3_000)
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
        if seed not in self.seeds:
            raise KeyError(f"seed {seed} was not played: choose among {self.seeds}.")
        return self.log[self.seeds.index(seed)]


@dataclass(frozen=True)
class _Played:
    """One seed's part of an outcome."""

    images: torch.Tensor
    score: Score
    log: Columns
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
        judge = Judge(real[:SAMPLES])
        rows = [_play(digits, seed, real, judge, bar) for seed in seeds]
    return DigitsOutcome(
        digits=digits,
        seeds=seeds,
        images=torch.stack([row.images for row in rows]),
        shares=torch.stack([row.score.shares for row in rows]),
        classes=[row.score.classes for row in rows],
        recall=[row.score.recall for row in rows],
        precision=[row.score.precision for row in rows],
        diversity=[row.score.diversity for row in rows],
        duplicates=[row.score.duplicates for row in rows],
        diverged=[row.diverged for row in rows],
        log=[row.log for row in rows],
    )


def _play(digits: Digits, seed: int, real: torch.Tensor, judge: Judge, bar: tqdm) -> _Played:
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
        black = torch.zeros(SAMPLES, 1, SIZE, SIZE, dtype=torch.uint8)
        return _Played(black, NOTHING, _columns(logbook), diverged=True)
    score = judge.score(images)
    return _Played(images, score, _columns(logbook) | score.columns(digits.steps))


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
