"""What is wrong with a training, by its logbook alone: a verdict, and the curves that show it."""

from collections.abc import Mapping

from labkit.diagnosis import adversarial, autoencoder
from labkit.diagnosis.adversarial import COLLAPSE, VANISHING, VERDICTS, WEAK
from labkit.diagnosis.autoencoder import POSTERIOR_COLLAPSE
from labkit.diagnosis.readings import (
    DIVERGED,
    EARLY,
    FEWEST_STEPS,
    HEALTHY,
    Column,
    Diagnosis,
    DiagnosisError,
    Readings,
)
from labkit.logbook import Logbook

__all__ = [
    "COLLAPSE",
    "DIVERGED",
    "EARLY",
    "FEWEST_STEPS",
    "HEALTHY",
    "POSTERIOR_COLLAPSE",
    "VANISHING",
    "VERDICTS",
    "WEAK",
    "Column",
    "Diagnosis",
    "DiagnosisError",
    "diagnose",
]


def diagnose(log: Logbook | Mapping[str, Column]) -> Diagnosis:
    """Tell what is wrong with a run from what it logged.

    Args:
        log: a `Logbook`, or what `labkit.logbook.read` returns: {tag: (steps, values)}. A log with loss/kl is
            that of an autoencoder, and needs no more. Of any other gap/d, signal/g and one of coverage/g,
            recall/g and diversity/g are needed, all of which `labkit.training.train` writes or can be asked
            to (``evaluate=``); the losses where there are any.

    Raises:
        DiagnosisError: a column is missing, or the run is too short to be judged.
    """
    run = Readings(log)
    return (autoencoder if "loss/kl" in run.columns else adversarial).diagnose(run)
