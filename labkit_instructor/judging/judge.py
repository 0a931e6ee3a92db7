"""From a submission to its marks: the answers run in the sandbox, the judge looks at what came out of it.

The judge never meets a student's code, only arrays. It knows the inputs, because it makes them from the
same seed, and the solution's arrays, which another sandbox made from them.
"""

import base64
import marshal
import math
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from labkit.exercises import find
from labkit.exercises.exercise import Exercise, Finding
from labkit.exercises.judging import agreement, findings
from labkit.exercises.record import LIMIT_SECONDS, Record
from labkit_instructor.judging.programs import Program, program
from labkit_instructor.judging.shares import shares
from labkit_instructor.judging.shortcuts import shortcut
from labkit_instructor.judging.shown import shown
from labkit_instructor.judging.voice import own_words, without_words
from labkit_instructor.marks import Mark, Part
from labkit_instructor.sandbox.host import Ran, Sandbox
from labkit_instructor.sandbox.inside.exchange import Task
from labkit_instructor.submissions.reading import Answer, Submission
from labkit_instructor.submissions.trusted import Trusted

# What may be another exercise's fault; "not attempted" is, where an answer calls one that is still blank.
_WORSE = ("wrong", "raised", "timed out", "not attempted")
_GPU = (
    'it sends tensors to a GPU by name (`.cuda()`, `device="cuda"`) and was graded as on a CPU; '
    "`x.device` works on both"
)
LEAST_SECONDS = 6  # by the clock, for an answer of somebody whose others never ended
_PACKAGE = (
    "it imports what is not there where this was graded: if Colab has it, install it beside the kit, and "
    "grade again"
)
_PYTHON = (
    f"graded with Python {sys.version_info.major}.{sys.version_info.minor}: a cell that runs in a newer one, "
    "such as Colab's, needs a grader with the newer one"
)


class SolutionError(RuntimeError):
    """The instructor's own notebook does not pass. The message names the exercise and says what to do."""


@dataclass(frozen=True)
class Judge:
    """What judging a lab takes: the sandbox, the trusted notebook, the seed, and what the solution gave.

    Attributes:
        records: exercise -> what the solution's answer gives for the inputs of this seed.
        partial: whether an answer that is not right can earn a part of the points.
    """

    sandbox: Sandbox
    trusted: Trusted
    seed: int
    records: Mapping[str, Record]
    partial: bool = True


def prepared(sandbox: Sandbox, trusted: Trusted, seed: int, *, partial: bool = True) -> Judge:
    """A judge of this lab, after the solution has been through the sandbox itself.

    Raises:
        SolutionError: an answer of the solution does not run, or its own judge does not accept it.
    """
    answers = {
        i: Answer(i, trusted.answer(i), "marker", trusted.name(i), place=place)
        for place, i in enumerate(trusted.coded)
    }
    solved = Submission(trusted.lab, answers, (), {}, {}, ())
    records = {i: _solve(sandbox, trusted, seed, solved, i) for i in answers}
    return Judge(sandbox, trusted, seed, records, partial)


def _solve(sandbox: Sandbox, trusted: Trusted, seed: int, solved: Submission, exercise_id: str) -> Record:
    exercise = find(exercise_id)
    task = _task(program(trusted, solved, exercise_id), exercise, seed)
    outcome = sandbox.run(task, shown(trusted, exercise_id))
    record = outcome.result.record if outcome.result else None
    found = findings(exercise, record, seed, for_points=True) if record else []
    if not found or not all(f.ok for f in found):
        last = found[-1] if found else Finding(outcome.trouble or "it defines nothing", False)
        raise SolutionError(
            f"the solution's own {exercise_id} does not pass with seed {seed} ({last.what}: {last.got}). "
            "Mend solutions/, or grade with another --seed"
        )
    return record


def judge_submission(judge: Judge, submission: Submission) -> Iterator[Mark]:
    """The marks of a submission, one for every exercise of its lab, in the order of the lab.

    An answer that fails and builds on an earlier one that failed is run again with the solution's in its
    place. A later exercise's solution is never given: it may say what the earlier one asks for.
    """
    marks: dict[str, Mark] = {}
    uses: dict[str, tuple[str, ...]] = {}
    for exercise_id in judge.trusted.exercises:
        exercise = find(exercise_id)
        if not isinstance(exercise, Exercise):
            marks[exercise_id] = _written(exercise, submission)
            continue
        seconds = _patience(judge, marks)
        marks[exercise_id], uses[exercise_id] = _judge_answer(judge, submission, exercise, seconds)
    for exercise_id, used in uses.items():
        mark = marks[exercise_id]
        failed = tuple(i for i in _earlier(judge, exercise_id, used) if marks[i].status != "right")
        if mark.status in _WORSE and failed and not submission.answers[exercise_id].blank:
            seconds = _patience(judge, marks)
            mark = _judge_with_given(judge, submission, find(exercise_id), failed, seconds)
            marks[exercise_id] = mark
    yield from marks.values()


