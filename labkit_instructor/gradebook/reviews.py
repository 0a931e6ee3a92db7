"""Review sheets: written answers go to a person, question by question, and come back as points and comments.

For every question there is a page to read (answers in random order, without names, beside rubric and model
answer) and a CSV to fill in. What a person has filled in is never lost: a later run adds the
rows that are new and leaves the others as they are. A row whose text the student has replaced starts again,
with a note of what it held.
"""

import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from labkit_instructor.gradebook.book import Review
from labkit_instructor.gradebook.review_sheet import ReviewError, Row, Sheet, read_rows, write_sheet
from labkit_instructor.gradebook.spreadsheet import line
from labkit_instructor.gradebook.standing import text_digest
from labkit_instructor.marks import Graded

__all__ = ["Question", "ReviewError", "read_sheet", "write_sheets"]

_POINTS = re.compile(r"[0-9]+([.,][0-9]+)?|[.,][0-9]+")


@dataclass(frozen=True)
class _Answer:
    student: str
    name: str
    out_of: float
    text: str


@dataclass(frozen=True)
class Question:
    """What a person reads and fills in for one question: ``rows`` of ``sheet``, and student key -> text."""

    lab: str
    exercise: str
    sheet: Path
    rows: tuple[Row, ...]
    texts: Mapping[str, str]


def write_sheets(graded: Iterable[Graded], out: Path, seed: int) -> tuple[list[Question], list[str]]:
    """Write ``review/<exercise>.csv`` for every question with answers "to review".

    Args:
        graded: all submissions that should be on the sheets; rows of others stay as they are.
        out: the folder that gets ``review/``.
        seed: of the order of new answers; numbers that are given stay.

    Returns:
        Every question whose sheet is written or was up to date; and for each sheet that is there and cannot
        be read, so that no rows can be added, what is wrong with it. It is left as it is.
    """
    waiting: dict[tuple[str, str], list[_Answer]] = {}
    for one in graded:
        for mark in one.marks:
            if mark.status in ("to review", "reviewed"):
                answer = _Answer(
                    one.student.key, one.student.name, mark.out_of, one.written.get(mark.exercise, "")
                )
                waiting.setdefault((one.lab, mark.exercise), []).append(answer)
    folder = out / "review"
    folder.mkdir(parents=True, exist_ok=True)
    questions, troubles = [], []
    for (lab, exercise), answers in sorted(waiting.items()):
        sheet = folder / f"{exercise}.csv"
        try:
            old = read_rows(sheet) if sheet.exists() else Sheet()
            new = replace(old, rows=_merged(old.rows, answers, lab, exercise, seed))
            if new != old:
                write_sheet(sheet, new)
        except ReviewError as error:
            troubles.append(f"{error}. The sheet was left as it is")
            continue
        questions.append(Question(lab, exercise, sheet, new.rows, {a.student: a.text for a in answers}))
    return questions, troubles


def read_sheet(path: Path) -> list[Review]:
    """The rows of a sheet that have points; the others are not reviewed yet.

    Whether the students are known and their texts still the same is for `gradebook.book.review` to say.

    Raises:
        ReviewError: the sheet cannot be read, has a student twice, or points that are no number or too many.
            The message names row and column, and says how many more such rows there are.
    """
    troubles, seen, reviews = [], {}, []
    for row in read_rows(path).rows:
        key = (row.lab, row.exercise, row.student)
        if key in seen:
            troubles.append(f"{row.where}, column row: the same answer as in {seen[key]}; delete one of them")
        seen[key] = row.where
        if not row.points.strip():
            continue
        try:
            points = _points(row)
        except ReviewError as error:
            troubles.append(str(error))
            continue
        comment = row.comment.strip()
        reviews.append(Review(row.student, row.lab, row.exercise, points, comment, row.text, row.where))
    if troubles:
        more = f" (and {len(troubles) - 1} more)" if len(troubles) > 1 else ""
        raise ReviewError(f"{troubles[0]}{more}. Nothing was merged")
    return reviews


def _points(row: Row) -> float:
    said = row.points.strip()
    if not _POINTS.fullmatch(said):
        raise ReviewError(f"{row.where}, column points: {said[:40]!r} is not a number of points such as 2.5")
    points = float(said.replace(",", "."))
    if points > row.out_of:
        raise ReviewError(
            f"{row.where}, column points: {said} is more than {row.exercise} is worth, {row.out_of:g}"
        )
    return points


def _merged(
    old: tuple[Row, ...], answers: list[_Answer], lab: str, exercise: str, seed: int
) -> tuple[Row, ...]:
    """The rows that were there, brought up to date, and then the new ones in random order."""
    waiting = {a.student: a for a in sorted(answers, key=lambda a: a.student)}
    rows = []
    for row in old:
        ours = (row.lab, row.exercise) == (lab, exercise)
        rows.append(_up_to_date(row, waiting.pop(row.student, None) if ours else None))
    new = list(waiting.values())
    random.Random(f"{seed} {lab} {exercise}").shuffle(new)
    start = max((row.number for row in old), default=0) + 1
    for position, a in enumerate(new, start):
        rows.append(Row(lab, exercise, position, a.out_of, text_digest(a.text), a.student, name=line(a.name)))
    return tuple(rows)


def _up_to_date(row: Row, answer: _Answer | None) -> Row:
    if answer is None:
        return row
    text = text_digest(answer.text)
    if text == row.text:
        return replace(row, out_of=answer.out_of, name=line(answer.name))
    note = row.note
    if row.filled:
        said = f"{row.points.strip() or 'no'} points"
        note = (
            f"The text has changed. Before: {said}{f', {row.comment.strip()}' if row.comment.strip() else ''}"
        )
    fresh = replace(row, out_of=answer.out_of, text=text, name=line(answer.name))
    return replace(fresh, points="", comment="", note=note)
