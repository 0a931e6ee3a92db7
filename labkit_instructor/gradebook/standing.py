"""What counts now for one student's lab, and how it came to that.

`labkit_instructor.gradebook.folding` makes it from the lines of a gradebook.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from labkit_instructor.marks import Mark, Student


@dataclass(frozen=True)
class Event:
    """Something that happened to the points of an exercise.

    Attributes:
        time: in UTC, as ISO 8601 has it.
        what: "graded", "set by hand", "handed back" or "reviewed".
        points: None where it left them open.
        by: who, or the id of the run.
        reason: of the machine, of the person who changed the points, or the reviewer's comment.
        was: with a change by hand, what the machine gave at that time; None where it had left them open.
    """

    time: str
    what: str
    points: float | None
    by: str = ""
    reason: str = ""
    was: float | None = None


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
        was: what the machine gave when the points were set by hand (now it is ``mark.points``); None where
            they are not, or where the machine had left them open.
        history: everything that happened, oldest first.
    """

    mark: Mark
    points: float | None
    status: str
    source: str = "graded"
    comment: str = ""
    read: Event | None = None
    history: tuple[Event, ...] = ()
    was: float | None = None

    @property
    def in_parts(self) -> str:
        """What earned a part of the points and what did not: "2 of 5. Right: …"; empty where the points are
        none, all, or a person's."""
        parts = self.mark.parts if self.source == "graded" and self.points else ()
        if not parts:
            return ""
        right = "; ".join(p.what for p in parts if p.points)
        rest = "; ".join(p.what for p in parts if not p.points)
        said = f"Right: {right}. Not right, or not to be known: {rest}."
        return f"{self.points:g} of {self.mark.out_of:g}. {said}"

    @property
    def regraded(self) -> bool:
        """Whether points set by hand are older than the machine's mark, and stand over it."""
        if self.source != "manual":
            return False
        marks = [e.what for e in self.history if e.what in ("graded", "set by hand")]
        return marks[-1:] == ["graded"]


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
        student, lab, file, digest, notes: of the submission that was graded last; numbers of a learning
            platform that it lacks, from an earlier one.
        run: the id of that run; ``unsafe``: whether it was without a sandbox.
        counted: id of an exercise -> what counts, in the order of the lab.
        texts: id of a written answer -> `text_digest` of the text in that submission.
        merged: which other files of the student it stands for, now or earlier, and why they are the same
            student's.
        late: who says that it is late; empty where nobody does.
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
    merged: tuple[str, ...] = ()
    late: str = ""

    @property
    def total(self) -> Total:
        """The sum over the lab."""
        known = [c.points for c in self.counted.values() if c.points is not None]
        waiting = tuple(i for i, c in self.counted.items() if c.points is None)
        out_of = math.fsum(c.mark.out_of for c in self.counted.values())
        return Total(_clean(math.fsum(known)), _clean(out_of), waiting)

    @property
    def trouble(self) -> str:
        """Why nothing of the submission could be graded: unreadable, of another lab, absent; else empty.

        It is one of the notes then, and the reason of every mark. An answer that is refused on its own has a
        reason of its own.
        """
        if not self.counted:
            return self.notes[-1] if self.notes else "nothing tells which lab it is"
        first, *others = {c.mark.reason for c in self.counted.values()}
        whole = {c.mark.status for c in self.counted.values()} <= {"refused", "missing"}
        return first if whole and not others and first in self.notes else ""

    @property
    def ungraded(self) -> bool:
        """Whether nothing could be graded, and no person has set points for any of it since."""
        return bool(self.trouble) and all(c.source == "graded" for c in self.counted.values())


def totals(standings: Mapping[tuple[str, str], Standing]) -> dict[str, Total]:
    """Student key -> the sum over all labs."""
    sums: dict[str, Total] = {}
    for (student, _), standing in standings.items():
        one, old = standing.total, sums.get(student, Total(0, 0))
        points, out_of = _clean(old.points + one.points), _clean(old.out_of + one.out_of)
        sums[student] = Total(points, out_of, old.waiting + one.waiting)
    return sums


def ungraded(standings: Iterable[Standing]) -> list[Standing]:
    """Those of which nothing could be graded, whose 0 is no verdict; not those that a person has judged."""
    return [s for s in standings if s.ungraded]


def overridden(standing: Standing) -> list[tuple[str, float, float]]:
    """(exercise, points by hand, the machine's points now) where they differ and the machine's are newer."""
    return [
        (i, c.points, c.mark.points)
        for i, c in standing.counted.items()
        if c.regraded and c.mark.points is not None and c.points != c.mark.points
    ]


def text_digest(text: str) -> str:
    """What tells whether a written answer is still the one that was read.

    Line ends, spaces at the end of a line, and blank lines around the text make no difference.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    same = "\n".join(line.rstrip() for line in lines).strip("\n")
    return hashlib.sha256(same.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _clean(points: float) -> float:
    """Without the dust of binary fractions: 0.3, not 0.30000000000000004."""
    return round(points, 6)
