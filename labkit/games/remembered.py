"""Games from memory: what came of some settings is played once in a process, however often it is asked for.

The lab, its checks and the grader ask for the same games again and again, and a game of five seeds takes
seconds.
"""

import functools

from labkit.games.digits import Digits
from labkit.games.digits_run import DigitsOutcome, play_digits
from labkit.games.ring import Ring
from labkit.games.ring_run import RingOutcome, play_ring
from labkit.settings import current

RING_SEEDS, DIGITS_SEEDS = (0, 1, 2, 3, 4), (0, 1, 2)


@functools.lru_cache(maxsize=128)
def played(settings: Ring | Digits, seeds: tuple[int, ...] = ()) -> RingOutcome | DigitsOutcome:
    """What came of the game with these settings; from memory where this process has played it before.

    A progress bar shows, except under the budget ``smoke``, which runs unattended.

    Args:
        seeds: none means those of the lab: 0 to 4 for `Ring` settings, 0 to 2 for `Digits`.

    Raises:
        GameError: settings or seeds that cannot be played.
    """
    progress = current().budget != "smoke"
    if isinstance(settings, Digits):
        return play_digits(settings, seeds=seeds or DIGITS_SEEDS, progress=progress)
    return play_ring(settings, seeds=seeds or RING_SEEDS, progress=progress)
