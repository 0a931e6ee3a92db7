"""The exercises of the labs, each declared once: inputs and probe here, the judge in ``judges/``.

``find("3.2")`` returns a spec; ``labNN.py`` holds those of lab NN. No module here holds an answer, and none
outside ``judges/`` an expected value: a student's code that is being graded runs beside them.
"""

import importlib
import pkgutil

from labkit.exercises.spec import Exercise, Written


def all_exercises() -> dict[str, Exercise | Written]:
    """Every exercise of every lab, by its id, in the order of the labs."""
    labs = sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name.startswith("lab"))
    return {e.id: e for lab in labs for e in importlib.import_module(f"{__name__}.{lab}").EXERCISES}


def find(exercise_id: str) -> Exercise | Written:
    """Return the exercise with this id.

    Raises:
        KeyError: no lab has it; the message lists the ids of that lab.
    """
    if not isinstance(exercise_id, str):
        raise KeyError(f'an exercise id is a string such as "3.2", not {exercise_id!r}')
    exercises = all_exercises()
    if exercise_id in exercises:
        return exercises[exercise_id]
    lab = exercise_id.split(".")[0]
    near = [i for i in exercises if i.split(".")[0] == lab] or list(exercises)
    raise KeyError(f"there is no exercise {exercise_id!r}; here are: {', '.join(near)}")
