"""From the bytes that a student handed in to what is graded: answers, helpers, written texts, figures.

Only the answer cells are taken, and the cells that the student added; all the rest comes from the
instructor's own notebook.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from labkit_instructor.submissions import matching, pieces, written
from labkit_instructor.submissions.figures import figures
from labkit_instructor.submissions.names import HEAVIEST, Names, names, weight
from labkit_instructor.submissions.notebook_file import FileCell, NotebookFile, ReadingError, read_cells
from labkit_instructor.submissions.pieces import Piece
from labkit_instructor.submissions.trusted import Trusted

__all__ = ["Answer", "Helper", "ReadingError", "Submission", "lab_of_name", "read_submission"]

MOST_CODE = 400_000  # characters in all cells that are no answers: ten times the longest lab
MOST_ANSWERS = 400_000  # and in all that are


@dataclass(frozen=True)
class Answer:
    """One coded answer.

    Attributes:
        exercise: "3.2".
        source: the cell as plain Python: lines that only a notebook understands are taken out.
        found_by: "marker", "id" or "similarity".
        name: what to probe: the exercise's name, or the one that the student gave it.
        notes: what a reader of the mark should know.
        cell: its place in the student's file, from 1.
        place: its place among all answers and helpers.
        blank: nothing was written in it.
    """

    exercise: str
    source: str
    found_by: str
    name: str
    notes: tuple[str, ...] = ()
    cell: int = 0
    place: int = 0
    blank: bool = False

    @functools.cached_property
    def names(self) -> Names | None:
        """What the cell makes and needs; None where it does not parse."""
        return names(self.source)


@dataclass(frozen=True)
class Helper:
    """A code cell that the student added or changed: number 1 is the first of them."""

    number: int
    source: str
    cell: int
    place: int

    @functools.cached_property
    def names(self) -> Names | None:
        """What the cell makes and needs."""
        return names(self.source)


@dataclass(frozen=True)
class Submission:
    """What a notebook holds for grading.

    Attributes:
        lab: "03".
        answers: exercise -> answer, for the coded exercises whose cell is there.
        helpers: the student's own cells, in order.
        written: exercise -> Markdown, for the written answers that are not blank.
        figures: exercise -> PNGs in base64, checked, few and small.
        notes: on the notebook as a whole.
    """

    lab: str
    answers: Mapping[str, Answer]
    helpers: tuple[Helper, ...]
    written: Mapping[str, str]
    figures: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...] = ()


def read_submission(content: bytes, labs: Mapping[str, Trusted], wanted: str = "") -> Submission:
    """Read a notebook that was handed in.

    Args:
        content: the bytes of the file.
        labs: the labs that it may belong to (`trusted.labs`).
        wanted: the lab that is being graded; "" finds out which one it is.

    Raises:
        ReadingError: nothing in it can be graded. Its ``lab`` is "" or, where it can be told, the lab.
    """
    notebook = read_cells(content)
    lab = lab_of(notebook, labs)
    if not lab:
        raise ReadingError("no answer cell of any lab was found in this notebook")
    if wanted and lab != wanted:
        raise ReadingError(f"this is a notebook of lab {lab}, and lab {wanted} is graded", lab)
    trusted = labs[lab]
    try:
        return _submission(notebook, trusted)
    except RecursionError:
        raise ReadingError("the code in this notebook is nested too deep to be read", lab) from None


def lab_of(notebook: NotebookFile, labs: Mapping[str, Trusted]) -> str:
    """The lab with most of its marker lines in the notebook, or else of its ids; "" where there are none."""
    wanted = {e: t.name(e) for t in labs.values() for e in t.exercises}
    markers = [p.marker for p in pieces.cut(notebook.cells, wanted) if p.marker]
    ids = [c.id for c in notebook.cells]
    names = {t.name(e): lab for lab, t in labs.items() for e in t.coded}
    defined = [
        m for c in notebook.cells for m in re.findall(r"^(?:def|class) +(\w+)", c.source, re.MULTILINE)
    ]
    for votes in (
        [lab for lab, t in labs.items() for e in set(markers) if e in t.exercises],
        [lab for lab, t in labs.items() for i in {c.id for c in t.cells if c.header and c.id} if i in ids],
        [names[d] for d in set(defined) if d in names],
    ):
        if votes:
            return max(sorted(set(votes)), key=votes.count)
    return ""


def lab_of_name(name: str, labs: Mapping[str, Trusted]) -> str:
    """The lab that a file's name tells of: "03" for "anna_03_training_loop.ipynb"; "" where none."""
    for lab, trusted in labs.items():
        if trusted.stem.lower() in name.lower():
            return lab
    found = re.findall(r"(?<!\d)(?:lab[ _-]?)?(\d{1,2})(?!\d)", name.lower())
    numbers = {f"{int(n):02d}" for n in found} & labs.keys()
    return numbers.pop() if len(numbers) == 1 else ""


