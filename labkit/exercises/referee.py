"""Plays a student's settings and keeps what came of them: the same settings are played once in a process.

Games are trusted code, settings are not: a probe hands over plain numbers and words, which the judge checks
again before anything is played.
"""

import functools

from labkit import settings
from labkit.games import GameError, Ring, RingOutcome, play_ring, settings_from

SEEDS = (0, 1, 2, 3, 4)
MOST_D_STEPS = 5


@functools.lru_cache(maxsize=64)
def played(ring: Ring, seeds: tuple[int, ...] = SEEDS) -> RingOutcome:
    """The game on the ring with these settings and seeds; from memory where it was played before.

    A progress bar shows, except under the budget ``smoke``: nobody watches there.

    Raises:
        GameError: settings or seeds that cannot be played.
    """
    return play_ring(ring, seeds=seeds, progress=settings.current().budget != "smoke")


def written(answer, *, base: Ring, allowed: tuple[str, ...]) -> dict:
    """What a student's dict says, as plain values for a record: the changed settings, or why not.

    Returns:
        ``{"refused": ""}`` and each changed setting by its name, or ``{"refused": message}``.
    """
    try:
        chosen = affordable(settings_from(Ring, answer, base=base, allowed=allowed))
    except GameError as error:
        return {"refused": str(error)}
    return {"refused": "", **{name: getattr(chosen, name) for name in answer}}


def affordable(ring: Ring) -> Ring:
    """Return settings that a game of this lab may have.

    Raises:
        GameError: they cost too much.
    """
    if ring.d_steps > MOST_D_STEPS:
        raise GameError(f"d_steps is {ring.d_steps}: the budget allows {MOST_D_STEPS} at most.")
    return ring
