"""The digits game: settings are checked, a seed decides everything, and the failure comes and is cured."""

import time
from dataclasses import replace

import pytest
import torch

from labkit import metrics
from labkit.classifiers import load_classifier
from labkit.data import load
from labkit.games import (
    GameError,
    digits_figure,
    digits_run,
    experiments,
    play_digits,
    remembered,
    settings_from,
    watch,
)
from labkit.games.digits import DigitDiscriminator, DigitGenerator, Digits
from labkit.games.digits_run import SAMPLES

pytestmark = pytest.mark.portable

TINY = {"steps": 3, "batch_size": 16}
TAGS = {"loss/d", "loss/g", "prob/real", "prob/fake", "gap/d", "signal/g", "diversity/g", "grad_norm/d",
        "grad_norm/g", "recall/g", "class_kl/g"}  # fmt: skip


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return load("digits", size=16, count=1200, root=tmp_path_factory.mktemp("digits")).images


@pytest.fixture(scope="module")
def tiny(images):
    return play_digits(Digits(**TINY), seeds=(3, 4), images=images, progress=False)


@pytest.mark.parametrize(
    "changes, says",
    [
        ({"g_lr": float("nan")}, "g_lr is nan"),
        ({"d_lr": -1e-3}, "d_lr is -0.001"),
        ({"d_lr": "fast"}, "without quotes"),
        ({"beta1": 1.0}, "beta1 is 1"),
        ({"steps": 1_000_000}, "from 1 to 3,000"),
        ({"penalty": float("inf")}, "penalty is inf"),
        ({"packing": 3}, "packing 3 does not divide batch_size 32"),
        ({"packing": 2.5}, "packing is 2.5"),
        ({"spectral_norm": 1}, "True or False"),
        ({"loss": "nonsaturating"}, "Did you mean 'non-saturating'"),
        ({"smooth": 0.9, "loss": "relativistic"}, "non-saturating"),
        ({"batch_size": 4}, "batch_size is 4"),
        ({"minibatchstd": True}, "minibatch_std"),
    ],
)
def test_settings_that_cannot_be_played_are_refused_at_once(changes, says):
    start = time.perf_counter()
    with pytest.raises(GameError) as error:
        settings_from(Digits, changes)
    assert says in str(error.value) and "\n" not in str(error.value)
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(
    "wrong, says",
    [
        ([[0, 1]], "give a tensor"),
        (torch.zeros(1000, 1, 16, 16), "float32"),
        (torch.zeros(1000, 1, 28, 28, dtype=torch.uint8), "(1000, 1, 28, 28)"),
        (torch.zeros(10, 1, 16, 16, dtype=torch.uint8), "at least 1,000"),
    ],
)
def test_images_of_another_kind_are_refused(wrong, says):
    with pytest.raises(GameError) as error:
        play_digits(Digits(**TINY), seeds=[0], images=wrong, progress=False)
    assert says in str(error.value)


def test_settings_as_a_dict_are_refused():
    with pytest.raises(GameError):
        play_digits({"steps": 3}, seeds=[0], progress=False)


def test_an_outcome_has_a_row_for_each_seed(tiny):
    assert tiny.seeds == [3, 4]
    assert tiny.images.shape == (2, SAMPLES, 1, 16, 16) and tiny.images.dtype == torch.uint8
    assert tiny.shares.shape == (2, 10)
    torch.testing.assert_close(tiny.shares.sum(1), torch.ones(2, dtype=torch.float64))
    assert tiny.classes == [metrics.classes_covered(row) for row in tiny.shares]
    for numbers in (tiny.recall, tiny.precision, tiny.duplicates):
        assert len(numbers) == 2 and all(0 <= value <= 1 for value in numbers)
    assert tiny.diverged == [False, False]


def test_the_shares_are_what_the_classifier_reads(tiny):
    read = load_classifier("digits16").read(tiny.images[1])["digit"]
    torch.testing.assert_close(metrics.class_histogram(read), tiny.shares[1])


def test_the_curves_are_those_of_the_kit(tiny):
    columns = tiny.columns(4)
    assert set(columns) >= TAGS
    steps, values = columns["gap/d"]
    assert steps == [1, 2, 3] and all(isinstance(value, float) for value in values)
    assert columns["recall/g"] == ([3], [tiny.recall[1]])
    with pytest.raises(KeyError):
        tiny.columns(5)


