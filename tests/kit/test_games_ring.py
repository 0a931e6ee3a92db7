"""The game on the ring: the stack is many single games, and each number means what its name says."""

import math

import pytest
import torch
from torch.nn import functional as F

from labkit import losses, metrics
from labkit.games import GameError, Ring, RingGame, frozen_generator, movement, play_ring, ring_run
from labkit.games.ring import LATENT, Chance, fresh_pair, g_losses, g_signal
from labkit.games.stack import Stack, linear_layers
from labkit.networks import pair_2d
from labkit.synthetic.mixtures import ring_centres
from labkit.training.observe import TAGS

pytestmark = pytest.mark.portable

KINDS = {
    "plain": Ring(),
    "saturating": Ring(loss="saturating"),
    "relativistic": Ring(loss="relativistic", penalty=0.5),
    "packed": Ring(packing=4, noise=0.3),
    "spectral": Ring(spectral_norm=True, d_steps=2),
    "sgd": Ring(optimizer="sgd", g_lr=0.01),
}


@pytest.fixture
def in_float64():
    """Games in float64, where two ways to compute the same game stay the same game.

    Adam divides a gradient by its own size, so it turns rounding errors of float32 into steps as long as
    its learning rate wherever a gradient should be 0. Its epsilon, 1e-8, is far above the errors of float64.
    """
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def _scores(D):
    """D without its cast to float32."""
    return lambda points: D.layers(points).flatten()


@pytest.mark.usefixtures("in_float64")
@pytest.mark.parametrize("kind", ["plain", "sgd", "d_steps"])
def test_the_stack_is_the_kits_own_pair_trained_by_the_kits_own_losses(kind):
    ring = Ring(d_steps=3) if kind == "d_steps" else KINDS[kind]
    game = RingGame(ring, [3, 4, 5])
    chance = Chance([4], "play")
    torch.manual_seed(4)
    G, D = pair_2d()
    d_loss, g_loss = losses.logits_losses()
    d_optimizer = torch.optim.Adam(D.parameters(), lr=ring.d_lr, betas=(ring.beta1, 0.999))
    g_optimizer = (
        torch.optim.SGD(G.parameters(), lr=ring.g_lr)
        if ring.optimizer == "sgd"
        else torch.optim.Adam(G.parameters(), lr=ring.g_lr, betas=(ring.beta1, 0.999))
    )
    for _ in range(6):
        for _ in range(ring.d_steps):
            real, fake = chance.ring(ring.batch_size)[0], G(chance.normal(ring.batch_size, LATENT)[0])
            d_optimizer.zero_grad()
            on_d = d_loss(_scores(D), real, fake)
            on_d.backward()
            d_optimizer.step()
        g_optimizer.zero_grad()
        on_g = g_loss(_scores(D), real, fake)
        on_g.backward()
        g_optimizer.step()
        d_turn, g_turn = game.step()
        assert d_turn.loss[1].item() == pytest.approx(on_d.item(), rel=1e-8)
        assert g_turn.loss[1].item() == pytest.approx(on_g.item(), rel=1e-8)
    torch.testing.assert_close(
        game.G.gradient_norms()[1], metrics.gradient_norm(G.parameters()).double(), rtol=1e-6, atol=0
    )
    for stack, network in ((game.G, G), (game.D, D)):
        for weight, bias, layer in zip(stack.weights, stack.biases, linear_layers(network), strict=True):
            torch.testing.assert_close(weight[1].T, layer.weight, rtol=0, atol=1e-9)
            torch.testing.assert_close(bias[1, 0], layer.bias, rtol=0, atol=1e-9)


@pytest.mark.usefixtures("in_float64")
@pytest.mark.parametrize("ring", KINDS.values(), ids=KINDS)
def test_a_seed_plays_the_same_game_alone_and_beside_others(ring):
    many, alone = RingGame(ring, [7, 1, 7, 2]), RingGame(ring, [1])
    start = alone.G.weights[0].detach().clone()
    for _ in range(5):
        for turn, own in zip(many.step(), alone.step(), strict=True):
            assert torch.equal(turn.real_points[1], own.real_points[0])
            torch.testing.assert_close(turn.loss[1:2], own.loss, rtol=0, atol=1e-9)
    for stack, single in ((many.G, alone.G), (many.D, alone.D)):
        for theirs, own in zip(stack.parameters(), single.parameters(), strict=True):
            torch.testing.assert_close(theirs[1:2], own, rtol=0, atol=1e-9)
            torch.testing.assert_close(theirs[0], theirs[2], rtol=0, atol=1e-9)  # the same seed twice
    for theirs in many.G.parameters():
        assert not torch.allclose(theirs[0], theirs[1], atol=1e-3)  # another seed plays another game
    assert not torch.equal(start, alone.G.weights[0])


