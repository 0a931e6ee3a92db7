"""Reading: whatever has happened to a notebook, its answers are found, or one line says why not."""

import base64
import struct
import time
import zlib

import pytest

from labkit_instructor.authoring import markers
from labkit_instructor.submissions.reading import lab_of_name
from labkit_instructor.submissions.written import LONGEST
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
    text,
    untouched,
    with_cell,
)

CODED = ("3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7")
TWO = "def discriminator_loss(D, real, fake, smooth=0.9):\n    return 2"


@pytest.mark.parametrize("lab", ["00", "01", "02", "03", "04", "05", "06", "07", "08"])
def test_every_lab_is_read_solved_and_untouched(lab):
    trusted = labs()[lab]
    full = read(solved(lab))
    assert full.lab == lab and tuple(full.answers) == trusted.coded
    assert {a.found_by for a in full.answers.values()} == {"marker"}
    assert not any(a.blank or a.notes for a in full.answers.values())
    assert all(a.name == trusted.name(e) for e, a in full.answers.items())
    assert set(full.written) == set(trusted.exercises) - set(trusted.coded)
    assert full.helpers == () and full.notes == ()
    empty = read(untouched(lab))
    assert tuple(empty.answers) == trusted.coded and all(a.blank for a in empty.answers.values())
    assert empty.written == {} and empty.helpers == ()


def test_the_trusted_notebook_tells_questions_answers_and_rubrics():
    trusted = labs()["03"]
    assert trusted.exercises == (*CODED, "3.8") and trusted.coded == CODED
    assert "80 to 150 words" in trusted.question("3.8")
    assert trusted.model_answer("3.8").startswith("A G that starts fresh")
    assert trusted.rubric("3.8").startswith("*Rubric.*") and "Rubric" not in trusted.model_answer("3.8")
    assert labs()["01"].rubric("1.6").startswith("**Rubric**")
    with pytest.raises(KeyError, match="no exercise '3.9'"):
        trusted.answer("3.9")


def test_the_lab_is_told_by_what_is_inside():
    assert read(solved("01")).lab == "01"
    error = refused(as_bytes(solved("02")), "03")
    assert error.lab == "02" and "notebook of lab 02, and lab 03 is graded" in str(error)
    bare = {"cells": [code("def train_step(G):\n    return 1")]}
    assert read(bare).lab == "03" and read(bare).answers["3.4"].found_by == "similarity"
    assert lab_of_name("anna_03_training_loop (1).ipynb", labs()) == "03"
    assert lab_of_name("lab_4 anna.ipynb", labs()) == "04"
    assert lab_of_name("anna 2026.ipynb", labs()) == lab_of_name("1 or 2.ipynb", labs()) == ""


# Finding the answers


@pytest.mark.parametrize(
    "line",
    [
        "# Exercise 3.2 - discriminator_loss (3 points)",
        "#  exercise 3.2 — Discriminator_Loss (3 Points)",
        "## **Exercise 3.2** · `discriminator_loss`",
        "#EXERCISE 3,2: discriminator_loss",
        "# Exercise 3.2 discriminator_loss",
        "# Exercise 3 . 2 · mein_name (3 points)",
        "import math\n# Exercise 3.2 · discriminator_loss (3 points)",
        "# my answer\n\n# Exercise 3.2 · discriminator_loss (3 points)",
    ],
)
def test_a_marker_line_that_changed_slightly_is_still_one(line):
    notebook = solved()
    cell = notebook["cells"][at(notebook, "3.2")]
    cell["source"] = line + "\n" + TWO
    cell["id"] = "another"
    answer = read(notebook).answers["3.2"]
    assert (answer.found_by, answer.notes) == ("marker", ()) and answer.source == cell["source"]


@pytest.mark.parametrize(
    "line", ["# exercise 3.2 uses this", "# Exercise 3.20 · discriminator_loss", "x = 1  # Exercise 3.2 · x"]
)
def test_a_comment_on_an_exercise_is_no_marker(line):
    found = read(with_cell(solved(), "3.2", code(line + "\nhelper = 1")))
    assert not found.answers["3.2"].notes and [h.source for h in found.helpers] == [line + "\nhelper = 1"]


def test_without_its_marker_an_answer_is_known_by_its_id_and_then_by_what_it_defines():
    by_id = read(headless(solved(), "3.2")).answers["3.2"]
    assert by_id.found_by == "id" and "known by its id" in by_id.notes[-1]
    by_name = read(headless(solved(), "3.2", ids=False)).answers["3.2"]
    assert by_name.found_by == "similarity" and "without its marker line" in by_name.notes[-1]
    notebook = headless(solved(), "3.4", ids=False)
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].replace("def train_step(", "def my_step(")
    alike = read(notebook).answers["3.4"]
    assert (alike.found_by, alike.name) == ("similarity", "my_step")
    assert "`train_step` is not defined in the cell; `my_step` was taken for it" in alike.notes


