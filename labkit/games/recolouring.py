"""The trainings of lab 07: translators between white digits (A) and recoloured ones (B), on true pairs.

`learn_recolouring` trains G (A to B) and F (B to A) and measures F: how often the digit is still the same.
The lab hands it the networks and the step that its student wrote; without them it takes the kit's, as
`benchmarks/claims.py` does. The settings were chosen on seeds from 100 on; the claims are about other seeds.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import nn

from labkit.classifiers import load_classifier
from labkit.data import ImagePair, PairBatches, load_pair
from labkit.metrics import diversity
from labkit.networks import patch_gan, unet
from labkit.training import train_translation
from labkit.translation import errors, mean_l1, translate

SIZE, TESTED = 32, 200


@dataclass(frozen=True)
class Recolouring:
    """How two translators are trained.

    Attributes:
        cycle, identity: weights of the two losses; 0 for none.
        skips: whether the U-Nets have their skip connections.
        whole: whether the critics judge the whole image; else patches of 16 pixels.
        turned: whether the digits of B are also turned by 90 degrees, counter-clockwise.
        base_channels, levels: of the U-Nets. critic_channels: of the critics.
        images: of each side to train on. steps, batch_size, lr: of the training.
        decay_from: share of the steps after which the rate falls to 0 in a straight line.
    """

    cycle: float = 10.0
    identity: float = 0.0
    skips: bool = True
    whole: bool = False
    turned: bool = False
    base_channels: int = 16
    levels: int = 3
    critic_channels: int = 12
    images: int = 1000
    steps: int = 150
    batch_size: int = 4
    lr: float = 4e-3
    decay_from: float = 0.5


WITH_CYCLE = Recolouring()


@dataclass(frozen=True)
class RecolouringOutcome:
    """Trained translators, and what they do on test images that are true pairs and that they never saw.

    Attributes:
        settings, seed: what was trained. G, F: the translators.
        a, b: the test images, uint8 (200, 3, 32, 32). fake_a: F(b).
        kept: the share of F(b) in which the classifier reads the digit that b shows.
        l1: the mean absolute difference between F(b) and a, in [0, 2].
        cycle_error: the same between G(F(b)) and b, and F(G(a)) and a, their mean.
        diversity: the mean distance between the images of F(b), over that of the true ones.
        identity_l1: the mean absolute difference between b and a: what a translator that does nothing gets.
    """

    settings: Recolouring
    seed: int
    G: nn.Module
    F: nn.Module
    a: torch.Tensor
    b: torch.Tensor
    fake_a: torch.Tensor
    kept: float
    l1: float
    cycle_error: float
    diversity: float
    identity_l1: float


Networks = Callable[[Recolouring], tuple[nn.Module, nn.Module, nn.Module, nn.Module]]
Train = Callable[[tuple[nn.Module, ...], PairBatches, Recolouring], object]


def learn_recolouring(
    settings: Recolouring,
    seed: int,
    *,
    networks: Networks | None = None,
    training: Train | None = None,
    device: torch.device | str = "cpu",
) -> RecolouringOutcome:
    """Train two translators and their critics from this seed, and measure them.

    Args:
        networks: settings -> fresh G, F, D_A, D_B; None takes the kit's.
        training: (the four networks, batches of both kinds, settings) trains them; None is
            `labkit.training.train_translation`.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        nets = tuple(net.to(device) for net in (networks or kit_networks)(settings))
        pair = _digits(settings.images, settings.turned)
        batches = PairBatches(pair, settings.batch_size, device=device, seed=seed)
        (training or functools.partial(_training, seed))(nets, batches, settings)
        return _measured(settings, seed, nets[0], nets[1], pair)


def _measured(
    settings: Recolouring, seed: int, G: nn.Module, F: nn.Module, pair: ImagePair
) -> RecolouringOutcome:
    a, b = pair.test_a.images, pair.test_b.images
    fake_a = translate(F, b)
    found = errors(G, F, a, b)
    cut = fake_a[:, :1, 2:-2, 2:-2].contiguous()  # 28 by 28, as the classifier knows them
    read = load_classifier("digits").read(cut)["digit"]
    return RecolouringOutcome(
        settings=settings,
        seed=seed,
        G=G,
        F=F,
        a=a,
        b=b,
        fake_a=fake_a,
        kept=(read == pair.test_a.factors["digit"]).float().mean().item(),
        l1=mean_l1(fake_a, a),
        cycle_error=(found["cycle_a"] + found["cycle_b"]) / 2,
        diversity=diversity(fake_a.float(), a.float()),
        identity_l1=mean_l1(b, a),
    )


def kit_networks(settings: Recolouring) -> tuple[nn.Module, nn.Module, nn.Module, nn.Module]:
    """Fresh U-Nets and critics of these sizes: G, F, D_A, D_B."""
    sizes = {"image_size": SIZE, "levels": settings.levels, "skips": settings.skips}
    G, F = (unet(base_channels=settings.base_channels, most_channels=64, dropout=0, **sizes) for _ in "GF")
    whole = SIZE if settings.whole else None
    D_A, D_B = (patch_gan(layers=1, base_channels=settings.critic_channels, whole=whole) for _ in "AB")
    return G, F, D_A, D_B


@functools.lru_cache(maxsize=4)
def _digits(count: int, turned: bool) -> ImagePair:
    """Digits of both kinds, those of B perhaps turned; 200 true pairs to test on."""
    pair = load_pair("recoloured-digits", count=count)
    few = {name: values[:TESTED] for name, values in pair.test_a.factors.items()}
    test_a, test_b = (
        replace(images, images=images.images[:TESTED], factors=few) for images in (pair.test_a, pair.test_b)
    )
    b = pair.b
    if turned:
        b, test_b = (
            replace(images, images=images.images.rot90(dims=(2, 3)).contiguous()) for images in (b, test_b)
        )
    return replace(pair, b=b, test_a=test_a, test_b=test_b)


def _training(seed: int, nets: tuple[nn.Module, ...], batches: PairBatches, settings: Recolouring) -> None:
    pair = _digits(settings.images, settings.turned)
    train_translation(
        *nets,
        batches=batches,
        steps=settings.steps,
        test_a=pair.test_a.images[:1],
        test_b=pair.test_b.images[:1],
        cycle=settings.cycle,
        identity=settings.identity,
        lr=settings.lr,
        decay_from=settings.decay_from,
        seed=seed,
        amp=False,
        progress=False,
        log_every=settings.steps,
        evaluate_every=settings.steps,
        sample_every=settings.steps,
        samples=1,
    )
