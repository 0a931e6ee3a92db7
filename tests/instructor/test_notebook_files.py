"""Notebook files: however one was saved or damaged, it is read, or one line says why not, and soon."""

import copy
import json
import random
import time

import nbformat
import pytest

from labkit_instructor.submissions.reading import ReadingError, read_submission
from tests.instructor.handed import (
    answered,
    as_bytes,
    at,
    code,
    headless,
    labs,
    read,
    refused,
    solved,
    with_cell,
)

CODED = ("3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7")


def _colab(notebook):
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"] = {"id": cell.pop("id", str(number)), "cellView": "form", "outputId": "x"}
        cell["source"] = cell["source"].splitlines(keepends=True)
        if cell["cell_type"] == "code":
            cell["metadata"]["executionInfo"] = {"status": "ok", "user": {"userId": "1"}}
            cell["outputs"] = [{"output_type": "colab_magic", "data": 3}, "no dict", {"name": "stdout"}]
    return {**notebook, "nbformat_minor": 0, "metadata": {"colab": {"provenance": []}}}


def _damaged(notebook):
    for cell in notebook["cells"]:
        cell.pop("metadata"), cell.pop("outputs", None), cell.pop("execution_count", None)
        cell["id"] = "same"
    del notebook["metadata"]
    return notebook


def _version_3(notebook):
    cells = []
    for cell in notebook["cells"]:
        is_code = cell["cell_type"] == "code"
        kind = {"cell_type": "code", "language": "python"} if is_code else {"cell_type": "markdown"}
        cells.append({**kind, "input" if is_code else "source": [cell["source"]], "outputs": []})
    cells.insert(0, {"cell_type": "heading", "level": 1, "source": "Lab"})
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}


@pytest.mark.parametrize("change", [_colab, _damaged, _version_3])
def test_notebooks_are_read_as_they_were_saved(change):
    found, plain = read(change(solved())), read(solved())
    assert {e: a.source for e, a in found.answers.items()} == {e: a.source for e, a in plain.answers.items()}
    assert found.written == plain.written and found.helpers == ()


@pytest.mark.parametrize("minor", range(6))
def test_every_minor_version_of_format_4(minor):
    notebook = {**solved(), "nbformat_minor": minor}
    if minor < 5:
        for cell in notebook["cells"]:
            cell.pop("id")
    nbformat.validate(nbformat.from_dict(notebook))
    assert tuple(read(notebook).answers) == CODED


def test_encodings_and_line_ends():
    plain = json.dumps(solved(), ensure_ascii=False)
    for encoding in ("utf-8-sig", "utf-16"):
        assert tuple(read_submission(plain.encode(encoding), labs()).answers) == CODED
    damaged = read_submission(plain.replace("·", "~").encode("latin-1", "replace"), labs())
    assert tuple(damaged.answers) == CODED
    notebook = solved()
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].replace("\n", "\r\n")
    assert read(notebook).answers == read(solved()).answers


@pytest.mark.parametrize(
    ("content", "clue"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"PK\x03\x04....", "a zip"),
        (b"%PDF-1.7", "a PDF"),
        (as_bytes(solved())[:-200], "cut off"),
        (as_bytes(solved())[:5000], "cut off"),
        (b"import torch\n", "not JSON from line 1"),
        (b'{"cells": [1, 2', "cut off"),
        (b"[1, 2]", "no cells"),
        (b'{"a": 1}', "no cells"),
        (b'{"cells": []}', "empty"),
        (b'{"cells": {"a": 1}}', "empty"),
        (b'{"cells": 7, "nbformat": 4}', "empty"),
        (b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too deep"),
        (b'{"cells": [' + b"[]," * 600_000 * 2 + b"[]]}", "nested data"),
        (b'{"cells": ' + b"9" * 10_000 + b"}", "number"),
        (b'{"cells": [{"cell_type": "code", "source": "print(1)"}]}', "no answer cell of any lab"),
        (bytes(100), "not JSON"),
        (b"x" * 20_000_001, "20 MB"),
    ],
)
def test_what_is_no_notebook_is_told_in_one_line(content, clue):
    error = refused(content)
    assert clue in str(error) and error.lab == ""


def test_more_cells_than_anybody_writes():
    notebook = solved()
    notebook["cells"] += [code("")] * 20_000
    assert tuple(read(notebook).answers) == CODED, "empty ones do no harm"
    notebook["cells"] += [code("x")] * 5_000
    assert "cells; at most 5,000" in str(refused(as_bytes(notebook)))


