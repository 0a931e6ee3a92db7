"""Files that are either whole or absent, whenever the process is killed, and those that ship with the kit."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


class MissingFileError(FileNotFoundError):
    """Something that ships with the kit is not there; the message says what."""


def shipped(*parts: str) -> Path:
    """The path of something under the top-level ``data/`` that ships with the kit.

    In a checkout (and an editable install) that folder lies beside the package; in an installed wheel
    it lies inside, as ``labkit/shipped/``.

    >>> shipped("classifiers", "faces.pt")

    Raises:
        MissingFileError: it is not there.
    """
    package = Path(__file__).resolve().parent
    if (package / "shipped").is_dir():
        home = package / "shipped"
    elif (package.parent / "pyproject.toml").is_file():
        home = package.parent / "data"
    else:
        raise MissingFileError("This copy of the kit came without its folder data/. Install the kit again.")
    path = home.joinpath(*parts)
    if not path.exists():
        raise MissingFileError(
            f"data/{'/'.join(parts)} is missing from this copy of the kit. Install the kit again."
        )
    return path


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file beside ``path`` for writing; on leaving, force it to disk and rename it to ``path``.

    When the block raises, ``path`` keeps its old content and the temporary file is removed.

    Raises:
        OSError: with the file's name, also where the writer hides that the disk is full: PyTorch's does.
    """
    path = Path(path)
    temporary = path.with_name(path.name + ".part")
    try:
        with open(temporary, "wb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, Exception) and (trouble := nameless(error)):
            raise OSError(trouble.errno, trouble.strerror, str(path)) from error
        raise
    _sync_folder(path.parent)


def nameless(error: BaseException) -> OSError | None:
    """The error of the system that this one is or came from, where it says no file's name, as in writing."""
    at: BaseException | None = error
    while at is not None:
        if isinstance(at, OSError) and at.errno is not None and at.filename is None:
            return at
        at = at.__cause__ or at.__context__
    return None


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file in one piece: after a crash it holds the old content or the new, never a mixture."""
    with replacing(path) as handle:
        handle.write(content)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself last through a power cut, where the system lets a folder be synced."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
