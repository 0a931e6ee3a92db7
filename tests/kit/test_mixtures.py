"""The Gaussian mixtures: where the centres are, how wide the modes, and that points never change."""

import pytest
import torch

from labkit.synthetic import mixtures

pytestmark = pytest.mark.portable


def test_ring_centres_lie_on_the_circle_in_order():
    centres = mixtures.ring_centres()
    assert centres.shape == (8, 2)
    assert centres.dtype == torch.float32
    assert torch.allclose(centres.norm(dim=1), torch.full((8,), 2.0))
    assert torch.allclose(centres[0], torch.tensor([2.0, 0.0]))
    assert torch.allclose(centres[2], torch.tensor([0.0, 2.0]), atol=1e-6)


def test_grid_centres_are_two_apart_around_the_origin():
    centres = mixtures.grid_centres()
    assert centres.shape == (25, 2)
    assert sorted(set(centres.flatten().tolist())) == [-4.0, -2.0, 0.0, 2.0, 4.0]
    assert centres[1].tolist() == [-2.0, -4.0]
    assert len({tuple(c) for c in centres.tolist()}) == 25


@pytest.mark.parametrize(
    ("make", "centres"),
    [(mixtures.ring, mixtures.ring_centres()), (mixtures.grid, mixtures.grid_centres())],
)
def test_points_surround_their_own_centre(make, centres):
    points, mode = make(40_000, seed=3)
    assert points.shape == (40_000, 2)
    assert points.dtype == torch.float32
    assert mode.dtype == torch.int64
    offset = points - centres[mode]
    assert offset.std(dim=0).tolist() == pytest.approx([0.05, 0.05], rel=0.02)
    assert offset.mean(dim=0).abs().max() < 0.002
    assert abs(torch.corrcoef(offset.T)[0, 1]) < 0.02
    assert torch.equal(torch.cdist(points, centres).argmin(dim=1), mode)
    share = torch.bincount(mode, minlength=len(centres)) / len(mode)
    assert (share * len(centres) - 1).abs().max() < 0.1


def test_a_point_depends_on_seed_and_index_only():
    many, modes = mixtures.ring(500, seed=7)
    few, few_modes = mixtures.ring(20, seed=7)
    assert torch.equal(many[:20], few)
    assert torch.equal(modes[:20], few_modes)
    assert not torch.equal(mixtures.ring(20, seed=8)[0], few)


def test_other_rings_and_grids():
    points, mode = mixtures.ring(300, modes=3, radius=1.0, std=0.0)
    assert torch.equal(points, mixtures.ring_centres(3, 1.0)[mode])
    points, mode = mixtures.grid(300, side=2, spacing=1.0, std=0.0)
    assert torch.equal(points.abs(), torch.full((300, 2), 0.5))


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: mixtures.ring(0), "count"),
        (lambda: mixtures.ring(2.5), "count"),
        (lambda: mixtures.ring(10, seed=-1), "seed"),
        (lambda: mixtures.ring(10, modes=0), "modes"),
        (lambda: mixtures.ring(10, radius=0.0), "radius"),
        (lambda: mixtures.grid(10, std=-0.1), "std"),
        (lambda: mixtures.grid(10, std=float("nan")), "std"),
        (lambda: mixtures.grid(10, side=0), "side"),
        (lambda: mixtures.grid_centres(spacing="2"), "spacing"),
    ],
)
def test_bad_arguments_are_named(call, name):
    with pytest.raises(ValueError, match=f"^{name} must be"):
        call()
