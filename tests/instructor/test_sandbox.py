"""The sandbox, for real: every wall, hard limits, a warm process that survives what its tasks do."""

import contextlib
import os
import signal
import sys
import threading
import time

import pytest

from labkit_instructor.sandbox import host as sandboxes
from labkit_instructor.sandbox import self_test
from labkit_instructor.sandbox.host import Sandbox, SandboxError
from labkit_instructor.sandbox.inside.exchange import Task
from labkit_instructor.sandbox.inside.walls import Limits
from tests.instructor.sandboxed import needs_sandbox

LOGITS = """
import torch
def bce_with_logits(logits, targets):
    return (logits.clamp(min=0) - logits * targets + torch.log1p(torch.exp(-logits.abs()))).mean()
"""


def _task(source, name="bce_with_logits"):
    return Task((("3.1", source, ""),), "3.1", name, "3.1", 5)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(Limits(cpu_seconds=3, wall_seconds=6)) as opened:
        yield opened


@needs_sandbox
def test_every_wall_holds(capsys):
    rows = list(self_test.trials())
    assert [row for row in rows if not row.ok] == []
    assert len(rows) >= 20


@needs_sandbox
def test_a_wall_that_does_not_hold_is_seen():
    with Sandbox(Limits(wall_seconds=5), unsafe=True) as open_field:
        there = self_test._There({}, 0, "", "PATH")
        reading = next(t for t in self_test._trials(there) if "solutions" in t.what)
        assert not self_test._held(reading, self_test._run(open_field, reading.code)).ok


@needs_sandbox
def test_an_answer_comes_back_as_arrays(sandbox):
    outcome = sandbox.run(_task(LOGITS + "print('hello')"))
    assert outcome.trouble == ""
    assert outcome.result.record.status == "answered"
    assert outcome.result.record.arrays["the result"].shape == ()
    assert outcome.result.printed == "hello\n"


@needs_sandbox
def test_the_same_task_gives_the_same_arrays_after_any_other(sandbox):
    first = sandbox.run(_task(LOGITS)).result.record.arrays["the gradient"]
    spoil = "import torch, numpy\ntorch.set_default_dtype(torch.float64)\nnumpy.random.seed(1)\n"
    sandbox.run(_task(f"{spoil}torch.Tensor.clamp = None\n{LOGITS}"))
    again = sandbox.run(_task(LOGITS)).result.record.arrays["the gradient"]
    assert (first == again).all()


ENDINGS = {
    "a quiet exit": ("import os; os._exit(0)", "died"),
    "an exit": ("import os; os._exit(7)", "died"),
    "a signal to all": ("import os, signal; os.kill(0, signal.SIGTERM); os._exit(1)", "died"),
    "a crash": ("import ctypes; ctypes.string_at(0)", "died"),
    "garbage as a result": ("import os; os.write(3, b'PK' * 999); os._exit(0)", "cannot be read"),
    "a sleep": ("import signal, time; signal.signal(signal.SIGALRM, 1); time.sleep(60)", "killed"),
}


@needs_sandbox
@pytest.mark.parametrize("what", ENDINGS)
def test_a_task_that_ends_badly_ends_alone(sandbox, what):
    body, trouble = ENDINGS[what]
    outcome = sandbox.run(_task(f"def bce_with_logits(logits, targets):\n    {body}\n"))
    assert trouble in outcome.trouble
    assert sandbox.run(_task(LOGITS)).result.record.status == "answered"


@needs_sandbox
def test_output_is_cut_and_harmless(sandbox):
    flood = "def bce_with_logits(logits, targets):\n    for _ in range(50):\n        print('x' * 2**20)\n"
    result = sandbox.run(_task(flood)).result
    assert 1000 <= len(result.printed) <= 4000


@needs_sandbox
def test_a_warm_process_that_is_killed_is_started_again(sandbox):
    sandbox._process.kill()
    sandbox._process.wait()
    assert sandbox.run(_task(LOGITS)).result.record.status == "answered"


@needs_sandbox
def test_nothing_is_left_when_it_closes():
    before = self_test._family(os.getpid())
    opened = Sandbox()

    def sleep():
        with contextlib.suppress(SandboxError):
            opened.run(_task("import time\ntime.sleep(60)"))

    threading.Thread(target=sleep, daemon=True).start()
    time.sleep(1)
    assert self_test._family(os.getpid()) - before
    os.kill(opened._process.pid, signal.SIGKILL)
    opened._process.wait()
    end = time.monotonic() + 10
    while self_test._family(os.getpid()) - before and time.monotonic() < end:
        time.sleep(0.05)
    # The call above has seen its sandbox die and started another, which this ends.
    opened.close()


def test_without_bubblewrap_it_refuses_and_says_what_to_do(monkeypatch):
    monkeypatch.setattr(sandboxes.shutil, "which", lambda name: None)
    with pytest.raises(SandboxError, match="apt install bubblewrap.*--unsafe"):
        Sandbox()


def test_where_bubblewrap_is_forbidden_it_says_why(monkeypatch):
    monkeypatch.setattr(sandboxes, "version", lambda: "bubblewrap 9")
    command = ["sh", "-c", "echo setting up uid map: Permission denied >&2; exit 1"]
    monkeypatch.setattr(sandboxes, "bubblewrap", lambda exercises: command)
    with pytest.raises(SandboxError, match="uid map: Permission denied"):
        Sandbox()


def test_unsafe_needs_no_bubblewrap(monkeypatch):
    monkeypatch.setattr(sandboxes.shutil, "which", lambda name: None)
    with Sandbox(unsafe=True) as opened:
        assert opened.name.startswith("none")
        assert opened.run(_task(LOGITS)).result.record.status == "answered"


def test_an_environment_that_is_the_course_itself_is_refused(monkeypatch, tmp_path):
    """``python -m venv .`` in the checkout: the sandbox would show the folder to run Python from it."""
    (tmp_path / "solutions").mkdir()
    monkeypatch.chdir(tmp_path)
    for prefix in (tmp_path, tmp_path.parent):
        monkeypatch.setattr(sys, "prefix", str(prefix))
        with pytest.raises(SandboxError, match=r"python -m venv \.venv"):
            Sandbox()
        with pytest.raises(SandboxError, match="solutions lies in"):
            sandboxes.keep_apart(tmp_path / "solutions")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    sandboxes.keep_apart(tmp_path, tmp_path / "solutions")
