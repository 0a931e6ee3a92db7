"""Answers that are a choice: a dictionary with one of several choices for each question."""

from collections.abc import Callable, Mapping
from typing import Any

from labkit.exercises.properties import Case, Property, holds, rule, same
from labkit.exercises.reading import word

Questions = Mapping[str, tuple[str, ...]]


def nothing(_seed: int) -> None:
    """What was measured does not depend on a seed."""


def said(answer: Callable, questions: Questions) -> dict[str, Any]:
    """What a student's function says to each question, and which questions it answers."""
    claimed = answer()
    if claimed is None:
        return {"the result": None}
    if not isinstance(claimed, dict):
        return {"kind": type(claimed).__name__, "questions": ""} | dict.fromkeys(questions, "")
    verdicts = {name: str(claimed.get(name, ""))[:60] for name in questions}
    return {"kind": "dict", "questions": "; ".join(sorted(map(str, claimed)))[:300]} | verdicts


# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def properties(questions: Questions, clues: Mapping[str, Mapping[str, str]], points: Mapping[str, float]):
    """A dictionary with an entry for each question, one of its choices, the one that was measured."""
    return (
        same("kind", "it returns a dictionary", expected="a dictionary with a choice for each question"),
        same("questions", "it answers every question", "one entry for each question, by its name"),
        *(_one_of(name, choices) for name, choices in questions.items()),
        *(_as_measured(name, clues[name], points[name]) for name in questions),
    )


def mistakes(right: Mapping[str, str], clues: Mapping[str, Mapping[str, str]]) -> dict[str, Callable]:
    """Each choice that is not right, by the clue that tells where to look again."""

    def saying(name: str, choice: str) -> Callable:
        return lambda: dict(right) | {name: choice}

    return {
        clue: saying(name, choice)
        for name, of_choice in clues.items()
        for choice, clue in of_choice.items()
        if choice != right[name]
    }


def _one_of(name: str, choices: tuple[str, ...]) -> Property:
    def find(case: Case):
        answer = word(case.got[name])
        yield holds(
            f"{name}: one of the choices",
            answer in choices,
            got=answer or "nothing",
            expected="; ".join(choices),
            cause="letter for letter as in the text",
        )

    return rule(find, name)


def _as_measured(name: str, clues: Mapping[str, str], points: float) -> Property:
    def find(case: Case):
        answer = word(case.got[name])
        yield holds(
            f"{name}: as measured",
            answer == word(case.expected[name]),
            got=answer,
            expected="what the measurements show",
            cause=clues.get(answer, ""),
        )

    return rule(find, name, compared=True, points=points)
