"""An append-only file of JSON lines that survives a kill, a full disk and a second writer.

Lines are only ever added, each pushed to the disk before `append` returns. What a kill leaves of a line has
no line break at its end: it was never reported as written, and it is cut off. The lock belongs to the
operating system, which takes it back when its owner dies, so no stale lock stays behind.
"""

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from labkit.files import write_bytes

if os.name == "nt":
    import msvcrt
else:
    import fcntl

PATIENCE = 30.0  # seconds to wait for another writer; adding a line takes milliseconds
_CHUNK = 65536


class GradebookError(ValueError):
    """The gradebook cannot be read or changed as asked; the message says where, and what to do."""


def append(path: Path, entries: Iterable[Mapping[str, Any]], patience: float = PATIENCE) -> None:
    """Add one line per entry; on return they are on the disk. When writing fails, nothing was added.

    Raises:
        GradebookError: an entry is no plain data, the disk refuses, or another writer holds the file.
    """
    try:
        lines = b"".join(_line(e) for e in entries)
    except (TypeError, ValueError) as error:
        raise GradebookError(f"{path.name}: an entry is not plain data ({error})") from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path, patience):
            if not path.exists():
                write_bytes(path, b"")
            with open(path, "a+b", buffering=0) as handle:
                _end_with_line_break(handle, path.name)
                _write(handle, lines)
    except OSError as error:
        raise GradebookError(
            f"{path.name}: nothing could be added ({error.strerror or error}). Free the disk or fix the "
            "rights of the folder, then go on with --resume"
        ) from error


def entries(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """All entries with their line numbers, oldest first; none where there is no file yet.

    A torn last line is left out with a notice on stderr.

    Raises:
        GradebookError: a line in the middle is broken; the message names it.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise GradebookError(f"{path.name} cannot be read: {error.strerror or error}") from error
    *whole, rest = content.split(b"\n")
    read = []
    for number, line in enumerate(whole, 1):
        if line.strip():
            entry = _parsed(line)
            if entry is None:
                raise GradebookError(
                    f"{path.name}, line {number} is broken: {_glimpse(line)}. Nothing was dropped; fix that "
                    "line by hand, or take the file from a backup"
                )
            read.append((number, entry))
    if rest:
        entry = _parsed(rest)
        if entry is None:
            _say(f"{path.name}: the last line is torn, as a kill leaves it; it does not count")
        else:
            read.append((len(whole) + 1, entry))
    return read


def _line(entry: Mapping[str, Any]) -> bytes:
    # ASCII: a file name with bytes that are no UTF-8 comes as lone surrogates, and goes through like this
    return json.dumps(entry, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _glimpse(line: bytes) -> str:
    return repr(line[:40].decode("utf-8", "replace")) + ("…" if len(line) > 40 else "")


def _end_with_line_break(handle: BinaryIO, name: str) -> None:
    """Let the file end with a line break: cut off a torn line, or finish one that lacks only its end."""
    end = handle.seek(0, os.SEEK_END)
    start, rest = end, b""
    while start and b"\n" not in rest:
        step = min(_CHUNK, start)
        start -= step
        handle.seek(start)
        rest = handle.read(step) + rest
    rest = rest[rest.rfind(b"\n") + 1 :]
    if not rest:
        return
    if _parsed(rest) is not None:
        _write(handle, b"\n")
        return
    handle.truncate(end - len(rest))
    _say(f"{name}: a torn last line of {len(rest)} bytes was cut off; nothing else was touched")


def _write(handle: BinaryIO, content: bytes) -> None:
    """Write all of it, or nothing."""
    before = os.fstat(handle.fileno()).st_size
    view = memoryview(content)
    try:
        while view:
            view = view[handle.write(view) :]
        os.fsync(handle.fileno())
    except BaseException:
        handle.truncate(before)
        raise


@contextmanager
def _locked(path: Path, patience: float) -> Iterator[None]:
    with open(path.with_name(path.name + ".lock"), "ab") as handle:
        until = time.monotonic() + patience
        while not _try_lock(handle):
            if time.monotonic() > until:
                raise GradebookError(
                    f"{path.name} is being written by another labkit grade. Wait until it ends, or stop it"
                )
            time.sleep(0.02)
        try:
            yield
        finally:
            _unlock(handle)


def _try_lock(handle: BinaryIO) -> bool:
    try:
        if os.name == "nt":
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _unlock(handle: BinaryIO) -> None:
    # Closing the file is not enough: a child that was forked in the meantime has it open, too.
    if os.name == "nt":
        msvcrt.locking(handle.fileno(), msvcrt.LK_UNLCK, 1)
    else:
        fcntl.flock(handle, fcntl.LOCK_UN)


def _say(line: str) -> None:
    print(f"labkit grade: {line}", file=sys.stderr, flush=True)
