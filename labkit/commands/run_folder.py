"""A recipe, a data set and a budget become a folder of results: what ``labkit train`` does.

The folder holds TensorBoard events, ``metrics.csv``, ``samples.png``, ``progress.webp``, ``losses.png``,
``diagnosis.png``, ``checkpoint.pt`` and ``run.json``. Where the kit has a classifier for the data, the run's
samples are read now and then, so that the diagnosis has more to go by than the losses.
"""

import math
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch

from labkit import plots, recipes, settings
from labkit.commands.run_files import (
    LOG_PACE,
    check_folder,
    diagnosed,
    say_diagnosis,
    settled,
    speed,
    versions,
    write_facts,
)
from labkit.commands.scores import evaluator
from labkit.data import Batches, load
from labkit.diagnosis import DIVERGED, FEWEST_STEPS
from labkit.files import write_bytes
from labkit.training import Run, TrainingError, train

# Samples are read ten times a run, but not more often than this: one reading takes as long as three steps
# of the published sizes, so that it stays below 5 % of the run.
_EVALUATIONS, _EVALUATED, _FEWEST_BETWEEN = 10, 250, 75


def train_into_folder(
    recipe_name: str,
    data: str = "faces",
    *,
    budget: str | None = None,
    steps: int | None = None,
    out: Path | None = None,
    resume: bool = False,
    seed: int | None = None,
    say: Callable[[str], None] = print,
) -> Run:
    """Train, write the folder, and return the run. None means the default of the recipe or the machine.

    Args:
        recipe_name: one of `labkit.recipes`.
        data: a name or a path that `labkit.data.load` knows.
        budget: ``"smoke"``, ``"cpu"`` or ``"gpu"``.
        steps: updates of G, at least 1.
        out: the folder; by default one named after recipe, data and budget.
        resume: go on from the checkpoint in the folder.
        seed: of the weights, the noise and the order of the images.
        say: called with each line for the person at the screen.

    Raises:
        UsageError, RecipeError, DataError, CheckpointError, SettingsError: one line that says what to do.
        TrainingError: the training broke down.
        KeyboardInterrupt: after a checkpoint and the pictures so far.
    """
    here = settings.current()
    recipe = recipes.find(recipe_name)
    budget, out = settled(recipe.name, Path(data).stem, budget, steps, out)
    scale = recipe.scale(budget)
    check_folder(out, resume)

    images = load(data, size=scale.image_size, count=scale.images)
    seed = recipe.seed if seed is None else seed
    steps = steps or recipe.steps(budget, len(images.images))
    torch.manual_seed(seed)
    G, D = recipe.networks(budget, images.images.shape[1])
    G, D = G.to(here.device), D.to(here.device)
    batches = Batches(images, recipe.real_batch, device=here.device, seed=seed, channels_last=True)
    d_loss, g_loss = recipe.losses()
    about = {"recipe": recipe.name, "data": images.name, "images": len(images.images), "budget": budget}
    options = recipe.options(
        seed=seed,
        about=about,
        progress=True if sys.stderr.isatty() else LOG_PACE,
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
            resume=resume, options=options, evaluate=evaluate,
        )  # fmt: skip
    except KeyboardInterrupt as stop:
        if getattr(stop, "run", None) is not None:
            _write_results(out, stop.run, facts)
        raise
    except TrainingError as error:
        # No pictures: there is nothing to see. But the folder says what became of the run.
        error.run.logbook.close()
        _write_facts(out, error.run, facts, {"verdict": DIVERGED, "reason": str(error)})
        raise
    told = _write_results(out, done, facts)
    since = "" if done.resumed_at is None else f" (resumed at step {done.resumed_at:,})"
    say(
        f"done: {done.step:,} steps{since}, {done.images_per_second:,.0f} images/s. See {out / 'samples.png'}"
    )
    say_diagnosis(told, say)
    return done


def _write_results(out: Path, run: Run, facts: dict) -> dict:
    """Write the pictures and ``run.json`` of a run, finished or not; return what it says of its diagnosis."""
    grids = [plots.tile(frame) for frame in run.frames.values()]
    write_bytes(out / "samples.png", plots.png(plots.tile(run.sample())))
    write_bytes(out / "progress.webp", plots.animation(grids))
    if run.step:
        title = f"{facts['recipe']} on {facts['data']}"
        write_bytes(out / "losses.png", plots.to_png(plots.loss_curves(run.logbook, title=title)))
    told = diagnosed(out, run)
    run.logbook.close()
    _write_facts(out, run, facts, told)
    return told


def _write_facts(out: Path, run: Run, facts: dict, told: dict) -> None:
    how = {"bfloat16": run.precision.amp, "channels_last": run.precision.channels_last}
    write_facts(out, facts | {"diagnosis": told} | speed(run, run.precision.device) | how)
