"""The trainings of lab 06: a VAE of the kit's digits with two latent dimensions, measured in its plane.

`learn_plane` trains one and measures it. The lab hands it the networks and the training that its student
wrote; without them it takes the kit's, as `benchmarks/claims.py` does. The named settings are those that the
lab shows. They were chosen on seeds from 100 on; the claims are made about other seeds.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import nn
from torch.nn import functional as F

from labkit.classifiers import load_classifier
from labkit.data import Batches, load
from labkit.logbook import Logbook
from labkit.metrics import frechet_distance, neighbour_accuracy
from labkit.networks import vae_pair
from labkit.training import train_vae
from labkit.variational import Shown, decoded, encoded, negative_elbo

CLASSES, SIZE, SAMPLES = 10, 28, 1000
_ASKED = torch.arange(SAMPLES) % CLASSES


@dataclass(frozen=True)
class Plane:
    """How a VAE is trained.

    Attributes:
        hidden: units of the encoder's dense layer. base_channels: see `labkit.networks.vae_pair`.
        margin: pixels cut off on each side of the 28 by 28 digits: 4 of them hold 3 % of the ink.
        beta: weight of the KL term. conditional: whether both networks are told the class.
        images: how many digits to train on. steps, batch_size, lr: of Adam.
    """

    hidden: int = 128
    base_channels: int = 8
    margin: int = 4
    beta: float = 1.0
    conditional: bool = False
    images: int = 4000
    steps: int = 800
    batch_size: int = 32
    lr: float = 3e-3

    @property
    def image_size(self) -> int:
        return SIZE - 2 * self.margin


VAE = Plane()
CVAE = replace(VAE, conditional=True)
WITHOUT_KL = replace(VAE, beta=0.0)
MUCH_KL = replace(VAE, beta=4.0)
NARROW = replace(VAE, hidden=2, batch_size=32, lr=3e-3, steps=200)  # most lose both units


@dataclass(frozen=True)
class PlaneOutcome:
    """A trained VAE and what it does on test digits that it never saw.

    Attributes:
        plane, seed: what was trained. encoder, decoder: the networks.
        test: the test digits, cut as the training's; labels (N,).
        codes: (N, 2), the means of the test digits' codes.
        parts: -ELBO of the test digits and its parts, in nats: total, reconstruction, kl.
        spread: the standard deviation of the codes, over both dimensions.
        width: the mean standard deviation of a single code, which the encoder gives with it.
        classes: how often the class of a code is that of most of its ten neighbours, 0 to 1.
        log: what the training returned: a `Logbook`, or whatever a student's own keeps.
    """

    plane: Plane
    seed: int
    encoder: nn.Module
    decoder: nn.Module
    test: Shown
    codes: torch.Tensor
    parts: dict[str, float]
    spread: float
    width: float
    classes: float
    log: object

    @functools.cached_property
    def samples(self) -> torch.Tensor:
        """uint8 (1000, 1, S, S), decoded from the prior; if conditional, a hundred of each class."""
        z = torch.randn(SAMPLES, 2, generator=torch.Generator().manual_seed(self.seed))
        return decoded(self.decoder, z, _ASKED if self.plane.conditional else None)

    @functools.cached_property
    def asked(self) -> float:
        """The share of samples that the classifier reads as the digit asked for; NaN without a condition."""
        if not self.plane.conditional:
            return float("nan")
        read = load_classifier("digits").read(_whole(self.samples, self.plane.margin))["digit"]
        return (read == _ASKED).float().mean().item()

    @functools.cached_property
    def distance(self) -> float:
        """The Fréchet distance between samples and test digits, in the classifier's features."""
        features = load_classifier("digits").features(_whole(self.samples, self.plane.margin))
        return frechet_distance(_real_features(self.plane.images, self.plane.margin), features)


Networks = Callable[[Plane], tuple[nn.Module, nn.Module]]
Training = Callable[[nn.Module, nn.Module, Batches, Plane], object]


def learn_plane(
    plane: Plane,
    seed: int,
    *,
    networks: Networks | None = None,
    training: Training | None = None,
    device: torch.device | str = "cpu",
) -> PlaneOutcome:
    """Train an encoder and a decoder from this seed, and measure them.

    Args:
        networks: plane -> a fresh encoder and decoder; None is `labkit.networks.vae_pair`.
        training: (encoder, decoder, batches, plane) trains them; each batch is a pair, images in [-1, 1] and
            labels. None is `labkit.training.train_vae`. What it returns is the outcome's log.
    """
    torch.manual_seed(seed)
    encoder, decoder = (part.to(device) for part in (networks or _networks)(plane))
    images, test = _digits(plane.images, plane.margin)
    batches = Batches(images.images, plane.batch_size, device=device, seed=seed, labels=images.labels)
    log = (training or functools.partial(_training, test, seed))(encoder, decoder, batches, plane)
    told = {"conditional": plane.conditional}
    codes, log_var = encoded(encoder, test, **told)
    return PlaneOutcome(
        plane=plane,
        seed=seed,
        encoder=encoder,
        decoder=decoder,
        test=test,
        codes=codes,
        parts=negative_elbo(encoder, decoder, test, **told),
        spread=codes.std(0).square().mean().sqrt().item(),
        width=torch.exp(0.5 * log_var).mean().item(),
        classes=neighbour_accuracy(codes, test.labels),
        log=log,
    )


@functools.lru_cache(maxsize=4)
def _digits(count: int, margin: int) -> tuple[Shown, Shown]:
    """Digits to train on and to test on, the margin cut off."""
    part = slice(margin, SIZE - margin)
    sets = load("digits", size=SIZE, count=count), load("digits-test", size=SIZE, count=2000)
    return tuple(Shown(s.images[..., part, part].contiguous(), s.factors["digit"]) for s in sets)


@functools.lru_cache(maxsize=2)
def _real_features(count: int, margin: int) -> torch.Tensor:
    _, test = _digits(count, margin)
    return load_classifier("digits").features(_whole(test.images[:SAMPLES], margin))


def _whole(pixels: torch.Tensor, margin: int) -> torch.Tensor:
    """Digits with their margin, as the classifier knows them."""
    return F.pad(pixels, [margin] * 4)


def _networks(plane: Plane) -> tuple[nn.Module, nn.Module]:
    return vae_pair(
        hidden=plane.hidden,
        classes=CLASSES if plane.conditional else 0,
        base_channels=plane.base_channels,
        image_size=plane.image_size,
    )


def _training(
    test: Shown, seed: int, encoder: nn.Module, decoder: nn.Module, batches: Batches, plane: Plane
) -> Logbook:
    run = train_vae(
        encoder, decoder, batches=batches, steps=plane.steps, test=test, conditional=plane.conditional,
        beta=plane.beta, lr=plane.lr, seed=seed, progress=False, log_every=10,
        evaluate_every=plane.steps, sample_every=plane.steps, shown=1,
    )  # fmt: skip
    return run.logbook
