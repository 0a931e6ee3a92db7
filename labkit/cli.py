"""The command ``labkit``: finds the subcommand, parses its command line and runs it.

A wrong command line gives one line on stderr and exit code 2. What each subcommand does stands in
`labkit.commands`.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from labkit import __version__
from labkit.commands import classifier, data, doctor, grade, release, train

COMMANDS = {
    "doctor": doctor,
    "train": train,
    "data": data,
    "classifier": classifier,
    "release": release,
    "grade": grade,
}


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage of everything."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if argv and argv[0] in COMMANDS:
        parser = Parser(prog=f"labkit {argv[0]}")
        COMMANDS[argv[0]].add_arguments(parser)
        asked = parser.parse_args(argv[1:], argparse.Namespace(argv=argv[1:]))
        return COMMANDS[argv[0]].run(asked)
    width = max(map(len, COMMANDS))
    lines = "\n".join(f"  {name:<{width}}  {command.SUMMARY}" for name, command in COMMANDS.items())
    parser = Parser(
        prog="labkit",
        usage="labkit COMMAND ...",
        description="The command of the GAN lab course kit.",
        epilog=f"commands:\n{lines}\n\nlabkit COMMAND --help says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and leave")
    if argv and not argv[0].startswith("-"):
        parser.error(f"there is no command {argv[0]!r}: choose {', '.join(COMMANDS)}")
    if parser.parse_args(argv).version:
        print(f"labkit {__version__}")
    else:
        parser.print_help()
    return 0


if __name__ == "__main__":
    sys.exit(main())
