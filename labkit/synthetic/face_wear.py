"""What people put on: clothes, glasses and hats, each of these a dome that follows the skull."""

from types import SimpleNamespace

import numpy as np

from labkit.synthetic.face_head import EYES, Head, near
from labkit.synthetic.shapes import Array, Canvas, bump, hue_colour, mix, ramp, wave


def neck_and_clothes(canvas: Canvas, head: Head, p: SimpleNamespace) -> None:
    """The neck as a cylinder in the shadow of the chin, shoulders in cloth with a neckline."""
    canvas, head = near(canvas, head, (-1.0, 1.0), (0.3, 1.0))
    x, y = canvas.x - 0.5 * head.middle, canvas.y
    half = head.half * (0.60 + 0.05 * p.jaw)
    slope = x / (half + 0.25 * ramp(0.72, 1.05, y))
    neck = canvas.cover((np.abs(slope) - 1.0) * 0.25)
    lit = 0.62 + 0.30 * slope * head.light[0] - 0.20 * slope * slope
    shadow = 1.0 - (0.46 + 0.08 * p.contrast) * ramp(0.26, 0.02, head.distance + 0.05 * x * p.light_side)
    canvas.paint(_skin(p, lit * shadow), neck)

    shoulder = 0.80 + 0.26 * ramp(0.15, 1.15, np.abs(x)) - 0.03 * p.face_width
    open_v = 0.5 + 0.5 * p.neckline
    collar = 0.90 - 0.04 * p.neckline + 0.12 * open_v
    hole = (
        mix(
            np.sqrt((x / (half + 0.05)) ** 2 + ((y - 0.70) / (collar - 0.70)) ** 2) - 1.0,
            np.abs(x) / (half + 0.06) + (y - 0.74) / (collar - 0.68) - 1.0,
            (open_v > 0.55).astype(np.float32),
        )
        * 0.2
    )
    cloth = canvas.cover(np.maximum(shoulder - y, -hole))
    folds = 0.05 * wave(1.7 * x + 1.1 * y + p.strands) + 0.04 * wave(3.9 * x - 2.0 * y + 3 * p.strands)
    light = (
        0.80
        + folds
        + 0.25 * x * head.light[0]
        - 0.35 * ramp(0.10, 0.0, hole)
        - 0.25 * ramp(0.16, 0.0, y - shoulder) * 0.5
    )
    canvas.paint(p.cloth_rgb * light[:, None], cloth)
    trim = canvas.line(hole - 0.03, 0.012) * cloth
    canvas.paint(np.minimum(p.cloth_rgb * 1.35 + 0.06, 1.0), trim * 0.6)


def jacket(canvas: Canvas, head: Head, p: SimpleNamespace) -> None:
    """A light shirt with a collar between the lapels of the clothes, and perhaps a tie."""
    canvas, head = near(canvas, head, (-0.7, 0.7), (0.6, 1.0))
    x, y = canvas.x - 0.5 * head.middle, canvas.y
    a = np.abs(x)
    half = head.half * (0.60 + 0.05 * p.jaw)
    throat = 0.80 + 0.10 * (1.0 - a / half)
    opening = np.maximum(a - half - 0.06 + 0.55 * (y - 0.78), 0.80 + 0.5 * (a - half) - y)
    shirt = canvas.cover(np.maximum(opening, throat - y))
    wing = canvas.line(y - throat - 0.075 + 0.10 * a, 0.008, 0.02)
    light = 0.92 + 0.20 * x * head.light[0] - 0.28 * wing - 0.22 * ramp(0.05, 0.0, y - throat)
    canvas.paint(p.shirt_rgb * light[:, None], shirt)
    tie = canvas.cover(a - 0.045 - 0.12 * np.maximum(y - 0.97, 0.0)) * shirt * canvas.cover(throat + 0.02 - y)
    canvas.paint(p.tie_rgb * (0.8 + 0.4 * x)[:, None], tie * p.tie)


def _skin(p: SimpleNamespace, light: Array) -> Array:
    return p.skin_rgb * mix(p.skin_shadow, np.ones_like(p.skin_shadow), np.clip(light, 0, 1)[:, None])


