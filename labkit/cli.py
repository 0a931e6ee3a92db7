"""The command ``labkit``: doctor, train, classifier, release, grade, data.

Each subcommand is one function that imports what it needs when it is called, so that ``labkit --help``
answers at once. A wrong command line gives one line on stderr and exit code 2.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage of everything."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if argv and argv[0] in _COMMANDS:
        return _COMMANDS[argv[0]](argv[1:])
    width = max(map(len, _COMMANDS))
    lines = "\n".join(f"  {name:<{width}}  {function.__doc__}" for name, function in _COMMANDS.items())
    parser = _Parser(
        prog="labkit",
        usage="labkit COMMAND ...",
        description="The command of the GAN lab course kit.",
        epilog=f"commands:\n{lines}\n\nlabkit COMMAND --help says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and leave")
    if argv and not argv[0].startswith("-"):
        parser.error(f"there is no command {argv[0]!r}: choose {', '.join(_COMMANDS)}")
    if parser.parse_args(argv).version:
        from labkit import __version__

        print(f"labkit {__version__}")
    else:
        parser.print_help()
    return 0


def _doctor(argv: list[str]) -> int:
    """is this machine ready? one line per thing, and what to do"""
    from labkit import doctor

    return doctor.main(argv)


def _train(argv: list[str]) -> int:
    """train a published set-up; write its samples, curves, diagnosis and checkpoint"""
    parser = _Parser(
        prog="labkit train",
        description="Train a published set-up into a folder, and say at the end what the curves tell.",
    )
    parser.add_argument("recipe", metavar="RECIPE", help="handout, smoothed, tutorial or dense")
    parser.add_argument(
        "--data",
        default="faces",
        metavar="NAME",
        help="faces, celeba, digits, mnist, stacked, or a folder or zip",
    )
    parser.add_argument("--budget", choices=("smoke", "cpu", "gpu"), help="default: what the machine has")
    parser.add_argument("--steps", type=int, metavar="N", help="updates of G (default: the recipe's)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the results go (default: under runs/)")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in DIR")
    parser.add_argument("--seed", type=int, metavar="N", help="default: the recipe's")
    asked = parser.parse_args(argv)

    from labkit import train_command
    from labkit.data import DataError
    from labkit.recipes import RecipeError
    from labkit.settings import SettingsError
    from labkit.training import CheckpointError, TrainingError

    request = train_command.Request(**vars(asked))
    try:
        train_command.run(request)
    except (train_command.UsageError, RecipeError, DataError, SettingsError, CheckpointError) as error:
        return _complain("train", error, 2)
    except TrainingError as error:
        return _complain("train", error, 1)
    except OSError as error:
        return _complain("train", f"cannot write the results: {error}", 2)
    except KeyboardInterrupt as stop:
        if getattr(stop, "run", None) is None:
            return _complain("train", "stopped before the first step", 130)
        again = shlex.join(["labkit", "train", *argv, *([] if asked.resume else ["--resume"])])
        return _complain("train", f"{stop}; the checkpoint is saved. Go on with: {again}", 130)
    return 0


def _release(argv: list[str]) -> int:
    """make the student notebooks from solutions/ (for instructors)"""
    from labkit.instructor import release

    return release.main(argv)


def _grade(argv: list[str]) -> int:
    """grade what students handed in, in a sandbox (for instructors)"""
    from labkit.instructor import grade_command

    return grade_command.main(argv)


def _data(argv: list[str]) -> int:
    """fetch or draw a data set into the cache, and say what it is"""
    parser = _Parser(prog="labkit data", description="Fetch or draw a data set, once, and say what it is.")
    parser.add_argument(
        "name",
        nargs="?",
        default="faces",
        help="faces, celeba, digits, mnist, stacked, stacked-mnist, or a folder or zip",
    )
    parser.add_argument("--size", type=int, help="pixels (default 64; 28 for digits)")
    parser.add_argument("--count", type=int, help="how many images (default: by budget)")
    asked = parser.parse_args(argv)

    from labkit.data import DataError, load
    from labkit.settings import SettingsError
    from labkit.train_command import describe

    try:
        print(describe(load(asked.name, size=asked.size, count=asked.count)))
    except (DataError, SettingsError) as error:
        return _complain("data", error, 2)
    except KeyboardInterrupt:
        return _complain("data", "stopped", 130)
    return 0


def _classifier(argv: list[str]) -> int:
    """train a classifier: a small network that says which factors made a picture"""
    parser = _Parser(
        prog="labkit classifier", description="Train the classifier of a data set, and measure it."
    )
    parser.add_argument("name", metavar="NAME", help="digits, digits16, faces or mnist")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="default: where load_classifier looks for it"
    )
    parser.add_argument("--images", type=int, metavar="N", help="how many to train on (default: by name)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of pictures and weights (1)")
    asked = parser.parse_args(argv)

    from labkit import classifier_command
    from labkit.classifiers import ClassifierError
    from labkit.data import DataError
    from labkit.settings import SettingsError

    try:
        classifier_command.run(classifier_command.Request(**vars(asked)))
    except (ClassifierError, DataError, SettingsError) as error:
        return _complain("classifier", error, 2)
    except classifier_command.BarMissed as error:
        return _complain("classifier", error, 1)
    except OSError as error:
        return _complain("classifier", f"cannot write the classifier: {error}", 2)
    except KeyboardInterrupt:
        return _complain("classifier", "stopped", 130)
    return 0


def _complain(command: str, message: object, code: int) -> int:
    print(f"labkit {command}: {' '.join(str(message).split())}", file=sys.stderr)
    return code


_COMMANDS = {
    "doctor": _doctor,
    "train": _train,
    "data": _data,
    "classifier": _classifier,
    "release": _release,
    "grade": _grade,
}


if __name__ == "__main__":
    sys.exit(main())
