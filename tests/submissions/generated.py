"""As many submissions as are asked for: each answer the solution's, right in another way, wrong, or blank."""

import random
from collections.abc import Sequence
from pathlib import Path

from tests.submissions import written
from tests.submissions.build import Case, exercises, filled, saved

FIRST = (
    "Ana",
    "Bela",
    "Chen",
    "Dara",
    "Emil",
    "Fatma",
    "Goran",
    "Hana",
    "Ivo",
    "Jana",
    "Kofi",
    "Lin",
    "Mira",
)
LAST = ("Abel", "Berg", "Costa", "Duarte", "Eriksen", "Fall", "Guo", "Haas", "Ito", "Jansen", "Kaya", "Lund")
CHANCES = {"solution": 0.3, "right": 0.35, "wrong": 0.25, "blank": 0.1}
NOT_RIGHT = "not right"  # an answer that may fail in more than one way


def generated(lab: str, count: int, seed: int) -> list[Case]:
    """``count`` submissions to a lab; the same seed gives the same ones.

    Their statuses are "right", "not attempted", "to review" and, for a wrong answer, `NOT_RIGHT`.
    """
    dice = random.Random(seed)
    return [_one(lab, number, dice) for number in range(count)]


def put_all(cases: Sequence[Case], folder: Path) -> None:
    """Write the submissions, one folder per student."""
    for case in cases:
        place = folder / case.student
        place.mkdir(parents=True)
        case.put(place)


def _one(lab: str, number: int, dice: random.Random) -> Case:
    answers, helpers, statuses = {}, {}, {}
    for exercise, head in exercises(lab).items():
        if not head.name:
            statuses[exercise] = "to review"
            continue
        kind = dice.choices(list(CHANCES), list(CHANCES.values()))[0]
        statuses[exercise] = {"wrong": NOT_RIGHT, "blank": "not attempted"}.get(kind, "right")
        if kind == "blank":
            answers[exercise] = ""
        elif kind != "solution":
            if kind == "right":
                text = written.right(exercise, dice.randrange(written.right_count(exercise)), head.name)
            else:
                text = written.wrong(exercise, dice.choice(written.clues(exercise)), head.name)
            answers[exercise] = text.answer
            helpers[exercise] = [text.helper] if text.helper else []
    name = f"{FIRST[number % len(FIRST)]} {LAST[number % len(LAST)]} {number:03d}"
    put = saved(filled(lab, answers, helpers=helpers))
    return Case(name, lab, "generated", put, statuses)
