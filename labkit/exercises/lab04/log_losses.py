"""Exercise 4.1: both losses into a logbook, at one step of every so many."""

import numpy as np
import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.properties import same
from labkit.logbook import Logbook

EVERY = 3


def losses(seed: int) -> torch.Tensor:
    """D's and G's loss at eight steps, (8, 2), no two alike."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(8, 2, generator=generator) + torch.tensor([0.5, 2.0])


def probe(log_losses, given):
    logbook = Logbook()
    for step, (d_loss, g_loss) in enumerate(given, 1):
        log_losses(logbook, step, d_loss.clone(), g_loss.clone(), EVERY)
    columns = [logbook.column(tag) for tag in sorted(logbook.tags)]
    return {
        "tags": "; ".join(sorted(logbook.tags)),
        "steps": np.concatenate([steps for steps, _ in columns]) if columns else np.zeros(0),
        "values": np.concatenate([values for _, values in columns]) if columns else np.zeros(0),
    }


EXERCISE = Exercise("4.1", "Scalars", 2, "log_losses(logbook, step, d_loss, g_loss, every)", losses, probe)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------


def _logging(
    rows=lambda d_loss, g_loss: [{"loss/d": d_loss, "loss/g": g_loss}],
    due=lambda step, every: step % every == 0,
    number=lambda step, every: step,
):
    """An answer that writes these rows, when it is due, under this number."""

    def answer(logbook, step, d_loss, g_loss, every):
        for row in rows(d_loss, g_loss) if due(step, every) else ():
            logbook.scalars(number(step, every), row)

    return answer


expected = _logging()

PROPERTIES = (
    same(
        "tags",
        "the tags are `loss/d` and `loss/g`",
        "a tag is letter for letter what the text says",
        points=0.5,
    ),
    same(
        "steps",
        "with every=3, the steps 3, 6 are written, and no others",
        "write when `step % every` is 0, under the number `step`",
        points=1,
    ),
    same(
        "values",
        "the values are the losses of those steps",
        "under `loss/d` the value of d_loss, under `loss/g` that of g_loss, unchanged",
        points=0.5,
    ),
)

MISTAKES = {
    "nothing was written: call `logbook.scalars(step, {tag: value})`": _logging(lambda d, g: []),
    "only D's loss was written": _logging(lambda d, g: [{"loss/d": d}]),
    "only G's loss was written": _logging(lambda d, g: [{"loss/g": g}]),
    "every step was written: `every` decides which": _logging(due=lambda step, every: True),
    "the condition is flipped": _logging(due=lambda step, every: step % every),
    "the first multiple only: ask for `step % every == 0`": _logging(due=lambda step, every: step == every),
    "the row's number stands where the step should: pass `step` itself": _logging(
        number=lambda step, every: step // every
    ),
    "one step late: the steps count from 1": _logging(due=lambda step, every: step % every == 1),
    "each number was written twice": _logging(lambda d, g: 2 * [{"loss/d": d, "loss/g": g}]),
    "the two losses are swapped": _logging(lambda d, g: [{"loss/d": g, "loss/g": d}]),
    "both tags hold D's loss": _logging(lambda d, g: [{"loss/d": d, "loss/g": d}]),
    "both tags hold G's loss": _logging(lambda d, g: [{"loss/d": g, "loss/g": g}]),
    "divided by `every`: a curve shows the loss itself": _logging(
        lambda d, g: [{"loss/d": d / EVERY, "loss/g": g / EVERY}]
    ),
}
