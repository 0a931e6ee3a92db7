"""``labkit doctor``: print the report about this machine."""

import argparse

SUMMARY = "is this machine ready? one line per thing, and what to do"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""
    parser.description = "Is this machine ready? One line per thing: ok, or what to do about it."


def run(asked: argparse.Namespace) -> int:
    """Print the report; return 0 when the labs will run, else 1."""
    from labkit import doctor

    found = doctor.report()
    print(found)
    return 0 if found.ready else 1
