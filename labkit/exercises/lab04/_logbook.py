"""A logbook in memory for the checks of 4.1 and 4.2: it keeps pictures, and notes whether it was closed."""

import numpy as np
import torch

from labkit import logbook
from labkit.exercises.properties import Property, holds, rule
from labkit.exercises.reading import is_false


class Logbook(logbook.Logbook):
    """A logbook that keeps what it is given.

    Attributes:
        pictures: (step, tag, picture) for each call of ``image``.
        spreads: (step, tag, values) for each call of ``histogram``.
        closed: whether somebody closed it.
    """

    def __init__(self):
        super().__init__()
        self.pictures: list[tuple[int, str, torch.Tensor]] = []
        self.spreads: list[tuple[int, str, torch.Tensor]] = []
        self.closed = False

    def image(self, step, tag, grid):
        self.pictures.append((int(step), str(tag), grid))

    def histogram(self, step, tag, values):
        # One row: a histogram does not know the shape that its values had.
        flat = values.flatten() if isinstance(values, torch.Tensor | np.ndarray) else values
        self.spreads.append((int(step), str(tag), flat))

    def close(self):
        self.closed = True


# By the errors of those who call a logbook as they would a SummaryWriter.
CAUSES = {
    r"'Logbook' object (has no attribute|does not|is not)": (
        "a `Logbook` has `scalars(step, {tag: number})`, `image(step, tag, grid)` and "
        "`histogram(step, tag, values)`; the `add_…` methods belong to a `SummaryWriter`"
    ),
    r"scalars\(\)|no attribute 'items'": (
        "`logbook.scalars` takes two arguments: the step, then a dictionary {tag: number}"
    ),
    r"image\(\)": "`logbook.image` takes three arguments: the step, the tag, the picture",
    r"histogram\(\)": "`logbook.histogram` takes three arguments: the step, the tag, the values",
    r"float\(\) argument|converted to Scalar": "under each tag stands one number",
    r"int\(\) argument|invalid literal for int": (
        "a logbook takes the step first: `scalars(step, …)`, `image(step, tag, grid)`"
    ),
}

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def stays_open(name: str) -> Property:
    """Nobody closed the logbook: who opened it closes it."""

    def find(case):
        yield holds(
            "the logbook is left open",
            is_false(case.got[name]),
            got="closed",
            expected="open",
            cause="more steps follow: the code that opened the logbook also closes it",
        )

    return rule(find, name)
