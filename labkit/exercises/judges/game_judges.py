"""Judges of exercises 5.3 to 5.5: settings are played on five seeds, and judged by what came of it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from labkit.exercises.exercise import Finding
from labkit.exercises.game_specs import OPEN, REMEDIES
from labkit.exercises.judges.comparing import holds
from labkit.exercises.reading import whole, word
from labkit.exercises.referee import affordable, played
from labkit.games import GameError, Ring, RingOutcome, settings_from
from labkit.games.experiments import FAST_D, HEALTHY

MODES = 8
FEW = 3
_NOTHING = np.zeros(0)
SILENT = 0.01


def judge_losing(_given, got):
    ring, finding = _settings(got, HEALTHY, OPEN)
    yield finding
    yield _changed(ring, HEALTHY, "the settings you start from cover 8 of 8 modes")
    game = played(ring)
    yield _sane(game)
    signal = _late(game.log["signal/g"])
    yield holds(
        "G is still being taught on every seed",
        bool((signal > 2 * SILENT).all()),
        got=f"signal {_row(signal)}",
        expected="above 0.02",
        cause="that is the other failure, a vanished gradient: keep it for 5.4",
    )
    moved = game.points.norm(dim=-1).median(dim=1).values
    yield holds(
        "G has left its start on every seed",
        bool((moved > 0.5).all()),
        got=f"median distance of the samples from the origin {_row(moved)}",
        expected="above 0.5: the ring has radius 2",
        cause="G never got going, so nothing was lost: its rate is tiny",
    )
    yield holds(
        f"at most {FEW} of {MODES} modes are left on every seed",
        max(game.near) <= FEW,
        got=f"{game.near} modes",
        expected=f"each at most {FEW}",
        cause=_why_kept(ring),
    )


def _why_kept(ring: Ring) -> str:
    ratio = ring.g_lr / ring.d_lr
    if 0.6 < ratio < 1.6:
        return "the two rates are close, and so the players keep pace: set them apart"
    if ratio > 1:
        return "in the right direction, not far enough: make D slower still"
    return "in the right direction, not far enough: a fast D needs a G that is twenty times slower"


def judge_vanishing(_given, got):
    ring, finding = _settings(got, HEALTHY, OPEN)
    yield finding
    yield _changed(ring, HEALTHY, "with the settings you start from the signal stays near a half")
    game = played(ring)
    yield _sane(game)
    signal = _late(game.log["signal/g"])
    yield holds(
        f"at most {SILENT} of the signal is left on every seed",
        bool((signal <= SILENT).all()),
        got=f"signal {_row(signal)}",
        expected=f"each at most {SILENT}",
        cause=_why_not_vanished(ring),
    )


def _why_not_vanished(ring: Ring) -> str:
    if ring.loss != "saturating":
        return "under this loss a fake that D rejects gets the full slope: which loss has none there?"
    if ring.optimizer == "adam":
        return (
            "the loss is the right one, but Adam rescales small gradients: G keeps moving and comes through"
        )
    return "D is not far enough ahead: give it more steps or a higher rate"


def judge_cures(_given, got):
    count = whole(got.get("how many", _NOTHING))
    yield holds(
        "there are two cures",
        count == 2 and "not a pair" not in got,
        got=word(got["not a pair"]) if "not a pair" in got else str(count),
        expected="a list of two dicts",
        cause='return [{"name": value}, {"other": value}]',
    )
    names = []
    for number in (1, 2):
        part = {name[2:]: value for name, value in got.items() if name.startswith(f"{number} ")}
        ring, finding = _settings(part, FAST_D, REMEDIES, f"cure {number}")
        yield finding
        changed = [name for name in part if name != "refused"]
        yield holds(
            f"cure {number} changes one setting",
            len(changed) == 1,
            got=f"{len(changed)}: {', '.join(changed)}",
            expected="one entry in the dict",
            cause="two changes at once, and you will never know which one did it",
        )
        yield _changed(ring, FAST_D, "the value is the patient's own", f"cure {number} ")
        names += changed
    yield holds(
        "the two cures are of different kinds",
        len(set(names)) == 2,
        got=f"{names[0]} twice",
        expected="two different settings",
        cause="another dose is not another cure: change something else",
    )
    for number in (1, 2):
        part = {name[2:]: value for name, value in got.items() if name.startswith(f"{number} ")}
        ring, _ = _settings(part, FAST_D, REMEDIES)
        game = played(ring)
        yield _sane(game, f"cure {number}: ")
        yield holds(
            f"cure {number} ({names[number - 1]}) brings back {MODES} of {MODES} modes on every seed",
            min(game.near) == MODES,
            got=f"{game.near} modes",
            expected=f"{[MODES] * len(game.near)}",
            cause=_why_ill(names[number - 1]),
        )


def _why_ill(name: str) -> str:
    if name in ("noise", "d_steps", "beta1", "loss", "optimizer"):
        return "the patient's D runs away: limit its slope, or show it several points together"
    return "the right kind of remedy, in a wrong dose: try ten times less or more"


def chosen(values: Mapping[str, np.ndarray], *, base: Ring, allowed: tuple[str, ...]) -> Ring:
    """The settings that `referee.written` put into a record.

    Raises:
        GameError: the record holds something else than settings that can be played.
    """
    changes = {name: _plain(value) for name, value in values.items()}
    return affordable(settings_from(Ring, changes, base=base, allowed=allowed))


def _plain(value: np.ndarray) -> Any:
    """The number or the word in an array; an array that is no such thing is refused as it is."""
    if value.ndim:
        return value
    return word(value)[:100] if value.dtype.kind == "U" else value.item()


# shared ----------------------------------------------------------------------------------------------


def _settings(
    got: Mapping[str, np.ndarray], base: Ring, allowed: tuple[str, ...], who: str = "the dict"
) -> tuple[Ring, Finding]:
    refused = word(got.get("refused", _NOTHING))
    ring = base
    if not refused:
        try:
            values = {name: value for name, value in got.items() if name != "refused"}
            ring = chosen(values, base=base, allowed=allowed)
        except GameError as error:
            refused = str(error)
    return ring, holds(
        f"{who} can be played", not refused, got=refused, expected=f"some of {', '.join(allowed)}"
    )


def _changed(ring: Ring, base: Ring, cause: str, who: str = "") -> Finding:
    what = f"{who}differs from the start" if who else "something is changed"
    return holds(
        what, ring != base, got="the same settings", expected="at least one other value", cause=cause
    )


def _sane(game: RingOutcome, who: str = "") -> Finding:
    return holds(
        f"{who}no seed diverges",
        not any(game.diverged),
        got=f"NaN on {sum(game.diverged)} of {len(game.seeds)} seeds",
        expected="finite weights",
        cause="a rate is so high that the weights overflow: that is a third failure, not the one asked for",
    )


def _late(values: torch.Tensor) -> torch.Tensor:
    """The mean over the last fifth of the run, (S,)."""
    return values[:, -max(1, values.shape[1] // 5) :].mean(1)


def _row(values: torch.Tensor) -> str:
    return "[" + ", ".join(f"{v:.2g}" if v < 100 else f"{v:,.0f}" for v in values.tolist()) + "]"