def _patience(judge: Judge, marks: Mapping[str, Mark]) -> float:
    """How long the next answer may take: less for each that was still running when its time was up."""
    late = sum(mark.status == "timed out" for mark in marks.values())
    most = judge.sandbox.limits.wall_seconds
    return min(most, max(most / 2**late, LEAST_SECONDS))


def _judge_answer(
    judge: Judge, submission: Submission, exercise: Exercise, seconds: float
) -> tuple[Mark, tuple[str, ...]]:
    answer = submission.answers.get(exercise.id)
    if answer is None:
        return _mark(exercise, "missing", "there is no answer cell for it in the notebook"), ()
    if answer.blank:
        return _mark(exercise, "not attempted", "", notes=answer.notes), ()
    plan = program(judge.trusted, submission, exercise.id)
    if plan.trouble:
        return _mark(exercise, "refused", plan.trouble, notes=answer.notes), ()
    uses = plan.uses
    banned = _banned(judge, plan)
    others = _earlier(judge, exercise.id, banned)
    if others:  # what is refused in another answer is that one's fault
        return _judge_with_given(judge, submission, exercise, others, seconds), uses
    notes = (*answer.notes, *plan.notes)
    for label, why in banned.items():
        where = "" if label == exercise.id else f"its cell {label}: "
        return _mark(exercise, "refused", where + why, notes=notes), uses
    outcome = _run(judge, plan, exercise, seconds)
    return _judge_outcome(judge, exercise, answer, outcome, notes), uses


def _earlier(judge: Judge, exercise_id: str, others: Collection[str]) -> tuple[str, ...]:
    """Those of ``others`` whose solutions may stand in: exercises in code that come before this one. The
    settings of a game build on nothing."""
    coded = () if find(exercise_id).played else judge.trusted.coded
    return tuple(i for i in coded[: judge.trusted.coded.index(exercise_id)] if i in others)


def _run(judge: Judge, plan: Program, exercise: Exercise, seconds: float) -> Ran:
    task = _task(plan, exercise, judge.seed)
    outcome = judge.sandbox.run(task, shown(judge.trusted, exercise.id), seconds)
    if outcome.result is None:
        return outcome
    labels = {cell.label for cell in plan.cells}
    return replace(outcome, result=own_words(exercise, outcome.result, judge.records[exercise.id], labels))


def _banned(judge: Judge, plan: Program) -> dict[str, str]:
    """label -> why, for every cell of the student's in the program that takes a forbidden way."""
    students = [c for c in plan.cells if _is_students(c.label)]
    return {c.label: why for c in students if (why := shortcut(c.source, judge.trusted))}


def _judge_with_given(
    judge: Judge, submission: Submission, exercise: Exercise, failed: Collection[str], seconds: float
) -> Mark:
    """Judge once more with the solution's answers in the place of those that failed.

    The student's code could read these and pass them on: nothing that it says in words comes out of this run.
    """
    answer = submission.answers[exercise.id]
    plan = program(judge.trusted, submission, exercise.id, given=failed)
    if plan.trouble:
        return _mark(exercise, "refused", plan.trouble, notes=answer.notes)
    if banned := _banned(judge, plan):
        return _mark(exercise, "refused", " and ".join(banned.values()), notes=answer.notes)
    outcome = _run(judge, plan, exercise, seconds)
    note = f"judged with the solution's {', '.join(failed)}, because yours did not pass"
    notes = (*answer.notes, *plan.notes, note)
    true = _judge_outcome(judge, exercise, answer, outcome, notes)
    if outcome.result is None:
        return true
    silent = replace(outcome, result=without_words(outcome.result, judge.records[exercise.id]))
    told = _judge_outcome(judge, exercise, answer, silent, notes)
    if true.status == "right":  # in other words than the solution's, such as keys in another order
        findings = tuple(replace(f, got="", expected="") for f in true.findings)
        return replace(told, status="right", points=true.points, reason="", findings=findings, parts=())
    if len(told.parts) != len(true.parts):
        return told
    parts = tuple(replace(p, points=t.points) for p, t in zip(told.parts, true.parts, strict=True))
    return replace(told, parts=parts, points=true.points)


