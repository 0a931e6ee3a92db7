"""What people put on: clothes, glasses and hats."""

from types import SimpleNamespace

import numpy as np

from labkit.synthetic.face_head import EYES, Head
from labkit.synthetic.shapes import Array, Canvas, bump, hue_colour, mix, part, ramp, wave, window


def neck_and_clothes(canvas: Canvas, head: Head, p: SimpleNamespace) -> None:
    """The neck as a cylinder in the shadow of the chin, shoulders in cloth with a neckline."""
    where = window(canvas.x.shape[-1], (-1.0, 1.0), (0.3, 1.0))
    canvas, head = part(canvas, where), head.at(where)
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
    formal = (p.neckline > 0.35).astype(np.float32)
    trim = canvas.line(hole - 0.03, 0.012) * cloth * (1.0 - formal)
    canvas.paint(np.minimum(p.cloth_rgb * 1.35 + 0.06, 1.0), trim * 0.6)

    # A jacket for some: lapels open on a light shirt with a collar.
    v = 0.33 - 0.95 * (y - 0.74)
    shirt = (
        canvas.cover(np.abs(x) - v)
        * ramp(0.70, 0.76, y + 0.2 * np.abs(x))
        * canvas.cover(np.abs(x) - half - 0.08)
    )
    shirt = (
        shirt
        * canvas.cover(0.66 + 0.14 * ramp(0.4, 0.0, np.abs(x)) - y)
        * formal
        * canvas.cover(0.045 - hole * 0.2)
    )
    fold = canvas.line(np.abs(x) - 0.10 - 1.1 * (0.93 - y), 0.012, 0.02)
    canvas.paint(p.shirt_rgb * (0.92 - 0.3 * fold + 0.15 * x * head.light[0])[:, None], shirt)


def _skin(p: SimpleNamespace, light: Array) -> Array:
    return p.skin_rgb * mix(p.skin_shadow, np.ones_like(p.skin_shadow), np.clip(light, 0, 1)[:, None])


def glasses(canvas: Canvas, head: Head, p: SimpleNamespace) -> None:
    """Two rims, a bridge, temples to the ears and a faint reflection."""
    where = window(canvas.x.shape[-1], (-0.75, 0.75), (EYES - 0.24, EYES + 0.30))
    canvas, head = part(canvas, where), head.at(where)
    worn = (p.glasses > 0).astype(np.float32)[:, None, None]
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
    mask = np.maximum(np.maximum(frame, bridge), temple) * worn
    glass = canvas.cover(rim) * worn
    streak = bump(((a * np.copysign(1.0, u) + 0.9 * v - 0.03) * (1 / 0.07)) ** 2)
    shadow = canvas.line(rim - 0.0, thick, 0.05) * worn
    canvas.darken(shadow * 0.22)
    canvas.paint(np.ones((1, 3, 1, 1), np.float32), glass * (0.05 + 0.13 * streak))
    black = np.asarray([0.07, 0.06, 0.07], np.float32)[None, :, None, None]
    wire = np.asarray([0.34, 0.28, 0.20], np.float32)[None, :, None, None]
    colour = np.where(square[:, None], black, wire) * (0.7 + 0.7 * head.shade)[:, None]
    canvas.paint(colour, mask * 0.95)


