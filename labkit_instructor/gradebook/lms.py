"""The two files that learning platforms read: Canvas's gradebook and Moodle's grading worksheet.

Canvas finds a student by its own number (``ID``), then by login, then by name, and an assignment by the title
of its column; the row below the header sets the points possible. Moodle finds a student by the number in
``Participant 4711`` and needs the columns Identifier, Grade and Last modified (grade). Both leave students
alone who are not in the file.
"""

import html
import io
import re
import unicodedata
import zipfile
from collections.abc import Sequence
from pathlib import Path

from labkit_instructor.gradebook.spreadsheet import STARTS, as_cell, line
from labkit_instructor.gradebook.standing import Counted, Standing
from labkit_instructor.marks import slug

# Signs that turn the direction of writing: behind one of them a line says something else than it holds.
_TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
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


def on_canvas(everyone: Sequence[Standing], lab: str) -> list[tuple[Standing, str]]:
    """Those of a lab who have a number of Canvas, with it. It is the same for all labs."""
    numbers = {s.student.key: s.student.canvas_id for s in everyone if s.student.canvas_id}
    return [(s, numbers[s.student.key]) for s in everyone if s.lab == lab and s.student.key in numbers]


def on_moodle(everyone: Sequence[Standing], lab: str) -> list[tuple[Standing, str]]:
    """Those of a lab whose submission came with a number of Moodle, with it."""
    found = [(s, re.search(r"[0-9]+$", s.student.moodle_id)) for s in everyone if s.lab == lab]
    return [(s, number[0]) for s, number in found if number]


def canvas_rows(
    everyone: Sequence[Standing], lab: str, title: str, waiting_too: bool = False
) -> list[list[str]]:
    """One row per student of a lab who has a number of Canvas, in the format of its gradebook import.

    Args:
        title: of the lab's column.
        waiting_too: whether to give the sum so far where a written answer waits; else that student is left
            out.
    """
    own = on_canvas(everyone, lab)
    worth = max((s.total.out_of for s, _ in own), default=0.0)
    rows = [[*_CANVAS, title], ["    Points Possible", "", "", "", "", as_cell(worth)]]
    for standing, student in own:
        if grade := _grade(standing, waiting_too):
            rows.append([line(standing.student.name), line(student), "", "", "", grade])
    return rows


def moodle_rows(everyone: Sequence[Standing], lab: str, waiting_too: bool = False) -> list[list[str]]:
    """One row per student of a lab who came with a number of Moodle.

    Args:
        waiting_too: as in `canvas_rows`.
    """
    rows = [list(_MOODLE)]
    for standing, student in on_moodle(everyone, lab):
        if grade := _grade(standing, waiting_too):
            rows.append(
                [
                    f"Participant {student}",
                    line(standing.student.name),
                    "",
                    "Submitted for grading",
                    grade,
                    as_cell(standing.total.out_of),
                    "",  # so a grade that Moodle has already is kept, unless the person there says otherwise
                    line(_comment(standing)),
                ]
            )
    return rows


def moodle_pages(everyone: Sequence[Standing], lab: str, pages: Path, waiting_too: bool = False) -> bytes:
    """The feedback pages of those whom `moodle_rows` lists, as the zip that Moodle takes; empty without any.

    Under "Upload multiple feedback files in a zip" it wants folders that are named as in its own zip of
    submissions.

    Args:
        pages: the folder of the feedback pages; a student without one is left out.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for standing, number in on_moodle(everyone, lab):
            page = pages / f"{slug(standing.student.key, lab)}.html"
            if _grade(standing, waiting_too) and page.is_file():
                name = standing.student.name.encode("utf-8", "replace").decode()
                name = re.sub(r'[_/\\:*?"<>|\x00-\x1f]+', " ", name).strip(" .")
                folder = f"{name or 'Participant'}_{number}_assignsubmission_file_"
                archive.writestr(zipfile.ZipInfo(f"{folder}/lab{lab}-feedback.html"), page.read_bytes())
        some = bool(archive.namelist())
    return packed.getvalue() if some else b""


def _grade(standing: Standing, waiting_too: bool) -> str:
    """The sum; empty where it is not final, and always where a 0 would be no verdict."""
    total = standing.total
    return "" if standing.ungraded or (total.waiting and not waiting_too) else as_cell(total.points)


def _comment(standing: Standing) -> str:
    """The points of every exercise as the HTML that Moodle takes a comment for."""
    lines = ["Graded without a sandbox (--unsafe)."] if standing.unsafe else []
    if standing.trouble:
        lines.append(_html(f"Nothing could be graded: {_sentence(standing.trouble)}"))
    for i, counted in standing.counted.items():
        points = f"{as_cell(counted.points)} of" if counted.points is not None else "not graded yet, of"
        said = _said(counted, standing.trouble)
        lines.append(_html(f"{i}: {points} {as_cell(counted.mark.out_of)}, {said}"))
    return "<br>".join(lines)


def _said(counted: Counted, known: str) -> str:
    """What came out, and why, unless that is known: the reason that was given for the whole submission."""
    mark = counted.mark
    if counted.source != "graded":
        status = "set by hand" if counted.source == "manual" else counted.status
        return f"{status}: {counted.comment}" if counted.comment else status
    last = mark.findings[-1] if mark.findings else None
    if last is None or last.ok:
        reason = "" if mark.reason == known else mark.reason.replace("`", "")
        return f"{counted.status}: {reason}" if reason else counted.status
    # Of an error its text says more than that the call did not run.
    error = mark.status == "raised" and last.got
    parts = [f"{counted.status}.", _sentence(last.got if error else f"Does not hold: {last.what}")]
    if last.cause:
        parts.append(_sentence(f"Likely: {last.cause}"))
    return " ".join([*parts, counted.in_parts.replace("`", "")]).strip()


def _sentence(text: str) -> str:
    """The text with an end, and without the signs that make code of a word elsewhere."""
    plain = text.replace("`", "").strip()
    return plain if plain.endswith((".", "?", "!", "…")) else f"{plain}."


def _html(text: str) -> str:
    """The text as HTML, in which no sign that could start a formula comes right after a separator."""
    signs = re.escape("".join(STARTS))
    after = re.compile(rf"[;,|][\s\"']*[{signs}][{signs};,|\s\"']*")
    seen = "".join(c for c in text if c.isspace() or unicodedata.bidirectional(c) not in _TURNING)
    safe = html.escape(" ".join(seen.split()), quote=False)
    return after.sub(lambda m: "".join(f"&#{ord(c)};" if c in STARTS else c for c in m[0]), safe)
