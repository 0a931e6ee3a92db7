"""Translators of digits, trained and measured: what the numbers mean, and that a student's parts are used."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from labkit.games import learn_recolouring
from labkit.games.recolouring import WITH_CYCLE, kit_networks

SHORT = replace(WITH_CYCLE, steps=2, images=100, base_channels=4, critic_channels=4)


class _Exact(nn.Module):
    """Brown on yellow to white on black, or back, by the blue of a pixel alone."""

    def __init__(self, back: bool):
        super().__init__()
        self.back, self.unused = back, nn.Parameter(torch.zeros(1))

    def forward(self, images):
        paper, pen = (
            torch.tensor(c).view(1, 3, 1, 1) / 127.5 - 1 for c in ((250.0, 215, 110), (215.0, 150, 80))
        )
        if self.back:
            ink = (images[:, 2:] - paper[:, 2:]) / (pen - paper)[:, 2:]
            return (2 * ink - 1).expand(-1, 3, -1, -1)
        return paper + (pen - paper) * (images[:, :1] + 1) / 2


def test_the_right_translation_gets_the_best_numbers():
    own = {"networks": lambda _: (_Exact(False), _Exact(True), nn.Identity(), nn.Identity())}
    o = learn_recolouring(SHORT, 0, training=lambda *_: None, **own)
    assert o.kept > 0.97 and o.l1 < 0.02 and o.cycle_error < 0.02 and abs(o.diversity - 1) < 0.02
    assert 1.2 < o.identity_l1 < 1.6 and o.fake_a.shape == o.a.shape == (200, 3, 32, 32)


def test_a_turned_world_is_another_truth():
    own = {"networks": lambda _: (_Exact(False), _Exact(True), nn.Identity(), nn.Identity())}
    o = learn_recolouring(replace(SHORT, turned=True), 0, training=lambda *_: None, **own)
    assert o.kept < 0.6 and o.l1 > 0.1, "the colours are right, and the digits lie on their side"
    assert torch.equal(o.b.rot90(k=3, dims=(2, 3)).argmin(1), _plain().b.argmin(1))


def _plain():
    own = {"networks": lambda _: (_Exact(False), _Exact(True), nn.Identity(), nn.Identity())}
    return learn_recolouring(SHORT, 0, training=lambda *_: None, **own)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("skips", [False, True])
def test_networks_of_every_corner(skips, whole):
    G, F, D_A, D_B = kit_networks(replace(SHORT, skips=skips, whole=whole))
    images = torch.rand(2, 3, 32, 32)
    assert G.skips == F.skips == skips and G(images).shape == images.shape
    assert (D_A(images).shape == (2, 1, 1, 1)) == whole == (D_B(images).shape == (2, 1, 1, 1))


def test_a_seed_trains_the_same_alone_and_leaves_the_callers_random_state():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, other = (learn_recolouring(SHORT, 3) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before) and torch.equal(one.fake_a, other.fake_a)
    assert not torch.equal(learn_recolouring(SHORT, 4).fake_a, one.fake_a)
