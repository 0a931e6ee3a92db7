"""What the kit's classifiers say of a generator's samples, while it trains and at its end."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional

from labkit.classifiers import Classifier, ClassifierError, load_classifier
from labkit.data import ImageSet
from labkit.metrics import frechet_distance, precision_recall

# Which classifier reads which set, and the factors to count; () stands for all of the classifier's.
_CLASSIFIERS = {
    "faces": ("faces", ()),
    "digits": ("digits", ("digit",)),
    "stacked": ("digits", ("digit",)),
    "mnist": ("mnist", ("digit",)),
    "stacked-mnist": ("mnist", ("digit",)),
}


@dataclass(frozen=True)
class Reader:
    """A classifier, and the factors whose classes are counted."""

    classifier: Classifier
    classes: tuple[str, ...]

    def sized(self, images: torch.Tensor) -> torch.Tensor:
        """Float images (N, C, S, S) at the classifier's size, each of its channels an image of its own."""
        images = images.reshape(-1, self.classifier.channels, *images.shape[2:])
        size = (self.classifier.image_size, self.classifier.image_size)
        if images.shape[2:] == size:
            return images
        return functional.interpolate(images, size=size, mode="bilinear", antialias=True, align_corners=False)

    def read(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Features (N, F) of uint8 images, and the shares of all classes, one after the other."""
        count = len(images)
        seen = self.sized(images.float()).round().clamp(0, 255).to(torch.uint8)
        answers, shares = self.classifier.read(seen), []
        for head in self.classifier.heads:
            if head.name in self.classes:
                chosen = functional.one_hot(answers[head.name], len(head.values)).double()
                shares.append(chosen.view(count, -1).mean(0))
        return self.classifier.features(seen).view(count, -1), torch.cat(shares)


def reader_of(name: str) -> Reader | None:
    """The reader of the set of this name; None where no classifier is there for it."""
    classifier, classes = _CLASSIFIERS.get(name, ("", ()))
    try:
        found = load_classifier(classifier) if classifier else None
    except ClassifierError:  # that of MNIST is there only once somebody has trained it
        return None
    if found is None:
        return None
    return Reader(found, classes or tuple(head.name for head in found.heads if head.kind == "class"))


def scorer(images: ImageSet, count: int) -> Callable[[torch.Tensor], dict[str, float]] | None:
    """What samples of a set are to be scored by, against ``count`` of its images.

    Frechet distance, precision and recall are taken in the features of the set's classifier. Coverage is the
    share of the classes (the digits; every class of a face's factors) of which the samples hold at least 0.3
    times what the images do. Each channel of stacked digits is read by itself. Give ``count`` samples.

    Returns:
        A function of samples, uint8 (N, C, S, S) of any size; None for sets that no classifier is there for.
    """
    reader = reader_of(images.name)
    if reader is None:
        return None
    real = reader.read(images.images[:count])

    def score(samples: torch.Tensor) -> dict[str, float]:
        fake = reader.read(samples)
        inside = precision_recall(real[0], fake[0])
        covered = (fake[1] >= 0.3 * real[1])[real[1] > 0]
        return {
            "frechet": frechet_distance(real[0], fake[0]),
            "precision": inside.precision,
            "recall": inside.recall,
            "coverage": float(covered.double().mean()),
        }

    return score


def evaluator(images: ImageSet, count: int) -> Callable[[torch.Tensor], dict[str, float]] | None:
    """What a training is to log of its samples, by tag: `scorer`, without the distance, which few samples
    overstate."""
    score = scorer(images, count)
    if score is None:
        return None
    logged = ("precision", "recall", "coverage")
    return lambda samples: {f"{name}/g": value for name, value in score(samples).items() if name in logged}
