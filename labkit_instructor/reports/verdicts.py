"""How a status and its findings look on a page: a sign and a word each, colour only on top.

A finding looks as it does under the notebook's check, so that a student knows it again.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from labkit.exercises import all_exercises
from labkit.exercises.exercise import Finding
from labkit.markup import CIRCLE, CROSS, TICK
from labkit_instructor.gradebook.standing import Counted
from labkit_instructor.marks import Mark
from labkit_instructor.reports.pages import clipped, escaped, number, words

MOST_FINDINGS = 60
MOST_VALUE = 600  # characters of what an answer gave: enough to see what is wrong with it


_SAID_TO = (("yours?", "the student's"), ("you are", "the student is"), ("you", "the student"))


@dataclass(frozen=True)
class Look:
    """``sign`` stands before the word, ``tone`` is the class of its colour; ``says`` is for the student where
    a mark gives no reason of its own."""

    sign: str
    tone: str
    says: str = ""


LOOKS = {
    "right": Look(TICK, "good"),
    "wrong": Look(CROSS, "bad"),
    "raised": Look("!", "stop", "Your code stopped with an error."),
    "timed out": Look("…", "late", "Your code was still running when its time was up."),
    "not attempted": Look(CIRCLE, "none", "The cell is as it was handed out."),
    "missing": Look("–", "none", "The notebook has no cell that answers this exercise."),
    "refused": Look("⊘", "stop", "This answer was not run."),
    "to review": Look("✎", "wait", "A person reads this answer; its points come later."),
    "reviewed": Look("●", "wait"),
}


def look(status: str) -> Look:
    """The look of a status; of one that this version does not know, a plain one."""
    return LOOKS.get(status, Look("?", "none"))


def badge(status: str) -> str:
    """The status with its sign, as HTML."""
    it = look(status)
    return (
        f'<span class="status {it.tone}"><span aria-hidden="true">{it.sign}</span> {escaped(status)}</span>'
    )


def titles() -> dict[str, str]:
    """id -> the title of every exercise that this kit has."""
    return {i: e.title for i, e in all_exercises().items()}


def first_failure(mark: Mark) -> Finding | None:
    """The first property that does not hold."""
    return next((f for f in mark.findings if not f.ok), None)


def set_by_hand(counted: Counted) -> str:
    """In a sentence, what a person made of the machine's points; empty where nobody changed them.

    Points set by hand stand over later gradings, so the machine may give something else now than it did then.
    """
    if counted.source != "manual":
        return ""
    now = counted.read.points if counted.read else counted.mark.points
    points = number(counted.points or 0)
    if not (counted.history and counted.regraded):
        before = f"from {number(now)} " if now is not None else ""
        return f"Points changed by a person, {before}to {points}."
    said = f"Set by hand to {points} after an earlier grading"
    if counted.was is not None:
        said += f"; the machine gave {number(counted.was)} then"
        if counted.mark.points is not None:
            same = counted.mark.points == counted.was
            said += " and still does" if same else f" and gives {number(counted.mark.points)} now"
    return said + "."


def for_instructor(text: str) -> str:
    """What is said to the student, said about the student; what stands in `ticks` is code and stays."""
    parts = text.split("`")
    for n in range(0, len(parts), 2):
        for you, student in _SAID_TO:
            parts[n] = re.sub(rf"\b{you}\b", student, parts[n])
    return "`".join(parts)


def finding_list(findings: Iterable[Finding]) -> str:
    """The findings as a list of ticks; under one that does not hold: got, expected, likely."""
    rows = [_finding(f) for f in list(findings)[:MOST_FINDINGS]]
    return f'<ul class="findings">{"".join(rows)}</ul>' if rows else ""


def _finding(finding: Finding) -> str:
    sign, tone, word = (TICK, "good", "holds") if finding.ok else (CROSS, "bad", "does not hold")
    labelled = (("got", finding.got), ("expected", finding.expected), ("likely", finding.cause))
    details = "".join(
        f"<dt>{label}</dt><dd>{words(clipped(text, MOST_VALUE))}</dd>"
        for label, text in labelled
        if text and not finding.ok
    )
    details = f"<dl>{details}</dl>" if details else ""
    what = words(clipped(finding.what, MOST_VALUE))
    return f'<li><span class="sign {tone}" role="img" aria-label="{word}">{sign}</span> {what}{details}</li>'
