"""Where the real images for tests are, if this machine has them."""

import os
from pathlib import Path

import pytest


def real_data() -> Path | None:
    """The folder in ``LABKIT_REAL_DATA``, else ``../shared/data`` seen from the root; None if absent."""
    named = os.environ.get("LABKIT_REAL_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    return folder if folder.is_dir() else None


def real_file(name: str) -> Path:
    """A file of the real data; skips the test, saying why, where it is absent."""
    folder = real_data()
    if folder is None or not (folder / name).exists():
        pytest.skip(f"needs {name}: real data is not on this machine (set LABKIT_REAL_DATA to its folder)")
    return folder / name
