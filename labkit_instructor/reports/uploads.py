"""Uploads that came to nothing for one reason: said once, instead of once for every exercise."""

from dataclasses import dataclass

from labkit.exercises import all_exercises
from labkit.exercises.exercise import Exercise
from labkit_instructor.gradebook.standing import Counted, Standing
from labkit_instructor.marks import Graded

NOTHING = ("refused", "missing")


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


def refused_together(graded: Graded, standing: Standing) -> Together | None:
    """What kept all the code of an upload from being graded; None where some of it was graded.

    Args:
        graded: the upload.
        standing: what counts for it. Where this says that nothing could be graded, everything is in it.
    """
    ids = tuple(m.exercise for m in graded.marks)
    if whole_upload_lost(graded, standing):
        return Together(standing.trouble, ids, True)
    counted = [c for i in ids if (c := standing.counted.get(i)) is not None]
    alike = [c for c in counted if c.source == "graded" and c.status in NOTHING]
    rest = [c for c in counted if c not in alike]
    reasons = {c.mark.reason for c in alike}
    if len(alike) < 2 or len(reasons) != 1 or not all(_apart(c) for c in rest):
        return None
    return Together(reasons.pop(), tuple(c.mark.exercise for c in alike), False)


def whole_upload_lost(graded: Graded, standing: Standing) -> bool:
    """Whether nothing of it could be graded, and no person has given points since."""
    return standing.ungraded and (bool(standing.counted) or not graded.marks)


def _apart(counted: Counted) -> bool:
    """Whether it is no code, or a person has set its points."""
    return counted.source == "manual" or not _coded(counted.mark.exercise)


def _coded(exercise: str) -> bool:
    return isinstance(all_exercises().get(exercise), Exercise)
