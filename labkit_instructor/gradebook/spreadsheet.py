"""CSV files that people open in a spreadsheet: nothing in a cell is taken for a formula, and nothing is lost.

A spreadsheet runs a cell that begins with ``=``, ``+``, ``-`` or ``@``, some also with the full-width forms,
or after characters that cannot be seen. Such a text gets an apostrophe in front, the mark for "this is
text"; `plain` takes it off again. A spreadsheet in another country splits cells at other signs, so texts of
strangers go through `line` first, which looks behind every separator as well.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from labkit.files import write_bytes

STARTS = frozenset("=+-@|%＝＋－＠﹦﹢﹣﹫−")  # the last: small forms, and the minus sign
# Categories of what nobody sees in front of a text: control and format characters, marks, spaces.
_UNSEEN = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Zl", "Zp", "Zs"))
_SEPARATOR = re.compile("([;,|])")


def cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    return "'" + text if _acts(text) else text


def plain(text: str) -> str:
    """The inverse of `cell`; of texts that it leaves alone, the text itself."""
    return text[1:] if text.startswith("'") and _acts(text) else text


def line(text: str) -> str:
    """A stranger's text in one line, harmless wherever a spreadsheet may split it."""
    flat = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    first, *rest = _SEPARATOR.split(" ".join(flat.split()))
    parts = ("'" + p if _acts(p) and p not in ",;|" else p for p in rest)
    return first + "".join(parts)


def as_cell(points: float | None) -> str:
    """Points with a decimal point and no more digits than they have; empty for None."""
    return "" if points is None else f"{points:.4f}".rstrip("0").rstrip(".")


def write(path: Path, rows: Iterable[Sequence[str]], *, for_excel: bool, separator: str = ",") -> None:
    """Write a CSV file in one piece, every cell safe, in UTF-8; Excel needs a byte order mark to see that.

    Raises:
        OSError: it cannot be written.
    """
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows([map(cell, row) for row in rows])
    content = text.getvalue().encode("utf-8", "replace")  # lone surrogates of odd file names: "?"
    write_bytes(path, b"\xef\xbb\xbf" + content if for_excel else content)


def _acts(text: str) -> bool:
    """Whether the first thing that can be seen is a sign that starts a formula."""
    bare = text.lstrip("'")
    if bare[:1] in ("\t", "\r", "\n"):
        return True
    # Quotes too: a spreadsheet that splits at other separators may take them for its own.
    seen = next((c for c in bare if c not in "'\"" and unicodedata.category(c) not in _UNSEEN), "")
    return seen in STARTS