def _judge_outcome(
    judge: Judge, exercise: Exercise, answer: Answer, outcome: Ran, notes: tuple[str, ...]
) -> Mark:
    if outcome.result is None:
        return replace(_broken(exercise, outcome, judge.sandbox.limits.wall_seconds), notes=notes)
    record, printed = outcome.result.record, outcome.result.printed
    failed = tuple(_failure(cell, error) for cell, error in outcome.result.failed_cells.items())
    gpu = (_GPU,) if outcome.result.gpu else ()
    rest = {"notes": (*notes, *failed, *gpu), "printed": printed}
    if record is None:
        return _mark(exercise, "missing", f"its cell defines no `{answer.name}`", **rest)
    if record.status == "blank":
        return _mark(exercise, "not attempted", "it comes to a line that nobody has written yet", **rest)
    found = tuple(findings(exercise, record, judge.seed, for_points=True))
    if found and all(f.ok for f in found) and record.status == "answered":
        other = agreement(exercise, record, judge.records[exercise.id])
        if other is None:
            return _mark(exercise, "right", "", findings=found, **rest)
        return _mark(exercise, "wrong", _reason(other), findings=(*found, other), **rest)
    rest["notes"] = (*rest["notes"], *_elsewhere(record, outcome.result.failed_cells))
    status = {"refused": "refused", "raised": "raised", "late": "timed out"}.get(record.status, "wrong")
    last = found[-1] if found else Finding("it can be judged", False)
    parts = shares(exercise, record, judge.records[exercise.id], judge.seed) if judge.partial else ()
    return _mark(exercise, status, _reason(last), findings=found, parts=parts, **rest)


def _elsewhere(record: Record, failed_cells: Mapping[str, str]) -> Iterator[str]:
    """Why an answer that fails here may run where it was written."""
    errors = {record.failure.got.partition(":")[0] if record.failure else "", *failed_cells.values()}
    if "SyntaxError" in errors:
        yield _PYTHON
    if errors & {"ModuleNotFoundError", "ImportError"}:
        yield _PACKAGE


def _failure(cell: str, error: str) -> str:
    if error == TimeoutError.__name__:
        return (
            f"the cell {cell} was stopped after {LIMIT_SECONDS:g} seconds; what it had defined by then counts"
        )
    return f"a line of the cell {cell} stopped with {error} and was passed over"


def _broken(exercise: Exercise, outcome: Ran, seconds: float) -> Mark:
    """The mark of a task that left no result."""
    if outcome.trouble == "killed":
        why = f"it was still running after {outcome.seconds:.0f} seconds, or used too much processor time"
        return _mark(exercise, "timed out", why)
    if outcome.trouble == "died":
        why = "its process ended before the answer was there: exit(), a crash, or a limit of the sandbox"
        return _mark(exercise, "raised", why)
    return _mark(exercise, "refused", outcome.trouble)


def _mark(exercise: Exercise, status: str, reason: str, *, parts: tuple[Part, ...] = (), **rest) -> Mark:
    points = exercise.points if status == "right" else math.fsum(p.points for p in parts)
    return Mark(exercise.id, status, points, exercise.points, reason, parts=parts, **rest)


def _written(question, submission: Submission) -> Mark:
    if question.id in submission.written:
        return Mark(question.id, "to review", None, question.points)
    return Mark(question.id, "not attempted", 0, question.points)


def _reason(finding: Finding) -> str:
    words = f"{finding.what}: not so"
    if finding.cause:
        words += f"; {finding.cause}"
    return words


def _task(plan: Program, exercise: Exercise, seed: int) -> Task:
    cells = tuple(
        (c.label, "", _compiled(c.source)) if c.label.startswith("given") else (c.label, c.source, "")
        for c in plan.cells
    )
    return Task(cells, exercise.id, plan.name, exercise.id, seed)


def _compiled(source: str) -> str:
    code = compile(source, "given", "exec", dont_inherit=True)
    return base64.b64encode(marshal.dumps(code)).decode("ascii")


def _is_students(label: str) -> bool:
    return not label.startswith(("set-up", "notebook", "given"))
