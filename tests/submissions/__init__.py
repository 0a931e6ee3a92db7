"""A class of submissions to labs 00 to 03, as data: each with what every exercise must end as.

`build` makes notebooks from the released ones; `styles` changes them as students and Colab do; `written`
turns the answers of `tests.answers` into cells. The class: `honest`, `partly`, `accidents`, `elsewhere`,
`damaged`, and the hostile ones in `fooling`, `peeking`, `borrowing`, `forging`, `harm` and `breaking`;
`exports` packs students into the zips of Canvas and Moodle.
"""

from tests.submissions import (
    accidents,
    borrowing,
    breaking,
    damaged,
    elsewhere,
    fooling,
    forging,
    harm,
    honest,
    partly,
    peeking,
)
from tests.submissions.build import Case


def the_class() -> list[Case]:
    """Every submission. No two students share a name."""
    willing = (honest, partly, accidents, elsewhere, damaged)
    hostile = (fooling, peeking, borrowing, forging, harm, breaking)
    return [case for group in (*willing, *hostile) for case in group.cases()]
