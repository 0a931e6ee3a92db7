"""One spec per exercise: inputs from a seed, a probe that calls the answer, a judge that looks at arrays.

The probe runs where the student's code runs and returns named values, nothing else. The judge sees
those values as arrays, and the inputs, which it makes afresh from the same seed. So the same spec serves a
check in the notebook, a grader outside a sandbox, and the tests of the kit.
"""

from collections.abc import Callable, Iterator, Mapping
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
        judge: (inputs, arrays) -> findings in the order in which a student should mend them. It may assume
            that every name of the probe is there and is numeric, and nothing about shapes and values.
        causes: (part of an error message, likely cause) for errors that the answer raises.
    """

    id: str
    title: str
    points: int
    name: str
    call: str
    inputs: Callable[[int], Any]
    probe: Callable[[Any, Any], dict[str, Any]]
    judge: Callable[[Any, Arrays], Iterator[Finding]]
    causes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Written:
    """A question that is answered in prose and graded by a person with the solution's rubric."""

    id: str
    title: str
    points: int


def holds(what: str, ok: bool, *, got: Any = "", expected: Any = "", cause: str = "") -> Finding:
    """A finding about a condition that the judge has worked out itself."""
    return Finding(what, bool(ok), *(_text(v) for v in (got, expected)), cause)


def same_shape(
    what: str,
    got: np.ndarray,
    expected: tuple,
    *,
    mistakes: Mapping[str, tuple] | None = None,
    cause: str = "",
) -> Finding:
    """A finding about a shape. ``mistakes`` maps a likely cause to the shape that it would give."""
    if got.shape == tuple(expected):
        return Finding(what, True)
    likely = next((c for c, shape in (mistakes or {}).items() if got.shape == tuple(shape)), cause)
    return Finding(what, False, f"shape {got.shape}", f"shape {tuple(expected)}", likely)


def close(
    what: str,
    got: np.ndarray,
    expected: Any,
    *,
    mistakes: Mapping[str, Any] | None = None,
    cause: str = "",
    rtol: float = 1e-4,
    atol: float = 1e-5,
) -> Finding:
    """A finding about values. ``mistakes`` maps a likely cause to the values that it would give.

    Shapes are compared first, then whether the values are finite, then the values within ``rtol`` and
    ``atol`` (as ``numpy.allclose`` has them). The first mistake that agrees with ``got`` names the cause.
    """
    expected = np.asarray(expected)
    if _close(got, expected, rtol, atol):
        return Finding(what, True)
    likely = next((c for c, v in (mistakes or {}).items() if _close(got, np.asarray(v), rtol, atol)), "")
    if not likely and got.dtype.kind == "f" and got.shape == expected.shape and not np.isfinite(got).all():
        likely = "there is a NaN or an infinity: look for log(0), a division by zero or an overflow of exp"
    if got.shape != expected.shape:
        return Finding(what, False, f"shape {got.shape}", f"shape {expected.shape}", likely or cause)
    return Finding(what, False, *_values(got, expected), likely or cause)


def _close(got: np.ndarray, expected: np.ndarray, rtol: float, atol: float) -> bool:
    if got.shape != expected.shape or got.dtype.kind not in "biuf" or expected.dtype.kind not in "biuf":
        return False
    return bool(np.allclose(got.astype(np.float64), expected.astype(np.float64), rtol=rtol, atol=atol))


def _values(got: np.ndarray, expected: np.ndarray) -> tuple[str, str]:
    """Both arrays in short; of a long one, the entries around the largest difference."""
    if got.dtype.kind not in "biuf":
        return _text(got), _text(expected)
    if got.size <= 6:
        return _text(got), _text(expected)
    difference = np.abs(got.astype(np.float64) - expected.astype(np.float64))
    worst = np.unravel_index(int(np.nanargmax(np.where(np.isnan(difference), np.inf, difference))), got.shape)
    where = ", ".join(str(int(i)) for i in worst)
    return f"{_text(got[worst])} at [{where}]", f"{_text(expected[worst])} at [{where}]"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    array = np.asarray(value)
    if array.dtype.kind == "f":
        if array.ndim == 0:
            return f"{float(array):.4g}"
        return np.array2string(array, precision=4, threshold=12, separator=", ").replace("\n", "")
    return str(value.item() if array.ndim == 0 and hasattr(value, "item") else value)
