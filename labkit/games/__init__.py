"""The games in which both failures are made on purpose and cured: many seeds in one call.

`play_ring` plays the game on the ring under `Ring` settings, `play_digits` one on images under `Digits`
settings, and `played` remembers what came of either; `watch` draws a game on digits. `frozen_generator` and
`movement` measure what reaches G when D is far ahead. `settings_from` makes settings of what a student wrote,
or says what is wrong with it; `labkit.games.experiments` names those of the lab.

`learn_plane` trains a VAE with two latent dimensions, as lab 06 does, and measures its plane.

`learn_recolouring` trains translators between white and recoloured digits, as lab 07 does.

The ring game itself is `labkit.games.ring.RingGame`, one update at a time, and the playground plays it too.
"""

from labkit.games.digits import Digits
from labkit.games.digits_run import DigitsOutcome, play_digits
from labkit.games.digits_shown import digits_figure, watch
from labkit.games.plane import Plane, PlaneOutcome, learn_plane
from labkit.games.recolouring import Recolouring, RecolouringOutcome, learn_recolouring
from labkit.games.remembered import played
from labkit.games.ring import Ring, RingGame
from labkit.games.ring_run import FrozenOutcome, RingOutcome, frozen_generator, movement, play_ring
from labkit.games.settings import GameError, settings_from

__all__ = [
    "Digits",
    "DigitsOutcome",
    "FrozenOutcome",
    "GameError",
    "Recolouring",
    "RecolouringOutcome",
    "Plane",
    "PlaneOutcome",
    "Ring",
    "RingGame",
    "RingOutcome",
    "digits_figure",
    "frozen_generator",
    "learn_recolouring",
    "learn_plane",
    "movement",
    "play_digits",
    "play_ring",
    "played",
    "settings_from",
    "watch",
]
