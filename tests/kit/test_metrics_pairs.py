"""A pair has one distance, whichever way it is asked for: what nearest neighbours and balls rely on.

All comparisons here are to the last bit, on purpose: a ball whose own border is lost to rounding, or a
lattice whose points are a hair closer than its step, are errors on some processors and not on others.
"""

import pytest
import torch

from labkit.metrics import density_coverage, duplicates, kernel_distance, pairs, precision_recall
from labkit.training.observe import spread

pytestmark = pytest.mark.portable

SHAPES = [(2, 1), (33, 2), (90, 12), (129, 7), (60, 200), (9, 3072)]
KINDS = {
    "float32": lambda x: x,
    "float64": lambda x: x.double() / 3,
    "far from the origin": lambda x: x.double() + 1e8 / 3,
    "few values, many ties": lambda x: x.round().to(torch.int16),
    "every sample twice": lambda x: torch.cat([x[: len(x) // 2 + 1]] * 2),
}
CHUNKS = {"one block": None, "a row a block": (1, 1), "small": (301, 97), "odd pieces": (1000, 7000)}


@pytest.fixture(params=CHUNKS)
def chunks(request, monkeypatch):
    if CHUNKS[request.param]:
        monkeypatch.setattr(pairs, "BLOCK_VALUES", CHUNKS[request.param][0])
        monkeypatch.setattr(pairs, "PIECE_VALUES", CHUNKS[request.param][1])


def _samples(count: int, features: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, features, generator=torch.Generator().manual_seed(seed))


def _all(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.cat([block for _, block in pairs.distance_blocks(a, b)])


def _order(count: int, seed: int) -> torch.Tensor:
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("count", "features"), SHAPES)
def test_a_pair_has_one_distance(count, features, kind, chunks):
    x = KINDS[kind](_samples(count, features))
    own = _all(x, x)
    assert torch.equal(own, own.T)
    assert (own.diagonal() == 0).all()
    one, other = _order(len(x), 1), _order(len(x), 2)[: len(x) // 2 + 1]
    assert torch.equal(_all(x[one], x[other]), own[one][:, other])
    assert torch.equal(_all(x[other], x[one]), own[other][:, one])
    assert torch.equal((x[:, None] == x[None]).all(2), own == 0)  # equal rows, and no others


def test_chunks_change_no_bit(monkeypatch):
    x, y = _samples(120, 33), _samples(75, 33, seed=1)
    whole, own, nearest = _all(x, y), _all(x, x), pairs.neighbour_distance(x, 4)
    for values in range(1, 400, 29):
        monkeypatch.setattr(pairs, "BLOCK_VALUES", 37 * values)
        monkeypatch.setattr(pairs, "PIECE_VALUES", 29 * values)
        assert torch.equal(_all(x, y), whole) and torch.equal(_all(x, x), own)
        assert torch.equal(pairs.neighbour_distance(x, 4), nearest)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("count", "features"), SHAPES[1:])
def test_the_kth_neighbour_lies_in_the_ball_that_it_defines(count, features, kind):
    x = KINDS[kind](_samples(count, features))
    for k in (1, 3, 5):
        radius = pairs.neighbour_distance(x, k)
        inside = (_all(x[_order(len(x), k)], x) <= radius).sum(0)
        assert (inside >= k + 1).all()  # itself and k others, more only where distances tie
        if kind not in ("few values, many ties", "every sample twice") and features > 1:
            assert (inside == k + 1).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("count", "features"), [(97, 3), (700, 16), (150, 784)])
def test_the_data_in_another_order_are_perfect(count, features, kind):
    real = KINDS[kind](_samples(count, features))
    shuffled = real[_order(len(real), 0)]
    assert precision_recall(real, shuffled) == (1.0, 1.0)
    found = density_coverage(real, shuffled)
    assert found.coverage == 1.0
    assert found == density_coverage(real, real)
    assert found.density >= 6 / 5  # each ball holds its centre and 5 neighbours, ties count too


@pytest.mark.parametrize("offset", [0.0, 1e6, -3e9])
def test_neighbours_on_a_lattice_are_not_closer_than_its_step(offset):
    steps = torch.arange(12.0, dtype=torch.float64)
    lattice = torch.cartesian_prod(steps, steps, steps) + offset
    lattice = lattice[_order(len(lattice), 0)]
    assert (pairs.neighbour_distance(lattice) == 1).all()
    assert duplicates(lattice, lattice, closer=1.0) == 0.0
    assert duplicates(lattice, within=1.0) == 0.0
    assert duplicates(lattice, within=1.0 + 1e-9) == 1.0


def test_the_kernel_distance_leaves_out_a_samples_product_with_itself(monkeypatch):
    """By a loop over distinct pairs, and at every border of blocks."""
    x, y = _samples(23, 4), _samples(17, 4, seed=1) + 0.5

    def kernel(a, b):
        return float((a.double() @ b.double() / 4 + 1) ** 3)

    def own(z):
        values = [kernel(z[i], z[j]) for i in range(len(z)) for j in range(len(z)) if i != j]
        return sum(values) / len(values)

    cross = sum(kernel(a, b) for a in x for b in y) / (len(x) * len(y))
    expected = own(x) + own(y) - 2 * cross
    for values in (1, 40, 100, 2_000_000):
        monkeypatch.setattr(pairs, "BLOCK_VALUES", values)
        monkeypatch.setattr(pairs, "PIECE_VALUES", max(4, values // 3))
        assert kernel_distance(x, y) == pytest.approx(expected, rel=1e-10)
    huge = x.clone()
    huge[0] = 1e4  # its product with itself, 1e24, would round off all that the others say
    assert kernel_distance(huge, y) == pytest.approx(own(huge) + own(y) - 2 * sum(
        kernel(a, b) for a in huge for b in y) / (len(x) * len(y)), rel=1e-10)  # fmt: skip


def test_the_diversity_of_a_ring_game_keeps_small_distances():
    """In float32 products these points, 1e-4 apart and 2 from the origin, would be about 1e-3 apart."""
    points = 1e-4 * _samples(64, 2) + torch.tensor([2.0, 0.0])
    real = _samples(64, 2)
    expected = torch.pdist(points.double()).mean() / torch.pdist(real.double()).mean()
    assert spread(points, real) == pytest.approx(expected.item(), rel=1e-5)
    assert spread(points[:1].expand(64, 2), real) == 0
