"""A digits game for the eye: `watch` plays it and draws samples, classes and curves of every seed."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from labkit.games.digits import Digits
from labkit.games.digits_run import CLASSES, DigitsOutcome
from labkit.games.experiments import DIGITS_HEALTHY
from labkit.games.remembered import played
from labkit.games.settings import settings_from
from labkit.metrics.classes import LEAST_SHARE
from labkit.plots import COLOURS, STYLES, Picture, tile

_COLUMNS, _ROWS = 12, 2
_CURVES = {"gap/d": "gap", "signal/g": "signal", "diversity/g": "diversity"}


def watch(changes: Mapping[str, Any], base: Digits = DIGITS_HEALTHY) -> Figure:
    """Play ``base`` with these changes, such as ``{"g_lr": 1e-3}``, on the lab's three seeds, and draw it.

    Raises:
        GameError: settings that cannot be played.
    """
    return digits_figure(played(settings_from(Digits, changes, base=base)))


def digits_figure(outcome: DigitsOutcome) -> Figure:
    """Samples and classes of each seed, one row each, and below them the curves of all seeds."""
    seeds = len(outcome.seeds)
    figure = Picture(figsize=(7, 0.75 * seeds + 1.9), layout="constrained")
    upper, lower = figure.subfigures(2, 1, height_ratios=(0.75 * seeds + 0.3, 1.6))
    panels = upper.subplots(seeds, 2, squeeze=False, width_ratios=(3, 2))
    for row, (seed, (samples, classes)) in enumerate(zip(outcome.seeds, panels, strict=True)):
        shown = tile(outcome.images[row, : _COLUMNS * _ROWS], columns=_COLUMNS)
        samples.imshow(shown[0].numpy(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        samples.set(xticks=[], yticks=[])
        samples.set_ylabel(f"seed {seed}", fontsize=7)
        classes.bar(range(CLASSES), outcome.shares[row], color=COLOURS[0], edgecolor="black", linewidth=0.5)
        classes.axhline(LEAST_SHARE, color="black", linewidth=0.8, linestyle=":")
        classes.set(xticks=range(CLASSES), ylim=(0, max(0.3, float(outcome.shares[row].max()) * 1.1)))
        classes.tick_params(labelsize=6)
        classes.set_title(_of_seed(outcome, row), fontsize=7, pad=2)
    for panel, (tag, name) in zip(lower.subplots(1, len(_CURVES)), _CURVES.items(), strict=True):
        for row, seed in enumerate(outcome.seeds):
            steps, values = outcome.log[row].get(tag, ([], []))
            panel.plot(steps, values, color=COLOURS[row], linestyle=STYLES[row], linewidth=1, label=f"{seed}")
        panel.set_title(name, fontsize=8)
        panel.set_xlabel("step", fontsize=7)
        panel.tick_params(labelsize=6)
    panel.legend(title="seed", fontsize=6, title_fontsize=6, frameon=False)
    upper.suptitle("samples, and the classes that they are read as (dotted: 3 %)", fontsize=8)
    return figure


def _of_seed(outcome: DigitsOutcome, row: int) -> str:
    if outcome.diverged[row]:
        return "diverged"
    return f"{outcome.classes[row]} of {CLASSES} classes, recall {outcome.recall[row]:.2f}"
