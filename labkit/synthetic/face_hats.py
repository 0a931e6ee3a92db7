"""Hats, each a dome that follows the skull, with a shadow on the forehead."""

from types import SimpleNamespace

import numpy as np

from labkit.synthetic.face_head import Head, near
from labkit.synthetic.shapes import Array, Canvas, bump, mix, ramp, wave


def beanie(canvas: Canvas, head: Head, p: SimpleNamespace) -> None:
    """Knitted: a dome with ribs and a turned-up cuff that curves with the head."""
    canvas, head = near(canvas, head, (-0.85, 0.85), (-1.0, 0.0))
    side, y = _side(canvas, head), canvas.y
    edge = -0.34 + 0.10 * side * side
    shape = np.maximum(_dome(side, y, -0.25, 0.66), y - edge)
    ribs = 0.09 * wave(5.0 * side + 0.6 * side * side * side)
    cuff = y - edge + 0.17
    light = _light(side, y, head, 0.66) + ribs
    light = light + 0.10 * (cuff > 0).astype(np.float32) - 0.22 * bump((cuff * (1 / 0.035)) ** 2)
    _put_on(canvas, head, p, shape, light)


def fedora(canvas: Canvas, head: Head, p: SimpleNamespace) -> None:
    """A dented crown with a dark band over a wide brim."""
    canvas, head = near(canvas, head, (-1.0, 1.0), (-1.0, 0.0))
    side, y = _side(canvas, head), canvas.y
    ahead = canvas.x - head.middle - 0.55 * head.half * head.sin
    crown = np.maximum(_dome(side, y, -0.45, 0.50), y + 0.36)
    brim_y = y + 0.36 - 0.11 * (ahead / 0.75) ** 2
    brim = (np.sqrt((ahead / 0.80) ** 2 + (brim_y / 0.10) ** 2 + 1e-6) - 1.0) * 0.10
    dent = bump((ahead / 0.2) ** 2 + ((y + 0.9) / 0.16) ** 2)
    band = ramp(-0.57, -0.55, y)
    on_crown = (_light(side, y, head, 0.5) - 0.25 * dent) * (1.0 - 0.6 * band)
    on_brim = 0.78 + 0.20 * ramp(0.06, -0.08, brim_y) - 0.25 * ramp(-0.02, 0.06, brim_y)
    light = mix(on_crown, on_brim + 0.2 * side * head.light[0], canvas.cover(brim))
    _put_on(canvas, head, p, np.minimum(brim, crown), light)


def cap(canvas: Canvas, head: Head, p: SimpleNamespace) -> None:
    """A round dome and a visor that points where the face looks."""
    canvas, head = near(canvas, head, (-0.95, 0.95), (-1.0, 0.0))
    side, y = _side(canvas, head), canvas.y
    ahead = canvas.x - head.middle - 0.55 * head.half * head.sin
    dome = np.maximum(_dome(side, y, -0.30, 0.56), y + 0.32 - 0.06 * side * side)
    visor_x = ahead - 0.18 * head.sin
    visor_y = y + 0.36 - 0.10 * (visor_x / 0.45) ** 2
    visor = (np.sqrt((visor_x / 0.47) ** 2 + (visor_y / 0.095) ** 2 + 1e-6) - 1.0) * 0.09
    seam = canvas.line(ahead - 0.25 * side * (y + 0.3), 0.006, 0.01)
    on_dome = _light(side, y, head, 0.56) - 0.2 * seam
    on_visor = 0.50 + 0.35 * ramp(0.08, -0.06, visor_y) + 0.2 * side * head.light[0]
    _put_on(canvas, head, p, np.minimum(visor, dome), mix(on_dome, on_visor, canvas.cover(visor)))


def _side(canvas: Canvas, head: Head) -> Array:
    return (canvas.x - head.middle) / (head.half + 0.07)


def _dome(side: Array, y: Array, base: float, height: float) -> Array:
    rise = (np.minimum(y, base) - base) / height
    return (np.sqrt(side * side + rise * rise - 0.2 * side * side * rise * rise + 1e-6) - 1.0) * 0.4


def _light(side: Array, y: Array, head: Head, height: float) -> Array:
    rise = np.minimum(y + 0.3, 0.0) / height
    front = np.sqrt(np.maximum(1.0 - side * side - rise * rise, 0.04))
    lambert = side * head.light[0] + rise * head.light[1] + front * head.light[2]
    return 0.28 + 0.72 * np.maximum(lambert, 0.0)


def _put_on(canvas: Canvas, head: Head, p: SimpleNamespace, shape: Array, light: Array) -> None:
    shadow = ramp(0.16, 0.0, shape) * canvas.cover(head.distance - 0.03)
    canvas.darken(shadow * 0.45, (0.85, 1.0, 1.0))
    canvas.paint(p.hat_rgb * np.clip(light, 0.1, 1.3)[:, None], canvas.cover(shape))
