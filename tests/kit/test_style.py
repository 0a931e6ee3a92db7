"""The style-based generator: its parts against the papers' equations, its step, and what is done with it."""

import contextlib
import copy
import json
import os
import signal

import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from labkit import cli, styles
from labkit.classifiers import load_classifier
from labkit.commands.scores import scorer
from labkit.data import Batches, load
from labkit.files import MissingFileError, shipped
from labkit.logbook import Logbook
from labkit.losses import logits_losses
from labkit.metrics import frechet_distance
from labkit.networks import style_pair
from labkit.networks.style import (
    EqualConv2d,
    EqualLinear,
    MappingNetwork,
    NoiseAndStyle,
    adain,
    add_noise,
    enlarged,
    mix,
    normalised,
    truncate,
    with_deviation,
)
from labkit.training import StyleOptions, StyleRun, train_style
from labkit.training.precision import choose
from labkit.training.style import steepness

PICTURES = ("samples", "losses", "mixing", "noise", "truncation")
SMALL = {"image_size": 16, "latent_dim": 6, "style_dim": 5, "base_channels": 4, "mapping_layers": 3}


@pytest.fixture(autouse=True)
def _places(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("LABKIT_RUNS", str(tmp_path_factory.mktemp("runs")))
    monkeypatch.setenv("LABKIT_BUDGET", "smoke")
    monkeypatch.setenv("LABKIT_DEVICE", "cpu")


def _pair(seed=0, **changes):
    torch.manual_seed(seed)
    G, D = style_pair(**(SMALL | changes))
    for part in G.modules():
        if isinstance(part, NoiseAndStyle):
            nn.init.normal_(part.noise_strength)  # as if something had been learnt
    return G, D


def _pixels(count=24):
    return torch.randint(
        0, 256, (count, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(3)
    )


def _alike(images, others):
    """Whether uint8 images are the same, but for rounding."""
    return bool((images.int() - others.int()).abs().max() <= 1)


# ---- the parts ------------------------------------------------------------------------------------------


@pytest.mark.portable
@pytest.mark.parametrize("size", [16, 28, 32, 64, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes(size, channels):
    G, D = style_pair(image_size=size, image_channels=channels, base_channels=2, most_channels=8)
    z = torch.randn(2, *G.latent_shape)
    images = G(z)
    assert images.shape == (2, channels, size, size) and D(images).shape == (2,)
    sizes = [noise.shape for noise in G.draw_noise(2)]
    first = 7 if size == 28 else 4
    assert sizes[0] == sizes[1] == (2, 1, first, first) and sizes[-1] == (2, 1, size, size)
    assert len(sizes) == G.layers


@pytest.mark.parametrize("size", [0, -4, 7, 8, 14, 24, 48, 56])
def test_impossible_sizes_are_refused(size):
    with pytest.raises(ValueError, match=str(size)):
        style_pair(image_size=size)


@pytest.mark.portable
def test_the_mapping_network_is_the_published_one():
    mapping = MappingNetwork(6, 5)
    assert len(mapping.layers) == 8
    z = torch.randn(7, 6)
    w = z / z.square().mean(1, keepdim=True).sqrt()
    for layer in mapping.layers:
        w = functional.leaky_relu(layer(w), 0.2)
    assert torch.allclose(mapping(z), w, atol=1e-5)
    assert torch.allclose(mapping(3 * z), mapping(z), atol=1e-5), "only the direction of z counts"
    assert torch.allclose(normalised(z).norm(dim=1), torch.full((7,), 6**0.5), atol=1e-4)


@pytest.mark.portable
@pytest.mark.parametrize("shape", [(1, 1, 4, 4), (3, 5, 6, 6)])
def test_adain_is_instance_norm_and_an_affine_map(shape):
    torch.manual_seed(0)
    x = (2 * torch.randn(shape) + 1).requires_grad_()
    scale, shift = (torch.randn(shape[:2], requires_grad=True) for _ in range(2))
    given = functional.instance_norm(x) * scale[..., None, None] + shift[..., None, None]
    result = adain(x, scale, shift)
    assert torch.allclose(result, given, atol=1e-5)
    weights = torch.randn(shape)
    ours, theirs = (torch.autograd.grad((weights * y).sum(), (x, scale, shift)) for y in (result, given))
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, atol=1e-4)


@pytest.mark.portable
def test_adain_by_its_equation():
    x = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    y = adain(x, torch.full((2, 3), 2.0), torch.full((2, 3), -1.0))
    assert torch.allclose(y.mean((2, 3)), torch.full((2, 3), -1.0, dtype=torch.float64))
    assert torch.allclose(
        y.std((2, 3), correction=0), torch.full((2, 3), 2.0, dtype=torch.float64), atol=1e-4
    )
    assert torch.allclose(adain(5 * x + 3, *torch.ones(2, 2, 3)), adain(x, *torch.ones(2, 2, 3)), atol=1e-4)


@pytest.mark.portable
@pytest.mark.parametrize("rate", [1.0, 0.01])
def test_an_equalised_layer_is_a_plain_one_with_scaled_weights(rate):
    layer, plain = EqualLinear(50, 4, rate=rate), nn.Linear(50, 4)
    nn.init.normal_(layer.bias)
    plain.weight.data = layer.weight.data * rate * (2 / 50) ** 0.5
    plain.bias.data = layer.bias.data * rate
    x = torch.randn(3, 50)
    assert torch.allclose(layer(x), plain(x), atol=1e-5)


@pytest.mark.portable
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (4, 2), (1, 1)])
def test_an_equalised_convolution_is_a_plain_one_with_scaled_weights(kernel, stride):
    layer = EqualConv2d(5, 4, kernel, stride=stride)
    nn.init.normal_(layer.bias)
    x = torch.randn(2, 5, 8, 8)
    weight = layer.weight * (2 / (5 * kernel**2)) ** 0.5
    plain = functional.conv2d(x, weight, layer.bias, stride, (kernel - 1) // 2)
    assert torch.allclose(layer(x), plain, atol=1e-5)
    assert layer(x).shape[-1] == 8 // stride


@pytest.mark.portable
def test_equalised_layers_begin_alike_and_learn_at_their_rate():
    """Whatever the width, outputs begin with one variance, and Adam moves weights by the same share of it."""
    torch.manual_seed(0)
    for inputs in (64, 1024):
        x = torch.randn(500, inputs)
        moves = {}
        for rate in (1.0, 0.01):
            layer = EqualLinear(inputs, 64, rate=rate)
            before = layer.weight.detach() * layer.scale
            assert layer(x).var().item() == pytest.approx(2, rel=0.15), "He: the variance that ReLUs halve"
            optimizer = torch.optim.Adam(layer.parameters(), lr=1e-2)
            layer(x).square().sum().backward()
            optimizer.step()
            after = layer.weight.detach() * layer.scale
            moves[rate] = ((after - before).abs().mean() / before.std()).item()
        assert moves[1.0] == pytest.approx(1e-2, rel=0.05)
        assert moves[0.01] == pytest.approx(1e-4, rel=0.05)


@pytest.mark.portable
def test_the_batch_s_deviation_by_hand():
    x = torch.zeros(2, 1, 1, 2)
    x[1, 0, 0] = torch.tensor([2.0, 6.0])  # deviations 1 and 3, so 2 on average
    seen = with_deviation(x)
    assert seen.shape == (2, 2, 1, 2) and torch.equal(seen[:, :1], x)
    assert torch.allclose(seen[:, 1], torch.tensor(2.0))
    alike = torch.randn(1, 3, 4, 4).expand(5, -1, -1, -1)
    assert with_deviation(alike)[:, 3].abs().max() < 1e-3


@pytest.mark.portable
@pytest.mark.parametrize("size", [1, 2, 7])
def test_enlarging_is_bilinear(size):
    x = torch.randn(2, 3, size, size)
    given = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    assert torch.allclose(enlarged(x), given, atol=1e-5)


# ---- noise and styles -----------------------------------------------------------------------------------


@pytest.mark.portable
def test_noise_is_one_map_for_all_channels_with_a_strength_for_each():
    x, noise = torch.zeros(2, 3, 4, 4), torch.randn(2, 1, 4, 4)
    strength = torch.tensor([0.0, 1.0, -2.0])
    seen = add_noise(x, noise, strength)
    for channel, factor in enumerate(strength):
        assert torch.allclose(seen[:, channel], factor * noise[:, 0])


@pytest.mark.portable
def test_without_strength_noise_does_nothing():
    G, _ = _pair()
    z = torch.randn(2, 6)
    assert not torch.equal(G(z), G(z)), "fresh noise each time"
    noise = G.draw_noise(2, torch.Generator().manual_seed(1))
    assert torch.equal(G(z, noise), G(z, noise))
    for part in G.modules():
        if isinstance(part, NoiseAndStyle):
            nn.init.zeros_(part.noise_strength)
    assert torch.equal(G(z), G(z))


@pytest.mark.portable
def test_a_fresh_generator_is_deterministic():
    G, _ = style_pair(**SMALL)
    z = torch.randn(2, 6)
    assert torch.equal(G(z), G(z)), "strengths begin at 0"


@pytest.mark.portable
def test_mixing_gives_each_layer_its_style():
    w_a, w_b = torch.zeros(3, 5), torch.ones(3, 5)
    mixed = mix(w_a, w_b, torch.tensor([0, 2, 4]), 4)
    assert mixed.shape == (3, 4, 5)
    assert mixed[:, :, 0].tolist() == [[1, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0]]
    assert torch.equal(mix(w_a, w_b, 1, 4)[2, :, 0], torch.tensor([0.0, 1.0, 1.0, 1.0]))


@pytest.mark.portable
def test_layers_are_told_the_styles_in_their_order():
    G, _ = _pair()
    told = []
    for part in (G.synthesis.first, *(layer.then for layer in G.synthesis.layers)):
        part.style.register_forward_pre_hook(lambda _part, inputs: told.append(inputs[0]))
    w = torch.randn(2, G.layers, 5)
    G.draw(w)
    assert torch.equal(torch.stack(told, dim=1), w)


@pytest.mark.portable
def test_one_style_for_all_layers_is_the_image_of_z():
    G, _ = _pair()
    z = torch.randn(2, 6)
    noise = G.draw_noise(2)
    w = G.mapping(z)
    assert torch.allclose(G(z, noise), G.draw(w, noise), atol=1e-4)
    assert torch.allclose(G(z, noise), G.draw(mix(w, -w, G.layers, G.layers), noise), atol=1e-4)
    late = G.draw(mix(w, -w, G.layers - 1, G.layers), noise)
    assert not torch.allclose(late, G(z, noise), atol=1e-2)


@pytest.mark.portable
def test_truncation():
    w, mean = torch.randn(4, 5), torch.randn(5)
    assert torch.allclose(truncate(w, mean, 1.0), w) and torch.allclose(
        truncate(w, mean, 0.0), mean.expand(4, 5)
    )
    assert torch.allclose(truncate(w, mean, 0.3), mean + 0.3 * (w - mean), atol=1e-6)
    assert truncate(w[:, None].expand(4, 3, 5), mean, 0.5).shape == (4, 3, 5)
    G, _ = _pair()
    rows = styles.truncated(G, G.mapping(styles.draw_z(G, 3)).detach(), [1.0, 0.0])
    assert not _alike(rows[1.0][0], rows[1.0][1]) and _alike(rows[0.0][0], rows[0.0][1])


def test_the_mixing_table_copies_the_styles_asked_for():
    G, _ = _pair()
    w_a, w_b = (G.mapping(styles.draw_z(G, count, seed)).detach() for count, seed in ((2, 1), (3, 2)))
    table = styles.mixing_table(G, w_a, w_b, range(G.layers))
    assert table.shape == (2, 3, 3, 16, 16)
    assert _alike(table[0], styles.drawn(G, w_b)) and _alike(table[0], table[1])
    none = styles.mixing_table(G, w_a, w_b, [])
    assert _alike(none[:, 0], styles.drawn(G, w_a)) and not _alike(none[0], table[0])
    some = styles.mixing_table(G, w_a, w_b, [2, 3])
    by_hand = torch.stack([w_a[1]] * 2 + [w_b[2]] * 2 + [w_a[1]] * (G.layers - 4))[None]
    assert _alike(some[1, 2], styles.drawn(G, by_hand)[0])


@pytest.mark.parametrize(
    ("size", "groups"), [(28, (2, 2, 2)), (32, (2, 2, 4)), (64, (4, 2, 4)), (128, (6, 2, 4))]
)
def test_the_groups_of_styles_cover_all_layers(size, groups):
    G, _ = style_pair(image_size=size, base_channels=2, most_channels=4)
    found = styles.styles_by_size(G)
    assert [len(layers) for layers in found.values()] == list(groups)
    assert [i for layers in found.values() for i in layers] == list(range(G.layers))


def test_what_the_noise_does():
    G, _ = _pair()
    w = G.mapping(styles.draw_z(G, 2)).detach()
    mean, spread = styles.noise_effect(G, w, draws=20)
    assert mean.shape == (2, 3, 16, 16) and spread.shape == (2, 1, 16, 16) and spread.min() > 0
    for part in G.modules():
        if isinstance(part, NoiseAndStyle):
            nn.init.zeros_(part.noise_strength)
    mean, spread = styles.noise_effect(G, w, draws=3)
    assert spread.max() < 1e-3 and torch.allclose(mean, G.draw(w), atol=1e-5)


# ---- path length ----------------------------------------------------------------------------------------


def _linear(G, matrix):
    """Make G draw the matrix times w, as an image."""
    G.draw = lambda w, noise: (w @ matrix).view(len(w), 1, 1, -1)
    return G


def test_the_path_in_w_of_a_generator_that_is_linear():
    G = _pair()[0].double()
    matrix = torch.randn(5, 9, dtype=torch.float64)
    start, end = G.mapping(styles.draw_z(G, 14, seed=4)).chunk(2)
    lengths = styles.path_lengths(_linear(G, matrix), styles.squared_distance, count=7, seed=4)
    assert torch.allclose(lengths.double(), ((end - start) @ matrix).square().sum(1), rtol=1e-3)


def test_the_path_in_z_is_an_arc():
    """Images that are the points of the sphere themselves: the speed is the angle, wherever on the way."""
    G = _pair()[0].double()
    G.mapping.forward = lambda z: z
    _linear(G, torch.eye(6, dtype=torch.float64))
    lengths = styles.path_lengths(G, styles.squared_distance, space="z", count=5, epsilon=1e-2)
    start, end = (functional.normalize(z, dim=1) for z in styles.draw_z(G, 10).chunk(2))
    angle = torch.acos((start * end).sum(1))
    assert torch.allclose(lengths, angle.square().float(), rtol=1e-3)


def test_a_path_against_differences_by_hand():
    G = _pair()[0].double()
    found = styles.path_lengths(G, styles.squared_distance, count=3, seed=2)
    start, end = G.mapping(styles.draw_z(G, 6, seed=2)).chunk(2)
    t = torch.rand(3, 1, generator=torch.Generator().manual_seed(2)).double()
    noise = G.draw_noise(3, torch.Generator().manual_seed(2))
    h = 1e-5
    behind, ahead = (G.draw(start + (t + by) * (end - start), noise) for by in (-h, h))
    slope = (ahead - behind) / (2 * h)
    assert torch.allclose(found.double(), slope.square().flatten(1).sum(1), rtol=0.02)


def test_the_ends_of_an_arc():
    z = torch.randn(2, 4, 6)
    for t, end in ((0.0, z[0]), (1.0, z[1])):
        point = styles.on_the_sphere(*z, torch.full((4, 1), t))
        assert torch.allclose(point, functional.normalize(end, dim=1), atol=1e-5)
    with pytest.raises(ValueError, match="'x'"):
        styles.path_lengths(_pair()[0], styles.squared_distance, space="x")


# ---- the step -------------------------------------------------------------------------------------------


def _run(G, D, *, seed=0, **changes) -> StyleRun:
    """A run of this pair that has not begun, by plain gradient descent: Adam would enlarge rounding."""
    options = StyleOptions(seed=seed, amp=False, channels_last=False, **changes)
    optimizers = (torch.optim.SGD(net.parameters(), 0.1) for net in (G, D))
    g_optimizer, d_optimizer = optimizers
    return StyleRun(
        steps=10, logbook=Logbook(), batches=Batches(_pixels(), 4), G=G, D=D, mean=copy.deepcopy(G),
        g_optimizer=g_optimizer, d_optimizer=d_optimizer, options=options,
        precision=choose(torch.device("cpu"), G, D, amp=False, channels_last=False),
        latent=torch.Generator().manual_seed(seed),
    )  # fmt: skip


@pytest.mark.portable
def test_the_penalty_of_a_discriminator_that_is_known():
    images = torch.randn(5, 3, 4, 4)
    assert steepness(lambda x: x.square().flatten(1).sum(1) / 2, images).item() == pytest.approx(
        images.square().flatten(1).sum(1).mean().item(), rel=1e-5
    )
    weight = torch.tensor(3.0, requires_grad=True)
    steepness(lambda x: weight * x.flatten(1).sum(1), images).backward()
    assert weight.grad.item() == pytest.approx(2 * 3 * 48), "it can be differentiated"


@pytest.mark.portable
@pytest.mark.parametrize(("step", "times"), [(0, 4), (1, 0), (4, 4)])
def test_the_step_is_the_published_game_with_a_penalty_now_and_then(step, times):
    G, D = _pair()
    run = _run(G, D, gamma=0.3, r1_every=4, mixing=0.5)
    run.step = step
    theirs = copy.deepcopy(D)
    latent, random = run.latent.get_state(), torch.get_rng_state()
    real = next(Batches(_pixels(), 4))
    fake = run.draw(4)
    run.latent.set_state(latent)
    torch.set_rng_state(random)

    losses = run.train_step(*logits_losses())
    watched = real.clone().requires_grad_()
    on_real = theirs(watched)
    (slope,) = torch.autograd.grad(on_real.sum(), watched, create_graph=True)
    game = -functional.logsigmoid(on_real).mean() - functional.logsigmoid(-theirs(fake.detach())).mean()
    assert losses["loss/d"].item() == pytest.approx(game.item(), rel=1e-4)
    (game + times * 0.3 / 2 * slope.square().flatten(1).sum(1).mean()).backward()
    for ours, other in zip(D.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(ours, other - 0.1 * other.grad, atol=1e-5)
    assert losses["loss/g"].item() == pytest.approx(-functional.logsigmoid(D(fake)).mean().item(), rel=1e-4)


@pytest.mark.portable
@pytest.mark.parametrize("mixing", [0.0, 0.5, 1.0])
def test_a_share_of_the_fakes_has_two_styles(mixing):
    G, D = _pair()
    run = _run(G, D, mixing=mixing)
    seen = []
    G.synthesis.register_forward_pre_hook(lambda _net, given: seen.append(given[0]))
    run.draw(200)
    changes = (seen[0].diff(dim=1).abs().sum(2) > 0).sum(1)  # (200,): how often the style changes
    assert changes.max() <= 1
    assert changes.float().mean().item() == pytest.approx(mixing, abs=0.12)


@pytest.mark.parametrize(("step", "decay"), [(0, 0.1), (40, 0.82), (200, 0.9)])
def test_the_mean_follows_faster_at_the_start_and_samples_leave_the_training_alone(step, decay):
    G, D = _pair()
    run = _run(G, D, ema=0.9, samples=3, evaluated=4)
    run.start()
    run.step = step
    before = copy.deepcopy(run.mean)
    run.update(measured=False)
    for mean, old, new in zip(run.mean.parameters(), before.parameters(), G.parameters(), strict=True):
        assert torch.allclose(mean, decay * old + (1 - decay) * new, atol=1e-6)
    state = run.latent.get_state(), torch.get_rng_state()
    assert torch.equal(run.sample(), run.sample()) and torch.equal(run.probe(), run.probe())
    assert run.sample().shape == (3, 3, 16, 16) and run.probe().dtype == torch.uint8
    assert torch.equal(state[0], run.latent.get_state()) and torch.equal(state[1], torch.get_rng_state())


def test_both_rates_fall_at_the_end():
    run = _run(*_pair(), g_lr=0.2, d_lr=0.1, decay_from=0.5)
    for step, factor in ((0, 1.0), (5, 1.0), (8, 0.4)):
        run.step = step
        run.update(measured=False)
        rates = [optimizer.param_groups[0]["lr"] for optimizer in (run.g_optimizer, run.d_optimizer)]
        assert rates == pytest.approx([0.2 * factor, 0.1 * factor])


def test_measuring_a_step_changes_nothing():
    (G, D), (other_g, other_d) = _pair(), _pair()
    for pair, measured in (((G, D), True), ((other_g, other_d), False)):
        torch.manual_seed(1)
        numbers = _run(*pair).update(measured)
    assert set(numbers) == {"loss/d", "loss/g"}
    for one, other in zip(G.parameters(), other_g.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    "wrong",
    [
        {"mixing": 1.5},
        {"decay_from": 0.0},
        {"ema": 1.0},
        {"gamma": -1.0},
        {"r1_every": 0},
        {"samples": 0},
        {"evaluated": 0},
    ],
)
def test_impossible_options_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        StyleOptions(**wrong)


def test_training_learns_a_colour():
    torch.manual_seed(0)
    G, D = style_pair(**SMALL)
    orange = torch.tensor([1.0, 0.2, -0.8]).view(3, 1, 1).expand(32, 3, 16, 16) + 0.05 * torch.randn(
        32, 3, 16, 16
    )
    run = train_style(
        G, D, batches=Batches(orange, 8), steps=150, g_lr=1e-2, d_lr=5e-3, ema=0.9, gamma=0.1, progress=False
    )
    colour = run.sample().float().mean((0, 2, 3)) / 127.5 - 1
    assert (colour - torch.tensor([1.0, 0.2, -0.8])).abs().max() < 0.4
    assert {"loss/d", "gap/d", "signal/g", "diversity/g"} <= set(run.logbook.tags)


@pytest.mark.portable
def test_a_run_goes_on_to_the_bit(tmp_path):
    """Stopped in between two penalties, with noise, crossovers and a mean under way."""
    ends = []
    for name, stops in (("whole", [9]), ("parts", [4, 9])):
        for stop in stops:
            torch.manual_seed(5)
            G, D = style_pair(**SMALL)
            batches = Batches(_pixels(), 4, seed=1)
            stopper = _StopAt(batches, stop) if stop < 9 else batches
            with contextlib.suppress(InterruptedError):
                train_style(
                    G, D, batches=stopper, steps=9, r1_every=3, samples=2, progress=False,
                    folder=tmp_path / name, resume=(tmp_path / name / "checkpoint.pt").exists(),
                    checkpoint_seconds=0,
                )  # fmt: skip
        ends.append(torch.load(tmp_path / name / "checkpoint.pt", weights_only=True)["training"])
    for part in ("G", "D", "mean"):
        for name, value in ends[0][part].items():
            assert torch.equal(value, ends[1][part][name]), f"{part} {name}"
    assert torch.equal(ends[0]["latent"], ends[1]["latent"])


class _StopAt:
    """Batches that break off."""

    def __init__(self, batches, at):
        self.batches, self.left = batches, at

    def __iter__(self):
        return self

    def __next__(self):
        if not self.left:
            raise InterruptedError
        self.left -= 1
        return next(self.batches)

    def state_dict(self):
        return self.batches.state_dict()

    def load_state_dict(self, state):
        self.batches.load_state_dict(state)


# ---- files ----------------------------------------------------------------------------------------------


def test_a_generator_comes_back_from_its_file(tmp_path):
    G, _ = _pair()
    file = tmp_path / "g.pt"
    styles.save_generator(G, SMALL, file, {"seed": 3})
    back = styles.load_generator(file)
    assert torch.load(file, weights_only=True)["about"] == {"seed": 3}
    w = G.mapping(styles.draw_z(G, 2)).detach()
    assert (styles.drawn(G, w).float() - styles.drawn(back, w).float()).abs().max() <= 3
    assert not any(p.requires_grad for p in back.parameters())
    for content in (b"", b"junk", b"(lp0\n", b"junk\n", file.read_bytes()[:1000]):
        (tmp_path / "bad.pt").write_bytes(content)
        with pytest.raises(styles.StyleFileError, match="bad.pt"):
            styles.load_generator(tmp_path / "bad.pt")
    with pytest.raises(styles.StyleFileError, match="absent.pt"):
        styles.load_generator(tmp_path / "absent.pt")


def test_the_generator_that_ships_draws_faces_of_all_kinds():
    G = styles.shipped_generator("faces")
    samples = styles.drawn(G, G.mapping(styles.draw_z(G, 400, seed=1)), same_noise=False)
    classifier, real = load_classifier("faces"), load("faces", size=64, count=1000).images
    seen = classifier.read(samples)
    for head in classifier.heads:
        if head.kind == "class":
            assert len(seen[head.name].unique()) == len(head.values), f"{head.name}: a class is missing"
    faces, others, drawn = (classifier.features(x).double() for x in (real[:500], real[500:], samples))
    noise = classifier.features(samples.flatten(1)[:, torch.randperm(3 * 64 * 64)].view_as(samples)).double()
    near, far = frechet_distance(faces, drawn), frechet_distance(faces, noise)
    assert frechet_distance(faces, others) < near < 0.2 * far
    about = torch.load(shipped("generators", "faces.pt"), weights_only=True)["about"]
    assert about["seed"] == 0 and shipped("generators", "faces.pt").stat().st_size < 4_000_000
    with pytest.raises(MissingFileError, match="Install the kit again"):
        styles.shipped_generator("horses")


def test_scores_know_the_data_from_one_image_over_and_over():
    images = load("digits", count=300)
    score = scorer(images, 150)
    same, other = score(images.images[:150]), score(images.images[150:])
    one = score(images.images[:1].repeat(150, 1, 1, 1))
    assert same["frechet"] == pytest.approx(0, abs=1e-3) and same["precision"] == same["recall"] == 1
    assert same["frechet"] < other["frechet"] < 0.3 * one["frechet"]


# ---- labkit train stylegan ------------------------------------------------------------------------------


def _command(*arguments) -> int:
    return cli.main(["train", "stylegan", *map(str, arguments)])


@pytest.mark.parametrize(("data", "size"), [("faces", 32), ("digits", 28)])
def test_the_command_leaves_pictures_a_generator_and_scores(tmp_path, capsys, data, size):
    out = tmp_path / "run"
    assert _command("--data", data, "--steps", 3, "--out", out) == 0
    for name in PICTURES:
        assert Image.open(out / f"{name}.png").width > 200, name
    assert Image.open(out / "progress.webp").width > 200
    facts = json.loads((out / "run.json").read_text())
    assert (facts["recipe"], facts["data"], facts["steps_done"], facts["seed"]) == ("stylegan", data, 3, 0)
    scores = facts["scores"]
    assert scores["frechet"] > 0 and all(
        0 <= scores[name] <= 1 for name in ("precision", "recall", "coverage")
    )
    assert facts["scores_seconds"] > 0 and facts["path_length"]["w"] > 0 and facts["path_length"]["z"] > 0
    assert facts["diagnosis"]["verdict"] is None and "too short" in facts["diagnosis"]["reason"]
    said = capsys.readouterr().out
    assert "Frechet distance" in said and "path length" in said

    G = styles.load_generator(out / "generator.pt")
    saved = torch.load(out / "checkpoint.pt", weights_only=True)["training"]
    assert torch.equal(G.mapping.layers[0].bias, saved["mean"]["mapping.layers.0.bias"])
    image = styles.drawn(G, G.mapping(saved["fixed_z"])[:1])
    assert image.shape[2:] == (size, size)


def test_pictures_of_one_s_own_have_no_scores_but_path_lengths_in_pixels(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    for i in range(12):
        Image.new("RGB", (40, 36), (20 * i, 90, 30)).save(tmp_path / "mine" / f"{i}.png")
    assert _command("--data", tmp_path / "mine", "--steps", 1, "--out", tmp_path / "run") == 0
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    assert facts["scores"] == {} and facts["path_length"]["distance"] == "pixels"
    assert "by pixels" in capsys.readouterr().out


def test_an_interrupted_command_goes_on(tmp_path, monkeypatch, capsys):
    step = StyleRun.train_step

    def interrupted(self, *losses):
        if self.step == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return step(self, *losses)

    asked = ["--data", "digits", "--steps", 3, "--out", tmp_path / "run"]
    monkeypatch.setattr(StyleRun, "train_step", interrupted)
    assert _command(*asked) == 130
    assert "Go on with" in capsys.readouterr().err and (tmp_path / "run" / "mixing.png").exists()
    monkeypatch.setattr(StyleRun, "train_step", step)
    assert _command(*asked) == 2 and "already exists" in capsys.readouterr().err
    assert _command(*asked, "--resume") == 0
    assert json.loads((tmp_path / "run" / "run.json").read_text())["steps_done"] == 3


@pytest.mark.parametrize(
    ("arguments", "clue"),
    [
        (["--steps", "0"], "--steps 0"),
        (["--data", "nothing-of-that-name"], "no data set or folder"),
        (["--translate", "pictures"], "stylegan does not translate"),
    ],
)
def test_a_wrong_command_is_one_line(arguments, clue, capsys):
    assert _command(*arguments) == 2
    assert clue in capsys.readouterr().err
