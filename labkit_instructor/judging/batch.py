"""A whole class through an executor: any ``concurrent.futures`` one, so cores of this machine or of many.

Every submission is in the gradebook the moment it is graded, so a batch that is killed goes on where it was.
"""

import concurrent.futures
import contextlib
import json
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from labkit.files import write_bytes
from labkit_instructor.gradebook import book as gradebook
from labkit_instructor.judging.grade import Done, Job, Setting, grade_submission, refused
from labkit_instructor.marks import Batch, Graded, Handed, to_json
from labkit_instructor.submissions.intake import IntakeError, content

DASK_SECONDS = 15  # how long to wait for a scheduler to answer


class BatchError(RuntimeError):
    """The batch cannot run; the message says what to do."""


@contextlib.contextmanager
def executor(jobs: int, dask: str = "") -> Iterator[Executor]:
    """Processes on this machine, or the workers of a Dask scheduler at ``dask`` ("tcp://host:8786").

    Raises:
        BatchError: Dask is not installed, or nobody answers at that address.
    """
    if not dask:
        with _processes(jobs) as pool:
            try:
                yield pool
            except KeyboardInterrupt:  # nobody waits for what they are at; it is graded again with --resume
                for worker in multiprocessing.active_children():
                    worker.kill()
                raise
        return
    try:
        from distributed import Client
    except ImportError:
        raise BatchError(
            "--dask needs Dask, here and on every worker: pip install 'gan-lab-kit[dask]'"
        ) from None
    try:
        client = Client(dask, timeout=DASK_SECONDS)
    except (OSError, ValueError) as error:
        raise BatchError(f"no Dask scheduler answers at {dask}: {error}") from error
    with client, client.get_executor(pure=False) as pool:
        yield pool


def grade_all(
    handed: Sequence[Handed], setting: Setting, run: Batch, out: Path, pool: Executor, *, at_once: int
) -> list[Done]:
    """Grade everything, in the order in which it gets ready, into the gradebook and results of ``out``.

    Args:
        at_once: how many submissions to hold in memory.

    Raises:
        SandboxError, SolutionError: from a worker; what is graded by then is kept.
        GradebookError, OSError: the results cannot be written.
    """
    done, broken = [], []
    waiting: dict[Future, Handed] = {}
    rest = iter(handed)
    with tqdm(total=len(handed), unit="notebook", desc="grading", file=sys.stderr) as bar:
        try:
            while True:
                while len(waiting) < at_once and (one := next(rest, None)) is not None:
                    job = _job(one, setting)
                    with contextlib.suppress(BrokenExecutor), _deaf():
                        waiting[pool.submit(grade_submission, job)] = one
                        continue
                    broken.append(one)
                if not waiting:
                    break
                for future in concurrent.futures.wait(waiting, return_when=FIRST_COMPLETED).done:
                    with _deaf():
                        one = waiting.pop(future)  # first: whatever stops us now, nothing is kept twice
                        try:
                            done.append(_keep(future.result(), run, out))
                            bar.update()
                        except BrokenExecutor:
                            broken.append(one)
        except KeyboardInterrupt:
            for future in waiting:
                if future.done() and future.exception() is None:
                    _keep(future.result(), run, out)
            raise
        except BaseException:
            for future in waiting:
                future.cancel()
            raise
        for one in broken:  # whose fault it was shows when each has a process of its own
            done.append(_keep(_alone(one, setting), run, out))
            bar.update()
    return done


def write_result(graded: Graded, out: Path) -> Path:
    """Keep what the pages need: ``results/<slug>.json``."""
    path = out / "results" / f"{graded.slug}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, json.dumps(to_json(graded), ensure_ascii=True).encode())
    return path


def _keep(done: Done, run: Batch, out: Path) -> Done:
    """The result before the line in the gradebook: a submission in the book is whole."""
    write_result(done.graded, out)
    gradebook.record(out / "gradebook.jsonl", run.id, done.graded)
    return done


def _job(handed: Handed, setting: Setting) -> Job:
    if handed.trouble:
        return Job(handed, None, setting)
    try:
        return Job(handed, content(handed), setting)
    except (IntakeError, OSError) as error:
        return Job(replace(handed, trouble=str(error)), None, setting)


def _alone(handed: Handed, setting: Setting) -> Done:
    with _processes(1) as pool:
        try:
            return pool.submit(grade_submission, _job(handed, setting)).result()
        except BrokenExecutor:
            why = "the grader's own process ended while it judged this notebook; please look at it by hand"
            return Done(refused(handed, setting, why), 0.0)


def _processes(jobs: int) -> Executor:
    # Spawned, not forked: a fork would share whatever this process has open.
    context = multiprocessing.get_context("spawn")
    return concurrent.futures.ProcessPoolExecutor(jobs, mp_context=context, initializer=_dependent)


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Let Ctrl-C wait. A process that is started meanwhile hears none, not even while it begins.

    To block the signal is not enough: another thread may take it, and Python then calls the handler here.
    """
    heard: list[int] = []
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    handler = signal.getsignal(signal.SIGINT)
    if swapped := threading.current_thread() is threading.main_thread() and callable(handler):
        signal.signal(signal.SIGINT, lambda number, _frame: heard.append(number))
    try:
        yield
    finally:
        if swapped:
            signal.signal(signal.SIGINT, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if heard:
            handler(signal.SIGINT, None)


def _dependent() -> None:
    """In a worker: Ctrl-C is for the process that deals out the work, without which there is none to do.

    A worker whose parent is killed would wait for ever, since the workers keep each other's pipes open.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
