"""The gradebook: one append-only file of everything that happened to anybody's points.

A regrade, a review and a manual change each add a line and erase nothing; `standing` says what counts now
(`gradebook.folding` has the rules). The file lies outside every sandbox. Every function here takes its path,
and every one that adds a line has it on the disk when it returns.
"""

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labkit_instructor.gradebook import folding, journal
from labkit_instructor.gradebook.journal import GradebookError
from labkit_instructor.gradebook.standing import Counted, Standing, overridden, text_digest, totals, ungraded
from labkit_instructor.marks import Batch, Graded, to_json
from labkit_instructor.people import People, called, numbers_of

__all__ = [
    "Counted",
    "GradebookError",
    "Review",
    "Standing",
    "change",
    "find",
    "finished",
    "overridden",
    "people",
    "record",
    "record_run",
    "resume_key",
    "review",
    "runs",
    "standing",
    "text_digest",
    "totals",
    "ungraded",
]


@dataclass(frozen=True)
class Review:
    """A person's points for one written answer.

    Attributes:
        student: the key. lab: "03". exercise: "3.8".
        text: `text_digest` of the answer that was read.
        comment: goes to the student.
        where: names the row in messages: "3.8.csv, row 4".
    """

    student: str
    lab: str
    exercise: str
    points: float
    comment: str
    text: str
    where: str = ""


def record_run(book: Path, run: Batch) -> None:
    """Note that a run begins; before any `record` of it.

    Raises:
        GradebookError: it cannot be written.
    """
    journal.append(book, [{"entry": "run", "time": _now(), "run": to_json(run)}])


def record(book: Path, run_id: str, graded: Graded) -> None:
    """Note how a submission came out, without its figures, texts and code; of texts only their digests.

    Raises:
        GradebookError: it cannot be written.
    """
    values = to_json(graded)
    for heavy in ("figures", "written", "sources"):
        del values[heavy]
    texts = {i: text_digest(t) for i, t in graded.written.items()}
    entry = {"entry": "graded", "time": _now(), "run": run_id, "texts": texts, "graded": values}
    journal.append(book, [entry])


def change(
    book: Path,
    *,
    student: str,
    lab: str,
    exercise: str,
    points: float | None,
    reason: str,
    by: str,
    bonus: bool = False,
) -> None:
    """Set points by hand. They stand, over regrades and reviews too, until handed back.

    Args:
        student: whatever `find` understands.
        points: from 0 to what the exercise is worth; None hands back what a person said last: points set by
            hand, and where there are none, the review.
        reason: why; it is kept, and the student sees it.
        bonus: allow more than the exercise is worth.

    Raises:
        GradebookError: there is no such student, lab or exercise (the message lists those that are there),
            the points are out of bounds, the reason is empty, or there is nothing to hand back.
    """
    if not reason.strip():
        raise GradebookError("a change of points needs a reason: --reason TEXT")
    standings = standing(book)
    student = find(standings, student, lab)
    counted = _exercise(standings, student, lab, exercise)
    if points is None and counted.source == "graded":
        raise GradebookError(
            f"nothing to hand back: {exercise} of {student} has the mark of the machine, {counted.status}"
        )
    if points is not None:
        most = math.inf if bonus else counted.mark.out_of
        points = _within(points, most, f"{exercise} of {student}")
    entry = {"student": student, "lab": lab, "exercise": exercise, "points": points, "reason": reason}
    journal.append(book, [{"entry": "change", "time": _now(), "by": by, **entry}])


def review(book: Path, rows: Sequence[Review], *, by: str = "") -> int:
    """Merge a person's points for written answers: all rows, or none where one is wrong.

    A row that the book holds already adds nothing, so that a sheet can be merged again while it fills up.

    Returns:
        How many rows were new.

    Raises:
        GradebookError: a row names nobody in the book or no written answer, has points out of bounds, stands
            twice, or was written about a text that has changed since. The message says which row.
    """
    standings = standing(book)
    seen: dict[tuple[str, str, str], str] = {}
    new = []
    for row in rows:
        where = row.where or f"{row.exercise} of {row.student}"
        key = (row.student, row.lab, row.exercise)
        if key in seen:
            raise GradebookError(f"{where}: {row.exercise} of {row.student} stood in {seen[key]} already")
        seen[key] = where
        try:
            counted = _exercise(standings, *key)
        except GradebookError as error:
            raise GradebookError(f"{where}: {error}") from error
        text = standings[(row.student, row.lab)].texts.get(row.exercise)
        if text is not None and text != row.text:
            raise GradebookError(
                f"{where}: {row.student} has handed in another text for {row.exercise} since this sheet was "
                "written. Run labkit grade again for a new sheet, read that text, then merge"
            )
        if text is None or counted.mark.status != "to review":
            raise GradebookError(
                f"{where}: {row.exercise} of {row.student} has no written answer to review "
                f"({counted.mark.status}). Points can be set with --set"
            )
        points = _within(row.points, counted.mark.out_of, where)
        if not counted.read or (counted.read.points, counted.read.reason) != (points, row.comment):
            new.append(_review_entry(row, points, by))
    if new:
        journal.append(book, new)
    return len(new)


