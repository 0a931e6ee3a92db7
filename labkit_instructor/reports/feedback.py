"""One page per student and lab: what came out, why, and what to read next.

Everything on it comes from the student's own submission or from the judge; nothing of other students. What is
long is cut, so that a page stays small.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from labkit.files import write_bytes
from labkit_instructor.gradebook.standing import Counted, Standing
from labkit_instructor.marks import Graded
from labkit_instructor.reports.entries import Entry, first_failure, refused_together, set_by_hand
from labkit_instructor.reports.pages import Png, look, picture, render

MOST_FIGURES = 4  # of one exercise
MOST_PICTURES = 6 * 2**20  # characters of base64 on one page


@dataclass(frozen=True)
class Section:
    """One exercise on the page.

    Attributes:
        counted: what counts for it.
        by_hand: what a person made of the machine's points; empty where nobody changed them.
        reason: why, in a line; empty where the findings or a review say the same.
        pictures: the student's own.
        written: the student's answer in Markdown.
        code: the answer cell; empty where it is as handed out.
        shared: the exercises that the same cell answers, if there are others. The first of them has it.
    """

    counted: Counted
    by_hand: str
    reason: str
    pictures: Sequence[Png]
    written: str
    code: str
    shared: Sequence[str]


def write_feedback(graded: Graded, standing: Standing, out: Path, *, unsafe: bool) -> Path:
    """Write ``feedback/<slug>.html`` under ``out`` and return its path.

    Args:
        graded: the submission with its texts, figures and code.
        standing: what counts for it now, with reviews and manual changes.
        out: the folder of the grading run.
        unsafe: whether the code ran without a sandbox; the page says so on top.

    Raises:
        OSError: it cannot be written.
    """
    path = out / "feedback" / f"{graded.slug}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, feedback_page(graded, standing, unsafe=unsafe).encode("utf-8"))
    if (older := re.sub(r"(-[0-9a-f]{8})[0-9a-f]{8}(?=\.lab)", r"\1", path.name)) != path.name:
        path.with_name(older).unlink(missing_ok=True)  # the name that it had before: nobody hands out both
    return path


def feedback_page(graded: Graded, standing: Standing, *, unsafe: bool = False) -> str:
    """The page as HTML."""
    entry = Entry(graded, standing)
    together = refused_together(entry)
    told = together.exercises if together else ()  # in the box at the top, which says all there is to say
    waiting = [c.mark for c in entry.all if c.points is None]
    return render(
        "feedback.html",
        graded=graded,
        unsafe=unsafe,
        together=together,
        points=entry.points,
        out_of=sum(c.mark.out_of for c in entry.all),
        waiting=[m.exercise for m in waiting],
        waiting_points=sum(m.out_of for m in waiting),
        notes=[
            *([f"late: {graded.late}"] if graded.late else []),
            *graded.merged,
            *(n for n in graded.notes if not together or n != together.reason),
        ],
        sections=list(_sections(graded, [c for c in entry.all if c.mark.exercise not in told])),
    )


def _sections(graded: Graded, every: Sequence[Counted]) -> Iterator[Section]:
    coded = [c.mark.exercise for c in every if c.mark.status != "not attempted"]
    sources = {i: graded.sources[i] for i in coded if graded.sources.get(i)}
    room = MOST_PICTURES
    for counted in every:
        exercise = counted.mark.exercise
        code = sources.get(exercise, "")
        pictures = _pictures(graded.figures.get(exercise, ()), room)
        room -= sum(len(p.url) for p in pictures)
        yield Section(
            counted,
            set_by_hand(counted),
            _reason(counted),
            pictures,
            graded.written.get(exercise, ""),
            code,
            [i for i, source in sources.items() if source == code],
        )


def _reason(counted: Counted) -> str:
    mark, failure = counted.mark, first_failure(counted.mark)
    if counted.status == "reviewed" or (failure and mark.reason.startswith(failure.what)):
        return ""
    return mark.reason or ("" if mark.findings else look(mark.status).says)


def _pictures(encoded: Sequence[str], room: int) -> list[Png]:
    """Those that are pictures, as far as they fit."""
    shown: list[Png] = []
    for one in encoded[: 5 * MOST_FIGURES]:
        made = picture(one)
        if made and len(made.url) <= room and len(shown) < MOST_FIGURES:
            shown.append(made)
            room -= len(made.url)
    return shown
