"""``labkit release``: the student notebooks, made from the solutions."""

import argparse
import sys
from pathlib import Path

from labkit_instructor.authoring import course, markers, release, running, student_copy


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
    parser.add_argument(
        "--publish",
        type=Path,
        metavar="DIR",
        help="then write what students get: notebooks, labkit/ and data/, without solutions and tests",
    )
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the kit's folder (default: this one)")


def run(asked: argparse.Namespace) -> int:
    """Write what changed; return 0 when all is well, 1 when not."""
    root = asked.root.resolve()
    kit = release.Kit(root)
    try:
        if asked.publish and asked.check:
            raise student_copy.PublishError("--check writes nothing, so it does not go with --publish")
        drift = release.release(kit, check=asked.check, force=asked.force, execute=asked.execute)
        if asked.publish:
            names = [path.name for path in kit.solutions]
            count = student_copy.publish(root, asked.publish, course.read(root / "course.toml"), names)
    except (
        release.ReleaseError,
        markers.GrammarError,
        course.CourseError,
        running.RunError,
        student_copy.PublishError,
    ) as error:
        print(f"labkit release: {error}", file=sys.stderr)
        return 1
    for path in drift:
        print(f"{'would change' if asked.check else 'wrote'} {path.relative_to(root)}")
    if asked.check and drift:
        print("labkit release: drift. Edit solutions/, then run `make release`.", file=sys.stderr)
        return 1
    print("labkit release: no drift" if not drift else f"labkit release: {len(drift)} files written")
    if asked.publish:
        print(f"{asked.publish}: {count} files for students, to push as the repository in course.toml")
    return 0