def standing(book: Path) -> dict[tuple[str, str], Standing]:
    """(student key, lab) -> what counts now; empty where there is no book yet.

    Raises:
        GradebookError: the book cannot be read, or a line in it is broken; the message names it.
    """
    return folding.fold(book.name, journal.entries(book))


def people(book: Path) -> People:
    """Everybody in the book.

    Raises:
        GradebookError: as `standing`.
    """
    return folding.people(book.name, journal.entries(book))


def find(standings: Mapping[tuple[str, str], Standing], student: str, lab: str) -> str:
    """The key of the student whom a person means by a key, a number of a platform, or a name.

    Raises:
        GradebookError: nobody is called like that, or several are; the message says who is there.
    """
    here = {key: s.student for (key, one), s in standings.items() if one == lab}
    meant = {k for k, s in here.items() if student in (k, s.name, *numbers_of(s).values())}
    if len(meant) > 1:
        names = called(here.values())
        ways = ", ".join(repr(next(iter(numbers_of(here[k]).values()), k)) for k in sorted(meant))
        said = ", ".join(names[k] for k in sorted(meant))
        raise GradebookError(f"{student!r} can mean several students: {said}. Write one of {ways}")
    if meant:
        return meant.pop()
    labs = [one for (key, one), s in standings.items() if student in (key, s.student.name)]
    if labs:
        raise GradebookError(f"{student} handed in no lab {lab!r}. There: {', '.join(labs)}")
    everyone = {s.student.name.casefold(): s.student.name for s in standings.values()}
    if near := difflib.get_close_matches(student.casefold(), everyone, n=3, cutoff=0.6):
        likely = " or ".join(repr(everyone[name]) for name in near)
        raise GradebookError(f"no student {student!r} in the gradebook; did you mean {likely}?")
    raise GradebookError(f"no student {student!r} in the gradebook. There: {_listed(everyone.values())}")


def runs(book: Path) -> list[Batch]:
    """Every run in the book, oldest first.

    Raises:
        GradebookError: as `standing`.
    """
    return [_run(book, number, e) for number, e in journal.entries(book) if e.get("entry") == "run"]


def finished(book: Path, run: Batch) -> set[str]:
    """The `resume_key` of every submission that a run like this one has graded: what --resume skips.

    Like this one: the same seed, labs and version of labkit, with a sandbox if this one has one, and with
    points in parts if this one gives them.

    Raises:
        GradebookError: as `standing`.
    """
    alike: set[str] = set()
    done: set[str] = set()
    for number, entry in journal.entries(book):
        if entry.get("entry") == "run":
            old = _run(book, number, entry)
            if _way(old) == _way(run):
                alike.add(old.id)
        elif entry.get("entry") == "graded" and entry.get("run") in alike:
            try:
                values = entry["graded"]
                done.add(resume_key(values["student"]["key"], values["lab"], values["digest"]))
            except (KeyError, TypeError) as error:
                raise GradebookError(f"{book.name}, line {number} is no entry of a gradebook") from error
    return done


def resume_key(student: str, lab: str, digest: str) -> str:
    """One string for a student's submission with this content."""
    return f"{digest} {lab} {student}"


def _way(run: Batch) -> tuple[object, ...]:
    return run.seed, sorted(run.labs), run.unsafe, run.version, run.partial


def _run(book: Path, number: int, entry: Mapping[str, Any]) -> Batch:
    try:
        return Batch(**{**entry["run"], "labs": tuple(entry["run"]["labs"])})
    except (KeyError, TypeError) as error:
        raise GradebookError(f"{book.name}, line {number} is no entry of a gradebook: {error}") from error


def _exercise(
    standings: Mapping[tuple[str, str], Standing], student: str, lab: str, exercise: str
) -> Counted:
    if (student, lab) not in standings:
        raise GradebookError(
            f"no student {student!r} in lab {lab}; is {find(standings, student, lab)!r} meant?"
        )
    counted = standings[(student, lab)].counted
    if exercise not in counted:
        raise GradebookError(f"lab {lab} has no exercise {exercise!r}. There: {', '.join(counted)}")
    return counted[exercise]


def _listed(there: Iterable[str], most: int = 8) -> str:
    """The names that are there, in a line of bearable length."""
    there = list(there)
    more = f" and {len(there) - most} more" if len(there) > most else ""
    return (", ".join(repr(name) for name in there[:most]) or "nobody") + more


def _within(points: float, most: float, what: str) -> float:
    if not (math.isfinite(points) and 0 <= points <= most):
        bounds = "0 or more" if math.isinf(most) else f"from 0 to {most:g}"
        raise GradebookError(f"{what}: {points:g} points are out of bounds; give {bounds}")
    return float(points)


def _review_entry(row: Review, points: float, by: str) -> dict[str, Any]:
    return {
        "entry": "review",
        "time": _now(),
        "by": by,
        "student": row.student,
        "lab": row.lab,
        "exercise": row.exercise,
        "points": points,
        "comment": row.comment,
        "text": row.text,
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
