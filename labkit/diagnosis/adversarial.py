"""What is wrong with a generator and a discriminator, by the run's logbook alone.

Everything is read over the last fifth of the run, where a chance dip no longer decides (medians; for sizes,
root mean squares). In this order:

1. *Diverged*: a loss is not finite, or losses or logits have run off (D's loss beyond 50, a gap beyond
   60). Or the fakes have: spread 1.7 times as far as real data, poor, and D sees it (a gap above 0.4).
2. *Vanishing gradient*: the signal, mean abs(d loss of G / d logit of a fake), is below 0.04 while the gap,
   mean logit of real images less that of fakes, is above 4: D is sure, and G's loss passes nothing on.
3. *D too weak to teach*. The fakes have run off and D does not see it. Or they are poor, yet D prefers them
   (a gap below -0.3, nearly always), or sees no difference (a gap within 0.2) and never did: what reaches G
   is not 1.5 times the gradient of the first step, where D knew nothing (a D that is only slow passes on
   much more, and is a case for line 5). Or they spread well but are unlike the data (precision below 0.05,
   where it was logged) and D is flat: a gap that never leaves 0 by 0.015. Of a run on few images (line 4)
   all this is asked only where D never had an edge, a gap above 0.4 in some tenth of the run.
4. *Too early to tell*: D has seen fewer than 50,000 real images, where that was logged, and the fakes are
   still noise (more than 3 times as rough as real images), or still gain in variety: they are poor (line 5)
   or their diversity is below 0.8, it is a quarter above what it was in the middle of the run, and recall,
   where it was logged, is below 0.1. But fakes whose diversity is below 0.6 are no beginning if G has lost a
   quarter of what it had learnt: of a diversity above 0.3 that had grown by a quarter, or, where they are
   noise, of a smoothness that had.
5. *Mode collapse*: the samples are poor otherwise. A coverage of known modes or classes below 0.7 says so,
   where it was logged (its last value, while it rises); else a recall below 0.1, or a diversity below 0.6
   (0.85 where the gap is above 4).
6. Else *healthy*.

The signal of log(1 - D) is D(G(z)), which is why it vanishes (Goodfellow et al. 2014, section 3); recall is
that of Kynkaanniemi et al. 2019 (arXiv:1904.06991). Order and thresholds are the kit's own, chosen on runs
on the ring of eight, digits and faces and tested on others, see `benchmarks/README.md`.

What misleads, and is therefore not used:
- Losses. A total collapse can sit at D(x) = D(G(z)) = 0.5 with losses 2 ln 2 and ln 2: perfect curves.
- A small gradient. At a healthy equilibrium it is small too; and Adam moves G however small it is.
- D(x) and D(G(z)) under a relativistic loss: both can be 0.99, only their difference means anything.
- Precision alone, and the rate of copies: a collapse can be sharp, and need not repeat itself exactly.
- A gap near 0 alone: the best runs with R1 + R2 have one too.
What stays a guess: a D too slow to follow G collapses it, one slower still teaches it nothing. And points, as
of the ring, are learnt in far fewer than 50,000: their number is not logged, and where their diversity still
rises, the reason of a collapse says so.
"""

import numpy as np

from labkit.diagnosis.readings import DIVERGED, EARLY, HEALTHY, LATELY, Diagnosis, DiagnosisError, Readings

COLLAPSE = "mode collapse"
VANISHING = "vanishing gradient"
WEAK = "discriminator too weak to teach"
VERDICTS = (HEALTHY, COLLAPSE, VANISHING, WEAK, DIVERGED)  # of a run that went on for long enough

_SAMPLES = ("coverage/g", "recall/g", "diversity/g")
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
_FEW, _CLEAR = 50_000, 70_000  # images seen: a young run; where the kit's recipes draw what one recognises
_NOISE = 3.0  # roughness of the fakes, in that of real images
_VARIED, _LACKING = 0.3, 0.8  # diversity beyond that of a fresh G; that may well grow
_STRENGTHEN = "Let D learn: a higher learning rate or more steps for D, a weaker penalty, or a wider D."


def diagnose(run: Readings) -> Diagnosis:
    """Tell what is wrong with a generator and a discriminator.

    Raises:
        DiagnosisError: a column is missing, or the run is too short to be judged.
    """
    broken = _diverged(run)  # before the run's length is asked for: it may have ended early
    if broken is not None:
        return broken
    _check(run)
    return _vanishing(run) or _run_off(run) or _weak(run) or _early(run) or _collapsed(run) or _healthy(run)


def _check(run: Readings) -> None:
    """Raise a DiagnosisError when there is too little to judge by."""
    missing = [tag for tag in ("gap/d", "signal/g") if not run.known(tag)]
    if missing:
        raise DiagnosisError(f"the log has no {' and no '.join(missing)}; labkit.training.train writes them.")
    if not any(run.known(tag) for tag in _SAMPLES):
        raise DiagnosisError(f"the log says nothing of the samples: one of {', '.join(_SAMPLES)} is needed.")
    run.check_length("gap/d")


