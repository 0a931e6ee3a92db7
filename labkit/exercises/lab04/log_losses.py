"""Exercise 4.1: both losses into a logbook, at one step of every so many."""

import numpy as np
import torch

from labkit.exercises.exercise import Exercise
from labkit.exercises.lab04 import _logbook
from labkit.exercises.properties import Case, holds, rule, same, unchanged
from labkit.exercises.reading import numbers

TAGS = ("loss/d", "loss/g")


def losses(seed: int) -> dict:
    """D's and G's loss at some steps, (N, 2), no two alike, and two different numbers for ``every``.

    Each divides at least three steps, and some are left over at the end.
    """
    generator = torch.Generator().manual_seed(seed)
    often, seldom = (5 + torch.randperm(3, generator=generator))[:2].tolist()
    count = 3 * max(often, seldom) + 1 + int(torch.randint(3, (), generator=generator))
    rows = torch.rand(count, 2, generator=generator) + torch.tensor([0.5, 2.0])
    return {"losses": rows, "every": often, "another": seldom}


def probe(log_losses, given):
    logbook, rows = _logged(log_losses, given["losses"], given["every"])
    another, _ = _logged(log_losses, given["losses"], given["another"])
    columns = [logbook.column(tag) for tag in sorted(logbook.tags)]
    return {
        "tags": "; ".join(sorted(logbook.tags)),
        "steps": [step for steps, _ in columns for step in steps.tolist()],
        "values": [value for _, values in columns for value in values.tolist()],
        "another steps": [s for tag in sorted(another.tags) for s in another.column(tag)[0].tolist()],
        "the losses afterwards": rows,
        "closed": logbook.closed,
    }


def _logged(log_losses, losses: torch.Tensor, every: int) -> tuple[_logbook.Logbook, torch.Tensor]:
    """The logbook after all steps, and the losses as the answer has left them."""
    logbook, rows = _logbook.Logbook(), losses.clone()
    for step, (d_loss, g_loss) in enumerate(rows, 1):
        log_losses(logbook, step, d_loss, g_loss, every)
    return logbook, rows


EXERCISE = Exercise(
    "4.1",
    "Scalars",
    2,
    "log_losses(logbook, step, d_loss, g_loss, every)",
    losses,
    probe,
    causes=_logbook.CAUSES,
)

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


def _steps_of(name: str, which: str):
    """The steps of both columns are the multiples of ``every``."""

    def find(case: Case):
        every, last = case.given[which], len(case.given["losses"])
        wanted = list(range(every, last + 1, every))
        got = numbers(case.got[name])
        fits = got.shape == (2 * len(wanted),) and bool((got == [*wanted, *wanted]).all())
        yield holds(
            f"with every={every}, the steps {', '.join(map(str, wanted))} are written, and no others",
            fits,
            got=_in_words(got),
            expected=f"{', '.join(map(str, wanted))} under each tag",
            cause=_fixed(got, every, last),
        )

    return rule(find, name, compared=True, points=0.5)


def _in_words(got: np.ndarray) -> str:
    half = len(got) // 2
    twice = len(got) % 2 == 0 and bool((got[:half] == got[half:]).all())
    listed = ", ".join(f"{n:g}" for n in (got[:half] if twice else got)[:12])
    return f"{listed}{' under each tag' if twice else ''}"


def _fixed(got: np.ndarray, every: int, last: int) -> str:
    """Whether the steps are the multiples of another number than ``every``."""
    for other in range(2, last + 1):
        if other != every and sorted(set(got.tolist())) == [*range(other, last + 1, other)]:
            return f"those are the steps that {other} divides, and `every` is {every} here"
    return "write when `step % every` is 0, under the number `step`"


PROPERTIES = (
    same(
        "tags",
        "the tags are `loss/d` and `loss/g`",
        "a tag is letter for letter what the text says",
        points=0.5,
    ),
    _steps_of("steps", "every"),
    same(
        "values",
        "the values are the losses of those steps",
        "under `loss/d` the value of d_loss, under `loss/g` that of g_loss, unchanged",
        points=0.5,
    ),
    _steps_of("another steps", "another"),
    unchanged(
        "the losses afterwards",
        "the losses keep their values",
        "a tensor was changed in place: the caller still needs it",
    ),
    _logbook.stays_open("closed"),
)

MISTAKES = {
    "nothing was written: is `logbook.scalars` called where `every` divides the step?": _logging(
        lambda d, g: []
    ),
    "only D's loss was written": _logging(lambda d, g: [{"loss/d": d}]),
    "only G's loss was written": _logging(lambda d, g: [{"loss/g": g}]),
    "every step was written: `every` decides which": _logging(due=lambda step, every: True),
    "the condition is flipped": _logging(due=lambda step, every: step % every),
    "the first multiple only: ask for `step % every == 0`": _logging(due=lambda step, every: step == every),
    "only the steps before `every` were written: ask for `step % every == 0`": _logging(
        due=lambda step, every: step < every
    ),
    "all steps from `every` on were written: ask for `step % every == 0`": _logging(
        due=lambda step, every: step >= every
    ),
    "the row's number stands where the step should: pass `step` itself": _logging(
        number=lambda step, every: step // every
    ),
    "one step late: the steps count from 1": _logging(due=lambda step, every: step % every == 1),
    "one step early: the steps count from 1": _logging(due=lambda step, every: (step + 1) % every == 0),
    "each number was written twice": _logging(lambda d, g: 2 * [{"loss/d": d, "loss/g": g}]),
    "the two losses are swapped": _logging(lambda d, g: [{"loss/d": g, "loss/g": d}]),
    "both tags hold D's loss": _logging(lambda d, g: [{"loss/d": d, "loss/g": d}]),
    "both tags hold G's loss": _logging(lambda d, g: [{"loss/d": g, "loss/g": g}]),
    "divided by `every`: a curve shows the loss itself": (
        lambda logbook, step, d_loss, g_loss, every: expected(
            logbook, step, d_loss / every, g_loss / every, every
        )
    ),
}
