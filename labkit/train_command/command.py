"""What ``labkit train`` does: a recipe, a data set and a budget become a folder of results.

The folder holds TensorBoard events, ``metrics.csv``, ``samples.png``, ``progress.webp``, ``losses.png``,
``diagnosis.png``, ``checkpoint.pt`` and ``run.json``. Where the kit has a classifier for the data, the run's
samples are read now and then, so that the diagnosis has more to go by than the losses.
"""

import json
import math
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy
import torch

import labkit
from labkit import plots, recipes, settings
from labkit.data import Batches, ImageSet, load
from labkit.diagnosis import DIVERGED, FEWEST_STEPS, DiagnosisError, diagnose
from labkit.files import write_bytes
from labkit.logbook import is_ours
from labkit.train_command.reading import evaluator
from labkit.training import CHECKPOINT, Run, TrainingError, train

_LOG_PACE = 30.0  # seconds between two lines of progress where nobody watches
# Samples are read ten times a run, but not more often than this: one reading takes as long as three steps
# of the published sizes, so that it stays below 5 % of the run.
_EVALUATIONS, _EVALUATED, _FEWEST_BETWEEN = 10, 250, 75


class UsageError(ValueError):
    """A command line that cannot be carried out; the message says what to change."""


@dataclass(frozen=True)
class Request:
    """The command line of ``labkit train``; None means the default of the recipe or the machine."""

    recipe: str
    data: str = "faces"
    budget: str | None = None
    steps: int | None = None
    out: Path | None = None
    resume: bool = False
    seed: int | None = None


def run(request: Request, say: Callable[[str], None] = print) -> Run:
    """Train, write the folder, and return the run.

    Raises:
        UsageError, RecipeError, DataError, CheckpointError, SettingsError: one line that says what to do.
        TrainingError: the training broke down.
        KeyboardInterrupt: after a checkpoint and the pictures so far.
    """
    here = settings.current()
    recipe = recipes.find(request.recipe)
    budget = request.budget or here.budget
    scale = recipe.scale(budget)
    if request.steps is not None and request.steps < 1:
        raise UsageError(f"--steps {request.steps}: at least 1 step is needed.")
    out = folder_of(request)
    _check_folder(out, request.resume)

    images = load(request.data, size=scale.image_size, count=scale.images)
    seed = recipe.seed if request.seed is None else request.seed
    steps = request.steps or recipe.steps(budget, len(images.images))
    torch.manual_seed(seed)
    G, D = recipe.networks(budget, images.images.shape[1])
    G, D = G.to(here.device), D.to(here.device)
    batches = Batches(images, recipe.real_batch, device=here.device, seed=seed, channels_last=True)
    d_loss, g_loss = recipe.losses()
    about = {"recipe": recipe.name, "data": images.name, "images": len(images.images), "budget": budget}
    options = recipe.options(
        seed=seed,
        about=about,
        progress=True if sys.stderr.isatty() else _LOG_PACE,
        evaluated=_EVALUATED,
        evaluate_every=max(_FEWEST_BETWEEN, math.ceil(steps / _EVALUATIONS)),
    )
    say(
        f"{recipe.name} on {images.name}: {len(images.images):,} images of {scale.image_size}x"
        f"{scale.image_size}, {steps:,} steps of {recipe.real_batch}, on {here.device.type}, into {out}"
    )
    evaluate = evaluator(images, _EVALUATED) if steps >= FEWEST_STEPS else None
    facts = {
        **about,
        "source": recipe.source,
        "data_source": images.source,
        "settings": {k: v for k, v in asdict(recipe).items() if k not in recipes.BUDGETS} | asdict(scale),
        "seed": seed,
        "steps": steps,
        "versions": versions(),
    }
    try:
        done = train(
            G, D, d_loss=d_loss, g_loss=g_loss, batches=batches, steps=steps, folder=out,
            resume=request.resume, options=options, evaluate=evaluate,
        )  # fmt: skip
    except KeyboardInterrupt as stop:
        if getattr(stop, "run", None) is not None:
            write_results(out, stop.run, facts)
        raise
    except TrainingError as error:
        # No pictures: there is nothing to see. But the folder says what became of the run.
        error.run.logbook.close()
        _write_facts(out, error.run, facts, {"verdict": DIVERGED, "reason": str(error)})
        raise
    told = write_results(out, done, facts)
    since = "" if done.resumed_at is None else f" (resumed at step {done.resumed_at:,})"
    say(
        f"done: {done.step:,} steps{since}, {done.images_per_second:,.0f} images/s. See {out / 'samples.png'}"
    )
    say(f"diagnosis: {told['verdict'] or 'none'}. {told['reason']}")
    if told["verdict"]:
        say(f"what to try: {told['advice']}")
    return done


