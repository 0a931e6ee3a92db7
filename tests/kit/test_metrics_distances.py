"""Frechet and kernel distance: scipy and scikit-learn agree, and so do closed forms and invariants."""

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from sklearn.metrics.pairwise import polynomial_kernel

from labkit.metrics import MetricError, frechet_distance, kernel_distance, pairs

pytestmark = pytest.mark.portable


def _normal(count: int, features: int, seed: int, scale: float = 1.0, shift: float = 0.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    mix = torch.eye(features) + 0.3 * torch.randn(features, features, generator=generator)
    return scale * torch.randn(count, features, generator=generator) @ mix + shift


def _exact(mean: torch.Tensor, covariance: torch.Tensor, seed: int, count: int = 60) -> torch.Tensor:
    """Samples whose mean and covariance (over N - 1) are these exactly."""
    x = torch.randn(count, len(mean), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    x = x - x.mean(dim=0)
    x = x @ torch.linalg.inv(torch.linalg.cholesky(x.T @ x / (count - 1))).T
    return x @ torch.linalg.cholesky(covariance).T + mean


def _rotation(features: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(features, features, generator=generator, dtype=torch.float64)).Q


def _scipy_frechet(a: torch.Tensor, b: torch.Tensor) -> float:
    a, b = a.double().numpy(), b.double().numpy()
    c_a, c_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = scipy.linalg.sqrtm(c_a @ c_b)
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(c_a + c_b - 2 * root.real))


def _sklearn_kid(a: torch.Tensor, b: torch.Tensor) -> float:
    a, b = a.double().numpy(), b.double().numpy()
    own = []
    for x in (a, b):
        k = polynomial_kernel(x, degree=3, gamma=1 / x.shape[1], coef0=1)
        own.append((k.sum() - np.trace(k)) / (len(x) * (len(x) - 1)))
    return float(sum(own) - 2 * polynomial_kernel(a, b, degree=3, gamma=1 / a.shape[1], coef0=1).mean())


@pytest.mark.parametrize(("n", "m", "features"), [(200, 150, 5), (300, 300, 40), (50, 2000, 1)])
def test_frechet_is_scipys(n, m, features):
    a, b = _normal(n, features, 0), _normal(m, features, 1, scale=1.5, shift=0.5)
    # A single feature has no square-root *matrix* in scipy's sense: |m|^2 + (s_a - s_b)^2.
    if features == 1:
        expected = float((a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2)
    else:
        expected = _scipy_frechet(a, b)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-5)


def test_frechet_of_gaussians_in_closed_form():
    mean = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    first = torch.diag(torch.tensor([1.0, 4.0, 9.0], dtype=torch.float64))
    second = torch.diag(torch.tensor([4.0, 1.0, 0.25], dtype=torch.float64))
    a, b = _exact(mean, first, 0), _exact(torch.zeros_like(mean), second, 1, count=90)
    # Commuting covariances: |m|^2 + the squared differences of the standard deviations.
    assert frechet_distance(a, b) == pytest.approx(5.25 + 1 + 1 + 6.25, rel=1e-10)
    # Covariances that do not commute: 2 x 2, tr (AB)^(1/2) = sqrt(tr AB + 2 sqrt(det AB)).
    first = torch.tensor([[2.0, 0.9], [0.9, 1.0]], dtype=torch.float64)
    second = torch.tensor([[1.0, -0.7], [-0.7, 3.0]], dtype=torch.float64)
    product = first @ second
    root = math.sqrt(float(product.trace()) + 2 * math.sqrt(float(torch.linalg.det(product))))
    a, b = _exact(torch.zeros(2).double(), first, 2), _exact(torch.zeros(2).double(), second, 3)
    assert frechet_distance(a, b) == pytest.approx(3.0 + 4.0 - 2 * root, rel=1e-10)


def test_equal_sets_are_at_zero_and_never_below():
    for count, features in ((100, 8), (10, 64), (2, 3)):
        a = _normal(count, features, 5, shift=100.0)
        assert 0.0 <= frechet_distance(a, a) < 1e-8
        assert 0.0 <= frechet_distance(a, a.flip(0)) < 1e-8
        assert 0.0 <= frechet_distance(a, a + 1e-5) < 1e-4
    assert frechet_distance(torch.ones(5, 4), torch.ones(9, 4)) == 0.0
    assert frechet_distance(torch.ones(5, 4), torch.zeros(9, 4)) == 4.0


def test_frechet_with_fewer_samples_than_features():
    # Two samples each, on two orthogonal axes: the covariances share nothing, the traces add up.
    a, b = torch.zeros(2, 6), torch.zeros(2, 6)
    a[:, 0], b[:, 1] = torch.tensor([-1.0, 1.0]), torch.tensor([-3.0, 3.0])
    assert frechet_distance(a, b) == pytest.approx(2.0 + 18.0, rel=1e-12)
    # Both below F: 30 samples in 50 features, the product of covariances is of rank 29.
    a, b = _normal(30, 50, 0), _normal(40, 50, 1, shift=0.3)
    c_a, c_b = (torch.from_numpy(np.cov(x.double().numpy(), rowvar=False)) for x in (a, b))
    values, vectors = torch.linalg.eigh(c_a)
    half = vectors * values.clamp_min(0).sqrt() @ vectors.T
    root = torch.linalg.eigvalsh(half @ c_b @ half).clamp_min(0).sqrt().sum()
    gap = (a.double().mean(dim=0) - b.double().mean(dim=0)).square().sum()
    expected = float(gap + c_a.trace() + c_b.trace() - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-5)
    # One distribution: the fewer samples, the larger the value, as the docstring warns.
    x = torch.randn(4000, 50, generator=torch.Generator().manual_seed(0))
    assert frechet_distance(x[:30], x[2000:2030]) > 10 * frechet_distance(x[:2000], x[2000:])


def test_frechet_is_symmetric_and_knows_no_axes():
    a, b = _normal(200, 6, 0).double(), _normal(120, 6, 1, shift=1.0).double()
    there = frechet_distance(a, b)
    turn = _rotation(6)
    assert frechet_distance(b, a) == pytest.approx(there, rel=1e-10)
    assert frechet_distance(a @ turn + 7.0, b @ turn + 7.0) == pytest.approx(there, rel=1e-10)
    assert frechet_distance(3 * a, 3 * b) == pytest.approx(9 * there, rel=1e-10)
    assert frechet_distance(a[torch.randperm(200)], b) == pytest.approx(there, rel=1e-10)


@pytest.mark.parametrize(("n", "m", "features"), [(120, 80, 5), (64, 64, 200), (2, 3, 1)])
def test_kernel_distance_is_sklearns(n, m, features):
    a, b = _normal(n, features, 0, shift=0.2), _normal(m, features, 1, scale=1.5)
    assert kernel_distance(a, b) == pytest.approx(_sklearn_kid(a, b), rel=1e-9, abs=1e-9)
    assert kernel_distance(b, a) == pytest.approx(kernel_distance(a, b), rel=1e-9, abs=1e-9)


def test_kernel_distance_is_zero_on_average_where_frechet_is_not():
    generator = torch.Generator().manual_seed(3)
    draws = [torch.randn(2, 40, 8, generator=generator) for _ in range(200)]
    values = torch.tensor([kernel_distance(*d) for d in draws])
    assert abs(values.mean()) < 4 * values.std() / math.sqrt(200)
    assert (values < 0).any()
    a = draws[0][0]
    assert kernel_distance(a, a) < 0  # the pairs of a sample with itself: said in the docstring
    # The biased estimate would add 1 / n of the gap between own and other pairs: far outside that band.
    biased = (_cube(a, a).mean() - _own(a)) * 2
    assert biased > 4 * values.std() / math.sqrt(200)


def _cube(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a @ b.T / a.shape[1] + 1) ** 3


def _own(a: torch.Tensor) -> torch.Tensor:
    k = _cube(a, a)
    return (k.sum() - k.trace()) / (len(a) * (len(a) - 1))


def test_kernel_distance_sees_the_third_moment():
    # Equal mean and covariance, so Frechet is blind; a cubic kernel is not.
    generator = torch.Generator().manual_seed(0)
    skew = torch.rand(4000, 1, generator=generator).log().neg().sub(1.0).double()
    skew = (skew - skew.mean()) / skew.std()
    assert frechet_distance(skew, -skew) < 1e-9
    assert kernel_distance(skew, -skew) > 1.0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_narrow_floats_are_measured_in_float64(dtype):
    a, b = _normal(100, 4, 0).to(dtype), _normal(100, 4, 1, shift=1.0).to(dtype)
    for distance in (frechet_distance, kernel_distance):
        assert distance(a, b) == distance(a.double(), b.double())
        assert isinstance(distance(a, b), float)


def test_blocks_change_nothing(monkeypatch):
    a, b = _normal(70, 5, 0), _normal(33, 5, 1)
    kid = kernel_distance(a, b)
    monkeypatch.setattr(pairs, "BLOCK_VALUES", 100)
    monkeypatch.setattr(pairs, "PIECE_VALUES", 40)
    assert kernel_distance(a, b) == pytest.approx(kid, rel=1e-12)


def test_images_are_flattened_and_gradients_left_alone():
    a, b = torch.rand(20, 1, 4, 4, requires_grad=True), torch.rand(30, 1, 4, 4)
    assert frechet_distance(a, b) == frechet_distance(a.detach().flatten(1), b.flatten(1))
    assert kernel_distance(a, b) == kernel_distance(a.detach().flatten(1), b.flatten(1))
    assert a.grad is None


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
@pytest.mark.parametrize(
    ("a", "b", "says"),
    [
        (torch.zeros(1, 3), torch.zeros(5, 3), "a needs at least 2 samples, got 1"),
        (torch.zeros(5, 3), torch.zeros(5, 4), "must hold samples of one shape"),
        (torch.zeros(5, 3), torch.zeros(5, 3, dtype=torch.uint8), "bring both to one scale"),
        (torch.zeros(5, 3), torch.full((5, 3), math.inf), "b holds 15 values that are NaN or infinite"),
        (torch.zeros(5, 0), torch.zeros(5, 0), "a has no values in a row"),
        (np.zeros((5, 3)), torch.zeros(5, 3), "a must be a torch tensor, got ndarray"),
        (torch.zeros(5, 3, dtype=torch.complex64), torch.zeros(5, 3), "a must hold real numbers"),
    ],
)
def test_wrong_arguments_get_one_clear_line(distance, a, b, says):
    with pytest.raises(MetricError, match=says):
        distance(a, b)
