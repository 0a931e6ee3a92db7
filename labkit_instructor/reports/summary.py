"""What ``labkit grade`` says at its end: how the gradebook stands, and what a person does next."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from labkit_instructor.gradebook.standing import Standing, overridden, ungraded
from labkit_instructor.marks import STATUSES
from labkit_instructor.people import called, near
from labkit_instructor.reports.review_page import merge_command, sheet_path

_NAMED = 5  # of more students only the first are named


def lines(standings: Sequence[Standing], out: Path) -> Iterator[str]:
    """The lines to print, after everything in ``out`` has been made."""
    counted = [(i, c) for s in standings for i, c in s.counted.items()]
    counts = Counter(c.status for _, c in counted)
    yield "In the gradebook: " + "  ".join(f"{s} {counts[s]}" for s in STATUSES if counts[s])
    yield f"Next: open {out / 'overview.html'}; pages for the students are in {out / 'feedback'}."
    known = called(s.student for s in standings)
    if lost := ungraded(standings):
        names = ", ".join(known[s.student.key] for s in lost[:_NAMED]) + (" …" if len(lost) > _NAMED else "")
        what = "1 upload" if len(lost) == 1 else f"{len(lost)} uploads"
        yield f"{what} could not be graded: {names}. Look at them yourself."
    labs = {s.lab for s in standings}
    if pairs := sum(len(near(s.student for s in standings if s.lab == lab)) for lab in labs):
        what = "1 pair of names" if pairs == 1 else f"{pairs} pairs of names"
        yield f"{what} may be one student each. Nothing was merged; the overview lists them."
    for standing in standings:
        yield from _overruled(standing)
    for exercise, waiting in sorted(Counter(i for i, c in counted if c.points is None).items()):
        sheet = sheet_path(out, exercise)
        answers = "1 written answer waits" if waiting == 1 else f"{waiting} written answers wait"
        yield f"{exercise}: {answers}. Read {sheet.with_suffix('.html')}, fill in the table beside it,"
        yield f"     then: {merge_command(out, exercise)}"


def _overruled(standing: Standing) -> Iterator[str]:
    """Marks by hand of which the machine has changed its mind since."""
    for exercise, by_hand, machine in overridden(standing):
        if standing.counted[exercise].was != machine:
            who = f"{standing.student.name}, {exercise}"
            yield f"{who}: {by_hand:g} by hand stands, the machine gives {machine:g} now."
            change = f"--set '{standing.student.key}' {exercise}=auto --reason …"
            yield f"     to take that: .venv/bin/labkit grade {change}"