def _young(run: Readings) -> bool:
    """Whether it is a run on images that has seen few of them."""
    return run.known("images/seen") and run.columns["images/seen"][1][-1] < _FEW


def _samples(run: Readings) -> str:
    """What is known of the samples, in words."""
    parts = []
    if run.known("coverage/g"):
        parts.append(f"{run.late('coverage/g'):.0%} of the modes or classes are covered")
    if run.known("recall/g"):
        parts.append(f"{run.late('recall/g'):.0%} of real data lie among the fakes (recall)")
    if run.known("precision/g"):
        parts.append(f"{run.late('precision/g'):.0%} of the fakes lie among real data (precision)")
    if run.known("diversity/g"):
        parts.append(
            f"the fakes differ from each other {run.late('diversity/g'):.2f} times as much as real data"
        )
    return ", ".join(parts)


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
        f"{LATELY} G's loss answers a change of D's logits with a signal of {signal:.2g} (of at most 1), "
        f"while D is sure of itself: its logits of real and fake are {gap:.1f} apart.",
        "Give G the loss -log D, which is strong where D is sure; or keep D from running ahead, by fewer or "
        "smaller steps of D or by R1 + R2.",
        run.curves(gap_of_the_logits="gap/d", signal_to_G="signal/g", diversity="diversity/g"),
    )


def _weak(run: Readings) -> Diagnosis | None:
    if _young(run) and max(run.tenths("gap/d")) > _SEEN:
        return None
    gap, swing = run.late("gap/d"), run.swing("gap/d")
    samples = _samples(run)
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
        f"{LATELY} {why}",
        _STRENGTHEN,
        run.curves(gap_of_the_logits="gap/d", recall="recall/g", diversity="diversity/g"),
    )


def _run_off(run: Readings) -> Diagnosis | None:
    if not (_poor(run) and run.known("diversity/g") and run.late("diversity/g") > _ASTRAY):
        return None
    curves = run.curves(diversity="diversity/g", recall="recall/g", gap_of_the_logits="gap/d")
    what, gap = f"{LATELY} the fakes have run off: {_samples(run)}.", run.late("gap/d")
    if gap < _SEEN:
        why = f"{what} D does not see it, its logits of real and fake are {gap:.2g} apart."
        return Diagnosis(WEAK, why, _STRENGTHEN, curves)
    return Diagnosis(
        DIVERGED,
        f"{what} D sees it (a gap of {gap:.2g}), but does not bring them back.",
        "Lower the learning rate of G, or give D a higher one, so that it can follow.",
        curves,
    )


def _early(run: Readings) -> Diagnosis | None:
    """A young run whose samples are still noise, or still gain in variety."""
    if not _young(run) or not run.known("diversity/g") or _declined(run):
        return None
    lacking = _poor(run) or run.late("diversity/g") < _LACKING
    reached = run.known("recall/g") and run.late("recall/g") >= _RECALLED
    if run.known("roughness/g") and run.late("roughness/g") > _NOISE:
        why = f"the fakes are still {run.late('roughness/g'):.1f} times as rough as real images, as noise is"
    elif run.rising("diversity/g") and lacking and not reached:
        why = f"the fakes still gain in variety: {_samples(run)}"
    else:
        return None
    seen = float(run.columns["images/seen"][1][-1])
    wanted = max(_CLEAR, 2 * seen)
    steps = run.last * wanted / seen
    return Diagnosis(
        EARLY,
        f"After {seen:,.0f} images {why}. The curves of so short a run look like those of a failure.",
        f"Change nothing yet: train to {wanted:,.0f} images, {steps:,.0f} steps at this batch size, and ask "
        "again.",
        run.curves(roughness="roughness/g", diversity="diversity/g", gap_of_the_logits="gap/d"),
    )


def _declined(run: Readings) -> bool:
    """Are the fakes alike, and have lost a quarter of a variety or of a smoothness that G had learnt?"""
    diversity = run.late("diversity/g")
    if diversity >= _DIVERSE:
        return False
    first, *later = run.tenths("diversity/g")
    best = max(later, default=first)
    if best > max(_VARIED, 1.25 * first) and diversity < 0.75 * best:
        return True
    if not run.known("roughness/g"):
        return False
    first, *later = run.tenths("roughness/g")
    least = min(later[:-2], default=first)
    return 1.25 * least < min(first, run.late("roughness/g")) and run.late("roughness/g") > _NOISE


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
        f"{LATELY} {_samples(run)}. The gap of D's logits is {gap:.2g} and the signal to G "
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
        f"{LATELY} {_samples(run)}. The gap of D's logits is {run.late('gap/d'):.2g} and the signal to G "
        f"{run.late('signal/g'):.2g}: both still learn.",
        "Nothing is broken; train longer, and judge by the samples.",
        run.curves(signal_to_G="signal/g", diversity="diversity/g", recall="recall/g"),
    )
