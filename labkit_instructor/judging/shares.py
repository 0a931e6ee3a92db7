"""Points in parts: what an answer that is not right has earned, property by property.

Every property that an exercise gives points for is looked at. One without points of its own is a condition:
where it fails, what stands below it cannot be known. An answer earns nothing for what one that does nothing
has as well, unless it has earned something besides; and an answer that fails anywhere never earns all.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from labkit.exercises import module
from labkit.exercises.exercise import Exercise, Finding
from labkit.exercises.guard import preserved_state
from labkit.exercises.judging import OWN_SECONDS, case_of, properties_of
from labkit.exercises.properties import Case, Property
from labkit.exercises.record import Record, record_of
from labkit_instructor.marks import Part


def shares(exercise: Exercise, record: Record, solution: Record, seed: int) -> tuple[Part, ...]:
    """What each property with points has earned, in their order; nothing where none has any, or where there
    is nothing to look at.

    Args:
        record: of an answer that is not right.
        solution: of the solution, on the same seed: it says what a property is called.
    """
    properties = properties_of(exercise)
    worth = [n for n, p in enumerate(properties) if p.points]
    if record.status != "answered" or record.failure or not worth:
        return ()
    with preserved_state(seed), np.errstate(all="ignore"):
        found = list(_looked_at(properties, _case(exercise, record, seed)))
        earned = {n for n in worth if _holds(found[n])}
        if any(earned <= held for held in _of_nothing(exercise, seed)):
            earned = set()
        model = _case(exercise, solution, seed)
        names = {n: _what(found[n] or _findings(properties[n], model)) for n in worth}
    if len(earned) == len(worth):  # it failed a condition below them all
        earned.remove(min(worth, key=lambda n: (properties[n].points, -n)))
    shares = [(names[n], properties[n].points, n in earned) for n in worth]
    return tuple(Part(what, points if ok else 0.0, points) for what, points, ok in shares)


def _case(exercise: Exercise, record: Record, seed: int) -> Case:
    return case_of(exercise, record.arrays, seed, for_points=True)


def _looked_at(properties: tuple[Property, ...], case: Case) -> Iterator[list[Finding]]:
    """The findings of each property; none where it cannot be known."""
    known = True
    for one in properties:
        found = _findings(one, case) if known else []
        known = known and (bool(one.points) or _holds(found))
        yield found


def _findings(one: Property, case: Case) -> list[Finding]:
    """Its findings; none where the values are such that it cannot be asked."""
    try:
        return list(one.find(case))
    except Exception:  # the properties above, which have failed, would have kept such values away
        return []


def _holds(found: list[Finding]) -> bool:
    return bool(found) and all(f.ok for f in found)


def _what(found: list[Finding]) -> str:
    return next((f.what for f in found if not f.ok), found[-1].what if found else "another property")


@functools.lru_cache(maxsize=64)
def _of_nothing(exercise: Exercise, seed: int) -> tuple[frozenset[int], ...]:
    """The places of the properties that hold for answers that do nothing: for any of the usual ones, and for
    these and each of the exercise's own."""
    usual = set().union(
        *(_held(exercise, answer, seed) for answer in (_zero, _zero_tensor, _first, nn.Identity))
    )
    own = (_held(exercise, answer, seed) for answer in getattr(module(exercise.id), "IDLE", ()))
    return (frozenset(usual), *(frozenset(usual | held) for held in own))


def _held(exercise: Exercise, answer: Callable[..., Any], seed: int) -> set[int]:
    record = record_of(exercise, answer, seed, OWN_SECONDS)
    if record.status != "answered":
        return set()
    found = _looked_at(properties_of(exercise), _case(exercise, record, seed))
    return {n for n, one in enumerate(found) if _holds(one)}


def _zero(*_given: Any, **_more: Any) -> float:
    return 0.0


def _zero_tensor(*_given: Any, **_more: Any) -> torch.Tensor:
    return torch.tensor(0.0)


def _first(*given: Any, **_more: Any) -> Any:
    return given[0] if given else None
