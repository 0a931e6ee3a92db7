"""The game of lab 05's playground: the ring game of `labkit.games` with one seed, and what its picture shows.

Networks, data, losses, optimizers and random numbers are those of `labkit.games.ring`. Under the same
settings and seed, n turns here end where `labkit.games.play_ring` ends after n steps.
"""

from dataclasses import dataclass
from typing import Any

import torch

from labkit import metrics
from labkit.games import GameError, Ring, RingGame, settings_from
from labkit.games.ring import LATENT, MODES, RADIUS, Chance, g_losses
from labkit.games.ring_run import SHOWN
from labkit.synthetic.mixtures import ring_centres

LOSSES = {"non-saturating": "−log D", "saturating": "log(1 − D)"}  # G's two losses, and how they are written
ARROWS = 40  # fakes whose gradient is measured
_CONTROLS = ("g_lr", "d_lr", "loss", "optimizer")
_FAKES = _REAL = 400
_REACH = 0.2  # three times this, 0.6, is how close to a mode a fake must be: less than half way to the next


@dataclass(frozen=True)
class Gradient:
    """How strongly G's loss pulls at a fake x: the mean of |∂loss/∂x| over `ARROWS` fakes, under either loss.

    ``loss`` is that of the one fake, so the number does not depend on how many are measured.
    """

    step: int  # steps of D and G together
    non_saturating: float
    saturating: float

    def under(self, loss: str) -> float:
        return self.saturating if loss == "saturating" else self.non_saturating


class Game:
    """One seed's game, played by hand.

    Args:
        seed: a whole number from 0 on.
        settings: g_lr, d_lr, loss (one of `LOSSES`) and optimizer of a `labkit.games.Ring`.

    Attributes:
        ring: the settings. `change` them; they count from the next step.
        real: (400, 2) points of the ring.
        d_steps, g_steps: steps taken.
        gradients: a `Gradient` for the start, and after every step or turn.
        broken: whether a number has left the finite range; from then on steps do nothing.

    Raises:
        GameError: a seed or settings that cannot be played.
    """

    def __init__(self, *, seed: int = 0, **settings: Any):
        self.ring = _chosen(settings, Ring())
        self.seed = seed
        self.start_again()
        self.real = Chance([seed], "shown").ring(_REAL)[0]

    def start_again(self) -> None:
        """Fresh networks, the same ones each time, so that two settings are compared from one start."""
        self._game = RingGame(self.ring, [self.seed])
        self.G, self.D = self._game.G, self._game.D
        # The same z throughout, and those of `play_ring`: a fake that moves is a G that has learnt.
        self._z = Chance([self.seed], "show").normal(SHOWN, LATENT)[:, :_FAKES]
        self.d_steps = self.g_steps = 0
        self.broken = False
        self.gradients: list[Gradient] = []
        self._measure()

    def change(self, **settings: Any) -> None:
        """Go on under other settings; raises a GameError if they cannot be played."""
        self.ring = _chosen(settings, self.ring)
        self._game.change(self.ring)

    def step_d(self) -> None:
        """One step of D on a batch of real points and one of fakes."""
        if not self.broken:
            self._game.d_step()
            self.d_steps += 1
            self._measure()

    def step_g(self) -> None:
        """One step of G against D as it is now."""
        if not self.broken:
            self._game.g_step()
            self.g_steps += 1
            self._measure()

    def turn(self) -> None:
        """A step of D and one of G on the same fakes, which is a step of `RingGame`."""
        if not self.broken:
            self._game.step()
            self.d_steps += 1
            self.g_steps += 1
            self._measure()

    @torch.no_grad()
    def fakes(self) -> torch.Tensor:
        """(400, 2): where G puts its fixed z; the first `ARROWS` have their gradient measured."""
        return self.G(self._z)[0]

    @torch.no_grad()
    def says(self, points: torch.Tensor) -> torch.Tensor:
        """D's probability that points (N, 2) are real, (N,) in [0, 1]."""
        return torch.sigmoid(self.D(points[None])[0, :, 0])

    def pulls(self, loss: str | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """The first fakes (40, 2), and minus the gradient of G's loss at each (40, 2): where it falls.

        Either loss falls where D's logit s rises, so the directions are the same. The lengths are not:
        |∂s/∂x| times D(x) under log(1 - D), and times 1 - D(x) under -log D.
        """
        fakes = self.fakes()[:ARROWS].requires_grad_()
        logits = self.D(fakes[None])[0]  # (40, 1): a loss of its own for each
        (slope,) = torch.autograd.grad(g_losses(loss or self.ring.loss, logits, logits).sum(), fakes)
        return fakes.detach(), -slope

    def modes(self) -> int:
        """Modes that hold a fifth of their fair share of the fakes within 0.6 of the centre, 0 to 8.

        `labkit.metrics.modes_near` gives every fake to some mode, however far: it would find a few for
        the fresh G, whose fakes all lie in the middle of the ring.
        """
        return metrics.modes_covered(self.fakes(), ring_centres(MODES, RADIUS), std=_REACH)

    def _measure(self) -> None:
        sizes = [self.pulls(loss)[1].norm(dim=1).mean() for loss in ("non-saturating", "saturating")]
        self.broken = not bool(torch.isfinite(torch.stack([*sizes, self.fakes().sum()])).all())
        if not self.broken:
            self.gradients.append(Gradient(self.d_steps + self.g_steps, *map(float, sizes)))


def _chosen(settings: dict[str, Any], base: Ring) -> Ring:
    ring = settings_from(Ring, settings, base=base, allowed=_CONTROLS)
    if ring.loss not in LOSSES:
        raise GameError(f"loss is {ring.loss!r}: the playground has {' and '.join(map(repr, LOSSES))}.")
    return ring
