"""`labkit doctor`: is this machine ready? One line per thing: ok, or what to do about it.

`report` returns the findings for a notebook or a test, `main` prints them and gives an exit code.
Nothing is downloaded, drawn or changed.
"""

import argparse
from collections.abc import Callable, Sequence

from labkit.doctor import looks
from labkit.doctor.findings import Finding, Report

__all__ = ["Finding", "Report", "main", "report"]


def report() -> Report:
    """Look at this machine. Takes seconds, most of them importing torch."""
    return Report(tuple(_guarded(look) for look in looks.ALL))


def main(argv: Sequence[str] | None = None) -> int:
    """Print the report; returns 0 when the labs will run, else 1."""
    argparse.ArgumentParser(prog="labkit doctor", description=__doc__.splitlines()[0]).parse_args(argv)
    found = report()
    print(found)
    return 0 if found.ready else 1


def _guarded(look: Callable[[], Finding]) -> Finding:
    """A doctor that falls over helps nobody: what a look raises becomes its finding."""
    try:
        return look()
    except Exception as error:
        thing = look.__name__
        if isinstance(error, ImportError) and error.name == "torch":
            return Finding(thing, "note", "not looked at: needs torch")
        return Finding(
            thing, "fix", f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        )
