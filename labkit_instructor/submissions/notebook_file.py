"""From the bytes of a notebook that somebody handed in to plain cells, whatever has happened to the file.

Notebook formats 2 to 4.5 are read, with or without ids, with sources as strings or lists, with Colab's
metadata, with outputs that no standard knows. What is broken beyond that ends in one `ReadingError`.
"""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from json.decoder import scanstring
from typing import Any

LARGEST = 20_000_000  # bytes; of a larger file the outputs are not read
MOST_SIGNS = 5_000_000  # brackets and strings in these outputs
MOST_BRACKETS = 1_000_000  # JSON that needs more memory than a notebook's ever does
MOST_CELLS = 5_000  # that are not empty
LONGEST_CELL = 2_000_000  # characters; the rest of a cell is not read
# In a string the quotes would have backslashes.
_OUTPUTS = re.compile(r'"(?:outputs"\s*:\s*\[|application/vnd\.jupyter\.widget-state\+json"\s*:\s*\{)')
_SIGN = re.compile(r'["\[\]{}]')


class ReadingError(ValueError):
    """Nothing in this file can be graded; the message says why in one line. ``lab``: "" where unknown."""

    def __init__(self, message: str, lab: str = "") -> None:
        super().__init__(message)
        self.lab = lab


@dataclass(frozen=True)
class FileCell:
    """A cell as it stands in the file.

    Attributes:
        number: its place in the file, from 1.
        kind: "code", "markdown" or "raw".
        id: from the cell or, as Colab has it, from its metadata; "" where there is none.
        pictures: the values of its image/png outputs, as they stand in the file.
        was: what kind it had before it was taken for code; "" for one that is as it stands in the file.
    """

    number: int
    kind: str
    source: str
    id: str = ""
    pictures: tuple[str, ...] = ()
    was: str = ""


@dataclass(frozen=True)
class NotebookFile:
    """The cells of a notebook, and what had to be repaired to read them."""

    cells: tuple[FileCell, ...]
    notes: tuple[str, ...] = ()


def read_cells(content: bytes) -> NotebookFile:
    """Read the cells.

    Raises:
        ReadingError: the bytes are no notebook, or one that is cut off or beyond all measure.
    """
    if len(content) > LARGEST:
        least = f"{len(content) / 1e6:.0f} MB without its outputs"
        raise ReadingError(f"the file has {least}; at most {LARGEST // 10**6} are read")
    notes: list[str] = []
    text = _text(content, notes)
    if _nested(text):
        text = _text(without_outputs(content), [])
        notes.append("more nested data than a notebook needs: it was read without its outputs and widgets")
    if _nested(text):
        raise ReadingError("the file holds more nested data than any notebook editor writes")
    notebook = _json(text, notes)
    if not isinstance(notebook, dict) or not ("cells" in notebook or "worksheets" in notebook):
        raise ReadingError("the file is JSON, but no notebook: it has no cells")
    raw = list(_raw_cells(notebook))
    version = notebook.get("nbformat")
    if "cells" not in notebook:
        notes.append("saved in an old notebook format (3 or older); read all the same")
    elif version != 4:
        notes.append(f"nbformat is {str(version)[:20]!r}; read as format 4")
    cells, odd = [], 0
    for number, cell in enumerate(raw, 1):
        read = _cell(number, cell, notes)
        odd += read is None
        if read and (read.source.strip() or read.pictures):
            cells.append(read)
    if len(cells) > MOST_CELLS:
        raise ReadingError(f"the notebook has {len(cells):,} cells; at most {MOST_CELLS:,} are read")
    if odd:
        notes.append(f"{odd} cells that are no cells were left out")
    if not cells:
        raise ReadingError("the notebook is empty: there is nothing in its cells")
    return NotebookFile(tuple(cells), tuple(notes))


