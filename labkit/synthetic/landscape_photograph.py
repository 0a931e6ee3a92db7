"""What a camera makes of a landscape: contrast, deep colours, a vignette and grain."""

from types import SimpleNamespace

import numpy as np

from labkit.synthetic.landscape_sheet import ROUGH, noise
from labkit.synthetic.shapes import Canvas


def photograph(canvas: Canvas, p: SimpleNamespace) -> None:
    """Turn the colours of the scene, in place, into those of a photograph."""
    x, y, rgb = canvas.x, canvas.y, canvas.rgb
    gain = 1.0 - 0.16 * (x * x + y * y)
    rgb *= gain[:, None]
    np.clip(rgb, 0.0, 1.0, out=rgb)
    grey = 0.30 * rgb[:, 0] + 0.59 * rgb[:, 1] + 0.11 * rgb[:, 2]
    rgb -= grey[:, None]
    rgb *= np.float32(1.08)
    rgb += grey[:, None]
    np.clip(rgb, 0.0, 1.0, out=rgb)
    rgb *= 0.45 + rgb * (1.65 - 1.10 * rgb)
    grain = noise(ROUGH, x * 61.0, y * 61.0, p.hand, 0) - 0.5
    rgb += (0.05 * grain)[:, None]
