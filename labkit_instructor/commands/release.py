"""``labkit release``: the student notebooks, made from the solutions."""

import argparse
import sys
from pathlib import Path

from labkit_instructor.authoring import course, markers, release, running


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to run first, and whether to write."""
    parser.description = "From the solution notebooks to what students open."
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file would change")
    parser.add_argument("--force", action="store_true", help="run every student notebook, changed or not")
    parser.add_argument(
        "--execute",
        nargs="*",
        metavar="LAB",
        help="first run the solutions of these labs (all, if none is named) and store their figures",
    )
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the kit's folder (default: this one)")


def run(asked: argparse.Namespace) -> int:
    """Write what changed; return 0 when all is well, 1 when not."""
    root = asked.root.resolve()
    try:
        drift = release.release(
            release.Kit(root), check=asked.check, force=asked.force, execute=asked.execute
        )
    except (release.ReleaseError, markers.GrammarError, course.CourseError, running.RunError) as error:
        print(f"labkit release: {error}", file=sys.stderr)
        return 1
    for path in drift:
        print(f"{'would change' if asked.check else 'wrote'} {path.relative_to(root)}")
    if asked.check and drift:
        print("labkit release: drift. Edit solutions/, then run `make release`.", file=sys.stderr)
        return 1
    print("labkit release: no drift" if not drift else f"labkit release: {len(drift)} files written")
    return 0
