"""A logbook's columns, what they come to at the end of a run, and what a diagnosis is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from labkit.logbook import Logbook

Column = tuple[np.ndarray, np.ndarray]

HEALTHY, DIVERGED, EARLY = "healthy", "diverged", "too early to tell"
LATELY = "Over the last 20 % of the run"
FEWEST_STEPS = 100  # a shorter run is not judged
_FEWEST_ROWS = 10
_LATE = 0.2  # the part of the run that is read, at its end


class DiagnosisError(ValueError):
    """A log that tells too little; the message says what is missing."""


class Readings:
    """Columns as arrays, and what they come to in the last part of the run."""

    def __init__(self, log: Logbook | Mapping[str, Column]):
        raw = log if isinstance(log, Mapping) else {tag: log.column(tag) for tag in log.tags}
        self.columns = {
            tag: (np.asarray(steps, dtype=float), np.asarray(values, dtype=float))
            for tag, (steps, values) in raw.items()
            if len(steps)
        }
        self.last = max((float(steps.max()) for steps, _ in self.columns.values()), default=0.0)

    def known(self, tag: str) -> bool:
        return tag in self.columns and bool(np.isfinite(self.columns[tag][1]).any())

    def late(self, tag: str) -> float:
        """The median of the last part, gaps left out; of the last value where the column ends before."""
        steps, values = self.columns[tag]
        steps, values = steps[np.isfinite(values)], values[np.isfinite(values)]
        chosen = values[steps > (1 - _LATE) * self.last]
        return float(np.median(chosen)) if len(chosen) else float(values[-1])

    def rising(self, tag: str) -> bool:
        """Whether the last part is a quarter above the middle of the run."""
        if not self.known(tag):
            return False
        steps, values = self.columns[tag]
        middle = values[(steps > 0.4 * self.last) & (steps <= 0.6 * self.last) & np.isfinite(values)]
        return len(middle) > 0 and self.late(tag) > 1.25 * float(np.median(middle))

    def arrived(self, tag: str) -> float:
        """`late`; but the last value where the column is still rising."""
        return float(self.columns[tag][1][-1]) if self.rising(tag) else self.late(tag)

    def swing(self, tag: str) -> float:
        """The root mean square of the last part: how far from 0 it gets."""
        steps, values = self.columns[tag]
        chosen = values[(steps > (1 - _LATE) * self.last) & np.isfinite(values)]
        return float(np.sqrt(np.mean(chosen**2))) if len(chosen) else abs(self.late(tag))

    def mostly_below(self, tag: str, limit: float) -> bool:
        """Whether the median of the last part is below the limit, and nine in ten of its values below 0."""
        steps, values = self.columns[tag]
        chosen = values[(steps > (1 - _LATE) * self.last) & np.isfinite(values)]
        return self.late(tag) < limit and bool(np.mean(chosen < 0) >= 0.9)

    def tenths(self, tag: str) -> list[float]:
        """The medians of the tenths of the run; of those with a value."""
        steps, values = self.columns[tag]
        steps, values = steps[np.isfinite(values)], values[np.isfinite(values)]
        tenths = np.ceil(10 * steps / self.last)
        return [float(np.median(values[tenths == tenth])) for tenth in np.unique(tenths)]

    def first(self, tag: str) -> float:
        values = self.columns[tag][1]
        return float(values[np.isfinite(values)][0])

    def curves(self, **tags: str) -> dict[str, Column]:
        return {label.replace("_", " "): self.columns[tag] for label, tag in tags.items() if self.known(tag)}

    def check_length(self, tag: str) -> None:
        """Raise a DiagnosisError when the run, or the column that its steps are counted by, is too short."""
        rows = len(self.columns[tag][0])
        if self.last < FEWEST_STEPS or rows < _FEWEST_ROWS:
            raise DiagnosisError(
                f"{self.last:.0f} steps with {rows} rows are too short a run to be judged: at least "
                f"{FEWEST_STEPS} steps and {_FEWEST_ROWS} rows are needed."
            )


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a run, or that nothing is.

    Attributes:
        verdict: one of `VERDICTS`, or `EARLY`.
        reason: one or two sentences with the numbers that decided.
        advice: what to try, in one sentence.
        curves: two or three {label: (steps, values)} that show it, ready for `labkit.plots.curves`.
    """

    verdict: str
    reason: str
    advice: str
    curves: dict[str, Column] = field(repr=False)
