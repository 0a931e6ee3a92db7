"""A VAE in the plane, trained for a moment: what an outcome holds, and who trains what."""

import math
from dataclasses import replace

import pytest
import torch

from labkit.games import Plane, learn_plane
from labkit.games.plane import CVAE, VAE, WITHOUT_KL
from labkit.networks import vae_pair

TINY = Plane(hidden=8, base_channels=2, images=200, steps=3)


def test_an_outcome_holds_the_test_digits_and_samples_of_the_prior():
    outcome = learn_plane(TINY, 3)
    assert outcome.samples.shape == (1000, 1, 20, 20) and outcome.samples.dtype == torch.uint8
    assert outcome.codes.shape == (len(outcome.test.images), 2)
    assert outcome.parts["total"] == pytest.approx(outcome.parts["reconstruction"] + outcome.parts["kl"])
    assert 0 <= outcome.classes <= 1 and outcome.distance > 0
    assert math.isnan(outcome.asked)


def test_a_seed_gives_the_same_training_and_another_one_another():
    one, again, other = (learn_plane(TINY, seed) for seed in (1, 1, 2))
    assert torch.equal(one.codes, again.codes) and not torch.equal(one.codes, other.codes)


def test_a_condition_reaches_both_networks():
    outcome = learn_plane(replace(TINY, conditional=True), 0)
    assert 0 <= outcome.asked <= 1
    assert outcome.encoder.classes == outcome.decoder.classes == 10


def test_networks_and_training_can_be_a_students_own():
    seen = {}

    def networks(plane):
        seen["plane"] = plane
        return vae_pair(hidden=plane.hidden, base_channels=4, image_size=plane.image_size)

    def training(encoder, decoder, batches, plane):
        seen["batch"] = next(batches)

    outcome = learn_plane(TINY, 0, networks=networks, training=training)
    images, labels = seen["batch"]
    assert seen["plane"] is TINY and images.shape == (32, 1, 20, 20) and labels.shape == (32,)
    assert images.min() == -1 and images.max() <= 1
    assert outcome.encoder.maps[0].out_channels == 4


def test_the_margin_holds_hardly_any_ink():
    whole = learn_plane(replace(TINY, margin=0, steps=1), 0).test.images.float()
    assert whole[..., 4:-4, 4:-4].sum() > 0.96 * whole.sum()


def test_the_named_settings_differ_in_one_thing():
    assert replace(CVAE, conditional=False) == VAE == replace(WITHOUT_KL, beta=1.0)
