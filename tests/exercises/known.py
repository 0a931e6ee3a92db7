"""Every coded exercise, its solution, and the right and wrong answers known to it."""

import importlib
import pkgutil

from labkit.exercises import all_exercises
from labkit.exercises.exercise import Exercise
from tests import answers
from tests.solutions import definitions, notebooks

CODED = {i: e for i, e in all_exercises().items() if isinstance(e, Exercise)}


def _table(which):
    """What the files ``lab*.py`` of `tests.answers` hold under this name; a new one needs no entry."""
    names = [m.name for m in pkgutil.iter_modules(answers.__path__) if m.name.startswith("lab")]
    files = [importlib.import_module(f"tests.answers.{name}") for name in names]
    found = {i: a for file in files for i, a in getattr(file, which, {}).items()}
    return {i: found[i] for i in CODED}


RIGHT, WRONG = _table("RIGHT"), _table("WRONG")


def solution(exercise_id):
    for path in notebooks("solutions"):
        if int(path.name[:2]) == int(exercise_id.split(".")[0]):
            return definitions(path)[exercise_id]
    raise AssertionError(f"no solution notebook for {exercise_id}")
