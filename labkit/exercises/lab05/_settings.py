"""What 5.3 to 5.5 share: a student's dict of settings as plain values, and the game that is played with them.

Games are trusted code, settings are not. A probe only reads the dict: nothing is played beside the student's
code. The judge checks the settings again and plays them on five seeds.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from labkit.exercises.exercise import Arrays, Finding
from labkit.exercises.properties import holds
from labkit.exercises.reading import word
from labkit.games import GameError, Ring, RingOutcome, affordable, played, settings_from

OPEN = ("g_lr", "d_lr", "beta1", "d_steps", "loss", "optimizer")  # what 5.3 and 5.4 may change


def nothing(_seed: int) -> None:
    """There is nothing to draw: the seeds of the game are fixed, so that a grade never depends on luck."""


def written(answer: Any, *, base: Ring, allowed: tuple[str, ...]) -> dict:
    """What a student's dict says, as plain values for a record.

    Returns:
        ``{"refused": ""}`` and each changed setting by its name, or ``{"refused": message}``.
    """
    try:
        chosen = _ring(answer, base, allowed)
    except GameError as error:
        return {"refused": str(error)}
    return {"refused": "", **{name: getattr(chosen, name) for name in answer}}


def _ring(changes: Any, base: Ring, allowed: tuple[str, ...]) -> Ring:
    return affordable(settings_from(Ring, changes, base=base, allowed=allowed))


# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def chosen(got: Arrays, base: Ring, allowed: tuple[str, ...], who: str = "the dict") -> tuple[Ring, Finding]:
    """The settings that `written` put into a record, and whether they can be played; if not, ``base``."""
    ring, refused = base, word(got.get("refused", np.zeros(0)))
    if not refused:
        try:
            ring = _ring(_changes(got), base, allowed)
        except GameError as error:
            refused = str(error)
    wanted = f"some of {', '.join(allowed)}"
    return ring, holds(f"{who} can be played", not refused, got=refused, expected=wanted)


def _changes(got: Arrays) -> Mapping[str, Any]:
    """The number or the word in each array; one that is no such thing is refused as it is."""

    def plain(value: np.ndarray) -> Any:
        if value.ndim:
            return value
        return word(value)[:100] if value.dtype.kind == "U" else value.item()

    return {name: plain(value) for name, value in got.items() if name != "refused"}


def game_of(got: Arrays, base: Ring, allowed: tuple[str, ...]) -> RingOutcome:
    """The game with these settings, on five seeds. It is played once and then remembered."""
    return played(chosen(got, base, allowed)[0])


def playable(got: Arrays, base: Ring, allowed: tuple[str, ...], cause: str) -> Iterator[Finding]:
    """They can be played, they differ from those at the start, and no seed diverges."""
    ring, finding = chosen(got, base, allowed)
    yield finding
    yield changed(ring, base, cause)
    yield finite(game_of(got, base, allowed))


def changed(ring: Ring, base: Ring, cause: str, what: str = "something is changed") -> Finding:
    """Whether these settings differ from those at the start."""
    wanted = "at least one other value"
    return holds(what, ring != base, got="the same settings", expected=wanted, cause=cause)


def finite(game: RingOutcome, who: str = "") -> Finding:
    """Whether every seed ended with numbers."""
    return holds(
        f"{who}no seed diverges",
        not any(game.diverged),
        got=f"NaN on {sum(game.diverged)} of {len(game.seeds)} seeds",
        expected="finite weights",
        cause="a rate is so high that the weights overflow: that is a third failure, not the one asked for",
    )


def late_signal(game: RingOutcome) -> torch.Tensor:
    """The mean signal over the last fifth of the run, (S,)."""
    signal = game.log["signal/g"]
    return signal[:, -max(1, signal.shape[1] // 5) :].mean(1)


def row(values: torch.Tensor) -> str:
    """A number for each seed, in short."""
    return "[" + ", ".join(f"{v:.2g}" if v < 100 else f"{v:,.0f}" for v in values.tolist()) + "]"
