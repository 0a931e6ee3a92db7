"""Notebooks as students hand them in, for the tests of intake, reading and programs."""

import copy
import functools
import json
from pathlib import Path
from typing import Any

import pytest

from labkit_instructor.authoring import markers
from labkit_instructor.submissions import reading, trusted
from tests.solutions import ROOT

Notebook = dict[str, Any]


@functools.cache
def labs() -> dict[str, trusted.Trusted]:
    """The instructor's notebooks."""
    return trusted.labs(ROOT / "solutions")


@functools.cache
def _released(lab: str) -> str:
    return next((ROOT / "notebooks").glob(f"{lab}_*.ipynb")).read_text(encoding="utf-8")


def untouched(lab: str = "03") -> Notebook:
    """The notebook that students get; every source is one string."""
    notebook = json.loads(_released(lab))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def solved(lab: str = "03") -> Notebook:
    """The same with the solution's answers, and a text for each written one."""
    notebook = untouched(lab)
    for cell in notebook["cells"]:
        head = markers.header(cell["cell_type"], cell["source"])
        if head and head.name:
            cell["source"] = labs()[lab].answer(head.id)
        elif head:
            cell["source"] = cell["source"].replace(markers.TEXT_BLANK, f"My answer to {head.id}.")
    return notebook


def at(notebook: Notebook, exercise: str) -> int:
    """The index of the (first) answer cell of an exercise."""
    heads = [markers.header(c["cell_type"], c["source"]) for c in notebook["cells"]]
    return next(i for i, head in enumerate(heads) if head and head.id == exercise)


def code(source: str, **more: Any) -> dict[str, Any]:
    """A code cell as Jupyter adds one."""
    return {
        "cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source, **more
    }  # fmt: skip


def text(source: str, **more: Any) -> dict[str, Any]:
    """A Markdown cell."""
    return {"cell_type": "markdown", "metadata": {}, "source": source, **more}


def answered(exercise: str, source: str, lab: str = "03") -> Notebook:
    """A solved notebook in which one answer cell holds something else (below its marker line)."""
    notebook = solved(lab)
    cell = notebook["cells"][at(notebook, exercise)]
    cell["source"] = cell["source"].split("\n", 1)[0] + "\n" + source
    return notebook


def with_cell(notebook: Notebook, exercise: str, cell: dict, *, after: bool = False) -> Notebook:
    """A copy with a cell put before (or after) the answer cell of an exercise."""
    notebook = copy.deepcopy(notebook)
    notebook["cells"].insert(at(notebook, exercise) + after, cell)
    return notebook


def as_bytes(notebook: Any) -> bytes:
    """The notebook as a file holds it."""
    return json.dumps(notebook).encode()


def read(notebook: Notebook, wanted: str = "") -> reading.Submission:
    """The notebook as the grader reads it."""
    return reading.read_submission(as_bytes(notebook), labs(), wanted)


def save(folder: Path, name: str, notebook: Notebook | None = None) -> Path:
    """Write a notebook into a folder; a tiny one unless told otherwise."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    tiny = {"cells": [text(f"of {name}")], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path.write_bytes(as_bytes(notebook or tiny))
    return path


def headless(notebook: Notebook, exercise: str, *, ids: bool = True) -> Notebook:
    """A copy in which the marker line of an answer is gone and, without ``ids``, the ids of all cells."""
    notebook = copy.deepcopy(notebook)
    cell = notebook["cells"][at(notebook, exercise)]
    cell["source"] = cell["source"].split("\n", 1)[1]
    if not ids:
        for other in notebook["cells"]:
            other.pop("id", None)
    return notebook


def refused(content: bytes, wanted: str = "") -> reading.ReadingError:
    """The error that reading these bytes ends with; it is one line."""
    with pytest.raises(reading.ReadingError) as caught:
        reading.read_submission(content, labs(), wanted)
    assert "\n" not in str(caught.value)
    return caught.value
