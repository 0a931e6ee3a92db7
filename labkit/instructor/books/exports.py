"""What counts now, as tables: ``grades.csv`` to read, and one file per learning platform to upload.

Marks that are not final never look final. While a written answer waits for its reader, ``grades.csv`` leaves
the total empty (the sum so far stands in a column of its own), and the platforms' files leave the student
out. (An empty cell is not the same: over a grade or a comment that the platform has already, it can take that
away. In ``canvas.csv`` it remains where another lab of the same student is final.) Marks from a run without
a sandbox say so: in a column of ``grades.csv``, in Moodle's comment, and in ``exports.txt``.
"""

from collections.abc import Mapping
from pathlib import Path

from labkit.files import write_bytes
from labkit.instructor.books import spreadsheet
from labkit.instructor.books.gradebook import standing
from labkit.instructor.books.lms import canvas_rows, moodle_rows
from labkit.instructor.books.spreadsheet import line, number
from labkit.instructor.books.standing import Standing
from labkit.instructor.course import Course

Standings = Mapping[tuple[str, str], Standing]


def write_all(
    book: Path,
    out: Path,
    course: Course,
    *,
    waiting_too: bool = False,
) -> list[Path]:
    """Write every table of what counts now into a folder, and say which.

    ``grades.csv``, ``canvas.csv``, ``moodle-labNN.csv`` for each lab whose students came with their Moodle
    numbers (a worksheet of Moodle belongs to one assignment), and ``exports.txt``: how to upload them, and
    what to know about them.

    Args:
        course: names the course in ``exports.txt``, and its assignments in Canvas ("Lab 03" where it does
            not).
        waiting_too: give the platforms the sum so far where a written answer still waits.

    Raises:
        GradebookError: the book cannot be read.
        OSError: a table cannot be written.
    """
    standings = standing(book)
    columns = {lab: course.canvas.get(lab, f"Lab {lab}") for lab in labs(standings)}
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / "grades.csv", out / "canvas.csv"]
    spreadsheet.write(paths[0], grade_rows(standings), for_excel=True)
    spreadsheet.write(paths[1], canvas_rows(standings, columns, waiting_too), for_excel=False)
    for lab in columns:
        if any(s.student.moodle_id for s in standings.values() if s.lab == lab):
            paths.append(out / f"moodle-lab{lab}.csv")
            spreadsheet.write(paths[-1], moodle_rows(standings, lab, waiting_too), for_excel=False)
    paths.append(out / "exports.txt")
    write_bytes(paths[-1], _notes(standings, columns, course, waiting_too).encode("utf-8", "replace"))
    return paths


def labs(standings: Standings) -> list[str]:
    """The labs in which something was graded, in order; not a file of which nobody knows what it is."""
    return sorted({lab for (_, lab), one in standings.items() if one.counted})


def grade_rows(standings: Standings) -> list[list[str]]:
    """``grades.csv``: a row per student and lab, by name; two columns per exercise of any lab."""
    exercises = sorted({i for s in standings.values() for i in s.counted}, key=_in_order)
    each = [f"{i} {what}" for i in exercises for what in ("points", "status")]
    head = ["student", "name", "lab", *each, "total", "so far", "out of", "waits for", "sandbox", "notes"]
    rows = [head]
    for one in in_name_order(standings):
        total = one.total
        cells = []
        for i in exercises:
            counted = one.counted.get(i)
            cells += [number(counted.points), counted.status] if counted else ["", ""]
        rows.append(
            [
                line(one.student.key),
                line(one.student.name),
                one.lab,
                *cells,
                "" if total.waiting or not one.counted else number(total.points),
                number(total.points),
                number(total.out_of),
                " ".join(total.waiting),
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
    return said + list(standing.notes)


def _notes(standings: Standings, columns: Mapping[str, str], course: Course, waiting_too: bool) -> str:
    """``exports.txt``: what a person should know before uploading."""
    waiting = [s for s in in_name_order(standings) if s.total.waiting]
    unsafe = [s for s in in_name_order(standings) if s.unsafe]
    unknown = [s for s in in_name_order(standings) if not s.counted]
    lines = [f"Tables of grades: {course.name}", ""]
    if unsafe:
        lines += [
            f"CAUTION: {_many(len(unsafe), 'submission')} ran WITHOUT A SANDBOX (--unsafe): such a program "
            "can have changed its marks and those of others. grades.csv has a column that says which."
        ]
    if waiting:
        files = "hold the sum so far" if waiting_too else "leave them out until then"
        lines += [
            f"NOT FINAL: {_many(len(waiting), 'submission')} with written answers that nobody has read yet. "
            f"The files for Canvas and Moodle {files}:",
            *(f"  {line(s.student.name)}, lab {s.lab}: {', '.join(s.total.waiting)}" for s in waiting),
        ]
    if unknown:
        lines += [
            "NOT GRADED, because nothing tells which lab it is:",
            *(f"  {line(s.student.name)}: {line(s.file)}" for s in unknown),
        ]
    lines += [
        "Canvas: Grades > Import, canvas.csv. A column finds its assignment by its title; a title that is "
        "not there makes a new one. Points possible are taken from the file.",
        *(f"  lab {lab}: {title}" for lab, title in columns.items()),
        "  Look at the preview before you save: students without a Canvas number are found by their names, "
        "and an empty cell takes away a grade that is in Canvas already.",
    ]
    return "\n".join([*lines, *_moodle_notes(standings)]) + "\n"


def _moodle_notes(standings: Standings) -> list[str]:
    graded = [s for s in in_name_order(standings) if s.counted]
    without = sorted({s.student.name for s in graded if not s.student.moodle_id})
    worth = {s.lab: number(s.total.out_of) for s in graded if s.student.moodle_id}
    if not worth:
        return ["Moodle: no file, because no submission came from a zip of Moodle, which has its numbers."]
    lines = [
        "Moodle: the assignment with Feedback types > Offline grading worksheet, one file per lab: View all "
        "submissions > Upload grading worksheet. Moodle does not scale points; set the maximum grade to:",
        *(f"  lab {lab}: {points}" for lab, points in sorted(worth.items())),
        "  A grade that is in Moodle already is changed only with the option to update records that were "
        "modified more recently. In another language than English the headings have to be those of a "
        "worksheet downloaded from your Moodle.",
    ]
    if without:
        lines += ["Not in any file for Moodle, because their submissions came without a number of Moodle:"]
    return lines + [f"  {line(name)}" for name in without]


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
