"""How a classifier is made: draw pictures, train on them, measure on fresh ones, keep the result.

A classifier below its bar is not kept: whatever counts classes with it would count its mistakes.
"""

import shlex
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch.nn import functional
from tqdm.auto import tqdm

from labkit import settings
from labkit.classifiers.network import (
    TRAINED_HERE,
    Classifier,
    ClassifierError,
    Head,
    kept_weights,
    path_of,
    save_file,
)
from labkit.data import DataError, ImageSet, load
from labkit.synthetic import digits, faces, landscapes
from labkit.synthetic.factors import Factor
from labkit.training.precision import choose

_BATCH = 128
_FRESH = 5_000  # pictures that the classifier is measured on
_REAL_FRESH = 10_000  # all test pictures of a real set
_FRESH_SEED = 1_000_003  # added to the seed of the training pictures
# The numbers that place something in a landscape; the others are tint and texture, which a painter changes.
_PLACES = ("horizon", "light_side", "light_height", "house_place", "boat_place")


class BarMissed(RuntimeError):
    """The trained classifier is not good enough; the message says in what."""


@dataclass(frozen=True)
class ClassifierPlan:
    """How the classifier of one data set is made.

    Attributes:
        data: the data set that it is trained on.
        image_size, channels: of the pictures.
        heads: what it reads.
        images: how many pictures it is trained on.
        epochs: how often it sees each.
        bars: factor -> the accuracy that it must reach on fresh pictures.
        shift: the pictures are moved by up to this many pixels each way, anew each time.
        soften: half of the pictures are blurred a little.
    """

    data: str
    image_size: int
    channels: int
    heads: tuple[Head, ...]
    images: int
    epochs: int
    bars: Mapping[str, float]
    shift: int = 0
    soften: bool = True


def plan_of(name: str) -> ClassifierPlan:
    """The plan of a data set that has a classifier."""
    path_of(name)  # complains about a name that nobody knows
    if name == "faces":
        heads = _heads(faces.FACTORS, unseen=("blobs",), seen=_faces_seen())
        bars = {head.name: 0.95 for head in heads if head.kind == "class"}
        return ClassifierPlan("faces", 64, 3, heads, images=30_000, epochs=8, bars=bars, shift=1)
    if name == "digits":
        heads = _heads(digits.FACTORS, unseen=("hand", "wobble", "edge"))
        return ClassifierPlan("digits", 28, 1, heads, images=40_000, epochs=8, bars={"digit": 0.99}, shift=1)
    if name == "landscapes":
        scene = [f for f in landscapes.FACTORS if f.kind == "class" or f.name in _PLACES]
        heads = _heads(scene, unseen=(), seen=_landscapes_seen())
        bars = {head.name: 0.95 for head in heads if head.kind == "class"}
        bars["hills"] = 0.92  # trees hide some
        return ClassifierPlan("landscapes", 64, 3, heads, images=30_000, epochs=8, bars=bars, shift=1)
    heads = (Head("digit", "class", tuple("0123456789")),)
    if name == "digits16":
        # Digits drawn small, for games that train in seconds. On enlarged ones, the classifier of 28 pixels
        # takes a generator's rough zeros and ones for other digits. At 16 there is nothing left to blur.
        return ClassifierPlan(
            "digits", 16, 1, heads, images=30_000, epochs=6, bars={"digit": 0.99}, soften=False
        )
    return ClassifierPlan("mnist", 28, 1, heads, images=60_000, epochs=6, bars={"digit": 0.99}, shift=2)


def _faces_seen() -> dict[str, dict[str, tuple[str, ...]]]:
    """Where the factors of the faces show that do not show everywhere."""
    hatless = {"hat": ("none",)}
    open_forehead = hatless | {"hair_style": ("short", "curly", "bob", "long")}
    hat = {"hat": ("beanie", "fedora", "cap")}
    forehead = {"hairline": open_forehead, "hair_part": open_forehead}
    return {"hat_hue": hat, "hat_tone": hat, "hair_volume": hatless} | forehead


