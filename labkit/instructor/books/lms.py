"""The two files that learning platforms read: Canvas's gradebook and Moodle's grading worksheet.

Canvas finds a student by its own number (``ID``), then by login, then by name, and an assignment by the title
of its column; the row below the header sets the points possible. Moodle finds a student by the number in
``Participant 4711`` and needs the columns Identifier, Grade and Last modified (grade). Both leave students
alone who are not in the file.
"""

import html
import re
from collections.abc import Mapping

from labkit.instructor.books.spreadsheet import STARTS, line, number
from labkit.instructor.books.standing import Standing, Total

_CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
_MOODLE = (
    "Identifier",
    "Full name",
    "Email address",
    "Status",
    "Grade",
    "Maximum grade",
    "Last modified (grade)",
    "Feedback comments",
)


def canvas_rows(
    standings: Mapping[tuple[str, str], Standing], columns: Mapping[str, str], waiting_too: bool = False
) -> list[list[str]]:
    """One row per student, one column per lab, in the format of Canvas's gradebook import.

    Args:
        columns: lab -> the title of its column.
        waiting_too: whether to give the sum so far where a written answer waits; else the cell is empty, and
            a student all of whose cells are empty is left out.
    """
    worth = dict.fromkeys(columns, 0.0)
    students = {}
    for (key, lab), standing in standings.items():
        if lab not in columns:
            continue
        worth[lab] = max(worth[lab], standing.total.out_of)
        if standing.student.canvas_id or key not in students:
            students[key] = standing.student
    rows = [
        [*_CANVAS, *columns.values()],
        ["    Points Possible", "", "", "", "", *(number(p) for p in worth.values())],
    ]
    for key, student in sorted(students.items(), key=lambda s: (s[1].name.casefold(), s[0])):
        own = [standings.get((key, lab)) for lab in columns]
        grades = [_grade(standing.total, waiting_too) if standing else "" for standing in own]
        if any(grades):
            rows.append([line(student.name), line(student.canvas_id), "", "", "", *grades])
    return rows


def moodle_rows(
    standings: Mapping[tuple[str, str], Standing], lab: str, waiting_too: bool = False
) -> list[list[str]]:
    """One row per student of a lab who came with a number of Moodle.

    Args:
        waiting_too: whether to give the sum so far where a written answer waits; else that student is left
            out.
    """
    rows = [list(_MOODLE)]
    for (_, one), standing in standings.items():
        found = re.search(r"[0-9]+$", standing.student.moodle_id)
        grade = _grade(standing.total, waiting_too)
        if one != lab or not found or not grade:
            continue
        rows.append(
            [
                f"Participant {found[0]}",
                line(standing.student.name),
                "",
                "Submitted for grading",
                grade,
                number(standing.total.out_of),
                "",  # so a grade that Moodle has already is kept, unless the person there says otherwise
                line(_comment(standing)),
            ]
        )
    return [rows[0], *sorted(rows[1:], key=lambda r: (r[1].casefold(), r[0]))]


def _grade(total: Total, waiting_too: bool) -> str:
    return "" if total.waiting and not waiting_too else number(total.points)


def _comment(standing: Standing) -> str:
    """The points of every exercise as the HTML that Moodle takes a comment for."""
    lines = ["Graded without a sandbox (--unsafe)."] if standing.unsafe else []
    for i, counted in standing.counted.items():
        points = f"{number(counted.points)} of" if counted.points is not None else "not graded yet, of"
        said = counted.comment if counted.source != "graded" else counted.mark.reason
        text = f"{i}: {points} {number(counted.mark.out_of)} · {counted.status}{f': {said}' if said else ''}"
        lines.append(_html(text))
    return "<br>".join(lines)


def _html(text: str) -> str:
    """The text as HTML, in which no sign that could start a formula comes right after a separator."""
    signs = re.escape("".join(STARTS))
    after = re.compile(rf"[;,|][\s\"']*[{signs}][{signs};,|\s\"']*")
    safe = html.escape(" ".join(text.split()), quote=False)
    return after.sub(lambda m: "".join(f"&#{ord(c)};" if c in STARTS else c for c in m[0]), safe)
