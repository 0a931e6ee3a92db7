"""What an exercise is made of: inputs from a seed, and a probe that calls the answer.

The probe runs where the student's code runs. It compares nothing and returns named values. What they should
be is said below the cut in the exercise's own file: see `labkit.exercises.judging`. So one file serves the
check in the notebook, the grader outside a sandbox, and the tests of the kit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]

CUT = "# ---- judge: a sandbox shows this file only down to here "  # the beginning of a line


def above_cut(source: str) -> str:
    """What a student's code may see of an exercise's source while it is graded: the lines above the cut."""
    return source.partition(f"\n{CUT}")[0].rstrip() + "\n"


@dataclass(frozen=True)
class Finding:
    """One property of an answer: whether it holds and, where it does not, what to tell the student."""

    what: str  # the property, as it stands beside its tick: "the fakes are detached"
    ok: bool
    got: str = ""
    expected: str = ""
    cause: str = ""  # the likely mistake, in the words of somebody learning


@dataclass(frozen=True)
class Exercise:
    """A coded exercise.

    Attributes:
        id: "3.2": lab 3, exercise 2.
        title: as the notebook's heading has it.
        points: what a full answer earns.
        call: how the check calls it, shown when the call itself fails: "scale_images(images)".
        inputs: seed -> whatever the probe needs. Pure: the same seed gives the same inputs anywhere.
        probe: (answer, inputs) -> {name: value}. A value is a tensor, an array, a number, a string or a
            flat list of numbers; anything else reaches the student as "not a tensor, but …".
        name: the function or class that the student must define; by default the one that is called.
        causes: likely causes of errors that the answer raises, by a pattern of the error's text.
        fixed: there is one right answer, whatever the seed.
        played: the answer is a choice of settings; the judge plays them, so nothing of the student's runs.
        slow: large networks are built, so the tests probe it less often.
        unjudged: names of values that no property looks at: they only help to explain a mistake.
        tensors: names of values that must be tensors; elsewhere a list or an array of numbers will do.
    """

    id: str
    title: str
    points: int
    call: str
    inputs: Callable[[int], Any]
    probe: Callable[[Any, Any], dict[str, Any]]
    name: str = ""
    causes: Mapping[str, str] = field(default_factory=dict, hash=False)
    fixed: bool = False
    played: bool = False
    slow: bool = False
    unjudged: tuple[str, ...] = ()
    tensors: tuple[str, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "name", self.name or self.call.partition("(")[0])


@dataclass(frozen=True)
class Written:
    """A question that is answered in prose and graded by a person with the solution's rubric."""

    id: str
    title: str
    points: int