def _landscapes_seen() -> dict[str, dict[str, tuple[str, ...]]]:
    """Where the factors of the landscapes show that do not show everywhere."""
    water = {"water": ("river", "lake")}
    shown = {"disc": ("shown",)}
    kept = {"tree_kind": {"trees": ("one", "few", "many")}, "house_place": {"house": ("cottage", "church")}}
    boat = {"boat": water, "boat_place": water | {"boat": ("sail",)}}
    return kept | boat | {"light_side": shown, "light_height": shown}


def _heads(factors: Iterable[Factor], *, unseen: tuple[str, ...], seen: Mapping | None = None):
    """One head per factor that can be seen.

    Unseen are the number of a random choice (``blobs``, ``hand``), where near numbers give pictures that
    are not alike; how far a hand may stray (``wobble``), which does not show how far it did; and how ragged
    an edge is (``edge``), which is less than the noise that classifiers learn to overlook.
    """
    read = [factor for factor in factors if factor.name not in unseen]
    return tuple(Head(f.name, f.kind, f.values, seen=(seen or {}).get(f.name, {})) for f in read)


def make(
    name: str,
    *,
    out: Path | None = None,
    images: int | None = None,
    seed: int = 1,
    say: Callable[[str], None] = print,
) -> Classifier:
    """Train a classifier, print what it reaches, and write its file.

    Args:
        name: ``"digits"``, ``"digits16"``, ``"faces"``, ``"landscapes"`` or ``"mnist"``.
        out: its file; by default where `load_classifier` looks for it.
        images: how many pictures to train on, at least 256; by default as many as its plan says.
        seed: of the pictures and of the first weights.
        say: called with each line for the person at the screen.

    Raises:
        ClassifierError, DataError, SettingsError, MissingFileError: one line that says what to do.
        BarMissed: it was measured and is not good enough; no file was written.
    """
    plan = plan_of(name)
    count = plan.images if images is None else images
    if count < 2 * _BATCH:
        raise ClassifierError(f"--images {count}: a classifier needs at least {2 * _BATCH} pictures.")
    out = out or path_of(name)
    began = time.process_time()
    known, fresh = _pictures(name, plan, count, seed)
    out.parent.mkdir(parents=True, exist_ok=True)  # not to find out after the training
    if out.is_dir():
        raise ClassifierError(f"--out {out}: this is a folder, not a file.")
    classifier = train(plan, known, seed=seed)
    classifier.load_state_dict(kept_weights(classifier))
    classifier.heads = measured(classifier.heads, classifier.read(fresh.images), fresh.factors)
    classifier.about = {
        "command": _command(name, images, seed),
        "images": len(known),
        "seed": seed,
        "fresh_images": len(fresh),
        "minutes": round((time.process_time() - began) / 60, 1),
        "source": known.source,
    }
    say(table(classifier))
    missed = [h for h in classifier.heads if h.reached < plan.bars.get(h.name, h.reached)]
    if missed:
        worst = min(missed, key=lambda h: h.reached)
        raise BarMissed(
            f"{worst.name} is read right in {worst.reached:.1%} of {len(fresh):,} fresh pictures, "
            f"{plan.bars[worst.name]:.0%} is the bar; the classifier was not kept. "
            "Train on more pictures with --images."
        )
    save_file(classifier, out)
    say(f"{out}: {out.stat().st_size / 1e3:,.0f} kB")
    return classifier


