"""Reading a class's files without trusting them: plain files only, none too large, nothing ever unpacked.

A listing goes through a folder or a zip alike. Links are not followed, pipes and devices not opened; a
member of a zip is read in memory, up to a limit that holds for what comes out, whatever the zip declares.
"""

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

LARGEST = 100_000_000  # bytes of one notebook with its outputs
MOST_FILES = 5_000  # in one student's folder
MOST_MEMBERS = 100_000  # in one zip
_ENTRY = b"PK\x01\x02"  # begins every entry of a zip's directory
DEEPEST = 20  # folders
_LITTER = {
    "__macosx", "thumbs.db", "desktop.ini", "__pycache__", ".ds_store", ".ipynb_checkpoints", ".git", ".idea",
    ".vscode", ".venv", ".cache", ".jupyter", ".ipython", ".local", ".config", ".virtual_documents", ".trash",
}  # fmt: skip
_PLAIN = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


class IntakeError(ValueError):
    """A path or a file cannot be taken in; the message says why and what to do."""


@dataclass(frozen=True)
class Member:
    """A file in a folder or zip: its path below that, when it was changed, and why it is not to be opened."""

    parts: tuple[str, ...]
    path: Path
    member: str = ""
    changed: float = 0.0
    trouble: str = ""
    empty: bool = False  # stands for a folder without any file


def in_folder(root: Path) -> Iterator[Member]:
    """All files below a folder, apart from what operating systems and Jupyter leave behind."""
    counts: dict[str, int] = {}
    for parts, item in _walk(root, ()):
        top = parts[0]
        counts[top] = counts.get(top, 0) + 1
        if len(parts) > 1 and counts[top] > MOST_FILES:
            if counts[top] == MOST_FILES + 1:
                trouble = f"the folder holds more than {MOST_FILES:,} files: only the first were looked at"
                yield Member((top, "…"), root / top, trouble=trouble)
            continue
        yield _entry(parts, item)


def one_file(path: Path) -> Member:
    """The entry of a single file."""
    trouble = _odd(path.lstat().st_mode)
    return Member((path.name,), path, changed=path.lstat().st_mtime, trouble=trouble)


def few_enough(path: Path) -> None:
    """Refuse a zip whose directory has more entries than any class, folders or not: to read millions takes
    seconds and memory, to count them takes neither.

    Raises:
        IntakeError: it has too many.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        entries, before = 0, b""
        while block := file.read(2**20):
            entries += (before + block).count(_ENTRY)
            before = block[1 - len(_ENTRY) :]
    if entries > MOST_MEMBERS:
        most = f"more than {MOST_MEMBERS:,} files and folders"
        raise IntakeError(f"{path.name}: {most}; no class hands in that many")


def in_zip(path: Path, archive: zipfile.ZipFile) -> Iterator[Member]:
    """All files in a zip, apart from litter. Of two with the same name, the last."""
    for info in {i.filename: i for i in archive.infolist()}.values():
        if info.is_dir():
            continue
        parts = tuple(p for p in _name(info).replace("\\", "/").split("/") if p not in ("", "."))
        kept = tuple(p for p in parts if p != "..")
        if not kept or any(_is_litter(p) for p in kept):
            continue
        trouble = _zip_trouble(info)
        if len(kept) < len(parts) or _name(info).startswith(("/", "\\")) or ":" in kept[0][:2]:
            trouble = "its path leads out of the zip"
        yield Member(kept, path, info.filename, _time(info.date_time), trouble)


def read_file(path: Path) -> bytes:
    """The content of a plain file.

    Raises:
        IntakeError: it is a link, a pipe, a device or a folder, too large, or cannot be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        if trouble := _odd(os.lstat(path).st_mode):  # first: to open a pipe is already too much
            raise IntakeError(trouble)
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as handle:
            if trouble := _odd(os.fstat(descriptor).st_mode):
                raise IntakeError(trouble)
            return _limited(handle.read(LARGEST + 1))
    except OSError as error:
        raise IntakeError(f"it cannot be read: {error.strerror or type(error).__name__}") from None


def read_member(archive: zipfile.ZipFile, member: str) -> bytes:
    """The content of a file in a zip.

    Raises:
        IntakeError: it is not there, encrypted, damaged, a link, or larger than the limit once unpacked.
    """
    try:
        info = archive.getinfo(member)
        if trouble := _zip_trouble(info):
            raise IntakeError(trouble)
        with archive.open(info) as handle:
            return _limited(handle.read(LARGEST + 1))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise IntakeError(f"it is damaged inside the zip: {str(error)[:100]}") from None
    except KeyError:
        raise IntakeError("it is no longer in the zip") from None


def _walk(folder: Path, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], os.DirEntry | Member]]:
    try:
        with os.scandir(folder) as items:
            found = sorted((i for i in items if not _is_litter(i.name)), key=lambda i: i.name)
    except OSError as error:
        trouble = f"the folder cannot be read: {error.strerror}"
        yield (*above, "…"), Member((*above, "…"), folder, trouble=trouble)
        return
    if not found and above:
        yield (*above, "…"), Member((*above, "…"), folder, empty=True)
    for item in found:
        parts = (*above, item.name)
        if item.is_dir(follow_symlinks=False) and not item.name.lower().endswith(".ipynb"):
            if len(parts) > DEEPEST:
                yield parts, Member(parts, Path(item.path), trouble="its folders are nested too deep")
            else:
                yield from _walk(Path(item.path), parts)
        else:
            yield parts, item


def _entry(parts: tuple[str, ...], item: os.DirEntry | Member) -> Member:
    if isinstance(item, Member):
        return item
    try:
        status = item.stat(follow_symlinks=False)
    except OSError as error:
        return Member(parts, Path(item.path), trouble=f"it cannot be read: {error.strerror}")
    return Member(parts, Path(item.path), changed=status.st_mtime, trouble=_odd(status.st_mode))


def _odd(mode: int) -> str:
    """Why a file of this kind is not opened; "" for a plain one."""
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISLNK(mode):
        return "it is a link to another file, not a file: not opened"
    if stat.S_ISDIR(mode):
        return "it is a folder with the name of a notebook"
    return "it is a pipe or a device, not a file: not opened"


def _limited(content: bytes) -> bytes:
    if len(content) > LARGEST:
        raise IntakeError(f"it has more than {LARGEST // 10**6} MB: clear its outputs and save it again")
    return content


def _zip_trouble(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 1:
        return "it is encrypted inside the zip"
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) and _odd(mode):
        return _odd(mode)
    if info.file_size > LARGEST:
        return f"it has {info.file_size / 1e6:,.0f} MB; at most {LARGEST // 10**6} MB are read"
    if info.compress_type not in _PLAIN:
        return "it is compressed in a way that no learning platform uses"
    return ""


def _name(info: zipfile.ZipInfo) -> str:
    """The member's name; zips from a Mac hold UTF-8 without saying so."""
    if not info.flag_bits & 0x800:
        try:
            return info.filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return info.filename


def _time(date_time: tuple[int, ...]) -> float:
    try:
        return datetime(*date_time).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def _is_litter(name: str) -> bool:
    return name.startswith("._") or name.lower() in _LITTER
