"""A batch that is stopped, then killed in the middle, and resumed ends as one that was left alone."""

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


def _hears_ctrl_c() -> None:
    """What a shell starts in the background ignores SIGINT, with all that it starts: these tests too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _interrupted(command: list[str], out: Path, lines: int, **how) -> tuple[float, int, str]:
    """Press Ctrl-C in a terminal, where all of its processes hear it, once the gradebook has so many lines.

    Returns:
        Seconds until the command has ended, its exit code, and what it said.
    """
    how |= {"stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    how["preexec_fn"] = _hears_ctrl_c
    with subprocess.Popen(command, **how) as running:
        end = time.monotonic() + 120
        while _lines(out) < lines and running.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        start = time.monotonic()
        os.killpg(running.pid, signal.SIGINT)
        _, said = running.communicate(timeout=60)
        return time.monotonic() - start, running.returncode, said


def test_stopped_killed_and_resumed_is_the_same_as_left_alone(tmp_path):
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
    begin = _command(tmp_path / "class", broken, "--seed", SEED)
    seconds, code, said = _interrupted(begin, broken, 3, cwd=ROOT, env=environment)
    assert code == 130 and "--resume" in said and "Traceback" not in said
    assert seconds < 3, "a few tenths on a machine with nothing else to do"
    assert survivors(before, patience=5) == []
    kept = _lines(broken)
    assert 3 <= kept < COUNT

    with subprocess.Popen(
        _command(tmp_path / "class", broken, "--resume"),
        cwd=ROOT,
        env=environment,
        stderr=subprocess.DEVNULL,
    ) as killed:
        end = time.monotonic() + 120
        while _lines(broken) < kept + 3 and killed.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        killed.send_signal(signal.SIGKILL)
    graded = _lines(broken)
    assert kept + 3 <= graded < COUNT + 2, "the kill did not come in the middle"
    assert survivors(before, patience=20) == [], "workers or sandboxes outlive the command"

    with (broken / "gradebook.jsonl").open("ab") as book:
        book.write(b'{"kind": "graded", "student": {"ke')  # a line that the kill tore
    again = subprocess.run(
        _command(tmp_path / "class", broken, "--resume"), cwd=ROOT, env=environment, capture_output=True,
        text=True, timeout=300,
    )  # fmt: skip
    assert again.returncode == 0, again.stderr[-2000:]
    assert _lines(broken) == COUNT + 3, "a run has a line of its own, and nothing was graded twice"
    assert _table(broken) == _table(whole)
    assert _standing(broken) == _standing(whole)
