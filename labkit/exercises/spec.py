"""One spec per exercise: inputs from a seed, and a probe that calls the answer.

The probe runs where the student's code runs and returns named values, nothing else. The exercise's judge, in
``judges/``, sees those values as arrays, and the inputs, which it makes afresh from the same seed. So one
spec serves a check in the notebook, a grader outside a sandbox, and the tests of the kit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]


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
        name: the function or class that the student must define.
        call: how the check calls it, shown when the call itself fails: "scale_images(images)".
        inputs: seed -> whatever the probe needs. Pure: the same seed gives the same inputs anywhere.
        probe: (answer, inputs) -> {name: value}. A value is a tensor, an array, a number, a string or a
            flat list of numbers; anything else reaches the student as "not a tensor, but …".
        causes: (part of an error message, likely cause) for errors that the answer raises.
        agrees: the names of the values that any right answer shares with the solution's on the same inputs,
            within ``rtol`` and ``atol``; empty where right answers may differ.
    """

    id: str
    title: str
    points: int
    name: str
    call: str
    inputs: Callable[[int], Any]
    probe: Callable[[Any, Any], dict[str, Any]]
    causes: tuple[tuple[str, str], ...] = ()
    agrees: tuple[str, ...] = ()
    rtol: float = 1e-3
    atol: float = 1e-4


@dataclass(frozen=True)
class Written:
    """A question that is answered in prose and graded by a person with the solution's rubric."""

    id: str
    title: str
    points: int
