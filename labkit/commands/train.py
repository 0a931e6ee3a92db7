"""``labkit train``: train a recipe into a folder of results."""

import argparse
import contextlib
import difflib
import shlex
import threading
from collections.abc import Iterator
from pathlib import Path

from labkit.commands import complain

SUMMARY = "train a published set-up; write its samples, curves, diagnosis and checkpoint"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which recipe, on what, for how long, and where to."""
    parser.description = "Train a published set-up into a folder, and say at the end what the curves tell."
    parser.add_argument(
        "recipe", metavar="RECIPE", help="handout, smoothed, tutorial, dense; stylegan; vae or cvae; cyclegan"
    )
    parser.add_argument(
        "--data",
        metavar="NAME",
        help="faces, celeba, digits, mnist, stacked, or a folder or zip (default: faces; digits for a VAE); "
        "for cyclegan paintings, monet2photo, recoloured-digits, a folder with trainA and trainB, or A,B",
    )
    parser.add_argument("--budget", choices=("smoke", "cpu", "gpu"), help="default: what the machine has")
    parser.add_argument("--steps", type=int, metavar="N", help="updates (default: the recipe's)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the results go (default: under runs/)")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in DIR")
    parser.add_argument(
        "--translate", type=Path, metavar="IN", help="cyclegan: translate these pictures by the run in DIR"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="default: the recipe's")


def run(asked: argparse.Namespace) -> int:
    """Train; after Ctrl-C, say with which command the run goes on."""
    from labkit.commands.run_files import UsageError
    from labkit.commands.run_folder import train_into_folder
    from labkit.commands.style_folder import KIND as STYLE
    from labkit.commands.style_folder import train_style_into_folder
    from labkit.commands.translation_folder import KIND, train_translation_into_folder
    from labkit.commands.vae_folder import KINDS, train_vae_into_folder
    from labkit.data import DataError
    from labkit.recipes import RECIPES, RecipeError
    from labkit.settings import SettingsError
    from labkit.training import CheckpointError, TrainingError

    everything = (*RECIPES, STYLE, *KINDS, KIND)
    try:
        if asked.recipe not in everything:
            near = difflib.get_close_matches(asked.recipe.lower(), everything, 1, 0.65)
            meant = f"did you mean {near[0]}? There are" if near else "there are"
            raise UsageError(f"no recipe is called {asked.recipe!r}; {meant} {', '.join(everything)}.")
        if asked.translate is not None and asked.recipe != KIND:
            raise UsageError(f"--translate: {asked.recipe} does not translate pictures, {KIND} does.")
        into_folder, data, more = train_into_folder, "faces", {}
        if asked.recipe in KINDS:
            into_folder, data = train_vae_into_folder, "digits"
        elif asked.recipe == STYLE:
            into_folder = train_style_into_folder
        elif asked.recipe == KIND:
            into_folder, data = train_translation_into_folder, "paintings"
            more = {"pictures": asked.translate}
        with _quiet_writers():
            into_folder(
                asked.recipe,
                asked.data or data,
                budget=asked.budget,
                steps=asked.steps,
                out=asked.out,
                resume=asked.resume,
                seed=asked.seed,
                **more,
            )
    except (UsageError, RecipeError, DataError, SettingsError, CheckpointError) as error:
        return complain("train", error, 2)
    except TrainingError as error:
        return complain("train", error, 1)
    except OSError as error:
        return complain("train", _cannot_write(error), 2)
    except KeyboardInterrupt as stop:
        if getattr(stop, "run", None) is None:
            return complain("train", "stopped before the first step", 130)
        again = shlex.join(["labkit", "train", *asked.argv, *([] if asked.resume else ["--resume"])])
        return complain("train", f"{stop}; the checkpoint is saved. Go on with: {again}", 130)
    return 0


@contextlib.contextmanager
def _quiet_writers() -> Iterator[None]:
    """Let TensorBoard's own thread not print that the disk is full: the training hears of it and says so."""
    before = threading.excepthook
    threading.excepthook = lambda args: None if isinstance(args.exc_value, OSError) else before(args)
    try:
        yield
    finally:
        threading.excepthook = before


def _cannot_write(error: OSError) -> str:
    """What to do about an error of the disk; what is in the folder is whole, as files are written whole."""
    where = f" {error.filename}" if error.filename else ""
    return (
        f"cannot write{where}: {error.strerror or error}. Make room or choose another folder with --out; "
        "where a checkpoint is in the folder, --resume goes on from it"
    )