def test_a_deleted_answer_is_missing_and_the_rest_stays():
    notebook = solved()
    del notebook["cells"][at(notebook, "3.2")]
    found = read(notebook)
    assert set(found.answers) == set(CODED) - {"3.2"}


def test_reordered_answers_are_found_and_told():
    notebook = solved()
    cells = notebook["cells"]
    cells.append(cells.pop(at(notebook, "3.1")))
    found = read(notebook)
    assert set(found.answers) == set(CODED)
    assert found.notes == ("the answers stand in another order than in the lab",)


def test_of_two_answers_the_last_written_one_counts():
    marker = solved()["cells"][at(solved(), "3.2")]["source"].split("\n")[0]
    twice = read(with_cell(solved(), "3.2", code(f"{marker}\n{TWO}"), after=True)).answers["3.2"]
    assert twice.source.endswith("return 2")
    assert "answered more than once" in twice.notes[0] and "top to bottom" in twice.notes[0]
    earlier = read(with_cell(solved(), "3.2", code(f"{marker}\n{TWO}"))).answers["3.2"]
    assert "real_logits" in earlier.source and "answered more than once" in earlier.notes[0]
    blank = untouched()["cells"][at(untouched(), "3.2")]
    spared = read(with_cell(solved(), "3.2", blank, after=True)).answers["3.2"]
    assert "real_logits" in spared.source and "a copy that is not written was passed over" in spared.notes[0]


def test_an_answer_beside_a_blank_cell_counts():
    notebook = with_cell(untouched(), "3.2", code(TWO), after=True)
    answer = read(notebook).answers["3.2"]
    assert (answer.found_by, answer.source, answer.blank) == ("similarity", TWO, False)
    second = read(with_cell(solved(), "3.2", code(TWO), after=True)).answers["3.2"]
    assert second.found_by == "marker" and "also defined in cell" in second.notes[0]


def test_two_answers_in_one_cell_are_taken_apart():
    notebook = solved()
    cells, second = notebook["cells"], at(notebook, "3.3")
    first = cells[at(notebook, "3.2")]
    first["source"] = "import math\n" + first["source"] + "\n" + cells.pop(second)["source"]
    found = read(notebook)
    assert found.answers["3.2"].source.startswith("# Exercise 3.2")
    assert "def generator_loss" not in found.answers["3.2"].source
    assert found.answers["3.3"].source.startswith("# Exercise 3.3")
    assert [h.source for h in found.helpers] == ["import math"]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("def my_loss(D, real, fake, smooth=0.9):\n    return 2", "my_loss"),
        ("discriminator_loss = lambda D, real, fake, smooth=0.9: 2", "discriminator_loss"),
        ("if True:\n    def discriminator_loss(D, real, fake):\n        return 2", "discriminator_loss"),
        ("def one():\n    pass\ndef two():\n    pass", "discriminator_loss"),
        ("class Loss:\n    pass", "discriminator_loss"),
        ("def generator_loss(D, real, fake):\n    return 2", "discriminator_loss"),
        ("def discriminator_loss(D, real, fake:\n    return", "discriminator_loss"),
    ],
)
def test_what_is_probed(source, name):
    answer = read(answered("3.2", source)).answers["3.2"]
    assert answer.name == name and not answer.blank
    assert any(name in n for n in answer.notes) == (name == "my_loss")


def test_blank_is_what_students_got_apart_from_comments():
    stop = 'raise NotImplementedError("Exercise 3.7: your code here")'
    for source in (
        f"def loss_floor(smooth):\n    # no idea\n    {stop}",
        f"def loss_floor(smooth):\n\n    {stop}  # todo",
        "",
        "# later\npass",
    ):
        assert read(answered("3.7", source)).answers["3.7"].blank
    tried = f"def loss_floor(smooth):\n    x = 1\n    {stop}"
    assert not read(answered("3.7", tried)).answers["3.7"].blank
    half = untouched()["cells"][at(untouched(), "3.6")]["source"].replace("raise", "pass; raise", 1)
    assert not read(answered("3.6", half.split("\n", 1)[1])).answers["3.6"].blank


# Helpers, magics, texts, figures


