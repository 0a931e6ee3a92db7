"""Hair behind and around the face, and beards: a shape, then strands and gloss on it."""

from types import SimpleNamespace

import numpy as np

from labkit.synthetic.face_head import CROWN, Head, mouth_level, near, nose_tip
from labkit.synthetic.shapes import Array, Canvas, bump, mix, part, ramp, rgb_of, rounded_max, wave, window

HAIR = [(32, 27, 27), (88, 58, 40), (204, 164, 104), (148, 70, 38), (146, 146, 150)]
GLOSS = [(96, 92, 98), (176, 126, 86), (250, 224, 170), (240, 150, 84), (222, 222, 226)]

# For each style (short, curly, fringe, bob, long): extra width, extra top, level where the hair
# ends at the sides, half width of the opening for the face, level of the hairline, curliness.
STYLES = np.asarray(
    [
        (0.040, 0.08, 0.08, 0.400, -0.44, 0.12),
        (0.165, 0.16, 0.36, 0.395, -0.42, 1.00),
        (0.075, 0.09, 0.20, 0.380, -0.20, 0.05),
        (0.135, 0.10, 0.60, 0.360, -0.44, 0.05),
        (0.125, 0.09, 1.60, 0.365, -0.46, 0.25),
    ],
    np.float32,
)


def shape(canvas: Canvas, head: Head, p: SimpleNamespace) -> SimpleNamespace:
    """Work out the hair once: ``outer`` and ``opening`` (signed distances) and its colour ``rgb``."""
    wide, tall, ends, door, line, curl = (column[:, None, None] for column in STYLES[p.hair_style].T)
    x, y = canvas.x - head.middle, canvas.y
    volume = 1.0 + 0.40 * p.hair_volume
    rx = head.half + wide * volume
    top = CROWN - tall * volume * (p.hat == 0)[:, None, None]
    centre = -0.12
    ry = centre - top
    rise = np.minimum(y - centre, 0.0) / ry
    wobble = curl * (0.020 * wave(2.2 * y + p.strands) + 0.012 * wave(4.6 * y + 3.0 * x + 2 * p.strands))
    flare = 0.10 * np.maximum(y - centre, 0.0) * (ends > 0.5)
    tight = (p.hat > 0)[:, None, None] * ramp(-0.05, -0.30, y) * (rx - head.half - 0.03)
    nx = x / (rx + flare - tight)
    xx, yy = nx * nx, rise * rise
    radius = np.sqrt(xx + yy - 0.28 * np.minimum(xx, 1.0) * yy + 1e-6)  # a rounded box
    outer = (radius - 1.0) * (0.9 * rx) + wobble
    end = y - ends - 0.03 * wave(1.3 * x + p.strands) * (ends < 1.0)
    outer_side = rounded_max(outer, end, 0.15)

    # The door to the face: an arch over straight sides, in face coordinates so that it turns.
    hairline = line - 0.055 * p.hairline * (line < -0.3)
    parted = head.u - 0.16 * p.hair_part * (line < -0.3)
    spring = 0.02
    lift = np.minimum(y - spring, 0.0) / (spring - hairline)
    du = mix(head.u, parted, ramp(0.0, -0.4, y)) / door
    lock = 3.7 * head.u + 1.2 * y
    jag = (0.004 + 0.022 * curl) * (wave(lock + 3.0 * p.strands) + 0.6 * wave(2.3 * lock + p.strands))
    flat = 0.25 + 0.75 * (line < -0.3).astype(np.float32)
    dd, ll = du * du, lift * lift
    cut = np.where(line < -0.3, 1.0 - 0.35 * np.minimum(ll, 1.0), ramp(0.0, 1.0, np.abs(du)) * 1.2)
    arch = dd * cut + ll
    opening = (np.sqrt(arch + 1e-6) - 1.0) * 0.38 + jag * flat
    return SimpleNamespace(
        outer=outer,
        front=rounded_max(outer_side, -opening, 0.09),
        opening=opening,
        ends=ends,
        rgb=_strands(canvas, head, p, x, radius, nx, rise, curl),
    )


