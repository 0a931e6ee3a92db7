"""``exports.txt``: what a person should know before uploading, and how it is done on each platform.

Whoever is missing from the files for the platforms stands here once, with the reason.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from labkit_instructor.gradebook.lms import on_canvas, on_moodle
from labkit_instructor.gradebook.spreadsheet import as_cell, line
from labkit_instructor.gradebook.standing import Standing, ungraded

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
    return "\n".join(lines) + "\n"


def _cautions(everyone: Sequence[Standing], waiting_too: bool) -> list[str]:
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
            *(f"  {line(s.student.name)}, lab {s.lab}: {', '.join(s.total.waiting)}" for s in waiting),
        ]
    if failed:
        lines += [
            f"NOT FINAL: {_many(len(failed), 'submission')} of which nothing could be graded. The files for "
            "Canvas and Moodle leave them out, because a 0 would be no verdict. Grade a better file, or set "
            "points by hand for any exercise (labkit grade --set): then what stands there is final.",
            *(f"  {line(s.student.name)}, lab {s.lab}: {line(s.trouble)}" for s in failed),
        ]
    if unknown:
        lines += [
            "NOT GRADED, because nothing tells which lab it is (--lab NN does):",
            *(f"  {line(s.student.name)}: {line(s.file)}: {line(s.trouble)}" for s in unknown),
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
    ]
    return lines + _without(everyone, labs, on_moodle, "Moodle")


def _no_file(lab: str, platform: str) -> str:
    return f"  lab {lab}: no file, because no submission of it came from a zip of {platform}"


def _without(everyone: Sequence[Standing], labs: Iterable[str], having: _Having, platform: str) -> list[str]:
    """Who is missing in the files that there are only because the platform's number is."""
    names = []
    for lab in labs:
        there = {s.student.key for s, _ in having(everyone, lab)}
        missing = [s for s in everyone if s.lab == lab and s.student.key not in there and not s.ungraded]
        names += [f"  {line(s.student.name)}, lab {lab}" for s in missing if there]
    if not names:
        return []
    return [
        f"Not in the files for {platform}, because their submissions came without a number of {platform}:",
        *names,
    ]


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
