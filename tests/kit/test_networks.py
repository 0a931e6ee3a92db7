"""The given networks: shapes, ranges, parameter counts and the weights they start from."""

import pytest
import torch
from torch import nn

from labkit.networks import count_parameters, dcgan_pair, dense_pair, init_dcgan, pair_2d

pytestmark = pytest.mark.portable


@pytest.mark.parametrize("size", [16, 32, 64, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_convolutional_pair_at_every_size(size, channels):
    G, D = dcgan_pair(latent_dim=7, base_channels=4, image_channels=channels, image_size=size)
    images = G(torch.randn(2, *G.latent_shape))
    assert images.shape == (2, channels, size, size)
    assert images.abs().max() <= 1
    assert D(images).shape == (2,)


def test_the_published_pair_has_the_published_counts():
    G, D = dcgan_pair()
    assert (count_parameters(G), count_parameters(D)) == (3_576_704, 2_765_568)  # the tutorial's own nets


def test_the_dense_pair_has_the_counts_of_its_report():
    G, D = dense_pair()
    assert (count_parameters(G), count_parameters(D)) == (16_850_691, 6_423_553)
    images = G(torch.randn(2, 4096))
    assert images.shape == (2, 3, 64, 64)
    assert images.abs().max() <= 1
    assert D(images).shape == (2,)


def test_points():
    G, D = pair_2d(latent_dim=5, hidden=8)
    points = G(torch.randn(6, 5))
    assert points.shape == (6, 2)
    assert D(points).shape == (6,)


@pytest.mark.parametrize("make", [lambda o: dcgan_pair(base_channels=4, image_size=16, output=o), dense_pair])
def test_a_probability_is_the_sigmoid_of_the_logit(make):
    (_, logits), (_, probability) = make("logits"), make("probability")
    probability.load_state_dict(logits.state_dict())
    size = 16 if isinstance(next(logits.children()), nn.Conv2d) else 64
    images = torch.rand(4, 3, size, size) * 2 - 1
    assert torch.allclose(torch.sigmoid(logits(images)), probability(images), atol=1e-6)


def test_a_confident_probability_keeps_its_gradient_in_bfloat16():
    _, D = dcgan_pair(base_channels=4, image_size=16, output="probability")
    nn.init.constant_(D.to_score.weight, 0.05)
    images = torch.full((2, 3, 16, 16), 0.5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores = D(images)
    assert scores.dtype == torch.float32
    assert (scores < 1).all()


def test_dcgan_weights():
    torch.manual_seed(0)
    convolution, norm = nn.Conv2d(64, 64, 4), nn.BatchNorm2d(4096)
    init_dcgan(nn.Sequential(convolution, norm))
    assert convolution.weight.mean().abs() < 1e-3
    assert abs(convolution.weight.std() - 0.02) < 1e-3
    assert abs(norm.weight.mean() - 1) < 2e-3
    assert abs(norm.weight.std() - 0.02) < 2e-3
    assert not norm.bias.any()
    assert not convolution.bias.any()


def test_init_draws_from_the_seed():
    made = []
    for _ in range(2):
        torch.manual_seed(5)
        made.append(dcgan_pair(base_channels=4, image_size=16)[0].state_dict())
    assert all(torch.equal(made[0][name], made[1][name]) for name in made[0])


@pytest.mark.parametrize("size", [0, -64, 4, 60])
def test_an_impossible_size_is_named(size):
    with pytest.raises(ValueError, match=f"image_size {size}"):
        dcgan_pair(image_size=size)


def test_an_unknown_output_is_named():
    with pytest.raises(ValueError, match="'sigmoid'"):
        dense_pair("sigmoid")
