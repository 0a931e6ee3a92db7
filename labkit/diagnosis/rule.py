"""The rule: five looks at a log, in the order that the package's docstring gives, and the words for each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from labkit.diagnosis.readings import Column, Readings
from labkit.logbook import Logbook

HEALTHY = "healthy"
COLLAPSE = "mode collapse"
VANISHING = "vanishing gradient"
WEAK = "discriminator too weak to teach"
DIVERGED = "diverged"
VERDICTS = (HEALTHY, COLLAPSE, VANISHING, WEAK, DIVERGED)

_HUGE_LOSS, _HUGE_GAP = 50.0, 60.0
_DEAF, _SURE = 0.04, 4.0  # signal below, gap above
_FLAT, _UNLIKE = 0.015, 0.05  # the gap's swing about 0, and precision: D passes whatever comes
_FOOLED = -0.3  # gap: D takes fakes for better than real
_SEEN = 0.4  # gap from which D gives real images a clear edge
_BLIND, _UNGROWN = 0.2, 1.5  # the gap's swing, and G's gradient over that of the first step
_AHEAD = 1.5  # gap: D is ahead, though not sure
_COMING = 0.4  # diversity, with which one that rises may yet arrive
_COVERED, _RECALLED = 0.7, 0.1  # at least
_DIVERSE, _DIVERSE_BEHIND, _ASTRAY = 0.6, 0.85, 1.7  # at least; so where D is sure; at most
_STRENGTHEN = "Let D learn: a higher learning rate or more steps for D, a weaker penalty, or a wider D."
_LATELY = "Over the last 20 % of the run"


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
    readings = Readings(log)
    broken = _diverged(readings)  # before the run's length is asked for: it may have ended early
    if broken is not None:
        return broken
    readings.check()
    return (
        _vanishing(readings)
        or _run_off(readings)
        or _weak(readings)
        or _collapsed(readings)
        or _healthy(readings)
    )


def _diverged(run: Readings) -> Diagnosis | None:
    broken = ""
    # The size of G's loss is not asked: a critic's drifts with the level of D's scores, which is free.
    for tag, name, limit in (
        ("loss/d", "D's loss", _HUGE_LOSS),
        ("loss/g", "G's loss", np.inf),
        ("gap/d", "the gap of D's logits", _HUGE_GAP),
    ):
        steps, values = run.columns.get(tag, ((), np.array([])))
        finite = np.isfinite(values)
        if tag.startswith("loss") and not finite.all():
            broken = f"{name} is not a finite number from step {steps[~finite][0]:.0f} on"
        elif finite.any() and run.swing(tag) > limit:
            broken = f"{name} is around {run.swing(tag):,.3g} in size over the last 20 % of the run"
        if broken:
            return Diagnosis(
                DIVERGED,
                f"{broken[0].upper()}{broken[1:]}: the updates overshoot, and nothing brings them back.",
                "Lower both learning rates tenfold; if D's scores still run off, use a loss on logits or "
                "R1 + R2.",
                run.curves(loss_of_D="loss/d", loss_of_G="loss/g", gap_of_the_logits="gap/d"),
            )
    return None


def _vanishing(run: Readings) -> Diagnosis | None:
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


def _weak(run: Readings) -> Diagnosis | None:
    gap, swing = run.late("gap/d"), run.swing("gap/d")
    samples = run.samples()
    if not _poor(run):
        if swing >= _FLAT or not run.known("precision/g") or run.late("precision/g") > _UNLIKE:
            return None
        why = f"D scores everything alike, its logits of real and fake are {swing:.2g} apart; {samples}."
    elif run.mostly_below("gap/d", _FOOLED):
        why = f"D takes the fakes for better than real, its logits are {gap:.2g} apart; {samples}."
    elif run.known("grad_norm/g") and swing < _BLIND:
        now, then = run.late("grad_norm/g"), run.first("grad_norm/g")
        if now >= _UNGROWN * then:
            return None
        why = (
            f"D sees no difference, its logits are {swing:.2g} apart, and the gradient that reaches G "
            f"is {now:.2g}, against {then:.2g} from a D that knew nothing; {samples}."
        )
    else:
        return None
    return Diagnosis(
        WEAK,
        f"{_LATELY} {why}",
        _STRENGTHEN,
        run.curves(gap_of_the_logits="gap/d", recall="recall/g", diversity="diversity/g"),
    )


def _run_off(run: Readings) -> Diagnosis | None:
    if not (_poor(run) and run.known("diversity/g") and run.late("diversity/g") > _ASTRAY):
        return None
    curves = run.curves(diversity="diversity/g", recall="recall/g", gap_of_the_logits="gap/d")
    what, gap = f"{_LATELY} the fakes have run off: {run.samples()}.", run.late("gap/d")
    if gap < _SEEN:
        why = f"{what} D does not see it, its logits of real and fake are {gap:.2g} apart."
        return Diagnosis(WEAK, why, _STRENGTHEN, curves)
    return Diagnosis(
        DIVERGED,
        f"{what} D sees it (a gap of {gap:.2g}), but does not bring them back.",
        "Lower the learning rate of G, or give D a higher one, so that it can follow.",
        curves,
    )


def _collapsed(run: Readings) -> Diagnosis | None:
    if not _poor(run):
        return None
    gap = run.late("gap/d")
    curves = run.curves(diversity="diversity/g", recall="recall/g", coverage="coverage/g")
    if gap > _AHEAD:
        seen = "D tells them apart and is ahead"
        advice = "Hold D back with R1 + R2, or show it several samples at a time (packing)."
    else:
        seen = "D's curves alone would pass for health"
        advice = (
            "Try a faster D, packing, less momentum (beta1 0) or R1 + R2, one at a time: the cure depends on "
            "the cause."
        )
    if run.rising("diversity/g") and run.late("diversity/g") > _COMING:
        seen += ". But diversity still rises: it may only be too early to tell"
        advice = "Train longer and ask again, before you change anything."
    return Diagnosis(
        COLLAPSE,
        f"{_LATELY} {run.samples()}. The gap of D's logits is {gap:.2g} and the signal to G "
        f"{run.late('signal/g'):.2g}: {seen}.",
        advice,
        curves if len(curves) > 1 else curves | run.curves(gap_of_the_logits="gap/d"),
    )


def _poor(run: Readings) -> bool:
    """Do the samples lack a part of the data?"""
    if run.known("coverage/g"):
        return run.arrived("coverage/g") < _COVERED
    if run.known("recall/g") and run.late("recall/g") < _RECALLED:
        return True
    if not run.known("diversity/g"):
        return False
    enough = _DIVERSE_BEHIND if run.late("gap/d") > _SURE else _DIVERSE
    return not enough <= run.late("diversity/g") <= _ASTRAY


def _healthy(run: Readings) -> Diagnosis:
    return Diagnosis(
        HEALTHY,
        f"{_LATELY} {run.samples()}. The gap of D's logits is {run.late('gap/d'):.2g} and the signal to G "
        f"{run.late('signal/g'):.2g}: both still learn.",
        "Nothing is broken; train longer, and judge by the samples.",
        run.curves(signal_to_G="signal/g", diversity="diversity/g", recall="recall/g"),
    )
