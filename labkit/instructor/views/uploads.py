"""Uploads that came to nothing for one reason: said once, instead of once for every exercise."""

from collections.abc import Sequence
from dataclasses import dataclass

from labkit.exercises import all_exercises
from labkit.exercises.spec import Exercise
from labkit.instructor.books.standing import Counted
from labkit.instructor.marks import Graded

NOTHING = ("refused", "missing")


@dataclass(frozen=True)
class Together:
    """Exercises of one upload that could not be graded for the same reason.

    Attributes:
        reason: as their marks have it.
        exercises: their ids.
        whole: whether the upload has nothing else; if not, the rest is written or was set by hand.
    """

    reason: str
    exercises: tuple[str, ...]
    whole: bool


def refused_together(graded: Graded, counted: Sequence[Counted]) -> Together | None:
    """What kept all the code of an upload from being graded; None where some of it was graded.

    Args:
        graded: the upload. Where not even its lab is known it has no marks, and its last note says why.
        counted: what counts for each of its exercises.
    """
    if not counted:
        return Together(graded.notes[-1] if graded.notes else "", (), True)
    alike = [c for c in counted if c.source == "graded" and c.status in NOTHING]
    rest = [c for c in counted if c not in alike]
    reasons = {c.mark.reason for c in alike}
    if len(reasons) != 1 or any(c.source != "manual" and _coded(c.mark.exercise) for c in rest):
        return None
    if rest and len(alike) < 2:  # one answer alone has its own place on the page
        return None
    return Together(reasons.pop(), tuple(c.mark.exercise for c in alike), not rest)


def _coded(exercise: str) -> bool:
    return isinstance(all_exercises().get(exercise), Exercise)
