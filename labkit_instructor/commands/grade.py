"""``labkit grade``: a batch, and everything that is made from its results."""

import argparse
import atexit
import getpass
import hashlib
import os
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from labkit import __version__
from labkit_instructor import publish
from labkit_instructor.authoring.course import Course, CourseError, read
from labkit_instructor.gradebook import book as gradebook
from labkit_instructor.gradebook.book import GradebookError
from labkit_instructor.gradebook.reviews import ReviewError, read_sheet
from labkit_instructor.judging import batch
from labkit_instructor.judging.grade import Setting
from labkit_instructor.judging.judge import SolutionError
from labkit_instructor.marks import Batch, Handed
from labkit_instructor.reports import summary
from labkit_instructor.sandbox import self_test
from labkit_instructor.sandbox.host import NONE, SandboxError, keep_apart, version
from labkit_instructor.submissions import lateness
from labkit_instructor.submissions.intake import IntakeError, collect
from labkit_instructor.submissions.selection import select
from labkit_instructor.submissions.trusted import Trusted, TrustedError, labs

_KNOWN = (
    batch.BatchError,
    CourseError,
    GradebookError,
    IntakeError,
    ReviewError,
    SandboxError,
    SolutionError,
    TrustedError,
)
_BOOK = "gradebook.jsonl"
_UNSAFE = (
    "WARNING: --unsafe. The students' code runs without a sandbox, with your rights, on your files. "
    "Everything that comes out of this run says so."
)


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
    parser.add_argument(
        "--deadline",
        metavar="TIME",
        help='mark as late what came after "2026-11-20 23:59", by the times in Moodle\'s zip (Canvas says it '
        "itself); no points are taken",
    )
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
    try:
        _usable(asked)
        if asked.self_test:
            return self_test.main()
        if asked.merge:
            return _merge(asked)
        if asked.set:
            return _set(asked)
        return _grade(asked)
    except _KNOWN as error:
        print(f"labkit grade: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        what_next = (
            "; what is graded is kept, and once that is put right --resume goes on" if asked.paths else ""
        )
        where = f": {error.filename}" if error.filename else ""
        print(f"labkit grade: {error.strerror or error}{where}{what_next}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            "labkit grade: stopped. What is graded is kept; --resume goes on, then makes pages and tables",
            file=sys.stderr,
            flush=True,
        )
        atexit.register(os._exit, 130)  # all is written; to take PyTorch apart would take seconds
        return 130


def _usable(asked: argparse.Namespace) -> None:
    """Refuse a command line that cannot be meant, before anything is written."""
    modes = [bool(asked.self_test), bool(asked.merge), bool(asked.set), bool(asked.paths)]
    if sum(modes) != 1:
        _complain("name what to grade, or one of --merge, --set and --self-test")
    if not asked.self_test and asked.out is None:
        _complain("--out DIR is missing: the folder of the gradebook")
    if asked.out is not None and asked.out.exists() and not asked.out.is_dir():
        _complain(f"--out {asked.out} is a file: name a folder")
    if asked.jobs is not None and asked.jobs < 1:
        _complain(f"--jobs {asked.jobs}: give 1 or more")
    if asked.seed is not None and not 0 <= asked.seed < 2**31:
        _complain(f"--seed {asked.seed}: give a number from 0 to 2147483647")
    if asked.deadline:
        try:
            lateness.deadline(asked.deadline)
        except ValueError:
            _complain(f'--deadline {asked.deadline!r}: write a time such as "2026-11-20 23:59", or a day')
    if asked.seed is not None and asked.resume:
        _complain("--resume goes on with the seed of the last run: leave --seed out")
    if (asked.merge or asked.set) and not (asked.out / _BOOK).is_file():
        _complain(f"{asked.out} holds no {_BOOK}: is it the --out of an earlier run?")


def _complain(message: str) -> NoReturn:
    raise batch.BatchError(message)


def _grade(asked: argparse.Namespace) -> int:
    book = asked.out / _BOOK
    course, trusted = _course(asked.solutions), labs(asked.solutions)
    earlier = gradebook.runs(book)
    lab = _lab(asked, trusted, earlier)
    handed = collect(asked.paths, [t.stem for t in trusted.values()], gradebook.people(book))
    print(f"{len(handed)} files to read …", flush=True)
    if asked.deadline:
        handed = lateness.marked(handed, lateness.deadline(asked.deadline))
        if untimed := len(lateness.untimed(handed)):
            print(f"--deadline: no platform says when {untimed} of them were handed in; they are not marked.")
    handed = select(handed, trusted, lab)
    # Last, as it asks for a sandbox: a slip is a slip without one too.
    run = _run(asked, course, lab, earlier)
    before = gradebook.finished(book, run) if asked.resume else set()
    todo = [h for h in handed if not any(_same(h, key) for key in before)]
    if len(todo) < len(handed):
        print(f"{len(handed) - len(todo)} of {len(handed)} notebooks are graded already.")
    asked.out.mkdir(parents=True, exist_ok=True)
    gradebook.record_run(book, run)
    setting = Setting(run.seed, trusted, _digest(asked.solutions), lab, run.unsafe, partial=run.partial)
    jobs = asked.jobs or os.cpu_count() or 1
    start = time.monotonic()
    if todo:
        print("Starting; the first notebook waits for the sandboxes, about 20 seconds …", flush=True)
        with batch.executor(min(jobs, len(todo)), asked.dask) as pool:
            batch.grade_all(todo, setting, run, asked.out, pool, at_once=4 * jobs)
    publish.publish(asked.out, trusted, course, run)
    print(f"{len(todo)} graded in {time.monotonic() - start:.0f} seconds, pages and tables made.")
    print(f"Seed {run.seed}, sandbox: {run.sandbox}.")
    _report(asked.out)
    if run.unsafe:
        print(_UNSAFE, file=sys.stderr)
    return 0


