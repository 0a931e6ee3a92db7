"""A batch that is killed in the middle and resumed ends as one that was left alone."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labkit_instructor.sandbox.host import Sandbox, SandboxError
from tests.solutions import ROOT
from tests.submissions.generated import generated, put_all
from tests.submissions.processes import adopt_orphans, children, survivors

pytestmark = pytest.mark.slow

COUNT, SEED = 15, "20"
COMMAND = "import sys; from labkit.cli import main; sys.exit(main())"


def _command(folder: Path, out: Path, *more: str) -> list[str]:
    command = [sys.executable, "-c", COMMAND, "grade", str(folder), "--out", str(out)]
    return [*command, "--jobs", "2", *more]


def _lines(out: Path) -> int:
    book = out / "gradebook.jsonl"
    return book.read_bytes().count(b"\n") if book.exists() else 0


def _table(out: Path) -> list[list[str]]:
    with (out / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def _standing(out: Path) -> dict:
    from labkit_instructor.gradebook.book import standing

    return {
        who: [(i, c.points, c.source, c.status) for i, c in one.counted.items()]
        for who, one in standing(out / "gradebook.jsonl").items()
    }


def test_killed_and_resumed_is_the_same_as_left_alone(tmp_path):
    try:
        Sandbox().close()
    except SandboxError as error:
        pytest.skip(f"NOT TESTED, no sandbox on this machine: {error}")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    put_all(generated("01", COUNT, seed=3), tmp_path / "class")
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    subprocess.run(
        _command(tmp_path / "class", whole, "--seed", SEED),
        cwd=ROOT,
        env=environment,
        check=True,
        timeout=300,
    )

    adopt_orphans()
    before = set(children())
    with subprocess.Popen(
        _command(tmp_path / "class", broken, "--seed", SEED),
        cwd=ROOT,
        env=environment,
        stderr=subprocess.DEVNULL,
    ) as killed:
        end = time.monotonic() + 120
        while _lines(broken) < COUNT // 3 and killed.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        killed.send_signal(signal.SIGKILL)
    graded = _lines(broken)
    assert COUNT // 3 <= graded < COUNT, "the kill did not come in the middle"
    assert survivors(before, patience=20) == [], "workers or sandboxes outlive the command"

    with (broken / "gradebook.jsonl").open("ab") as book:
        book.write(b'{"kind": "graded", "student": {"ke')  # a line that the kill tore
    again = subprocess.run(
        _command(tmp_path / "class", broken, "--resume"), cwd=ROOT, env=environment, capture_output=True,
        text=True, timeout=300,
    )  # fmt: skip
    assert again.returncode == 0, again.stderr[-2000:]
    assert _lines(broken) < graded + COUNT, "it began from the start"
    assert _table(broken) == _table(whole)
    assert _standing(broken) == _standing(whole)
