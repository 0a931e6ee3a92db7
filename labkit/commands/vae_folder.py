"""A VAE, with or without a condition, and a data set become a folder of results: ``labkit train vae|cvae``.

The folder holds TensorBoard events, ``metrics.csv``, ``losses.png``, ``reconstructions.png`` (the first 100
test images at five moments), ``inputs_outputs.png``, ``latent.png`` (where each class lies), ``grid.png``
(10 x 10 points of the latent plane, decoded), ``extents.csv``, ``diagnosis.png``, ``checkpoint.pt`` and
``run.json``.
"""

import csv
import io
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from labkit import plots, settings
from labkit.commands.run_files import (
    LOG_PACE,
    UsageError,
    check_folder,
    diagnosed,
    say_diagnosis,
    settled,
    speed,
    versions,
    write_facts,
)
from labkit.data import Batches, DataError, ImageSet, load
from labkit.data.mnist import test_images_at
from labkit.files import write_bytes
from labkit.metrics import class_extents, neighbour_accuracy
from labkit.networks import vae_pair
from labkit.training import TrainingError, VAEOptions, VAERun, train_vae
from labkit.variational import Shown, encoded, negative_elbo, plane

KINDS = ("vae", "cvae")
SOURCE = "course report (in Persian) after the VAE example of Keras; Kingma, Welling, 2014, arXiv:1312.6114"
LATENT_DIM, CLASSES, SIZE = 2, 10, 28
_ENOUGH = 30_000  # images from which on the report's 16 hidden units learn: on fewer, most runs collapse
_HELD_OUT = {"digits": "digits-test", "mnist": "mnist-test"}
_MOMENTS, _SHOWN, _EVALUATIONS = 5, 100, 20


@dataclass(frozen=True)
class Plan:
    """What is trained for how long.

    Attributes:
        hidden: units of the encoder's dense layer.
        warm_up: steps over which the learning rate rises. Many of the report's 16 units die in the first
            steps, and fewer of them with it; on some seeds the code still collapses, and the run says so.
    """

    batch_size: int
    hidden: int
    steps: int
    warm_up: int = 0


