"""A log's columns, and what each comes to over the last part of the run."""

from collections.abc import Mapping

import numpy as np

from labkit.logbook import Logbook

Column = tuple[np.ndarray, np.ndarray]

LATE = 0.2  # the part of the run that is read, at its end
FEWEST_STEPS, FEWEST_ROWS = 100, 10
SAMPLES = ("coverage/g", "recall/g", "diversity/g")


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
        chosen = values[steps > (1 - LATE) * self.last]
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
        chosen = values[(steps > (1 - LATE) * self.last) & np.isfinite(values)]
        return float(np.sqrt(np.mean(chosen**2))) if len(chosen) else abs(self.late(tag))

    def mostly_below(self, tag: str, limit: float) -> bool:
        """Whether the median of the last part is below the limit, and nine in ten of its values below 0."""
        steps, values = self.columns[tag]
        chosen = values[(steps > (1 - LATE) * self.last) & np.isfinite(values)]
        return self.late(tag) < limit and bool(np.mean(chosen < 0) >= 0.9)

    def first(self, tag: str) -> float:
        values = self.columns[tag][1]
        return float(values[np.isfinite(values)][0])

    def curves(self, **tags: str) -> dict[str, Column]:
        return {label.replace("_", " "): self.columns[tag] for label, tag in tags.items() if self.known(tag)}

    def check(self) -> None:
        """Raise a DiagnosisError when there is too little to judge by."""
        missing = [tag for tag in ("gap/d", "signal/g") if not self.known(tag)]
        if missing:
            raise DiagnosisError(
                f"the log has no {' and no '.join(missing)}; labkit.training.train writes them."
            )
        if not any(self.known(tag) for tag in SAMPLES):
            raise DiagnosisError(
                f"the log says nothing of the samples: one of {', '.join(SAMPLES)} is needed."
            )
        rows = len(self.columns["gap/d"][0])
        if self.last < FEWEST_STEPS or rows < FEWEST_ROWS:
            raise DiagnosisError(
                f"{self.last:.0f} steps with {rows} rows are too short a run to be judged: at least "
                f"{FEWEST_STEPS} steps and {FEWEST_ROWS} rows are needed."
            )

    def samples(self) -> str:
        """What is known of the samples, in words."""
        parts = []
        if self.known("coverage/g"):
            parts.append(f"{self.late('coverage/g'):.0%} of the modes or classes are covered")
        if self.known("recall/g"):
            parts.append(f"{self.late('recall/g'):.0%} of real data lie among the fakes (recall)")
        if self.known("precision/g"):
            parts.append(f"{self.late('precision/g'):.0%} of the fakes lie among real data (precision)")
        if self.known("diversity/g"):
            parts.append(
                f"the fakes differ from each other {self.late('diversity/g'):.2f} times as much as real data"
            )
        return ", ".join(parts)
