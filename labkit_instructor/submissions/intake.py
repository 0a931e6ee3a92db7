"""From paths to what was handed in, and by whom: notebooks, folders, and the zips of Canvas and Moodle.

``collect`` finds the files and puts them in order, the newest last. Which lab a notebook belongs to is known
only after reading it; then ``newest`` keeps one for each student and lab.
"""

import hashlib
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from labkit_instructor.marks import Handed, Student
from labkit_instructor.people import People, numbers_of
from labkit_instructor.submissions import archives, notebook_file
from labkit_instructor.submissions.archives import IntakeError, Member
from labkit_instructor.submissions.lateness import LATE_IN_CANVAS, times_of
from labkit_instructor.submissions.notebook_file import without_outputs
from labkit_instructor.submissions.owners import Owner, owner, tidy

__all__ = ["IntakeError", "collect", "content", "newest"]

MOST_NOTEBOOKS = 50  # of one student
_NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?$", re.IGNORECASE)  # browsers add endings of their own


def collect(paths: Sequence[Path], stems: Collection[str] = (), people: People | None = None) -> list[Handed]:
    """What was handed in, sorted by student and, for each, from the oldest to the newest.

    Args:
        paths: notebooks, folders (one folder per student, or all files in one), zips from Canvas or Moodle.
        stems: the labs' own file names ("03_training_loop"), which are no part of a student's name.
        people: those whom the gradebook knows already; they keep their keys.

    Raises:
        IntakeError: a path is not there or of another kind, or there is no notebook in any.
    """
    once: dict[tuple[Path, str], tuple[Handed, tuple, Path]] = {}
    for path in map(Path, paths):
        place = path.absolute().parent if _NOTEBOOK.search(path.name) else path.absolute()
        for handed, age in _one_path(path, stems):
            once.setdefault((handed.path.absolute(), handed.member), (handed, age, place))
    if not once:
        raise IntakeError(_nothing_in(paths))
    people = people or People()
    # Those with a number first: a key that belongs to one of them goes to nobody else.
    handed = sorted(_apart(list(once.values())), key=lambda pair: not numbers_of(pair[0].student))
    found = [(replace(h, student=people.settle(h.student)), age) for h, age in handed]
    return [handed for handed, _ in sorted(found, key=lambda pair: (pair[0].student.key, pair[1]))]


def content(handed: Handed) -> bytes:
    """The bytes of a file that was handed in; of a very large one, without its outputs.

    Raises:
        IntakeError: it cannot be read (any longer), or it has changed since it was collected.
    """
    if handed.trouble:
        raise IntakeError(handed.trouble)
    if handed.member:
        with _opened(handed.path) as archive:
            data = archives.read_member(archive, handed.member)
    else:
        data = archives.read_file(handed.path)
    if handed.digest and _digest(data) != handed.digest:
        raise IntakeError("the file changed while the class was being graded")
    return without_outputs(data) if len(data) > notebook_file.LARGEST else data


def newest(handed: Sequence[Handed], labs: Sequence[str]) -> list[tuple[Handed, str]]:
    """One notebook for each student and lab, with its lab: the last one, in the order of `collect`.

    It says which others it stands for (``merged``). A file that has a trouble counts only where the same
    student has no better one for that lab. One whose lab is unknown stays, so that nothing is lost.

    Args:
        handed: what `collect` found.
        labs: the lab of each; "" where it could not be told.
    """
    groups: dict[tuple[str, str], list[Handed]] = {}
    for number, (one, lab) in enumerate(zip(handed, labs, strict=True)):
        groups.setdefault((one.student.key, lab or f"?{number}"), []).append(one)
    kept = []
    for (_, lab), files in groups.items():
        sound = [f for f in files if not f.trouble] or files
        best = sound[-1]
        kept.append((replace(best, merged=tuple(_merged(best, files))), "" if lab.startswith("?") else lab))
    return kept


