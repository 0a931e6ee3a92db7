"""The page that goes with a review sheet: every answer to one question, beside its rubric and model answer.

Names are left out, so that an answer is read for what it says. The numbers are those of the sheet. Answers
that have no points in it come first.
"""

import re
import shlex
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from labkit_instructor.gradebook.review_sheet import Row
from labkit_instructor.reports.pages import render
from labkit_instructor.submissions.trusted import Trusted

_LABEL = r"\A\s*[*_]{{1,3}}{title}[.:]?[*_]{{1,3}}[.:]?\s*"  # "*Rubric.*", which the heading says already


@dataclass(frozen=True)
class Shown:
    """One answer on the page: its row of the sheet, its text (None where it is not at hand), and the numbers
    of the other answers that are word for word the same."""

    row: Row
    text: str | None
    same: Sequence[int]

    @property
    def read(self) -> bool:
        """Whether the sheet has points for it."""
        return bool(self.row.points.strip())


def review_page(
    exercise: str, trusted: Trusted, rows: Sequence[Row], texts: Mapping[str, str], out: Path | None = None
) -> str:
    """The HTML of the page.

    Args:
        exercise: "3.8".
        trusted: the notebook with question, model answer and rubric.
        rows: of the sheet.
        texts: student key -> answer, as it was handed in; a row without one says so.
        out: the folder of the grading run, as the instructor named it, for the command on the page; None
            where it is not known.
    """
    same = defaultdict(list)
    for row in rows:
        if row.student in texts:
            same[row.text].append(row.number)
    answers = [
        Shown(row, texts.get(row.student), sorted(n for n in same[row.text] if n != row.number))
        for row in rows
    ]
    answers.sort(key=lambda a: (a.text is None, a.read, a.row.number))
    parts = (
        ("Question", trusted.question(exercise)),
        ("Rubric", trusted.rubric(exercise)),
        ("Model answer", trusted.model_answer(exercise)),
    )
    return render(
        "review.html",
        exercise=exercise,
        lab=trusted.lab,
        out_of=max(row.out_of for row in rows),
        out=out,
        command=merge_command(out or Path("OUT"), exercise),
        parts=[(title, _unlabelled(text, title)) for title, text in parts if text],
        answers=answers,
    )


def sheet_path(out: Path, exercise: str) -> Path:
    """Where the sheet of an exercise is, in the folder of a grading run."""
    return out / "review" / f"{exercise}.csv"


def merge_command(out: Path, exercise: str) -> str:
    """The command that merges a filled-in sheet, to be pasted as it stands."""
    sheet = str(sheet_path(out, exercise))
    return shlex.join([".venv/bin/labkit", "grade", "--merge", sheet, "--out", str(out)])


def _unlabelled(text: str, title: str) -> str:
    """The text without the label it begins with, where that is the heading it stands under."""
    return re.sub(_LABEL.format(title=title), "", text, count=1, flags=re.IGNORECASE)
