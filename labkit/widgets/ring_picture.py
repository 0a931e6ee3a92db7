"""The picture of the game on the ring: where D believes, where the fakes are, and which way they are pulled.

Drawn often, so drawn cheaply: one axes for the field, and one page in inches around it for all the rest.
"""

import math

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from torch.nn import functional as F

from labkit import plots
from labkit.widgets.ring_game import LOSSES, Game

_WIDTH, _HEIGHT, _SQUARE, _BELOW = 7.0, 4.75, 4.05, 0.68  # inches: the page, the field and its foot
_SIDE = 3.0  # the field shows [-3, 3] x [-3, 3]
_CELLS, _FINER = 56, 6  # D is asked at 56 x 56 places, with 6 x 6 straight lines between two
_REAL, _FAKE, _INK, _PALE = "#0072B2", "#D55E00", "#222222", "#666666"
_FAINT, _STRONG, _LONGEST = -4.0, 1.0, 0.75  # log10 of the gradient at length 0 and at the longest arrow
_STYLES = {"non-saturating": ("#009E73", "-"), "saturating": ("#8a4a78", (0, (3, 1.2)))}
_LEFT, _RIGHT = 4.3, 6.92  # inches: where the numbers begin and end


def draw(game: Game) -> Figure:
    """Real points, fakes, arrows and D's probability on the left; the numbers and their history on the right.

    Returns:
        a figure of 7 by 4.75 inches; where a number has left the finite range it says so, and what to press.
    """
    figure = plots.Picture(figsize=(_WIDTH, _HEIGHT), dpi=100)
    page = figure.add_axes((0, 0, 1, 1), xlim=(0, _WIDTH), ylim=(0, _HEIGHT))
    page.set_axis_off()
    inset = (0.02 / _WIDTH, _BELOW / _HEIGHT, _SQUARE / _WIDTH, _SQUARE / _HEIGHT)
    field = figure.add_axes(inset, xlim=(-_SIDE, _SIDE), ylim=(-_SIDE, _SIDE), xticks=[], yticks=[])
    field.scatter(*game.real[:240].numpy().T, s=8, color=_REAL, linewidths=0, zorder=2)
    if game.broken:
        _say_broken(field)
    else:
        _heat(field, game)
        _fakes(field, game)
    _keys(page)
    _numbers(page, game)
    _history(page, game)
    return figure


def _heat(field: Axes, game: Game) -> None:
    """D's probability in ten bands, and the line along which D is undecided."""
    line = torch.linspace(-_SIDE, _SIDE, _CELLS)
    y, x = torch.meshgrid(line, line, indexing="ij")
    heat = game.says(torch.stack([x, y], dim=2).view(-1, 2)).view(1, 1, _CELLS, _CELLS)
    size = (_CELLS - 1) * _FINER + 1
    fine = F.interpolate(heat, size=(size, size), mode="bilinear", align_corners=True)
    _bands(field, fine[0, 0].numpy(), (-_SIDE, _SIDE, -_SIDE, _SIDE))
    if heat.min() < 0.5 < heat.max():
        field.contour(
            x.numpy(), y.numpy(), heat[0, 0].numpy(), levels=[0.5], colors=_PALE, linewidths=0.9, zorder=1
        )


def _bands(axes: Axes, belief: np.ndarray, extent: tuple) -> None:
    """Probabilities (rows, columns) as ten shades, paler where D says real, without a change of limits."""
    shades = LinearSegmentedColormap.from_list("belief", ["#9aa9b5", "#fffbe3"], N=10).resampled(10)
    colours = shades(np.arange(10), bytes=True)[(belief * 9.999).astype(int), :3]
    limits = axes.get_xlim(), axes.get_ylim()
    axes.imshow(colours, extent=extent, origin="lower", interpolation="nearest", aspect="auto", zorder=0)
    axes.set(xlim=limits[0], ylim=limits[1])


def _fakes(field: Axes, game: Game) -> None:
    cloud = game.fakes().numpy()
    field.scatter(*cloud.T, s=7, color=_FAKE, alpha=0.45, linewidths=0, zorder=3)
    points, pulls = (t.numpy() for t in game.pulls())
    field.quiver(*points.T, *_arrows(pulls).T, **_quiver())
    field.scatter(*points.T, s=17, color=_FAKE, edgecolors="white", linewidths=0.6, marker="^", zorder=5)
    outside = int((np.abs(cloud) > _SIDE).any(axis=1).sum())
    if outside:
        farthest = _short(float(np.linalg.norm(cloud, axis=1).max()))
        field.text(
            0, -0.93 * _SIDE, f"{outside} of {len(cloud)} fakes are outside, up to {farthest} away",
            ha="center", va="center", fontsize=8.5, zorder=6,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "boxstyle": "round,pad=0.3"},
        )  # fmt: skip


def _arrows(pulls: np.ndarray) -> np.ndarray:
    """(N, 2) arrows along ``pulls``; the length grows with the logarithm, alike in every picture."""
    size = np.linalg.norm(pulls, axis=1, keepdims=True)
    tiny = np.finfo(np.float32).tiny
    part = (np.log10(np.maximum(size, tiny)) - _FAINT) / (_STRONG - _FAINT)
    return _LONGEST * part.clip(0, 1) * pulls / np.maximum(size, tiny)


def _quiver() -> dict:
    return {
        "angles": "xy", "scale_units": "xy", "scale": 1, "units": "inches", "width": 0.012, "headwidth": 4.5,
        "headlength": 5, "headaxislength": 4.5, "minlength": 0.5, "color": _INK, "zorder": 4,
    }  # fmt: skip


