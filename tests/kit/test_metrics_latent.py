"""What a latent space knows of the classes."""

import pytest
import torch

from labkit.metrics import MetricError, class_extents, neighbour_accuracy


@pytest.mark.portable
def test_separate_classes_are_told_apart_and_mixed_ones_are_not():
    torch.manual_seed(0)
    labels = torch.arange(500) % 5
    noise = torch.randn(500, 2)
    assert neighbour_accuracy(noise + 20 * labels[:, None], labels) == 1
    assert neighbour_accuracy(noise, labels) < 0.35


@pytest.mark.portable
def test_it_is_the_vote_of_the_others():
    torch.manual_seed(1)
    codes, labels = torch.randn(60, 2), torch.randint(0, 3, (60,))
    right = 0
    for i, code in enumerate(codes):
        order = sorted((j for j in range(60) if j != i), key=lambda j: float((codes[j] - code).norm()))
        votes = [int(labels[j]) for j in order[:5]]
        right += min(range(3), key=lambda c: (-votes.count(c), c)) == labels[i]
    assert neighbour_accuracy(codes, labels, k=5) == pytest.approx(float(right) / 60)


def test_extents_are_the_ends_of_each_class():
    codes = torch.tensor([[0.0, 5.0], [2.0, 1.0], [-1.0, 7.0]])
    assert class_extents(codes, torch.tensor([4, 4, 0])) == {
        0: [(-1.0, -1.0), (7.0, 7.0)],
        4: [(0.0, 2.0), (1.0, 5.0)],
    }


@pytest.mark.parametrize("labels", [torch.zeros(3), torch.zeros(2, dtype=torch.long), [0, 1, 2]])
def test_wrong_labels_are_named(labels):
    with pytest.raises(MetricError, match="labels must be whole numbers, one for each of 3 codes"):
        class_extents(torch.zeros(3, 2), labels)


def test_too_few_codes():
    with pytest.raises(MetricError, match="at least 11"):
        neighbour_accuracy(torch.zeros(10, 2), torch.zeros(10, dtype=torch.long))
