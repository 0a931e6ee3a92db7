"""The CSV of a review sheet: written for any spreadsheet, read back from whatever a spreadsheet made of it.

A spreadsheet turns 3.10 into 3.1, 3.8 into a date and 007 into 7, and may sort one column without the others.
So each row says in a single cell what it is about, in plain ASCII ("lab03/3.8/7/4/<digest of the
text>/<student>"), and that cell must agree with the number that the person sees.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from labkit_instructor.gradebook import spreadsheet
from labkit_instructor.gradebook.spreadsheet import plain

COLUMNS = ("answer", "points", "out of", "comment", "student", "note", "row")
_NEEDED = frozenset(("answer", "points", "comment", "row"))
_SEPARATORS = (",", ";", "\t")


class ReviewError(ValueError):
    """A review sheet cannot be used; the message names file, row and column, and says what to do."""


@dataclass(frozen=True)
class Row:
    """One student's answer on a sheet.

    Attributes:
        number: of the answer on the page that goes with the sheet.
        text: `labkit_instructor.gradebook.standing.text_digest` of the answer.
        points, comment: what the person filled in, as it stands there.
        name: of the student, in one line, for the person's eyes only.
        note: from the kit to the person.
        more: cells of columns that the person has added.
        where: "3.8.csv, row 4", where it was read.
    """

    lab: str
    exercise: str
    number: int
    out_of: float
    text: str
    student: str
    points: str = ""
    comment: str = ""
    name: str = ""
    note: str = ""
    more: Mapping[str, str] = field(default_factory=dict)
    where: str = field(default="", compare=False)

    @property
    def filled(self) -> bool:
        """Whether a person has begun with this row."""
        return bool(self.points.strip() or self.comment.strip())

    @property
    def code(self) -> str:
        """The cell that says what the row is about."""
        parts = (f"lab{self.lab}", self.exercise, str(self.number), f"{self.out_of:g}", self.text)
        return "/".join((*parts, quote(self.student, safe="", errors="surrogatepass")))


@dataclass(frozen=True)
class Sheet:
    """The rows of a file in its order, and the separator that its spreadsheet uses."""

    rows: tuple[Row, ...] = ()
    separator: str = ","


def write_sheet(path: Path, sheet: Sheet) -> None:
    """Write the sheet in one piece.

    Raises:
        ReviewError: it cannot be written: a spreadsheet may hold the file open.
    """
    added = list(dict.fromkeys(name for row in sheet.rows for name in row.more))
    rows = [[*COLUMNS, *added]]
    for row in sheet.rows:
        own = [
            str(row.number),
            row.points,
            f"{row.out_of:g}",
            row.comment,
            row.name,
            row.note,
            row.code,
        ]
        rows.append([*own, *(row.more.get(name, "") for name in added)])
    try:
        spreadsheet.write(path, rows, for_excel=True, separator=sheet.separator)
    except OSError as error:
        raise ReviewError(
            f"{path.name} cannot be written ({error.strerror or error}). Close it in the spreadsheet, then "
            "run this again; the file is as it was"
        ) from error


def read_rows(path: Path) -> Sheet:
    """Read a sheet, filled in or not. Understands commas, semicolons and tabs, UTF-8 and UTF-16.

    Raises:
        ReviewError: it cannot be read, lacks a column, or a row does not say any more what it is about.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ReviewError(f"{path.name} cannot be read: {error.strerror or error}") from error
    text = _decoded(content)
    if text[:4].lower() == "sep=":  # a line that some spreadsheets write for themselves
        text = text.partition("\n")[2]
    separator, header = _header(text, path.name)
    rows = tuple(_rows(text, separator, header, path.name))
    return Sheet(rows, separator)


def _decoded(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    # Bytes that are no UTF-8 come as lone surrogates: `_rows` refuses them where they matter.
    return content.decode("utf-8-sig", "surrogateescape")


def _header(text: str, name: str) -> tuple[str, list[str]]:
    for separator in _SEPARATORS:
        try:
            cells = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])
        except csv.Error:
            continue
        header = [_title(cell) for cell in cells]
        if set(header) >= _NEEDED:
            twice = sorted({c for c in header if c and header.count(c) > 1})
            if twice:
                raise ReviewError(f"{name}, row 1: there are two columns {twice[0]!r}; rename one of them")
            return separator, header
    raise ReviewError(
        f"{name}, row 1: the columns {', '.join(sorted(_NEEDED))} have to be there, separated by commas or "
        "semicolons. Is this a review sheet of labkit grade?"
    )


def _title(cell: str) -> str:
    """The heading of a column; one of ours however it is written, a person's own as it stands."""
    title = plain(cell.strip())
    return title.lower() if title.lower() in COLUMNS else title


def _rows(text: str, separator: str, header: list[str], name: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if number > 1 and any(cell.strip() for cell in cells):
                yield _row(cells, header, f"{name}, row {number}")
    except csv.Error as error:
        raise ReviewError(f"{name}, row {number + 1}: not readable as CSV ({error})") from error


def _row(cells: list[str], header: list[str], where: str) -> Row:
    if any(cell.strip() for cell in cells[len(header) :]):
        raise ReviewError(
            f"{where} has {len(cells)} cells, the header {len(header)}. A comma inside points or comment "
            "needs quotes around the cell"
        )
    values = dict(zip(header, [*cells, *[""] * len(header)], strict=False))
    for column in ("points", "comment", "row"):
        if any("\udc80" <= c <= "\udcff" for c in values[column]):
            raise ReviewError(
                f"{where}, column {column}: letters that are not UTF-8. Save the sheet as 'CSV UTF-8'"
            )
    about = _about(values["row"].strip(), where)
    if _whole(values["answer"]) != about.number:
        raise ReviewError(
            f"{where}, column answer: {values['answer']!r}, and the column row says {about.number}. The "
            "columns were sorted or moved apart; go back to a version of the sheet from before that"
        )
    return Row(
        about.lab,
        about.exercise,
        about.number,
        about.out_of,
        about.text,
        about.student,
        plain(values["points"]),
        plain(values["comment"]),
        plain(values.get("student", "")),
        plain(values.get("note", "")),
        {name: plain(v) for name, v in values.items() if name not in COLUMNS and name},
        where,
    )


def _about(code: str, where: str) -> Row:
    """The inverse of `Row.code`."""
    try:
        lab, exercise, number, out_of, text, student = code.split("/")
        if not lab.startswith("lab"):
            raise ValueError(code)
        key = unquote(student, errors="surrogatepass")
        return Row(lab[3:], exercise, int(number), float(out_of), text, key)
    except ValueError as error:
        raise ReviewError(
            f"{where}, column row: {code[:40]!r} does not say which answer this is. That column must stay as "
            "labkit grade wrote it; copy it back from another version of the sheet"
        ) from error


def _whole(cell: str) -> int | None:
    """The number of an answer, also where a spreadsheet has made it 7.0 or 7,0."""
    first, _, rest = cell.strip().replace(",", ".").partition(".")
    return int(first) if first.isdecimal() and not rest.strip("0") else None
