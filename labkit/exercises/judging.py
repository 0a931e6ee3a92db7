"""From the record of an answer to what its judge finds in it: the first property that fails, and why.

A judge is what stands below the cut in an exercise's file: ``PROPERTIES``, ``expected`` and ``MISTAKES``.
``expected`` and the mistakes go through the same probe as the answer, on the same inputs. A wrong answer is
explained by the first mistake that left the same values, in the property that fails and in all before it
(unless it stands ``alone``).
"""

import dataclasses
import functools
from collections.abc import Iterator

import numpy as np

from labkit.exercises import module
from labkit.exercises.exercise import Arrays, Exercise, Finding
from labkit.exercises.guard import preserved_state
from labkit.exercises.properties import ONE_DEVICE, Case, Property, alike
from labkit.exercises.record import Record, record_of

# For the kit's own code, which ends: on a slow machine no right answer may become a wrong one.
OWN_SECONDS = 60.0
LONGEST = 600  # characters of one text in a finding: what a hostile record says must not fill a page


_MAKE_A_TENSOR = "a tensor is asked for: `torch.stack` joins tensors, `torch.tensor` makes one of numbers"
_OF_ODD = {  # what came back instead of an array, and why
    "a list": _MAKE_A_TENSOR,
    "a numpy array": _MAKE_A_TENSOR,
    "None": "the function returned nothing: is there a `return`?",
    "a tuple": "several values came back, where one is asked for: look at the `return` line; a tuple of one, "
    "as `torch.autograd.grad` returns, is unpacked by `(value,) = ...`",
}


class NoJudge(RuntimeError):
    """The judge is not here: this is the sandbox, which shows exercises only down to their cut."""


def findings(exercise: Exercise, record: Record, seed: int, *, for_points: bool = False) -> list[Finding]:
    """Judge a record, up to and including the first property that does not hold; nothing for a blank one.

    Whatever the arrays are, it returns: values that stop a judge are a finding too.

    Args:
        for_points: the grader asks, not the notebook's check; see `properties.Case`.

    Raises:
        NoJudge: the judge is hidden.
    """
    properties_of(exercise)
    if record.status == "blank":
        return []
    if record.status != "answered" or record.failure:
        failure = record.failure or Finding("it runs", False)
        return [_short(dataclasses.replace(failure, ok=False))]  # whatever a record says of itself
    if record.odd:
        name, got = next(iter(record.odd.items()))
        cause = _OF_ODD.get(got, "")
        cause = ONE_DEVICE if got.startswith("a tensor on ") else cause
        what = f"{name} is a tensor" if name in exercise.tensors else f"{name} can be read as numbers"
        return [_short(Finding(what, False, got, "what the exercise text lists", cause))]
    found = []
    with preserved_state(seed), np.errstate(all="ignore"):
        try:
            for finding in judged(exercise, record.arrays, seed, for_points=for_points):
                found.append(_short(finding))
                if not finding.ok:
                    break
        except Exception as error:
            what = "these values can be judged"
            got = f"values that stop the judge ({type(error).__name__})"
            found.append(Finding(what, False, got, "what the exercise text lists"))
    return found


def judged(exercise: Exercise, arrays: Arrays, seed: int, *, for_points: bool = False) -> Iterator[Finding]:
    """The findings about these arrays, property by property; each is worked out when it is asked for."""
    case = case_of(exercise, arrays, seed, for_points=for_points)
    before: list[Property] = []
    for one in properties_of(exercise):
        before.append(one)
        for finding in one.find(case):
            if not finding.ok and one.compared:
                likely = _mistake(exercise, arrays, seed, [one] if one.alone else before)
                finding = dataclasses.replace(finding, cause=likely or finding.cause)
            yield finding


def case_of(exercise: Exercise, arrays: Arrays, seed: int, *, for_points: bool = False) -> Case:
    """These arrays as the properties look at them."""
    return Case(exercise.inputs(seed), arrays, _expected(exercise, seed), for_points)


def properties_of(exercise: Exercise) -> tuple[Property, ...]:
    """The properties of an exercise, in the order in which to fix them.

    Raises:
        NoJudge: they are hidden.
    """
    try:
        return module(exercise.id).PROPERTIES
    except AttributeError as error:
        raise NoJudge(f"the judge of exercise {exercise.id} is not here") from error


def mistakes_of(exercise: Exercise) -> dict:
    """What is known to go wrong: what to say to whoever wrote it, and the code that they wrote."""
    return getattr(module(exercise.id), "MISTAKES", {})


def agreement(exercise: Exercise, record: Record, solution: Record) -> Finding | None:
    """The second opinion: a right answer's values agree with those of the solution on the same inputs.

    Returns:
        None when they agree, else a finding that says which name is missing or one too many, or whose
        values differ. It does not say what the solution's are. Where right answers may differ in all that
        they return, there is nothing to compare.
    """
    compared = [p for p in properties_of(exercise) if p.compared]
    if not compared:
        return None
    missing = sorted(set(solution.arrays) - set(record.arrays))
    extra = len(set(record.arrays) - set(solution.arrays))
    if missing or extra:
        got = f"without {', '.join(missing)}" if missing else f"{extra} more than asked for"
        return Finding(
            "the values are those that the exercise asks for", False, got, "all of them, no others"
        )
    for one in compared:
        for name in () if one.of_shape else one.names:
            got, right = record.arrays[name], solution.arrays[name]
            # Both are within the property's tolerance of the expected value, so within twice that here.
            if not _same_numbers(got, right, rtol=max(2 * one.rtol, 1e-3), atol=max(2 * one.atol, 1e-4)):
                said = "other values" if got.size == right.size else f"shape {got.shape}"
                what = f"{name}: the same as the solution's on the same inputs"
                return Finding(what, False, said, "the solution's, within rounding")
    return None


def _mistake(exercise: Exercise, arrays: Arrays, seed: int, before: list[Property]) -> str:
    for words in mistakes_of(exercise):
        other = _of_mistake(exercise, words, seed)
        if other and all(p.agree(arrays, other) for p in before if p.compared):
            return words
    return ""


# A class shares its inputs, so the same records are asked for again and again.


@functools.lru_cache(maxsize=64)
def _expected(exercise: Exercise, seed: int) -> Arrays:
    answer = getattr(module(exercise.id), "expected", None)
    return record_of(exercise, answer, seed, OWN_SECONDS).arrays if answer else {}


@functools.lru_cache(maxsize=512)
def _of_mistake(exercise: Exercise, words: str, seed: int) -> Arrays:
    return record_of(exercise, mistakes_of(exercise)[words], seed, OWN_SECONDS).arrays


def _same_numbers(got: np.ndarray, right: np.ndarray, **tolerance: float) -> bool:
    """As `alike`, but () and (1,) are one shape: a scalar's own property knows which is asked for."""
    if got.size != right.size or "U" in got.dtype.kind + right.dtype.kind:
        return alike(got, right, 0, 0)
    both = (a.astype(np.float64).ravel() for a in (got, right))
    return bool(np.allclose(*both, equal_nan=True, **tolerance))


def _short(finding: Finding) -> Finding:
    texts = {name: getattr(finding, name) for name in ("what", "got", "expected", "cause")}
    long = {name: f"{text[: LONGEST - 1]}…" for name, text in texts.items() if len(text) > LONGEST}
    return dataclasses.replace(finding, **long) if long else finding
