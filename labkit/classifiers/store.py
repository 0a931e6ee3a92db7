"""Where classifiers lie, and how: a file is a plain dict of tensors, numbers and strings."""

import pickle
import zipfile
from dataclasses import asdict
from pathlib import Path

import torch

from labkit import settings
from labkit.classifiers.network import Classifier, ClassifierError, Head
from labkit.files import replacing, shipped

SHIPPED = ("digits", "digits16", "faces")
TRAINED_HERE = ("mnist",)  # on real pictures, so the file stays in the data folder of this machine
_FORMAT = 1
_DAMAGE = (OSError, EOFError, RuntimeError, KeyError, TypeError, pickle.UnpicklingError, zipfile.BadZipFile)


def load_classifier(name: str) -> Classifier:
    """Load a trained classifier, in eval mode on the CPU.

    Args:
        name: ``"digits"``, ``"digits16"`` (the same digits at 16 pixels), ``"faces"`` (shipped with the kit)
            or ``"mnist"`` (trained on this machine).

    Raises:
        ClassifierError: no such classifier, a damaged file, or one that is not trained yet: the message
            names the command.
    """
    path = path_of(name)
    if not path.is_file():
        raise ClassifierError(
            f"The classifier of {name} is not there yet. Train it once with: labkit classifier {name}"
        )
    return load_file(path)


def path_of(name: str) -> Path:
    """Where the classifier of a data set lies: shipped with the kit, or in this machine's data folder.

    Raises:
        ClassifierError: there is no classifier of that name.
        MissingFileError: the kit came without its data.
    """
    if name in TRAINED_HERE:
        return settings.current().data_dir / "classifiers" / f"{name}.pt"
    if name not in SHIPPED:
        known = ", ".join((*SHIPPED, *TRAINED_HERE))
        raise ClassifierError(f"There is no classifier {name!r}: choose one of {known}.")
    return shipped("classifiers") / f"{name}.pt"


def save_file(classifier: Classifier, path: Path) -> None:
    """Write a classifier as a plain dict of tensors (matrices in float16), numbers and strings."""
    content = {
        "format": _FORMAT,
        "image_size": classifier.image_size,
        "channels": classifier.channels,
        "features": classifier.feature_count,
        "heads": [asdict(head) for head in classifier.heads],
        "about": classifier.about,
        "weights": kept_weights(classifier),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as handle:
        torch.save(content, handle)


def kept_weights(classifier: Classifier) -> dict[str, torch.Tensor]:
    """The weights as a file keeps them: whatever is measured should be measured with these."""
    state = classifier.state_dict()
    return {key: value.half() if value.ndim > 1 else value.clone() for key, value in state.items()}


def load_file(path: Path) -> Classifier:
    """Read back what `save_file` wrote; nothing in the file is executed.

    Raises:
        ClassifierError: the file is damaged, or of another version of the kit.
    """
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        if stored["format"] != _FORMAT:
            raise ClassifierError(f"{path.name} was written by another version of the kit.")
        heads = [Head(**{**head, "values": tuple(head["values"])}) for head in stored["heads"]]
        sizes = {"image_size": stored["image_size"], "channels": stored["channels"]}
        classifier = Classifier(heads, **sizes, features=stored["features"], about=stored["about"])
        classifier.load_state_dict(stored["weights"])  # copies into float32
    except _DAMAGE as e:
        raise ClassifierError(
            f"The classifier {path.name} is damaged ({type(e).__name__}): train it again."
        ) from e
    return classifier.eval()