def test_a_seed_plays_the_same_game_alone_and_leaves_the_random_state(tiny, images):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    alone = play_digits(Digits(**TINY), seeds=[4], images=images, progress=False)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(alone.images[0], tiny.images[1])
    assert alone.columns(4) == tiny.columns(4)
    assert not torch.equal(tiny.images[0], tiny.images[1])


@pytest.mark.parametrize(
    "changes",
    [
        {"penalty": 10.0},
        {"packing": 4},
        {"minibatch_std": True},
        {"spectral_norm": True},
        {"smooth": 0.9},
        {"loss": "relativistic"},
        {"loss": "saturating"},
        {"beta1": 0.9},
        {"d_steps": 2},
    ],
)
def test_every_setting_changes_the_game(changes, images, monkeypatch):
    monkeypatch.setattr(digits_run, "SAMPLES", 50)  # quick: only the images are compared
    usual, other = (
        play_digits(Digits(**TINY, **more), seeds=[3], images=images, progress=False)
        for more in ({}, changes)
    )
    assert not other.diverged[0]
    assert not torch.equal(other.images[0], usual.images[0])


def test_a_game_that_breaks_down_says_so(images, monkeypatch):
    def poisoned(self, z):
        return torch.full((len(z), 1, 16, 16), float("nan"), requires_grad=True)

    monkeypatch.setattr(DigitGenerator, "forward", poisoned)
    broken = play_digits(Digits(**TINY), seeds=[0], images=images, progress=False)
    assert broken.diverged == [True] and broken.classes == [0] and broken.recall == [0.0]
    assert int(broken.images.max()) == 0 and float(broken.shares.sum()) == 0


def test_packing_judges_neighbours_together():
    images = torch.rand(8, 1, 16, 16)
    D = DigitDiscriminator(packing=4)
    scores = D(images)
    assert scores.shape == (2,)
    changed = torch.cat([images[:7], -images[7:]])
    assert D(changed)[0] == scores[0] and D(changed)[1] != scores[1]


def test_only_minibatch_std_lets_one_image_change_the_score_of_another():
    images = torch.rand(8, 1, 16, 16)
    changed = torch.cat([images[:7], -images[7:]])
    alone, together = DigitDiscriminator(), DigitDiscriminator(minibatch_std=True)
    torch.testing.assert_close(alone(images)[0], alone(changed)[0])
    assert abs(float((together(images) - together(changed)).detach()[0])) > 1e-4


@pytest.mark.slow
def test_the_patient_of_the_lab_is_broken_and_the_penalty_cures_it():
    broken = play_digits(experiments.DIGITS_BROKEN, seeds=[21], progress=False)
    cured = play_digits(experiments.DIGITS_CURED, seeds=[21], progress=False)
    assert broken.recall[0] <= 0.02
    assert cured.classes[0] >= 8 and cured.recall[0] > 0.02


def test_a_game_is_drawn_with_every_seed_and_one_that_diverged(tiny):
    drawn = digits_figure(replace(tiny, diverged=[False, True]))
    titles = [axes.get_title() for sub in drawn.subfigs for axes in sub.axes]
    assert titles[1].startswith(f"{tiny.classes[0]} of 10 classes") and titles[3] == "diverged"
    assert titles[-3:] == ["gap", "signal", "diversity"]
    assert [len(axes.lines) for axes in drawn.subfigs[1].axes] == [2, 2, 2]
    assert drawn.subfigs[0].axes[1].patches[3].get_height() == pytest.approx(float(tiny.shares[0, 3]))


def test_settings_that_cannot_be_played_are_not_watched():
    with pytest.raises(GameError, match="g_lr is nan"):
        watch({"g_lr": float("nan")})


def test_a_game_is_played_once_and_then_remembered(monkeypatch):
    asked = []
    monkeypatch.setattr(remembered, "play_digits", lambda *given, **more: asked.append(more["seeds"]))
    settings = Digits(steps=7)  # no other test plays it
    remembered.played(settings), remembered.played(settings), remembered.played(settings, (5,))
    assert asked == [(0, 1, 2), (5,)]
