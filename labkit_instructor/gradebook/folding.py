"""The history of a gradebook folded into what counts now, one standing per student and lab.

The machine's latest grading is the ground. A person's review of a written answer stands over it as long as
the text is the one that was read; points set by hand stand over both, whatever is handed in or graded later,
until they are handed back. Nothing is erased: every exercise keeps its history.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from labkit_instructor.gradebook.journal import GradebookError
from labkit_instructor.gradebook.standing import Counted, Event, Standing
from labkit_instructor.marks import Mark, Student, mark_from
from labkit_instructor.people import People

_Key = tuple[str, str]  # student key, lab


@dataclass(frozen=True)
class _Seen:
    """What the lines so far have said.

    Attributes:
        runs: id -> whether it was without a sandbox.
        people: who is who. In books of earlier versions one key can stand for two people of one name.
        called: (key as it stands in the lines, lab) -> key of the person who was graded under it last.
        students: the latest of each, with the numbers of the learning platforms.
        graded: the latest grading, with the number of its line.
        files: (student key, lab) -> digest -> what was graded before: the file's name, and when.
        names: student key -> the names that came with it.
        history: (student key, lab, exercise) -> events, a review with the digest of the text that was read.
    """

    runs: dict[str, bool] = field(default_factory=dict)
    people: People = field(default_factory=People)
    called: dict[_Key, str] = field(default_factory=dict)
    students: dict[_Key, Student] = field(default_factory=dict)
    graded: dict[_Key, tuple[int, Mapping[str, Any]]] = field(default_factory=dict)
    files: dict[_Key, dict[str, tuple[str, str]]] = field(default_factory=dict)
    names: dict[str, dict[str, None]] = field(default_factory=dict)
    history: dict[tuple[str, str, str], list[tuple[Event, str]]] = field(default_factory=dict)


def fold(name: str, lines: Iterable[tuple[int, Mapping[str, Any]]]) -> dict[_Key, Standing]:
    """(student key, lab) -> what counts now, in the order of the first grading.

    Args:
        name: of the file, for messages.
        lines: line numbers and entries, as `labkit_instructor.gradebook.journal.entries` gives them.

    Raises:
        GradebookError: an entry says nothing that can be understood; the message names its line.
    """
    seen = _read(name, lines)
    standings = {}
    for key, (number, entry) in seen.graded.items():
        with _at(name, number):
            standings[key] = _standing(key, entry, seen)
    return standings


def people(name: str, lines: Iterable[tuple[int, Mapping[str, Any]]]) -> People:
    """Everybody in a gradebook; arguments and errors as those of `fold`."""
    return _read(name, lines).people


def _read(name: str, lines: Iterable[tuple[int, Mapping[str, Any]]]) -> _Seen:
    seen = _Seen()
    for number, entry in lines:
        with _at(name, number):
            _take(number, entry, seen)
    return seen


@contextmanager
def _at(name: str, number: int) -> Iterator[None]:
    """Turn whatever is wrong with an entry into an error that names its line."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else error
        raise GradebookError(
            f"{name}, line {number} is no entry of a gradebook: {why}. Nothing was dropped; fix that "
            "line by hand, or take the file from a backup"
        ) from error


def _take(number: int, entry: Mapping[str, Any], seen: _Seen) -> None:
    kind, when = entry["entry"], entry["time"]
    if kind == "run":
        seen.runs[entry["run"]["id"]] = entry["run"]["sandbox"].startswith("none")
    elif kind == "graded":
        if entry["run"] not in seen.runs:
            raise ValueError(f"run {entry['run']!r} is not started in any line before")
        values = entry["graded"]
        student = Student(**values["student"])
        settled = seen.people.recorded(student, values["lab"])
        key = (settled.key, values["lab"])
        seen.called[student.key, values["lab"]] = settled.key
        seen.students[key] = settled
        seen.graded[key] = (number, entry)
        before = seen.files.setdefault(key, {})
        before.pop(values["digest"], None)
        before[values["digest"]] = (values["file"], when)
        seen.names.setdefault(settled.key, {})[student.name] = None
        for mark in values["marks"]:
            event = Event(when, "graded", mark["points"], entry["run"], mark["reason"] or mark["status"])
            seen.history.setdefault((*key, mark["exercise"]), []).append((event, ""))
    elif kind in ("change", "review"):
        key = (seen.called.get((entry["student"], entry["lab"]), entry["student"]), entry["lab"])
        if key not in seen.graded:
            raise ValueError(f"lab {key[1]} of {key[0]} is not graded in any line before")
        points = entry["points"]
        if kind == "review":
            event = Event(when, "reviewed", points, entry["by"], entry["comment"])
        else:
            what = "handed back" if points is None else "set by hand"
            was = _machine(seen.history.get((*key, entry["exercise"]), ()))
            event = Event(when, what, points, entry["by"], entry["reason"], was)
        text = entry["text"] if kind == "review" else ""
        seen.history.setdefault((*key, entry["exercise"]), []).append((event, text))
    else:
        raise ValueError(f"{kind!r} is no kind of entry that this version knows")


def _machine(history: Iterable[tuple[Event, str]]) -> float | None:
    """The machine's points at the end of what has happened so far."""
    return next((e.points for e, _ in reversed(list(history)) if e.what == "graded"), None)


def _standing(key: _Key, entry: Mapping[str, Any], seen: _Seen) -> Standing:
    values, lab, texts = entry["graded"], key[1], entry["texts"]
    counted = {}
    for mark in (mark_from(m) for m in values["marks"]):
        events = seen.history[(*key, mark.exercise)]
        counted[mark.exercise] = _counted(mark, events, texts.get(mark.exercise))
    return Standing(
        seen.students[key],
        lab,
        values["file"],
        values["digest"],
        entry["run"],
        seen.runs[entry["run"]],
        tuple(values["notes"]),
        counted,
        texts,
        (*values.get("merged", ()), *_merged(key, values["digest"], seen)),
        values.get("late", ""),
    )


def _merged(key: _Key, digest: str, seen: _Seen) -> Iterator[str]:
    """What earlier lines say of the same student's files and names."""
    earlier = [
        f"{file} (graded on {when[:10]})" for d, (file, when) in seen.files[key].items() if d != digest
    ]
    if earlier:
        yield f"graded again from another file, which counts now; before: {', '.join(earlier[-5:])}"
    if len(names := seen.names[key[0]]) > 1:
        yield f"graded under the names {', '.join(names)}: taken for one student"


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
    was = said.was if manual else None
    return replace(machine, points=said.points, status=status, source=source, comment=said.reason, was=was)