@pytest.mark.parametrize("ring", KINDS.values(), ids=KINDS)
def test_in_float32_a_seed_sees_the_same_points_and_starts_with_the_same_losses(ring):
    many, alone = RingGame(ring, [7, 1, 7, 2]), RingGame(ring, [1])
    turn, own = many.d_step(), alone.d_step()
    assert turn.loss.dtype == torch.float32
    assert torch.equal(turn.real_points[1], own.real_points[0])
    torch.testing.assert_close(turn.fake_points[1], own.fake_points[0])
    torch.testing.assert_close(turn.loss[1:2], own.loss)


def test_a_game_leaves_the_global_random_state_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    play_ring(Ring(steps=2), seeds=[0], progress=False)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.usefixtures("in_float64")
def test_the_penalty_is_half_gamma_times_the_squared_slope():
    """One D step by hand, through `torch.autograd` on the plain network."""
    ring = Ring(penalty=3.0, packing=2)
    game, chance = RingGame(ring, [9]), Chance([9], "play")
    G, D = fresh_pair(9, packing=2)
    real, fake = chance.ring(64)[0], G(chance.normal(64, LATENT)[0]).detach()
    total = 0.0
    for points, sign in ((real, -1), (fake, 1)):
        packs = points.reshape(32, 4).requires_grad_()
        scores = _scores(D)(packs)
        (slope,) = torch.autograd.grad(scores.sum(), packs, create_graph=True)
        total = total + F.softplus(sign * scores).mean() + 1.5 * slope.square().sum(1).mean()
    total.backward()
    game.d_step()
    for mine, layer in zip(game.D.weights, linear_layers(D), strict=True):
        torch.testing.assert_close(mine.grad[0].T, layer.weight.grad, rtol=1e-9, atol=1e-12)


def test_spectral_norm_keeps_every_layer_at_norm_one():
    game = RingGame(Ring(spectral_norm=True, d_lr=5e-4), [0, 1])
    for _ in range(40):
        game.step()
    for k in range(3):
        norms = torch.linalg.matrix_norm(game.D._weight(k).detach(), ord=2)
        assert torch.allclose(norms, torch.ones(2), atol=0.05)


@pytest.mark.usefixtures("in_float64")
def test_settings_that_change_during_a_game_count_from_the_next_update():
    changed, plain = RingGame(Ring(), [2]), RingGame(Ring(), [2])
    changed.step(), plain.step()
    weights = [torch.cat([p.detach().flatten() for p in plain.G.parameters()])]
    changed.change(Ring(loss="saturating", optimizer="sgd", g_lr=0.5))
    torch.testing.assert_close(changed.G.weights[0], plain.G.weights[0])  # nothing has moved yet
    d_turn, g_turn = changed.step()
    weights += [torch.cat([p.detach().flatten() for p in changed.G.parameters()])]
    torch.testing.assert_close(d_turn.loss, plain.d_step().loss)
    torch.testing.assert_close(g_turn.loss, g_losses("saturating", g_turn.real, g_turn.fake))
    gradient = torch.cat([p.grad.flatten() for p in changed.G.parameters()])
    torch.testing.assert_close(weights[1], weights[0] - 0.5 * gradient)


@pytest.mark.parametrize("changes", [{"packing": 4}, {"spectral_norm": True}, {"beta1": 0.5}])
def test_what_a_game_has_from_its_start_cannot_change(changes):
    with pytest.raises(GameError, match=f"{next(iter(changes))} cannot change"):
        RingGame(Ring(), [2]).change(Ring(**changes))


def test_the_points_shown_to_d_are_the_ring():
    points = Chance([0], "play").ring(4000)[0]
    centres = ring_centres()
    assert metrics.modes_covered(points, centres) == 8
    assert metrics.high_quality(points, centres) == pytest.approx(0.989, abs=0.006)


