"""What the pages say about one student's lab: what counts, what failed first, where the student stands."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from labkit.exercises import all_exercises
from labkit.exercises.exercise import Exercise, Finding
from labkit.markup import CROSS
from labkit_instructor.gradebook.standing import Counted, Standing
from labkit_instructor.marks import Graded, Mark
from labkit_instructor.reports.pages import number

STUCK = ("wrong", "raised", "timed out", "refused")
UNTOUCHED = ("not attempted", "missing")
WRITTEN = ("to review", "reviewed")

_SAID_TO = (("yours?", "the student's"), ("you are", "the student is"), ("you", "the student"))


@dataclass(frozen=True)
class Entry:
    """One submission: what was handed in, and what counts for it now."""

    graded: Graded
    standing: Standing

    def counted(self, exercise: str) -> Counted | None:
        """What counts for an exercise; None where the submission was graded without it."""
        known = self.standing.counted.get(exercise)
        if known is not None:
            return known
        # A standing from before this exercise existed does not know it.
        mark = next((m for m in self.graded.marks if m.exercise == exercise), None)
        return None if mark is None else Counted(mark, mark.points, mark.status)

    @property
    def all(self) -> list[Counted]:
        """What counts for every exercise of the submission."""
        known = (self.counted(m.exercise) for m in self.graded.marks)
        return [c for c in known if c is not None]

    @property
    def points(self) -> float:
        """The sum of what counts so far."""
        return sum(c.points for c in self.all if c.points is not None)

    @property
    def lost(self) -> bool:
        """Whether nothing of it could be graded, and no person has given points since."""
        return self.standing.ungraded and (bool(self.standing.counted) or not self.graded.marks)

    @property
    def page(self) -> str:
        """The address of the feedback page, as the overview sees it."""
        return f"feedback/{self.graded.slug}.html"

    @property
    def sort_name(self) -> str:
        """The student's name for sorting: É beside E, not after Z."""
        plain = unicodedata.normalize("NFKD", self.graded.student.name)
        return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


@dataclass(frozen=True)
class Together:
    """Exercises of one upload that could not be graded for the same reason.

    Attributes:
        reason: as their marks have it.
        exercises: their ids.
        whole: whether nothing of the upload could be graded; if not, that is true of its code only, and
            other exercises are written, or a person has set their points.
    """

    reason: str
    exercises: tuple[str, ...]
    whole: bool


@dataclass(frozen=True)
class Place:
    """Where a student stands in a lab: ``kind`` is a key of `PLACES`; ``exercise`` is where, and ``why`` what
    is in the way there."""

    kind: str
    exercise: str = ""
    why: str = ""

    @property
    def said(self) -> str:
        """The place in words."""
        return PLACES[self.kind].format(self.exercise)


PLACES = {
    "lost": "could not be graded",
    "not started": "did not start",
    "stuck": "stuck at {}",
    "stopped": "stopped before {}",
    "finished": "finished all the code",
}


def place(entry: Entry) -> Place:
    """Where a student is stuck: the first coded exercise that was tried and is not right; else the first
    that was not tried."""
    if entry.lost:
        return Place("lost", why=for_instructor(entry.standing.trouble))
    coded = [c for c in entry.all if c.status not in WRITTEN]
    for counted in coded:
        if counted.status in STUCK and (counted.source == "graded" or counted.points == 0):
            sign = f"{CROSS} " if first_failure(counted.mark) and counted.status != "raised" else ""
            return Place("stuck", counted.mark.exercise, sign + what_failed(counted.mark))
    untouched = [c for c in coded if c.status in UNTOUCHED]
    if untouched and len(untouched) == len(coded):
        return Place("not started")
    return Place("stopped", untouched[0].mark.exercise) if untouched else Place("finished")


def refused(entry: Entry) -> dict[str, list[str]]:
    """Reason -> the exercises that were refused for it and that no person has set points for. Empty where
    the whole submission could not be graded."""
    found: dict[str, list[str]] = {}
    for counted in () if entry.lost else entry.all:
        if counted.status == "refused" and counted.source == "graded":
            found.setdefault(what_failed(counted.mark), []).append(counted.mark.exercise)
    return found


def refused_together(entry: Entry) -> Together | None:
    """What kept all the code of an upload from being graded; None where some of it was graded."""
    if entry.lost:
        return Together(entry.standing.trouble, tuple(m.exercise for m in entry.graded.marks), True)
    alike = [c for c in entry.all if c.source == "graded" and c.status in ("refused", "missing")]
    reasons = {c.mark.reason for c in alike}
    if len(alike) < 2 or len(reasons) != 1:
        return None
    rest = [c for c in entry.all if c not in alike]
    if any(c.source != "manual" and _coded(c.mark.exercise) for c in rest):
        return None
    return Together(reasons.pop(), tuple(c.mark.exercise for c in alike), False)


def first_failure(mark: Mark) -> Finding | None:
    """The first property that does not hold."""
    return next((f for f in mark.findings if not f.ok), None)


def what_failed(mark: Mark) -> str:
    """What went wrong, for the instructor, so that the same has the same words: an error by its kind, not its
    message."""
    finding = first_failure(mark)
    if finding is None:
        return for_instructor(mark.reason) or mark.status
    kind = re.match(r"[A-Za-z_]\w{0,60}(?=: |$)", finding.got) if mark.status == "raised" else None
    return f"stops with `{kind[0]}`" if kind else for_instructor(finding.what)


def set_by_hand(counted: Counted) -> str:
    """In a sentence, what a person made of the machine's points; empty where nobody changed them.

    Points set by hand stand over later gradings, so the machine may give something else now than it did then.
    """
    return "".join(_set_by_hand(counted)) if counted.source == "manual" else ""


def _set_by_hand(counted: Counted) -> Iterator[str]:
    points = number(counted.points or 0)
    if not (counted.history and counted.regraded):
        now = counted.read.points if counted.read else counted.mark.points
        before = "" if now is None else f"from {number(now)} "
        yield f"Points changed by a person, {before}to {points}."
        return
    yield f"Set by hand to {points} after an earlier grading"
    if counted.was is not None:
        yield f"; the machine gave {number(counted.was)} then"
        if counted.mark.points is not None:
            same = counted.mark.points == counted.was
            yield " and still does" if same else f" and gives {number(counted.mark.points)} now"
    yield "."


def for_instructor(text: str) -> str:
    """What is said to the student, said about the student; what stands in `ticks` is code and stays."""
    parts = text.split("`")
    for n in range(0, len(parts), 2):
        for you, student in _SAID_TO:
            parts[n] = re.sub(rf"\b{you}\b", student, parts[n])
    return "`".join(parts)


def _coded(exercise: str) -> bool:
    return isinstance(all_exercises().get(exercise), Exercise)
