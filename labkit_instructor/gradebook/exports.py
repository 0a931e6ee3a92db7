"""What counts now, as tables: ``grades.csv`` to read, and a file per lab for each learning platform.

Marks that are not final never look final. While a written answer waits for its reader, and where nothing of a
submission could be graded, ``grades.csv`` leaves the total empty (the sum so far stands in a column of its
own), and the platforms' files leave the student out. (An empty cell is not the same: over a grade or a
comment that the platform has already, it can take that away.) Marks from a run without a sandbox say so: in a
column of ``grades.csv``, in Moodle's comment, and in ``exports.txt``.
"""

from collections.abc import Mapping
from pathlib import Path

from labkit.files import write_bytes
from labkit_instructor.authoring.course import Course
from labkit_instructor.gradebook import spreadsheet
from labkit_instructor.gradebook.book import standing
from labkit_instructor.gradebook.lms import canvas_rows, moodle_pages, moodle_rows, on_canvas, on_moodle
from labkit_instructor.gradebook.spreadsheet import as_cell, line
from labkit_instructor.gradebook.standing import Standing
from labkit_instructor.gradebook.upload_notes import upload_notes

Standings = Mapping[tuple[str, str], Standing]


def write_all(
    book: Path,
    out: Path,
    course: Course,
    *,
    waiting_too: bool = False,
) -> list[Path]:
    """Write every table of what counts now into a folder, and say which.

    ``grades.csv``; ``canvas-labNN.csv`` and ``moodle-labNN.csv`` for each lab with students who came with
    their numbers of that platform; ``moodle-feedback-labNN.zip``, their pages as Moodle takes them; and
    ``exports.txt``: how to upload them, and what to know about them.

    Args:
        course: names the course in ``exports.txt``, and its assignments in Canvas ("Lab 03" where it does
            not).
        waiting_too: give the platforms the sum so far where a written answer still waits.

    Raises:
        GradebookError: the book cannot be read.
        OSError: a table cannot be written.
    """
    standings = standing(book)
    everyone = in_name_order(standings)
    columns = {lab: course.canvas.get(lab, f"Lab {lab}") for lab in labs(standings)}
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / "grades.csv"]
    spreadsheet.write(paths[0], grade_rows(standings), for_excel=True)
    for lab, title in columns.items():
        if on_canvas(everyone, lab):
            paths.append(out / f"canvas-lab{lab}.csv")
            rows = canvas_rows(everyone, lab, title, waiting_too)
            spreadsheet.write(paths[-1], rows, for_excel=False)
        if on_moodle(everyone, lab):
            paths.append(out / f"moodle-lab{lab}.csv")
            rows = moodle_rows(everyone, lab, waiting_too)
            spreadsheet.write(paths[-1], rows, for_excel=False)
            if pages := moodle_pages(everyone, lab, out / "feedback", waiting_too):
                paths.append(out / f"moodle-feedback-lab{lab}.zip")
                write_bytes(paths[-1], pages)
    paths.append(out / "exports.txt")
    notes = upload_notes(everyone, columns, course.name, waiting_too)
    write_bytes(paths[-1], notes.encode("utf-8", "replace"))
    return paths


def labs(standings: Standings) -> list[str]:
    """The labs in which something was graded, in order; not a file of which nobody knows what it is."""
    return sorted({lab for (_, lab), one in standings.items() if one.counted})


def grade_rows(standings: Standings) -> list[list[str]]:
    """``grades.csv``: a row per student and lab, by name; two columns per exercise of any lab."""
    exercises = sorted({i for s in standings.values() for i in s.counted}, key=_in_order)
    each = [f"{i} {what}" for i in exercises for what in ("points", "status")]
    head = ["student", "name", "lab", *each, "total", "so far", "out of", "waits for"]
    rows = [[*head, "late", "sandbox", "notes"]]
    for one in in_name_order(standings):
        total = one.total
        cells = []
        for i in exercises:
            counted = one.counted.get(i)
            cells += [as_cell(counted.points), counted.status] if counted else ["", ""]
        rows.append(
            [
                line(one.student.key),
                line(one.student.name),
                one.lab,
                *cells,
                "" if total.waiting or one.ungraded else as_cell(total.points),
                as_cell(total.points),
                as_cell(total.out_of),
                " ".join(total.waiting),
                line(one.late),
                "none (--unsafe)" if one.unsafe else "yes",
                line(" · ".join(_remarks(one))),
            ]
        )
    return rows


def in_name_order(standings: Standings) -> list[Standing]:
    """By name, then key, then lab."""
    return sorted(standings.values(), key=lambda s: (s.student.name.casefold(), s.student.key, s.lab))


def _in_order(exercise: str) -> tuple[tuple[int, int | str], ...]:
    """3.2 before 3.10; what is no number, last."""
    return tuple((0, int(p)) if p.isdecimal() else (1, p) for p in exercise.split("."))


def _remarks(standing: Standing) -> list[str]:
    """What a reader of the row should know: what a person decided, and what happened to the file."""
    said = []
    for i, counted in standing.counted.items():
        if counted.source == "manual":
            by = next((e.by for e in reversed(counted.history) if e.what == "set by hand"), "")
            said.append(f"{i}: set by hand{f' by {by}' if by else ''}: {counted.comment}")
    return [*said, *standing.merged, *standing.notes]
