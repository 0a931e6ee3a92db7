"""What reaches G when D is far ahead: the gradient against a frozen G, and how far G's weights then move."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from tqdm.auto import tqdm

from labkit.games.ensemble import norms_of
from labkit.games.ring import LATENT, Chance, Ring, RingGame, g_losses
from labkit.games.settings import checked, clean_count

PROBED = 512
MOST_UPDATES = 20_000


@dataclass(frozen=True)
class FrozenOutcome:
    """The norm of the gradient at all of G's parameters while D learns and G does not, for S seeds.

    Attributes:
        ring, seeds: what was played.
        steps: (T,) int64, how many updates D had had; from 0.
        saturating: (S, T), under log(1 - D). non_saturating: (S, T), under -log D.
    """

    ring: Ring
    seeds: list[int]
    steps: torch.Tensor
    saturating: torch.Tensor
    non_saturating: torch.Tensor

    @property
    def decay(self) -> list[float]:
        """How many times smaller the gradient under log(1 - D) is in the end than at the start, per seed."""
        return (self.saturating[:, 0] / self.saturating[:, -1]).tolist()

    @property
    def growth(self) -> list[float]:
        """How many times larger the gradient under -log D is in the end than at the start, per seed."""
        return (self.non_saturating[:, -1] / self.non_saturating[:, 0]).tolist()

    def excursion(self, since: int = 100) -> list[float]:
        """The largest factor, up or down, between log(1 - D)'s gradient and its start, per seed.

        Over all measured moments from ``since`` updates of D on. In its first updates D turns round: its
        slope at the fakes changes sign, and for a moment little reaches G, whatever the loss and penalty.
        """
        ratio = (self.saturating / self.saturating[:, :1])[:, self.steps >= min(since, int(self.steps[-1]))]
        return torch.maximum(ratio, 1 / ratio).amax(1).tolist()


def frozen_generator(
    ring: Ring, *, d_updates: int = 1000, seeds: Iterable[int] = range(5), progress: bool = True
) -> FrozenOutcome:
    """Train D against a fresh G that never moves, and measure what would reach G under either loss.

    Measured on one fixed batch of 512 latents a seed, at about 25 moments from 0 to ``d_updates``, closer
    together at the start. G's own loss, rate and optimizer play no part.

    Args:
        d_updates: 1 to 20,000.

    Raises:
        GameError: settings, seeds or a number of updates that cannot be played.
    """
    d_updates = clean_count("d_updates", d_updates, MOST_UPDATES, "1000")
    game = RingGame(ring, seeds)
    chance = Chance(game.seeds, "probe")
    latents = chance.normal(PROBED, LATENT)
    moments = _moments(d_updates)
    measured = [_reaching(game, latents, chance)]
    for update in tqdm(range(1, d_updates + 1), disable=not progress, unit="D step"):
        game.d_step()
        if update in moments:
            measured.append(_reaching(game, latents, chance))
    saturating, non_saturating = torch.stack(measured, dim=-1)  # (2, S, T)
    return FrozenOutcome(ring, game.seeds, torch.tensor(moments), saturating, non_saturating)


def movement(
    ring: Ring, *, head_start: int = 200, seeds: Iterable[int] = range(5), progress: bool = True
) -> list[float]:
    """How far G's weights move when D has had a head start: |w - w0| / |w0| over all of them, per seed.

    D learns ``head_start`` steps against the fresh G; then both play ``ring.steps`` steps as usual.
    NaN or infinite where a seed diverged.

    Args:
        head_start: 1 to 20,000.

    Raises:
        GameError: settings, seeds or a head start that cannot be played.
    """
    checked(Ring, ring)
    head_start = clean_count("head_start", head_start, MOST_UPDATES, "200")
    game = RingGame(ring, seeds)
    before = [p.detach().clone() for p in game.G.parameters()]
    for turn in tqdm(range(head_start + ring.steps), disable=not progress, unit="step"):
        if turn < head_start:
            game.d_step()
        else:
            game.step()
    after = [p.detach() for p in game.G.parameters()]
    moved = norms_of([new - old for new, old in zip(after, before, strict=True)])
    return (moved / norms_of(before)).tolist()


def _reaching(game: RingGame, latents: torch.Tensor, chance: Chance) -> torch.Tensor:
    """Norms of the gradient at G's parameters, (2, S): under log(1 - D), under -log D."""
    parameters = list(game.G.parameters())
    on_fake = game.score(game.G(latents), chance)
    norms = []
    for name in ("saturating", "non-saturating"):
        loss = g_losses(name, on_fake, on_fake).sum()
        norms.append(norms_of(torch.autograd.grad(loss, parameters, retain_graph=True)))
    return torch.stack(norms)


def _moments(last: int) -> list[int]:
    """0 and about 24 more, evenly spaced on a logarithmic axis."""
    return sorted({0, last} | {round(last ** (k / 23)) for k in range(24)})