def train(plan: ClassifierPlan, known: ImageSet, *, seed: int = 1) -> Classifier:
    """Train a classifier on pictures whose factors are known.

    The pictures are moved, blurred and made noisy a little, anew each time, so that the classifier does not
    depend on details that no generated picture gets quite right.
    """
    device = settings.current().device
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        classifier = Classifier(plan.heads, image_size=plan.image_size, channels=plan.channels)
    classifier = classifier.to(device)
    precision = choose(device, classifier)
    precision.lay_out(classifier)
    steps_per_epoch = len(known) // _BATCH
    optimizer, schedule = _optimizer(classifier, plan.epochs * steps_per_epoch)
    targets = {head.name: _target(head, known.factors[head.name]) for head in plan.heads}
    by_name = {head.name: head for head in plan.heads}
    visible = {head.name: _visible(head, by_name, known.factors) for head in plan.heads}
    classifier.train()
    with tqdm(total=plan.epochs * steps_per_epoch, desc=f"Training on {known.name}", unit=" steps") as bar:
        for _ in range(plan.epochs):
            order = torch.randperm(len(known), generator=generator)
            for chosen in order[: steps_per_epoch * _BATCH].split(_BATCH):
                images = precision.lay_out_images(
                    _augmented(known.images[chosen], plan, generator).to(device)
                )
                with precision.autocast():
                    answers = classifier(images)
                loss = _loss(plan.heads, answers, targets, visible, chosen)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                schedule.step()
                bar.update()
            bar.set_postfix(loss=f"{loss.item():.3f}")
    _settle(classifier, known.images[: 40 * _BATCH])
    return classifier.to("cpu", memory_format=torch.contiguous_format).eval()


def measured(
    heads: Iterable[Head], answers: Mapping[str, torch.Tensor], factors: Mapping[str, torch.Tensor]
) -> tuple[Head, ...]:
    """The heads with ``reached`` taken from what was read, factor -> (N,), and what is true."""
    known, heads = {head.name: head for head in heads}, []
    for head in known.values():
        shows = _visible(head, known, factors)
        got, true = answers[head.name][shows], factors[head.name][shows]
        if head.kind == "class":
            reached = (got == true).double().mean()
        else:
            reached = 1 - (got - true).double().square().mean() / true.double().var(correction=0)
        heads.append(replace(head, reached=round(float(reached), 4)))
    return tuple(heads)


def table(classifier: Classifier) -> str:
    """What a classifier reaches, factor by factor, as a table in Markdown."""
    rows = [("factor", "kind", "on fresh pictures", "where"), ("---", "---", "---", "---")]
    for head in classifier.heads:
        kind = f"{len(head.values)} classes" if head.kind == "class" else "number"
        reached = f"{head.reached:.2%} right" if head.kind == "class" else f"R² {head.reached:.2f}"
        where = "; ".join(f"{other}: {', '.join(classes)}" for other, classes in head.seen.items())
        rows.append((head.name, kind, reached, where or "everywhere"))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _pictures(name: str, plan: ClassifierPlan, count: int, seed: int) -> tuple[ImageSet, ImageSet]:
    """Pictures to learn from, and others to be measured on."""
    if name in TRAINED_HERE:
        known = load(plan.data, size=plan.image_size, count=count)
        if known.name != plan.data:
            raise ClassifierError(f"The classifier of {name} needs the real pictures, and they are not here.")
        return known, load(f"{plan.data}-test", size=plan.image_size, count=_REAL_FRESH)
    if name == "landscapes":
        return landscapes_of_both_kinds(count, seed), landscapes_of_both_kinds(_FRESH, seed + _FRESH_SEED)
    known = load(plan.data, size=plan.image_size, count=count, seed=seed)
    return known, load(plan.data, size=plan.image_size, count=_FRESH, seed=seed + _FRESH_SEED)


def landscapes_of_both_kinds(count: int, seed: int) -> ImageSet:
    """Landscapes of 64 pixels: photographs of the first half of the scenes, paintings of the others.

    Raises:
        DataError: a seed that cannot be drawn.
    """
    blocks = []
    half = count // 2
    try:
        for kind, first, end in (("photograph", 0, half), ("painting", half, count)):
            for start in tqdm(range(first, end, 250), desc=f"Drawing {kind}s", unit="x250", leave=False):
                blocks.append(landscapes.draw(min(250, end - start), seed=seed, start=start, kind=kind))
    except ValueError as error:
        raise DataError(str(error)) from error
    factors = {name: torch.cat([drawn[name] for _, drawn in blocks]) for name in blocks[0][1]}
    images = torch.cat([images for images, _ in blocks])
    return ImageSet("landscapes", images, factors, f"drawn by the kit, seed {seed}")


