"""What ails a training, read off its logbook alone: one of five verdicts, and the curves that say so.

All is read over the last fifth of the run, where a chance dip no longer decides (medians; sizes: root mean
squares). In this order:

1. *Diverged*: a loss is not finite, or losses or logits have run off (D's loss beyond 50, a gap beyond
   60). Or the fakes have: spread 1.7 times as far as real data, poor, and D sees it (a gap above 0.4).
2. *Vanishing gradient*: the signal, mean abs(d loss of G / d logit of a fake), is below 0.04 while the gap,
   mean logit of real images less that of fakes, is above 4: D is sure, and G's loss passes nothing on.
3. *D too weak to teach*. The fakes have run off and D does not see it. Or they are poor, yet D prefers them
   (a gap below -0.3, nearly always), or sees no difference (a gap within 0.2) and never did: what reaches G
   is not 1.5 times the gradient of the first step, where D knew nothing. Or they spread well but are unlike
   the data (precision below 0.05, where it was logged) and D is flat: a gap that never leaves 0 by 0.015.
4. *Mode collapse*: the samples are poor otherwise. A coverage of known modes or classes below 0.7 says so,
   where it was logged (its last value, while it rises); else a recall below 0.1, or a diversity below 0.6
   (0.85 where the gap is above 4).
5. Else *healthy*.

The signal of log(1 - D) is D(G(z)), which is why it vanishes (Goodfellow et al. 2014, section 3); recall is
that of Kynkaanniemi et al. 2019 (arXiv:1904.06991). Order and thresholds are the kit's own, chosen on runs
on the ring of eight and on digits and tested on others, see `benchmarks/README.md`.

What misleads, and is therefore not asked:
- Losses. A total collapse can sit at D(x) = D(G(z)) = 0.5 with losses 2 ln 2 and ln 2: perfect curves.
- A small gradient. At a healthy equilibrium it is small too; and Adam moves G however small it is.
- D(x) and D(G(z)) under a relativistic loss: both can be 0.99, only their difference means anything.
- Precision alone, and the rate of copies: a collapse can be sharp, and need not repeat itself exactly.
- A gap near 0 alone: the best runs with R1 + R2 have one too.
What stays a guess: a D too slow to follow G collapses it, one slower still teaches it nothing. And a run cut
short looks like a collapse: where diversity still rises, the reason says that it may be too early to tell.
"""

from labkit.diagnosis.readings import FEWEST_STEPS, DiagnosisError
from labkit.diagnosis.rule import COLLAPSE, DIVERGED, HEALTHY, VANISHING, VERDICTS, WEAK, Diagnosis, diagnose

__all__ = [
    "COLLAPSE",
    "DIVERGED",
    "FEWEST_STEPS",
    "HEALTHY",
    "VANISHING",
    "VERDICTS",
    "WEAK",
    "Diagnosis",
    "DiagnosisError",
    "diagnose",
]
