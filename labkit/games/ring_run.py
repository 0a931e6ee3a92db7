"""Runs of the ring game, measured: a whole game, D against a frozen G, and G after a head start of D.

`play_ring` says where G's points are in the end, and gives the curves on the way there. `frozen_generator`
and `movement` measure what reaches G when D is far ahead: its gradient, and how far its weights move.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from tqdm.auto import tqdm

from labkit.games.ring import LATENT, MODES, RADIUS, STD, Chance, Ring, RingGame, Turn, g_losses, g_signal
from labkit.games.settings import checked, clean_count, row_of
from labkit.games.stack import norms_of
from labkit.metrics import high_quality, modes_covered, modes_near
from labkit.synthetic.mixtures import ring_centres
from labkit.training.observe import TAGS, opinions, spread

SHOWN, SNAPSHOT = 2000, 500
PROBED = 512
MOST_UPDATES = 20_000


@dataclass(frozen=True)
class RingOutcome:
    """What came of a game on the ring, for S seeds. All counts are of G itself, not of a running mean.

    Attributes:
        ring, seeds: what was played.
        points: (S, 2000, 2), from the trained G; NaN where a seed diverged.
        near: modes found by nearest centre, 0 to 8 for each seed (`labkit.metrics.modes_near`).
        strict: modes found in samples of high quality. quality: the share of those, 0 to 1.
        diverged: whether weights or points stopped being finite numbers; near, strict, quality are 0 then.
        history: step -> (S, 500, 2), the same latents every time, from step 0 to the last.
        log_steps: the steps of the curves. log: tag -> (S, len(log_steps)).
    """

    ring: Ring
    seeds: list[int]
    points: torch.Tensor
    near: list[int]
    strict: list[int]
    quality: list[float]
    diverged: list[bool]
    history: dict[int, torch.Tensor]
    log_steps: list[int]
    log: dict[str, torch.Tensor]

    def columns(self, seed: int) -> dict[str, tuple[list[int], list[float]]]:
        """The curves of one seed, as a logbook gives them: tag -> (steps, values).

        Raises:
            KeyError: this seed was not played.
        """
        row = row_of(seed, self.seeds)
        return {tag: (list(self.log_steps), values[row].tolist()) for tag, values in self.log.items()}


def play_ring(ring: Ring, *, seeds: Iterable[int] = range(5), progress: bool = True) -> RingOutcome:
    """Play ``ring.steps`` steps with every seed, and measure what came of it.

    Raises:
        GameError: settings or seeds that cannot be played.
    """
    game = RingGame(ring, seeds)
    latents = Chance(game.seeds, "show").normal(SHOWN, LATENT)
    log_every = max(1, ring.steps // 100)
    shot_every = max(1, -(-ring.steps // 6))
    history = {0: _draw(game, latents[:, :SNAPSHOT])}
    steps, rows = [], []
    for step in tqdm(range(1, ring.steps + 1), disable=not progress, unit="step"):
        d_turn, g_turn = game.step()
        if step % log_every == 0 or step in (1, ring.steps):
            steps.append(step)
            rows.append(_measure(game, d_turn, g_turn))
        if step % shot_every == 0 or step == ring.steps:
            history[step] = _draw(game, latents[:, :SNAPSHOT])
    points = _draw(game, latents)
    sane = torch.tensor(game.finite()) & torch.isfinite(points).flatten(1).all(1)
    centres = ring_centres(MODES, RADIUS)
    seen = [cloud if ok else None for cloud, ok in zip(points, sane.tolist(), strict=True)]
    values = torch.stack(rows).permute(1, 2, 0)  # (tags, S, rows)
    return RingOutcome(
        ring=ring,
        seeds=game.seeds,
        points=torch.where(sane[:, None, None], points, float("nan")),
        near=[0 if cloud is None else modes_near(cloud, centres) for cloud in seen],
        strict=[0 if cloud is None else modes_covered(cloud, centres, std=STD) for cloud in seen],
        quality=[0.0 if cloud is None else high_quality(cloud, centres, std=STD) for cloud in seen],
        diverged=(~sane).tolist(),
        history=history,
        log_steps=steps,
        log=dict(zip(TAGS, values, strict=True)),
    )


@torch.no_grad()
def _draw(game: RingGame, latents: torch.Tensor) -> torch.Tensor:
    return game.G(latents)


@torch.no_grad()
def _measure(game: RingGame, d: Turn, g: Turn) -> torch.Tensor:
    """The numbers named by `TAGS`, (len(TAGS), S)."""
    numbers = opinions(d.real, d.fake) | {
        "loss/d": d.loss,
        "loss/g": g.loss,
        "grad_norm/d": game.D.gradient_norms(),
        "grad_norm/g": game.G.gradient_norms(),
        "signal/g": g_signal(game.ring.loss, g.real, g.fake),
        "diversity/g": torch.tensor(list(map(spread, d.fake_points, d.real_points))),
    }
    return torch.stack([numbers[tag] for tag in TAGS])


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

        Over all measured moments from ``since`` updates of D on. During its first updates the sign of D's
        slope at the fakes changes, and for a moment little reaches G, whatever the loss and penalty.
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
