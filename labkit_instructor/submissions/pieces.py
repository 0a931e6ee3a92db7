"""The cells of a submission, cut where an answer begins and freed of what is no Python.

A student may have merged two answer cells into one. Cut at its marker lines, each exercise has its own
piece again. Lines that only a notebook understands are left out (`magics`): the sandbox runs plain Python.
"""

import ast
import contextlib
import io
import itertools
import re
import tokenize
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from labkit_instructor.authoring.course import SETUP_MARK
from labkit_instructor.submissions.magics import without_magics
from labkit_instructor.submissions.names import Names, names, parse
from labkit_instructor.submissions.notebook_file import FileCell

_CODE_MARKER = re.compile(r"#[\W_]*exercise[\W_]*(\d+)\s*[.,]\s*(\d+)\b(.*)", re.IGNORECASE)
_TEXT_MARKER = re.compile(r"[\W_]*exercise[\W_]*(\d+)\s*[.,]\s*(\d+)[\W_]+your\s+answer\b", re.IGNORECASE)
_DEFINES = re.compile(r"^(?:async +)?(?:def|class) +\w", re.MULTILINE)
_HEAD = 50  # lines at the beginning of a cell
_NOT_GRADED = {"check", "hand_in"}


@dataclass(frozen=True)
class Piece:
    """A cell, or the part of one that belongs to one exercise.

    Attributes:
        place: where it stands among all pieces, from 0.
        cell: the number of its cell in the student's file, from 1.
        id: of the cell.
        marker: the exercise that its marker line names; "" without one.
        names: what it makes and needs; None for text and for code that does not parse.
        notes: what was changed in it.
    """

    place: int
    cell: int
    kind: str
    source: str
    id: str = ""
    marker: str = ""
    names: Names | None = None
    notes: tuple[str, ...] = ()


def cut(cells: tuple[FileCell, ...], wanted: Mapping[str, str]) -> list[Piece]:
    """The pieces of all cells in order. ``wanted``: exercise id -> the name it asks for ("": written)."""
    pieces: list[Piece] = []
    for cell in cells:
        for marker, source in _parts(cell, wanted):
            told = f"its cell is a {cell.was} cell, which does not run; it was read as code"
            notes = (told,) if cell.was else ()
            pieces.append(Piece(len(pieces), cell.number, cell.kind, source, cell.id, marker, notes=notes))
    return pieces


def turned_into_text(
    cells: tuple[FileCell, ...], lacking: Mapping[str, str], wanted: Mapping[str, str]
) -> dict[int, FileCell]:
    """Number -> a Markdown or raw cell as the code that it was before somebody pressed a wrong key.

    Such a cell holds a definition, and it begins with the marker line, or has the id, of an answer that no
    code gives (``lacking``: exercise -> id).
    """
    found = {}
    for cell in cells:
        if cell.kind == "code" or not _DEFINES.search(cell.source):
            continue
        head = cell.source.split("\n", _HEAD)[:_HEAD]
        marked = {m for line in head if (m := marker("code", line, wanted))}
        if marked & lacking.keys() or (cell.id and cell.id in lacking.values()):
            was = "Markdown" if cell.kind == "markdown" else cell.kind
            found[cell.number] = replace(cell, kind="code", was=was)
    return found


def marker(kind: str, line: str, wanted: Mapping[str, str]) -> str:
    """The exercise whose answer begins in this line, or "". Case, spaces and dashes do not matter."""
    line = unicodedata.normalize("NFKC", line.strip()[:300])
    if "exercise" not in line.lower():  # a notebook may have a hundred thousand lines
        return ""
    found = _TEXT_MARKER.match(line)
    if found and not wanted.get(exercise := f"{int(found[1])}.{int(found[2])}", "?"):
        return exercise
    found = _CODE_MARKER.match(line) if kind != "markdown" else None
    if found and (name := wanted.get(f"{int(found[1])}.{int(found[2])}")):
        words = re.findall(r"\w+", found[3].lower())
        if name.lower() in words or {"point", "points"} & set(words):
            return f"{int(found[1])}.{int(found[2])}"
    return ""


def python(piece: Piece) -> Piece:
    """The piece as plain Python where that can be had, with its names, and notes on what was changed."""
    if piece.kind != "code":
        return piece
    source, notes = without_magics(piece.source)
    if piece.source.startswith(SETUP_MARK):  # it names the course's repository, so it may differ
        source = only_imports(source)
    source, calls = _without_checks(source)
    if calls:
        notes = (*notes, f"left out: {', '.join(calls)}")
    return replace(piece, source=source, names=names(source), notes=(*piece.notes, *notes))


def only_imports(source: str) -> str:
    """The import statements of a cell."""
    tree = parse(source)
    kept = [n for n in (tree.body if tree else ()) if isinstance(n, ast.Import | ast.ImportFrom)]
    return "\n".join(ast.unparse(n) for n in kept)


def _parts(cell: FileCell, wanted: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    lines = cell.source.split("\n")
    starts = [(n, m) for n, line in enumerate(lines) if (m := _marker_at(cell.kind, line, wanted))]
    if starts and cell.kind == "code":
        quoted = _quoted(cell.source)
        starts = [(n, m) for n, m in starts if n not in quoted]
    if not starts:
        yield "", cell.source
        return
    first = starts[0][0]
    if any(line.strip() and not line.lstrip().startswith("#") for line in lines[:first]):
        if len(starts) == 1:  # `import math` or `%%time` above the marker: still one answer
            first = 0
        else:
            yield "", "\n".join(lines[:first])
    else:
        first = 0
    bounds = [first, *(n for n, _ in starts[1:]), len(lines)]
    for (_, exercise), (begin, end) in zip(starts, itertools.pairwise(bounds), strict=True):
        yield exercise, "\n".join(lines[begin:end])


def _quoted(source: str) -> set[int]:
    """The lines, from 0, that begin inside a string; those up to where the cell cannot be read further."""
    found: set[int] = set()
    with contextlib.suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type != tokenize.OP:
                found |= set(range(token.start[0], token.end[0]))
    return found


def _marker_at(kind: str, line: str, wanted: Mapping[str, str]) -> str:
    if kind == "code" and line[:1] != "#":  # a marker stands at the margin, not inside a function
        return marker("markdown", line, wanted)
    return marker(kind, line, wanted)


def _without_checks(source: str) -> tuple[str, list[str]]:
    """Without calls of ``check`` and ``hand_in`` at the margin: grading has its own judge."""
    tree = parse(source)
    lines = source.split("\n")
    gone = []
    for node in tree.body if tree else ():
        call = node.value if isinstance(node, ast.Expr) else None
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in _NOT_GRADED:
            alone = not lines[node.lineno - 1][: node.col_offset].strip()
            if alone and not lines[node.end_lineno - 1].encode()[node.end_col_offset :].strip(b" \t;"):
                lines[node.lineno - 1 : node.end_lineno] = ["pass"] + [""] * (node.end_lineno - node.lineno)
                gone.append(f"{call.func.id}(…)")
    return ("\n".join(lines), gone) if gone else (source, [])
