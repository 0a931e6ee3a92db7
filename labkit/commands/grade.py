"""``labkit grade``: grade what students handed in."""

import argparse
from pathlib import Path

SUMMARY = "grade what students handed in, in a sandbox (for instructors)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to grade, or what to do with an earlier gradebook."""
    parser.description = "Grade notebooks in a sandbox, on fresh inputs, against the solutions."
    parser.epilog = "docs/instructors.md leads from a fork to the first grades."
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="notebooks, folders (one per student, or flat), or the zip that Canvas or Moodle exports",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="where gradebook, tables and pages go")
    parser.add_argument("--lab", metavar="NN", help="grade this lab only (default: whatever was handed in)")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes (default: one per core)")
    parser.add_argument("--seed", type=int, metavar="S", help="of the fresh inputs (default: random, kept)")
    parser.add_argument("--resume", action="store_true", help="go on with the last run in DIR")
    parser.add_argument("--unsafe", action="store_true", help="no sandbox: strangers' code runs as you")
    parser.add_argument("--dask", default="", metavar="ADDRESS", help="on the workers of this scheduler")
    parser.add_argument(
        "--solutions",
        type=Path,
        default=Path("solutions"),
        metavar="DIR",
        help="the solved notebooks (default: solutions)",
    )
    other = parser.add_argument_group("instead of grading")
    other.add_argument(
        "--merge", nargs="+", type=Path, metavar="CSV", help="merge filled-in review sheets into DIR"
    )
    other.add_argument("--set", nargs=2, metavar=("STUDENT", "ID=POINTS"), help="set points by hand in DIR")
    other.add_argument("--reason", default="", metavar="TEXT", help="why, with --set; the student sees it")
    other.add_argument("--bonus", action="store_true", help="with --set: more points than the exercise has")
    other.add_argument("--self-test", action="store_true", help="prove the sandbox on this machine")


def run(asked: argparse.Namespace) -> int:
    """Grade, or merge and set points; return the exit code."""
    from labkit.instructor import grade_command

    return grade_command.run(asked)
