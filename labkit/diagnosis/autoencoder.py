"""What is wrong with a variational autoencoder, by the run's logbook alone.

Read over the last fifth of the run (medians), in this order:

1. *Diverged*: a part of the loss is not finite, or their sum is larger than at the first row.
2. *Posterior collapse*: no latent dimension is active, where that was logged; or the KL part is below ln 2 =
   0.69 nats. On average over images it is no less than the mutual information of image and code (Hoffman and
   Johnson, 2016, "ELBO surgery"), so a code says less than one bit of its image. But where some dimension is
   active, or it was not logged, and KL is above 0.1 and still rises, it is *too early to tell*.
3. Else *healthy*.

The reconstruction is not used: how low it can get depends on the data. What stays a guess: a training may
begin with a plateau on which codes are silent too, so a short run that is told collapsed may yet learn.
"""

import math

import numpy as np

from labkit.diagnosis.readings import DIVERGED, EARLY, HEALTHY, LATELY, Diagnosis, Readings

POSTERIOR_COLLAPSE = "posterior collapse"
_ONE_BIT = math.log(2)  # nats
_SILENT = 0.1  # nats: what is below and still grows is a tremor


def diagnose(run: Readings) -> Diagnosis:
    """Tell what is wrong with an encoder and a decoder.

    Raises:
        DiagnosisError: the run is too short to be judged.
    """
    broken = _diverged(run)  # before the run's length is asked for: it may have ended early
    if broken is not None:
        return broken
    run.check_length("loss/kl")
    kl = run.late("loss/kl")
    silent = run.known("latent/active") and run.late("latent/active") == 0
    curves = run.curves(KL="loss/kl", reconstruction="loss/reconstruction", active_units="latent/active")
    if kl >= _ONE_BIT and not silent:
        return Diagnosis(
            HEALTHY,
            f"{LATELY} the KL part is {kl:.3g} nats: codes may say {kl / _ONE_BIT:.2g} bits of each image.",
            "Nothing is broken; train longer, and judge by the samples.",
            curves,
        )
    said = f"{LATELY} the KL part is {kl:.2g} nats"
    if kl > _SILENT and run.rising("loss/kl") and not silent:
        advice = "Change nothing yet: train longer and ask again."
        return Diagnosis(EARLY, f"{said}, which is little, but it still rises.", advice, curves)
    why = "no latent dimension differs from image to image" if silent else "less than one bit of each image"
    return Diagnosis(
        POSTERIOR_COLLAPSE,
        f"{said}, and the codes say {'nothing: ' if silent else ''}{why}. The decoder draws the mean image.",
        "Is the reconstruction summed over pixels, and beta not too large? Then take more hidden units, a "
        "lower learning rate or another seed: a ReLU that is off for every image gets no gradient.",
        curves,
    )


def _diverged(run: Readings) -> Diagnosis | None:
    curves = run.curves(total="loss/total", reconstruction="loss/reconstruction", KL="loss/kl")
    for name in ("total", "reconstruction", "kl"):
        steps, values = run.columns.get(f"loss/{name}", ((), np.array([])))
        finite = np.isfinite(values)
        broken = ""
        if not finite.all():
            broken = f"The loss ({name}) is not a finite number from step {steps[~finite][0]:.0f} on"
        elif name == "total" and len(values) and run.late("loss/total") > run.first("loss/total"):
            broken = f"{LATELY} the loss is {run.late('loss/total'):.4g}, above the first of the run"
        if broken:
            return Diagnosis(
                DIVERGED,
                f"{broken}: the updates overshoot, and nothing brings them back.",
                "Lower the learning rate tenfold, and see that log_var is used as a logarithm.",
                curves,
            )
    return None
