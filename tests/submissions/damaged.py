"""Files that are no notebooks, or no good ones, and notebooks whose texts strike the reader of the file."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.submissions import styles
from tests.submissions.build import (
    PROSE,
    Case,
    Notebook,
    all_of,
    at,
    case,
    code_cell,
    filled,
    first_line,
    raw,
    saved,
    solved,
    statuses,
)
from tests.submissions.fooling import DEF, attack

NAME = "01_transposed_convolution.ipynb"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def cases() -> list[Case]:
    """All of them."""
    return [*_unreadable(), *_odd_files(), *_odd_cells(), *_sources(), *_texts()]


def _nothing(
    student: str, what: str, put: Callable[[Path], None], says: str = "", *, hostile: bool = True
) -> Case:
    """A file of which no lab can be told: no exercise of any lab can be right."""
    return Case(student, "", what, put, {}, {"": says} if says else {}, hostile)


def _unreadable() -> Iterator[Case]:
    whole = json.dumps(filled("01"))
    for student, what, content in (
        ("cut", "a download that broke off", whole[: len(whole) // 2]),
        ("empty", "an empty file", ""),
        ("page", "a log-in page saved as a notebook", "<!DOCTYPE html><html><title>Sign in</title></html>"),
        ("script", "a Python file with the wrong ending", "import torch\n\ndef output_size():\n    return 4"),
        ("zeros", "a megabyte of zeros", bytes(2**20)),
        ("list", "JSON that is no notebook", "[1, 2, 3]"),
        ("null", "null", "null"),
        ("no cells", "a notebook without cells", json.dumps(_of([]))),
        ("future", "a format that nobody knows", json.dumps({"nbformat": 99, "cells": {"a": 1}})),
        ("other course", "another course's notebook", json.dumps(_of([code_cell("print('hello')")]))),
    ):  # fmt: skip
        yield _nothing(student, what, raw(content, NAME), hostile=False)
    yield _nothing(
        "nested", "lists in lists in lists", raw('{"cells":' + "[" * 500_000 + "]" * 500_000 + "}", NAME)
    )
    yield _nothing("large", "a notebook of 100 MB", _large)
    yield _nothing("numbers", "a number of a million digits", raw('{"nbformat": ' + "9" * 10**6 + "}", NAME))


def _odd_files() -> Iterator[Case]:
    yield _nothing("fifo", "a FIFO that nobody writes to", lambda folder: os.mkfifo(folder / NAME))
    yield _nothing("link", "a link to another file", lambda folder: (folder / NAME).symlink_to("/etc/passwd"))
    yield _nothing("loop", "a link to itself", lambda folder: (folder / NAME).symlink_to(folder / NAME))
    yield _nothing("folder", "a folder with a notebook's name", lambda folder: (folder / NAME).mkdir())


def _odd_cells() -> Iterator[Case]:
    yield Case("many", "01", "100,000 empty cells", _crowded, statuses("01"), hostile=True)
    yield case(
        "odd cells", "01", "cells of every wrong type between the answers", change=_littered, hostile=True
    )
    yield case(
        "odd metadata", "01", "metadata and outputs of the wrong types", change=_odd_metadata, hostile=True
    )
    for student, encoding in (("bom", "utf-8-sig"), ("wide", "utf-16")):
        content = json.dumps(filled("01"), ensure_ascii=False).encode(encoding)
        yield Case(student, "01", f"saved as {encoding}", raw(content, NAME), statuses("01"))
    yield Case(
        "no answers",
        "01",
        "every answer cell was deleted",
        saved(_without_answers(), NAME),
        all_of("01", "refused"),
    )


def _sources() -> Iterator[Case]:
    """Texts that strike whoever parses them."""
    deep = "x = " + "-" * 100_000 + "1\n"
    yield attack("deep", "an expression nested 100,000 times", deep + DEF + "    return -1", "refused")
    chain = "x = a" + ".a" * 100_000 + "\n"
    yield attack("chain", "a chain of 100,000 attributes", chain + DEF + "    return -1", "refused")
    yield attack(
        "brackets", "5,000 open brackets", "x = " + "(" * 5_000 + "\n" + DEF + "    return -1", "raised"
    )
    yield attack("zero", "a NUL in the source", DEF + "    return '\0'", "raised")
    yield attack("surrogate", "half a character in the source", DEF + "    return '\ud800'")
    yield attack("long", "a megabyte in one line", DEF + "    return " + "'" + "x" * 2**20 + "'", "wrong")
    yield attack("digits", "an integer of 100,000 digits", DEF + "    return " + "9" * 100_000, "refused")


def _texts() -> Iterator[Case]:
    """Markup wherever a page may show it."""
    evil = (
        "<script>alert('written')</script> <img src=x onerror=alert(1)> [click](javascript:alert(2)) "
        "<svg onload=alert(3)> <iframe src=https://example.org></iframe> {{ 7 * 7 }} "
        "<style>*{display:none}</style>"
    )
    yield case("markup", "01", "scripts in a written answer", change=lambda n: _prose(n, evil), hostile=True)
    yield case(
        "essay", "01", "a written answer of 5 MB",
        change=lambda n: _prose(n, "word " * 10**6), says={"": "not read"}, hostile=True,
    )  # fmt: skip
    shown = [
        {"text/html": "<script>alert('output')</script>"},
        {"image/svg+xml": "<svg onload=alert(1)></svg>"},
        {"image/png": "<script>alert('png')</script>"},
        {"image/png": PIXEL + "\"><script>alert('x')</script>"},
        {"image/png": [1, 2]},
        {"application/javascript": "alert(1)"},
    ]
    outputs: list[dict] = [{"output_type": "display_data", "metadata": {}, "data": data} for data in shown]
    evil_error = dict.fromkeys(("ename", "evalue"), "<script>alert(1)</script>")
    outputs += [
        {"output_type": "stream", "name": "stdout", "text": "<script>alert('stream')</script>" * 10_000},
        {"output_type": "error", "traceback": ["<script>"], **evil_error},
    ]
    yield case(
        "outputs", "01", "scripts in saved outputs", change=styles.with_outputs("1.2", outputs), hostile=True
    )
    yield case("=HYPERLINK(1)", "01", "a formula for a name", hostile=True)
    yield case("@SUM(1)", "01", "another formula", {"1.5": ""}, hostile=True, e1_5="not attempted")
    yield case("<script>alert(1)<", "01", "a script for a name", hostile=True)
    yield case("'\"><img src=x onerror=alert(1)>", "01", "an image for a name", hostile=True)
    yield case("...", "01", "dots for a name", hostile=True)
    yield case("x" * 200, "01", "a name of 200 letters", hostile=True)
    yield case("tab\tline\nname", "01", "a name of several lines", hostile=True)
    raises = DEF + "    raise ValueError('<script>alert(1)</script>' + chr(27) + '[31m' + chr(0x202e))"
    yield attack("message", "a script in an exception", raises, "raised", "script")


def _of(cells: list[dict]) -> Notebook:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def _large(folder: Path) -> None:
    with (folder / NAME).open("w", encoding="utf-8") as file:
        file.write('{"nbformat": 4, "nbformat_minor": 5, "metadata": {"x": "')
        for _ in range(100):
            file.write("x" * 2**20)
        file.write('"}, "cells": []}')


def _crowded(folder: Path) -> None:
    notebook = filled("01")
    empty = [code_cell("") for _ in range(100_000)]
    saved({**notebook, "cells": notebook["cells"] + empty}, NAME)(folder)


def _littered(notebook: Notebook) -> Notebook:
    litter: list[Any] = [
        None, 7, "text", [], {}, {"cell_type": "code"}, {"cell_type": "code", "source": None},
        {"cell_type": "code", "source": 7}, {"cell_type": "code", "source": [1, None, ["x"]]},
        {"cell_type": 3, "source": "x"}, {"cell_type": "raw", "source": {"a": 1}},
        {"cell_type": "nonsense", "source": "# Exercise 1.1 · output_size (3 points)"},
    ]  # fmt: skip
    place = at(notebook, "1.1")
    return {**notebook, "cells": litter + notebook["cells"][:place] + litter + notebook["cells"][place:]}


def _odd_metadata(notebook: Notebook) -> Notebook:
    cells = [
        {**c, "metadata": [1], "outputs": {"a": 1}, "execution_count": "x", "id": ["no"]}
        for c in notebook["cells"]
    ]
    return {**notebook, "metadata": "none", "nbformat_minor": None, "cells": cells}


def _without_answers() -> Notebook:
    ids = (*solved("01"), *(i for i in statuses("01")))
    return styles.without(*ids)(filled("01"))


def _prose(notebook: Notebook, text: str) -> Notebook:
    cells = [
        {**c, "source": first_line(c) + "\n\n" + text} if c["source"].endswith(PROSE) else c
        for c in notebook["cells"]
    ]
    return {**notebook, "cells": cells}
