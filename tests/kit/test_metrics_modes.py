"""Modes of a mixture and classes of a classifier: counted by hand, against scipy, on the kit's own ring."""

import math

import numpy as np
import pytest
import scipy.stats
import torch

from labkit.metrics import (
    MetricError,
    class_histogram,
    class_kl,
    classes_covered,
    high_quality,
    mode_kl,
    modes_covered,
    modes_near,
)
from labkit.synthetic import mixtures

pytestmark = pytest.mark.portable

FOUR = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])


def _at(*counts: int, offset: float = 0.0) -> torch.Tensor:
    """So many points at each of the four centres, all moved by ``offset`` along x."""
    points = FOUR.repeat_interleave(torch.tensor(counts), dim=0)
    return points + torch.tensor([offset, 0.0])


def test_the_data_themselves_are_healthy():
    for points, centres in (
        (mixtures.ring(5000, seed=1)[0], mixtures.ring_centres()),
        (mixtures.grid(5000, seed=1)[0], mixtures.grid_centres()),
    ):
        assert modes_covered(points, centres) == modes_near(points, centres) == len(centres)
        # Within three standard deviations in the plane: chi-squared of two degrees, not erf's 0.997.
        assert high_quality(points, centres) == pytest.approx(scipy.stats.chi2.cdf(9, df=2), abs=0.006)
        assert mode_kl(points, centres) < 0.01


@pytest.mark.parametrize("missing", range(8))
def test_each_missing_mode_is_missed(missing):
    points, mode = mixtures.ring(2000, seed=2)
    left = points[mode != missing]
    centres = mixtures.ring_centres()
    assert modes_covered(left, centres) == modes_near(left, centres) == 7
    assert mode_kl(left, centres) == pytest.approx(math.log(8 / 7), abs=0.02)


def test_a_mode_needs_a_fifth_of_its_fair_share_of_all_points():
    # 1,000 points on four modes: the fair share is 250, a fifth of it 50.
    assert modes_covered(_at(850, 50, 50, 50), FOUR) == 4
    assert modes_covered(_at(851, 50, 50, 49), FOUR) == 3
    assert modes_near(_at(851, 50, 50, 49), FOUR) == 3
    assert modes_near(_at(851, 50, 50, 49), FOUR, share=0.19) == 4
    assert modes_covered(_at(250, 250, 250, 250), FOUR, share=1.0) == 4
    # Far points take part in the fair share: 49 sharp ones of 1,000 are too few, though all sharp ones.
    points = torch.cat([_at(0, 0, 0, 49), _at(951, 0, 0, 0, offset=1.0)])
    assert modes_covered(points, FOUR) == 0
    assert modes_near(points, FOUR) == 1


def test_exactly_the_share_counts_whatever_the_rounding():
    for modes in (3, 7, 8, 25):
        for share in (0.1, 0.2, 0.3, 0.7):
            centres = torch.stack([torch.arange(modes) * 5.0, torch.zeros(modes)], dim=1)
            each = 100
            rest = centres.repeat_interleave(each, dim=0)[round((1 - share) * each) :]
            filler = centres[1:2].repeat(modes * each - len(rest), 1)
            assert modes_near(torch.cat([rest, filler]), centres, share=share) == modes, (modes, share)


def test_high_quality_is_three_standard_deviations_and_the_border_is_in():
    assert high_quality(_at(5, 5, 5, 5, offset=0.75), FOUR, std=0.25) == 1.0
    assert high_quality(_at(5, 5, 5, 5, offset=0.76), FOUR, std=0.25) == 0.0
    half = torch.cat([_at(5, 0, 0, 0), _at(5, 0, 0, 0, offset=-2.0)])
    assert high_quality(half, FOUR) == 0.5
    assert modes_covered(_at(9, 9, 9, 9, offset=1.0), FOUR) == 0
    assert modes_covered(_at(9, 9, 9, 9, offset=1.0), FOUR, std=0.5) == 4


def test_broad_samples_are_near_but_not_covered():
    centres = mixtures.ring_centres()
    points = mixtures.ring(4000, seed=4, std=0.3)[0]
    assert modes_near(points, centres) == 8
    assert modes_covered(points, centres) == 0
    assert high_quality(points, centres) == pytest.approx(1 - math.exp(-0.125), abs=0.02)


def test_mode_kl_is_scipys_entropy_of_the_histogram():
    counts = (700, 200, 100, 0)
    expected = scipy.stats.entropy(np.array(counts) / 1000, [0.25] * 4)
    assert mode_kl(_at(*counts), FOUR) == pytest.approx(expected, abs=1e-12)
    assert mode_kl(_at(9, 0, 0, 0), FOUR) == pytest.approx(math.log(4))
    assert mode_kl(_at(9, 9, 9, 9), FOUR) == 0.0


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_dtype_of_points_does_not_matter(dtype):
    assert modes_covered(_at(30, 30, 1, 30).to(dtype), FOUR) == 3