def hats(canvas: Canvas, head: Head, p: SimpleNamespace) -> None:
    """Beanie, fedora or cap, each with a shadow on the forehead."""
    where = window(canvas.x.shape[-1], (-1.0, 1.0), (-1.0, 0.1))
    canvas, head = part(canvas, where), head.at(where)
    kind = p.hat[:, None, None]
    x, y = canvas.x - head.middle, canvas.y
    ahead = x - 0.55 * head.half * head.sin
    rx = head.half + 0.07
    side = x / rx
    lit = 0.72 + 0.30 * side * head.light[0] - 0.30 * side * side

    # Beanie: a dome with ribs and a turned-up cuff that curves with the head.
    edge = -0.34 + 0.10 * side * side
    dome = (np.sqrt(side * side + ((np.minimum(y, -0.25) + 0.25) / 0.66) ** 2 + 1e-6) - 1.0) * 0.4
    beanie = np.maximum(dome, y - edge)
    ribs = 0.07 * wave(7.0 * side + 0.6 * side * side * side)
    cuff = y - edge + 0.17
    beanie_light = lit + ribs + 0.10 * (cuff > 0).astype(np.float32) - 0.22 * bump((cuff * (1 / 0.035)) ** 2)

    # Fedora: a crown with a band over a wide brim.
    bx = side * 0.98
    brim_y = -0.36 + 0.11 * (ahead / 0.75) ** 2
    brim = (np.sqrt((ahead / 0.80) ** 2 + ((y - brim_y) / 0.10) ** 2 + 1e-6) - 1.0) * 0.10
    crown = np.maximum(
        (np.sqrt(bx**2 + ((np.minimum(y, -0.45) + 0.45) / 0.50) ** 2 + 1e-6) - 1.0) * 0.4, y + 0.36
    )
    dent = bump((ahead / 0.2) ** 2 + ((y + 0.9) / 0.16) ** 2)
    fedora = np.minimum(brim, crown)
    band = ramp(-0.57, -0.55, y) * (brim > 0.0)
    on_brim = canvas.cover(brim)
    fedora_light = mix(
        lit - 0.25 * dent,
        0.78 + 0.2 * ramp(0.06, -0.08, y - brim_y) - 0.25 * ramp(-0.02, 0.06, y - brim_y),
        on_brim,
    )
    fedora_light = fedora_light * (1.0 - 0.6 * band)

    # Cap: a round dome and a visor that points where the face looks.
    visor_x = ahead - 0.18 * head.sin
    visor_y = -0.36 + 0.10 * (visor_x / 0.45) ** 2
    visor = (np.sqrt((visor_x / 0.47) ** 2 + ((y - visor_y) / 0.095) ** 2 + 1e-6) - 1.0) * 0.09
    cap_dome = np.maximum(
        (np.sqrt(side * side + ((np.minimum(y, -0.30) + 0.30) / 0.56) ** 2 + 1e-6) - 1.0) * 0.4,
        y + 0.32 - 0.06 * side * side,
    )
    cap = np.minimum(visor, cap_dome)
    seam = canvas.line(ahead - 0.25 * side * (y + 0.3), 0.006, 0.01)
    on_visor = canvas.cover(visor)
    cap_light = mix(lit + 0.02 - 0.2 * seam, 0.50 + 0.35 * ramp(0.08, -0.06, y - visor_y), on_visor)

    shape = np.where(kind == 1, beanie, np.where(kind == 2, fedora, cap))
    light = np.where(kind == 1, beanie_light, np.where(kind == 2, fedora_light, cap_light))
    worn = kind > 0
    shadow = ramp(0.16, 0.0, shape) * canvas.cover(head.distance - 0.03) * worn
    canvas.darken(shadow * 0.45, (0.85, 1.0, 1.0))
    canvas.paint(p.hat_rgb * np.clip(light, 0.1, 1.3)[:, None], canvas.cover(shape) * worn)


def clothing_colours(p: SimpleNamespace) -> None:
    """Add ``cloth_rgb`` and ``hat_rgb``, muted like real cloth, to the parameters."""
    p.cloth_rgb = hue_colour(
        p.clothing_hue, 0.25 + 0.30 * (1.0 - p.clothing_tone), 0.14 + 0.76 * p.clothing_tone
    )
    p.shirt_rgb = hue_colour(p.hat_hue, 0.10 + 0.0 * p.hat_hue, 0.86 + 0.0 * p.hat_hue)
    p.hat_rgb = hue_colour(p.hat_hue, 0.30 + 0.30 * (1.0 - p.hat_tone), 0.22 + 0.62 * p.hat_tone)
