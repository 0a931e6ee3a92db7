"""Properties of an answer, as data: which values of its record to look at, and how.

An exercise lists its properties in the order in which a student should fix them. Each of the functions below
makes one. ``what`` stands beside its tick, ``otherwise`` is the likely cause when no known mistake explains
the values (a text, or a function that finds it: case -> text), ``points`` is its share of the exercise's
points. The values come from a student's process and may be anything: no property trusts what they are, raises
on their account, or takes longer than they are large.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from labkit.exercises.exercise import Arrays, Finding
from labkit.exercises.probing import trace_parts
from labkit.exercises.reading import word


@dataclass(frozen=True)
class Case:
    """One answer before its judge.

    Attributes:
        given: the inputs, made afresh from the seed.
        got: what the answer left behind, by name.
        expected: what the exercise's own ``expected`` left behind on the same inputs; empty if it has none.
        for_points: whether a grader asks. Games come out differently on another processor, so where an
            answer is played, a grader asks for less than the check in the notebook: what passed there
            keeps its points.
    """

    given: Any
    got: Arrays
    expected: Arrays
    for_points: bool = False


@dataclass(frozen=True)
class Property:
    """Something that holds for a right answer.

    Attributes:
        find: case -> its findings. They are asked for one by one, the next only when the last one holds.
        names: the values that it looks at.
        compared: whether right answers agree on these values, within ``rtol`` and ``atol``. If so, a known
            mistake that gives the same values explains a wrong answer, and a grader compares them with the
            solution's.
        points: its share of the exercise's points.
        alone: a known mistake explains these values whatever it does to those before them. For values that
            have nothing to do with each other, where the same mistake can be made in any of them.
    """

    find: Callable[[Case], Iterable[Finding]]
    names: tuple[str, ...] = ()
    compared: bool = False
    points: float = 0
    rtol: float = 1e-3
    atol: float = 1e-4
    of_shape: bool = False  # only the shapes are compared
    alone: bool = False
    part: Callable[[np.ndarray], np.ndarray] = lambda array: array  # or only a part of each value

    def agree(self, one: Arrays, other: Arrays) -> bool:
        """Whether two records hold the same as far as this property can see."""
        if not all(name in one and name in other for name in self.names):
            return False
        pairs = [(one[name], other[name]) for name in self.names]
        if self.of_shape:
            return all(
                a.shape == b.shape and (a.dtype.kind == "U") == (b.dtype.kind == "U") for a, b in pairs
            )
        return all(alike(self.part(a), self.part(b), self.rtol, self.atol) for a, b in pairs)


ONE_DEVICE = (
    "a tensor is on another device than those that came in: make it from them (`torch.ones_like(x)`, "
    "`device=x.device`), without `.cuda()` and `.cpu()`"
)
_FAILED = re.compile(r"[A-Za-z_]\w*:( |$)|no text, ")  # as `probing.tried` writes an error
Cause = str | Callable[[Case], str]


def same(
    name: str,
    what: str,
    otherwise: Cause = "",
    *,
    got: str = "",
    expected: str = "",
    points: float = 0,
    rtol: float = 1e-4,
    atol: float = 1e-5,
    part: Callable[[np.ndarray], np.ndarray] = lambda array: array,
    alone: bool = False,
    beside: Iterable[str] = (),
) -> Property:
    """The value is the expected one, within ``rtol`` and ``atol`` (as ``numpy.allclose`` has them).

    ``got`` and ``expected`` say in words what the student sees instead of the numbers. ``part`` takes out
    what is compared, where a property before this one has made sure that the value has such a part. A known
    mistake must agree in the values ``beside`` it, too: many a mistake is the same to one of two networks.
    """

    def find(case: Case) -> Iterator[Finding]:
        found = close(what, part(case.got[name]), part(case.expected[name]), rtol=rtol, atol=atol)
        if not found.ok:
            cause = _cause(otherwise, case) if callable(otherwise) else found.cause or otherwise
            found = Finding(what, False, got or found.got, expected or found.expected, cause)
        yield found

    return Property(find, (name, *beside), True, points, rtol, atol, part=part, alone=alone)


def scalar(
    name: str, otherwise: str = "", *, what: str = "it returns one number", points: float = 0
) -> Property:
    """The value is a single number, of any size; ``otherwise`` is for those that are a batch."""

    def find(case: Case) -> Iterator[Finding]:
        value = case.got[name]
        number = value.dtype.kind in "biuf"
        said = f"shape {value.shape}" if number else "text"
        cause = otherwise if number and value.ndim else ""
        yield holds(what, number and not value.shape, got=said, expected="shape ()", cause=cause)

    return Property(find, (name,), True, points, of_shape=True)


def same_shape(name: str, what: str, otherwise: Cause = "", *, points: float = 0) -> Property:
    """The value is no text, and has the expected shape."""

    def find(case: Case) -> Iterator[Finding]:
        value, expected = case.got[name], case.expected[name].shape
        failed = value.dtype.kind == "U"  # in words
        ok = value.shape == expected and not failed
        said = word(value) if failed else f"shape {value.shape}"
        cause = "" if ok else _cause(otherwise, case)
        yield holds(what, ok, got=said, expected=f"shape {expected}", cause=cause)

    return Property(find, (name,), True, points, of_shape=True)


def says(
    name: str, what: str, *words: str, otherwise: Cause = "", got="{}", expected="", points: float = 0
) -> Property:
    """The value is one of these texts. ``got`` is what the student sees around another."""

    def find(case: Case) -> Iterator[Finding]:
        said = word(case.got[name])
        cause = "" if said in words else _cause(otherwise, case)
        yield holds(what, said in words, got=got.format(said), expected=expected or words[0], cause=cause)

    return Property(find, (name,), points=points)


def fits_any_device(name: str, what: str = "it works on any device", *, points: float = 0) -> Property:
    """The value is what `probing.elsewhere` returned, and that is nothing."""
    return says(name, what, "", otherwise=ONE_DEVICE, expected="no error", points=points)


def unchanged(
    names: str | tuple[str, ...], what: str, otherwise: str = "", *, got="changed", expected="", points=0.0
) -> Property:
    """Nothing was written into these: they equal the expected values.

    Not to the bit: two processors draw the same random inputs with other last digits.
    """
    names = (names,) if isinstance(names, str) else names
    near = {"rtol": 1e-5, "atol": 1e-6}

    def find(case: Case) -> Iterator[Finding]:
        ok = all(alike(case.got[name], case.expected[name], **near) for name in names)
        yield holds(what, ok, got=got, expected=expected, cause=otherwise)

    return Property(find, names, True, points, **near)


def left_alone(
    name: str,
    networks: Iterable[Any],
    what: str,
    otherwise: str = "",
    *,
    expected: str = "",
    points: float = 0,
) -> Property:
    """The value is what `probing.traces` says of these networks, and as it was before. ``networks`` are their
    names or places in the inputs."""
    near = {"rtol": 1e-5, "atol": 1e-6}

    def find(case: Case) -> Iterator[Finding]:
        got, was = case.got[name], case.expected[name]
        ok = alike(got, was, **near)
        said = "changed"
        if not ok and got.shape == was.shape and got.dtype.kind in "biuf":
            parts = np.array(trace_parts(*(case.given[n] for n in networks)))
            other = ~np.isclose(got.astype(np.float64), was.astype(np.float64), **near)
            said += f": {', '.join(dict.fromkeys(parts[other].tolist()))}"
        yield holds(what, ok, got=said, expected=expected, cause=otherwise)

    return Property(find, (name,), True, points, **near)


def rule(
    find: Callable[[Case], Iterable[Finding]],
    *names: str,
    compared: bool = False,
    points: float = 0,
    rtol: float = 1e-3,
    atol: float = 1e-4,
) -> Property:
    """A property that a function of the exercise's own looks at; it may give several findings in turn."""
    return Property(find, names, compared, points, rtol, atol)