def test_only_cells_that_are_not_the_instructors_are_helpers():
    notebook = solved()
    imports = next(c for c in notebook["cells"] if "import functools" in c["source"])
    imports["source"] = "# my imports\n" + imports["source"].replace("\n\n", "\n") + "  "
    assert read(notebook).helpers == (), "formatting and comments do not make it another cell"
    imports["source"] += "\nimport numpy as np"
    found = read(with_cell(notebook, "3.2", code("def mine():\n    pass")))
    assert [h.number for h in found.helpers] == [1, 2]
    assert found.helpers[0].source.endswith("import numpy as np") and "mine" in found.helpers[1].source


def test_of_a_changed_set_up_cell_the_imports_count():
    notebook = solved()
    setup = next(c for c in notebook["cells"] if c["source"].startswith("# Set-up"))
    setup["source"] = setup["source"].replace("main.zip", "other.zip") + "\nimport numpy as np"
    (helper,) = read(notebook).helpers
    assert helper.source.endswith("import numpy as np") and "start(" not in helper.source


def test_lines_that_are_no_python_are_taken_out_and_told():
    body = "%matplotlib inline\n!pip install x\n" + TWO + "\nfiles = !ls\n?torch\nif True:\n    %time 1"
    answer = read(answered("3.2", body)).answers["3.2"]
    compile(answer.source, "cell", "exec")
    assert answer.source.count("\n") == body.count("\n") + 1, "line numbers stay"
    assert "lines that are no Python were left out: %matplotlib inline, !pip install x" in answer.notes[0]
    kept = "def discriminator_loss(D, real, fake):\n    return (7\n            % 4)\ntext = '''\n!a\n'''"
    assert read(answered("3.2", kept)).answers["3.2"].source.endswith(kept)
    mixed = read(answered("3.2", "%matplotlib inline\n!ls\n" + kept)).answers["3.2"].source
    assert "\nNone\nNone\n" in mixed and "            % 4)" in mixed, (
        "a line that continues an expression is no magic"
    )
    broken = read(answered("3.2", "%matplotlib inline\ndef discriminator_loss(D:\n    pass")).answers["3.2"]
    assert "%" not in broken.source, "the SyntaxError that is told is the student's own"
    timed = solved()
    cell = timed["cells"][at(timed, "3.2")]
    cell["source"] = "%%time\n" + cell["source"]
    answer = read(timed).answers["3.2"]
    assert answer.found_by == "marker" and answer.source.startswith("#\n# Exercise 3.2")
    shell = read(with_cell(solved(), "3.2", code("%%bash\nrm -rf /"))).helpers
    assert shell == ()


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        ("!pip install -q \\\n    einops \\\n    torchmetrics\nx = 1", "x = 1"),
        ("%pip install -q \\\n    einops", ""),
        ("for k in range(2):\n    !echo {k} \\\n        more\n    y = k", "    y = k"),
        ("t = %timeit -o 1 + 1", "t = None"),
        ("import asyncio\nawait asyncio.sleep(0)\nz = 2", "z = 2"),
        ("async def f():\n    await g()\n!ls", "    await g()"),
        ("discriminator_loss?", ""),
        ('text = """\n!pip install nothing\n"""\n!ls', "!pip install nothing"),
    ],
)
def test_what_ipython_runs_and_python_does_not_is_taken_out(lines, kept):
    answer = read(answered("3.2", TWO + "\n" + lines)).answers["3.2"]
    compile(answer.source, "cell", "exec")
    assert "discriminator_loss" in answer.names.binds and kept in answer.source
    assert "lines that are no Python were left out" in answer.notes[0]


def test_many_magics_do_not_hold_the_reader():
    start = time.process_time()
    for source in ("!ls\n" * 5_000, "%x " * 6_000 + "\n(", "x = !a\n" * 29 + "(" * 10_000):
        read(answered("3.2", source))
    assert time.process_time() - start < 10


def test_checks_in_an_answer_cell_are_left_out():
    body = TWO + '\ncheck("3.2",\n      discriminator_loss)\nhand_in()\nprint("kept")'
    answer = read(answered("3.2", body)).answers["3.2"]
    assert "check(" not in answer.source and "hand_in" not in answer.source and "kept" in answer.source
    assert answer.notes == ("left out: check(…), hand_in(…)",)


