"""What is measured on a run's samples while it trains: recall and coverage, with a pretrained classifier."""

from collections.abc import Callable

import torch
from torch.nn import functional

from labkit.classifiers import Classifier, ClassifierError, load_classifier
from labkit.data import ImageSet
from labkit.metrics import precision_recall

# Which classifier reads which set, and the factors to count; () stands for all of the classifier's.
_CLASSIFIERS = {
    "faces": ("faces", ()),
    "digits": ("digits", ("digit",)),
    "stacked": ("digits", ("digit",)),
    "mnist": ("mnist", ("digit",)),
    "stacked-mnist": ("mnist", ("digit",)),
}


def evaluator(images: ImageSet, count: int) -> Callable[[torch.Tensor], dict[str, float]] | None:
    """What `labkit.training.train` is to measure on samples of a set: precision, recall and coverage.

    Precision and recall are taken in the features of the set's classifier, against ``count`` of the images.
    Coverage is the share of the classes (the digits; every class of a face's factors) of which the samples
    hold at least 0.3 times what the images do. Each channel of stacked digits is read by itself.

    Returns:
        None for sets that no classifier is there for.
    """
    name, classes = _CLASSIFIERS.get(images.name, ("", ()))
    try:
        classifier = load_classifier(name) if name else None
    except ClassifierError:  # that of MNIST is there only once somebody has trained it
        return None
    if classifier is None:
        return None
    classes = classes or tuple(head.name for head in classifier.heads if head.kind == "class")
    real = _read(classifier, images.images[:count], classes)

    def evaluate(samples: torch.Tensor) -> dict[str, float]:
        fake = _read(classifier, samples, classes)
        inside = precision_recall(real[0], fake[0])
        covered = (fake[1] >= 0.3 * real[1])[real[1] > 0]
        return {
            "precision/g": inside.precision,
            "recall/g": inside.recall,
            "coverage/g": float(covered.double().mean()),
        }

    return evaluate


def _read(
    classifier: Classifier, images: torch.Tensor, classes: tuple[str, ...]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Features (N, F) of uint8 images of any size, and the shares of all classes, one after the other."""
    count, channels = images.shape[:2]
    seen = images.reshape(-1, classifier.channels, *images.shape[2:]).float()
    size = (classifier.image_size, classifier.image_size)
    seen = functional.interpolate(seen, size=size, mode="bilinear", antialias=True, align_corners=False)
    seen = seen.round().clamp(0, 255).to(torch.uint8)
    answers = classifier.read(seen)
    shares = []
    for head in classifier.heads:
        if head.name in classes:
            chosen = functional.one_hot(answers[head.name], len(head.values)).double()
            shares.append(chosen.view(count, -1).mean(0))
    return classifier.features(seen).view(count, -1), torch.cat(shares)