def glasses(canvas: Canvas, head: Head, p: SimpleNamespace) -> None:
    """Two rims, a bridge, temples to the ears and a faint reflection."""
    canvas, head = near(canvas, head, (-0.75, 0.75), (EYES - 0.24, EYES + 0.30))
    square = (p.glasses == 2)[:, None, None]
    u = head.u - 0.06 * head.sin
    a = np.abs(u) - 0.222
    v = canvas.y - EYES - 0.025
    disc = np.sqrt(a * a + v * v * 1.06) - 0.155
    qx, qy = np.abs(a) - 0.125 - 0.02 * v * -1.0, np.abs(v) - 0.078
    box = (
        np.sqrt(np.maximum(qx, 0.0) ** 2 + np.maximum(qy, 0.0) ** 2)
        + np.minimum(np.maximum(qx, qy), 0.0)
        - 0.035
    )
    rim = np.where(square, box, disc)
    thick = np.where(square, 0.021, 0.011).astype(np.float32)
    frame = canvas.line(rim, thick)
    bridge = canvas.line(v + 0.035, thick) * canvas.cover(np.abs(u) - 0.075)
    temple = (
        canvas.line(v + 0.035, thick)
        * (a > 0.13)
        * canvas.cover(np.abs(head.u) - head.half * 1.02)
        * (rim > 0)
    )
    mask = np.maximum(np.maximum(frame, bridge), temple)
    glass = canvas.cover(rim)
    streak = bump(((a * np.copysign(1.0, u) + 0.9 * v - 0.03) * (1 / 0.07)) ** 2)
    shadow = canvas.line(rim, thick, 0.05)
    canvas.darken(shadow * 0.22)
    canvas.paint(np.ones((1, 3, 1, 1), np.float32), glass * (0.05 + 0.13 * streak))
    black = np.asarray([0.07, 0.06, 0.07], np.float32)[None, :, None, None]
    wire = np.asarray([0.34, 0.28, 0.20], np.float32)[None, :, None, None]
    colour = np.where(square[:, None], black, wire) * (0.7 + 0.7 * head.shade)[:, None]
    canvas.paint(colour, mask * 0.95)


def beanie(canvas: Canvas, head: Head, p: SimpleNamespace) -> None:
    """Knitted: a dome with ribs and a turned-up cuff that curves with the head."""
    canvas, head = near(canvas, head, (-0.85, 0.85), (-1.0, 0.0))
    side, y = _side(canvas, head), canvas.y
    edge = -0.34 + 0.10 * side * side
    shape = np.maximum(_dome(side, y, -0.25, 0.66), y - edge)
    ribs = 0.09 * wave(5.0 * side + 0.6 * side * side * side)
    cuff = y - edge + 0.17
    light = _light_on_dome(side, y, head, 0.66) + ribs
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
    on_crown = (_light_on_dome(side, y, head, 0.5) - 0.25 * dent) * (1.0 - 0.6 * band)
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
    on_dome = _light_on_dome(side, y, head, 0.56) - 0.2 * seam
    on_visor = 0.50 + 0.35 * ramp(0.08, -0.06, visor_y) + 0.2 * side * head.light[0]
    _put_on(canvas, head, p, np.minimum(visor, dome), mix(on_dome, on_visor, canvas.cover(visor)))


def _side(canvas: Canvas, head: Head) -> Array:
    return (canvas.x - head.middle) / (head.half + 0.07)


def _dome(side: Array, y: Array, base: float, height: float) -> Array:
    rise = (np.minimum(y, base) - base) / height
    return (np.sqrt(side * side + rise * rise - 0.2 * side * side * rise * rise + 1e-6) - 1.0) * 0.4


def _light_on_dome(side: Array, y: Array, head: Head, height: float) -> Array:
    rise = np.minimum(y + 0.3, 0.0) / height
    front = np.sqrt(np.maximum(1.0 - side * side - rise * rise, 0.04))
    lambert = side * head.light[0] + rise * head.light[1] + front * head.light[2]
    return 0.28 + 0.72 * np.maximum(lambert, 0.0)


def _put_on(canvas: Canvas, head: Head, p: SimpleNamespace, shape: Array, light: Array) -> None:
    shadow = ramp(0.16, 0.0, shape) * canvas.cover(head.distance - 0.03)
    canvas.darken(shadow * 0.45, (0.85, 1.0, 1.0))
    canvas.paint(p.hat_rgb * np.clip(light, 0.1, 1.3)[:, None], canvas.cover(shape))


def clothing_colours(p: SimpleNamespace) -> None:
    """Add the colours of cloth, muted as cloth is, to the parameters."""
    p.cloth_rgb = hue_colour(
        p.clothing_hue, 0.25 + 0.30 * (1.0 - p.clothing_tone), 0.14 + 0.76 * p.clothing_tone
    )
    flat = np.zeros_like(p.hat_hue)
    p.shirt_rgb = hue_colour(p.hat_tone, flat + 0.10, flat + 0.86)
    p.tie_rgb = hue_colour(p.hat_hue, flat + 0.60, 0.25 + 0.4 * p.hat_tone)
    p.tie = (p.neckline > 0.65).astype(np.float32)
    p.hat_rgb = hue_colour(p.hat_hue, 0.30 + 0.30 * (1.0 - p.hat_tone), 0.22 + 0.62 * p.hat_tone)
