"""The recipes: what was published, under every budget."""

import dataclasses

import pytest
import torch

from labkit.networks import count_parameters
from labkit.recipes import BUDGETS, RECIPES, RecipeError, find


def test_the_four_are_there_and_say_where_they_are_from():
    assert list(RECIPES) == ["handout", "smoothed", "tutorial", "dense"]
    for name, recipe in RECIPES.items():
        assert recipe.name == name
        assert len(recipe.source) > 20
        with pytest.raises(dataclasses.FrozenInstanceError):
            recipe.lr = 1.0


def test_what_was_published_is_what_is_there():
    handout, smoothed, tutorial, dense = RECIPES.values()
    for recipe in (smoothed, tutorial, dense):
        assert (recipe.lr, recipe.g_lr, recipe.betas) == (2e-4, None, (0.5, 0.999))
        assert recipe.ema == 0, "the reports show G itself"
    assert (handout.output, handout.latent, handout.pair) == ("probability", "normal", "dcgan")
    assert (smoothed.output, smoothed.smooth, smoothed.latent) == ("logits", 0.9, "uniform")
    assert (smoothed.batch_size, smoothed.gpu.epochs) == (32, 20)
    assert (tutorial.output, tutorial.latent, tutorial.batch_size) == ("probability", "normal", 128)
    assert (tutorial.seed, tutorial.smooth) == (999, 1.0)
    assert (dense.batch_size, dense.real_batch, dense.gpu.epochs) == (256, 128, 6)
    for recipe in RECIPES.values():
        assert (recipe.gpu.image_size, recipe.gpu.base_channels) == (64, 64)


def test_the_full_networks_have_their_published_counts():
    for name in ("handout", "smoothed", "tutorial"):
        G, D = RECIPES[name].networks("gpu")
        assert (count_parameters(G), count_parameters(D)) == (3_576_704, 2_765_568)
    G, D = RECIPES["dense"].networks("gpu")
    assert (count_parameters(G), count_parameters(D)) == (16_850_691, 6_423_553)


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_fits_together_under_every_budget(name, budget):
    recipe = RECIPES[name]
    G, D = recipe.networks(budget)
    d_loss, g_loss = recipe.losses()
    size = recipe.scale(budget).image_size
    real = torch.rand(2, 3, size, size) * 2 - 1
    fake = G(torch.randn(2, *G.latent_shape))
    assert fake.shape == real.shape
    assert d_loss(D, real, fake).isfinite()
    assert g_loss(D, real, fake).isfinite()
    assert recipe.steps(budget, 12_000) >= 1
    options = recipe.options(seed=3)
    assert (options.g_lr, options.d_lr, options.latent, options.seed) == (
        recipe.g_lr or recipe.lr,
        recipe.lr,
        recipe.latent,
        3,
    )


def test_epochs_become_steps():
    assert RECIPES["smoothed"].steps("gpu", 12_000) == 20 * (12_000 // 32)
    assert RECIPES["dense"].steps("gpu", 12_800) == 6 * 100


def test_what_does_not_exist_is_said():
    with pytest.raises(RecipeError, match="handout, smoothed, tutorial or dense"):
        find("handsome")
    with pytest.raises(RecipeError, match="smoke, cpu or gpu"):
        RECIPES["handout"].scale("tpu")
    with pytest.raises(RecipeError, match="colour"):
        RECIPES["dense"].networks("cpu", image_channels=1)
