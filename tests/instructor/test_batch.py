"""A class through executors: processes here, two Dask workers, and workers that die."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path

import pytest

from labkit_instructor.gradebook import book as gradebook
from labkit_instructor.judging import batch
from labkit_instructor.judging.batch import BatchError
from labkit_instructor.judging.grade import Done, Setting, grade_submission
from labkit_instructor.marks import Batch, Graded, Mark
from labkit_instructor.sandbox.inside.walls import Limits
from labkit_instructor.submissions.intake import collect
from tests.instructor.handed import answered, labs, solved, untouched
from tests.instructor.sandboxed import needs_sandbox

RUN = Batch("r1", 5, (), "bubblewrap", "0.1.0", "2026-01-01T00:00:00+00:00")
LOOP = "def bce_with_logits(logits, targets):\n    while True:\n        pass\n"


@pytest.fixture(scope="module")
def handed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    students = {"anna": solved(), "bo": untouched(), "cy": answered("3.1", LOOP), "dee": None}
    for name, notebook in students.items():
        (folder / name).mkdir()
        text = "{" if notebook is None else json.dumps(notebook)
        (folder / name / "03_training_loop.ipynb").write_text(text)
    return collect([folder])


def _setting(**more):
    return Setting(5, labs(), "x", limits=Limits(cpu_seconds=4, wall_seconds=10), **more)


def _statuses(done):
    return {d.graded.student.key: [m.status for m in d.graded.marks] for d in done}


EXPECTED = {
    "anna": ["right"] * 7 + ["to review"],
    "bo": ["not attempted"] * 8,
    "cy": ["timed out", *["right"] * 6, "to review"],
    "dee": ["refused"] * 8,
}


@needs_sandbox
@pytest.mark.slow
def test_processes_grade_a_class_into_the_gradebook(handed, tmp_path):
    gradebook.record_run(tmp_path / "gradebook.jsonl", RUN)
    with batch.executor(2) as pool:
        done = batch.grade_all(handed, _setting(), RUN, tmp_path, pool, at_once=2)
    assert _statuses(done) == EXPECTED
    standing = gradebook.standing(tmp_path / "gradebook.jsonl")
    assert {key for key, _ in standing} == set(EXPECTED)
    assert len(list((tmp_path / "results").glob("*.json"))) == 4


DEAL_OUT = """
import os, sys, time
from labkit_instructor.judging import batch
if __name__ == "__main__":
    with batch.executor(2) as pool:
        print(*{pool.submit(os.getpid).result() for _ in range(8)}, flush=True)
        time.sleep(600)
"""


@pytest.mark.slow
def test_workers_end_with_the_process_that_deals_out_the_work(tmp_path):
    script = tmp_path / "deal_out.py"
    script.write_text(DEAL_OUT)
    dealer = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    workers = [int(word) for word in dealer.stdout.readline().split()]
    assert workers
    dealer.kill()
    dealer.wait()
    end = time.monotonic() + 30
    while time.monotonic() < end and any(_alive(pid) for pid in workers):
        time.sleep(0.1)
    assert not any(_alive(pid) for pid in workers)


def _alive(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


@needs_sandbox
@pytest.mark.slow
def test_two_dask_workers_give_the_same(handed, tmp_path):
    distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")
    gradebook.record_run(tmp_path / "gradebook.jsonl", RUN)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        batch.executor(2, cluster.scheduler_address) as pool,
    ):
        done = batch.grade_all(handed, _setting(), RUN, tmp_path, pool, at_once=4)
    assert _statuses(done) == EXPECTED


def test_an_address_where_nobody_answers_is_one_line(monkeypatch):
    monkeypatch.setattr(batch, "DASK_SECONDS", 1)
    pytest.importorskip("distributed", reason="the extra dask is not installed")
    with (
        pytest.raises(BatchError, match="no Dask scheduler answers at tcp://127.0.0.1:9"),
        batch.executor(1, "tcp://127.0.0.1:9"),
    ):
        pass


class _Fragile(Executor):
    """Dies at every submission of one student, as a pool does whose worker is killed."""

    def submit(self, function, job):
        future = Future()
        if job.handed.student.key == "bo":
            future.set_exception(BrokenExecutor("a worker was killed"))
        else:
            future.set_result(grade_submission(job))
        return future


@pytest.mark.slow
def test_a_worker_that_dies_costs_one_submission_at_most(handed, tmp_path, monkeypatch):
    gradebook.record_run(tmp_path / "gradebook.jsonl", RUN)
    monkeypatch.setattr(batch, "_processes", lambda jobs: _Fragile())
    done = batch.grade_all(handed, _setting(unsafe=True), RUN, tmp_path, _Fragile(), at_once=2)
    statuses = _statuses(done)
    assert statuses.pop("bo") == ["refused"] * 8
    assert statuses == {k: v for k, v in EXPECTED.items() if k != "bo"}
    broken = json.loads(next(Path(tmp_path / "results").glob("bo*.json")).read_text())
    assert "look at it by hand" in broken["marks"][0]["reason"]


class _Done(Executor):
    """Has every answer at once."""

    def submit(self, function, job):
        future = Future()
        marks = tuple(Mark(f"3.{n}", "refused", 0.0, 1.0) for n in range(1, 9))
        future.set_result(Done(Graded(job.handed.student, "03", "a.ipynb", "digest", marks), 0.0))
        return future


@pytest.mark.parametrize("stop", ["record", "update"])
def test_ctrl_c_at_any_moment_keeps_no_submission_twice(handed, tmp_path, monkeypatch, stop):
    """Python's own handler may run between two lines, whatever signals the thread has blocked."""
    book = tmp_path / "gradebook.jsonl"
    gradebook.record_run(book, RUN)
    calls = []

    def once(*_):
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt

    if stop == "update":
        monkeypatch.setattr(batch.tqdm, "update", once)
    else:
        record = gradebook.record
        monkeypatch.setattr(batch.gradebook, "record", lambda *all_: (record(*all_), once()))
    with pytest.raises(KeyboardInterrupt):
        batch.grade_all(handed, _setting(), RUN, tmp_path, _Done(), at_once=2)
    students = [json.loads(line)["graded"]["student"]["key"] for line in book.read_text().splitlines()[1:]]
    assert sorted(students) == sorted(set(students)) and len(students) == 2


def test_ctrl_c_waits_though_another_thread_hears_it(monkeypatch):
    ready, quiet, done = threading.Event(), threading.Event(), []
    threading.Thread(target=lambda: (ready.set(), quiet.wait(60)), daemon=True).start()
    ready.wait(60)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
    try:
        with pytest.raises(KeyboardInterrupt), batch._deaf():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)
            done.append("all of it")
        assert done and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        quiet.set()
        signal.signal(signal.SIGINT, before)


def test_a_fault_of_the_grader_is_no_silent_zero(handed, tmp_path, monkeypatch):
    from labkit_instructor.judging import grade

    def fail(*_arguments):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(grade, "read_submission", fail)
    done = grade_submission(batch._job(handed[0], _setting()))
    assert {m.status for m in done.graded.marks} == {"refused"}
    assert "the grader itself failed" in done.graded.marks[0].reason
