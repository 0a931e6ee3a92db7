"""From paths to what was handed in, and by whom: notebooks, folders, and the zips of Canvas and Moodle."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from labkit.instructor.marks import Handed, Student

LARGEST = 20_000_000  # bytes of one notebook


class IntakeError(ValueError):
    """A path cannot be taken in; the message says which and what to do."""


def collect(paths: Sequence[Path]) -> list[Handed]:
    """What was handed in, sorted by student and, for each, from the oldest to the newest."""
    found = []
    for path in paths:
        files = sorted(path.rglob("*.ipynb")) if path.is_dir() else [path]
        for file in files:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            name = file.parent.name
            found.append(Handed(Student(name, name), file.name, file, "", digest))
    if not found:
        raise IntakeError("no notebook found")
    return found


def content(handed: Handed) -> bytes:
    """The bytes of a file that was handed in."""
    return handed.path.read_bytes()
