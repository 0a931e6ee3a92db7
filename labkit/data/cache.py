"""Image sets on disk: one raw uint8 file that is mapped, never read whole.

An entry is a folder ``<label>-<key>`` with ``images.u8`` (N*C*H*W bytes), ``factors.npz`` and
``about.json``. It is written under another name, flushed to the disk, and renamed: an entry is
there and whole, or it is not there. Who renames first wins; a second writer drops its copy.

Pixels go through ordinary writes on purpose: on a full disk a write raises, whereas a store into
a mapped file kills the process.
"""

import errno
import hashlib
import json
import os
import shutil
import time
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from labkit.data.image_set import DataError

# What one block of images comes with: uint8 (n, C, H, W) and its factors (each (n,)).
Block = tuple[np.ndarray, dict[str, np.ndarray]]

_STALE_SECONDS = 24 * 3600


def key_of(*parts: object) -> str:
    """A short stable name for what an entry was made from (its parts, by their ``repr``)."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def read(folder: Path) -> tuple[torch.Tensor, dict[str, torch.Tensor], dict] | None:
    """Open an entry: (mapped uint8 images (N, C, H, W), factors, about), or None if it is not whole."""
    try:
        about = notes_of(folder)
        shape = tuple(int(n) for n in about["shape"])
        path = folder / "images.u8"
        if path.stat().st_size != int(np.prod(shape)):
            return None
        # Copy on write: an image that a student overwrites does not change the cache.
        images = torch.from_numpy(np.memmap(path, dtype=np.uint8, mode="c", shape=shape))
        with np.load(folder / "factors.npz", allow_pickle=False) as stored:
            factors = {name: torch.from_numpy(stored[name]) for name in stored.files}
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return None
    return images, factors, about


def read_back(folder: Path) -> tuple[torch.Tensor, dict[str, torch.Tensor], dict]:
    """Open an entry that was just written.

    Raises:
        DataError: somebody removed it in between.
    """
    stored = read(folder)
    if stored is None:
        raise DataError(f"The cache {folder} vanished while it was written: call load again.")
    return stored


def notes_of(folder: Path) -> dict:
    """What an entry says about itself, without opening its images; empty where there is none."""
    try:
        return dict(json.loads((folder / "about.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def write(folder: Path, blocks: Iterable[Block], about: dict, *, expected_bytes: int = 0) -> None:
    """Write an entry from blocks of images, all or nothing.

    Args:
        folder: the entry's final place.
        blocks: the images in order, a piece at a time; they need never be in memory together.
        about: kept in ``about.json`` beside the shape; a dict that `blocks` may still fill.
        expected_bytes: refuse before the work starts when the disk has less free space.

    Raises:
        DataError: the disk is full or cannot be written, or there was not one image.
    """
    part = folder.with_name(f".{folder.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.part")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder.parent)
        _check_free(folder.parent, expected_bytes)
        part.mkdir()
        _write_files(part, blocks, about)
        _move_in(part, folder)
    except OSError as error:
        raise disk_error(error, folder.parent, expected_bytes) from error
    finally:  # also when the student stops the cell
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def part_of(target: Path) -> Iterator[Path]:
    """A name to write a file under; it becomes `target` if the block ends well, else it is removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.part")
    try:
        yield part
        with open(part, "rb+") as file:
            _flush(file)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def _write_files(part: Path, blocks: Iterable[Block], about: dict) -> None:
    count, shape, factors = 0, (), {}
    with open(part / "images.u8", "wb") as file:
        for images, known in blocks:
            count += len(images)
            shape = images.shape[1:] if len(images) else shape
            file.write(np.ascontiguousarray(images).data)
            for name, values in known.items():
                factors.setdefault(name, []).append(values)
        _flush(file)
    with open(part / "factors.npz", "wb") as file:
        np.savez(file, **{name: np.concatenate(pieces) for name, pieces in factors.items()})
        _flush(file)
    with open(part / "about.json", "w", encoding="utf-8") as file:
        json.dump({**about, "shape": [count, *shape]}, file, indent=1)
        _flush(file)


def _flush(file) -> None:
    file.flush()
    os.fsync(file.fileno())


def _move_in(part: Path, folder: Path) -> None:
    if folder.exists() and read(folder) is None:  # a damaged entry gives way
        shutil.rmtree(folder, ignore_errors=True)
    try:
        os.rename(part, folder)
    except OSError:
        if read(folder) is None:  # not: somebody else was first with the same images
            raise


def _check_free(folder: Path, expected_bytes: int) -> None:
    if expected_bytes > shutil.disk_usage(folder).free:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _sweep(folder: Path) -> None:
    """Remove what a killed process left behind a day ago or earlier."""
    for part in folder.glob(".*.part"):
        try:
            if time.time() - part.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(part, ignore_errors=True) if part.is_dir() else part.unlink()
        except OSError:
            continue


def disk_error(error: OSError, folder: Path, expected_bytes: int = 0) -> DataError:
    """What an error while writing below `folder` means, and what to do about it."""
    needs = f" ({expected_bytes / 1e6:,.0f} MB are needed)" if expected_bytes else ""
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        what = f"The disk that holds {folder} is full{needs}; nothing was left half-written."
    else:
        what = f"The data folder {folder} cannot be written: {error.strerror or error}."
    return DataError(f"{what} Free some space, or set LABKIT_DATA to a folder on another disk.")