def train_vae_into_folder(
    kind: str,
    data: str = "digits",
    *,
    budget: str | None = None,
    steps: int | None = None,
    out: Path | None = None,
    resume: bool = False,
    seed: int | None = None,
    say: Callable[[str], None] = print,
) -> VAERun:
    """Train, write the folder, and return the run. None means the report's way or the machine's.

    Args:
        kind: ``"vae"`` or ``"cvae"``.
        data: a name or a path that `labkit.data.load` knows. A conditional VAE needs classes: digits.
        budget: ``"smoke"``, ``"cpu"`` or ``"gpu"``.
        steps, out, resume, seed, say: as in `labkit.commands.run_folder.train_into_folder`.

    Raises:
        UsageError, RecipeError, DataError, CheckpointError, SettingsError: one line that says what to do.
        TrainingError: the training broke down.
        KeyboardInterrupt: after a checkpoint and the pictures so far.
    """
    here = settings.current()
    budget, out = settled(kind, Path(data).stem, budget, steps, out)
    check_folder(out, resume)

    images, test = _split(data, budget)
    labels, test_labels = (s.factors.get("digit") for s in (images, test))
    conditional = kind == "cvae"
    if conditional and labels is None:
        raise UsageError(
            f"cvae needs the class of each image, which {images.name} lacks: use digits or mnist."
        )
    plan = planned(kind, budget, len(images), steps)
    seed = 0 if seed is None else seed
    torch.manual_seed(seed)
    encoder, decoder = vae_pair(
        latent_dim=LATENT_DIM,
        hidden=plan.hidden,
        classes=CLASSES if conditional else 0,
        image_channels=images.images.shape[1],
        image_size=SIZE,
    )
    encoder, decoder = encoder.to(here.device), decoder.to(here.device)
    batches = Batches(
        images, plan.batch_size, device=here.device, seed=seed, labels=labels if conditional else None
    )
    about = {"recipe": kind, "data": images.name, "images": len(images), "budget": budget}
    say(
        f"{kind} on {images.name}: {len(images):,} images of {SIZE}x{SIZE}, {plan.hidden} hidden units, "
        f"{plan.steps:,} steps of {plan.batch_size}, on {here.device.type}, into {out}"
    )
    facts = {
        **about,
        "source": SOURCE,
        "data_source": images.source,
        "settings": asdict(plan) | {"latent_dim": LATENT_DIM, "lr": VAEOptions.lr},
        "seed": seed,
        "steps": plan.steps,
        "versions": versions(),
    }
    options = VAEOptions(
        seed=seed,
        warm_up=plan.warm_up,
        about=about,
        progress=True if sys.stderr.isatty() else LOG_PACE,
        sample_every=max(1, -(-plan.steps // (_MOMENTS - 1))),
        evaluate_every=max(1, -(-plan.steps // _EVALUATIONS)),
    )
    shown = Shown(test.images, test_labels)
    try:
        done = train_vae(
            encoder, decoder, batches=batches, steps=plan.steps, test=shown, conditional=conditional,
            shown=_SHOWN, folder=out, resume=resume, options=options,
        )  # fmt: skip
    except KeyboardInterrupt as stop:
        if getattr(stop, "run", None) is not None:
            _write_results(out, stop.run, facts)
        raise
    except TrainingError as error:
        error.run.logbook.close()
        write_facts(out, facts | {"broke_down": str(error)} | speed(error.run, here.device))
        raise
    found = _write_results(out, done, facts)
    since = "" if done.resumed_at is None else f" (resumed at step {done.resumed_at:,})"
    say(f"done: {done.step:,} steps{since}, {done.images_per_second:,.0f} images/s. See {out / 'grid.png'}")
    parts = found["test"]
    say(
        f"-ELBO on {len(test):,} test images: {parts['total']:.2f} nats "
        f"({parts['reconstruction']:.2f} + {parts['kl']:.2f})"
    )
    say_diagnosis(found["diagnosis"], say)
    return done


def planned(kind: str, budget: str, images: int, steps: int | None = None) -> Plan:
    """How the report trains on many images, 50 epochs (40 with a condition); on few, what learns there."""
    published = images >= _ENOUGH
    batch_size, hidden = (128, 16) if published else (min(32, images), 128)
    epochs = {"smoke": 2}.get(budget, {"vae": 50, "cvae": 40}[kind] if published else 10)
    return Plan(batch_size, hidden, steps or epochs * (images // batch_size), 300 if published else 0)


def _split(data: str, budget: str) -> tuple[ImageSet, ImageSet]:
    """Images to train on, and others to test on: the set's own, or else the last tenth."""
    count = 600 if budget == "smoke" else None
    images = load(data, size=SIZE, count=count)
    if data in _HELD_OUT:
        return images, load(_HELD_OUT[data], size=SIZE, count=count)
    test = test_images_at(Path(data))
    if test is not None:
        return images, load(test, size=SIZE, count=count)
    kept = len(images) - max(1, len(images) // 10)
    if kept < 1:
        raise DataError(f"{images.name} has one image: a VAE needs some to train on and others to test on.")

    def part(rows: slice) -> ImageSet:
        factors = {name: values[rows] for name, values in images.factors.items()}
        return ImageSet(images.name, images.images[rows], factors, images.source)

    return part(slice(kept)), part(slice(kept, None))


def _write_results(out: Path, run: VAERun, facts: dict) -> dict:
    """Write the pictures, the table and ``run.json`` of a run, finished or not; return the facts."""
    title = f"{facts['recipe']} on {facts['data']}"
    mean, _ = encoded(run.encoder, run.test, conditional=run.conditional)
    labels = run.test.labels
    moments = list(run.frames)
    chosen = [moments[round(i * (len(moments) - 1) / (_MOMENTS - 1))] for i in range(_MOMENTS)]
    pictures = {
        "reconstructions.png": plots.gallery({f"step {s:,}": run.frames[s] for s in dict.fromkeys(chosen)}),
        "inputs_outputs.png": plots.gallery({"inputs": run.shown.images, "outputs": run.sample()}),
        "grid.png": _grids(run),
    }
    if run.step:
        pictures["losses.png"] = plots.elbo_curves(run.logbook, title=title)
    known = {}
    if labels is not None:
        pictures["latent.png"] = plots.scatter_by_class(mean, labels, title=title)
        known = {"neighbour_accuracy": round(neighbour_accuracy(mean, labels), 4)} if len(mean) > 10 else {}
        write_bytes(out / "extents.csv", _extents(mean, labels))
    for name, figure in pictures.items():
        write_bytes(out / name, plots.to_png(figure))
    told = diagnosed(out, run)
    run.logbook.close()
    parts = negative_elbo(run.encoder, run.decoder, run.test, conditional=run.conditional)
    facts = (
        facts
        | {"test": parts, **known, "diagnosis": told}
        | speed(run, next(run.encoder.parameters()).device)
    )
    write_facts(out, facts)
    return facts


def _grids(run: VAERun) -> plots.Figure:
    if not run.conditional:
        return plots.gallery({"the latent plane": plane(run.decoder)})
    return plots.gallery({str(d): plane(run.decoder, label=d) for d in range(CLASSES)})


def _extents(mean: torch.Tensor, labels: torch.Tensor) -> bytes:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["class", *(f"z{axis} {end}" for axis in range(mean.shape[1]) for end in ("from", "to"))])
    for c, ranges in class_extents(mean, labels).items():
        table.writerow([c, *(f"{end:.3f}" for pair in ranges for end in pair)])
    return text.getvalue().encode()
