"""Seconds per submission of ``labkit grade``, against a fresh kernel for each; whether a kill loses anything.

    python benchmarks/grading.py [--count N] [--jobs N] [--kernels N] [--seed S]

Grades generated submissions of lab 03 (answers right, right in another way, wrong and blank, drawn by the
seed) with the command as an instructor gives it, once in peace and once killed in the middle and resumed.
The rival is what graders that run notebooks do: a fresh kernel for each submission runs the notebook's import
cell, the answers with their helpers, and the notebook's own checks, and nothing else of the lab. It has no
sandbox, no second run with the solution's earlier answers, and no comparison with the solution. Prints
Markdown. Exit code 1 when the resumed marks differ or the mean is above 0.4 seconds.
"""

import argparse
import csv
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the class that is graded lives with the tests

from labkit_instructor.authoring import markers  # noqa: E402
from tests.submissions.build import Case  # noqa: E402
from tests.submissions.generated import generated, put_all  # noqa: E402

LAB = "03"
COMMAND = "import sys; from labkit.cli import main; sys.exit(main())"
TARGET = 0.4  # seconds per submission


@dataclass(frozen=True)
class Batch:
    """One run of the command.

    Attributes:
        before: seconds until the first submission was graded: imports, sandboxes, the solution's own results.
        each: seconds between one graded submission and the next, over the whole batch.
        wall: seconds from start to end, exports and pages included.
    """

    before: float
    each: list[float]
    wall: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return 0 when it is as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="submissions")
    parser.add_argument("--jobs", type=int, default=2, help="processes that grade")
    parser.add_argument(
        "--kernels", type=int, default=8, help="submissions that also get a fresh kernel each"
    )
    parser.add_argument("--seed", type=int, default=2026, help="of the submissions and of the inputs")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        return _measure(Path(folder), options)


def _measure(place: Path, options: argparse.Namespace) -> int:
    cases = generated(LAB, options.count, options.seed)
    put_all(cases, place / "class")
    seeded = "--seed", str(options.seed)
    whole = _grade(place / "class", place / "whole", options, *seeded)
    killed_after = _grade_and_kill(place / "class", place / "broken", options, *seeded)
    _grade(place / "class", place / "broken", options, "--resume")
    same = _table(place / "whole") == _table(place / "broken")
    kernels = [_fresh_kernel(place, case) for case in cases[: options.kernels]]
    mean = statistics.fmean(whole.each)
    print(f"{options.count} submissions of lab {LAB}, {options.jobs} jobs, {os.cpu_count()} cores\n")
    print("| | seconds |\n|---|---:|")
    print(f"| per submission, mean | **{mean:.2f}** |")
    print(f"| median | {statistics.median(whole.each):.2f} |")
    print(f"| longest wait for the next | {max(whole.each):.2f} |")
    print(f"| set-up, once: imports, sandboxes, the solution's results | {whole.before:.1f} |")
    print(f"| in all, with exports and pages | {whole.wall:.1f} |")
    rival = statistics.fmean(kernels)
    print(f"| a fresh kernel for each, mean of {len(kernels)}, one at a time | {rival:.2f} |")
    ratio = rival / options.jobs / mean
    print(f"\nA fresh kernel on each of {options.jobs} cores takes {ratio:.0f} times as long per submission.")
    outcome = "the same" if same else "DIFFERENT"
    print(f"Killed after {killed_after} and resumed: the table of grades is {outcome}.")
    return 0 if same and mean <= TARGET else 1


def _command(folder: Path, out: Path, options: argparse.Namespace) -> list[str]:
    command = [sys.executable, "-c", COMMAND, "grade", str(folder), "--out", str(out), "--lab", LAB]
    return [*command, "--jobs", str(options.jobs)]


def _environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def _grade(folder: Path, out: Path, options: argparse.Namespace, *more: str) -> Batch:
    start = time.monotonic()
    command = [*_command(folder, out, options), *more]
    moments = []
    with subprocess.Popen(command, cwd=ROOT, env=_environment()) as running:
        while running.poll() is None:
            moments += [time.monotonic()] * (_graded(out) - len(moments))
            time.sleep(0.02)
    if running.returncode:
        raise SystemExit(f"labkit grade ended with {running.returncode}")
    each = [b - a for a, b in zip(moments, moments[1:], strict=False)]
    return Batch(moments[0] - start if moments else 0.0, each, time.monotonic() - start)


def _grade_and_kill(folder: Path, out: Path, options: argparse.Namespace, *more: str) -> int:
    command = [*_command(folder, out, options), *more]
    with subprocess.Popen(command, cwd=ROOT, env=_environment()) as running:
        while _graded(out) < options.count // 2 and running.poll() is None:
            time.sleep(0.02)
        running.send_signal(signal.SIGKILL)
    return _graded(out)


def _graded(out: Path) -> int:
    """How many submissions the gradebook holds."""
    try:
        return (out / "gradebook.jsonl").read_bytes().count(b'\n{"entry":"graded"')
    except FileNotFoundError:
        return 0


def _table(out: Path) -> list[list[str]]:
    with (out / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def _fresh_kernel(place: Path, case: Case) -> float:
    """Seconds from nothing to all checks done, in a kernel of its own."""
    file = next((place / "class" / case.student).iterdir())
    notebook = nbformat.read(file, as_version=4)
    notebook.cells = list(_what_counts(notebook.cells))
    start = time.monotonic()
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=True)
    client.execute(env={**_environment(), "LABKIT_BUDGET": "smoke", "LABKIT_TENSORBOARD": "off"})
    return time.monotonic() - start


def _what_counts(cells: Iterable) -> Iterable:
    """The import cell, the student's own cells, the answers and the checks."""
    for cell in cells:
        own = cell.cell_type == "code" and not cell.get("id", "").startswith(f"{LAB}-")
        head = markers.header(cell.cell_type, cell.source)
        imports = cell.source.startswith("import functools")
        if cell.cell_type == "code" and (own or head or imports or cell.source.startswith("check(")):
            yield cell


if __name__ == "__main__":
    sys.exit(main())
