"""Handwritten digits drawn by the kit: the built-in twin of MNIST, with the factors that made each.

A digit is ink along a few curves. Control points (see `digit_strokes`) are moved about, the curve is
slanted, turned and squeezed, fitted into a box and centred the way MNIST's makers did (LeCun et al.
1998: 20 x 20 pixels within 28 x 28, by the centre of mass), and a round pen follows it.
"""

from collections.abc import Mapping

import numpy as np
import torch

from labkit.synthetic import arguments, counter
from labkit.synthetic import factors as table
from labkit.synthetic.digit_strokes import INK_POINTS, MOST_CONTROLS, STYLES, templates
from labkit.synthetic.factors import Factor, classes, number

__all__ = ["FACTORS", "draw", "render"]

FACTORS: tuple[Factor, ...] = (
    classes("digit", "0 1 2 3 4 5 6 7 8 9", "which digit it is"),
    classes("variant", "a b c d e f", "which way of writing it", 0.28, 0.22, 0.16, 0.14, 0.12, 0.08),
    number("slant", "leaning to the left to leaning to the right", -0.25, 0.7),
    number("tilt", "turned up to turned down on the right"),
    number("thickness", "thin to thick pen", 0.0, 1.0),
    number("pressure", "the pen gets lighter (-1) or heavier (1) towards the end of a stroke"),
    number("aspect", "narrow to wide"),
    number("bend", "the upper part wide to the lower part wide"),
    number("waist", "the middle of the digit high to low"),
    number("scale", "small to large"),
    number("x", "left to right of the middle"),
    number("y", "above to below the middle"),
    number("wobble", "a sure hand (0) to an unsure one (1)", 0.0, 1.0),
    number("edge", "a clean edge (0) to a ragged one (1)", 0.0, 1.0),
    number("hand", "how exactly the control points lie: every number is another hand", 0.0, 1.0),
)

_AT_ONCE = 64  # digits: so that two planes of a batch stay in the processor's cache
_BOX = 20.0 / 28.0  # the side of the box that a digit is fitted into
_EDGE = 1.05 / 28.0  # how wide the edge of the ink is, in sides of the picture
_NUMBERS = 2 * MOST_CONTROLS + INK_POINTS  # random numbers that one hand uses


