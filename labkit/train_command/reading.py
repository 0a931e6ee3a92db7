"""What is measured on a run's samples while it trains: recall and coverage, with the eyes of a reader."""

from collections.abc import Callable

import torch
from torch.nn import functional

from labkit.data import ImageSet
from labkit.metrics import precision_recall
from labkit.readers import Reader, ReaderError, load_reader

# Which reader reads which set, and the factors to count; () stands for all of the reader's.
_READERS = {
    "faces": ("faces", ()),
    "digits": ("digits", ("digit",)),
    "stacked": ("digits", ("digit",)),
    "mnist": ("mnist", ("digit",)),
    "stacked-mnist": ("mnist", ("digit",)),
}


def evaluator(images: ImageSet, count: int) -> Callable[[torch.Tensor], dict[str, float]] | None:
    """What `labkit.training.train` is to measure on samples of a set: precision, recall and coverage.

    Precision and recall are taken in the features of the set's reader, against ``count`` of the images.
    Coverage is the share of the reader's classes (the digits; every class of a face's factors) of which the
    samples hold at least 0.3 times what the images do. Each channel of stacked digits is read by itself.

    Returns:
        None for sets that no reader is there for.
    """
    name, classes = _READERS.get(images.name, ("", ()))
    try:
        reader = load_reader(name) if name else None
    except ReaderError:  # that of MNIST is there only once somebody has trained it
        return None
    if reader is None:
        return None
    classes = classes or tuple(head.name for head in reader.heads if head.kind == "class")
    real = _read(reader, images.images[:count], classes)

    def evaluate(samples: torch.Tensor) -> dict[str, float]:
        fake = _read(reader, samples, classes)
        inside = precision_recall(real[0], fake[0])
        covered = (fake[1] >= 0.3 * real[1])[real[1] > 0]
        return {
            "precision/g": inside.precision,
            "recall/g": inside.recall,
            "coverage/g": float(covered.double().mean()),
        }

    return evaluate


def _read(
    reader: Reader, images: torch.Tensor, classes: tuple[str, ...]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Features (N, F) of uint8 images of any size, and the shares of all classes, one after the other."""
    count, channels = images.shape[:2]
    seen = images.reshape(-1, reader.channels, *images.shape[2:]).float()
    size = (reader.image_size, reader.image_size)
    seen = functional.interpolate(seen, size=size, mode="bilinear", antialias=True, align_corners=False)
    seen = seen.round().clamp(0, 255).to(torch.uint8)
    answers = reader.read(seen)
    shares = []
    for head in reader.heads:
        if head.name in classes:
            chosen = functional.one_hot(answers[head.name], len(head.values)).double()
            shares.append(chosen.view(count, -1).mean(0))
    return reader.features(seen).view(count, -1), torch.cat(shares)
