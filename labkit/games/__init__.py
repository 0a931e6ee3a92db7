"""The games in which both failures are made on purpose and cured: many seeds in one call.

`play_ring` plays the 2-D game of `Ring` settings, and `played` plays the same game only once;
`play_digits` plays one on images of `Digits` settings;
`frozen_generator` and `movement` measure what reaches G when D is far ahead. `settings_from` makes settings
of what a student wrote, or says what is wrong with it; `labkit.games.experiments` names those of the lab.
"""

from labkit.games.digits import Digits, DigitsOutcome, play_digits
from labkit.games.frozen import FrozenOutcome, frozen_generator, movement
from labkit.games.play import RingOutcome, affordable, play_ring, played
from labkit.games.ring import Ring, RingGame
from labkit.games.settings import GameError, settings_from

__all__ = [
    "Digits",
    "DigitsOutcome",
    "FrozenOutcome",
    "GameError",
    "Ring",
    "RingGame",
    "RingOutcome",
    "affordable",
    "frozen_generator",
    "movement",
    "play_digits",
    "play_ring",
    "played",
    "settings_from",
]
