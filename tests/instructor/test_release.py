"""Release: the grammar is strict, the result is pure and byte-stable, and no solution reaches a student."""

import base64
import io
import re

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image

from labkit import cli
from labkit.exercises.exercise import Exercise, Written
from labkit_instructor.authoring import course as courses
from labkit_instructor.authoring import markers, release, running
from tests.solutions import ROOT, notebooks

CODE = """# Exercise 9.1 · double (2 points)
def double(x):
    \"\"\"Twice x.\"\"\"
    ### BEGIN SOLUTION
    twice_as_much = x + x
    return twice_as_much
    ### END SOLUTION
"""
IDIOMS = {"with torch.no_grad():"}  # a line that says nothing: given cells of other labs need it too
TEXT = """**Exercise 9.2 · your answer** (3 points)

<!-- BEGIN SOLUTION -->
Because a long model answer says so.
<!-- END SOLUTION -->"""
SPECS = {
    "9.1": Exercise("9.1", "Double", 2, "double(x)", lambda s: 1, lambda a, i: {"y": a(i)}),
    "9.2": Written("9.2", "Why", 3),
}


def test_a_code_block_becomes_a_blank_with_its_indent():
    lines = markers.blank("code", CODE, "here").split("\n")
    assert lines[3] == '    raise NotImplementedError("Exercise 9.1: your code here")'
    assert "twice_as_much" not in "\n".join(lines)
    compile("\n".join(lines), "cell", "exec")


def test_a_written_block_becomes_a_place_to_write():
    text = markers.blank("markdown", TEXT, "here")
    assert markers.TEXT_BLANK in text and "model answer" not in text and "SOLUTION" not in text


def test_a_written_header_with_a_slip_is_refused():
    with pytest.raises(markers.GrammarError, match="looks like an exercise header"):
        markers.blank("markdown", "**Exercise 9.2 - your answer** (3 points)\n\ntext", "here")


def test_other_cells_stay_as_they_are():
    assert markers.blank("code", "x = 1", "here") == "x = 1"
    assert markers.blank("markdown", "**Exercise 9.1: write it.**", "here") == "**Exercise 9.1: write it.**"


BAD_CELLS = {
    "without an END SOLUTION": CODE.replace("    ### END SOLUTION\n", ""),
    "without a BEGIN SOLUTION": CODE.replace("    ### BEGIN SOLUTION\n", ""),
    "inside another": CODE.replace("    twice", "    ### BEGIN SOLUTION\n    twice", 1),
    "without a BEGIN SOLUTION before it": CODE + "    ### END SOLUTION\n",
    "is empty": re.sub(r"    twice.*\n    return.*\n", "", CODE),
    "misspelt solution marker": CODE.replace("### BEGIN SOLUTION", "## begin solution"),
    "has no solution block": "# Exercise 9.1 · double (2 points)\ndef double(x):\n    return 2 * x\n",
    "needs an exercise header": CODE.replace("# Exercise 9.1 · double (2 points)\n", ""),
    "looks like an exercise header": "# Exercise 9.1 - double (2 points)\nx = 1",
    "imports, functions and classes only": CODE + "print(double(2))\n",
    "the cell does not define it": CODE.replace("def double", "def triple"),
    "not valid Python": CODE.replace("x + x", "x +"),
}


@pytest.mark.parametrize("says", BAD_CELLS)
def test_a_broken_cell_is_refused_and_named(says):
    with pytest.raises(markers.GrammarError, match=re.escape(says)) as error:
        markers.blank("code", BAD_CELLS[says], "09_x.ipynb, cell 4")
    assert "09_x.ipynb, cell 4" in str(error.value)


@pytest.fixture
def kit(tmp_path, monkeypatch):
    """A kit with one tiny lab, so that release can be tried in all its ways."""
    monkeypatch.setattr(release, "all_exercises", lambda: SPECS)
    (tmp_path / "course.toml").write_text("[course]\nname='n'\nrepo='a/b'\nbranch='main'\n")
    (tmp_path / "solutions").mkdir()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "README.md").write_text("top\n<!-- labs: begin -->\n<!-- labs: end -->\nend\n")
    cells = [
        new_markdown_cell(courses.BADGE_MARK),
        new_markdown_cell("# Lab 09 · A try\n\n**Time** 1 minute on a CPU"),
        new_code_cell(courses.SETUP_MARK),
        new_code_cell(CODE),
        new_code_cell(
            "print(double(3))", outputs=[nbformat.v4.new_output("stream", text="6\n")], execution_count=3
        ),
        new_markdown_cell(TEXT),
    ]
    save(tmp_path, cells)
    return release.Kit(tmp_path)


def save(root, cells):
    nbformat.write(new_notebook(cells=cells), root / "solutions" / "09_try.ipynb")


def change(kit, index, source):
    path = kit.solutions[0]
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[index].source = source
    nbformat.write(notebook, path)


