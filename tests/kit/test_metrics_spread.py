"""Spread of samples and strength of gradients: against plain loops, scipy and torch's own clipping."""

import math

import pytest
import torch
from scipy.spatial.distance import pdist
from torch import nn

from labkit.metrics import (
    MetricError,
    diversity,
    duplicates,
    gradient_norm,
    gradient_norms,
    pairs,
    pairwise_distance,
)

pytestmark = pytest.mark.portable


def _normal(count: int, *shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(seed))


def test_pairwise_distance_is_scipys_mean_over_distinct_pairs():
    for x in (_normal(50, 7), _normal(2, 3), _normal(40, 1, 5, 5)):
        expected = pdist(x.flatten(1).double().numpy()).mean()
        assert pairwise_distance(x) == pytest.approx(expected, rel=1e-12)
    assert pairwise_distance(torch.tensor([[0.0, 0.0], [3.0, 4.0]])) == 5.0
    assert pairwise_distance(torch.full((9, 4), 0.1)) == 0.0


def test_pairwise_distance_of_gaussians_does_not_depend_on_the_count():
    # The difference of two is normal with variance 2 along each of two axes: mean length sqrt(pi).
    for count in (200, 4000):
        mean = sum(pairwise_distance(_normal(count, 2, seed=s)) for s in range(5)) / 5
        assert mean == pytest.approx(math.sqrt(math.pi), rel=0.04)


def test_uint8_images_do_not_wrap_around():
    x = torch.tensor([[250], [5]], dtype=torch.uint8)
    assert pairwise_distance(x) == 245.0


def test_diversity_is_the_fakes_over_the_reals():
    real = _normal(300, 3, 4, 4)
    assert diversity(real, real) == 1.0
    assert diversity(0.25 * real[:100], real) == pytest.approx(0.25, rel=0.05)
    assert diversity(real[:100], 0.25 * real) == pytest.approx(4.0, rel=0.05)
    assert diversity(real[:1].repeat(50, 1, 1, 1), real) == 0.0
    with pytest.raises(MetricError, match="real samples are all equal"):
        diversity(real, torch.zeros(9, 3, 4, 4))


def test_blocks_change_nothing(monkeypatch):
    x, y = _normal(61, 5), _normal(40, 5, seed=1)
    whole = pairwise_distance(x), duplicates(x, y)
    monkeypatch.setattr(pairs, "BLOCK_VALUES", 150)
    monkeypatch.setattr(pairs, "PIECE_VALUES", 35)
    assert pairwise_distance(x) == pytest.approx(whole[0], rel=1e-12)
    assert duplicates(x, y) == whole[1]


def test_duplicates_are_closer_than_half_the_usual_distance_of_the_real():
    real = torch.arange(10.0)[:, None]  # the nearest neighbour of each at 1: the limit is 0.5
    fake = torch.tensor([0.0, 0.4, 5.0, 5.6, 9.0, 9.0, 9.1, 20.0, 30.0, 40.0])[:, None]
    assert duplicates(fake, real) == 0.5  # 0, 0.4, 9, 9, 9.1
    assert duplicates(fake, real, closer=0.7) == 0.7
    assert duplicates(fake, within=0.05) == 0.2
    assert duplicates(fake, within=0.4) == 0.3  # 0.4 is not closer than 0.4, in float32 a hair above it
    assert duplicates(real, real) == 0.0
    # The median: one lonely real sample changes nothing.
    assert duplicates(fake, torch.cat([real[:9], torch.tensor([[1e6]])])) == 0.5


def test_more_fakes_than_reals_are_no_more_duplicates():
    # 16 times as many points lie 4 times closer in the plane; cut to equal counts they do not.
    many, few = _normal(3200, 2, seed=1), _normal(200, 2, seed=2)
    assert duplicates(many, few) < 0.3
    assert 0.08 < duplicates(few, many) < 0.3  # of 3,200 real the limit would be 4 times smaller


