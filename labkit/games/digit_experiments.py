"""The digits game's experiments by name: healthy, broken by momentum, cured, not cured."""

from dataclasses import replace

from labkit.games.digits import Digits

HEALTHY = Digits(beta1=0.0)
BROKEN = replace(HEALTHY, beta1=0.9)
CURED = replace(BROKEN, penalty=10.0)
NO_CURES = {"packing 4": replace(BROKEN, packing=4)}
