"""The game of G and D on the ring of eight, one step at a time, with nothing about buttons or pictures.

Networks, data and optimizers are those of the ring experiments of lab 05: eight Gaussians of standard
deviation 0.05 on a circle of radius 2, two small perceptrons, Adam with betas (0.5, 0.999), batches of 128.
"""

from dataclasses import dataclass

import torch
from torch.nn import functional as F

from labkit import metrics
from labkit.networks import pair_2d
from labkit.synthetic import mixtures

LOSSES = {"non-saturating": "−log D", "saturating": "log(1 − D)"}  # G's two losses, and how they are written
OPTIMIZERS = ("Adam", "SGD")
ARROWS = 40  # fakes whose gradient is measured
_FAKES, _REAL, _BATCH = 400, 8192, 128
_REACH = 0.2  # three times this, 0.6, is how close to a mode a fake must be: less than half way to the next


@dataclass(frozen=True)
class Gradient:
    """How strongly G's loss pulls at a fake x: the mean of |∂loss/∂x| over `ARROWS` fakes, under either loss.

    ``loss`` is that of the one fake, so that the number does not depend on how many are looked at.
    """

    step: int  # steps of D and G together
    non_saturating: float
    saturating: float

    def under(self, loss: str) -> float:
        return self.saturating if loss == "saturating" else self.non_saturating


class Game:
    """Two networks and their optimizers; a rate, loss or optimizer that is changed counts from the next step.

    Attributes:
        loss: G's, one of `LOSSES`; D's loss is the same in both.
        g_lr, d_lr: learning rates, above 0.
        optimizer: G's, one of `OPTIMIZERS`. D always has Adam.
        d_steps, g_steps: steps taken.
        gradients: a `Gradient` for the start and after every step.
        broken: whether a number has left the finite range; from then on steps do nothing.

    Raises:
        ValueError: an unknown loss or optimizer, or a rate that is not a positive number.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        loss: str = "non-saturating",
        g_lr: float = 1e-3,
        d_lr: float = 1e-3,
        optimizer: str = "Adam",
    ):
        self.loss = _one_of("loss", loss, LOSSES)
        self._optimizer = _one_of("optimizer", optimizer, OPTIMIZERS)
        self.g_lr, self.d_lr = _rate("g_lr", g_lr), _rate("d_lr", d_lr)
        self.seed = seed
        self.real = mixtures.ring(_REAL, seed=seed)[0]  # (8192, 2)
        self.start_again()

    def start_again(self) -> None:
        """Fresh networks, the same ones each time, so that two settings are compared from one start."""
        with torch.random.fork_rng(devices=[]):  # the notebook's own random numbers stay as they are
            torch.manual_seed(self.seed)
            self.G, self.D = pair_2d()
        self._random = torch.Generator().manual_seed(self.seed)
        self.z = self._noise(_FAKES)  # the same z all along: a fake that moves is a G that has learnt
        self._of_d = torch.optim.Adam(self.D.parameters(), lr=self.d_lr, betas=(0.5, 0.999))
        self.optimizer = self._optimizer
        self.d_steps = self.g_steps = 0
        self.broken = False
        self.gradients: list[Gradient] = []
        self._measure()

    @property
    def optimizer(self) -> str:
        return self._optimizer

    @optimizer.setter
    def optimizer(self, name: str) -> None:
        self._optimizer = _one_of("optimizer", name, OPTIMIZERS)
        weights = self.G.parameters()
        if name == "SGD":
            self._of_g = torch.optim.SGD(weights, lr=self.g_lr)
        else:
            self._of_g = torch.optim.Adam(weights, lr=self.g_lr, betas=(0.5, 0.999))

    def step_d(self) -> None:
        """One step of D on a batch of real points and one of fakes."""
        if self.broken:
            return
        real = self.real[torch.randint(_REAL, (_BATCH,), generator=self._random)]
        with torch.no_grad():
            fake = self.G(self._noise(_BATCH))
        loss = F.softplus(-self.D(real)).mean() + F.softplus(self.D(fake)).mean()
        _step(self._of_d, loss, self.d_lr)
        self.d_steps += 1
        self._measure()

    def step_g(self) -> None:
        """One step of G against D as it is now."""
        if self.broken:
            return
        _step(self._of_g, _g_loss(self.D(self.G(self._noise(_BATCH))), self.loss).mean(), self.g_lr)
        self.g_steps += 1
        self._measure()

    @torch.no_grad()
    def fakes(self) -> torch.Tensor:
        """(400, 2): where G puts the same z as ever; the first `ARROWS` have their gradient measured."""
        return self.G(self.z)

    @torch.no_grad()
    def says(self, points: torch.Tensor) -> torch.Tensor:
        """D's probability that points (N, 2) are real, (N,) in [0, 1]."""
        return torch.sigmoid(self.D(points))

    def pulls(self, loss: str | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """The first fakes (40, 2), and minus the gradient of G's loss at each (40, 2): where it falls.

        Either loss falls where D's logit s rises, so the directions are the same. The lengths are not:
        |∂s/∂x| times D(x) under log(1 - D), and times 1 - D(x) under -log D.
        """
        fakes = self.fakes()[:ARROWS].requires_grad_()
        with torch.enable_grad():
            logits = self.D(fakes)
            (slope,) = torch.autograd.grad(logits.sum(), fakes)
        logits = logits.detach()
        saturating = (loss or self.loss) == "saturating"
        return fakes.detach(), torch.sigmoid(logits if saturating else -logits)[:, None] * slope

    def modes(self) -> int:
        """Modes that hold a fifth of their fair share of the fakes within 0.6 of the centre, 0 to 8.

        `labkit.metrics.modes_near` gives every fake to some mode, however far: it would find a few for
        the fresh G, whose fakes all lie in the middle of the ring.
        """
        return metrics.modes_covered(self.fakes(), mixtures.ring_centres(), std=_REACH)

    def _noise(self, count: int) -> torch.Tensor:
        return torch.randn(count, *self.G.latent_shape, generator=self._random)

    def _measure(self) -> None:
        sizes = [self.pulls(loss)[1].norm(dim=1).mean() for loss in ("non-saturating", "saturating")]
        self.broken = not bool(torch.isfinite(torch.stack([*sizes, self.fakes().sum()])).all())
        if not self.broken:
            self.gradients.append(Gradient(self.d_steps + self.g_steps, *map(float, sizes)))


def _g_loss(logits: torch.Tensor, loss: str) -> torch.Tensor:
    """G's loss per fake: log(1 - D) (Goodfellow et al. 2014, equation 1), or -log D (section 3 there)."""
    return -F.softplus(logits) if loss == "saturating" else F.softplus(-logits)


def _step(optimizer: torch.optim.Optimizer, loss: torch.Tensor, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _one_of(what: str, value: str, known) -> str:
    if value not in known:
        raise ValueError(f"{what} {value!r} is none of {', '.join(known)}.")
    return value


def _rate(name: str, value: float) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")
    if not good:
        raise ValueError(f"{name} {value!r} is not a learning rate: 1e-3 is common, 0.1 is wild.")
    return float(value)
