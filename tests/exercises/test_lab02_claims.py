"""Lab 02: borrowed networks are refused, and what the text says without a cell that shows it is true."""

import pytest
import torch
from torch import nn

from labkit import networks
from labkit.checks import CheckFailed, check
from labkit.exercises.layers import tracing
from labkit.exercises.layers.table import stages

pytestmark = pytest.mark.portable

PAIRS = {
    "2.2": (lambda **k: networks.dcgan_pair(**k)[0], networks.ConvGenerator),
    "2.3": (lambda **k: networks.dcgan_pair(**k, output="probability")[1], networks.ConvDiscriminator),
    "2.5": (lambda **k: networks.dense_pair()[0], networks.DenseGenerator),
    "2.6": (lambda **k: networks.dense_pair()[1], networks.DenseDiscriminator),
}


def _refused(exercise_id, answer, capsys):
    with pytest.raises(CheckFailed):
        check(exercise_id, answer)
    return "is not an answer" in capsys.readouterr().out


@pytest.mark.parametrize("exercise_id", PAIRS)
def test_networks_of_the_kit_are_refused(exercise_id, capsys):
    make, kits = PAIRS[exercise_id]

    class Subclass(kits):
        pass

    class Wrapped(nn.Module):
        def __init__(self, **sizes):
            super().__init__()
            self.inner = make(**sizes)

        def forward(self, x):
            return self.inner(x)

    for answer in (kits, Subclass, Wrapped, make):
        assert _refused(exercise_id, answer, capsys), answer


def test_init_of_the_kit_is_refused(capsys):
    assert _refused("2.1", networks.init_dcgan, capsys)


def test_the_tables_of_the_report_add_up():
    G, D = networks.dense_pair()
    layers = [m for m in (*G.modules(), *D.modules()) if not list(m.children())]
    counts = [n for n in map(networks.count_parameters, layers) if n]
    assert sorted(counts) == sorted([16_781_312, 8_192, 51_328, 256, 9_603, 6_291_968, 131_328, 257])
    assert (sum(counts[:5]), sum(counts[5:])) == (16_850_691, 6_423_553)


def test_the_inner_layers_of_d_multiply_equally_often():
    traced = tracing.examine(lambda: networks.dcgan_pair()[1], torch.rand(3, 3, 64, 64), 1)["operations"]
    work = [s.layer.wide * s.layer.out * 16 * s.layer.size**2 for s in stages(traced)]
    assert work[1] == work[2] == work[3] > 10 * work[0] > work[4]


def test_a_sixth_layer_of_g_costs_less_than_one_percent():
    more = 64 * 32 * 16 + 2 * 32 + 32 * 3 * 16 - 64 * 3 * 16
    assert 0 < more < 0.01 * 3_576_704


@pytest.mark.parametrize("seed", range(3))
def test_wide_first_weights_saturate_the_image(seed):
    torch.manual_seed(seed)
    G, _ = networks.dcgan_pair()
    z = torch.randn(16, 100, 1, 1)
    beyond = []
    for std in (0.02, 0.2):
        for layer in G.modules():
            if isinstance(layer, nn.ConvTranspose2d):
                nn.init.normal_(layer.weight, 0, std)
        with torch.no_grad():
            beyond.append((G(z).abs() > 0.99).float().mean())
    assert beyond[0] < 0.001 and beyond[1] > 0.1
