"""A whole game on the ring, observed: where G's points are in the end, and the curves on the way there."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from tqdm.auto import tqdm

from labkit.games.ring import LATENT, MODES, RADIUS, STD, Chance, Ring, RingGame, Turn, g_signal
from labkit.games.settings import GameError
from labkit.metrics import high_quality, modes_covered, modes_near
from labkit.settings import current
from labkit.synthetic.mixtures import ring_centres
from labkit.training.observe import TAGS, opinions, spread

SHOWN, SNAPSHOT = 2000, 500
SEEDS = (0, 1, 2, 3, 4)
MOST_D_STEPS = 5


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
        if seed not in self.seeds:
            raise KeyError(f"seed {seed} was not played: choose among {self.seeds}.")
        row = self.seeds.index(seed)
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


@functools.lru_cache(maxsize=64)
def played(ring: Ring, seeds: tuple[int, ...] = SEEDS) -> RingOutcome:
    """The game on the ring with these settings and seeds; from memory where this process played it before.

    A progress bar shows, except under the budget ``smoke``: nobody watches there.

    Raises:
        GameError: settings or seeds that cannot be played.
    """
    return play_ring(ring, seeds=seeds, progress=current().budget != "smoke")


def affordable(ring: Ring) -> Ring:
    """Return settings that a game of this lab may have.

    Raises:
        GameError: they cost too much.
    """
    if ring.d_steps > MOST_D_STEPS:
        raise GameError(f"d_steps is {ring.d_steps}: the budget allows {MOST_D_STEPS} at most.")
    return ring


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
