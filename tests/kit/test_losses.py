"""The losses: against the library's formulas, and what they must leave alone."""

import math

import pytest
import torch
from torch.nn import functional as F

from labkit.losses import (
    logits_losses,
    probability_losses,
    relativistic_losses,
    saturating_losses,
    with_r1_r2,
)

pytestmark = pytest.mark.portable


def _scores(images):
    return images.mean(dim=(1, 2, 3)) * 3


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    real = torch.rand(6, 3, 4, 4, generator=generator)
    fake = torch.rand(6, 3, 4, 4, generator=generator) - 0.7
    return real, fake.requires_grad_()


@pytest.mark.parametrize("smooth", [1.0, 0.9])
def test_both_forms_agree_with_each_other_and_with_the_formula(images, smooth):
    real, fake = images
    on_real, on_fake = torch.sigmoid(_scores(real)), torch.sigmoid(_scores(fake))
    by_hand = (
        -(smooth * on_real.log() + (1 - smooth) * (1 - on_real).log()).mean() - (1 - on_fake).log().mean()
    )
    d_loss, g_loss = logits_losses(smooth)
    assert torch.allclose(d_loss(_scores, real, fake), by_hand, atol=1e-6)
    assert torch.allclose(g_loss(_scores, real, fake), -on_fake.log().mean(), atol=1e-6)
    d_loss, g_loss = probability_losses(smooth)
    assert torch.allclose(d_loss(lambda x: torch.sigmoid(_scores(x)), real, fake), by_hand, atol=1e-6)
    assert torch.allclose(
        g_loss(lambda x: torch.sigmoid(_scores(x)), real, fake), -on_fake.log().mean(), atol=1e-6
    )


@pytest.mark.parametrize("make", [logits_losses, probability_losses])
def test_the_loss_of_d_does_not_reach_g_and_the_loss_of_g_does(make, images):
    real, fake = images
    weight = torch.tensor(1.0, requires_grad=True)
    d_loss, g_loss = make()
    d_loss(lambda x: torch.sigmoid(weight * _scores(x)), real, fake).backward()
    assert fake.grad is None
    assert weight.grad.abs() > 0
    g_loss(lambda x: torch.sigmoid(weight * _scores(x)), real, fake).backward()
    assert fake.grad.abs().sum() > 0


def test_an_undecided_d_costs_two_ln_two():
    real = fake = torch.zeros(4, 1, 2, 2)
    d_loss, g_loss = logits_losses()
    assert math.isclose(d_loss(_scores, real, fake).item(), 2 * math.log(2), rel_tol=1e-6)
    assert math.isclose(g_loss(_scores, real, fake).item(), math.log(2), rel_tol=1e-6)


def test_logits_stay_finite_where_probabilities_saturate():
    far = torch.full((2,), 200.0)
    _, g_loss = logits_losses()
    assert g_loss(lambda x: -far, None, None).item() == pytest.approx(200)
    saturated = torch.sigmoid(-far).requires_grad_()
    loss = F.binary_cross_entropy(saturated, torch.ones(2))
    assert loss.item() == pytest.approx(100)  # the library's cut


@pytest.mark.parametrize("smooth", [0.0, 1.1, -1])
def test_an_impossible_smoothing_is_named(smooth):
    with pytest.raises(ValueError, match="smooth"):
        logits_losses(smooth)


def _scorer(weight):
    return lambda x: weight * x.flatten(1).sum(1)


def test_the_saturating_loss_is_the_minimax_game(images):
    real, fake = images
    d_loss, g_loss = saturating_losses()
    on_fake = torch.sigmoid(_scores(fake))
    assert torch.allclose(g_loss(_scores, real, fake), (1 - on_fake).log().mean(), atol=1e-6)
    assert torch.allclose(d_loss(_scores, real, fake), logits_losses()[0](_scores, real, fake))


def test_the_relativistic_losses_see_differences_only(images):
    real, fake = images
    d_loss, g_loss = relativistic_losses()
    difference = _scores(real) - _scores(fake)
    assert torch.allclose(d_loss(_scores, real, fake), -torch.sigmoid(difference).log().mean(), atol=1e-6)
    assert torch.allclose(g_loss(_scores, real, fake), -torch.sigmoid(-difference).log().mean(), atol=1e-6)
    for loss in (d_loss, g_loss):
        shifted = loss(lambda x: _scores(x) + 7, real, fake)
        assert torch.allclose(shifted, loss(_scores, real, fake), atol=1e-5)


@pytest.mark.parametrize("make", [logits_losses, relativistic_losses])
def test_r1_and_r2_are_squared_slopes_at_real_images_and_at_fakes(make, images):
    real, fake = images
    weight = torch.tensor(0.3, requires_grad=True)
    plain, penalised = make()[0], with_r1_r2(make()[0], gamma=2.0)
    numbers = real[0].numel()  # the slope of the scorer is `weight` at each of them
    added = penalised(_scorer(weight), real, fake) - plain(_scorer(weight), real, fake)
    assert added.item() == pytest.approx(2.0 / 2 * 2 * 0.3**2 * numbers, rel=1e-4)
    added.backward()
    assert weight.grad.item() == pytest.approx(2.0 * 2 * 0.3 * numbers, rel=1e-3)
    assert fake.grad is None
    assert not real.requires_grad


@pytest.mark.parametrize("gamma", [-1.0, math.nan, math.inf])
def test_a_weight_that_is_none_is_refused(gamma):
    with pytest.raises(ValueError, match="gamma"):
        with_r1_r2(logits_losses()[0], gamma)
