"""What 5.3 to 5.6 share: a student's dict of settings as plain values, and the game that is played with them.

Games are trusted code, settings are not. A probe only reads the dict: nothing is played beside the student's
code. The judge checks the settings again, plays them on fixed seeds, and compares the outcome with `BARS`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labkit.exercises.exercise import Arrays, Finding
from labkit.exercises.properties import Case, holds
from labkit.exercises.reading import word
from labkit.games import Digits, DigitsOutcome, GameError, Ring, RingOutcome, played, settings_from

Game = Ring | Digits
Outcome = RingOutcome | DigitsOutcome

OPEN = ("g_lr", "d_lr", "beta1", "d_steps", "loss", "optimizer")  # what 5.3 and 5.4 may change
AT_MOST = {"d_steps": 5}  # a game must be played in seconds


def nothing(_seed: int) -> None:
    """There is nothing to draw: the seeds of the game are fixed, so that a grade never depends on luck."""


def written(answer: Any, *, base: Game, allowed: tuple[str, ...]) -> dict:
    """What a student's dict says, as plain values for a record.

    Returns:
        ``{"refused": ""}`` and each changed setting by its name, or ``{"refused": message}``.
    """
    try:
        chosen = _checked(answer, base, allowed)
    except GameError as error:
        return {"refused": str(error)}
    return {"refused": "", **{name: getattr(chosen, name) for name in answer}}


def _checked(changes: Any, base: Game, allowed: tuple[str, ...]) -> Game:
    return settings_from(type(base), changes, base=base, allowed=allowed, at_most=AT_MOST)


# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


@dataclass(frozen=True)
class Bar:
    """What a number must reach: on every seed for the tick in the notebook, on all but one for the points.

    Attributes:
        sign: "at most" or "at least".
        tick: for the notebook's tick.
        points: for the grader's points. It leaves room for another processor, on which the same settings
            play another game after a few hundred steps.
    """

    sign: str
    tick: float
    points: float

    def holds(self, what: str, values: Sequence[float], case: Case, *, got: str, cause: str) -> Finding:
        """Whether the numbers of all seeds reach the bar that this case asks for; ``what`` has a ``{}`` for
        "at most 3"."""
        bar, seeds = self.tick, len(values)
        where, least = "every seed", seeds
        if case.for_points:
            bar, least = self.points, seeds - 1
            where = f"at least {least} of {seeds} seeds"
        reached = sum(v <= bar if self.sign == "at most" else v >= bar for v in values)
        limit = f"{self.sign} {bar:g}"
        what = f"{what.format(limit)} on {where}"
        return holds(what, reached >= least, got=got, expected=f"each {limit}", cause=cause)


BARS = {
    "modes lost": Bar("at most", 3, 4),  # of 8
    "modes back": Bar("at least", 8, 7),
    "taught": Bar("at least", 0.02, 0.01),  # signal
    "silent": Bar("at most", 0.01, 0.03),  # signal
    "moved": Bar("at least", 0.5, 0.3),  # median distance from the origin: the ring has radius 2
    "classes lost": Bar("at most", 6, 7),  # of 10
    "classes back": Bar("at least", 8, 7),
    "drawn": Bar("at most", 90, 100),  # mean grey, 0 to 255: a fresh G has about 127, digits about 40
    "diverged": Bar("at most", 0, 0),  # 1 for a seed that did
}


def chosen(got: Arrays, base: Game, allowed: tuple[str, ...], who: str = "the dict") -> tuple[Game, Finding]:
    """The settings that `written` put into a record, and whether they can be played; if not, ``base``."""
    game, refused = base, word(got.get("refused", np.zeros(0)))
    if not refused:
        try:
            game = _checked(_changes(got), base, allowed)
        except GameError as error:
            refused = str(error)
    wanted = f"some of {', '.join(allowed)}"
    return game, holds(f"{who} can be played", not refused, got=refused, expected=wanted)


def _changes(got: Arrays) -> Mapping[str, Any]:
    """The number or the word in each array; one that is no such thing is refused as it is."""

    def plain(value: np.ndarray) -> Any:
        if value.ndim:
            return value
        return word(value)[:100] if value.dtype.kind == "U" else value.item()

    return {name: plain(value) for name, value in got.items() if name != "refused"}


def game_of(got: Arrays, base: Game, allowed: tuple[str, ...]) -> Outcome:
    """The game with these settings, on the lab's seeds. It is played once and then remembered."""
    return played(chosen(got, base, allowed)[0])


def playable(case: Case, base: Game, allowed: tuple[str, ...], cause: str) -> Iterator[Finding]:
    """They can be played, they differ from those at the start, and no seed diverges."""
    game, finding = chosen(case.got, base, allowed)
    yield finding
    yield changed(game, base, cause)
    yield finite(game_of(case.got, base, allowed), case)


def changed(game: Game, base: Game, cause: str, what: str = "something is changed") -> Finding:
    """Whether these settings differ from those at the start."""
    wanted = "at least one other value"
    return holds(what, game != base, got="the same settings", expected=wanted, cause=cause)


def finite(game: Outcome, case: Case, who: str = "") -> Finding:
    """Whether every seed ended with numbers."""
    broken = sum(game.diverged)
    return BARS["diverged"].holds(
        f"{who}training does not diverge",
        game.diverged,
        case,
        got=f"NaN on {broken} of {len(game.seeds)} seeds",
        cause="a rate is so high that the weights overflow: that is a third failure, not the one asked for",
    )


def late(game: Outcome, tag: str) -> list[float]:
    """The mean of a curve over the last fifth of the run, for each seed; NaN where it has no such curve."""
    means = []
    for seed in game.seeds:
        _, values = game.columns(seed).get(tag, ([], []))
        last = values[-max(1, len(values) // 5) :]
        means.append(sum(last) / len(last) if last else float("nan"))
    return means


def row(values: Sequence[float]) -> str:
    """A number for each seed, in short."""
    return "[" + ", ".join(f"{v:.2g}" if v < 100 else f"{v:,.0f}" for v in values) + "]"
