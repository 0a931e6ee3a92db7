"""The head as a rough solid: where each pixel lies on the face, which way it looks, how it is lit.

Every level of the head is a circle; all circles touch the same front plane, so the face is flat
and the skull round. Turning the head turns the circles. Each pixel then knows its place ``u`` on
the unturned face, and features drawn in ``u`` move, narrow and hide as they would.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np

from labkit.synthetic.shapes import Array, Canvas, bump, part, ramp, window

CROWN = -0.75  # top of the skull
EYES = 0.03  # level of the eyes, as in aligned CelebA


@dataclass(frozen=True)
class Head:
    """Geometry of the heads of a batch; arrays are (B, H, W) or broadcast to it.

    Attributes:
        u: place across the unturned face, 0 on the nose; beyond the ears it goes on growing.
        distance: signed distance to the outline, negative inside.
        shade: light that falls on the skin, about 0 to 1.
        middle: x of the skull's axis (B, 1, 1).
        half: half width of the head at its widest (B, 1, 1).
        sin, cos: of the turn (B, 1, 1).
        chin: y of the chin (B, 1, 1).
        light: (lx, ly, lz), unit direction towards the light, each (B, 1, 1).
    """

    u: Array
    distance: Array
    shade: Array
    middle: Array
    half: Array
    sin: Array
    cos: Array
    chin: Array
    light: tuple[Array, Array, Array]

    def at(self, where: tuple[slice, slice, slice]) -> "Head":
        """The same heads seen through a window of the canvas."""
        return replace(self, u=self.u[where], distance=self.distance[where], shade=self.shade[where])

    def of(self, who: Array) -> "Head":
        """Some of the heads, by index."""
        light = tuple(part[who] for part in self.light)
        rest = {name: value[who] for name, value in self.__dict__.items() if name != "light"}
        return Head(light=light, **rest)


def near(canvas: Canvas, head: Head, x: tuple[float, float], y: tuple[float, float]) -> tuple[Canvas, Head]:
    """Canvas and heads in the window between these coordinates: small features cost little."""
    where = window(canvas.x.shape[-1], x, y)
    return part(canvas, where), head.at(where)


def for_some(
    who: Array,
    canvas: Canvas,
    head: Head,
    p: SimpleNamespace,
    paint: Callable[[Canvas, Head, SimpleNamespace], None],
) -> None:
    """Call ``paint`` with only those pictures of the batch where ``who``, (B,) bool, is true."""
    chosen = np.flatnonzero(who)
    if chosen.size:
        few = replace(canvas, rgb=canvas.rgb[chosen])
        paint(few, head.of(chosen), SimpleNamespace(**{n: v[chosen] for n, v in vars(p).items()}))
        canvas.rgb[chosen] = few.rgb


def build(canvas: Canvas, p: SimpleNamespace) -> Head:
    """Solve the geometry of the heads with parameters p (factors as (B, 1, 1) arrays)."""
    x, y = canvas.x, canvas.y
    sin = 0.5 * p.turn
    cos = np.sqrt(1.0 - sin * sin)
    half = 0.465 * (1.0 + 0.08 * p.face_width)
    chin = 0.82 + 0.05 * p.face_length
    middle = -0.8 * half * sin

    # The profile: half width of the head at each level, 1 - rest of the squared width is used up.
    down = y / chin
    up = y / CROWN
    square = 0.42 - 0.24 * p.jaw
    below = down * down * (square + (1.0 - square) * down * down)
    above = up * up * (0.4 + 0.6 * up * up)
    used = np.where(y > 0, below, above)
    slope = np.where(
        y > 0,
        (2.0 * square * down + 4.0 * (1.0 - square) * down * down * down) / chin,
        (0.8 * up + 2.4 * up * up * up) / CROWN,
    )
    taper = half * (1.0 - (0.13 - 0.06 * p.jaw) * np.maximum(down, 0.0))
    rest = np.maximum(1.0 - used, 0.0)
    width = taper * np.sqrt(rest)
    round_width = np.maximum(width, 0.62 * half)  # below the jaw u must not collapse

    # Face levels touch one front plane; the skull above the eyes is round and hardly moves.
    lean = np.where(y > 0, np.float32(1.0), np.float32(0.3)) * sin
    across = x - middle - (half - width) * lean
    level = across / taper
    excess = level * level + used - 1.0
    steep = np.sqrt(4.0 * level * level / (taper * taper) + slope * slope + 0.5)
    distance = excess / steep

    beside = (x - middle - (half - round_width) * lean) / round_width
    side = np.clip(beside, -1.0, 1.0)
    front = np.sqrt(1.0 - side * side)
    inner = side * cos - front * sin
    facing = side * sin + front * cos
    inner = np.where(facing < 0.0, np.copysign(2.0, inner) - inner, inner)
    u = (inner + (beside - side)) * round_width

    light = _light(p)
    tilt = np.clip(taper * slope / (2.0 * np.sqrt(rest + 0.06)), -2.0, 2.0) * (1.05 - 0.6 * front)
    where = window(x.shape[-1], (-0.6, 0.6), (-0.42, 0.94))
    height = _relief(u[where], y[:, where[1]], p) * np.float32(0.5 / canvas.pixel)
    nx, ny = side.copy(), tilt
    nx[where] -= _slope(height, 2) * cos
    ny[where] -= _slope(height, 1)
    lambert = (nx * light[0] + ny * light[1] + front * light[2]) / np.sqrt(nx * nx + ny * ny + front * front)
    shade = np.clip(0.10 + 0.92 * lambert, 0.0, 1.0)
    return Head(u, distance, shade, middle, half, sin, cos, chin, light)


def _light(p: SimpleNamespace) -> tuple[Array, Array, Array]:
    lx = 0.95 * p.light_side
    ly = -0.45 - 0.25 * p.light_height
    lz = np.full_like(lx, 0.85)
    scale = 1.0 / np.sqrt(lx * lx + ly * ly + lz * lz)
    return lx * scale, ly * scale, lz * scale


def _slope(height: Array, axis: int) -> Array:
    """Central differences, zero at the border."""
    slope = np.zeros_like(height)
    if axis == 2:
        np.subtract(height[:, :, 2:], height[:, :, :-2], out=slope[:, :, 1:-1])
    else:
        np.subtract(height[:, 2:], height[:, :-2], out=slope[:, 1:-1])
    return slope


def _relief(u: Array, y: Array, p: SimpleNamespace) -> Array:
    """How far brow, nose, cheeks, lips and chin stand out of the smooth head."""
    a = np.abs(u)
    uu = u * u
    tip = nose_tip(p)
    ridge = np.clip((y - EYES + 0.09) / (tip - EYES + 0.06), 0.0, 1.0) * ramp(tip + 0.075, tip - 0.01, y)
    wide = (0.075 + 0.045 * ramp(0.05, tip, y)) * (1.0 + 0.26 * p.nose_width)
    height = (0.100 * ridge) * bump(uu / (wide * wide))
    wing = 0.07 * (1.0 + 0.26 * p.nose_width)
    height += 0.035 * _knob(a - wing, y - tip + 0.01, 0.05, 0.055)
    height += 0.030 * _knob(a - 0.20, y - (EYES - 0.14), 0.26, 0.10)
    height -= 0.038 * _knob(a - 0.20, y - (EYES + 0.00), 0.17, 0.12)
    height += 0.028 * _knob(a - 0.22, y - (EYES + 0.015), 0.11, 0.07)
    cheek = 0.038 * (1.0 + 0.5 * p.cheekbones) + 0.02 * p.joy
    height += cheek * _knob(a - 0.24, y - (0.27 - 0.03 * p.joy), 0.19, 0.20)
    height += 0.030 * _knob(u, y - mouth_level(p), 0.24, 0.17)
    height -= 0.022 * _knob(u, y - mouth_level(p) - 0.115, 0.15, 0.05)
    height += 0.040 * _knob(u, y - (p.chin - 0.10), 0.17, 0.12)
    return height


def _knob(dx: Array, dy: Array, rx: float, ry: float) -> Array:
    return bump(dx * dx * np.float32(1 / rx**2) + dy * dy * np.float32(1 / ry**2))


def nose_tip(p: SimpleNamespace) -> Array:
    """y of the tip of the nose (B, 1, 1)."""
    return 0.335 + 0.03 * p.nose_length


def mouth_level(p: SimpleNamespace) -> Array:
    """y of the line between the lips (B, 1, 1)."""
    return 0.525 + 0.012 * p.nose_length + 0.022 * p.face_length