@pytest.mark.slow
def test_release_makes_a_notebook_and_is_byte_stable(kit):
    assert {p.name for p in release.release(kit)} == {"09_try.ipynb", "README.md"}
    path = kit.root / "notebooks" / "09_try.ipynb"
    first = path.read_bytes()
    assert release.release(kit) == []
    assert release.release(kit, force=True) == [], "running it again marks the same cells"
    assert path.read_bytes() == first
    student = nbformat.read(path, as_version=4)
    stops = [i for i, c in enumerate(student.cells) if "raises-exception" in c.metadata.get("tags", [])]
    assert stops == [4], "the call stops, the definition does not"
    assert all(not c.get("outputs") and c.get("execution_count") is None for c in student.cells)
    assert "](notebooks/09_try.ipynb) | 1 minute on a CPU | 5 |" in (kit.root / "README.md").read_text()
    # Drift is seen, and nothing is written.
    path.write_bytes(first.replace(b"Twice x", b"Thrice x"))
    assert release.release(kit, check=True) == [path]
    assert b"Thrice" in path.read_bytes()
    (kit.root / "course.toml").write_text("[course]\nname='n'\nrepo='other/b'\nbranch='main'\n")
    release.release(kit)
    assert b"github.com/other/b" in path.read_bytes()


@pytest.mark.parametrize(
    ("index", "source", "says"),
    [
        (3, CODE.replace("(2 points)", "(3 points)"), "its file says double (2 points)"),
        (3, CODE.replace("9.1", "9.7"), "has no exercise 9.7"),
        (5, "text", "no answer cell for exercise 9.2"),
        (4, CODE, "already answered in 09_try.ipynb, cell 4"),
        (4, "twice_as_much = x + x", "would reach students"),
        (0, "no badge", "cell 1: must start with"),
        (2, "print(1)", "cell 3: must start with"),
        (1, "# Lab 09 · A try", "needs a title"),
    ],
)
def test_a_solution_that_cannot_be_released_is_refused(kit, index, source, says, monkeypatch):
    monkeypatch.setattr(release.running, "stops_at_blanks", lambda *a: set())
    change(kit, index, source)
    with pytest.raises((release.ReleaseError, markers.GrammarError), match=re.escape(says)):
        release.release(kit)
    assert not list((kit.root / "notebooks").iterdir()), "nothing half-written"


@pytest.mark.slow
def test_a_student_notebook_may_stop_only_at_a_blank(kit, capsys):
    change(kit, 4, "answer = double(3)")
    notebook = nbformat.read(kit.solutions[0], as_version=4)
    notebook.cells.append(new_code_cell("print(answer)"))
    nbformat.write(notebook, kit.solutions[0])
    assert cli.main(["release", "--root", str(kit.root)]) == 1
    assert "cell 7, untouched: NameError" in capsys.readouterr().err


def test_a_stray_student_notebook_and_a_missing_folder_are_named(kit, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(release.running, "stops_at_blanks", lambda *a: set())
    (kit.root / "notebooks" / "10_old.ipynb").write_text("{}")
    assert cli.main(["release", "--root", str(kit.root)]) == 1
    assert "10_old.ipynb has no solution" in capsys.readouterr().err
    assert cli.main(["release", "--root", str(tmp_path / "nowhere")]) == 1
    assert "run this from the kit's folder" in capsys.readouterr().err


@pytest.mark.parametrize("path", notebooks("solutions"), ids=lambda p: p.stem)
def test_no_line_of_a_solution_survives(path):
    secrets = set()
    for cell in nbformat.read(path, as_version=4).cells:
        if markers.header(cell.cell_type, cell.source):
            secrets |= {s for s in markers.solution_lines(cell.cell_type, cell.source) if len(s) >= 12}
    assert secrets
    for student in notebooks("notebooks"):
        lines = {
            line.strip() for c in nbformat.read(student, as_version=4).cells for line in c.source.split("\n")
        }
        shared = {s for s in secrets & lines if len(re.findall(r"\w+", s)) >= 3} - IDIOMS
        assert not shared, f"{student.name}: {shared}"
        text = student.read_text(encoding="utf-8")
        assert "BEGIN SOLUTION" not in text and "END SOLUTION" not in text and "ubric" not in text


def test_stored_figures_are_made_small_and_look_the_same():
    from labkit.plots import image_grid, to_png
    from labkit.synthetic.faces import draw

    png = base64.b64encode(to_png(image_grid(draw(16)[0]))).decode()
    small = running.slim(png)
    assert len(small) < len(png) / 2
    before, after = (
        np.asarray(Image.open(io.BytesIO(base64.b64decode(p))).convert("RGB"), float) for p in (png, small)
    )
    assert before.shape == after.shape and np.abs(before - after).mean() < 6, "of 255"
    assert len(running.slim(small)) <= len(small), "never larger than what it was given"


def test_every_solution_has_a_student_notebook():
    assert [p.name for p in notebooks("solutions")] == [p.name for p in notebooks("notebooks")]
    assert (ROOT / "solutions" / "00_start_here.ipynb").is_file()