def folder_of(request: Request) -> Path:
    """Where the results go: ``--out``, else a folder named after recipe, data and budget."""
    if request.out is not None:
        return Path(request.out)
    here = settings.current()
    name = f"{request.recipe}-{Path(request.data).stem}-{request.budget or here.budget}"
    return here.run_dir / name


def write_results(out: Path, run: Run, facts: dict) -> dict:
    """Write the pictures and ``run.json`` of a run, finished or not; return what it says of its diagnosis."""
    grids = [plots.tile(frame) for frame in run.frames.values()]
    write_bytes(out / "samples.png", plots.png(plots.tile(run.sample())))
    write_bytes(out / "progress.webp", plots.animation(grids))
    if run.step:
        title = f"{facts['recipe']} on {facts['data']}"
        write_bytes(out / "losses.png", plots.to_png(plots.loss_curves(run.logbook, title=title)))
    told = _diagnosis(out, run)
    run.logbook.close()
    _write_facts(out, run, facts, told)
    return told


def _write_facts(out: Path, run: Run, facts: dict, told: dict) -> None:
    facts = facts | {
        "diagnosis": told,
        "steps_done": run.step,
        "device": _device_name(run.precision.device),
        "bfloat16": run.precision.amp,
        "channels_last": run.precision.channels_last,
        "threads": torch.get_num_threads(),
        "images_per_second": round(run.images_per_second, 2) if run.seconds else None,
        "training_seconds": round(run.seconds, 1),
    }
    write_bytes(out / "run.json", (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode())


def _diagnosis(out: Path, run: Run) -> dict:
    """What the log says, with its picture; a verdict of None, and why, where it cannot be told."""
    picture = out / "diagnosis.png"
    picture.unlink(missing_ok=True)  # of an earlier, shorter part of the run
    if run.step < run.steps:
        return {
            "verdict": None,
            "reason": f"The run was stopped at step {run.step:,} of {run.steps:,}: no diagnosis yet.",
        }
    try:
        found = diagnose(run.logbook)
    except DiagnosisError as error:
        return {"verdict": None, "reason": f"{str(error)[0].upper()}{str(error)[1:]}"}
    figure = plots.curves(found.curves, title=found.verdict, smooth=0.6)
    write_bytes(picture, plots.to_png(figure))
    return {"verdict": found.verdict, "reason": found.reason, "advice": found.advice}


def versions() -> dict[str, str]:
    """What the numbers of a run depend on."""
    return {
        "labkit": labkit.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
    }


def describe(images: ImageSet) -> str:
    """One line about a data set."""
    count, channels, height, width = images.images.shape
    return f"{images.name}: {count:,} images of {channels}x{height}x{width}, {images.source}"


def _check_folder(out: Path, resume: bool) -> None:
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: this is a file, not a folder.")
    if resume and not (out / CHECKPOINT).is_file():
        raise UsageError(f"--resume: {out} holds no {CHECKPOINT}. Start without --resume.")
    # A run killed before its first checkpoint leaves only what the logbook began: that is no loss.
    left = (
        [p for p in out.iterdir() if not is_ours(p) and p.name != CHECKPOINT + ".part"]
        if out.is_dir()
        else []
    )
    if left and not resume:
        raise UsageError(f"{out} already exists. Go on with --resume, or choose another folder with --out.")


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
