"""What 1,000 samples of small digits are worth, as the classifier of 16-pixel digits sees them."""

from dataclasses import dataclass

import torch

from labkit import metrics
from labkit.classifiers import Classifier, load_classifier

CLASSES = 10


@dataclass(frozen=True)
class Score:
    """The numbers of one set of samples; `labkit.games.digits.DigitsOutcome` says what each is."""

    shares: torch.Tensor
    classes: int = 0
    recall: float = 0.0
    precision: float = 0.0
    diversity: float = 0.0
    duplicates: float = 0.0

    def columns(self, step: int) -> dict[str, tuple[list[int], list[float]]]:
        """The part that the kit's logbooks know, as curves of a single point."""
        values = {
            "recall/g": self.recall,
            "precision/g": self.precision,
            "class_kl/g": metrics.class_kl(self.shares),
        }
        return {tag: ([step], [value]) for tag, value in values.items()}


NOTHING = Score(torch.zeros(CLASSES, dtype=torch.float64))


class Judge:
    """Compares samples with real images.

    Args:
        real: uint8 (N, 1, H, W), as many as there will be samples: recall depends on both counts.
    """

    def __init__(self, real: torch.Tensor):
        self.classifier: Classifier = load_classifier("digits16")
        self.real = real.float()
        self.features = self.classifier.features(real)

    def score(self, images: torch.Tensor) -> Score:
        """Measure samples, uint8 (N, 1, H, W)."""
        features = self.classifier.features(images)
        with torch.no_grad():  # what read() says, without a second look at the pictures
            classes = self.classifier.tops["digit"](features).argmax(1)
        shares = metrics.class_histogram(classes, CLASSES)
        near = metrics.precision_recall(self.features, features)
        return Score(
            shares=shares,
            classes=metrics.classes_covered(shares),
            recall=near.recall,
            precision=near.precision,
            diversity=metrics.diversity(images.float(), self.real),
            duplicates=metrics.duplicates(images.float(), self.real),
        )
