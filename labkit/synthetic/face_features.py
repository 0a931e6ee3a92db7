"""Eyes, brows, nose, mouth and the lines of age, drawn on the unturned face (u, y)."""

from types import SimpleNamespace

import numpy as np

from labkit.synthetic.face_head import EYES, Head, mouth_level, near, nose_tip
from labkit.synthetic.shapes import Array, Canvas, bump, mix, ramp, rgb_of, wave

WARM = (0.8, 1.0, 1.0)  # shadows in skin keep some red
IRIS = [(104, 58, 22), (62, 136, 62), (60, 130, 214)]
IRIS_EDGE = [(40, 20, 10), (24, 62, 30), (20, 48, 110)]


def eyes(canvas: Canvas, head: Head, p: SimpleNamespace) -> None:
    """Lids, whites with the shadow of the lid, iris, pupil, catchlight and lashes."""
    for sign in (-1.0, 1.0):
        across = (sign * 0.22 - 0.20, sign * 0.22 + 0.20)
        _eye(*near(canvas, head, across, (EYES - 0.12, EYES + 0.16)), p, sign)


def _eye(canvas: Canvas, head: Head, p: SimpleNamespace, sign: float) -> None:
    u = head.u - sign * (0.213 + 0.014 * p.eye_spacing)
    half = 0.108 * (1.0 + 0.10 * p.eye_size)
    opening = 0.048 * (1.0 + 0.22 * p.eye_size) * (1.0 - 0.16 * p.joy)
    t = u / half
    arch = np.maximum(1.0 - t * t, -0.6)
    v = canvas.y - EYES + (0.10 * p.eye_tilt + 0.06) * sign * u
    upper = -opening * arch * (1.0 - 0.22 * sign * t)
    lower = 0.66 * opening * arch * (1.0 + 0.15 * sign * t)
    mask = canvas.cover(np.maximum(upper - v, v - lower)) * (t * t < 1.3)
    lit = 0.45 + 0.6 * head.shade

    # Whites, greyer in the corners and under the upper lid.
    shadow = 1.0 - 0.45 * ramp(0.035, 0.0, v - upper) - 0.22 * np.minimum(t * t, 1.0)
    white = np.asarray([0.90, 0.87, 0.85], np.float32)[None, :, None, None]
    canvas.paint(white * (shadow * lit * p.glow)[:, None], mask)

    radius = 0.054
    iu = u - 0.022 * p.gaze
    iv = v + 0.10 * opening
    reach = np.sqrt(iu * iu + iv * iv) / radius
    iris = mix(rgb_of(IRIS, p.eye_colour), rgb_of(IRIS_EDGE, p.eye_colour), ramp(0.72, 1.05, reach)[:, None])
    glow = (0.80 + 0.35 * ramp(-radius, radius, iv)) * (1.0 - 0.35 * ramp(0.03, 0.0, v - upper))
    canvas.paint(
        iris * (glow * (0.6 + 0.5 * head.shade))[:, None], mask * canvas.cover((reach - 1.0) * radius)
    )
    dark = np.asarray([0.03, 0.02, 0.02], np.float32)[None, :, None, None]
    canvas.paint(dark, mask * canvas.cover((reach - 0.36) * radius))
    cu = iu - radius * (0.1 + 0.38 * head.light[0])
    cv = iv + 0.42 * radius
    spark = bump((cu * cu + cv * cv) / (0.40 * radius) ** 2)
    canvas.paint(np.ones((1, 3, 1, 1), np.float32), mask * np.minimum(1.0, 1.5 * spark) * 0.9)

    # Lashes along the upper lid, thicker outwards; a crease above; a faint line below.
    outer = np.clip(0.5 + 0.5 * sign * t, 0.0, 1.0)
    inside = ramp(1.18, 0.9, np.abs(t))
    lash = canvas.line(v - upper + 0.004, 0.010 + 0.008 * outer) * inside
    canvas.darken(lash * 0.78, (0.97, 1.0, 1.0))
    canvas.darken(canvas.line(v - upper + 0.040, 0.006, 0.02) * inside * 0.34, WARM)
    canvas.darken(canvas.line(v - lower - 0.004, 0.004, 0.01) * inside * 0.40, WARM)
    bag = bump(t * t * 0.8 + ((v - 0.085) * (1 / 0.03)) ** 2)
    canvas.darken(bag * (0.06 + 0.38 * p.age), WARM)