def _submission(notebook: NotebookFile, trusted: Trusted) -> Submission:
    wanted = {e: trusted.name(e) for e in trusted.exercises}
    cells = notebook.cells
    raw, parts, too_long, found = _matched(trusted, cells, wanted)
    lacking = {e: trusted.cell(e).id for e in trusted.coded if e not in found or found[e].blank}
    if turned := pieces.turned_into_text(cells, lacking, wanted):
        cells = tuple(turned.get(c.number, c) for c in cells)
        raw, parts, too_long, found = _matched(trusted, cells, wanted)
    helpers = matching.helpers(trusted, parts, found)
    texts, notes = written.written(trusted, raw)
    notes = (*too_long, *notes)
    where = {m.piece.cell: e for e, m in found.items()}
    order = [m.piece.place for m in found.values()]
    if order != sorted(order):
        notes = (*notes, "the answers stand in another order than in the lab")
    return Submission(
        lab=trusted.lab,
        answers={e: _answer(e, m, trusted) for e, m in found.items()},
        helpers=tuple(Helper(n, p.source, p.cell, p.place) for n, p in enumerate(helpers, 1)),
        written=texts,
        figures=figures(cells, where | _written_cells(raw)),
        notes=(*notebook.notes, *notes),
    )


def _matched(
    trusted: Trusted, cells: tuple[FileCell, ...], wanted: Mapping[str, str]
) -> tuple[list[Piece], list[Piece], tuple[str, ...], dict[str, matching.Match]]:
    """The pieces, the same as plain Python with a note on what is too long, and which answers what."""
    raw = pieces.cut(cells, wanted)
    parts, too_long = _as_python(trusted, raw)
    return raw, parts, too_long, matching.match(trusted, parts)


def _as_python(trusted: Trusted, raw: list[Piece]) -> tuple[list[Piece], tuple[str, ...]]:
    """The student's pieces freed of what is no Python; beyond a measure of code, answers only."""
    parts, dropped = [], 0
    total = {True: 0, False: 0}  # of cells with a marker line, and without
    for piece in raw:
        if piece.kind == "code":
            marked, long = bool(piece.marker), weight(piece.source)
            total[marked] += 0 if marked and long > HEAVIEST else long  # one that is too long is not read
            if total[marked] > (MOST_ANSWERS if marked else MOST_CODE):
                dropped += 1
                piece = replace(piece, kind="raw")
        mine = piece.marker or not matching.given(trusted, piece)
        parts.append(pieces.python(piece) if mine else piece)
    if dropped:
        return parts, (f"more code than can be read: {dropped} cells were left out, from the last ones",)
    return parts, ()


def _answer(exercise: str, found: matching.Match, trusted: Trusted) -> Answer:
    piece = found.piece
    return Answer(
        exercise=exercise,
        source=piece.source,
        found_by=found.found_by,
        name=found.name or trusted.name(exercise),
        notes=found.notes,
        cell=piece.cell,
        place=piece.place,
        blank=found.blank,
    )


def _written_cells(parts: list[Piece]) -> dict[int, str]:
    """Cells where a written answer stands: the pictures after them belong to no coded exercise before."""
    return {p.cell: p.marker for p in parts if p.marker and p.kind != "code"}
