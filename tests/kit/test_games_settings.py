"""Settings of the games: what can be played is taken, all else gets one clear line at once."""

import math
import time
from dataclasses import replace

import numpy as np
import pytest

from labkit.games import GameError, Ring, frozen_generator, movement, play_ring, settings_from
from labkit.games.settings import clean_seeds

WRONG = [
    ({"d_lr": math.nan}, "d_lr is nan: give a learning rate above 0 and at most 1, say 1e-3."),
    ({"g_lr": -1e-3}, "g_lr is -0.001: give a learning rate"),
    ({"g_lr": 0}, "above 0"),
    ({"d_lr": math.inf}, "d_lr is inf"),
    ({"d_lr": 10**400}, "many digits"),
    (
        {"d_lr": "1e-4"},
        "d_lr is the text '1e-4': give a learning rate above 0 and at most 1, say 1e-3, without",
    ),
    ({"d_lr": True}, "d_lr is True, no number"),
    ({"d_lr": None}, "d_lr is None, no number"),
    ({"d_lr": [1e-3]}, "no number"),
    ({"g_lr": 1 + 2j}, "no number"),
    ({"steps": 1_000_000}, "steps is 1,000,000: give a number of steps from 1 to 20,000"),
    ({"steps": 0}, "steps is 0"),
    ({"steps": 10.5}, "steps is 10.5"),
    ({"steps": math.nan}, "steps is nan"),
    ({"d_steps": 21}, "from 1 to 20"),
    ({"batch_size": 8}, "from 16 to 1,024"),
    ({"packing": 3}, "packing 3 does not divide batch_size 64"),
    ({"packing": 17}, "packing is 17"),
    ({"penalty": -0.1}, "penalty is -0.1"),
    ({"penalty": 1e9}, "penalty is 1e+09"),
    ({"noise": 6}, "from 0 to 5"),
    ({"beta1": 1.0}, "beta1 is 1"),
    ({"loss": "saturated"}, "Did you mean 'saturating'?"),
    ({"loss": 3}, "loss is 3"),
    ({"optimizer": "Adam"}, "Did you mean 'adam'?"),
    ({"spectral_norm": 1}, "spectral_norm is 1"),
    ({"spectral_norm": "yes"}, "True or False"),
    ({"dlr": 1e-3}, "unknown setting 'dlr': did you mean 'd_lr'?"),
    ({"lr_d": 1e-3}, "unknown setting 'lr_d': did you mean 'd_lr'?"),
    ({"LR_G": 1e-3}, "unknown setting 'LR_G': did you mean 'g_lr'?"),
    ({"steps-d": 2}, "unknown setting 'steps-d': did you mean 'd_steps'?"),
    ({3: 1e-3}, "unknown setting 3"),
    ("d_lr=1e-4", "write a dict"),
    (None, "write a dict"),
    ([("d_lr", 1e-4)], "write a dict"),
]


@pytest.mark.parametrize(("changes", "clue"), WRONG, ids=lambda x: str(x)[:40])
def test_a_wrong_setting_is_one_clear_line_within_milliseconds(changes, clue):
    started = time.process_time()
    with pytest.raises(GameError) as caught:
        settings_from(Ring, changes)
    assert time.process_time() - started < 0.1
    message = str(caught.value)
    assert clue in message
    assert "\n" not in message and len(message) < 250


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"d_lr": 1},
        {"d_lr": np.float32(1e-3), "steps": np.int64(5), "spectral_norm": np.True_},
        {"steps": 1e3},
        {"packing": 16, "batch_size": 1024, "noise": 5, "penalty": 100},
    ],
)
def test_what_can_be_played_becomes_plain_numbers(changes):
    ring = settings_from(Ring, changes)
    for name in changes:
        assert getattr(ring, name) == pytest.approx(float(changes[name]))
    assert type(ring.steps) is int and type(ring.d_lr) is float and type(ring.spectral_norm) is bool


def test_changes_come_on_top_of_the_base_and_only_where_allowed():
    base = Ring(d_lr=1e-4, steps=70)
    assert settings_from(Ring, {"packing": 4}, base=base) == replace(base, packing=4)
    with pytest.raises(GameError, match="d_lr stays as it is here: change only packing, penalty"):
        settings_from(Ring, {"d_lr": 1e-3}, base=base, allowed=("packing", "penalty"))
    with pytest.raises(GameError, match="You may set packing"):
        settings_from(Ring, {"momentum": 1e-3}, base=base, allowed=("packing",))


@pytest.mark.parametrize(
    ("changes", "clue"),
    [
        ({"batch": 8}, "unknown setting 'batch'. You may set d_lr, d_steps, packing."),
        ({"glr": 1e-3}, "did you mean 'd_lr'? You may set"),
        ({"d_step": 2}, "did you mean 'd_steps'? You may set"),
        ({"d_steps": 0}, "from 1 to 5, say 1"),
        ({"d_steps": 6}, "from 1 to 5, say 1"),
        ({"packing": 3}, "packing 3 does not divide batch_size 64: a batch must consist of whole packs."),
        ("d_lr=1e-4", '{"d_lr": ...}'),
    ],
    ids=str,
)
def test_what_is_advised_is_allowed(changes, clue):
    """No name that must stay as it is, no number beyond the exercise's limit."""
    allowed = ("d_lr", "d_steps", "packing")
    with pytest.raises(GameError) as caught:
        settings_from(Ring, changes, allowed=allowed, at_most={"d_steps": 5})
    assert clue in str(caught.value)
    assert not any(name in str(caught.value) for name in ("g_lr", "beta1", "noise", "loss", "penalty"))


def test_a_limit_is_itself_allowed():
    assert settings_from(Ring, {"d_steps": 5}, at_most={"d_steps": 5}).d_steps == 5


def test_settings_are_held_against_their_rules_however_they_are_made():
    with pytest.raises(GameError, match="d_lr is nan"):
        replace(Ring(), d_lr=math.nan)


@pytest.mark.parametrize("play", [play_ring, frozen_generator, movement])
def test_games_refuse_what_are_no_settings_or_no_seeds(play):
    with pytest.raises(GameError, match="give a Ring"):
        play({"d_lr": 1e-4})
    with pytest.raises(GameError, match="seeds are 5"):
        play(Ring(steps=1), seeds=5)


@pytest.mark.parametrize("seeds", ["01", [], [1.5], [-1], [True], ["1"], range(101), None])
def test_seeds_are_whole_numbers(seeds):
    with pytest.raises(GameError, match="seed"):
        clean_seeds(seeds)


def test_numbers_of_updates_are_checked():
    with pytest.raises(GameError, match="d_updates is 1,000,000"):
        frozen_generator(Ring(), d_updates=1_000_000)
    with pytest.raises(GameError, match="head_start is the text"):
        movement(Ring(), head_start="200")