def without_outputs(content: bytes) -> bytes:
    """The notebook without what is in its outputs and in the states of its widgets, which is not parsed; as
    it is where they do not end, or hold more than any editor writes."""
    text = content.decode("latin-1")  # one character a byte; what tells strings and brackets apart is ASCII
    kept, place, signs = [], 0, 0
    for start in _OUTPUTS.finditer(text):
        if start.start() < place:  # inside of outputs that are gone already
            continue
        depth, end = 1, start.end()
        while depth:
            sign = _SIGN.search(text, end)
            signs += 1
            if sign is None or signs > MOST_SIGNS:
                return content
            end = sign.end()
            if sign[0] == '"':
                try:
                    end = scanstring(text, end, False)[1]
                except ValueError:
                    return content
            else:
                depth += 1 if sign[0] in "[{" else -1
        kept.append(text[place : start.end()])
        place = end - 1
    return "".join([*kept, text[place:]]).encode("latin-1")


def _text(content: bytes, notes: list[str]) -> str:
    start = content[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        raise ReadingError("the file is empty: the upload or the download failed")
    if start.startswith(b"<"):
        raise ReadingError("the file is a web page, not a notebook: the page was saved instead of the file")
    for magic, what in (
        (b"pk", "a zip"),
        (b"%pdf", "a PDF"),
        (b"\x89png", "a picture"),
        (b"\x1f\x8b", "gzip"),
    ):
        if start.startswith(magic):
            raise ReadingError(f"the file is {what}, not a notebook, whatever its name says")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
        notes.append("saved as UTF-16; read all the same")
    else:
        encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode(encoding, errors="replace")
        notes.append("some letters are damaged: the file is not UTF-8 throughout")
    return text


def _nested(text: str) -> bool:
    return text.count("{") + text.count("[") > MOST_BRACKETS


def _json(text: str, notes: list[str]) -> Any:
    try:
        value, end = json.JSONDecoder().raw_decode(text := text.lstrip())
        if text[end:].strip("\0 \t\r\n"):
            notes.append("the file goes on after the end of the notebook; that was not read")
        return value
    except RecursionError:
        raise ReadingError("the file is nested too deep to be a notebook") from None
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated string"):
            reason = "the file ends in the middle: the upload or the download was cut off"
        else:
            reason = f"the file is no notebook: not JSON from line {error.lineno} on"
        raise ReadingError(reason) from None
    except (ValueError, MemoryError):
        raise ReadingError(
            "the file is no notebook: it holds a number or a text that cannot be read"
        ) from None


def _raw_cells(notebook: dict) -> Iterator[Any]:
    if isinstance(notebook.get("cells"), list):
        yield from notebook["cells"]
        return
    sheets = notebook.get("worksheets")
    for sheet in sheets if isinstance(sheets, list) else ():
        if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list):
            yield from sheet["cells"]


def _cell(number: int, cell: Any, notes: list[str]) -> FileCell | None:
    if not isinstance(cell, dict):
        return None
    kind = cell.get("cell_type")
    if kind in ("heading", "html"):  # format 3
        kind = "markdown"
    if kind not in ("code", "markdown", "raw"):
        return None
    source = _joined(cell.get("source", cell.get("input", "")))
    if source is None:
        return None
    if len(source) > LONGEST_CELL:
        notes.append(f"cell {number} of the file has {len(source):,} characters; the end of it was not read")
        source = source[:LONGEST_CELL]
    metadata = cell.get("metadata")
    ids = (cell.get("id"), metadata.get("id") if isinstance(metadata, dict) else None)
    cell_id = next((clean(i) for i in ids if isinstance(i, str) and 0 < len(i) <= 100), "")
    source = clean(source.replace("\r\n", "\n").replace("\r", "\n"))
    return FileCell(number, kind, source, cell_id, tuple(_pictures(cell)))


def _pictures(cell: dict) -> Iterator[str]:
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        if not isinstance(output, dict):
            continue
        data = output.get("data")
        for bundle, key in ((data, "image/png"), (output, "png")):  # format 3 has it in the output itself
            text = _joined(bundle.get(key)) if isinstance(bundle, dict) else None
            if text:
                yield text


def _joined(value: Any) -> str | None:
    """A text that may be stored as a list of lines; None where it is neither."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return None


def clean(text: str) -> str:
    """The text without half characters (lone surrogates), which no file or page could hold."""
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
