"""Where readers lie, and how: a file is a plain dict of tensors, numbers and strings."""

import pickle
import zipfile
from dataclasses import asdict
from pathlib import Path

import torch

from labkit import settings
from labkit.files import replacing, shipped
from labkit.readers.network import Head, Reader, ReaderError

SHIPPED = ("digits", "digits16", "faces")
TRAINED_HERE = ("mnist",)  # on real pictures, so the file stays in the data folder of this machine
_FORMAT = 1
_DAMAGE = (OSError, EOFError, RuntimeError, KeyError, TypeError, pickle.UnpicklingError, zipfile.BadZipFile)


def load_reader(name: str) -> Reader:
    """Load a trained reader, in eval mode on the CPU.

    Args:
        name: ``"digits"``, ``"digits16"`` (the same digits at 16 pixels), ``"faces"`` (shipped with the kit)
            or ``"mnist"`` (trained on this machine).

    Raises:
        ReaderError: no such reader, not trained yet (the message names the command), or a damaged file.
    """
    path = path_of(name)
    if not path.is_file():
        raise ReaderError(f"The reader of {name} is not there yet. Train it once with: labkit reader {name}")
    return load_file(path)


def path_of(name: str) -> Path:
    """Where the reader of a data set lies: shipped with the kit, or in this machine's data folder.

    Raises:
        ReaderError: there is no reader of that name.
        MissingFileError: the kit came without its data.
    """
    if name in TRAINED_HERE:
        return settings.current().data_dir / "readers" / f"{name}.pt"
    if name not in SHIPPED:
        known = ", ".join((*SHIPPED, *TRAINED_HERE))
        raise ReaderError(f"There is no reader {name!r}: choose one of {known}.")
    return shipped("readers") / f"{name}.pt"


def save_file(reader: Reader, path: Path) -> None:
    """Write a reader as a plain dict of tensors (matrices in float16), numbers and strings."""
    content = {
        "format": _FORMAT,
        "image_size": reader.image_size,
        "channels": reader.channels,
        "features": reader.feature_count,
        "heads": [asdict(head) for head in reader.heads],
        "about": reader.about,
        "weights": kept_weights(reader),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as handle:
        torch.save(content, handle)


def kept_weights(reader: Reader) -> dict[str, torch.Tensor]:
    """The weights as a file keeps them: whatever is measured should be measured with these."""
    state = reader.state_dict()
    return {key: value.half() if value.ndim > 1 else value.clone() for key, value in state.items()}


def load_file(path: Path) -> Reader:
    """Read back what `save_file` wrote; nothing in the file is executed.

    Raises:
        ReaderError: the file is damaged, or of another version of the kit.
    """
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        if stored["format"] != _FORMAT:
            raise ReaderError(f"{path.name} was written by another version of the kit.")
        heads = [Head(**{**head, "values": tuple(head["values"])}) for head in stored["heads"]]
        sizes = {"image_size": stored["image_size"], "channels": stored["channels"]}
        reader = Reader(heads, **sizes, features=stored["features"], about=stored["about"])
        reader.load_state_dict(stored["weights"])  # copies into float32
    except _DAMAGE as e:
        raise ReaderError(f"The reader {path.name} is damaged ({type(e).__name__}): train it again.") from e
    return reader.eval()