# ---- findings, for rules ------------------------------------------------------------------------------


def holds(what: str, ok: bool, *, got: Any = "", expected: Any = "", cause: str = "") -> Finding:
    """A finding about a condition that has been worked out already."""
    if ok:
        return Finding(what, True)
    return Finding(what, False, as_text(got), as_text(expected), cause)


def close(
    what: str, got: np.ndarray, expected: Any, *, cause: str = "", rtol: float = 1e-4, atol: float = 1e-5
) -> Finding:
    """A finding about values: shapes first, then whether they are finite, then the numbers."""
    expected = np.asarray(expected)
    if alike(got, expected, rtol, atol):
        return Finding(what, True)
    if got.dtype.kind == "U" and expected.dtype.kind != "U":
        said = word(got)
        if _FAILED.match(said):  # a further call failed, in words
            return Finding(what, False, said, "no error", cause)
        cause = "that is a text: return the value itself, without `str()` or quotes"
        return Finding(what, False, f"the text {said!r}", as_text(expected), cause)
    if got.shape != expected.shape:
        return Finding(what, False, f"shape {got.shape}", f"shape {expected.shape}", cause)
    if got.dtype.kind == "f" and not np.isfinite(got).all():
        cause = (
            "there is a NaN or an infinity: look for log(0), the log or root of a negative number, a "
            "division by zero or an overflow of exp"
        )
    return Finding(what, False, *_both(got, expected), cause)


def alike(got: np.ndarray, expected: np.ndarray, rtol: float, atol: float) -> bool:
    """Whether two arrays hold the same: numbers within rounding, or the very same texts."""
    if got.shape != expected.shape:
        return False
    if got.dtype.kind in "biuf" and expected.dtype.kind in "biuf":
        return bool(np.allclose(got.astype(np.float64), expected.astype(np.float64), rtol=rtol, atol=atol))
    return got.dtype.kind == expected.dtype.kind == "U" and bool((got == expected).all())


def identical(got: np.ndarray, was: np.ndarray | torch.Tensor) -> bool:
    """Whether two arrays hold the same numbers in the same shape, to the bit; False for texts and NaNs."""
    was = was.detach().numpy() if isinstance(was, torch.Tensor) else was
    both = got.dtype.kind in "biuf" and was.dtype.kind in "biuf"
    return both and got.shape == was.shape and bool((got == was).all())


def as_text(value: Any) -> str:
    """A value as a finding shows it: numbers with four digits, truth as yes and no, an empty text as none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    array = np.asarray(value)
    if array.dtype.kind == "f":
        if array.ndim == 0:
            return f"{float(array):.4g}"
        return np.array2string(array, precision=4, threshold=12, separator=", ").replace("\n", "")
    return str(value.item() if array.ndim == 0 and hasattr(value, "item") else value) or "none"


def _cause(otherwise: Cause, case: Case) -> str:
    return otherwise(case) if callable(otherwise) else otherwise


def _both(got: np.ndarray, expected: np.ndarray) -> tuple[str, str]:
    """Both arrays in short; of long ones, the entries where they differ most."""
    if got.dtype.kind not in "biuf" or expected.dtype.kind not in "biuf" or got.size <= 6:
        return as_text(got), as_text(expected)
    difference = np.abs(got.astype(np.float64) - expected.astype(np.float64))
    worst = np.unravel_index(int(np.nanargmax(np.where(np.isnan(difference), np.inf, difference))), got.shape)
    where = ", ".join(str(int(i)) for i in worst)
    return f"{as_text(got[worst])} at [{where}]", f"{as_text(expected[worst])} at [{where}]"