def brows(canvas: Canvas, head: Head, p: SimpleNamespace) -> None:
    """Eyebrows of the colour of the hair, tapering outwards."""
    canvas, head = near(canvas, head, (-0.55, 0.55), (-0.36, 0.06))
    v = (np.abs(head.u) - 0.225) * (1.0 / 0.155)
    level = EYES - 0.145 - 0.022 * p.brow_height + 0.010 * p.joy
    bend = v - 0.25
    curve = level + (0.020 + 0.018 * p.brow_arch) * bend * bend
    thick = (0.023 + 0.009 * p.brow_thickness) * (1.0 - 0.45 * np.maximum(v, 0.0))
    mask = canvas.line(canvas.y - curve, np.maximum(thick, 0.002), 0.02) * ramp(1.15, 0.75, np.abs(v))
    strands = 0.85 + 0.15 * wave(head.u * 14.0 + canvas.y * 9.0)
    canvas.paint(p.brow_rgb * (0.55 + 0.5 * head.shade)[:, None], mask * strands * 0.86)


def nose(canvas: Canvas, head: Head, p: SimpleNamespace) -> None:
    """Nostrils, wings and the shadow under the tip; the ridge itself is in the relief."""
    canvas, head = near(canvas, head, (-0.4, 0.4), (-0.1, 0.52))
    u = head.u - 0.10 * head.sin  # the tip stands out, so it turns further than the cheeks
    a, tip = np.abs(u), nose_tip(p)
    v = canvas.y - tip
    scale = 1.0 + 0.26 * p.nose_width
    under = bump(u * u / (0.11 * scale) ** 2 + (v - 0.055) ** 2 * (1 / 0.045**2))
    canvas.darken(under * (0.30 + 0.10 * p.contrast), (0.75, 1.0, 1.0))
    hole = bump((a - 0.048 * scale) ** 2 * (1 / 0.034**2) + (v - 0.036) ** 2 * (1 / 0.024**2))
    canvas.darken(np.minimum(1.0, 1.4 * hole) * 0.52, (0.85, 1.0, 1.0))
    wing = (a - 0.098 * scale) ** 2 * (1 / 0.022**2) + (v - 0.005) ** 2 * (1 / 0.05**2)
    canvas.darken(bump(wing) * 0.26, (0.7, 1.0, 1.0))
    away = u + 0.085 * np.copysign(1.0, p.light_side)  # the side that the light does not reach
    canvas.darken(
        bump(away * away * (1 / 0.06**2) + (v + 0.12) ** 2 * (1 / 0.2**2)) * 0.22 * np.abs(p.light_side)
    )
    shine = bump((u - 0.015 * p.light_side) ** 2 * (1 / 0.03**2) + (v + 0.015) ** 2 * (1 / 0.04**2))
    canvas.paint(np.ones((1, 3, 1, 1), np.float32), shine * 0.22)


