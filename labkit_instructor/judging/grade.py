"""Grading one submission, on whatever machine and in whatever process: bytes in, marks out.

`grade_submission` is what an executor maps over a class. A process that calls it keeps one sandbox warm and
the solution's results at hand.
"""

import functools
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from labkit.exercises import find
from labkit_instructor.judging.judge import Judge, SolutionError, judge_submission, prepared
from labkit_instructor.judging.limits import TooMuch, limited
from labkit_instructor.marks import Graded, Handed, Mark
from labkit_instructor.sandbox.host import Sandbox, SandboxError
from labkit_instructor.sandbox.inside.walls import Limits
from labkit_instructor.submissions.reading import ReadingError, lab_of_name, read_submission
from labkit_instructor.submissions.trusted import Trusted

UNKNOWN = "unknown"  # the lab of a file that does not even say which lab it is


@dataclass(frozen=True)
class Setting:
    """What all submissions of a run share.

    Attributes:
        seed: of the fresh inputs.
        labs: "03" -> the trusted notebook.
        version: a digest of these notebooks, which tells settings apart.
        wanted: the one lab to grade, or empty.
        unsafe: without a sandbox.
        limits: of every task.
        partial: whether an answer that is not right can earn a part of the points.
    """

    seed: int
    labs: Mapping[str, Trusted] = field(compare=False, repr=False)
    version: str
    wanted: str = ""
    unsafe: bool = False
    limits: Limits = Limits()
    partial: bool = True


@dataclass(frozen=True)
class Job:
    """One submission to grade: what was handed in and its bytes (None where it cannot be read)."""

    handed: Handed
    content: bytes | None
    setting: Setting


@dataclass(frozen=True)
class Done:
    """A graded submission and how many seconds it took."""

    graded: Graded
    seconds: float


def grade_submission(job: Job) -> Done:
    """Grade one submission. Whatever is wrong with it ends up in its marks.

    Raises:
        SandboxError: there is no working sandbox on this machine.
        SolutionError: the instructor's own notebook does not pass.
    """
    with _one_at_a_time():
        start = time.monotonic()
        try:
            return _grade(job)
        except (SandboxError, SolutionError):
            raise
        except ReadingError as error:
            why = str(error)
        except (Exception, TooMuch) as error:  # a fault of the grader costs neither the batch nor marks
            why = f"the grader itself failed on this notebook ({type(error).__name__})"
            why += "; please look at it by hand"
        return Done(refused(job.handed, job.setting, why), time.monotonic() - start)


def refused(handed: Handed, setting: Setting, reason: str) -> Graded:
    """A submission of which nothing can be graded: every exercise is refused, or missing, with the reason."""
    lab = setting.wanted or lab_of_name(handed.name, setting.labs) or UNKNOWN
    marks = ()
    if lab in setting.labs:
        status = "missing" if handed.absent else "refused"
        marks = tuple(Mark(i, status, 0, find(i).points, reason) for i in setting.labs[lab].exercises)
    return Graded(
        handed.student,
        lab,
        handed.name,
        handed.digest,
        marks,
        notes=(*handed.notes, reason),
        merged=handed.merged,
        late=handed.late,
    )


def _grade(job: Job) -> Done:
    handed, setting = job.handed, job.setting
    start = time.monotonic()
    if job.content is None:
        graded = refused(handed, setting, handed.trouble or "the file cannot be read")
        return Done(graded, time.monotonic() - start)
    with limited():
        submission = read_submission(job.content, setting.labs, setting.wanted)
    seconds = time.monotonic() - start
    judge = _judge(setting, submission.lab)  # the first of a lab waits for sandbox and solution: not its time
    start = time.monotonic()
    with limited():
        marks = tuple(judge_submission(judge, submission))
    graded = Graded(
        handed.student,
        submission.lab,
        handed.name,
        handed.digest,
        marks,
        dict(submission.written),
        dict(submission.figures),
        (*handed.notes, *submission.notes),
        {i: a.source for i, a in submission.answers.items()},
        handed.merged,
        handed.late,
    )
    return Done(graded, seconds + time.monotonic() - start)


@functools.lru_cache(maxsize=1)
def _one_at_a_time() -> threading.RLock:
    """Judging sets seeds, and a sandbox does one task at a time: threads of one process take turns."""
    return threading.RLock()


@functools.lru_cache(maxsize=64)
def _judge(setting: Setting, lab: str) -> Judge:
    imports = dict.fromkeys(line for t in setting.labs.values() for line in t.imports.splitlines())
    sandbox = _sandbox(setting.unsafe, setting.limits, "\n".join(imports))
    return prepared(sandbox, setting.labs[lab], setting.seed, partial=setting.partial)


@functools.lru_cache(maxsize=4)
def _sandbox(unsafe: bool, limits: Limits, imports: str) -> Sandbox:
    torch.set_num_threads(1)
    os.environ["LABKIT_BUDGET"] = "smoke"  # no progress bars of games here, nobody watches them
    return Sandbox(limits, unsafe=unsafe, imports=imports)