def test_written_answers_wherever_they_were_put():
    def prose(source, *below, marker=True, kind="markdown"):
        notebook = untouched()
        index = at(notebook, "3.8")
        cell = notebook["cells"][index]
        cell["source"] = (cell["source"].split("\n")[0] + "\n" if marker else "") + source
        cell["cell_type"] = kind
        notebook["cells"][index + 1 : index + 1] = [text(t) for t in below]
        found = read(notebook)
        return found.written.get("3.8"), found.notes

    assert prose("\nMy *answer*.\n") == ("My *answer*.", ())
    assert prose(f"\n{markers.TEXT_BLANK}\n\nMine.")[0] == "Mine."
    assert prose(f"\n{markers.TEXT_BLANK}\n") == (None, ())
    assert prose("  \n")[0] is None
    assert prose("Mine.", kind="raw")[0] == prose("Mine.", kind="code")[0] == "Mine."
    below, notes = prose(f"\n{markers.TEXT_BLANK}\n", "First.", "Second.")
    assert below == "First.\n\nSecond." and "below it was taken" in notes[0]
    headless, notes = prose("Mine.", marker=False)
    assert headless == "Mine." and "known by its id" in notes[0]
    cut, notes = prose("x" * (LONGEST + 1))
    assert len(cut) == LONGEST and "cut off" in notes[0]


def test_a_changed_marker_of_a_written_answer():
    for line in ("## Exercise 3.8 - Your Answer", "Exercise 3.8 · your answer (4 points)"):
        notebook = untouched()
        cell = notebook["cells"][at(notebook, "3.8")]
        cell.update(source=line + "\nMine.", id="other")
        assert read(notebook).written == {"3.8": "Mine."}


def _png(width=2, height=2, extra=b"", tail=b""):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\0\0\0" * 2))
    return b"\x89PNG\r\n\x1a\n" + head + extra + data + chunk(b"IEND", b"") + tail


def _shown(*pictures):
    texts = [p if isinstance(p, str) else base64.b64encode(p).decode() for p in pictures]
    outputs = [{"output_type": "display_data", "data": {"image/png": t}} for t in texts]
    notebook = with_cell(solved(), "3.2", code("mine = 1", outputs=outputs), after=True)
    return read(notebook).figures


def test_figures_belong_to_the_answer_above_them():
    good = base64.b64encode(_png()).decode()
    assert _shown(_png(), good[:40] + "\n" + good[40:]) == {"3.2": (good, good)}
    assert len(_shown(*[_png()] * 5)["3.2"]) == 2
    trailing = _png(tail=b"<script>")
    assert _shown(trailing) == {"3.2": (good,)}, "what does not draw is cut off"
    for bad in (b"", b"GIF89a", _png(5000, 2), _png(0, 2), _png()[:40], b"\x89PNG\r\n\x1a\n" + b"\xff" * 40):
        assert _shown(bad) == {}
    assert _shown('no base64 "><script>') == {} and _shown(_png(extra=bytes(1_000_001))) == {}
    assert "3.1" not in _shown(_png())


@pytest.mark.parametrize("kind", ["markdown", "raw"])
@pytest.mark.parametrize("ids", [True, False])
def test_an_answer_in_a_cell_that_is_no_code_any_more_is_found_and_told(kind, ids):
    notebook = solved()
    cell = notebook["cells"][at(notebook, "3.2")]
    for key in ("outputs", "execution_count", *(() if ids else ("id",))):
        cell.pop(key, None)
    found = read(_turned(notebook, "3.2", kind))
    answer = found.answers["3.2"]
    assert not answer.blank and "def discriminator_loss" in answer.source
    name = "Markdown" if kind == "markdown" else kind
    assert answer.notes == (f"its cell is a {name} cell, which does not run; it was read as code",)
    assert tuple(found.answers) == CODED and found.helpers == () and set(found.written) == {"3.8"}
    blank = read(_turned(untouched(), "3.2", kind)).answers["3.2"]
    assert blank.blank and blank.notes == answer.notes


def _turned(notebook, exercise, kind):
    notebook["cells"][at(notebook, exercise)]["cell_type"] = kind
    return notebook


def test_an_older_version_kept_as_text_does_not_replace_the_code():
    notebook = answered("3.2", TWO)
    old = text(solved()["cells"][at(notebook, "3.2")]["source"])
    for after in (False, True):
        found = read(with_cell(notebook, "3.2", old, after=after)).answers["3.2"]
        assert found.source.endswith("return 2") and found.notes == ()
    notes = text("# Exercise 3.2 · discriminator_loss (3 points)\nI will write this later.")
    assert read(with_cell(untouched(), "3.2", notes)).answers["3.2"].blank
    known = headless(solved(), "3.2")
    known["cells"][at(solved(), "3.2")]["cell_type"] = "raw"
    assert "def discriminator_loss" in read(known).answers["3.2"].source, "by its id"
