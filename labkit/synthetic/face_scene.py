"""Behind and around the person: the blurred backdrop, the skin itself, and the photograph."""

from types import SimpleNamespace

import numpy as np

from labkit.synthetic.face_hair import HAIR
from labkit.synthetic.face_head import Head, near
from labkit.synthetic.face_wear import clothing_colours
from labkit.synthetic.shapes import Canvas, bump, mix, part, ramp, rgb_of, window

SKIN = [(246, 212, 192), (232, 182, 150), (202, 152, 108), (150, 98, 66), (96, 62, 46)]
SHADOW = [(122, 72, 60), (108, 62, 46), (86, 52, 34), (54, 31, 21), (27, 17, 15)]
LIPS = [(206, 120, 116), (198, 104, 98), (172, 94, 82), (136, 72, 66), (98, 52, 50)]
BACKDROP = [(150, 150, 152), (64, 98, 150), (72, 104, 66), (178, 128, 90), (30, 29, 34)]
BACKDROP_FAR = [(206, 205, 202), (152, 180, 208), (156, 172, 112), (96, 58, 44), (66, 60, 66)]


def colours(p: SimpleNamespace) -> None:
    """Add the colours that follow from the factors to the parameters."""
    p.skin_rgb = rgb_of(SKIN, p.skin)
    p.skin_shadow = rgb_of(SHADOW, p.skin) / p.skin_rgb
    lipstick = np.asarray([0.74, 0.14, 0.22], np.float32)[None, :, None, None]
    p.lip_rgb = mix(rgb_of(LIPS, p.skin), lipstick, 0.75 * p.lip_colour[:, None])
    hair = rgb_of(HAIR, p.hair_colour)
    p.brow_rgb = hair * np.float32(0.62)
    p.beard_rgb = hair * np.float32(0.95)
    p.glow = 0.92 + 0.08 * p.exposure
    clothing_colours(p)


def backdrop(canvas: Canvas, p: SimpleNamespace) -> None:
    """Two colours of one kind, in a gradient and three large blurred blobs."""
    x, y = canvas.x, canvas.y
    blend = 0.45 + 0.55 * (x * p.light_side * 0.8 - y * 0.35)
    for k in range(3):
        turn = p.blobs * (k + 1) * 3.7 + 0.31 * k
        cx = 2.0 * (turn - np.floor(turn)) - 1.0
        turn = p.blobs * (k + 2) * 5.3 + 0.17 * k
        cy = 1.6 * (turn - np.floor(turn)) - 1.0
        radius = 0.45 + 0.20 * k
        far = ((x - cx) ** 2 + (y - cy) ** 2) * np.float32(1 / radius**2)
        blend = blend + (0.55 if k % 2 else -0.50) * bump(far * 0.6)
    near, far = rgb_of(BACKDROP, p.background), rgb_of(BACKDROP_FAR, p.background)
    cast = np.asarray([0.26, 0.16, 0.04], np.float32)[None, :, None, None]
    tint = 1.0 + p.backdrop[:, None] * cast
    canvas.rgb[...] = mix(near, far, np.clip(blend, 0.0, 1.0)[:, None]) * tint


def skin(canvas: Canvas, head: Head, p: SimpleNamespace) -> None:
    """Ears and head: light on skin, warm in the shadows."""
    for sign in (-1.0, 1.0):
        side = window(canvas.x.shape[-1], (sign * 0.5 - 0.38, sign * 0.5 + 0.38), (-0.1, 0.3))
        view = part(canvas, side)
        x, y = view.x, view.y
        ex = x - head.middle - sign * (head.half * head.cos + 0.015)
        ear = (np.sqrt((ex / 0.065) ** 2 + ((y - 0.10) / 0.16) ** 2 + 1e-6) - 1.0) * 0.09
        inner = bump((ex - 0.012 * sign) ** 2 * (1 / 0.035**2) + (y - 0.10) ** 2 * (1 / 0.09**2))
        hidden = ramp(0.25, 0.75, sign * head.sin * 2.0)
        light = (0.60 + 0.25 * sign * head.light[0] - 0.35 * inner)[:, None]
        tone = p.skin_rgb * mix(p.skin_shadow, np.ones_like(p.skin_shadow), light)
        view.paint(tone, view.cover(ear) * (1.0 - hidden))

    hard = 1.0 + 0.22 * p.contrast
    light = np.clip(0.62 + (head.shade - 0.62) * hard + 0.04 * p.exposure, 0.0, 1.0)
    light *= 1.0 - 0.22 * ramp(-0.07, 0.0, head.distance)
    tone = mix(p.skin_shadow, np.ones_like(p.skin_shadow), light[:, None])
    tone *= p.skin_rgb
    canvas.paint(tone, canvas.cover(head.distance))


def complexion(canvas: Canvas, head: Head, p: SimpleNamespace) -> None:
    """Red cheeks and nose, a cooler jaw, shine on forehead and cheekbone."""
    canvas, head = near(canvas, head, (-0.55, 0.55), (-0.5, 0.9))
    u, y = head.u, canvas.y
    a = np.abs(u)
    cheek = bump((a - 0.25) ** 2 * (1 / 0.17**2) + (y - 0.27) ** 2 * (1 / 0.17**2)) * (0.05 + 0.11 * p.blush)
    cheek = cheek + bump(u * u * (1 / 0.10**2) + (y - 0.31) ** 2 * (1 / 0.14**2)) * (0.03 + 0.06 * p.blush)
    cheek *= canvas.cover(head.distance)
    canvas.darken(cheek, (0.0, 1.0, 0.9))
    canvas.darken(ramp(0.42, 0.62, y) * canvas.cover(head.distance) * 0.07, (1.0, 0.8, 0.5))
    shine = bump((u - 0.10 * p.light_side) ** 2 * (1 / 0.24**2) + (y + 0.28) ** 2 * (1 / 0.16**2))
    lit_side = np.copysign(np.float32(0.24), p.light_side)
    shine = shine + 0.8 * bump((u - lit_side) ** 2 * (1 / 0.09**2) + (y - 0.19) ** 2 * (1 / 0.07**2))
    canvas.paint(np.ones((1, 3, 1, 1), np.float32), shine * head.shade * 0.12)


def photograph(canvas: Canvas, p: SimpleNamespace) -> None:
    """Exposure, warmth and a slight vignette over the finished picture."""
    x, y = canvas.x, canvas.y
    gain = (1.0 + 0.10 * p.exposure) * (1.0 - 0.07 * (x * x + y * y))
    canvas.rgb[:, 0] *= gain * (1.0 + 0.05 * p.warmth)
    canvas.rgb[:, 1] *= gain
    canvas.rgb[:, 2] *= gain * (1.0 - 0.06 * p.warmth)
