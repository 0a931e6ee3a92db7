"""Editing by styles: directions move one factor and leave the others, and a sample is found again."""

import pytest
import torch

from labkit.classifiers import ClassifierError, load_classifier
from labkit.editing import directions, edit, factor_values, invert, mixed_styles
from labkit.networks import style_pair
from labkit.styles import draw_z, drawn, styles_by_size
from labkit.widgets import style_editor


def _generator():
    torch.manual_seed(0)
    G, _ = style_pair(image_size=16, base_channels=8, most_channels=16, latent_dim=8, style_dim=8)
    G.synthesis.to_image.weight.data *= 0.03  # else most pixels are black or white
    return G.requires_grad_(False)


def _styles(spread):
    """w (4000, 3, 2), the last two layers with the same style, and what y is made of it: (6, 2)."""
    torch.manual_seed(0)
    w = torch.randn(4000, 2, 2, dtype=torch.float64) @ torch.tensor([[1.0, 0.5], [0.0, spread]]).double()
    return w[:, [0, 1, 1]], torch.randn(6, 2, dtype=torch.float64)


def test_a_direction_raises_its_factor_by_a_deviation_and_leaves_the_others():
    w, truth = _styles(0.3)
    y = w.flatten(1) @ truth + 5
    found = directions(w, {"a": y[:, 0], "b": y[:, 1]})
    moved = torch.stack([d.flatten() @ truth for d in found.values()]) / y.std(0)
    torch.testing.assert_close(moved, torch.eye(2, dtype=torch.float64), atol=1e-6, rtol=0)
    assert all(torch.allclose(d[1], d[2]) for d in found.values()), "layers that never differ move alike"


def test_of_all_such_moves_the_direction_is_the_likeliest():
    w, truth = _styles(0.1)
    y = w.flatten(1) @ truth
    d = directions(w, {"a": y[:, 0], "b": y[:, 1]})["a"][:2].flatten()
    free, slopes = w[:, :2].flatten(1), torch.cat([truth[:2], truth[2:4] + truth[4:]])
    neither = torch.linalg.qr(slopes, mode="complete").Q[:, 2:]  # moves that change neither factor
    towards = torch.linalg.inv(free.T.cov()) @ d  # half the slope of the squared Mahalanobis length
    assert (neither.T @ towards).abs().max() < 1e-6 * towards.norm()


def test_styles_to_learn_from_have_three_w():
    G = _generator()
    w = mixed_styles(G, 5)
    groups = styles_by_size(G).values()
    assert w.shape == (5, G.layers, 8) and all((w[:, list(g)] == w[:, g[:1]]).all() for g in groups)
    assert len({tuple(row.tolist()) for row in w[0]}) == 3


def test_a_sample_is_found_again():
    G = _generator()
    w = G.mapping(draw_z(G, 3, seed=5))
    images = drawn(G, w)
    found = invert(G, images, lambda x: x.flatten(1)[:, ::7], starts=2, steps=60)
    assert found.w.shape == (3, G.layers, 8) and found.images.shape == images.shape
    apart = (images[:1].float() - images[1:].float()).abs().mean() / 255
    assert found.errors.max() < 0.25 * apart
    moved = edit(found.w, torch.ones(G.layers, 8), 2.0)
    torch.testing.assert_close(moved, found.w + 2)


def test_factors_are_read_as_numbers_or_as_probabilities():
    classifier = load_classifier("faces")
    images = torch.randint(0, 256, (5, 3, 64, 64), dtype=torch.uint8)
    shares = [factor_values(classifier, images, f"smile: {c}") for c in ("neutral", "smile", "grin")]
    torch.testing.assert_close(sum(shares), torch.ones(5))
    torch.testing.assert_close(factor_values(classifier, images, "smile"), 1 - shares[0])
    assert factor_values(classifier, images, "age").dtype == torch.float32
    for wrong in ("charm", "smile: wide"):
        with pytest.raises(ClassifierError, match="wide|charm"):
            factor_values(classifier, images, wrong)


def test_every_control_of_the_editor_redraws_and_comes_back():
    G = _generator()
    w = G.mapping(draw_z(G, 3, seed=5))[:, None].repeat(1, G.layers, 1)
    torch.manual_seed(1)
    box = style_editor(G, w, {name: torch.randn(G.layers, 8) for name in ("age", "smile", "hat")})
    controls, image = box.children
    which, mixed, _, by, other, _ = controls.children
    by.value = 1.0
    start = bytes(image.value)
    assert start.startswith(b"\x89PNG") and not by.continuous_update
    for control, value in ((which, 2), (mixed, "fine"), (by, -2.0), (controls.children[2], "hat")):
        before = control.value
        control.value = value
        assert bytes(image.value) != start
        control.value = before
        assert bytes(image.value) == start
    assert other.value == "smile"
