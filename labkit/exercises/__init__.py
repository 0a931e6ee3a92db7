"""The exercises of the labs: one file each, ``labNN/name.py``, with all that is known about it.

Above the cut a file holds what runs beside a student's code: ``EXERCISE``, its inputs and its probe. Below it
stands what a grader's sandbox never shows: ``expected``, the answer as a formula, ``PROPERTIES``, and
``MISTAKES``, each as the code that somebody wrote; and ``IDLE``, where answers that do nothing, such as one
verdict for all, would earn a part of the points. A file whose name begins with an underscore serves several
exercises of its lab. Nothing is registered: a new file is a new exercise.
"""

import functools
import importlib
import pkgutil
from types import ModuleType

from labkit.exercises.exercise import Exercise, Written


def all_exercises() -> dict[str, Exercise | Written]:
    """Every exercise of every lab, by its id, in the order of the labs."""
    return {i: module.EXERCISE for lab in labs() for i, module in modules(lab).items()}


def labs() -> list[int]:
    """The numbers of the labs that have exercises."""
    names = [m.name for m in pkgutil.iter_modules(__path__)]
    return sorted(int(name[3:]) for name in names if name.startswith("lab"))


def modules(lab: int) -> dict[str, ModuleType]:
    """The files of one lab's exercises, by exercise id and in its order. Loads no other lab's.

    Raises:
        ValueError: a file declares no exercise of this lab, or one that another file declares.
    """
    package = importlib.import_module(f"{__name__}.lab{lab:02d}")
    names = [m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")]
    found: dict[str, ModuleType] = {}
    for name in names:
        file = importlib.import_module(f"{package.__name__}.{name}")
        declared = getattr(getattr(file, "EXERCISE", None), "id", "")
        if declared.partition(".")[0] != str(lab):
            raise ValueError(
                f"{file.__name__} declares {declared or 'no EXERCISE'}: a file of lab {lab} declares one of "
                "its exercises; the name of one that serves several begins with an underscore"
            )
        if declared in found:
            raise ValueError(f"{file.__name__} and {found[declared].__name__} both declare {declared}")
        found[declared] = file
    return dict(sorted(found.items(), key=lambda item: int(item[0].partition(".")[2])))


def module(exercise_id: str) -> ModuleType:
    """The file of the exercise with this id. Loads no other lab's.

    Raises:
        KeyError: no lab has it; the message lists the ids of that lab.
    """
    if not isinstance(exercise_id, str):
        raise KeyError(f'an exercise id is a string such as "3.2", not {exercise_id!r}')
    return _module(exercise_id)


@functools.cache  # a grader asks thousands of times, and each look at the folders takes half a millisecond
def _module(exercise_id: str) -> ModuleType:
    lab = exercise_id.split(".")[0]
    here = modules(int(lab)) if lab.isdecimal() and int(lab) in labs() else {}
    if exercise_id in here:
        return here[exercise_id]
    raise KeyError(f"there is no exercise {exercise_id!r}; here are: {', '.join(here or all_exercises())}")


def find(exercise_id: str) -> Exercise | Written:
    """Return the exercise with this id. Loads no other lab's.

    Raises:
        KeyError: no lab has it; the message lists the ids of that lab.
    """
    return module(exercise_id).EXERCISE
