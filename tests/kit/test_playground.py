"""The playground: the game keeps its promises, the picture says what is, and every control does something."""

import pytest
import torch

from labkit.games import Ring, RingGame, play_ring
from labkit.widgets import playground
from labkit.widgets.ring_game import ARROWS, Game
from labkit.widgets.ring_picture import draw

pytestmark = pytest.mark.portable


def _weights(network):
    return torch.cat([p.detach().flatten() for p in network.parameters()]).clone()


def _words(figure):
    return " ".join(t.get_text() for holder in (figure, *figure.axes) for t in holder.texts)


def _controls(box):
    """{what stands on or beside a control: the control}, and the image."""
    buttons, settings, image = box.children
    return {c.description: c for c in (*buttons.children, *settings.children)}, image


def test_a_step_moves_one_network_only():
    game = Game()
    g, d = _weights(game.G), _weights(game.D)
    game.step_d()
    assert torch.equal(_weights(game.G), g) and not torch.equal(_weights(game.D), d)
    d = _weights(game.D)
    game.step_g()
    assert not torch.equal(_weights(game.G), g) and torch.equal(_weights(game.D), d)
    assert (game.d_steps, game.g_steps, len(game.gradients)) == (1, 1, 3)


@pytest.fixture
def in_float64():
    """Float64, where rounding stays far below Adam's epsilon and so does not become steps."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("in_float64")
@pytest.mark.parametrize(
    "settings", [{}, {"g_lr": 1e-2, "d_lr": 1e-3, "loss": "saturating"}, {"optimizer": "sgd", "g_lr": 0.1}]
)
def test_it_is_the_game_of_the_experiments(settings):
    game = playground(seed=3, **settings).game
    for _ in range(8):
        game.turn()
    outcome = play_ring(Ring(steps=8, **settings), seeds=[3], progress=False)
    torch.testing.assert_close(game.fakes(), outcome.points[0, :400], rtol=0, atol=1e-9)


@pytest.mark.usefixtures("in_float64")
def test_single_steps_and_changes_are_those_of_the_experiments_too():
    mine, theirs = Game(seed=3), RingGame(Ring(), [3])
    mine.step_d(), mine.step_g(), mine.change(g_lr=1e-2), mine.step_g(), mine.turn()
    theirs.d_step(), theirs.g_step(), theirs.change(Ring(g_lr=1e-2)), theirs.g_step(), theirs.step()
    torch.testing.assert_close(_weights(mine.G), _weights(theirs.G), rtol=0, atol=1e-9)
    torch.testing.assert_close(_weights(mine.D), _weights(theirs.D), rtol=0, atol=1e-9)


def test_the_defaults_are_the_healthy_game():
    assert playground().game.ring == Ring()


def test_a_d_that_keeps_pace_leads_g_to_the_modes_and_a_slow_one_loses_them():
    healthy, slow = Game(), Game(d_lr=2e-4)
    for _ in range(400):
        healthy.turn(), slow.turn()
    assert healthy.modes() >= 5 and slow.modes() <= 3


@pytest.mark.parametrize("loss", ["saturating", "non-saturating"])
def test_an_arrow_is_minus_the_gradient_of_the_loss(loss):
    game = Game(loss=loss)
    for _ in range(20):
        game.step_d()
    fakes, pulls = game.pulls()
    assert pulls.shape == (ARROWS, 2)
    x = fakes.clone().requires_grad_()
    p = torch.sigmoid(game.D(x[None]))
    (torch.log(1 - p) if loss == "saturating" else -torch.log(p)).sum().backward()
    torch.testing.assert_close(pulls, -x.grad, rtol=1e-3, atol=1e-6)


def test_only_the_saturating_gradient_vanishes_when_d_is_sure():
    game = Game()
    for _ in range(150):
        game.step_d()
    first, last = game.gradients[0], game.gradients[-1]
    assert last.saturating < first.saturating / 3
    assert last.non_saturating > 5 * first.non_saturating


def test_it_starts_again_at_the_same_place_with_the_settings_as_they_are():
    game = Game(seed=3)
    start = game.fakes()
    game.step_d(), game.step_g()
    once = game.fakes()
    game.start_again()
    assert torch.equal(game.fakes(), start) and game.d_steps == game.g_steps == 0
    game.step_d(), game.step_g()
    assert torch.equal(game.fakes(), once)
    game.change(optimizer="sgd", g_lr=0.5)
    game.start_again()
    assert (game.ring.optimizer, game.ring.g_lr) == ("sgd", 0.5)


def test_a_changed_rate_counts_from_the_next_step():
    moved = []
    for rate in (1e-5, 1e-2):
        game = Game()
        before = _weights(game.G)
        game.change(g_lr=rate)
        game.step_g()
        moved.append(float((_weights(game.G) - before).norm()))
    assert moved[1] > 100 * moved[0]


def test_the_notebooks_own_random_numbers_stay_as_they_are():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    game = Game()
    game.step_d(), game.step_g()
    assert torch.equal(torch.rand(3), expected)


def test_a_fresh_generator_covers_no_mode_and_a_perfect_one_all():
    game = Game()
    assert game.modes() == 0
    game.fakes = lambda: game.real
    assert game.modes() == 8


def test_a_broken_game_stops_and_says_what_to_press():
    game = Game()
    next(game.G.parameters()).data.fill_(float("nan"))
    game.step_d()
    assert game.broken
    steps = game.d_steps
    game.step_d(), game.step_g()
    assert (game.d_steps, game.g_steps) == (steps, 0)
    words = _words(draw(game))
    assert "overflowed" in words and "start again" in words
    game.start_again()
    assert not game.broken and "overflowed" not in _words(draw(game))


def test_the_picture_holds_the_numbers_and_says_what_lies_outside():
    game = Game()
    game.step_d()
    words = _words(draw(game))
    assert "D 1 · G 0" in words and "0 of 8" in words and "outside" not in words
    game.fakes = lambda: torch.full((400, 2), 50.0)
    assert "400 of 400 fakes are outside" in _words(draw(game))


@pytest.mark.parametrize(
    ("settings", "part"),
    [({"loss": "hinge"}, "hinge"), ({"optimizer": "adamw"}, "adamw"), ({"g_lr": -1.0}, "g_lr"),
     ({"d_lr": float("nan")}, "d_lr"), ({"g_lr": "fast"}, "g_lr"), ({"d_lr": 5.0}, "1e-5 to 1"),
     ({"loss": "relativistic"}, "the playground has"), ({"seed": -1}, "seed")],
)  # fmt: skip
def test_settings_that_cannot_be_played_are_named(settings, part):
    with pytest.raises(ValueError, match=part):
        playground(**settings)


def test_every_button_steps_and_draws():
    box = playground()
    controls, image = _controls(box)
    for name, steps in (("step D", (1, 0)), ("step G", (1, 1)), ("run 50", (51, 51))):
        before = bytes(image.value)
        controls[name].click()
        assert (box.game.d_steps, box.game.g_steps) == steps
        assert bytes(image.value).startswith(b"\x89PNG") and bytes(image.value) != before
        assert not controls[name].disabled
    fresh = bytes(_controls(playground())[1].value)
    controls["start again"].click()
    assert bytes(image.value) == fresh


def test_the_controls_reach_the_game():
    box = playground()
    controls, image = _controls(box)
    assert not controls["G’s rate"].continuous_update and not controls["D’s rate"].continuous_update
    controls["G’s rate"].value, controls["D’s rate"].value = 1e-2, 1e-4
    assert (box.game.ring.g_lr, box.game.ring.d_lr) == (1e-2, 1e-4)
    before = bytes(image.value)
    controls["G’s loss"].value = "saturating"
    assert box.game.ring.loss == "saturating" and bytes(image.value) != before
    controls["G’s steps"].label = "SGD"
    assert box.game.ring.optimizer == "sgd"
    controls["pace"].value = 10
    assert "step D × 10" in _controls(box)[0] and "run 200" in _controls(box)[0]
    controls["step D"].click()
    assert box.game.d_steps == 10


def test_a_broken_game_leaves_one_button():
    box = playground()
    controls, _ = _controls(box)
    next(box.game.D.parameters()).data.fill_(float("inf"))
    controls["step D"].click()
    assert box.game.broken and controls["step D"].disabled and controls["run 50"].disabled
    controls["start again"].click()
    assert not box.game.broken and not controls["step D"].disabled