def _lab(asked: argparse.Namespace, trusted: Mapping[str, Trusted], earlier: Sequence[Batch]) -> str:
    """The lab to grade, "03"; "" is whatever was handed in. With --resume, that of the last run."""
    lab = asked.lab.zfill(2) if asked.lab else ""
    if lab and lab not in trusted:
        _complain(f"--lab {asked.lab}: {asked.solutions} has no such lab, but {', '.join(trusted)}")
    if asked.resume and not earlier:
        _complain(f"--resume: there is no run in {asked.out} to go on with")
    return "".join(earlier[-1].labs) if asked.resume else lab


def _run(asked: argparse.Namespace, course: Course, lab: str, earlier: Sequence[Batch]) -> Batch:
    """What this run is: the last one again with --resume, else a new one."""
    sandbox = NONE if asked.unsafe else version()
    if not asked.unsafe:
        keep_apart(asked.solutions, asked.out)
    seed = asked.seed if asked.seed is not None else secrets.randbelow(2**31)
    if asked.resume:
        seed = earlier[-1].seed
    elif earlier:
        print(f"{asked.out / _BOOK} is there already: this is a regrade, and its history is kept.")
    if asked.unsafe:
        print(_UNSAFE, file=sys.stderr)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    chosen = (lab,) if lab else ()
    return Batch(secrets.token_hex(4), seed, chosen, sandbox, __version__, started, _partial(course, earlier))


def _partial(course: Course, earlier: Sequence[Batch]) -> bool:
    """Whether points are given in parts: as the course says; else as in the run before, so that marks which
    students know stay what they are."""
    if course.partial is not None or not earlier:
        return course.partial is not False
    if not earlier[-1].partial:
        print(
            "This gradebook was begun with all points or none for an exercise, and goes on so. For points in "
            "parts write partial = true under [grading] in course.toml."
        )
    return earlier[-1].partial


def _merge(asked: argparse.Namespace) -> int:
    book = asked.out / _BOOK
    rows = [row for path in asked.merge for row in read_sheet(path)]
    new = gradebook.review(book, rows, by=_who())
    _again(asked.out, asked.solutions)
    print(f"{len(rows)} reviewed answers, {new} of them new. Pages and tables are made anew.")
    _report(asked.out)
    return 0


def _set(asked: argparse.Namespace) -> int:
    book = asked.out / _BOOK
    student, change = asked.set
    exercise, _, text = change.partition("=")
    try:
        points = None if text == "auto" else float(text.replace(",", "."))
    except ValueError:
        _complain(f"--set {change!r}: write ID=POINTS, such as 3.2=2, or 3.2=auto to hand it back")
    lab = exercise.split(".")[0].zfill(2)
    standings = gradebook.standing(book)
    student = gradebook.find(standings, student, lab)
    gradebook.change(
        book,
        student=student,
        lab=lab,
        exercise=exercise,
        points=points,
        reason=asked.reason,
        by=_who(),
        bonus=asked.bonus,
    )
    _again(asked.out, asked.solutions)
    after = gradebook.standing(book)[student, lab]
    before = standings[student, lab]
    old, new = before.counted[exercise], after.counted[exercise]
    print(f"{student}, {exercise}: {_points(old.points)} → {_points(new.points)} of {new.mark.out_of:g}.")
    print(f"Lab {lab}: {before.total.points:g} → {after.total.points:g} of {after.total.out_of:g}.")
    return 0


def _again(out: Path, solutions: Path) -> None:
    last = gradebook.runs(out / _BOOK)[-1]
    publish.publish(out, labs(solutions), _course(solutions), last)


def _report(out: Path) -> None:
    standings = list(gradebook.standing(out / _BOOK).values())
    print("\n".join(summary.lines(standings, out)))


def _points(points: float | None) -> str:
    return "waiting" if points is None else f"{points:g}"


def _course(solutions: Path) -> Course:
    """``course.toml`` of this folder or, from elsewhere, the one beside the solutions."""
    here = Path("course.toml")
    return read(here if here.is_file() else solutions.parent / here)


def _same(handed: Handed, key: str) -> bool:
    digest, _, rest = key.partition(" ")
    return handed.digest == digest and rest.partition(" ")[2] == handed.student.key


def _digest(solutions: Path) -> str:
    """Tells one state of the solutions from another."""
    files = sorted(solutions.glob("[0-9][0-9]_*.ipynb"))
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:16]


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
