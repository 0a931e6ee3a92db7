"""Notebook files: however one was saved or damaged, it is read, or one line says why not, and soon."""

import copy
import json
import random
import time

import nbformat
import pytest

from labkit_instructor.submissions.intake import collect, content
from labkit_instructor.submissions.notebook_file import LARGEST, read_cells, without_outputs
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
        ("#" * 200 + "\N{TRIPLE INTEGRAL}" * 100 + "\n") * 5_000,
        ("#" * 290 + "exercise\n") * 2_000,
        "/f\n" * 3_000 + "(",
        ",f a\n" * 3_000 + "(",
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


def _with_output(data):
    notebook = solved("01")
    notebook["cells"][3]["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": data}]
    return notebook


@pytest.mark.parametrize(
    "data",
    [
        {"text/html": '\\"outputs": [ü\n' * 10},
        {"text/html": ['"outputs": [', "]", "\\", '\\"']},
        {"outputs": [{"outputs": [[]]}, "]"], "text/plain": "}"},
        {},
    ],
)
def test_outputs_are_left_out_whatever_is_in_them(data):
    notebook = _with_output(data)
    for how in ({}, {"indent": 1}, {"ensure_ascii": False, "separators": (",", ":")}):
        slim = json.loads(without_outputs(json.dumps(notebook, **how).encode()))
        assert slim["cells"][3]["outputs"] == []
        slim["cells"][3]["outputs"] = notebook["cells"][3]["outputs"]
        for one, other in zip(slim["cells"], notebook["cells"], strict=True):
            assert one | {"outputs": 0} == other | {"outputs": 0}


@pytest.mark.parametrize("end", [b"", b'"', b'"\\', b"[{}", b"]"])
def test_outputs_without_an_end_stay_as_they_are(end):
    file = b'{"outputs": [' + end
    assert without_outputs(file) == file


def test_a_notebook_that_is_large_by_its_outputs_is_read(tmp_path):
    handed = tmp_path / "01_transposed_convolution.ipynb"
    handed.write_bytes(as_bytes(_with_output({"text/html": "A" * LARGEST})))
    (found,) = collect([handed])
    assert found.notes == ("the file has 20 MB; it was read without its outputs",)
    assert len(content(found)) < 1_000_000
    assert set(read_submission(content(found), labs()).answers) == set(labs()["01"].coded)
    large = as_bytes(_with_output({"text/html": ["[]"] * 10})).replace(b'"[]"', b"[" * 10 + b"]" * 10)
    assert json.loads(without_outputs(large))["cells"][3]["outputs"] == []
    source = answered("1.1", "#" + "x" * LARGEST, lab="01")
    handed.write_bytes(as_bytes(source))
    with pytest.raises(ReadingError, match="20 MB without its outputs; at most 20 are read"):
        read_cells(content(collect([handed])[0]))


def test_a_bomb_in_the_outputs_is_left_in_a_moment():
    for inside in (b'"",', b"[],", b"1,", b'"\\n\\n\\n\\n\\n",', b'"' + b"\\n" * 5_000_000 + b'",'):
        bomb = b'{"cells": [{"outputs": [' + inside * (30_000_000 // len(inside)) + b"0]}]}"
        start = time.monotonic()
        without_outputs(bomb)
        assert time.monotonic() - start < 10


def test_what_follows_the_end_of_a_notebook_is_not_read():
    whole = as_bytes(solved())
    assert read_cells(whole + b"\n\0\0\0").notes == ()
    (told,) = read_cells(whole + whole).notes
    assert "goes on after the end" in told
    assert read_cells(whole + b"}").cells == read_cells(b"\n\n" + whole).cells == read_cells(whole).cells


def test_the_state_of_many_widgets_is_not_read():
    notebook = solved()
    state = {f"{i:032x}": {"a": {"b": {}}, "c": []} for i in range(260_000)}
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": state}
    found = read_cells(as_bytes(notebook))
    assert found.cells == read_cells(as_bytes(solved())).cells
    assert "without its outputs and widgets" in found.notes[0]
