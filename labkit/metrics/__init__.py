"""Numbers for what a picture of samples only suggests. Which question does each answer?

- Which modes of a known mixture were found, how sharply, how evenly? `modes_covered` (strict),
  `modes_near` (mild), `high_quality`, `mode_kl`.
- Which classes does a classifier see in the samples? `class_histogram`, `class_kl`, `classes_covered`.
- Do the samples differ from each other as the data do? `pairwise_distance`, `diversity`; are there
  near copies? `duplicates`.
- How far is the cloud of fakes from the real one? `frechet_distance`, `kernel_distance`.
- Are the fakes like the data, and is all of the data there? `precision_recall`, `density_coverage`.
- What does a latent space know of the classes, and where does each lie? `neighbour_accuracy`,
  `class_extents`.
- How strong a gradient reaches a network? `gradient_norm`, `gradient_norms`.

All take torch tensors, on the CPU or a GPU; what cannot be measured raises a `MetricError`.
"""

from labkit.metrics.classes import class_histogram, class_kl, classes_covered
from labkit.metrics.distances import frechet_distance, kernel_distance
from labkit.metrics.gradients import gradient_norm, gradient_norms
from labkit.metrics.inputs import MetricError
from labkit.metrics.latent import class_extents, neighbour_accuracy
from labkit.metrics.manifold import DensityCoverage, PrecisionRecall, density_coverage, precision_recall
from labkit.metrics.mixtures import high_quality, mode_kl, modes_covered, modes_near
from labkit.metrics.spread import diversity, duplicates, pairwise_distance

__all__ = [
    "DensityCoverage",
    "MetricError",
    "PrecisionRecall",
    "class_extents",
    "class_histogram",
    "class_kl",
    "classes_covered",
    "density_coverage",
    "diversity",
    "duplicates",
    "frechet_distance",
    "gradient_norm",
    "gradient_norms",
    "high_quality",
    "kernel_distance",
    "mode_kl",
    "modes_covered",
    "modes_near",
    "neighbour_accuracy",
    "pairwise_distance",
    "precision_recall",
]
