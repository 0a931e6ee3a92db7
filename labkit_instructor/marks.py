"""What grading hands from one step to the next: who handed in what, and how each exercise came out.

All of it is plain data, so that it can travel between processes and machines and be kept as JSON.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from labkit.exercises.exercise import Finding

STATUSES = (
    "right",
    "wrong",
    "raised",
    "timed out",
    "not attempted",
    "missing",
    "refused",
    "to review",
    "reviewed",
)


@dataclass(frozen=True)
class Student:
    """Who handed in. ``key`` tells students apart. The ids are there where a LMS export has them; the key
    holds one of them then."""

    key: str
    name: str
    canvas_id: str = ""
    moodle_id: str = ""


@dataclass(frozen=True)
class Handed:
    """One notebook as it was handed in, not read yet.

    Attributes:
        student: taken from the name of the folder or the file.
        name: what to call it in reports: the file's own name.
        path: the file, or the zip that holds it; then ``member`` is its name in there.
        digest: SHA-256 of the content in hexadecimal.
        trouble: why it cannot be read; empty where it can.
        absent: nothing of the lab was handed in: its exercises are missing, not refused.
        notes: what a reader of the marks should know: "it was read without its outputs".
        merged: which other files of the same student it stands for, and why they are the same student's.
        at: when it was handed in, in seconds since 1970; 0 where no learning platform says.
        late: who says that it is late: "handed in 2026-11-21 08:15, after 2026-11-20 23:59".
    """

    student: Student
    name: str
    path: Path
    member: str = ""
    digest: str = ""
    trouble: str = ""
    notes: tuple[str, ...] = ()
    absent: bool = False
    merged: tuple[str, ...] = ()
    at: float = 0.0
    late: str = ""


@dataclass(frozen=True)
class Part:
    """A property that an exercise gives points for, and what an answer has earned of them."""

    what: str
    points: float
    out_of: float


@dataclass(frozen=True)
class Mark:
    """How one exercise came out.

    Attributes:
        exercise: "3.2".
        status: one of `STATUSES`.
        points: what it earned; None while a written answer waits for its reader.
        out_of: what it could earn.
        reason: one line that says why, for student and instructor alike.
        findings: what the judge saw, as the notebook's check shows it.
        notes: what happened on the way: "graded with the solution's 3.2, because yours did not pass".
        printed: the beginning of what the answer printed.
        parts: of an answer that is not right, where points are given in parts.
    """

    exercise: str
    status: str
    points: float | None
    out_of: float
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    printed: str = ""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Graded:
    """One submission with all its marks, in the order of the lab.

    Attributes:
        student, file, digest: as in `Handed`; ``file`` is its name.
        lab: "03".
        marks: one for every exercise of the lab.
        written: id -> the student's text (Markdown, as it was handed in).
        figures: id -> PNGs in base64, from the outputs that the student handed in.
        notes: on the notebook as a whole: what was repaired, what was left out.
        sources: id -> the answer cell that was graded.
        merged, late: as in `Handed`.
    """

    student: Student
    lab: str
    file: str
    digest: str
    marks: tuple[Mark, ...]
    written: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    merged: tuple[str, ...] = ()
    late: str = ""

    @property
    def slug(self) -> str:
        """A name for this submission's files: letters, digits, ``-``, ``_`` and ``.`` only."""
        return slug(self.student.key, self.lab)


@dataclass(frozen=True)
class Batch:
    """One run of ``labkit grade``: what has to be known to grade the same way again.

    Attributes:
        id: a word that tells runs apart.
        seed: of the fresh inputs.
        labs: which labs were graded; empty: whichever were handed in.
        sandbox: "bubblewrap 0.8.0", or "none (--unsafe)".
        version: of labkit.
        started: the time in UTC, as ISO 8601 has it.
        partial: whether an answer that is not right can earn a part of the points.
    """

    id: str
    seed: int
    labs: tuple[str, ...]
    sandbox: str
    version: str
    started: str
    partial: bool = False

    @property
    def unsafe(self) -> bool:
        """Whether the students' code ran without a sandbox."""
        return self.sandbox.startswith("none")


def slug(student_key: str, lab: str) -> str:
    """The name of the files of a student's lab, safe on every file system."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", student_key.lower()).strip("-")[:60] or "student"
    # Two students must not share a file: "Bo", "bo" and "bø" are three, and one may be called like a digest.
    if safe != student_key or re.search(r"-[0-9a-f]{8,}$", safe):
        safe += "-" + hashlib.sha256(student_key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{safe}.lab{lab}"


def to_json(value: Graded | Mark | Batch) -> dict[str, Any]:
    """The dataclass as plain dicts, lists, strings and numbers."""
    return asdict(value)


def graded_from(values: Mapping[str, Any]) -> Graded:
    """The inverse of `to_json`.

    Raises:
        KeyError, TypeError: the values do not come from `to_json`.
    """
    return Graded(
        **{
            **values,
            "student": Student(**values["student"]),
            "marks": tuple(mark_from(m) for m in values["marks"]),
            "figures": {i: tuple(f) for i, f in values.get("figures", {}).items()},
            "notes": tuple(values.get("notes", ())),
            "merged": tuple(values.get("merged", ())),
        }
    )


def mark_from(values: Mapping[str, Any]) -> Mark:
    """The inverse of `to_json` for a mark.

    Raises:
        KeyError, TypeError: the values do not come from `to_json`.
    """
    findings = tuple(Finding(**f) for f in values.get("findings", ()))
    parts = tuple(Part(**p) for p in values.get("parts", ()))
    return Mark(**{**values, "findings": findings, "notes": tuple(values.get("notes", ())), "parts": parts})
