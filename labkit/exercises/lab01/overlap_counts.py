"""Exercise 1.4: how many stamps touch each output pixel."""

import numpy as np

from labkit.exercises.exercise import Exercise
from labkit.exercises.properties import Case, same, same_shape


def grids(seed: int) -> dict[str, tuple[int, int, int, int]]:
    """Per case a size, a kernel, a stride and a padding."""
    size = int(np.random.default_rng(seed).integers(3, 6))
    return {
        "kernel 3, stride 2": (size, 3, 2, 0),
        "kernel 2, stride 3": (size + 1, 2, 3, 0),
        "kernel 4, stride 2, padding 1": (size, 4, 2, 1),
        "kernel 5, stride 3, padding 2": (size + 1, 5, 3, 2),
        "kernel 3, stride 1, padding 1": (size + 2, 3, 1, 1),
    }


def probe(overlap_counts, cases):
    return {f"the counts for {name}": overlap_counts(*settings) for name, settings in cases.items()}


CAUSES = {
    r"expected stride to be|Expected \dD": (
        "F.conv_transpose2d wants four axes, for the image and for the kernel alike"
    ),
    r"bias' \(position 3\)|invalid combination of arguments.*\(Tensor, Tensor, (int|tuple)": (
        "the third argument of this function is the bias: give `stride=` and `padding=` their names"
    ),
}

EXERCISE = Exercise(
    "1.4",
    "Overlap counts",
    3,
    "overlap_counts(size, kernel_size, stride, padding)",
    grids,
    probe,
    causes=CAUSES,
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def expected(size, kernel, stride, padding):
    line = _hits(size, kernel, stride, padding)
    return np.outer(line, line)


def _hits(size, kernel, stride, padding, first=0):
    """How often each position of a line is hit by intervals of length ``kernel``, ``stride`` apart.

    Intervals that begin before ``first`` do not count.
    """
    starts = np.arange(size) * stride
    hits = np.bincount((starts[starts >= first, None] + np.arange(kernel)).ravel())
    return hits[padding : len(hits) - padding]


def _likely(case: Case) -> str:
    counts = [array for array in case.got.values() if array.dtype.kind == "f"]
    if all((array == np.round(array)).all() for array in counts):
        return (
            "before the crop, stamp (i, j) covers `kernel_size` rows from row `i * stride`, columns likewise"
        )
    return "counts are whole, and a layer's random weights and bias are not: press a kernel of ones, no bias"


def _counts(name: str, points: float):
    shape, side = f"{name}: one count per output pixel", "(size - 1) * stride - 2 * padding + kernel_size"
    yield same_shape(f"the counts for {name}", shape, f"the output has {side} pixels a side")
    what = f"{name}: how many stamps touch each pixel"
    yield same(f"the counts for {name}", what, _likely, points=points)


PROPERTIES = (
    *_counts("kernel 3, stride 2", points=1),
    *_counts("kernel 2, stride 3", points=0.5),
    *_counts("kernel 4, stride 2, padding 1", points=0.5),
    *_counts("kernel 5, stride 3, padding 2", points=0.5),
    *_counts("kernel 3, stride 1, padding 1", points=0.5),
)


def _then(change):
    """``change`` done to the right counts: (counts, size, kernel) -> other counts."""
    return lambda n, k, s, p: change(expected(n, k, s, p), n, k)


def _joined(join):
    """The counts of the two sides, joined to a square in another way."""
    return lambda *given: join(_hits(*given)[:, None], _hits(*given))


def _convolved(n, k, s, p):
    side = (n + 2 * p - k) // s + 1
    return np.full((side, side), k * k)


def _one_fewer(n, k, s, p):
    """The last row and the last column of stamps have not been counted."""
    line = np.pad(_hits(n - 1, k, s, 0), (0, s))
    line = line[p : len(line) - p]
    return np.outer(line, line)


def _one_end(n, k, s, p):
    side = len(expected(n, k, s, p))
    return expected(n, k, s, 0)[:side, :side]


def _none_before(n, k, s, p):
    line = _hits(n, k, s, p, first=p)
    return np.outer(line, line)


MISTAKES = {
    "this is a line: rows and columns both overlap, so the counts have two axes": _hits,
    "batch and channel axes are left over: return (out, out)": _then(lambda counts, n, k: counts[None, None]),
    "padding is ignored: the crop takes counts away at the border": lambda n, k, s, p: expected(n, k, s, 0),
    "the output is empty: a crop `[padding:-padding]` keeps nothing when padding is 0": (
        lambda n, k, s, p: expected(n, k, s, 0)[p:-p, p:-p]
    ),
    "this is the size after a convolution, which shrinks; stamps enlarge: see F.conv_transpose2d": _convolved,
    "the last row and column of stamps are missing: loop over all of range(size)": _one_fewer,
    "this is the count of the inside everywhere: fewer stamps reach the pixels at the border": (
        lambda n, k, s, p: 0 * expected(n, k, s, p) + (-(-k // s)) ** 2
    ),
    "one count per input pixel; asked for is one per output pixel": lambda n, k, s, p: np.full((n, n), k * k),
    "the stride is ignored: stamps begin `stride` pixels apart": lambda n, k, s, p: expected(n, k, 1, p),
    "the number was asked for at every pixel, not one for all": _then(lambda counts, n, k: counts.max()),
    "kernel_size and stride have changed places": lambda n, k, s, p: expected(n, s, k, p),
    "no count is above 1, it says touched or not: count all stamps that touch a pixel": (
        _then(lambda counts, n, k: counts.clip(max=1))
    ),
    "rows and columns multiply: 2 and 2 make 4 stamps, and 1 and 1 make 1": _joined(np.add),
    "only the rows were counted": _joined(lambda rows, columns: rows + 0 * columns),
    "only the columns were counted": _joined(lambda rows, columns: columns + 0 * rows),
    "counts are whole numbers of stamps, not shares": _then(lambda counts, n, k: counts / counts.max()),
    "each stamp counts as one, not as a share of its kernel": _then(lambda counts, n, k: counts / k**2),
    "the crop took both sides from one end": _one_end,
    "stamps that begin before the image are lost: a slice like c[-1:3] is empty in Python": _none_before,
    "this is how many pixels one stamp touches, not how many stamps touch a pixel": (
        _then(lambda counts, n, k: 0 * counts + k**2)
    ),
    "no stamp has been counted": _then(lambda counts, n, k: 0 * counts),
    "one too many everywhere: begin with zeros, not with ones": _then(lambda counts, n, k: counts + 1),
}