def _merged(best: Handed, files: Sequence[Handed]) -> Iterator[str]:
    """What a person should know of the files that `best` stands for."""
    others = [f for f in files if f is not best and f.digest != best.digest]
    same = [f for f in files if f is not best and f.digest == best.digest]
    if others:
        names = ", ".join(_left_out(f, best) for f in others[:5])
        more = f" and {len(others) - 5} more" if len(others) > 5 else ""
        yield f"the newest of {len(others) + 1} files was graded; left out: {names}{more}"
    if same:
        copies = ", ".join(_where(f, best) for f in same[:5])
        yield f"handed in more than once, the same to the byte: {copies}"
    if len(names := dict.fromkeys(f.student.name for f in files)) > 1:
        yield f"one number for the names {', '.join(names)}: taken for one student"


def _left_out(one: Handed, best: Handed) -> str:
    in_time = "in time" if best.late and one.at and not one.late else ""
    why = ", ".join(filter(None, (one.trouble, in_time)))
    return _where(one, best) + (f" ({why})" if why else "")


def _where(one: Handed, best: Handed) -> str:
    """A file's name and, where that is needed, the place that it came from."""
    place, other = (f.path if f.member else f.path.parent for f in (one, best))
    return one.name if place == other else f"{one.name} in {tidy(place.name)}"


def _nothing_in(paths: Sequence[Path]) -> str:
    """That there is no notebook, and where one may hide."""
    said = f"no notebook (.ipynb) in {', '.join(str(p) for p in paths) or 'no path at all'}"
    zips = []
    for path in map(Path, paths):
        if path.is_dir():
            zips += [p.name for p in sorted(path.glob("*.zip"))]
        elif path.suffix.lower() == ".zip":
            with _opened(path) as archive:
                zips += [n for n in archive.namelist() if n.lower().endswith(".zip")]
    return f"{said}; there is {tidy(zips[0])[:80]}: give that file itself" if zips else said


def _one_path(path: Path, stems: Collection[str]) -> list[tuple[Handed, tuple]]:
    notebook = _NOTEBOOK.search(path.name)
    if not path.exists() and not path.is_symlink():
        raise IntakeError(f"{path}: there is no such file or folder")
    if notebook:
        root = path.absolute().parent.name
        return _handed([archives.one_file(path)], root, stems, _read_plain)
    if path.is_symlink():
        raise IntakeError(f"{path}: is a link; name the folder or zip that it leads to")
    if path.is_dir():
        return _handed(archives.in_folder(path), path.absolute().name, stems, _read_plain)
    if path.is_file() and path.suffix.lower() == ".zip":
        archives.few_enough(path)
        with _opened(path) as archive:
            root, entries = _without_wrapper(path.stem, list(archives.in_zip(path, archive)), stems)
            return _handed(entries, root, stems, lambda e: archives.read_member(archive, e.member))
    raise IntakeError(f"{path}: is no notebook, folder or zip")


def _read_plain(entry: Member) -> bytes:
    return archives.read_file(entry.path)


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise IntakeError(f"{path}: cannot be read as a zip: {error}") from None


def _without_wrapper(root: str, entries: list[Member], stems: Collection[str]) -> tuple[str, list[Member]]:
    """A zip of one folder with the class in it is the same as that folder."""
    tops = {e.parts[0] for e in entries}
    if len(tops) != 1 or any(len(e.parts) == 1 for e in entries):
        return root, entries
    inner = [e.parts[1:] for e in entries if _NOTEBOOK.search(e.parts[-1])]
    names = {owner(p, "", stems).student.key for p in inner if len(p) == 1}
    moodle = owner(entries[0].parts, "", stems).student.moodle_id
    if moodle or not (any(len(p) > 1 for p in inner) or len(names) > 1):
        return root, entries
    return tops.pop(), [replace(e, parts=e.parts[1:]) for e in entries]


