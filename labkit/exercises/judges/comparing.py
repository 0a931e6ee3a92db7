"""How a judge compares what it got with what it expected, and finds the likely cause of a difference."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch

from labkit.exercises.exercise import Finding


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
    mistakes: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None = None,
    cause: str = "",
    rtol: float = 1e-4,
    atol: float = 1e-5,
) -> Finding:
    """A finding about values. ``mistakes`` maps a likely cause to the values that it would give; where these
    take long, it is a function that returns the map, and is called for a wrong answer only.

    Shapes are compared first, then whether the values are finite, then the values within ``rtol`` and
    ``atol`` (as ``numpy.allclose`` has them). The first mistake that agrees with ``got`` names the cause.
    """
    expected = np.asarray(expected)
    if _close(got, expected, rtol, atol):
        return Finding(what, True)
    mistakes = mistakes() if callable(mistakes) else mistakes or {}
    likely = next((c for c, v in mistakes.items() if _close(got, np.asarray(v), rtol, atol)), "")
    if not likely and got.dtype.kind == "f" and got.shape == expected.shape and not np.isfinite(got).all():
        likely = "there is a NaN or an infinity: look for log(0), a division by zero or an overflow of exp"
    if got.shape != expected.shape:
        return Finding(what, False, f"shape {got.shape}", f"shape {expected.shape}", likely or cause)
    return Finding(what, False, *_values(got, expected), likely or cause)


def same(got: np.ndarray, was: np.ndarray | torch.Tensor) -> bool:
    """Whether two arrays hold the same numbers in the same shape, bit for bit; False for texts and NaNs."""
    was = was.detach().numpy() if isinstance(was, torch.Tensor) else was
    both = got.dtype.kind in "biuf" and was.dtype.kind in "biuf"
    return both and got.shape == was.shape and bool((got == was).all())


def unchanged(
    what: str, pairs: Iterable[tuple[np.ndarray, np.ndarray | torch.Tensor]], *, expected="", cause=""
) -> Finding:
    """A finding about (afterwards, before): that nothing was written into any of these."""
    return holds(what, all(same(*pair) for pair in pairs), got="changed", expected=expected, cause=cause)


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
