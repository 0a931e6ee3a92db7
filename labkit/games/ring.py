"""The game on the ring of eight Gaussians: G and D take turns, for many seeds at once.

`Ring` says how the game is played, `RingGame` plays it one update at a time: for the experiments of lab 05
and for its playground. Seed k has its own weights (those of ``torch.manual_seed(k);
labkit.networks.pair_2d()``), its own real points, latents and noise: it plays the same game alone or beside
others.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from labkit.games.settings import (
    LOSSES,
    GameError,
    check,
    check_packing,
    checked,
    choice,
    clean_seeds,
    decay,
    flag,
    learning_rate,
    number,
    whole,
)
from labkit.games.stack import Stack
from labkit.networks import pair_2d
from labkit.synthetic.mixtures import ring_centres

LATENT, HIDDEN = 16, 128
MODES, RADIUS, STD = 8, 2.0, 0.05
BETA2 = 0.999


@dataclass(frozen=True)
class Ring:
    """How a game on the ring is played. Impossible settings raise a GameError at once.

    Attributes:
        g_lr, d_lr: learning rates, above 0 and at most 1.
        beta1: Adam's first moment, for both, from 0 to 0.999; its second is 0.999.
        batch_size: points in a batch, 16 to 1,024.
        steps: updates of G, 1 to 20,000. d_steps: updates of D before each of G's, 1 to 20.
        loss: ``"non-saturating"`` (G minimises -log D), ``"saturating"`` (log(1 - D)), both of Goodfellow
            et al. 2014, or ``"relativistic"`` (on D(real) - D(fake); Jolicoeur-Martineau 2018,
            arXiv:1807.00734).
        penalty: gamma of R1 + R2, half gamma times D's squared gradient on real points (Mescheder et al.
            2018, arXiv:1801.04406) and on fakes, 0 to 100; 0 is none.
        packing: how many points D judges together, 1 to 16, a divisor of the batch size (PacGAN, Lin et
            al. 2018, arXiv:1712.04086).
        noise: standard deviation of the Gaussian noise added to all that D sees, 0 to 5.
        spectral_norm: on all layers of D (Miyato et al. 2018, arXiv:1802.05957).
        optimizer: G's, ``"adam"`` or plain ``"sgd"``; D always has Adam.
    """

    g_lr: float = learning_rate(2e-3)
    d_lr: float = learning_rate(2e-3)
    beta1: float = decay(0.0)
    batch_size: int = whole(64, "a number of points", low=16, high=1024)
    steps: int = whole(400, "a number of steps", low=1, high=20_000)
    d_steps: int = whole(1, "a number of D's steps for each step of G", low=1, high=20)
    loss: str = choice("non-saturating", "a loss", LOSSES)
    penalty: float = number(0.0, "a weight for R1 + R2", low=0, high=100, say="0.1")
    packing: int = whole(1, "a number of points that D sees together", low=1, high=16, say="4")
    noise: float = number(0.0, "a standard deviation", low=0, high=5, say="0.5")
    spectral_norm: bool = flag(False)
    optimizer: str = choice("adam", "G's optimizer", ("adam", "sgd"))

    def __post_init__(self):
        check(self)
        check_packing(self)


@dataclass(frozen=True)
class Turn:
    """What one update saw, for S seeds and B points (with packing, B packs).

    Attributes:
        loss: (S,), without the penalty.
        real: D's logits on real points (S, B). fake: on the fakes (S, B).
        real_points, fake_points: (S, points, 2), as D saw them but without noise.
    """

    loss: torch.Tensor
    real: torch.Tensor
    fake: torch.Tensor
    real_points: torch.Tensor
    fake_points: torch.Tensor


class RingGame:
    """The networks of S seeds and whose turn it is. Nothing here uses or moves torch's global random state.

    Args:
        ring: how to play. seeds: whole numbers from 0 on.

    Raises:
        GameError: something else.
    """

    def __init__(self, ring: Ring, seeds: Iterable[int] = range(5)):
        self.ring, self.seeds = checked(Ring, ring), clean_seeds(seeds)
        pairs = [fresh_pair(seed, self.ring.packing) for seed in self.seeds]
        self.G = Stack([G for G, _ in pairs])
        self.D = Stack([D for _, D in pairs], slope=0.2, spectral_norm=self.ring.spectral_norm)
        self.chance = Chance(self.seeds, "play")
        self._d_optimizer = _adam(self.D, self.ring.d_lr, self.ring.beta1)
        self._g_optimizer = self._optimizer_of_g(self.ring)
        self._last: tuple[torch.Tensor, torch.Tensor] | None = None

    def change(self, ring: Ring) -> None:
        """Play on under other settings, from the next update on. Another optimizer of G starts afresh.

        Raises:
            GameError: another beta1, packing or spectral norm, which a game has from its start.
        """
        for name in ("beta1", "packing", "spectral_norm"):
            if getattr(ring, name) != getattr(self.ring, name):
                raise GameError(f"{name} cannot change during a game: begin another one.")
        if ring.optimizer != self.ring.optimizer:
            self._g_optimizer = self._optimizer_of_g(ring)
        for optimizer, rate in ((self._g_optimizer, ring.g_lr), (self._d_optimizer, ring.d_lr)):
            for group in optimizer.param_groups:
                group["lr"] = rate
        self.ring = ring

    def d_step(self, *, for_g: bool = False) -> Turn:
        """Update D once on fresh points; with ``for_g``, `g_step` goes on with the same fakes."""
        ring = self.ring
        real = self.chance.ring(ring.batch_size)
        with torch.set_grad_enabled(for_g):
            fake = self.G(self.chance.normal(ring.batch_size, LATENT))
        self._last = (real, fake) if for_g else None
        self._d_optimizer.zero_grad(set_to_none=True)
        packs = ring.batch_size // ring.packing
        seen = torch.cat([self._packed(real, self.chance), self._packed(fake.detach(), self.chance)], 1)
        if ring.penalty:
            seen.requires_grad_()
        scores = self.D(seen).squeeze(-1)
        on_real, on_fake = scores[:, :packs], scores[:, packs:]  # (S, packs)
        loss = d_losses(ring.loss, on_real, on_fake)
        total = loss.sum()
        if ring.penalty:
            (slope,) = torch.autograd.grad(scores.sum(), seen, create_graph=True)
            total = total + ring.penalty / 2 * slope.square().sum() / packs
        total.backward()
        self._d_optimizer.step()
        return Turn(loss.detach(), on_real.detach(), on_fake.detach(), real, fake.detach())

    def g_step(self) -> Turn:
        """Update G once against D as it is, on the fakes of the D step before or on fresh ones."""
        ring = self.ring
        if self._last is None:
            real = self.chance.ring(ring.batch_size)
            fake = self.G(self.chance.normal(ring.batch_size, LATENT))
        else:
            real, fake = self._last
        self._last = None
        self._g_optimizer.zero_grad(set_to_none=True)
        self.D.requires_grad_(False)
        try:
            on_fake = self.score(fake)
            with torch.no_grad():
                needs_real = ring.loss == "relativistic"
                on_real = self.score(real) if needs_real else on_fake.detach()
            loss = g_losses(ring.loss, on_real, on_fake)
            loss.sum().backward()
        finally:
            self.D.requires_grad_(True)
        self._g_optimizer.step()
        return Turn(loss.detach(), on_real, on_fake.detach(), real, fake.detach())

    def step(self) -> tuple[Turn, Turn]:
        """One whole step: D ``d_steps`` times, then G on the last fakes. Returns D's last turn and G's."""
        for turn in range(self.ring.d_steps):
            seen = self.d_step(for_g=turn == self.ring.d_steps - 1)
        return seen, self.g_step()

    def finite(self) -> list[bool]:
        """For each seed, whether all its weights are still finite numbers."""
        parts = [torch.isfinite(p).flatten(1).all(1) for net in (self.G, self.D) for p in net.parameters()]
        return torch.stack(parts).all(0).tolist()

    def score(self, points: torch.Tensor, chance: "Chance | None" = None) -> torch.Tensor:
        """D's logits of points (S, B, 2), with the settings' noise and packing: (S, B / packing)."""
        return self.D(self._packed(points, chance or self.chance)).squeeze(-1)

    def _optimizer_of_g(self, ring: Ring) -> torch.optim.Optimizer:
        if ring.optimizer == "sgd":
            return torch.optim.SGD(self.G.parameters(), lr=ring.g_lr)
        return _adam(self.G, ring.g_lr, ring.beta1)

    def _packed(self, points: torch.Tensor, chance: "Chance") -> torch.Tensor:
        """(S, B, 2) with noise, as D takes them: (S, B / packing, 2 packing)."""
        if self.ring.noise:
            points = points + self.ring.noise * chance.normal(points.shape[1], 2)
        return points.reshape(len(self.seeds), -1, 2 * self.ring.packing)


class Chance:
    """Random numbers for S seeds, each from a stream of its own."""

    def __init__(self, seeds: Iterable[int], name: str):
        self._streams = [torch.Generator().manual_seed(_mix(seed, name)) for seed in seeds]
        self._centres = ring_centres(MODES, RADIUS)

    def normal(self, count: int, size: int) -> torch.Tensor:
        """(S, count, size), standard normal."""
        numbers = torch.empty(len(self._streams), count, size)
        for row, stream in zip(numbers, self._streams, strict=True):
            row.normal_(generator=stream)
        return numbers

    def ring(self, count: int) -> torch.Tensor:
        """Points of the ring, (S, count, 2)."""
        which = torch.stack([torch.randint(MODES, (count,), generator=s) for s in self._streams])
        return self._centres[which] + STD * self.normal(count, 2)


def fresh_pair(seed: int, packing: int = 1) -> tuple[nn.Module, nn.Module]:
    """The pair (G, D) that this seed starts with; D's first layer takes ``packing`` points."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        G, D = pair_2d(latent_dim=LATENT, hidden=HIDDEN)
        if packing > 1:
            D.layers[0] = nn.Linear(2 * packing, HIDDEN)
    return G, D


