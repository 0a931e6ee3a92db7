"""How people write the ten digits: six styles of each, as strokes through control points.

A stroke is a line of points ``x,y`` in a box of 100 x 100, y downwards, that the pen passes in order
on a smooth curve (Catmull and Rom 1974); ``!`` after a point makes a corner there; ``/`` lifts the pen.
Every point of the ink is a weighted sum of the control points, with weights that depend on the style
alone, so moving a control point bends the digit the way a hand would.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

STYLES = 6
INK_POINTS = 72  # along all strokes of a digit: closer together than half a thin stroke
MOST_CONTROLS = 18
_STEPS = 48  # of the fine curve between two control points, from which the ink points are picked

# Ordered from common to rare; what a style is called stands beside it.
STROKES: tuple[tuple[str, ...], ...] = (
    (  # 0
        "52,0 20,18 8,55 28,95 62,97 90,62 86,20 52,1",  # round
        "60,4 28,14 10,52 22,92 55,98 86,70 90,28 62,3 44,10",  # the end overlaps the start
        "55,0 30,20 22,58 38,98 60,96 78,60 76,22 54,1",  # narrow
        "66,6 36,6 10,42 18,86 50,99 84,78 92,40 78,14",  # open at the top
        "30,14 12,44 18,84 50,99 84,76 90,34 64,4 34,6 24,26",  # starts on the left
        "70,14 46,2 16,30 10,70 36,98 74,88 92,50 80,14 58,6 46,22 62,30",  # curl inside
    ),
    (  # 1
        "50,0 50,33 50,66 50,100",  # a line
        "54,0 51,33 49,66 50,100",  # hardly bent
        "48,0 52,30 53,65 48,100",  # bent
        "34,22 46,12 54,0! 52,50 50,100",  # with a flag
        "28,24 52,0! 51,50 50,100 / 22,100 50,99 80,98",  # flag and foot
        "40,12 52,0! 51,50 50,100",  # short flag
    ),
    (  # 2
        "12,22 34,2 70,6 74,34 46,66 8,98! 50,95 94,94",  # corner at the bottom
        "14,20 40,1 72,14 66,46 40,84 14,98 4,82 22,72 56,90 98,88",  # loop at the bottom
        "10,26 30,4 66,4 76,30 52,62 6,94! 34,88 66,97 98,88",  # wavy tail
        "10,14 40,6 82,4 70,34 40,66 8,98! 50,98 92,96",  # like a z
        "20,34 14,14 42,0 76,16 66,48 34,82 8,98! 46,90 92,98",  # hooked head
        "22,14 50,0 78,16 72,52 48,90 16,99 2,78 24,64 56,84 96,96",  # large loop
    ),
    (  # 3
        "14,12 44,0 78,14 66,38 38,46! 76,56 82,82 48,100 10,90",  # two bowls
        "16,6 48,4 82,4! 62,26 42,42! 76,52 82,80 50,100 12,92",  # flat top
        "18,14 46,0 74,16 62,40 40,48 34,42 48,42 80,62 72,92 38,100 10,88",  # loop in the middle
        "22,8 50,0 72,14 60,34 40,40! 82,50 90,78 52,100 8,86",  # large below
        "14,10 50,2 78,8 56,28 30,42! 70,46 86,66 62,92 12,98",  # leaning, wide
        "14,22 24,4 62,0 78,20 58,40 46,44! 78,54 80,86 44,100 10,94 8,84",  # hooks
    ),
    (  # 4
        "18,4 12,34 16,56 50,56 88,50 / 76,2 72,50 68,100",  # open, two strokes
        "66,0! 38,30 8,62! 50,62 94,60 / 66,0 64,50 62,100",  # closed
        "26,4 14,48! 50,52 84,46 / 84,6 70,46 54,100",  # open, leaning
        "16,6 10,40 28,60 62,52 80,30 / 84,0 78,40 72,100",  # like a y
        "30,2 10,58! 50,58 92,56 / 64,20 60,60 56,100",  # open, short stem
        "22,0 8,44 22,58 60,50 86,8! 76,50 70,100",  # one stroke
    ),
    (  # 5
        "88,2 58,4 28,6! 24,24 20,44! 54,38 80,60 68,92 36,100 8,90",  # one stroke
        "28,6 24,26 20,46! 54,40 80,62 68,92 36,100 8,90 / 28,5 60,3 92,2",  # cap last
        "84,4 52,6 34,20 30,40 56,50 74,70 58,96 28,100 8,88",  # like an s
        "36,12 30,30 24,46! 58,44 76,66 62,94 32,100 10,92 / 40,14 66,8 96,0",  # cap rises
        "80,0 50,2 24,4! 22,24 20,48! 60,46 84,68 70,96 34,100 12,94",  # angular
        "94,0 66,6 44,8! 38,26 32,42! 58,46 66,68 48,92 24,98 4,88",  # small bowl
    ),
    (  # 6
        "68,0 38,22 16,58 20,90 52,100 80,84 74,60 46,54 18,74",  # a curve and its loop
        "44,0 30,28 16,66 28,96 58,98 82,78 70,58 40,62 20,84",  # straight back
        "74,2 40,14 14,52 18,88 46,100 68,86 64,66 42,64 20,80",  # small loop
        "58,0 28,24 10,60 22,94 58,100 88,78 76,50 42,48 14,70",  # large loop
        "64,0 34,26 16,60 24,92 56,98 80,78 70,56 46,58 36,72",  # not quite closed
        "50,0 32,30 22,66 34,94 62,98 92,84 80,66 48,70 28,86",  # flat loop
    ),
    (  # 7
        "10,8 46,6 88,4! 64,46 46,100",  # plain
        "12,24 14,6! 50,6 88,4! 64,48 50,100",  # with a serif
        "8,10 46,6 82,2 84,16 62,52 48,100",  # round corner
        "12,8 48,6 86,4! 62,46 44,100 / 34,52 58,50 84,48",  # barred
        "10,20 30,4 54,12 88,4! 66,48 54,100",  # wavy top
        "10,24 12,6! 50,6 86,4! 62,48 46,100 / 32,54 58,52 82,50",  # serif and bar
    ),
    (  # 8
        "72,10 46,0 24,16 38,40 66,60 74,86 48,100 24,84 38,58 68,36 76,14 60,2",  # one curve
        "50,46 26,26 44,0 72,16 54,44 26,68 34,98 66,98 74,70 50,46",  # from the middle
        "80,14 54,0 24,16 36,42 68,64 68,92 36,100 20,78 44,52 76,34 90,10",  # open at the top
        "50,0 26,18 46,44 74,22 50,1 / 48,44 20,70 46,100 78,74 50,45",  # two circles
        "78,10 52,0 22,12 26,36 54,54 64,78 50,99 34,84 48,58 74,38 84,12 70,4",  # small below
        "88,4 70,10! 44,2 24,16 36,40 64,62 66,92 40,100 26,82 44,56 72,32 76,14",  # open, with an arm
    ),
    (  # 9
        "78,14 48,0 18,20 24,46 54,50 76,26 78,10! 74,50 66,100",  # straight stem
        "72,16 44,0 18,22 30,48 60,42 76,14 78,40 66,76 42,100",  # bent stem
        "80,8 50,2 22,26 28,50 54,48 80,10! 70,52 56,100",  # leaning
        "70,18 46,2 22,20 32,46 62,40 74,16 76,50 66,90 40,100 18,90",  # hooked tail
        "76,6 42,4 16,28 30,48 62,42 80,14! 76,54 74,100",  # flat top
        "60,2 28,6 18,34 44,50 70,32 62,4 74,30 72,66 58,100",  # loop closes at the top
    ),
)


@dataclass(frozen=True)
class Templates:
    """All styles as arrays; row ``digit * STYLES + style``, float32.

    Attributes:
        controls: (60, MOST_CONTROLS, 2) control points, 0 to 1, unused ones 0.
        weights: (60, MOST_CONTROLS, INK_POINTS): ink point = sum of weights x control points.
        along: (60, INK_POINTS) how far along its stroke a point lies, 0 to 1.
    """

    controls: np.ndarray
    weights: np.ndarray
    along: np.ndarray


@cache
def templates() -> Templates:
    """The table `STROKES`, worked out once."""
    rows = [_worked_out(style) for styles in STROKES for style in styles]
    return Templates(*(np.stack(column) for column in zip(*rows, strict=True)))


def _worked_out(text: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    points, curves = [], []  # curves: the weights (steps, controls so far) of each stroke
    for stroke in text.split("/"):
        words = stroke.split()
        first = len(points)
        points += [[float(n) / 100 for n in word.rstrip("!").split(",")] for word in words]
        corners = [i for i, word in enumerate(words) if word.endswith("!")]
        ends = [0, *corners, len(words) - 1]
        pieces = [_smooth(first + a, first + b) for a, b in zip(ends, ends[1:], strict=False)]
        curves.append(np.concatenate(pieces))
    controls = np.zeros((MOST_CONTROLS, 2))
    controls[: len(points)] = points
    weights, along = _evenly(curves, controls)
    return controls.astype(np.float32), weights.T.astype(np.float32), along.astype(np.float32)


def _smooth(first: int, last: int) -> np.ndarray:
    """Weights (steps, MOST_CONTROLS) of the curve through the control points first to last."""
    t = (np.arange(_STEPS) / _STEPS)[:, None]
    basis = (
        -0.5 * t + t * t - 0.5 * t * t * t,
        1.0 - 2.5 * t * t + 1.5 * t * t * t,
        0.5 * t + 2.0 * t * t - 1.5 * t * t * t,
        -0.5 * t * t + 0.5 * t * t * t,
    )
    unit = np.eye(MOST_CONTROLS)

    def control(i: int) -> np.ndarray:
        if i < first:  # beyond the ends the curve goes on as it came
            return 2 * unit[first] - unit[first + 1]
        return 2 * unit[last] - unit[last - 1] if i > last else unit[i]

    spans = [sum(b * control(i + k - 1) for k, b in enumerate(basis)) for i in range(first, last)]
    return np.concatenate([*spans, unit[last][None]])


def _evenly(curves: list[np.ndarray], controls: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pick INK_POINTS points, evenly along all strokes; both ends of every stroke are among them."""
    lengths = []
    for curve in curves:
        x, y = (sum(curve[:, k] * controls[k, axis] for k in range(MOST_CONTROLS)) for axis in (0, 1))
        steps = np.sqrt((x[1:] - x[:-1]) ** 2 + (y[1:] - y[:-1]) ** 2)
        lengths.append(np.concatenate([[0.0], np.cumsum(steps)]))
    total = sum(length[-1] for length in lengths)
    shares = [max(2, int(INK_POINTS * length[-1] / total)) for length in lengths]
    shares[0] += INK_POINTS - sum(shares)
    picked, along = [], []
    for curve, length, share in zip(curves, lengths, shares, strict=True):
        part = np.arange(share) / (share - 1)
        picked.append(curve[np.searchsorted(length, part * length[-1]).clip(0, len(length) - 1)])
        along.append(part)
    return np.concatenate(picked), np.concatenate(along)