def _handed(
    entries: Iterable[Member], root: str, stems: Collection[str], read: Callable[[Member], bytes]
) -> list[tuple[Handed, tuple]]:
    """Sort the files of one path by their owners; each with what its age is told by."""
    owned = [(entry, owner(entry.parts, root, stems)) for entry in entries]
    among_others = any(o.sure or (not o.nameless and _NOTEBOOK.search(o.file)) for _, o in owned)
    students: dict[str, list[tuple[Member, Owner]]] = {}
    for entry, own in owned:
        if own.nameless and among_others:
            # Among files of others it is somebody's own: who, its full name may tell.
            name = tidy(Path(own.file).stem)
            own = replace(own, student=Student(name, name))
        students.setdefault(own.student.key, []).append((entry, own))
    found = []
    for files in students.values():
        notebooks = [(e, o) for e, o in files if _NOTEBOOK.search(e.parts[-1])]
        if notebooks:
            notebooks.sort(key=lambda pair: _age(*pair))
            dropped = len(notebooks) - MOST_NOTEBOOKS
            for entry, own in notebooks[-MOST_NOTEBOOKS:]:
                found.append((_take(entry, own, read, max(dropped, 0)), _age(entry, own)))
        elif any(o.sure for _, o in files):
            entry, own = next((e, o) for e, o in files if o.sure)
            found.append((_nothing(files, own, entry), _age(entry, own)))
    # Moodle's files have the times of the hand-in, those of Canvas and of people that of a copy.
    timed = times_of([age[1] for handed, age in found if handed.student.moodle_id])
    return [(replace(h, at=age[1]) if timed and h.student.moodle_id else h, age) for h, age in found]


def _take(entry: Member, own: Owner, read: Callable[[Member], bytes], dropped: int) -> Handed:
    notes = (f"{dropped} older notebooks of the same student were left out",) if dropped else ()
    trouble, digest = entry.trouble, ""
    if not trouble:
        try:
            data = read(entry)
            digest = _digest(data)
            if len(data) > notebook_file.LARGEST:
                notes = (*notes, f"the file has {len(data) / 1e6:.0f} MB; it was read without its outputs")
        except IntakeError as error:
            trouble = str(error)
    late = LATE_IN_CANVAS if own.late else ""
    return Handed(own.student, own.file, entry.path, entry.member, digest, trouble, notes, late=late)


def _nothing(files: list[tuple[Member, Owner]], own: Owner, first: Member) -> Handed:
    """A student who handed in something, and no notebook."""
    names = [o.file for e, o in files if not e.empty and o.file != "…"]
    troubles = [e.trouble for e, _ in files if e.trouble]
    if any(n.lower().endswith((".zip", ".rar", ".7z", ".tar", ".gz")) for n in names):
        trouble = (
            f"an archive instead of a notebook ({', '.join(names[:5])}): unpack it and grade the notebook"
        )
    elif names:
        trouble = f"no notebook (.ipynb) was handed in, only {', '.join(names[:5])}"
    else:
        trouble = troubles[0] if troubles else "nothing was handed in: the folder is empty"
    name = names[0] if names else ""
    return Handed(own.student, name, first.path, first.member, "", trouble, absent=True)


def _apart(found: list[tuple[Handed, tuple, Path]]) -> list[tuple[Handed, tuple]]:
    """Those who are known by name only are different people where their files come from different places."""
    places: dict[str, list[Path]] = defaultdict(list)
    for handed, _, place in sorted(found, key=lambda one: len(one[2].parts)):
        if not numbers_of(handed.student) and not any(_inside(place, p) for p in places[handed.student.key]):
            places[handed.student.key].append(place)

    def settled(handed: Handed, place: Path) -> Handed:
        there = places[handed.student.key]
        if len(there) < 2 or numbers_of(handed.student):
            return handed
        place = next(p for p in there if _inside(place, p))
        label = place.name if len({p.name for p in there}) == len(there) else str(place)
        key = f"{handed.student.key} ({tidy(label)})"
        return replace(handed, student=replace(handed.student, key=key))

    return [(settled(handed, place), age) for handed, age, place in found]


def _inside(place: Path, other: Path) -> bool:
    """Whether a place is the other or lies in it. What lies in a zip lies nowhere else."""
    return place == other or (place.suffix.lower() != ".zip" and place.is_relative_to(other))


def _age(entry: Member, own: Owner) -> tuple:
    """Sorts from old to new: by the platform's number, by time, then by name, numbers as numbers."""
    words = re.split(r"(\d+)", tidy(entry.parts[-1]).lower())
    natural = tuple((int(w), "") if w.isdecimal() and len(w) < 19 else (0, w) for w in words)
    return own.order, entry.changed, natural


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