def test_a_cell_that_is_too_long_is_cut():
    notebook = solved()
    notebook["cells"][at(notebook, "3.8")]["source"] += "x" * 2_000_000
    found = read(notebook)
    assert found.written["3.8"].startswith("My answer") and "was not read" in found.notes[0]


# Nothing that a file holds may do harm


def test_hostile_texts_are_read_in_a_moment():
    start = time.process_time()
    for source in (
        "x = " + "-" * 100_000 + "1",
        "x = a" + ".a" * 100_000,
        "x = " + "(" * 5_000,
        "x = '\0'",
        "x = '\ud800'",
        "a = 1\n" * 300_000,
        "'" * 300_000,
        "%" * 300_000,
        "# " + "exercise " * 30_000,
        " " * 1_000_000 + "%x",
        "raise " * 50_000,
    ):
        found = read(answered("3.2", source))
        assert set(found.answers) == set(CODED)
        read(with_cell(solved(), "3.2", code(source)))
    head = "def f{}(D, real, fake, smooth=0.9):\n    '''D's loss on a real and a fake batch, {}'''\n"
    many = headless(solved(), "3.2", ids=False)
    many["cells"] = [code(head.format(n, "ab" * 60)) for n in range(2_000)] + many["cells"]
    read(many)
    assert time.process_time() - start < 20


def test_half_characters_never_leave():
    notebook = answered("3.2", "x = '\ud800'")
    notebook["cells"][at(notebook, "3.8")]["source"] += "\udfff"
    found = read(notebook)
    found.answers["3.2"].source.encode()
    found.written["3.8"].encode()


def _mutated(rng):
    """A good notebook with a few random changes to its structure or its bytes."""
    if rng.random() < 0.4:
        data = bytearray(as_bytes(solved(rng.choice(["01", "03"]))))
        for _ in range(rng.randint(1, 20)):
            place = rng.randrange(len(data))
            kind = rng.randrange(4)
            if kind == 0:
                data[place] = rng.randrange(256)
            elif kind == 1:
                del data[place : place + rng.randrange(1, 500)]
            elif kind == 2:
                data[place:place] = data[rng.randrange(len(data)) :][: rng.randrange(1, 500)]
            else:
                data[place:place] = rng.choice(
                    [b'"', b"{", b"]", b"\\u0000", b"\\ud800", b"1e999", b"null,", b"NaN"]
                )
        return bytes(data)
    notebook = solved(rng.choice(["01", "03"]))
    odd = [
        None,
        0,
        -1,
        "",
        "code",
        [],
        {},
        ["a", 1],
        {"a": None},
        True,
        1e300,
        "\ud800",
        "x" * 10_000,
        [[[]]],
    ]
    for _ in range(rng.randint(1, 30)):
        cells = notebook.get("cells")
        holder = rng.choice(cells) if isinstance(cells, list) and cells and rng.random() < 0.95 else notebook
        if not isinstance(holder, dict):
            continue
        key = rng.choice([*holder, "source", "outputs", "id", "cell_type", "input", "worksheets"])
        choice = rng.randrange(5)
        if choice == 0:
            holder.pop(key, None)
        elif choice == 1 and isinstance(holder.get(key), str):
            words = holder[key]
            place = rng.randrange(len(words) + 1)
            holder[key] = (
                words[:place] + rng.choice(["\0", "\ud800", "(", "'''", "\n%x\n", "\t"]) + words[place:]
            )
        elif choice == 2 and isinstance(cells, list):
            cells.insert(rng.randrange(len(cells) + 1), copy.deepcopy(rng.choice([*cells, *odd])))
        elif choice == 3 and isinstance(cells, list):
            rng.shuffle(cells)
        elif key != "cells" or rng.random() < 0.1:
            holder[key] = copy.deepcopy(rng.choice(odd))
    return as_bytes(notebook)


def test_three_hundred_mutated_notebooks():
    rng = random.Random(2026)
    read_well = 0
    for number in range(300):
        content = _mutated(rng)
        try:
            found = read_submission(content, labs())
        except ReadingError as error:
            assert str(error) and "\n" not in str(error)
            continue
        read_well += 1
        assert found.lab in labs(), number
        assert set(found.answers) <= set(labs()[found.lab].coded)
    assert read_well > 100
