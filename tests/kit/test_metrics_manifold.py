"""Precision, recall, density, coverage: against scikit-learn's neighbours, and on sets known to fail."""

import math

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from labkit.metrics import MetricError, density_coverage, pairs, precision_recall
from labkit.synthetic import mixtures

pytestmark = pytest.mark.portable


def _sets(n: int, m: int, features: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    real = torch.randn(n, features, generator=generator)
    return real, 0.8 * torch.randn(m, features, generator=generator) + 0.3


def _radii(x: np.ndarray, k: int) -> np.ndarray:
    # Asking for neighbours of the fitted points themselves leaves each point out of its own.
    return NearestNeighbors(n_neighbors=k, algorithm="brute").fit(x).kneighbors()[0][:, -1]


def _inside(balls: np.ndarray, radii: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(points, balls): is the point in the ball?"""
    distance, index = (
        NearestNeighbors(n_neighbors=len(balls), algorithm="brute").fit(balls).kneighbors(points)
    )
    held = np.zeros(distance.shape, dtype=bool)
    np.put_along_axis(held, index, distance <= radii[index], axis=1)
    return held


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize(("n", "m", "features"), [(150, 90, 2), (80, 120, 10)])
def test_agreement_with_sklearns_neighbours(n, m, features, k):
    real, fake = _sets(n, m, features)
    r, f = real.double().numpy(), fake.double().numpy()
    in_real, in_fake = _inside(r, _radii(r, k), f), _inside(f, _radii(f, k), r)
    found = precision_recall(real, fake, k=k)
    assert found.precision == pytest.approx(in_real.any(1).mean(), abs=1e-12)
    assert found.recall == pytest.approx(in_fake.any(1).mean(), abs=1e-12)
    assert found.precision != found.recall  # else a swap would pass
    found = density_coverage(real, fake, k=k)
    assert found.density == pytest.approx(in_real.sum() / (k * m), abs=1e-12)
    assert found.coverage == pytest.approx(in_real.any(0).mean(), abs=1e-12)


def test_four_points_on_a_line_by_hand():
    real = torch.tensor([[0.0], [1.0], [3.0], [7.0]])  # k = 1: radii 1, 1, 2, 4
    fake = torch.tensor([[1.5], [4.9], [11.0], [11.5]])  # radii 3.4, 3.4, 0.5, 0.5
    # In real balls: 1.5 (of 1 and 3), 4.9 (of 3 and 7), 11.0 (of 7, on its border); 11.5 is outside.
    assert precision_recall(real, fake, k=1) == (0.75, 1.0)
    assert density_coverage(real, fake, k=1) == (5 / 4, 0.75)


@pytest.mark.parametrize("count", [50, 700])
def test_equal_sets_are_perfect(count):
    real, _ = _sets(count, 10, 16)
    shuffled = real[torch.randperm(count, generator=torch.Generator().manual_seed(1))]
    assert precision_recall(real, shuffled) == (1.0, 1.0)
    assert density_coverage(real, shuffled, k=5).coverage == 1.0
    # Each real ball holds its own centre and k neighbours: (k + 1) / k.
    assert density_coverage(real, shuffled, k=5).density == pytest.approx(6 / 5)
    copies = torch.full((20, 3), 0.1)  # every radius is 0, and every distance too
    assert precision_recall(copies, copies.clone()) == (1.0, 1.0)


def test_strangers_have_nothing_in_common():
    real, fake = _sets(60, 60, 4)
    assert precision_recall(real, fake + 100) == (0.0, 0.0)
    assert density_coverage(real, fake + 100) == (0.0, 0.0)


def test_a_missing_half_costs_recall_and_coverage_but_not_precision():
    # Modes far apart and the samples the data's own, so that the ball of no sample reaches another mode.
    points, mode = mixtures.ring(1600, seed=1)
    real, other = points[:800], points[800:]
    fake = other[mode[800:] < 4]
    found = precision_recall(real, fake)
    assert found.precision > 0.95
    assert found.recall == pytest.approx(0.5, abs=0.06)
    assert density_coverage(real, fake).coverage == pytest.approx(0.5, abs=0.06)
    both = precision_recall(real, other)
    assert both.recall > 0.9
    assert precision_recall(real, real[mode[:800] != 3]) == (1.0, pytest.approx(7 / 8, abs=0.03))


def test_a_collapse_to_one_point_has_precision_and_no_recall():
    real = mixtures.ring(500, seed=2)[0]
    fake = real[:1] + 1e-4 * torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
    found = precision_recall(real, fake)
    assert found.precision == 1.0
    assert found.recall <= 1 / 500
    assert density_coverage(real, fake).coverage < 0.05


def test_one_outlier_lifts_precision_but_not_density():
    real, _ = _sets(300, 10, 2)
    far = real.clone()
    far[0] = torch.tensor([100.0, 100.0])
    noise = 40 * torch.rand(300, 2, generator=torch.Generator().manual_seed(0)) + 30
    assert precision_recall(real, noise).precision == 0.0
    assert precision_recall(far, noise).precision > 0.95
    assert density_coverage(far, noise).density == pytest.approx(1 / 5, abs=0.02)


def test_coverage_of_a_perfect_generator_is_as_the_paper_expects():
    real, _ = _sets(1500, 10, 8, seed=4)
    fake, _ = _sets(1500, 10, 8, seed=5)
    for k in (1, 3):
        assert density_coverage(real, fake, k=k).coverage == pytest.approx(1 - 2**-k, abs=0.05)
    assert density_coverage(real, fake).density == pytest.approx(1.0, abs=0.1)


def test_rotation_shift_and_scale_change_nothing():
    real, fake = (x.double() for x in _sets(150, 150, 6))
    turn = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(3)).double()).Q
    moved = [5.0 * x @ turn + 1000.0 for x in (real, fake)]
    assert precision_recall(*moved) == precision_recall(real, fake)
    assert density_coverage(*moved) == density_coverage(real, fake)


def test_blocks_change_nothing(monkeypatch):
    real, fake = _sets(75, 52, 6)
    whole = precision_recall(real, fake), density_coverage(real, fake)
    monkeypatch.setattr(pairs, "BLOCK_VALUES", 400)
    monkeypatch.setattr(pairs, "PIECE_VALUES", 70)
    assert (precision_recall(real, fake), density_coverage(real, fake)) == whole


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.uint8])
def test_narrow_dtypes_are_measured_in_float64(dtype):
    real, fake = (x.mul(20).add(100).to(dtype) for x in _sets(80, 60, 5))
    assert precision_recall(real, fake) == precision_recall(real.double(), fake.double())


def test_far_from_the_origin_small_distances_survive():
    # In float32 dot products these distances would all be lost to rounding: 1e6 against 1e-2.
    real, fake = (x.double() for x in _sets(100, 100, 3))
    there = [0.01 * x + 1000.0 for x in (real, fake)]
    assert precision_recall(*there) == precision_recall(real, fake)


def test_distances_are_exact_to_float64():
    real, fake = _sets(90, 70, 12)
    blocks = torch.cat([block for _, block in pairs.distance_blocks(real, fake)])
    direct = (real.double()[:, None] - fake.double()[None]).norm(dim=2)
    assert torch.allclose(blocks, direct, rtol=1e-12, atol=1e-12)
    same = torch.cat([block for _, block in pairs.distance_blocks(real, real)])
    assert (same.diagonal() == 0).all()  # not 1e-8, the root of a rounding error
    own = torch.cat([block for _, block in pairs.own_distance_blocks(real, 0.0)])
    assert torch.equal(own, own.T)
    nearest = NearestNeighbors(n_neighbors=4).fit(real.numpy()).kneighbors()[0][:, -1]
    assert pairs.neighbour_distance(real, 4).numpy() == pytest.approx(nearest, rel=1e-5)


@pytest.mark.parametrize("metric", [precision_recall, density_coverage])
@pytest.mark.parametrize(
    ("real", "fake", "k", "says"),
    [
        (torch.zeros(3, 2), torch.zeros(9, 2), 3, "real needs at least 4 samples for k = 3, got 3"),
        (torch.zeros(9, 2), torch.zeros(9, 2), 0, "k must be a whole number of neighbours"),
        (torch.zeros(9, 2), torch.zeros(9, 2), 2.0, "k must be a whole number of neighbours"),
        (torch.zeros(9, 2), torch.zeros(9, 3), 3, "must hold samples of one shape"),
        (torch.zeros(9, 2), torch.full((9, 2), math.nan), 3, "fake holds 18 values that are NaN"),
        (torch.zeros(9, 2), torch.zeros(0, 2), 3, "fake needs at least 1 samples, got 0"),
    ],
)
def test_wrong_arguments_get_one_clear_line(metric, real, fake, k, says):
    with pytest.raises(MetricError, match=says):
        metric(real, fake, k=k)


def test_recall_needs_neighbours_among_the_fakes_but_coverage_does_not():
    real = torch.rand(10, 2)
    with pytest.raises(MetricError, match="fake needs at least 4 samples for k = 3, got 3"):
        precision_recall(real, real[:3])
    assert density_coverage(real, real[:1]).coverage > 0
