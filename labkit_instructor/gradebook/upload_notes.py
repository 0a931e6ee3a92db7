"""``exports.txt``: what a person should know before uploading, and how it is done on each platform.

Whoever is missing from the files for the platforms stands here once, with the reason.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from labkit_instructor.gradebook.lms import on_canvas, on_moodle
from labkit_instructor.gradebook.spreadsheet import as_cell, line
from labkit_instructor.gradebook.standing import Standing, ungraded
from labkit_instructor.people import called, namesakes, near

_Having = Callable[[Sequence[Standing], str], list[tuple[Standing, str]]]


def upload_notes(
    everyone: Sequence[Standing], titles: Mapping[str, str], course: str, waiting_too: bool = False
) -> str:
    """The text of the file.

    Args:
        everyone: in the order in which they are to be listed.
        titles: lab -> the title of its assignment in Canvas.
        course: its name.
        waiting_too: whether the platforms' files hold the sum so far where a written answer waits.
    """
    lines = [f"Tables of grades: {course}", ""]
    lines += [*_cautions(everyone, waiting_too), *_canvas(everyone, titles), *_moodle(everyone, list(titles))]
    return "\n".join([*lines, *_late(everyone), *_people(everyone)]) + "\n"


def _late(everyone: Sequence[Standing]) -> list[str]:
    names = called(s.student for s in everyone)
    late = [f"  {line(names[s.student.key])}, lab {s.lab}: {line(s.late)}" for s in everyone if s.late]
    return ["LATE; no points were taken for it, here or in the files:", *late] if late else []


def _people(everyone: Sequence[Standing]) -> list[str]:
    """Which files were taken for one student's, and which were not although the names are alike."""
    names = called(s.student for s in everyone)
    lines = [
        f"  {line(names[s.student.key])}, lab {s.lab}: {line(said)}" for s in everyone for said in s.merged
    ]
    if lines:
        lines.insert(0, "SEVERAL FILES OF ONE STUDENT:")
    alike, apart = [], []
    for lab in sorted({s.lab for s in everyone}):
        here = [s.student for s in everyone if s.lab == lab]
        alike += [f"  lab {lab}: {line(names[a.key])} and {line(names[b.key])}" for a, b in near(here)]
        apart += [f"  lab {lab}: {line(', '.join(names[s.key] for s in g))}" for g in namesakes(here)]
    if alike:
        lines += ["ONE STUDENT, OR TWO? These names are near each other, and nothing was merged:", *alike]
    if apart:
        lines += ["DIFFERENT STUDENTS OF ONE NAME, told apart by their numbers:", *apart]
    return lines


def _cautions(everyone: Sequence[Standing], waiting_too: bool) -> list[str]:
    names = called(s.student for s in everyone)
    unsafe = sum(s.unsafe for s in everyone)
    waiting = [s for s in everyone if s.total.waiting]
    failed = [s for s in ungraded(everyone) if s.counted]
    unknown = [s for s in everyone if not s.counted]
    lines = []
    if unsafe:
        lines += [
            f"CAUTION: {_many(unsafe, 'submission')} ran WITHOUT A SANDBOX (--unsafe): such a program "
            "can have changed its marks and those of others. grades.csv has a column that says which."
        ]
    if waiting:
        files = "hold the sum so far" if waiting_too else "leave them out until then"
        lines += [
            f"NOT FINAL: {_many(len(waiting), 'submission')} with written answers that nobody has read yet. "
            f"The files for Canvas and Moodle {files}:",
            *(f"  {line(names[s.student.key])}, lab {s.lab}: {', '.join(s.total.waiting)}" for s in waiting),
        ]
    if failed:
        lines += [
            f"NOT FINAL: {_many(len(failed), 'submission')} of which nothing could be graded. The files for "
            "Canvas and Moodle leave them out, because a 0 would be no verdict. Grade a better file, or set "
            "points by hand for any exercise (labkit grade --set): then what stands there is final.",
            *(f"  {line(names[s.student.key])}, lab {s.lab}: {line(s.trouble)}" for s in failed),
        ]
    if unknown:
        lines += [
            "NOT GRADED, because nothing tells which lab it is (--lab NN does):",
            *(f"  {line(names[s.student.key])}: {line(s.file)}: {line(s.trouble)}" for s in unknown),
        ]
    return lines


def _canvas(everyone: Sequence[Standing], titles: Mapping[str, str]) -> list[str]:
    if not any(on_canvas(everyone, lab) for lab in titles):
        return ["Canvas: no file, because no submission came from a zip of Canvas, which has its numbers."]
    lines = [
        "Canvas: Grades > Import, one file per lab. A column finds its assignment by its title; a title that "
        "is not there makes a new one. Points possible are taken from the file. Look at the preview before "
        "you save."
    ]
    for lab, title in titles.items():
        there = on_canvas(everyone, lab)
        lines.append(f"  lab {lab}: canvas-lab{lab}.csv, {title}" if there else _no_file(lab, "Canvas"))
    return lines + _without(everyone, titles, on_canvas, "Canvas")


def _moodle(everyone: Sequence[Standing], labs: Sequence[str]) -> list[str]:
    if not any(on_moodle(everyone, lab) for lab in labs):
        return ["Moodle: no file, because no submission came from a zip of Moodle, which has its numbers."]
    lines = [
        "Moodle: the assignment with Feedback types > Offline grading worksheet, one file per lab: View all "
        "submissions > Upload grading worksheet. Moodle does not scale points; set the maximum grade to:"
    ]
    for lab in labs:
        worth = max((s.total.out_of for s, _ in on_moodle(everyone, lab)), default=None)
        lines.append(_no_file(lab, "Moodle") if worth is None else f"  lab {lab}: {as_cell(worth)}")
    lines += [
        "  A grade that is in Moodle already is changed only with the option to update records that were "
        "modified more recently. In another language than English the headings have to be those of a "
        "worksheet downloaded from your Moodle.",
        "  Feedback pages: with Feedback types > Feedback files, View all submissions > Upload multiple "
        "feedback files in a zip, moodle-feedback-labNN.zip as it is. It holds those of the worksheet.",
    ]
    return lines + _without(everyone, labs, on_moodle, "Moodle")


def _no_file(lab: str, platform: str) -> str:
    return f"  lab {lab}: no file, because no submission of it came from a zip of {platform}"


def _without(everyone: Sequence[Standing], labs: Iterable[str], having: _Having, platform: str) -> list[str]:
    """Who is missing in the files that there are only because the platform's number is."""
    names, lines = called(s.student for s in everyone), []
    for lab in labs:
        there = {s.student.key for s, _ in having(everyone, lab)}
        missing = [s for s in everyone if s.lab == lab and s.student.key not in there and not s.ungraded]
        lines += [f"  {line(names[s.student.key])}, lab {lab}" for s in missing if there]
    if not lines:
        return []
    return [
        f"Not in the files for {platform}, because their submissions came without a number of {platform}:",
        *lines,
    ]


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
