"""What counts now: the history of a gradebook folded into one standing per student and lab.

The machine's latest grading is the ground. A person's review of a written answer stands over it as long as
the text is the one that was read; points set by hand stand over both, whatever is handed in or graded later,
until they are handed back. Nothing is erased: every exercise keeps its history.
"""

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from labkit.instructor.journal import GradebookError
from labkit.instructor.marks import Mark, Student, mark_from


@dataclass(frozen=True)
class Event:
    """Something that happened to the points of an exercise.

    Attributes:
        time: in UTC, as ISO 8601 has it.
        what: "graded", "set by hand", "handed back" or "reviewed".
        points: None where it left them open.
        by: who, or the id of the run.
        reason: of the machine, of the person who changed the points, or the reviewer's comment.
    """

    time: str
    what: str
    points: float | None
    by: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Counted:
    """What counts for one exercise.

    Attributes:
        mark: what the machine said last.
        points: what counts; None while a written answer waits for its reader.
        status: of the mark; "reviewed" for a written answer once a person has given points.
        source: "graded", "review" or "manual".
        comment: the reviewer's, or the reason of a manual change; written for the student too.
        read: the review of this very text, also where points set by hand stand over it.
        history: everything that happened, oldest first.
    """

    mark: Mark
    points: float | None
    status: str
    source: str = "graded"
    comment: str = ""
    read: Event | None = None
    history: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Total:
    """Points over several exercises; ``waiting`` names those without points yet: the sum is not final."""

    points: float
    out_of: float
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standing:
    """One student's lab as it counts now.

    Attributes:
        student, lab, file, digest, notes: of the submission that was graded last.
        run: the id of that run; ``unsafe``: whether it was without a sandbox.
        counted: id of an exercise -> what counts, in the order of the lab.
        texts: id of a written answer -> `text_digest` of the text in that submission.
    """

    student: Student
    lab: str
    file: str
    digest: str
    run: str
    unsafe: bool
    notes: tuple[str, ...] = ()
    counted: Mapping[str, Counted] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def total(self) -> Total:
        """The sum over the lab."""
        known = [c.points for c in self.counted.values() if c.points is not None]
        waiting = tuple(i for i, c in self.counted.items() if c.points is None)
        out_of = math.fsum(c.mark.out_of for c in self.counted.values())
        return Total(_clean(math.fsum(known)), _clean(out_of), waiting)


def totals(standings: Mapping[tuple[str, str], Standing]) -> dict[str, Total]:
    """Student key -> the sum over all labs."""
    sums: dict[str, Total] = {}
    for (student, _), standing in standings.items():
        one, old = standing.total, sums.get(student, Total(0, 0))
        points, out_of = _clean(old.points + one.points), _clean(old.out_of + one.out_of)
        sums[student] = Total(points, out_of, old.waiting + one.waiting)
    return sums


# (student key, lab) -> the latest grading with the number of its line; (…, exercise) -> events, and for a
# review the digest of the text that was read.
_Graded = dict[tuple[str, str], tuple[int, Mapping[str, Any]]]
_History = dict[tuple[str, str, str], list[tuple[Event, str]]]


def text_digest(text: str) -> str:
    """What tells whether a written answer is still the one that was read.

    Line ends, spaces at the end of a line, and blank lines around the text make no difference.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    same = "\n".join(line.rstrip() for line in lines).strip("\n")
    return hashlib.sha256(same.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def fold(name: str, lines: Iterable[tuple[int, Mapping[str, Any]]]) -> dict[tuple[str, str], Standing]:
    """(student key, lab) -> what counts now, in the order of the first grading.

    Args:
        name: of the file, for messages.
        lines: line numbers and entries, as `labkit.instructor.journal.entries` gives them.

    Raises:
        GradebookError: an entry says nothing that can be understood; the message names its line.
    """
    runs: dict[str, bool] = {}
    graded: _Graded = {}
    history: _History = {}
    for number, entry in lines:
        with _at(name, number):
            _take(number, entry, runs, graded, history)
    standings = {}
    for key, (number, entry) in graded.items():
        with _at(name, number):
            standings[key] = _standing(entry, runs[entry["run"]], history)
    return standings


@contextmanager
def _at(name: str, number: int) -> Iterator[None]:
    """Turn whatever is wrong with an entry into an error that names its line."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else error
        raise GradebookError(
            f"{name}, line {number} is no entry of a gradebook: {why}. Nothing was dropped; mend that "
            "line by hand, or take the file from a backup"
        ) from error


def _take(
    number: int, entry: Mapping[str, Any], runs: dict[str, bool], graded: _Graded, history: _History
) -> None:
    kind, when = entry["entry"], entry["time"]
    if kind == "run":
        runs[entry["run"]["id"]] = entry["run"]["sandbox"].startswith("none")
    elif kind == "graded":
        if entry["run"] not in runs:
            raise ValueError(f"run {entry['run']!r} is not started in any line before")
        values = entry["graded"]
        key = (values["student"]["key"], values["lab"])
        graded[key] = (number, entry)
        for mark in values["marks"]:
            event = Event(when, "graded", mark["points"], entry["run"], mark["reason"] or mark["status"])
            history.setdefault((*key, mark["exercise"]), []).append((event, ""))
    elif kind in ("change", "review"):
        key = (entry["student"], entry["lab"])
        if key not in graded:
            raise ValueError(f"lab {key[1]} of {key[0]} is not graded in any line before")
        points = entry["points"]
        if kind == "review":
            event = Event(when, "reviewed", points, entry["by"], entry["comment"])
        else:
            what = "handed back" if points is None else "set by hand"
            event = Event(when, what, points, entry["by"], entry["reason"])
        text = entry["text"] if kind == "review" else ""
        history.setdefault((*key, entry["exercise"]), []).append((event, text))
    else:
        raise ValueError(f"{kind!r} is no kind of entry that this version knows")


def _standing(entry: Mapping[str, Any], unsafe: bool, history: _History) -> Standing:
    values = entry["graded"]
    student, lab, texts = Student(**values["student"]), values["lab"], entry["texts"]
    counted = {}
    for mark in (mark_from(m) for m in values["marks"]):
        events = history[(student.key, lab, mark.exercise)]
        counted[mark.exercise] = _counted(mark, events, texts.get(mark.exercise))
    return Standing(
        student,
        lab,
        values["file"],
        values["digest"],
        entry["run"],
        unsafe,
        tuple(values["notes"]),
        counted,
        texts,
    )


def _counted(mark: Mark, events: list[tuple[Event, str]], text: str | None) -> Counted:
    manual: Event | None = None
    reviews: dict[str, Event] = {}  # by text: the latest reading of each
    for event, read in events:
        if event.what == "set by hand":
            manual = event
        elif event.what == "reviewed":
            reviews[read] = event
        elif event.what == "handed back" and manual:
            manual = None
        elif event.what == "handed back":
            reviews.clear()
    review = reviews.get(text) if text and mark.status == "to review" else None
    machine = Counted(mark, mark.points, mark.status, read=review, history=tuple(e for e, _ in events))
    said = manual or review
    if not said:
        return machine
    status = "reviewed" if mark.status == "to review" else mark.status
    source = "manual" if manual else "review"
    return replace(machine, points=said.points, status=status, source=source, comment=said.reason)


def _clean(points: float) -> float:
    """Without the dust of binary fractions: 0.3, not 0.30000000000000004."""
    return round(points, 6)
