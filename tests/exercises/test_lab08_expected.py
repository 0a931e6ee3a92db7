"""What the judges of lab 08 expect is what the kit computes, and what the printed tables say."""

import functools
import itertools

import pytest
import torch

from labkit import styles
from labkit.exercises import module
from labkit.exercises.lab08 import read_tables
from labkit.exercises.lab08 import truncate as truncation
from labkit.metrics import frechet_distance
from labkit.networks import style

# FID in tables 1 and 2 of Karras et al. (2019, arXiv:1812.04948). Smaller is better.
STEPS = {"CelebA-HQ": (7.79, 6.11, 5.34, 5.07, 5.06, 5.17), "FFHQ": (8.04, 5.25, 4.85, 4.88, 4.42, 4.40)}
LATENTS = {50: (4.41, 6.10, 8.71, 11.61), 100: (4.83, 5.17, 6.63, 8.40)}


def _expected(exercise_id):
    return module(exercise_id).expected


@pytest.fixture(scope="module")
def G():
    torch.manual_seed(0)
    G, _ = style.style_pair(
        image_size=16, latent_dim=6, style_dim=7, mapping_layers=2, base_channels=2, most_channels=4
    )
    with torch.no_grad():
        for name, weights in G.synthesis.named_parameters():
            if "noise_strength" in name:
                weights.fill_(0.3)
    return G.double().requires_grad_(False)


def test_the_mapping_network_is_the_kits():
    z, networks = torch.randn(5, 4) * 3, []
    for make in (style.MappingNetwork, _expected("8.1")):
        torch.manual_seed(1)
        more = (
            {}
            if make is style.MappingNetwork
            else {"linear": functools.partial(style.EqualLinear, rate=0.01)}
        )
        networks.append(make(4, 6, 3, **more))
    torch.testing.assert_close(networks[0](z), networks[1](z))


def test_adain_noise_mixing_and_truncation_are_the_kits():
    x, scale, shift = torch.randn(2, 3, 5, 4) + 2, torch.randn(2, 3), torch.randn(2, 3)
    torch.testing.assert_close(_expected("8.2")(x, scale, shift), style.adain(x, scale, shift))
    noise, strength = torch.randn(2, 1, 5, 4), torch.randn(3)
    torch.testing.assert_close(_expected("8.3")(x, noise, strength), style.add_noise(x, noise, strength))
    for crossover in range(6):
        assert torch.equal(
            _expected("8.5")(scale, shift, crossover, 5), style.mix(scale, shift, crossover, 5)
        )
    w, many_w, psi = truncation.styles(3)
    kit = style.truncate(w, many_w.mean(0), psi)
    torch.testing.assert_close(_expected("8.6")(w, many_w, psi), kit)


def test_the_noise_map_is_the_kits(G):
    z = styles.draw_z(G, 3)
    torch.manual_seed(0)
    _, deviation = styles.noise_effect(G, G.mapping(z), draws=7)
    torch.testing.assert_close(_expected("8.4")(G, z, 7), deviation)
    assert deviation.min() > 0


@pytest.mark.parametrize(("samples", "features"), [(50, 6), (5, 9)])
def test_the_frechet_distance_is_the_kits(samples, features):
    torch.manual_seed(samples)
    a = torch.randn(samples, features, dtype=torch.float64) @ torch.randn(features, features).double()
    b = torch.randn(samples + 3, features, dtype=torch.float64) + 0.5
    found = _expected("8.7")(a.mean(0), a.T.cov(), b.mean(0), b.T.cov())
    assert float(found) == pytest.approx(frechet_distance(a, b), rel=1e-5)
    assert float(_expected("8.7")(*(a.mean(0), a.T.cov()) * 2)) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("space", ["z", "w"])
def test_path_lengths_are_the_kits(space, G):
    kit = styles.path_lengths(G, styles.squared_distance, space=space, count=6, epsilon=1e-3)
    z_a, z_b = styles.draw_z(G, 12).chunk(2)
    t = torch.rand(6, 1, generator=torch.Generator().manual_seed(0)).double()
    torch.manual_seed(0)
    found = _expected("8.9")(G, z_a, z_b, t, 1e-3, styles.squared_distance, space)
    torch.testing.assert_close(found.float(), kit, rtol=1e-4, atol=0)


@pytest.mark.parametrize("seed", range(5))
def test_along_the_direction_one_prediction_rises_and_the_others_stay(seed):
    exercise = module("8.10")
    w, labels, others = exercise.EXERCISE.inputs(seed)
    direction = exercise.expected(w, labels, others)
    design = torch.cat([w, torch.ones(len(w), 1)], 1)
    models = torch.linalg.lstsq(design, torch.column_stack([labels, others])).solution[:-1]
    wanted, *rest = (direction @ models).tolist()
    assert wanted > 0.3 and rest == pytest.approx([0, 0], abs=1e-4)
    assert float(direction.norm()) == pytest.approx(1, abs=1e-5)


def _words(gain):
    return ("hardly " if abs(gain) <= 0.05 else "") + ("better" if gain > 0 else "worse")


def test_each_right_choice_follows_from_the_printed_numbers():
    right = read_tables.RIGHT
    gains = {name: [a - b for a, b in itertools.pairwise(row)] for name, row in STEPS.items()}
    assert [max(range(5), key=row.__getitem__) for row in gains.values()] == [0, 0]
    assert right[read_tables.FIRST] == "A to B on both"
    for question, step in ((read_tables.INPUT, 2), (read_tables.MIXING, 4)):
        first, second = (_words(row[step]) for row in gains.values())
        assert right[question] == f"{first} on CelebA-HQ, {second} on FFHQ"
    assert [_words(row[3]) for row in gains.values()] == ["hardly better", "better"]
    assert right[read_tables.NOISE] == "better on FFHQ, hardly on CelebA-HQ"
    rows = [b < a for a, b in zip(*STEPS.values(), strict=True)]
    assert rows == [False] + [True] * 5 and right[read_tables.DATA] == "in every row but A"
    for question, column in ((read_tables.ONE, 0), (read_tables.FOUR, 3)):
        best, other = sorted(LATENTS, key=lambda share: LATENTS[share][column])
        assert right[question] == f"{best} % is better than {other} %"