def test_class_histogram_counts_each_class():
    shares = class_histogram(torch.tensor([0, 2, 2, 3, 2]), classes=5)
    assert shares.dtype == torch.float64
    assert shares.tolist() == [0.2, 0.0, 0.6, 0.2, 0.0]
    assert class_histogram(torch.tensor([9], dtype=torch.uint8)).tolist() == [0.0] * 9 + [1.0]


def test_class_kl_is_scipys_and_not_symmetric():
    generator = torch.Generator().manual_seed(0)
    for _ in range(5):
        p, q = (torch.rand(10, generator=generator).double() for _ in range(2))
        p, q = p / p.sum(), q / q.sum()
        assert class_kl(p) == pytest.approx(scipy.stats.entropy(p, [0.1] * 10), abs=1e-12)
        assert class_kl(p, q) == pytest.approx(scipy.stats.entropy(p, q), abs=1e-12)
        assert class_kl(p, p) == 0.0


def test_class_kl_at_its_ends():
    one = torch.tensor([0.0, 1.0, 0.0])
    half = torch.tensor([0.0, 0.5, 0.5])
    assert class_kl(one) == pytest.approx(math.log(3))
    assert class_kl(one, half) == pytest.approx(math.log(2))  # a class missing from the samples: finite
    assert class_kl(half, one) == math.inf  # a class that the data do not have
    assert class_kl(class_histogram(torch.arange(30) % 10).float()) < 1e-12


def test_classes_covered_asks_for_more_than_the_share():
    shares = class_histogram(torch.tensor([0] * 91 + [1] * 4 + [2] * 3 + [3] * 2))
    assert classes_covered(shares) == 2
    assert classes_covered(shares, at_least=0.0) == 4
    assert classes_covered(shares, at_least=0.9) == 1
    assert classes_covered(class_histogram(torch.arange(1000) % 10)) == 10


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_exactly_the_share_is_not_more_than_the_share(dtype):
    """However the other shares round when they are added up."""
    for count in range(30, 400):
        rare = count // 30
        others = 1 + torch.arange(count - rare) % 9
        shares = class_histogram(torch.cat([torch.zeros(rare, dtype=torch.int64), others])).to(dtype)
        assert classes_covered(shares, at_least=rare / count) == 9


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: modes_covered([[0.0, 0.0]], FOUR), "points must be a torch tensor, got list"),
        (lambda: modes_covered(torch.zeros(5), FOUR), r"points must have shape \(N, ...\)"),
        (lambda: modes_covered(torch.zeros(0, 2), FOUR), "points needs at least 1 samples, got 0"),
        (lambda: modes_covered(torch.zeros(5, 3), FOUR), r"one shape, got \(3,\) and \(2,\)"),
        (lambda: modes_covered(FOUR * math.nan, FOUR), "points holds 8 values that are NaN"),
        (lambda: modes_covered(FOUR, FOUR, std=0.0), "std must be a positive number, got 0.0"),
        (lambda: modes_covered(FOUR, FOUR, share=1.5), "share must be a share, above 0 and at most 1"),
        (lambda: modes_near(FOUR, FOUR, share="0.2"), "share must be a positive number, got '0.2'"),
        (lambda: high_quality(FOUR.bool(), FOUR), "points must hold real numbers, got torch.bool"),
        (lambda: class_histogram(torch.zeros(3)), "labels must be whole numbers"),
        (lambda: class_histogram(torch.zeros(3, 10).long()), r"shape \(N,\)"),
        (lambda: class_histogram(torch.tensor([], dtype=torch.int64)), "N at least 1"),
        (lambda: class_histogram(torch.tensor([0, 10])), "labels must be 0 to 9 for 10 classes, got 0 to 10"),
        (lambda: class_histogram(torch.tensor([-1, 3])), "got -1 to 3"),
        (lambda: class_histogram(torch.tensor([0]), classes=0), "classes must be a whole number"),
        (lambda: class_kl(torch.tensor([3, 5])), "shares, not counts"),
        (lambda: class_kl(torch.tensor([3.0, 5.0])), "sum to 1, got the sum 8"),
        (lambda: class_kl(torch.tensor([math.nan, 1.0])), "sum to 1, got the sum nan"),
        (lambda: class_kl(torch.tensor([-0.5, 1.5])), "must be at least 0"),
        (lambda: class_kl(torch.tensor([1.0]), torch.tensor([0.5, 0.5])), "1 classes and reference 2"),
        (lambda: classes_covered(torch.tensor([1.0]), at_least=3), "at_least must be a share"),
    ],
)
def test_wrong_arguments_get_one_clear_line(call, says):
    with pytest.raises(MetricError, match=says) as caught:
        call()
    assert isinstance(caught.value, ValueError)
    assert "\n" not in str(caught.value)
