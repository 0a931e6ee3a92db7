"""What every folder of results has in common: when it may be written, its diagnosis and its ``run.json``."""

import json
import platform
from collections.abc import Callable
from pathlib import Path

import numpy
import torch

import labkit
from labkit import plots, settings
from labkit.diagnosis import DiagnosisError, diagnose
from labkit.files import write_bytes
from labkit.logbook import is_ours
from labkit.recipes import BUDGETS, RecipeError
from labkit.training import CHECKPOINT
from labkit.training.loop import Training

LOG_PACE = 30.0  # seconds between two lines of progress where nobody watches


class UsageError(ValueError):
    """A command line that cannot be carried out; the message says what to change."""


def settled(
    name: str, data: str, budget: str | None, steps: int | None, out: Path | None
) -> tuple[str, Path]:
    """The budget and the folder of a run; None takes the machine's budget, and a folder named after the run.

    Args:
        name: of the recipe. data: of the data, without slashes: both are in the folder's name.

    Raises:
        RecipeError: no such budget. UsageError: fewer steps than 1.
    """
    here = settings.current()
    budget = budget or here.budget
    if budget not in BUDGETS:
        raise RecipeError(f"unknown budget {budget!r}: choose {', '.join(BUDGETS)}.")
    if steps is not None and steps < 1:
        raise UsageError(f"--steps {steps}: at least 1 step is needed.")
    return budget, out or here.run_dir / f"{name}-{data}-{budget}"


def check_folder(out: Path, resume: bool) -> None:
    """Refuse a folder that holds something else, or nothing to go on from.

    Raises:
        UsageError: it is a file, it holds no checkpoint to resume, or a new run would mix with what is there.
    """
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


def write_facts(out: Path, facts: dict) -> None:
    """Write ``run.json``."""
    write_bytes(out / "run.json", (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode())


def speed(training, device: torch.device) -> dict:
    """How far a training came, on what, and how fast."""
    return {
        "steps_done": training.step,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "images_per_second": round(training.images_per_second, 2) if training.seconds else None,
        "training_seconds": round(training.seconds, 1),
    }


def versions() -> dict[str, str]:
    """What the numbers of a run depend on."""
    return {
        "labkit": labkit.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
    }


def diagnosed(out: Path, run: Training) -> dict:
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


def say_diagnosis(told: dict, say: Callable[[str], None]) -> None:
    """Say what `diagnosed` returned."""
    say(f"diagnosis: {told['verdict'] or 'none'}. {told['reason']}")
    if told["verdict"]:
        say(f"what to try: {told['advice']}")
