"""Where and how big: the device, the seed, the budget and the folders of a run.

One small frozen dataclass, made on request. Nothing here happens at import time, and nothing
else in the kit reads these environment variables:

====================  =====================================================================
``LABKIT_BUDGET``     ``smoke`` (what CI runs), ``cpu`` (minutes) or ``gpu`` (the full lab)
``LABKIT_DEVICE``     a torch device, say ``cpu`` on a machine whose GPU is busy
``LABKIT_DATA``       the folder for downloads and caches
``LABKIT_RUNS``       the folder for what trainings write
====================  =====================================================================
"""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import torch

BUDGETS = ("smoke", "cpu", "gpu")


class SettingsError(ValueError):
    """A setting that cannot be used; the message says which and what to write instead."""


@dataclass(frozen=True)
class Settings:
    """What a lab needs to know about the machine it runs on."""

    device: torch.device
    budget: str
    seed: int
    data_dir: Path
    run_dir: Path
    in_colab: bool

    def pick(self, smoke, cpu, gpu):
        """Return the one of the three values that belongs to this budget."""
        return {"smoke": smoke, "cpu": cpu, "gpu": gpu}[self.budget]


def current(seed: int = 0) -> Settings:
    """Read the settings of this process from its machine and environment.

    Raises:
        SettingsError: a ``LABKIT_`` variable holds something that cannot be used.
    """
    device = _device()
    home = _home()
    return Settings(
        device=device,
        budget=_budget(device),
        seed=seed,
        data_dir=Path(os.environ.get("LABKIT_DATA") or home / "data" / "cache").expanduser(),
        run_dir=Path(os.environ.get("LABKIT_RUNS") or home / "runs").expanduser(),
        in_colab=in_colab(),
    )


def pick(smoke, cpu, gpu):
    """Return the value for the budget of this process, so that a cell shows all three side by side.

    >>> steps = pick(smoke=50, cpu=600, gpu=20_000)
    """
    return current().pick(smoke, cpu, gpu)


def in_colab() -> bool:
    """True in a Google Colab runtime."""
    return "google.colab" in sys.modules or "COLAB_RELEASE_TAG" in os.environ


def _device() -> torch.device:
    wanted = os.environ.get("LABKIT_DEVICE")
    if not wanted:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(wanted)
        torch.empty(0, device=device)
    except Exception as error:
        why = re.split(r"[.\n]", str(error))[0]  # PyTorch goes on with a page of its own internals
        if why.startswith(("Could not run", "Expected one of")):  # that page itself
            why = "PyTorch has no such device on this machine"
        raise SettingsError(
            f"LABKIT_DEVICE={wanted!r} cannot be used here. Write cpu or cuda, or unset it. ({why})"
        ) from error
    return device


def _budget(device: torch.device) -> str:
    wanted = os.environ.get("LABKIT_BUDGET")
    if not wanted:
        return "gpu" if device.type == "cuda" else "cpu"
    if wanted not in BUDGETS:
        raise SettingsError(f"LABKIT_BUDGET={wanted!r} is none of {', '.join(BUDGETS)}.")
    return wanted


def _home() -> Path:
    """The checkout that the working directory lies in, else a folder of our own in the home."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "course.toml").is_file() and (folder / "labkit").is_dir():
            return folder
    if in_colab():
        return here
    return Path.home() / ".cache" / "gan-lab-kit"