def _optimizer(classifier: Classifier, steps: int):
    """AdamW (Loshchilov and Hutter 2019) and one cycle of the rate (Smith and Topin 2018)."""
    groups = [
        {"params": [p for p in classifier.parameters() if p.ndim > 1], "weight_decay": 0.05},
        {"params": [p for p in classifier.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=2e-3, betas=(0.9, 0.99))
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps, pct_start=0.15)


def _loss(
    heads: tuple[Head, ...],
    answers: dict[str, torch.Tensor],
    targets: dict[str, torch.Tensor],
    visible: dict[str, torch.Tensor],
    chosen: torch.Tensor,
) -> torch.Tensor:
    """Mean cross-entropy of the classes plus a share of the mean squared error of the numbers."""
    classes, numbers = [], []
    for head in heads:
        answer = answers[head.name].float()
        target = targets[head.name][chosen].to(answer.device)
        shows = visible[head.name][chosen].to(answer.device)
        if head.kind == "class":
            classes.append((functional.cross_entropy(answer, target, reduction="none") * shows).mean())
        else:
            numbers.append(((answer - target).square() * shows).mean())
    loss = torch.stack(classes).mean()
    return loss + torch.stack(numbers).mean() if numbers else loss


def _target(head: Head, values: torch.Tensor) -> torch.Tensor:
    """Class indices as they are; numbers scaled so that their range becomes [-1, 1]."""
    if head.kind == "class":
        return values
    low, high = head.values
    return (values - low) / (high - low) * 2 - 1


def _visible(head: Head, known: Mapping[str, Head], factors: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Bool (N,): where the factor shows."""
    shows = torch.ones(len(factors[head.name]), dtype=torch.bool)
    for other, classes in head.seen.items():
        shows &= torch.isin(
            factors[other], torch.tensor([known[other].values.index(name) for name in classes])
        )
    return shows


def _augmented(images: torch.Tensor, plan: ClassifierPlan, generator: torch.Generator) -> torch.Tensor:
    """Float pictures in [-1, 1] with the small faults of generated ones: out of place, soft, noisy."""
    pixels = images.float().div_(127.5).sub_(1.0)
    reach, size = plan.shift, plan.image_size
    if reach:
        padded = functional.pad(pixels, (reach,) * 4, mode="replicate")
        down, right = torch.randint(0, 2 * reach + 1, (2,), generator=generator).tolist()
        pixels = padded[:, :, down : down + size, right : right + size]
    if plan.soften:
        soft = functional.avg_pool2d(pixels, 3, stride=1, padding=1, count_include_pad=False)
        softness = torch.rand(len(pixels), 1, 1, 1, generator=generator) * 2 - 1
        pixels = torch.lerp(pixels, soft, softness.clamp_(min=0))  # half stay sharp
    strength = 0.06 * torch.rand(len(pixels), 1, 1, 1, generator=generator)
    return pixels + strength * torch.randn(pixels.shape, generator=generator)


@torch.no_grad()
def _settle(classifier: Classifier, images: torch.Tensor) -> None:
    """Take the means and variances of all batch norms anew: over clean pictures, in full precision."""
    device = next(classifier.parameters()).device
    norms = [m for m in classifier.modules() if isinstance(m, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
    for batch in images[: len(images) // _BATCH * _BATCH].split(_BATCH):
        classifier.trunk(batch.to(device).float().div_(127.5).sub_(1.0))


def _command(name: str, images: int | None, seed: int) -> str:
    words = ["labkit", "classifier", name]
    words += ["--images", str(images)] if images is not None else []
    words += ["--seed", str(seed)] if seed != 1 else []
    return shlex.join(words)
