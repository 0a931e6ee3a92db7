"""A submission from a released notebook: answers filled in, cells added, and saved as students save.

Nothing is stored: the notebooks come from ``notebooks/`` and ``solutions/``, so the class follows the labs.
"""

import copy
import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labkit_instructor.authoring import markers
from tests.solutions import notebooks

Notebook = dict[str, Any]  # the JSON of a notebook

PROSE = "A stride that divides the kernel evens out the overlaps, and **D's score** says how far G has come."


@dataclass(frozen=True)
class Case:
    """One submission of the class.

    Attributes:
        student: the name of the student's folder.
        lab: "03".
        what: in a few words what it is, or what it tries.
        put: writes the submission into the student's empty folder.
        statuses: exercise id -> the status it must end with, for every exercise of the lab.
        says: exercise id -> a part of what its mark says; "" -> of the notes on the whole submission.
        hostile: whether it tries to fool, hang or damage the grader.
        points: exercise id -> what it must earn, where that is a part of the points.
    """

    student: str
    lab: str
    what: str
    put: Callable[[Path], None]
    statuses: Mapping[str, str]
    says: Mapping[str, str] = field(default_factory=dict)
    hostile: bool = False
    points: Mapping[str, float] = field(default_factory=dict)


@functools.cache
def _read(folder: str, lab: str) -> tuple[str, Notebook]:
    path = next(p for p in notebooks(folder) if p.name.startswith(lab))
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return path.name, notebook


def file_name(lab: str) -> str:
    """The name under which the lab is released."""
    return _read("notebooks", lab)[0]


def released(lab: str) -> Notebook:
    """The student's notebook, untouched; every source is one string."""
    return copy.deepcopy(_read("notebooks", lab)[1])


def header(cell: Mapping[str, Any]) -> markers.Header | None:
    """The exercise header of a cell, or None."""
    return markers.header(cell["cell_type"], cell["source"])


def exercises(lab: str) -> dict[str, markers.Header]:
    """id -> header, in the order of the lab."""
    heads = (header(cell) for cell in released(lab)["cells"])
    return {head.id: head for head in heads if head}


@functools.cache
def solved(lab: str) -> Mapping[str, str]:
    """id -> the solution of each coded exercise, without its header and markers."""
    answers = {}
    for cell in _read("solutions", lab)[1]["cells"]:
        if cell["cell_type"] == "code" and (head := header(cell)):
            lines = cell["source"].split("\n")[1:]
            answers[head.id] = "\n".join(line for line in lines if "### " not in line)
    return answers


def filled(
    lab: str,
    answers: Mapping[str, str] | None = None,
    *,
    helpers: Mapping[str, Sequence[str]] | None = None,
    start: Mapping[str, str] | None = None,
    prose: str | None = PROSE,
) -> Notebook:
    """The released notebook with answers.

    Args:
        lab: "03".
        answers: id -> code below the header line; "" leaves the blank as it was given.
        helpers: id -> cells that the student put before the answer.
        start: what the other exercises hold: the solution, unless told otherwise.
        prose: the text of every written answer; None leaves the blank.
    """
    texts = {**(solved(lab) if start is None else start), **(answers or {})}
    notebook = released(lab)
    cells = []
    for cell in notebook["cells"]:
        head = header(cell)
        if head and head.name and texts.get(head.id):
            cells += [code_cell(source) for source in (helpers or {}).get(head.id, ())]
            cell["source"] = first_line(cell) + "\n" + texts[head.id].strip("\n")
        elif head and not head.name and prose is not None:
            cell["source"] = first_line(cell) + "\n\n" + prose
        cells.append(cell)
    return {**notebook, "cells": cells}


def first_line(cell: Mapping[str, Any]) -> str:
    """The header line of an answer cell."""
    return cell["source"].split("\n", 1)[0]


def code_cell(source: str) -> dict[str, Any]:
    """A cell as Jupyter adds one."""
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}


def at(notebook: Notebook, exercise: str) -> int:
    """The index of an answer cell."""
    return next(
        i for i, cell in enumerate(notebook["cells"]) if (head := header(cell)) and head.id == exercise
    )


def saved(notebook: Notebook, name: str = "") -> Callable[[Path], None]:
    """Puts the notebook into a folder, under the lab's own name or another."""

    def put(folder: Path) -> None:
        (folder / (name or file_name(lab_of(notebook)))).write_text(json.dumps(notebook), encoding="utf-8")

    return put


def raw(content: str | bytes, name: str) -> Callable[[Path], None]:
    """Puts a file with this content into a folder."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    return lambda folder: (folder / name).write_bytes(data) and None


def lab_of(notebook: Notebook) -> str:
    """The lab whose exercises the notebook holds."""
    return next(f"{int(head.id.split('.')[0]):02d}" for cell in notebook["cells"] if (head := header(cell)))


def statuses(lab: str, **different: str) -> dict[str, str]:
    """What a full answer gets, but for ``different``: ``e1_2="wrong"`` for 1.2."""
    usual = {i: "right" if head.name else "to review" for i, head in exercises(lab).items()}
    return usual | {name[1:].replace("_", "."): status for name, status in different.items()}


def all_of(lab: str, status: str) -> dict[str, str]:
    """The same status for every exercise."""
    return dict.fromkeys(exercises(lab), status)


def points(lab: str) -> dict[str, int]:
    """id -> the points that each exercise can earn."""
    return {i: head.points for i, head in exercises(lab).items()}


def case(
    student: str,
    lab: str,
    what: str,
    answers: Mapping[str, str] | None = None,
    *,
    helpers: Mapping[str, Sequence[str]] | None = None,
    change: Callable[[Notebook], Notebook] | None = None,
    name: str = "",
    says: Mapping[str, str] | None = None,
    hostile: bool = False,
    earns: Mapping[str, float] | None = None,
    **different: str,
) -> Case:
    """A case made from the solution: ``answers`` and ``helpers`` as `filled` has them, then ``change``.

    ``different`` are the statuses that are not those of a full answer: ``e1_2="wrong"``; ``earns`` the points
    of some of these.
    """

    def put(folder: Path) -> None:
        notebook = filled(lab, answers, helpers=helpers)
        saved(change(notebook) if change else notebook, name or file_name(lab))(folder)

    return Case(student, lab, what, put, statuses(lab, **different), says or {}, hostile, earns or {})