def test_an_outcome_holds_what_it_says():
    outcome = play_ring(Ring(steps=130, batch_size=32), seeds=[5, 6], progress=False)
    assert outcome.points.shape == (2, 2000, 2) and outcome.seeds == [5, 6]
    centres = ring_centres()
    assert outcome.near == [metrics.modes_near(cloud, centres) for cloud in outcome.points]
    assert outcome.strict == [metrics.modes_covered(cloud, centres) for cloud in outcome.points]
    assert list(outcome.history)[0] == 0 and list(outcome.history)[-1] == 130
    assert torch.equal(outcome.history[130], outcome.points[:, :500])
    assert not torch.equal(outcome.history[0], outcome.history[130])
    columns = outcome.columns(6)
    assert set(columns) == set(TAGS)
    assert all(steps[0] == 1 and steps[-1] == 130 for steps, _ in columns.values())
    assert all(
        0 <= value <= 1 for tag in ("prob/real", "accuracy/d", "signal/g") for value in columns[tag][1]
    )
    assert columns["diversity/g"][1][0] < 0.3  # a fresh G draws one blob in the middle
    with pytest.raises(KeyError, match="seed 7 was not played"):
        outcome.columns(7)


def test_the_signal_is_the_slope_of_gs_loss():
    for name in ("saturating", "non-saturating", "relativistic"):
        real, fake = torch.randn(2, 2, 50)
        fake.requires_grad_()
        (slope,) = torch.autograd.grad(g_losses(name, real, fake).sum(), fake)
        torch.testing.assert_close(slope.abs().sum(1), g_signal(name, real, fake))


@pytest.mark.usefixtures("in_float64")
def test_a_diverged_seed_is_named_and_the_others_play_on():
    class Poisoned(RingGame):
        def step(self):
            with torch.no_grad():
                self.G.weights[0][1] = math.nan
            return super().step()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ring_run, "RingGame", Poisoned)
        outcome = play_ring(Ring(steps=30), seeds=[0, 1, 2], progress=False)
    assert outcome.diverged == [False, True, False]
    assert outcome.near[1] == outcome.strict[1] == outcome.quality[1] == 0
    assert outcome.points[1].isnan().all()
    alone = play_ring(Ring(steps=30), seeds=[2], progress=False)
    torch.testing.assert_close(outcome.points[2], alone.points[0], rtol=0, atol=1e-6)


@pytest.mark.usefixtures("in_float64")
def test_the_gradient_at_a_frozen_g_is_that_of_the_plain_pair():
    outcome = frozen_generator(Ring(), d_updates=1, seeds=[2, 8], progress=False)
    G, D = fresh_pair(8)
    fake = G(Chance([8], "probe").normal(512, LATENT)[0])
    torch.log(1 - torch.sigmoid(_scores(D)(fake))).mean().backward()
    expected = metrics.gradient_norm(G.parameters())
    torch.testing.assert_close(outcome.saturating[1, 0], expected.double(), rtol=1e-6, atol=0)
    assert outcome.steps.tolist() == [0, 1]
    assert outcome.saturating.shape == outcome.non_saturating.shape == (2, 2)


def test_a_frozen_outcome_counts_factors_from_the_start():
    outcome = frozen_generator(Ring(batch_size=32), d_updates=60, seeds=[0, 1], progress=False)
    for row in range(2):
        falling, rising = outcome.saturating[row], outcome.non_saturating[row]
        assert outcome.decay[row] == pytest.approx(float(falling[0] / falling[-1]))
        assert outcome.growth[row] == pytest.approx(float(rising[-1] / rising[0]))
        extremes = float(falling.max() / falling[0]), float(falling[0] / falling.min())
        assert outcome.excursion(since=0)[row] == pytest.approx(max(extremes))
        late = falling[outcome.steps >= 40]
        assert outcome.excursion(since=40)[row] == pytest.approx(
            max(float(late.max() / falling[0]), float(falling[0] / late.min()))
        )


@pytest.mark.usefixtures("in_float64")
def test_movement_is_relative_to_the_weights_at_the_start():
    ring = Ring(steps=1, optimizer="sgd", g_lr=0.5)
    moved = movement(ring, head_start=3, seeds=[0, 1], progress=False)
    game = RingGame(ring, [1])
    before = torch.cat([p.detach().flatten() for p in game.G.parameters()])
    for _ in range(3):
        game.d_step()
    game.step()
    after = torch.cat([p.detach().flatten() for p in game.G.parameters()])
    assert moved[1] == pytest.approx(float((after - before).norm() / before.norm()), rel=1e-6)
    assert moved[0] != pytest.approx(moved[1], rel=1e-3)


def test_networks_of_another_shape_do_not_stack():
    with pytest.raises(RuntimeError):
        Stack([pair_2d(hidden=8)[0], pair_2d(hidden=16)[0]])
