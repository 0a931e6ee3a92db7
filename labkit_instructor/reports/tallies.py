"""A class in numbers: how each exercise came out, and what went wrong most often. Nothing but counting."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from labkit_instructor.gradebook.standing import Counted
from labkit_instructor.marks import Mark
from labkit_instructor.reports.entries import STUCK, Entry, first_failure, for_instructor, what_failed


@dataclass(frozen=True)
class Group:
    """Submissions of which the same is to be said.

    Attributes:
        what: the property that does not hold, the reason, or the note.
        entries: the submissions.
        cause: the likely mistake; empty where none is known.
        status: of the exercise in these submissions.
        got, expected: of one of them, as an example.
        property: whether ``what`` is a property, and not a sentence of its own.
    """

    what: str
    entries: tuple[Entry, ...]
    cause: str = ""
    status: str = ""
    got: str = ""
    expected: str = ""
    property: bool = False


def exercises(entries: Iterable[Entry]) -> list[str]:
    """The exercises of these submissions, in the order of the lab."""
    return sorted({m.exercise for e in entries for m in e.graded.marks}, key=_in_order)


def statuses(entries: Iterable[Entry], exercise: str) -> Counter[str]:
    """Status -> how many submissions."""
    return Counter(c.status for _, c in _counted(entries, exercise))


def failures(entries: Iterable[Entry], exercise: str) -> list[Group]:
    """What was wrong with an exercise, the most common first."""
    found: dict[tuple[str, str, str], list[tuple[Entry, Mark]]] = {}
    for entry, counted in _counted(entries, exercise):
        if counted.status not in STUCK or entry.lost:
            continue
        finding = first_failure(counted.mark)
        key = (counted.status, what_failed(counted.mark), for_instructor(finding.cause) if finding else "")
        found.setdefault(key, []).append((entry, counted.mark))
    groups = []
    for (status, what, cause), members in found.items():
        example = first_failure(members[0][1])
        is_property = example is not None and status != "raised"
        got = example.got if example else ""
        expected = for_instructor(example.expected) if example and is_property else ""
        everybody = tuple(entry for entry, _ in members)
        groups.append(Group(what, everybody, cause, status, got, expected, is_property))
    return sorted(groups, key=lambda g: -len(g.entries))


def notes(entries: Iterable[Entry]) -> list[Group]:
    """What was said about notebooks and answers on the way, the most common first."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.lost:  # its notes are the reason, which is told elsewhere
            continue
        every = [*entry.graded.notes, *(note for m in entry.graded.marks for note in m.notes)]
        for note in dict.fromkeys(every):
            found.setdefault(for_instructor(note), []).append(entry)
    groups = [Group(note, tuple(members)) for note, members in found.items()]
    return sorted(groups, key=lambda g: -len(g.entries))


def waiting(entries: Iterable[Entry]) -> dict[str, int]:
    """Written exercise -> how many answers no person has read yet."""
    count = Counter(c.mark.exercise for e in entries for c in e.all if c.points is None)
    return dict(sorted(count.items(), key=lambda item: _in_order(item[0])))


def average(entries: Iterable[Entry], exercise: str) -> float | None:
    """The mean of the points that are known, without what could not be graded; None where there are none."""
    known = [c.points for e, c in _counted(entries, exercise) if not e.lost and c.points is not None]
    return sum(known) / len(known) if known else None


def _counted(entries: Iterable[Entry], exercise: str) -> list[tuple[Entry, Counted]]:
    return [(entry, c) for entry in entries if (c := entry.counted(exercise)) is not None]


def _in_order(exercise: str) -> tuple[tuple[int, ...], str]:
    return tuple(int(part) if part.isdecimal() else 10**6 for part in exercise.split(".")), exercise