def _say_broken(field: Axes) -> None:
    field.text(
        0, 0, "The numbers have overflowed:\na learning rate was too high.\n\n"
        "Lower the rates,\nthen press “start again”.",
        ha="center", va="center", fontsize=11, zorder=6,
        bbox={"facecolor": "white", "edgecolor": _FAKE, "linewidth": 1.5, "boxstyle": "round,pad=0.7"},
    )  # fmt: skip


def _write(page: Axes, x: float, y: float, words: str, **style) -> None:
    page.text(x, y, words, **({"va": "center", "fontsize": 9, "color": _INK} | style))


def _keys(page: Axes) -> None:
    """What the marks mean, under the field."""
    page.scatter([0.11], [0.53], s=16, color=_REAL, linewidths=0)
    _write(page, 0.21, 0.525, "real")
    page.scatter([0.66], [0.53], s=24, color=_FAKE, edgecolors="white", linewidths=0.6, marker="^")
    _write(page, 0.76, 0.525, "fake")
    _write(page, 2.42, 0.525, "D says: fake", ha="right")
    _bands(page, np.linspace(0.05, 0.95, 10)[None], (2.5, 3.7, 0.455, 0.605))
    _write(page, 3.78, 0.525, "real")
    _write(
        page,
        0.07,
        0.2,
        "arrow: the way G’s loss falls; its length\nis the gradient, on a log scale:",
        linespacing=1.3,
    )
    for x, power in ((2.72, -3), (3.07, -1), (3.54, 1)):
        length = _arrows(np.array([[10.0**power, 0.0]]))[0, 0] * _SQUARE / (2 * _SIDE)
        page.quiver([x - length / 2], [0.27], [length], [0], **_quiver())
        _write(page, x, 0.11, f"{10.0**power:g}", ha="center")


def _numbers(page: Axes, game: Game) -> None:
    lines = {
        "steps taken": f"D {game.d_steps:,} · G {game.g_steps:,}",
        "modes covered": "–" if game.broken else f"{game.modes()} of 8",
        "D(x), mean over real": "–" if game.broken else _chance(game.says(game.real)),
        "D(G(z)), mean over fakes": "–" if game.broken else _chance(game.says(game.fakes())),
    }
    for index, (name, value) in enumerate(lines.items()):
        _write(page, _LEFT, 4.6 - 0.27 * index, name)
        _write(page, _RIGHT, 4.6 - 0.27 * index, value, fontsize=10, ha="right", weight="bold")
    _write(page, _LEFT, 3.37, "Gradient of G’s loss at a fake, mean size:")
    for y, (loss, label) in zip((3.07, 2.75), LOSSES.items(), strict=True):
        used, (colour, line) = loss == game.ring.loss, _STYLES[loss]
        weight = "bold" if used else "normal"
        page.plot([_LEFT, _LEFT + 0.3], [y, y], color=colour, linestyle=line, linewidth=2.4 if used else 1.2)
        _write(page, _LEFT + 0.38, y, f"{label}" if used else f"{label}, not in use", weight=weight)
        value = "overflow" if game.broken else _short(game.gradients[-1].under(loss))
        _write(page, _RIGHT, y, value, fontsize=15 if used else 10, ha="right", weight=weight)


def _history(page: Axes, game: Game) -> None:
    """The mean gradient after every step, under either loss, on a logarithmic scale from 1e-6 to 100."""
    left, low, inch = _LEFT + 0.4, 0.77, 0.2  # inches; the last is the height of a factor of ten
    for power in range(-6, 3, 2):
        y = low + inch * (power + 6)
        page.plot([left, _RIGHT], [y, y], color="#dddddd", linewidth=0.6, zorder=0)
        _write(
            page,
            left - 0.07,
            y,
            f"{10.0**power:g}" if power >= -2 else _short(10.0**power),
            ha="right",
            fontsize=8,
        )
    every = max(1, len(game.gradients) // 400)
    some = game.gradients[::every]
    if some and some[-1] is not game.gradients[-1]:
        some = [*some, game.gradients[-1]]
    end = max([10, *(g.step for g in some)])
    x = [left + (_RIGHT - left) * g.step / end for g in some]
    for loss, (colour, line) in _STYLES.items():
        heights = [math.log10(min(max(g.under(loss), 1e-6), 1e2)) for g in some]
        y, wide = [low + inch * (h + 6) for h in heights], 2.2 if loss == game.ring.loss else 1.1
        page.plot(x, y, color=colour, linestyle=line, linewidth=wide)
        page.plot(x[-1:], y[-1:], "o", color=colour, markersize=3 + wide)
    _write(page, left, 0.6, "0", fontsize=8)
    _write(page, _RIGHT, 0.6, f"{end:,} steps", ha="right", fontsize=8)


def _chance(says: torch.Tensor) -> str:
    """A mean probability: 0.53, and with more digits close to 0 and 1."""
    value = float(says.mean())
    return f"{value:.2f}" if 0.01 <= value <= 0.99 else f"{value:.4f}" if value > 0.5 else _short(value)


def _short(value: float) -> str:
    """Two digits that matter: 0.037, 2.1, 410, or 1.6 · 10⁻⁴ and 3.2 · 10⁷ for what is far from one."""
    if value == 0 or 1e-3 <= value < 1e4:
        return f"{value:.2g}" if value < 100 else f"{value:,.0f}"
    power = math.floor(math.log10(value))
    raised = f"10{str(power).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
    digits = f"{value / 10.0**power:.1f}"
    return raised if digits == "1.0" else f"{digits} · {raised}"