def d_losses(name: str, on_real: torch.Tensor, on_fake: torch.Tensor) -> torch.Tensor:
    """D's loss for each seed, (S,), from logits (S, B) each."""
    if name == "relativistic":
        return F.softplus(on_fake - on_real).mean(1)
    return F.softplus(-on_real).mean(1) + F.softplus(on_fake).mean(1)


def g_losses(name: str, on_real: torch.Tensor, on_fake: torch.Tensor) -> torch.Tensor:
    """G's loss for each seed, (S,), from logits (S, B) each."""
    if name == "relativistic":
        return F.softplus(on_real - on_fake).mean(1)
    if name == "saturating":
        return -F.softplus(on_fake).mean(1)
    return F.softplus(-on_fake).mean(1)


def g_signal(name: str, on_real: torch.Tensor, on_fake: torch.Tensor) -> torch.Tensor:
    """How strongly G is told to move, (S,): the mean size of its loss's slope at D's logits, 0 to 1."""
    if name == "relativistic":
        return torch.sigmoid(on_real - on_fake).mean(1)
    return torch.sigmoid(on_fake if name == "saturating" else -on_fake).mean(1)


def _adam(stack: Stack, lr: float, beta1: float) -> torch.optim.Adam:
    return torch.optim.Adam(stack.parameters(), lr=lr, betas=(beta1, BETA2), fused=True)


def _mix(seed: int, name: str) -> int:
    """A seed for one named stream: streams of neighbouring seeds have nothing in common."""
    return int.from_bytes(hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=4).digest(), "big")