def _strands(
    canvas: Canvas,
    head: Head,
    p: SimpleNamespace,
    x: Array,
    radius: Array,
    nx: Array,
    rise: Array,
    curl: Array,
) -> Array:
    """Colour of the hair: strands that fall from the parting, a band of gloss, light from one side."""
    y = canvas.y
    fan = x - 0.2 * p.hair_part
    drift = 0.05 * wave(0.7 * y + p.strands) + 0.02 * wave(1.9 * y + 2.0 * p.strands)
    q = fan / (0.32 + 0.75 * np.clip(y - CROWN, 0.0, 0.9)) + drift
    tone = 0.40 * wave(1.7 * q + 7.0 * p.strands) + 0.35 * wave(4.3 * q + 0.5 * y + 3.0 * p.strands)
    tone = tone + 0.30 * wave(9.1 * q - 0.6 * y + 11.0 * p.strands)
    tone = tone - 1.1 * bump((fan - 0.03 * y) ** 2 * (1 / 0.05**2)) * ramp(-0.42, -0.55, y)  # the parting
    bend = x + 0.10 * wave(2.3 * y + 5.0 * p.strands)
    curls = wave(2.9 * bend + p.strands) * wave(2.7 * y + 0.16 * wave(2.1 * x + p.strands) + p.strands)
    tone = mix(tone, 1.0 * curls + 0.3 * tone, curl)
    depth = np.sqrt(np.maximum(1.02 - radius * radius, 0.03))
    fall = np.clip(nx, -1.0, 1.0)
    lambert = (
        fall * head.light[0] * (1.0 - 0.45 * ramp(-0.1, 0.4, y))
        + rise * head.light[1]
        + depth * head.light[2]
    )
    lit = 0.30 + 0.62 * np.maximum(lambert, 0.0) + 0.13 * tone
    lit = lit - 0.10 * ramp(-0.1, 0.5, y)
    band = bump(((radius - 0.74 - 0.05 * tone) * (1 / 0.24)) ** 2) * ramp(0.20, -0.30, y)
    gloss = band * (0.5 + 0.4 * tone) * np.clip(0.25 + lambert, 0.0, 1.0)
    gloss = np.clip(gloss, 0.0, 1.0) * 0.50
    base = rgb_of(HAIR, p.hair_colour) * np.clip(lit * 1.25, 0.2, 1.4)[:, None]
    return mix(base, rgb_of(GLOSS, p.hair_colour), gloss[:, None])


def back(canvas: Canvas, hair: SimpleNamespace) -> None:
    """Hair behind the neck, in shadow; above the ears the hair in front hides it."""
    where = window(canvas.x.shape[-1], (-1.0, 1.0), (0.0, 1.0))
    below = part(canvas, where)
    edge = rounded_max(hair.outer[where], below.y - hair.ends, 0.20) + 0.04
    below.paint(hair.rgb[:, :, where[1]] * np.float32(0.55), below.cover(edge, 0.03))


def front(canvas: Canvas, head: Head, hair: SimpleNamespace) -> None:
    """Hair over the head, and the shadow it throws on the skin just inside its edge."""
    where = window(canvas.x.shape[-1], (-0.7, 0.7), (-0.7, 0.7))
    middle, skin, opening = part(canvas, where), head.at(where), hair.opening[where]
    shadow = ramp(-0.10, 0.02, opening) * middle.cover(skin.distance, 0.02)
    shadow = shadow * ramp(hair.ends + 0.04, hair.ends - 0.16, middle.y) * (opening < 0.02)
    middle.darken(shadow * 0.36, (0.8, 1.0, 1.0))
    canvas.paint(hair.rgb, canvas.cover(hair.front, 0.030))


def beard(canvas: Canvas, head: Head, p: SimpleNamespace) -> None:
    """Moustache, goatee (with moustache) or full beard, of short hairs with soft edges."""
    canvas, head = near(canvas, head, (-0.75, 0.75), (0.0, 1.0))
    u, y = head.u, canvas.y
    a = np.abs(u)
    lip = mouth_level(p)
    tip = nose_tip(p)
    middle = 0.5 * (tip + 0.055 + lip - 0.02)
    droop = y - middle - 0.55 * np.maximum(a - 0.05, 0.0)
    moustache = np.maximum(np.abs(droop) - 0.040, a - 0.185)
    chin = np.sqrt((u / 0.17) ** 2 + ((y - p.chin + 0.10) / 0.155) ** 2) - 1.0
    goatee = np.minimum(moustache, np.maximum(chin * 0.16, lip + 0.085 - y))
    ring = np.maximum(np.abs(a - 0.185) - 0.028, np.abs(y - lip - 0.06) - 0.10)
    goatee = np.minimum(goatee, ring)
    line = lip - 0.02 - 0.16 * ramp(0.16, 0.36, a) - 0.42 * ramp(0.30, 0.40, a)
    hole = np.sqrt((u / 0.185) ** 2 + ((y - lip - 0.01) / 0.075) ** 2) - 1.0
    full = np.maximum(line - y, -hole * 0.09)
    full = np.minimum(np.minimum(full, moustache), np.maximum(lip + 0.095 - y, a - 0.12))
    kind = p.beard[:, None, None]
    edge = np.where(kind == 1, moustache, np.where(kind == 2, goatee, full))
    inside = canvas.cover(head.distance - 0.035 * ramp(0.3, 0.7, y) * (kind >= 2))
    grain = wave(9.0 * u + 0.35 * wave(6.0 * y)) * 0.5 + wave(15.0 * u + 5.0 * y) * 0.5
    mask = canvas.cover(edge + 0.012 * grain, 0.035) * inside * 0.94
    tone = (0.42 + 0.55 * head.shade) * (1.0 + 0.12 * grain)
    canvas.paint(p.beard_rgb * tone[:, None], mask)
