"""What ails a training, read off its logbook alone: one of five verdicts, and the curves that say so.

All is read over the last fifth of the run, where a chance dip no longer decides (medians). In this order:

1. *Diverged*: a loss that is not finite or beyond 1,000, or fakes spread many times as far as real data.
2. *Vanishing gradient*: the signal, mean abs(d loss of G / d logit of a fake), is below 0.05 while the gap,
   mean logit of real images less that of fakes, is above 4: D is sure, and G's loss passes nothing on.
3. Are the samples poor? By the first of these that was logged: coverage (of known modes or classes),
   recall, diversity. If they are, and D sees no difference (a gap near 0) where there is one, and
   what reaches G has hardly grown since the first step, *D is too weak to teach*; else it is a *mode collapse*.
4. Else *healthy*.

The gap and the signal come from the loss itself (Goodfellow et al. 2014, section 3, has the argument that
the signal of log(1 - D) is D(G(z))). Recall is that of Kynkaanniemi et al. 2019 (arXiv:1904.06991). The
thresholds are the kit's own, chosen on runs on the ring of eight and on digits and tested on others:
`benchmarks/diagnosis.py`.

What misleads, and is therefore not asked:
- Losses. A total collapse can sit at D(x) = D(G(z)) = 0.5 with losses 2 ln 2 and ln 2: perfect curves.
- A small gradient. At a healthy equilibrium it is small too; and Adam moves G however small it is.
- D(x) and D(G(z)) under a relativistic loss: both can be 0.99, only their difference means anything.
- Precision, and the rate of copies: a collapse can be sharp, and need not repeat itself exactly.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from labkit.logbook import Logbook

HEALTHY = "healthy"
COLLAPSE = "mode collapse"
VANISHING = "vanishing gradient"
WEAK = "discriminator too weak to teach"
DIVERGED = "diverged"
VERDICTS = (HEALTHY, COLLAPSE, VANISHING, WEAK, DIVERGED)

Column = tuple[np.ndarray, np.ndarray]

LATE = 0.2  # the part of the run that is read, at its end
_FEWEST_STEPS, _FEWEST_ROWS = 100, 10

_HUGE_LOSS = 1000.0
_OUT_OF_SCALE = 4.0  # diversity: fakes this many times as far apart as real data
_DEAF = 0.05  # signal
_SURE = 4.0  # gap
_ENOUGH = {"coverage/g": 0.7, "recall/g": 0.1, "diversity/g": 0.6}  # the first that was logged decides
_BLIND = 0.15  # gap: D sees no difference
_UNGROWN = 2.5  # gradient norm of G, late over first


class DiagnosisError(ValueError):
    """A log that tells too little; the message says what is missing."""


@dataclass(frozen=True)
class Diagnosis:
    """What ails a run.

    Attributes:
        verdict: one of `VERDICTS`.
        reason: one or two sentences with the numbers that decided.
        advice: what to try, in one sentence.
        curves: two or three {label: (steps, values)} that show it, ready for `labkit.plots.curves`.
    """

    verdict: str
    reason: str
    advice: str
    curves: dict[str, Column] = field(repr=False)


def diagnose(log: Logbook | Mapping[str, Column]) -> Diagnosis:
    """Tell what ails a run from what it logged.

    Args:
        log: a `Logbook`, or what `labkit.logbook.read` returns: {tag: (steps, values)}. Needed are gap/d,
            signal/g and one of coverage/g, recall/g and diversity/g, all of which `labkit.training.train`
            writes or can be asked to (``evaluate=``); the losses where there are any.

    Raises:
        DiagnosisError: a column is missing, or the run is too short to be judged.
    """
    readings = _Readings(log)
    for look in (_diverged, _too_little, _vanishing, _poor):
        found = look(readings)
        if found is not None:
            return found
    return _healthy(readings)


class _Readings:
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

    def first(self, tag: str) -> float:
        values = self.columns[tag][1]
        return float(values[np.isfinite(values)][0])

    def curves(self, **tags: str) -> dict[str, Column]:
        return {label.replace("_", " "): self.columns[tag] for label, tag in tags.items() if self.known(tag)}


def _diverged(run: _Readings) -> Diagnosis | None:
    broken = ""
    for tag, name in {"loss/d": "D's loss", "loss/g": "G's loss", "gap/d": "the gap"}.items():
        if tag not in run.columns:
            continue
        steps, values = run.columns[tag]
        if not np.isfinite(values).all():
            broken = f"{name} is not a finite number from step {steps[~np.isfinite(values)][0]:.0f} on"
        elif np.abs(values).max() > _HUGE_LOSS:
            at = int(np.abs(values).argmax())
            broken = f"{name} reaches {values[at]:,.0f} at step {steps[at]:.0f}"
        if broken:
            break
    if not broken and run.known("diversity/g") and run.late("diversity/g") > _OUT_OF_SCALE:
        broken = f"the fakes lie {run.late('diversity/g'):.1f} times as far apart as real data do"
    if not broken:
        return None
    return Diagnosis(
        DIVERGED,
        f"{broken[0].upper()}{broken[1:]}: the updates overshoot, and nothing pulls the two networks back.",
        "Lower both learning rates tenfold; if it still runs off, use a loss on logits, or R1 + R2 on D.",
        run.curves(loss_of_D="loss/d", loss_of_G="loss/g", diversity="diversity/g"),
    )


def _too_little(run: _Readings) -> None:
    missing = [tag for tag in ("gap/d", "signal/g") if not run.known(tag)]
    if missing:
        raise DiagnosisError(
            f"the log has no {' and no '.join(missing)}: train with labkit.training.train, which writes them."
        )
    if not any(run.known(tag) for tag in _ENOUGH):
        raise DiagnosisError(f"the log says nothing of the samples: one of {', '.join(_ENOUGH)} is needed.")
    rows = len(run.columns["gap/d"][0])
    if run.last < _FEWEST_STEPS or rows < _FEWEST_ROWS:
        raise DiagnosisError(
            f"{run.last:.0f} steps with {rows} rows are too short a run to be judged: at least "
            f"{_FEWEST_STEPS} steps and {_FEWEST_ROWS} rows are needed."
        )


def _vanishing(run: _Readings) -> Diagnosis | None:
    signal, gap = run.late("signal/g"), run.late("gap/d")
    if not (signal < _DEAF and gap > _SURE):
        return None
    return Diagnosis(
        VANISHING,
        f"{_LATELY} G's loss answers a change of D's logits with a signal of {signal:.2g} (of at most 1), "
        f"while D is sure of itself: its logits of real and fake are {gap:.1f} apart.",
        "Give G the loss -log D, which is strong where D is sure; or keep D from running ahead, by fewer or "
        "smaller steps of D or by R1 + R2.",
        run.curves(gap_of_the_logits="gap/d", signal_to_G="signal/g", diversity="diversity/g"),
    )


def _poor(run: _Readings) -> Diagnosis | None:
    tag = next(tag for tag in _ENOUGH if run.known(tag))
    if run.late(tag) >= _ENOUGH[tag]:
        return None
    gap, signal = run.late("gap/d"), run.late("signal/g")
    samples = _samples(run)
    weak = abs(gap) < _BLIND and run.known("grad_norm/g")
    if weak and run.late("grad_norm/g") < _UNGROWN * run.first("grad_norm/g"):
        return Diagnosis(
            WEAK,
            f"{_LATELY} {samples}, yet D sees no difference: its logits of real and fake are {gap:.2f} apart, "
            f"and the gradient that reaches G is {run.late('grad_norm/g'):.2g}, against "
            f"{run.first('grad_norm/g'):.2g} at the first step.",
            "Let D learn: a higher learning rate or more steps for D, a weaker penalty, or a wider D.",
            run.curves(gap_of_the_logits="gap/d", recall="recall/g", diversity="diversity/g"),
        )
    ahead = gap > 2
    curves = run.curves(diversity="diversity/g", recall="recall/g", coverage="coverage/g")
    return Diagnosis(
        COLLAPSE,
        f"{_LATELY} {samples}. The gap of D's logits is {gap:.2g} and the signal to G {signal:.2g}: "
        + ("D tells them apart." if ahead else "D's curves alone would pass for health."),
        "D is ahead: try R1 + R2 on D, or packing."
        if ahead
        else "D follows too slowly: give it a higher "
        "learning rate or more steps; packing helps, penalties on D do not.",
        curves if len(curves) > 1 else curves | run.curves(gap_of_the_logits="gap/d"),
    )


def _healthy(run: _Readings) -> Diagnosis:
    return Diagnosis(
        HEALTHY,
        f"{_LATELY} {_samples(run)}. The gap of D's logits is {run.late('gap/d'):.2g} and the signal to G "
        f"{run.late('signal/g'):.2g}: both still learn.",
        "Nothing is broken; train longer, and judge by the samples.",
        run.curves(signal_to_G="signal/g", diversity="diversity/g", recall="recall/g"),
    )


_LATELY = "Over the last 20 % of the run"


def _samples(run: _Readings) -> str:
    """What is known of the samples, in words."""
    parts = []
    if run.known("coverage/g"):
        parts.append(f"{run.late('coverage/g'):.0%} of the modes or classes are covered")
    if run.known("recall/g"):
        parts.append(f"{run.late('recall/g'):.0%} of real data lie among the fakes (recall)")
    if run.known("diversity/g"):
        parts.append(
            f"the fakes differ from each other {run.late('diversity/g'):.2f} times as much as real data do"
        )
    return ", ".join(parts)
