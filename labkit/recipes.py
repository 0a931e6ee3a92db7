"""Published set-ups as data: who trained what, with which loss, latent, batch and learning rate.

What was published stays as it was under every budget; only the size of the images, the channels and the
number of steps shrink with it. ``RECIPES["handout"]`` knows all that `labkit.training.train` needs.
"""

from dataclasses import dataclass

from torch import nn

from labkit import losses, networks
from labkit.training import Options

BUDGETS = ("smoke", "cpu", "gpu")


class RecipeError(ValueError):
    """A recipe or budget that does not exist, or data it cannot train on."""


@dataclass(frozen=True)
class Scale:
    """How much of a recipe one budget can pay for.

    Attributes:
        image_size: pixels. base_channels: of the convolutional pair (64 is published).
        steps: updates of G; None means ``epochs`` over the data at hand.
        images: how many images of a named data set to load; None means what its loader thinks right.
    """

    image_size: int = 64
    base_channels: int = 64
    steps: int | None = None
    epochs: float | None = None
    images: int | None = None


@dataclass(frozen=True)
class Recipe:
    """One published set-up.

    Attributes:
        source: who published it. note: where the kit had to choose, and what it chose.
        pair: ``"dcgan"`` or ``"dense"``. output: what D gives, ``"logits"`` or ``"probability"``.
        smooth: D's target for real images. latent: ``"normal"`` or ``"uniform"`` in [-1, 1].
        batch_size: as published. half_real: that number counts real images and fakes together.
        lr, betas: of Adam, for both networks; g_lr where G has a rate of its own.
        ema: decay of the running mean of G that the samples come from; 0 shows G as it is.
        seed: the published one, else 0.
    """

    name: str
    title: str
    source: str
    note: str
    smoke: Scale
    cpu: Scale
    gpu: Scale
    pair: str = "dcgan"
    output: str = "probability"
    smooth: float = 1.0
    latent: str = "normal"
    latent_dim: int = 100
    batch_size: int = 128
    half_real: bool = False
    lr: float = 2e-4
    g_lr: float | None = None
    betas: tuple[float, float] = (0.5, 0.999)
    ema: float = 0.0
    seed: int = 0

    @property
    def real_batch(self) -> int:
        """Real images in one step of D; as many fakes come with them."""
        return self.batch_size // 2 if self.half_real else self.batch_size

    def scale(self, budget: str) -> Scale:
        """What this budget trains.

        Raises:
            RecipeError: an unknown budget.
        """
        if budget not in BUDGETS:
            raise RecipeError(f"unknown budget {budget!r}: choose {_listed(BUDGETS)}.")
        return getattr(self, budget)

    def networks(self, budget: str, image_channels: int = 3) -> tuple[nn.Module, nn.Module]:
        """Fresh (G, D), drawn from torch's current random state."""
        scale = self.scale(budget)
        if self.pair == "dense":
            if image_channels != 3:
                raise RecipeError(
                    f"{self.name} trains on colour images only, not on {image_channels} channel."
                )
            return networks.dense_pair(self.output)
        return networks.dcgan_pair(
            latent_dim=self.latent_dim,
            base_channels=scale.base_channels,
            image_channels=image_channels,
            image_size=scale.image_size,
            output=self.output,
        )

    def losses(self) -> tuple[losses.Loss, losses.Loss]:
        """(d_loss, g_loss), both ``loss(D, real, fake)``."""
        make = losses.logits_losses if self.output == "logits" else losses.probability_losses
        return make(self.smooth)

    def steps(self, budget: str, images: int) -> int:
        """Updates of G on a data set of this many images."""
        scale = self.scale(budget)
        if scale.steps is not None:
            return scale.steps
        return max(1, round(scale.epochs * (images // self.real_batch)))

    def options(self, **changes) -> Options:
        """Options for `labkit.training.train`."""
        own = {
            "g_lr": self.g_lr or self.lr,
            "d_lr": self.lr,
            "betas": self.betas,
            "ema": self.ema,
            "latent": self.latent,
            "seed": self.seed,
        }
        return Options(**(own | changes))


_SMOKE = Scale(image_size=32, base_channels=8, steps=40, images=256)

_ALL = (
    Recipe(
        name="handout",
        title="The lab sheet's DCGAN",
        source="course lab sheet (in Persian) after Radford, Metz and Chintala, 2015, arXiv:1511.06434",
        note="five-layer G and D, sigmoid and BCELoss, Adam. The sheet names neither batch size, rates nor "
        "epochs. The kit chose what draws best in three minutes on two cores: batch 32, G five times as "
        "fast as D, no momentum, and samples from a running mean of G's weights",
        batch_size=32,
        g_lr=1e-3,
        betas=(0.0, 0.999),
        ema=0.99,
        smoke=_SMOKE,
        cpu=Scale(base_channels=32, steps=2_200),
        gpu=Scale(epochs=20),
    ),
    Recipe(
        name="smoothed",
        title="DCGAN with smoothed labels",
        source="student report (in Persian): DCGAN on CelebA 64x64, 20 epochs; the smoothing is from "
        "Salimans et al., 2016, arXiv:1606.03498",
        note="loss on logits, target 0.9 for real images only, z uniform in [-1, 1]",
        output="logits",
        smooth=0.9,
        latent="uniform",
        batch_size=32,
        smoke=_SMOKE,
        cpu=Scale(base_channels=32, steps=7_500),
        gpu=Scale(epochs=20),
    ),
    Recipe(
        name="tutorial",
        title="The DCGAN tutorial",
        source="N. Inkawhich, DCGAN Tutorial (PyTorch tutorials), followed by a student report (in English)",
        note="z normal, sigmoid and BCELoss, manual seed 999. The tutorial trains 5 epochs on CelebA, the "
        "report one epoch of 40,000 faces",
        batch_size=128,
        seed=999,
        smoke=_SMOKE,
        cpu=Scale(base_channels=32, steps=700),
        gpu=Scale(epochs=5),
    ),
    Recipe(
        name="dense",
        title="The dense-and-upsample pair",
        source="student report (in Serbian), Keras: dense and upsampling, six epochs in 36 h on a CPU",
        note="batches of 256, half of them real and half fake. The report's optimizer is not recorded: Adam "
        "with DCGAN's rates, z normal",
        pair="dense",
        latent_dim=4096,
        batch_size=256,
        half_real=True,
        smoke=Scale(steps=6, images=256),
        cpu=Scale(steps=400),
        gpu=Scale(epochs=6),
    ),
)

RECIPES = {recipe.name: recipe for recipe in _ALL}


def find(name: str) -> Recipe:
    """The recipe of this name.

    Raises:
        RecipeError: there is none; the message lists them.
    """
    if name not in RECIPES:
        raise RecipeError(f"unknown recipe {name!r}: choose {_listed(RECIPES)}.")
    return RECIPES[name]


def _listed(names) -> str:
    names = list(names)
    return f"{', '.join(names[:-1])} or {names[-1]}"
