"""Whose file is this? Told from its name and its folders, as learning platforms and people write them.

Canvas puts everything into one folder: ``muelleranna_LATE_12345_67890_03_training_loop-1.ipynb`` has the
user's id, then the file's. Moodle has a folder for each participant,
``Anna Müller_123456_assignsubmission_file`` (older versions end it with ``_``), or the same as the beginning
of the file's name. People write the name before or after the lab's, or make a folder for each student.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from labkit_instructor.marks import Student

_CANVAS = re.compile(
    r"(?:(?P<name>(?!LATE_).+?)_)?(?P<late>LATE_)?(?P<id>\d+|anon_[A-Za-z0-9]+)_(?P<file>\d{3,})_(?P<rest>.+)"
)
_CANVAS_TEXT = re.compile(r"(?P<name>.+?)_(?P<late>LATE_)?(?P<id>\d+)_(?:text|link)\.html")
_MOODLE_FOLDER = re.compile(r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_[a-z]+_?")
_MOODLE_FILE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_[a-z]+_(?P<rest>.*)")
_MOODLE_SIGN = re.compile(r"_\d+_assignsubmission_")
_LAB_FOLDER = re.compile(r"(?:lab|labs|week|assignment|homework)[ _-]?\d{1,2}", re.IGNORECASE)
_ANY_LAB = re.compile(
    r"(?<![a-z0-9])(?:\d\d_[a-z][a-z0-9]*(?:_[a-z0-9]+)*|lab[ _-]?\d{1,2})(?![a-z0-9])", re.IGNORECASE
)
# "Copy of anna" (Google Drive), "anna - Copy (2)" (Windows), "anna copy 2" (macOS), "anna-Copy1" (Jupyter),
# "anna (1)" (browsers), "anna-2" (Canvas), in the languages of most students.
_COPY = re.compile(
    r"^(?:copy of|kopie von|kopie van|copie de|c[oó]pia de|copia di|kopia)[ _]+"
    r"|(?:[ _]*\(\d+\)|[ _-]+(?:copy|kopie|copie|c[oó]pia|kopia|kopi)[ _-]?\d*|-\d{1,2})$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Owner:
    """The student, and what else the name tells.

    Attributes:
        sure: the name follows a platform's pattern, or a folder says so; else it is what a file is called.
        order: the platform's number of the file: the higher, the newer. 0 where there is none.
        file: the file's own name, without what the platform put before it.
        late: the platform marked it as late.
        nameless: the file's name says nothing; the student is called after the folder that it lies in.
    """

    student: Student
    sure: bool
    order: int = 0
    file: str = ""
    late: bool = False
    nameless: bool = False


def owner(parts: Sequence[str], root: str, stems: Collection[str] = ()) -> Owner:
    """Who handed in the file at ``parts``, a path below a folder or zip that is called ``root``.

    Args:
        stems: the notebooks' own names, such as "03_training_loop".
    """
    parts = [tidy(p) for p in parts]
    # Folders that sort by lab tell nothing about the student.
    while len(parts) > 1 and _is_lab(parts[0], stems):
        root, parts = parts[0], parts[1:]
    first, file = parts[0], parts[-1]
    # Only the outermost name comes from the platform: what is below, the student has named.
    if found := _moodle(first, in_folder=len(parts) > 1):
        student = Student(f"{found['name']}_{found['id']}", found["name"], moodle_id=found["id"])
        return Owner(student, True, file=file if len(parts) > 1 else found["rest"] or file)
    if len(parts) > 1:
        return Owner(Student(first, first), True, file=file)
    found = _CANVAS.fullmatch(file) or _CANVAS_TEXT.fullmatch(file)
    if found:
        groups = found.groupdict()
        number, name = groups["id"], groups["name"] or groups["id"]
        key = number if name == number else f"{name}_{number}"
        student = Student(key, name, canvas_id="" if number.startswith("anon") else number)
        order, own = int(groups.get("file") or 0), groups.get("rest") or file
        return Owner(student, True, order, own, bool(groups["late"]))
    name = _name_in(file, stems)
    student = Student(name or tidy(root), name or tidy(root))
    return Owner(student, False, file=file, nameless=not name)


def _moodle(name: str, in_folder: bool) -> re.Match | None:
    """What Moodle says in a name. A student may be called as Moodle calls a folder, so the last sign of it
    is Moodle's; at the beginning of a file's name the student's own part follows, and two say nothing."""
    if in_folder:
        return _MOODLE_FOLDER.fullmatch(name)
    return _MOODLE_FILE.fullmatch(name) if len(_MOODLE_SIGN.findall(name)) == 1 else None


def tidy(text: str) -> str:
    """A name without anything that could disturb a page, a table or a terminal; never empty."""
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    text = "".join(" " if c.isspace() else c for c in text)
    text = "".join(c for c in text if unicodedata.category(c)[0] != "C")
    return re.sub(r" +", " ", text).strip()[:255] or "unnamed"


def _is_lab(folder: str, stems: Collection[str]) -> bool:
    return folder in stems or bool(_LAB_FOLDER.fullmatch(folder))


def _name_in(file: str, stems: Collection[str]) -> str:
    """What is left of a file's name without the lab's; "" when nothing is."""
    stem = re.sub(r"(\.ipynb)?(\.txt|\.json)?$", "", file, flags=re.IGNORECASE)
    known = [re.escape(s).replace("_", "[ _-]") for s in sorted(stems, key=len, reverse=True)]
    stem = _without_copy(stem)
    if known and re.search("|".join(known), stem, re.IGNORECASE):
        stem = re.sub("|".join(known), "", stem, count=1, flags=re.IGNORECASE)
    else:
        stem = _ANY_LAB.sub("", stem, count=1)
    return _without_copy(stem).strip(" _-.,+")


def _without_copy(stem: str) -> str:
    """The name without what file managers add to a copy, or to the copy of a copy."""
    shorter = _COPY.sub("", stem)
    return stem if shorter == stem else _without_copy(shorter)