def draw(
    count: int, *, size: int = 28, seed: int = 0, start: int = 0
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Draw digits number ``start`` to ``start + count - 1`` of a seed.

    Digit i depends on (seed, i) and on nothing else: not on ``count``, the batch or the threads.

    Args:
        count: how many, at least 1.
        size: side in pixels, 16 to 128; the same digit at every size.
        seed: 0 to 2**63 - 1.
        start: number of the first digit, at least 0.

    Returns:
        images (count, 1, size, size) uint8, white ink (255) on black (0), and the factors,
        name -> (count,): int64 class index or float32 number, as described by ``FACTORS``.

    Raises:
        ValueError: an argument that is no whole number or out of range; the message names it.
    """
    drawn = table.sample(FACTORS, "digits", *arguments.numbered(count, seed, start))
    return render(drawn, size), drawn


def render(factors: Mapping[str, torch.Tensor], size: int = 28) -> torch.Tensor:
    """Draw the digits that these factors describe: take those of ``draw`` and change what you like.

    Args:
        factors: name -> (N,), every name in ``FACTORS``, within its range.
        size: side in pixels, 16 to 128.

    Returns:
        (N, 1, size, size) uint8.

    Raises:
        ValueError: a bad size; a factor missing, unknown, of the wrong length or out of range.
    """
    size = arguments.whole_number("size", size, 16, 128)
    arrays = table.checked(FACTORS, "Digit", factors)
    count = len(arrays["digit"])
    images = np.empty((count, 1, size, size), np.uint8)
    for first in range(0, count, _AT_ONCE):
        some = {name: values[first : first + _AT_ONCE] for name, values in arrays.items()}
        x, y, radius = _ink(some)
        images[first : first + _AT_ONCE, 0] = _written(x, y, radius, size)
    return torch.from_numpy(images)


def _ink(factors: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the pen was, x and y (INK_POINTS, B) from the middle of the picture, and its radius.

    Lengths are in sides of the picture.
    """
    f = factors
    style = f["digit"] * STYLES + f["variant"]
    all_styles = templates()
    chance = _chances(f["hand"])
    controls = all_styles.controls[style] - np.float32(0.5)  # (B, K, 2)
    amount = (0.35 + 0.65 * f["wobble"])[:, None, None] * np.float32(0.145)
    controls = controls + amount * chance[:, : 2 * MOST_CONTROLS].reshape(controls.shape)
    weights = all_styles.weights[style]  # (B, K, P)
    x = np.zeros((len(style), INK_POINTS), np.float32)
    y = np.zeros_like(x)
    for k in range(MOST_CONTROLS):  # sums in this order on every machine
        x += weights[:, k] * controls[:, k, :1]
        y += weights[:, k] * controls[:, k, 1:]
    x, y = _posed(x.T, y.T, f)
    radius = (0.030 + 0.038 * f["thickness"] * (0.5 + 0.5 * f["thickness"])) * np.ones_like(x)
    along = all_styles.along[style].T - np.float32(0.5)
    radius *= 1.0 + 0.30 * f["pressure"] * along
    rough = chance[:, 2 * MOST_CONTROLS :].T
    radius += np.float32(0.016) * f["edge"] * rough[:INK_POINTS]
    np.maximum(radius, np.float32(0.02), out=radius)
    x, y = _framed(x, y, radius, f)
    return x, y, radius


def _chances(hand: np.ndarray) -> np.ndarray:
    """(B, _NUMBERS) float32 numbers between -1 and 1, small ones more often, from the factor ``hand``."""
    which = (hand * np.float32(2**24)).astype(np.int64)[:, None] * (2 * _NUMBERS)
    index = (which + np.arange(2 * _NUMBERS)).reshape(-1)
    numbers = counter.uniform(0, index, "digits/hand").reshape(len(hand), 2, _NUMBERS)
    return (numbers[:, 0] + numbers[:, 1] - 1.0).astype(np.float32)


def _posed(x: np.ndarray, y: np.ndarray, f: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Squeezed, bent, turned and slanted."""
    y = y + 0.36 * f["waist"] * (np.float32(0.25) - y * y)
    x = x * (0.90 + 0.28 * f["aspect"])
    x = x * (1.0 + 0.35 * f["bend"] * y)
    y = y + 0.20 * f["tilt"] * x
    return x - f["slant"] * y, y


def _framed(
    x: np.ndarray, y: np.ndarray, radius: np.ndarray, f: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Fitted into the box, the centre of mass in the middle, then a little off it."""
    pen = 2.0 * radius.max(axis=0)
    longest = np.maximum(x.max(axis=0) - x.min(axis=0), y.max(axis=0) - y.min(axis=0))
    grow = (np.float32(_BOX) * (0.98 + 0.06 * f["scale"]) - pen) / longest
    x, y = x * grow, y * grow
    return x - _mean(x) + 0.03 * f["x"], y - _mean(y) + 0.03 * f["y"]


def _mean(values: np.ndarray) -> np.ndarray:
    total = values[0].copy()
    for row in values[1:]:  # one after the other, so that the rounding is the same everywhere
        total += row
    return total * np.float32(1.0 / len(values))


def _written(x: np.ndarray, y: np.ndarray, radius: np.ndarray, size: int) -> np.ndarray:
    """(B, size, size) uint8: the ink of a round pen at these places.

    The stroke is a row of discs. What counts for a pixel is the least of (distance / radius)**2 over
    the discs, and both halves of that sum are known for a whole column or row at once.
    """
    centres = ((np.arange(size) + np.float32(0.5)) / np.float32(size) - np.float32(0.5)).astype(np.float32)
    tight = (np.float32(1.0) / radius)[:, :, None]
    across = (centres - x[:, :, None]) * tight
    across *= across
    down = (centres - y[:, :, None]) * tight
    down *= down
    least = across[0][:, None, :] + down[0][:, :, None]
    other = np.empty_like(least)
    for point in range(1, INK_POINTS):
        np.add(across[point][:, None, :], down[point][:, :, None], out=other)
        np.minimum(least, other, out=least)
    np.sqrt(least, out=least)
    soft = max(1.0 / size, _EDGE)
    sharpness = (_mean(radius) * np.float32(1.0 / soft))[:, None, None]
    ink = (1.0 - least) * sharpness + np.float32(0.5)
    np.clip(ink, 0.0, 1.0, out=ink)
    return (ink * np.float32(255.0) + np.float32(0.5)).astype(np.uint8)