def test_duplicates_of_a_collapse_onto_few_images():
    real = _normal(200, 1, 8, 8)
    prototypes = _normal(5, 1, 8, 8, seed=3).repeat(40, 1, 1, 1)
    collapsed = prototypes + 0.2 * _normal(200, 1, 8, 8, seed=4)
    assert duplicates(collapsed, real) == 1.0
    assert duplicates(prototypes, real) == 1.0  # to the bit
    assert duplicates(_normal(200, 1, 8, 8, seed=5), real) == 0.0
    half = torch.cat([collapsed[:100], _normal(100, 1, 8, 8, seed=6)])
    assert duplicates(half, real) == 0.5


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_narrow_floats_are_measured_in_float64(dtype):
    x, real = _normal(60, 3).to(dtype), _normal(60, 3, seed=1).to(dtype)
    assert pairwise_distance(x) == pairwise_distance(x.double())
    assert diversity(x, real) == diversity(x.double(), real.double())
    assert duplicates(x, real) == duplicates(x.double(), real.double())


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x: pairwise_distance(x[:1]), "x needs at least 2 samples, got 1"),
        (lambda x: pairwise_distance(x * math.inf), "NaN or infinite: has the training diverged"),
        (lambda x: pairwise_distance(x.flatten()), r"x must have shape \(N, ...\)"),
        (lambda x: diversity(x, x[:, :2]), "must hold samples of one shape"),
        (lambda x: diversity(x.view(5, 1, 4), x.view(5, 2, 2)), r"got \(1, 4\) and \(2, 2\)"),
        (lambda x: diversity(x, (x * 9).to(torch.uint8)), "bring both to one scale first"),
        (lambda x: diversity(x, x.to("meta")), "fake is on cpu and real on meta: move one"),
        (lambda x: duplicates(x), "real samples or a limit within=..., one of the two"),
        (lambda x: duplicates(x, x, within=1.0), "one of the two"),
        (lambda x: duplicates(x, within=-1), "within must be a positive number, got -1"),
        (lambda x: duplicates(x, x, closer="half"), "closer must be a positive number, got 'half'"),
        (lambda x: duplicates(x, torch.ones(5, 4)), "most real samples are exact copies"),
    ],
)
def test_wrong_arguments_get_one_clear_line(call, says):
    with pytest.raises(MetricError, match=says):
        call(_normal(5, 4))


def _net(dtype=torch.float32) -> nn.Module:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 1)).to(dtype)
    net(torch.randn(8, 6, dtype=dtype)).square().sum().backward()
    return net


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_gradient_norm_is_what_clipping_returns(dtype):
    net = _net(dtype)
    norm = gradient_norm(net.parameters())
    assert norm.shape == ()
    assert norm.dtype == torch.float32
    clipped = torch.nn.utils.clip_grad_norm_(net.parameters(), math.inf)
    assert float(norm) == pytest.approx(float(clipped), rel=1e-2 if dtype == torch.bfloat16 else 1e-6)
    assert float(norm) > 0
    for parameter in net.parameters():
        parameter.grad.mul_(-3)
    assert float(gradient_norm(net.parameters())) == pytest.approx(3 * float(norm), rel=1e-2)


def test_gradients_that_are_missing_count_as_zero():
    net = _net()
    both = gradient_norm(net.parameters())
    net[0].weight.grad = net[0].bias.grad = None
    last = gradient_norm(net.parameters())
    assert 0 < last < both
    for parameter in net.parameters():
        parameter.grad = None
    assert gradient_norm(net.parameters()) == 0
    assert gradient_norm([]) == 0
    assert gradient_norm(p for p in net.to("meta").parameters()).device.type == "meta"


def test_a_huge_gradient_in_half_precision_does_not_overflow():
    weight = nn.Parameter(torch.zeros(4, dtype=torch.float16))
    weight.grad = torch.full((4,), 60000.0, dtype=torch.float16)
    assert float(gradient_norm([weight])) == pytest.approx(120000, rel=1e-3)
    weight.grad[0] = math.nan
    assert gradient_norm([weight]).isnan()


def test_gradient_norms_names_each_network():
    net, other = _net(), nn.Linear(2, 2)
    norms = gradient_norms({"d": net, "g": other})
    assert list(norms) == ["d", "g"]
    assert norms["d"] == gradient_norm(net.parameters())
    assert norms["g"] == 0