def mouth(canvas: Canvas, head: Head, p: SimpleNamespace) -> None:
    """Two lips with their own light, the line between them, and teeth for a grin."""
    canvas, head = near(canvas, head, (-0.4, 0.4), (0.34, 0.76))
    u = head.u - 0.03 * head.sin
    half = 0.162 * (1.0 + 0.11 * p.mouth_width) * (1.0 + 0.20 * p.joy)
    t = u / half
    tt = np.minimum(t * t, 1.4)
    arch = np.maximum(1.0 - tt, 0.0)
    lift = 0.056 * p.joy + 0.004
    base = mouth_level(p) - lift * (tt - 0.35)
    gap = 0.074 * p.grin * arch
    top = base - 0.35 * gap
    bottom = base + 0.65 * gap
    full = 1.0 + 0.30 * p.lips
    cupid = 1.0 - 0.32 * bump(t * t * (1 / 0.22**2))
    upper = top - 0.034 * full * (1.0 - 0.2 * p.grin) * np.sqrt(arch) * cupid * arch - 0.002
    lower = bottom + 0.050 * full * (1.0 - 0.2 * p.grin) * arch + 0.002
    inside = canvas.cover(np.abs(u) - half, 0.01)
    v = canvas.y
    lips = canvas.cover(np.maximum(upper - v, v - lower), 0.008) * inside
    round_light = np.where(
        v < base,
        0.80 - 0.10 * ramp(-0.03, 0.0, v - top),
        0.86
        + 0.22 * bump((v - bottom - 0.022 * full) ** 2 * (1 / 0.028**2))
        - 0.12 * ramp(0.02, 0.06, v - bottom),
    )
    canvas.paint(p.lip_rgb * (round_light * (0.55 + 0.55 * head.shade))[:, None], lips * 0.92)
    below = bump(t * t * 1.6 + (v - lower - 0.028) ** 2 * (1 / 0.035**2))
    canvas.darken(below * 0.22, (0.75, 1.0, 1.0))
    seam = canvas.line(v - base, 0.008 + 0.004 * arch, 0.008) * inside * (1.0 - p.grin)
    canvas.darken(seam * 0.66, (0.9, 1.0, 1.0))
    corner = bump((np.abs(t) - 1.02) ** 2 * (1 / 0.16**2) + (v - base) ** 2 * (1 / 0.03**2))
    canvas.darken(corner * (0.30 + 0.2 * p.joy), WARM)

    open_mouth = canvas.cover(np.maximum(top - v, v - bottom)) * inside * p.grin
    canvas.paint(np.asarray([0.22, 0.07, 0.07], np.float32)[None, :, None, None], open_mouth)
    teeth = canvas.cover(v - bottom + 0.010) * ramp(0.98, 0.80, np.abs(t)) * open_mouth
    bright = (0.96 - 0.25 * tt - 0.16 * ramp(0.02, 0.0, v - top)) * (0.72 + 0.28 * head.shade)
    bright *= 1.0 - 0.10 * np.maximum(wave(u * 13.0), 0.0)
    white = np.asarray([0.97, 0.95, 0.90], np.float32)[None, :, None, None]
    canvas.paint(white * (bright * p.glow)[:, None], teeth)


def lines(canvas: Canvas, head: Head, p: SimpleNamespace) -> None:
    """What years and laughing leave: furrows, crow's feet, folds by the mouth."""
    deep = p.age
    _furrows(*near(canvas, head, (-0.46, 0.46), (-0.48, -0.02)), p, deep)
    for sign in (-1.0, 1.0):
        across = (sign * 0.40 - 0.17, sign * 0.40 + 0.17)
        _crows_feet(*near(canvas, head, across, (EYES - 0.14, EYES + 0.16)), deep)
    _folds(*near(canvas, head, (-0.52, 0.52), (0.26, 0.68)), p, deep)


def _furrows(canvas: Canvas, head: Head, p: SimpleNamespace, deep: Array) -> None:
    a, y = np.abs(head.u), canvas.y
    wobble = y + 0.012 * wave(head.u * 1.5 + p.strands) - 0.05 * head.u * head.u
    furrow = _groove(wobble + 0.26, 0.027) + _groove(wobble + 0.335, 0.027) + _groove(wobble + 0.41, 0.027)
    between = _groove(a - 0.045, 0.018) * ramp(-0.23, -0.17, y) * ramp(-0.03, -0.09, y)
    canvas.darken((furrow * ramp(0.34, 0.16, a) * 0.42 + between * 0.38) * deep, WARM)


def _crows_feet(canvas: Canvas, head: Head, deep: Array) -> None:
    a, y = np.abs(head.u), canvas.y - EYES
    feet = _groove(y + 0.5 * (a - 0.27), 0.02) + _groove(y - 0.05 * (a - 0.27), 0.02)
    feet = feet + _groove(y - 0.55 * (a - 0.27), 0.02)
    canvas.darken(feet * ramp(0.32, 0.345, a) * ramp(0.42, 0.37, a) * (0.50 * deep), WARM)


def _folds(canvas: Canvas, head: Head, p: SimpleNamespace, deep: Array) -> None:
    a, y = np.abs(head.u), canvas.y
    along = ramp(0.28, 0.36, y) * ramp(0.66, 0.50, y)
    from_track = a - (0.125 + 0.30 * (y - 0.33) + 0.05 * p.joy * ramp(0.33, 0.5, y))
    fold = (_groove(from_track, 0.036) - 0.35 * _groove(from_track - 0.05, 0.05)) * along
    hollow = bump((a - 0.27) ** 2 * (1 / 0.09**2) + (y - 0.46) ** 2 * (1 / 0.16**2))
    canvas.darken(fold * (0.06 + 0.46 * deep + 0.13 * p.joy) + hollow * (0.36 * deep), WARM)


def _groove(distance: Array, half_width: float) -> Array:
    return bump(distance * distance * np.float32(1 / half_width**2))
