"""A training's whole state in one file, which is always either the old one or the new one, complete.

The file holds tensors, numbers and strings (in dictionaries, lists and tuples), so that it loads with
``torch.load(weights_only=True)``: a checkpoint from a stranger cannot run code.
"""

import json
import pickle
import random
import zipfile
from pathlib import Path

import numpy as np
import torch

from labkit.files import replacing

FORMAT = 2
# What a run shows and how often it is saved: a resumed one may differ in these.
_FREE = ("progress", "checkpoint_seconds", "about")


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message says which, why, and what to do."""


def save(path: Path, state: dict) -> None:
    """Write ``state`` (tensors, numbers, strings, nested) in one piece: write, force to disk, rename."""
    with replacing(path) as handle:
        torch.save({"format": FORMAT, **state}, handle)


def load(path: Path, device: torch.device | str = "cpu") -> dict:
    """Read a checkpoint onto the CPU or ``device``.

    Raises:
        CheckpointError: no such file, a damaged one, one that holds more than data, or another format.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"{path}: there is no checkpoint to go on from. Start without resuming.")
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to mean
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint: it {_fault(path, error)}. Start in another folder."
        ) from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not a checkpoint of this kit. Start in another folder.")
    return state


def _fault(path: Path, error: Exception) -> str:
    """What is wrong with a file, in our own words: those of PyTorch are long, and coloured."""
    if isinstance(error, PermissionError):
        return "may not be read by you"
    try:
        with path.open("rb") as file:
            begins = file.read(64)
    except OSError as trouble:
        return f"cannot be opened ({trouble.strerror})"
    if not begins:
        return "is empty"
    if begins.startswith(b"version https://git-lfs"):
        return "is a pointer of Git LFS, and not the file itself"
    if begins.startswith(b"PK") and not zipfile.is_zipfile(path):
        return "is cut off or damaged"
    if isinstance(error, pickle.UnpicklingError) and begins.startswith(b"PK"):
        return "holds objects that could run code, where a checkpoint holds tensors and numbers"
    return "is no file of PyTorch's, or is damaged"


def settings(options: object, steps: int) -> dict:
    """What a resumed run must share with the one that was saved, as plain JSON.

    These are the fields of ``options``, but for how a run is shown and saved, and what ``about`` says.
    """
    shared = {name: value for name, value in vars(options).items() if name not in _FREE}
    named = {
        name: getattr(value, "__name__", "a function") for name, value in shared.items() if callable(value)
    }
    facts = dict(options.about) | shared | named | {"steps": steps}
    return json.loads(json.dumps(facts))


def find(file: Path | None, wanted: dict, resume: bool) -> dict | None:
    """The checkpoint to go on from, if one is wanted.

    Raises:
        CheckpointError: none there, one of other settings, or one that a new run would overwrite.
    """
    if not resume:
        if file is not None and file.is_file():
            raise CheckpointError(f"{file.parent} already holds a run. Resume it, or choose another folder.")
        return None
    if file is None:
        raise CheckpointError("resuming needs the folder that the run was kept in.")
    saved = load(file)
    before = saved["settings"]
    for name in before | wanted:
        if before.get(name) != wanted.get(name):
            raise CheckpointError(
                f"{file.parent} holds a run with {name} {before.get(name)}, not {wanted.get(name)}. "
                "Resume it with the same settings, or choose another folder."
            )
    return saved


def set_generator(generator: torch.Generator, state: torch.Tensor, seed: int) -> None:
    """Put back a generator's state; where it is of another kind of device, start at ``seed`` instead."""
    if state.numel() == generator.get_state().numel():
        generator.set_state(state.cpu())
    else:
        generator.manual_seed(seed)


def rng_state(device: torch.device) -> dict:
    """The state of every random generator that a loss or a network may draw from."""
    kind, keys, position, has_gauss, gauss = np.random.get_state()
    version, numbers, spare = random.getstate()
    state = {
        "torch": torch.get_rng_state(),
        "numpy": [kind, torch.from_numpy(keys.astype(np.int64)), position, has_gauss, gauss],
        "python": [version, torch.tensor(numbers, dtype=torch.int64), spare],
    }
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def set_rng_state(state: dict, device: torch.device) -> None:
    """Put back what `rng_state` returned."""
    torch.set_rng_state(state["torch"].cpu())
    kind, keys, position, has_gauss, gauss = state["numpy"]
    np.random.set_state((kind, keys.cpu().numpy().astype(np.uint32), position, has_gauss, gauss))
    version, numbers, spare = state["python"]
    random.setstate((version, tuple(numbers.tolist()), spare))
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"].cpu(), device)
