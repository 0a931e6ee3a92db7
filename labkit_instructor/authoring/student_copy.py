"""The folder that students get, without solutions, tests and what grades: ``labkit release --publish DIR``.

It holds the notebooks, the package that they call with all that a check needs, the shipped data, and a page
of its own. Published as the repository that ``course.toml`` names, badges and first cells lead there.
"""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from labkit_instructor.authoring.course import Course

_FOLDERS = ("labkit", "data", "notebooks")
_FILES = ("LICENSE", "constraints.txt", "pyproject.toml", "setup.py", "README.md")
_LEFT_OUT = ("__pycache__", "*.pyc", ".*", "cache")
_MARK = "<!-- Written by `labkit release --publish`: what you change here the next call writes over. -->"
_PAGE = Path(__file__).with_name("student_page.md")


class PublishError(ValueError):
    """The folder cannot be written; the message says why and what to do."""


def publish(root: Path, folder: Path, course: Course, notebooks: Sequence[str]) -> int:
    """Write the students' folder anew; what else lies in it, such as ``.git``, stays.

    Args:
        root: of the kit, released. folder: to write. notebooks: the names of the released ones.

    Returns:
        how many files it has.

    Raises:
        PublishError: the folder holds something that an earlier call did not write, or lies in the kit where
            it would be part of itself, or cannot be written.
    """
    folder = folder.resolve()
    if any(folder.is_relative_to(root / name) for name in _FOLDERS) or root.is_relative_to(folder):
        raise PublishError(f"{folder}: this is a part of the kit itself; name a folder beside it")
    _refuse_others(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as place:
            whole = Path(place)
            for name in _FOLDERS:
                shutil.copytree(root / name, whole / name, ignore=shutil.ignore_patterns(*_LEFT_OUT))
            for path in (whole / "notebooks").iterdir():
                if path.name not in notebooks:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            for name in _FILES[:-1]:
                shutil.copyfile(root / name, whole / name)
            page = _PAGE.read_text(encoding="utf-8").format(
                name=course.name, table=_table(root / "README.md")
            )
            (whole / "README.md").write_text(f"{_MARK}\n{page}", encoding="utf-8", newline="\n")
            count = sum(path.is_file() for path in whole.rglob("*"))
            folder.mkdir(exist_ok=True)
            for name in (*_FOLDERS, *_FILES):
                old = folder / name
                shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
                (whole / name).rename(old)
    except OSError as error:
        raise PublishError(
            f"{error.filename or folder}: {error.strerror}; nothing is lost, try again"
        ) from error
    return count


def _table(readme: Path) -> str:
    """The README's table of labs, without its last column, which leads to the solutions."""
    _, found, rest = readme.read_text(encoding="utf-8").partition("<!-- labs: begin -->\n")
    if not found:
        raise PublishError(
            f"{readme}: has no table of labs between <!-- labs: begin --> and <!-- labs: end -->"
        )
    rows = rest.partition("<!-- labs: end -->")[0].splitlines()
    return "\n".join(row.removesuffix("|").rpartition("|")[0] + "|" for row in rows)


def _refuse_others(folder: Path) -> None:
    """A folder is written over when it is new, empty but for hidden files, or written by an earlier call."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise PublishError(f"{folder}: this is a file; name a folder")
    page = folder / "README.md"
    ours = page.is_file() and page.read_text(encoding="utf-8", errors="replace").startswith(_MARK)
    if not ours and any(not path.name.startswith(".") for path in folder.iterdir()):
        raise PublishError(f"{folder}: not empty, and not written by --publish; name a new folder")
