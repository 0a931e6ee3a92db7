"""A class in numbers: how each exercise came out, what went wrong most often, and who is stuck where.

Pure counting over one lab; how it looks is the business of `labkit_instructor.reports.overview`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from labkit.markup import CROSS
from labkit_instructor.gradebook.standing import Counted, Standing
from labkit_instructor.marks import Graded, Mark
from labkit_instructor.reports.uploads import whole_upload_lost
from labkit_instructor.reports.verdicts import first_failure, for_instructor

STUCK = ("wrong", "raised", "timed out", "refused")
UNTOUCHED = ("not attempted", "missing")
WRITTEN = ("to review", "reviewed")


@dataclass(frozen=True)
class Row:
    """One submission: what was handed in, and what counts for it now."""

    graded: Graded
    standing: Standing

    def counted(self, exercise: str) -> Counted | None:
        """What counts for an exercise; None where the submission was graded without it."""
        known = self.standing.counted.get(exercise)
        if known is not None:
            return known
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


@dataclass(frozen=True)
class Group:
    """Submissions of which the same is to be said.

    Attributes:
        what: the property that does not hold, the reason, or the note.
        cause: the likely mistake; empty where none is known.
        status: of the exercise in these submissions.
        got, expected: of one of them, as an example.
        rows: the submissions.
        property: whether ``what`` is a property, and not a sentence of its own.
    """

    what: str
    cause: str
    status: str
    got: str
    expected: str
    rows: tuple[Row, ...]
    property: bool = False


@dataclass(frozen=True)
class Place:
    """Where a student stands in a lab: ``kind`` is "stuck", "stopped", "not started", "unread" or
    "through"; ``exercise`` is where, and ``why`` what is in the way there."""

    kind: str
    exercise: str = ""
    why: str = ""


def exercises(rows: Iterable[Row]) -> list[str]:
    """The exercises of these submissions, in the order of the lab."""
    ids = {m.exercise for row in rows for m in row.graded.marks}
    return sorted(ids, key=_in_order)


def statuses(rows: Iterable[Row], exercise: str) -> dict[str, int]:
    """Status -> how many submissions."""
    count: dict[str, int] = {}
    for row in rows:
        if (counted := row.counted(exercise)) is not None:
            count[counted.status] = count.get(counted.status, 0) + 1
    return count


def failures(rows: Iterable[Row], exercise: str) -> list[Group]:
    """What was wrong with an exercise, the most common first."""
    found: dict[tuple[str, str, str], list[tuple[Row, Mark]]] = {}
    for row in rows:
        counted = row.counted(exercise)
        if counted is None or counted.status not in STUCK or unread(row):
            continue
        finding = first_failure(counted.mark)
        key = (counted.status, _what(counted.mark), for_instructor(finding.cause) if finding else "")
        found.setdefault(key, []).append((row, counted.mark))
    groups = []
    for (status, what, cause), members in found.items():
        example = first_failure(members[0][1])
        got, expected = (example.got, for_instructor(example.expected)) if example else ("", "")
        everybody = tuple(row for row, _ in members)
        is_property = example is not None and status != "raised"
        if not is_property:
            expected = ""
        groups.append(Group(what, cause, status, got, expected, everybody, is_property))
    return sorted(groups, key=lambda g: -len(g.rows))


def notes(rows: Iterable[Row]) -> list[Group]:
    """What was said about notebooks and answers on the way, the most common first."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if unread(row):  # its notes are the reason, which is told elsewhere
            continue
        every = [*row.graded.notes, *(note for m in row.graded.marks for note in m.notes)]
        for note in dict.fromkeys(every):
            found.setdefault(for_instructor(note), []).append(row)
    groups = [Group(note, "", "", "", "", tuple(members)) for note, members in found.items()]
    return sorted(groups, key=lambda g: -len(g.rows))


def unread(row: Row) -> bool:
    """Whether nothing of a submission could be graded."""
    return whole_upload_lost(row.graded, row.standing)


def refused(row: Row) -> dict[str, list[str]]:
    """Reason -> the exercises that were refused for it and that no person has set points for. Empty where
    the whole submission could not be graded."""
    found: dict[str, list[str]] = {}
    for counted in () if unread(row) else row.all:
        if counted.status == "refused" and counted.source == "graded":
            found.setdefault(_what(counted.mark), []).append(counted.mark.exercise)
    return found


def place(row: Row) -> Place:
    """Where a student is stuck: the first coded exercise that was tried and is not right; else the first
    that was not tried."""
    if unread(row):
        return Place("unread", why=for_instructor(row.standing.trouble))
    coded = [c for c in row.all if c.status not in WRITTEN]
    for counted in coded:
        if counted.status in STUCK and counted.points == 0:
            sign = f"{CROSS} " if first_failure(counted.mark) and counted.status != "raised" else ""
            return Place("stuck", counted.mark.exercise, sign + _what(counted.mark))
    untouched = [c for c in coded if c.status in UNTOUCHED]
    if untouched and len(untouched) == len(coded):
        return Place("not started")
    return Place("stopped", untouched[0].mark.exercise) if untouched else Place("through")


def waiting(rows: Iterable[Row]) -> dict[str, int]:
    """Written exercise -> how many answers no person has read yet."""
    count: dict[str, int] = {}
    for row in rows:
        for counted in row.all:
            if counted.points is None:
                exercise = counted.mark.exercise
                count[exercise] = count.get(exercise, 0) + 1
    return dict(sorted(count.items(), key=lambda item: _in_order(item[0])))


def by_hand(rows: Iterable[Row]) -> list[tuple[Row, Counted]]:
    """Every exercise whose points a person has set over the machine's."""
    return [(row, c) for row in rows for c in row.all if c.source == "manual"]


def average(rows: Iterable[Row], exercise: str) -> float | None:
    """The mean of the points that are known, without what could not be graded; None where there are none."""
    every = (r.counted(exercise) for r in rows if not unread(r))
    known = [c.points for c in every if c is not None and c.points is not None]
    return sum(known) / len(known) if known else None


def by_lab(pairs: Sequence[tuple[Graded, Standing]]) -> dict[str, list[Row]]:
    """Lab -> its submissions, in the order of the labs."""
    labs: dict[str, list[Row]] = {}
    for graded, standing in pairs:
        labs.setdefault(graded.lab, []).append(Row(graded, standing))
    return dict(sorted(labs.items()))


def _what(mark: Mark) -> str:
    """What went wrong, for the instructor, so that the same has the same words: an error by its kind, not its
    message."""
    finding = first_failure(mark)
    if finding is None:
        return for_instructor(mark.reason) or mark.status
    kind = re.match(r"[A-Za-z_]\w{0,60}(?=: |$)", finding.got) if mark.status == "raised" else None
    return f"stops with `{kind[0]}`" if kind else for_instructor(finding.what)


def _in_order(exercise: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 10**6 for part in exercise.split("."))
