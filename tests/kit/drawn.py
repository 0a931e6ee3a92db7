"""What the tests of the kit's drawn pictures have in common, whatever is drawn."""

import numpy as np
import pytest
import torch

from labkit.synthetic.factors import sample


def changed(factors, **to):
    """Those factors with some set to one value for all pictures."""
    count = len(next(iter(factors.values())))
    return {
        **factors,
        **{name: torch.full((count,), value, dtype=factors[name].dtype) for name, value in to.items()},
    }


def difference(a, b):
    """Mean absolute difference for each image, 0 to 255."""
    return (a.float() - b.float()).abs().mean(dim=(1, 2, 3))


def changed_pixels(a, b):
    """How many pixels of each image differ by at least 8 levels in some colour."""
    return ((a.float() - b.float()).abs().amax(dim=1) >= 8).sum(dim=(1, 2))


def assert_global_generators_are_left_alone(draw):
    """Drawing neither uses nor moves the random states of torch and NumPy."""
    torch.manual_seed(1)
    np.random.seed(1)
    expected = torch.rand(3), np.random.rand(3)
    torch.manual_seed(1)
    np.random.seed(1)
    draw()
    assert torch.equal(torch.rand(3), expected[0])
    assert np.array_equal(np.random.rand(3), expected[1])


def assert_factors_are_as_declared(declared, name):
    """No two factors go together, classes are as frequent as declared, and numbers fill their range."""
    factors = sample(declared, name, 0, np.arange(20_000))
    table = np.stack([values.numpy().astype(np.float64) for values in factors.values()])
    correlation = np.corrcoef(table) - np.eye(len(table))
    assert np.abs(correlation).max() < 0.035
    for factor in declared:
        values = factors[factor.name]
        if factor.kind == "class":
            share = torch.bincount(values, minlength=len(factor.values)) / 20_000
            wanted = factor.weights or [1 / len(factor.values)] * len(factor.values)
            assert share.tolist() == pytest.approx(list(wanted), abs=0.015)
        else:
            low, high = factor.values
            assert low <= values.min() < low + 0.01
            assert high - 0.01 < values.max() <= high


def assert_no_two_alike(images):
    """Any two of these images differ by more than 5 levels in the mean."""
    flat = images.flatten(1).float()
    distances = torch.cdist(flat, flat, p=1) / images[0].numel()
    distances.fill_diagonal_(255)
    assert distances.min() > 5
