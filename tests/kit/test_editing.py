"""Editing by styles: directions move one factor and leave the others, and a sample is found again."""

import pytest
import torch

from labkit.classifiers import ClassifierError, load_classifier
from labkit.editing import directions, edit, factor_values, invert, mixed_styles, steer
from labkit.networks import style_pair
from labkit.styles import draw_z, drawn, styles_by_size
from labkit.widgets import style_editor


def _generator():
    torch.manual_seed(0)
    G, _ = style_pair(image_size=16, base_channels=8, most_channels=16, latent_dim=8, style_dim=8)
    G.synthesis.to_image.weight.data *= 0.03  # else most pixels are black or white
    return G.requires_grad_(False)


def _styles():
    """w (4000, 3, 2), the last two layers with the same style, and pictures whose pixels are linear in w."""
    torch.manual_seed(0)
    w = torch.randn(4000, 2, 2, dtype=torch.float64) @ torch.tensor([[1.0, 0.5], [0.0, 0.3]]).double()
    paint = torch.randn(4, 5, dtype=torch.float64) * torch.tensor([9.0, 9, 1, 1])[:, None].double()
    return w[:, [0, 1, 1]], (w.flatten(1) @ paint + 128)[:, None, None]


def test_a_direction_raises_its_factor_by_a_deviation_and_leaves_the_others():
    w, images = _styles()
    truth = torch.randn(6, 2, dtype=torch.float64)
    y = w.flatten(1) @ truth + 5
    found = directions(w, images, {"a": y[:, 0], "b": y[:, 1]})
    moved = torch.stack([d.flatten() @ truth for d in found.values()]) / y.std(0)
    torch.testing.assert_close(moved, torch.eye(2, dtype=torch.float64), atol=1e-6, rtol=0)
    assert all(torch.allclose(d[1], d[2]) for d in found.values()), "layers that never differ move alike"


@pytest.mark.parametrize("caution", [1e-6, 1e6])
def test_of_all_such_moves_the_direction_changes_least(caution):
    """Without caution the picture; with nothing but caution the likelihood of the styles."""
    w, images = _styles()
    y = w.flatten(1) @ torch.randn(6, dtype=torch.float64)
    d = directions(w, images, {"a": y}, caution=caution)["a"][:2].flatten()
    free = w[:, :2].flatten(1)
    free = free - free.mean(0)
    slopes = torch.linalg.lstsq(free, (y - y.mean())[:, None]).solution
    neither = torch.linalg.qr(slopes, mode="complete").Q[:, 1:]  # moves that do not change the factor
    paint = torch.linalg.lstsq(free, images.flatten(1) - images.flatten(1).mean(0)).solution
    costs = paint @ paint.T if caution < 1 else torch.linalg.inv(free.T.cov())
    steepest = costs @ d  # half the slope of the cost
    assert (neither.T @ steepest).abs().max() < 1e-2 * steepest.norm()


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
    classes = [f"smile: {c}" for c in ("neutral", "smile", "grin")]
    seen = factor_values(classifier, images, [*classes, "smile", "age"])
    torch.testing.assert_close(sum(seen[c] for c in classes), torch.ones(5))
    torch.testing.assert_close(seen["smile"], 1 - seen[classes[0]])
    age = classifier.read(images)["age"]  # this one stays within the ages that there are
    torch.testing.assert_close(seen["age"].clamp(age.min(), age.max()), age)
    for wrong in ("charm", "smile: wide"):
        with pytest.raises(ClassifierError, match="wide|charm"):
            factor_values(classifier, images, [wrong])


def test_steering_reaches_its_goal_and_corrects_what_moves_along():
    """Red rises to a goal and green stays, though the direction of red takes green along."""
    G = _generator()
    sample = mixed_styles(G, 2000, seed=1)

    def read(images):
        return dict(zip(("red", "green"), images.float().mean(dim=(2, 3)).T, strict=False))

    images = drawn(G, sample)
    values = read(images)
    spread = {name: value.std() for name, value in values.items()}
    moves = directions(sample, images, values)
    moves["red"] = moves["red"] + moves["green"]
    w = G.mapping(draw_z(G, 20, seed=5))[:, None].repeat(1, G.layers, 1)
    goal = values["red"].mean() + spread["red"]
    steered = steer(G, w, moves, {"red": goal.item()}, read=read, spread=spread, rounds=20)
    straight = edit(w, moves["red"], 1.0)
    before, after, along = (read(drawn(G, x)) for x in (w, steered, straight))
    assert (after["red"] - goal).abs().mean() < 0.1 * spread["red"]
    drift, uncorrected = ((x["green"] - before["green"]).abs().mean() for x in (after, along))
    assert drift < 0.1 * uncorrected


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
