"""The command ``labkit``: finds the subcommand, parses its command line and runs it.

A wrong command line gives one line on stderr and exit code 2. What each subcommand does stands in
`labkit.commands`; the instructor's stand in a package of their own, which a student need not have.
"""

import argparse
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from labkit import __version__
from labkit.commands import classifier, data, doctor, lab, train

COMMANDS = {
    "lab": lab,
    "doctor": doctor,
    "train": train,
    "data": data,
    "classifier": classifier,
}
INSTRUCTORS = {
    "release": "make the student notebooks from solutions/ (for instructors)",
    "grade": "grade what students handed in, in a sandbox (for instructors)",
}
_PACKAGE = "labkit_instructor"  # named here, never imported by a module of the kit


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage of everything."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if argv and argv[0] in {**COMMANDS, **INSTRUCTORS}:
        parser = Parser(prog=f"labkit {argv[0]}")
        command = COMMANDS.get(argv[0]) or _instructors(argv[0], parser)
        command.add_arguments(parser)
        asked = parser.parse_args(argv[1:], argparse.Namespace(argv=argv[1:]))
        return command.run(asked)
    told = {name: command.SUMMARY for name, command in COMMANDS.items()}
    if _finds_instructors():
        told |= INSTRUCTORS
    lines = "\n".join(f"  {name:<{max(map(len, told))}}  {summary}" for name, summary in told.items())
    parser = Parser(
        prog="labkit",
        usage="labkit COMMAND ...",
        description="The command of the GAN lab course kit.",
        epilog=f"commands:\n{lines}\n\nlabkit COMMAND --help says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and leave")
    if argv and not argv[0].startswith("-"):
        parser.error(f"there is no command {argv[0]!r}: choose {', '.join(told)}")
    if parser.parse_args(argv).version:
        print(f"labkit {__version__}")
    else:
        parser.print_help()
    return 0


def _finds_instructors() -> bool:
    """Whether there is the instructor's package: installed, or beside the kit in a checkout.

    An environment that was made before the checkout had it knows the kit alone.
    """
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / _PACKAGE).is_dir() and str(checkout) not in sys.path:
        sys.path.append(str(checkout))
    return importlib.util.find_spec(_PACKAGE) is not None


def _instructors(name: str, parser: Parser) -> ModuleType:
    """The instructor's command of this name; where it cannot be had, the parser says so and leaves."""
    if not _finds_instructors():
        parser.exit(2, f"{parser.prog} is for instructors: it needs the course's whole repository\n")
    try:
        return importlib.import_module(f"{_PACKAGE}.commands.{name}")
    except ModuleNotFoundError as error:
        parser.exit(2, f"{parser.prog} needs {error.name}: pip install 'gan-lab-kit[instructor]'\n")


if __name__ == "__main__":
    sys.exit(main())
