"""The notebooks as files, and the first cell in a bare Colab."""

import ast
import os
import re
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

import nbformat
import pytest

from labkit.exercises import all_exercises
from labkit.exercises.exercise import Written
from labkit_instructor.authoring import course
from labkit_instructor.authoring.student_copy import publish
from labkit_instructor.submissions.trusted import labs
from tests.solutions import ROOT, notebooks

IDS = {"ids": lambda p: p.stem}


@pytest.mark.slow
def test_nbval_fails_a_cell_that_may_stop_and_does_not(tmp_path):
    blank = "raise NotImplementedError('Exercise 1.1: your code here')"
    tag = {"metadata": {"tags": ["raises-exception"]}}
    cells = [nbformat.v4.new_code_cell(source, **tag) for source in (blank, "1 / 0", "1 + 1")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "untouched.ipynb")
    said = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "conftest", "--nbval-lax", "--nbval-current-env", tmp_path],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    ).stdout
    assert "2 failed, 1 passed" in said, said
    assert "ZeroDivisionError" in said and "it runs" in said


@pytest.mark.parametrize("path", notebooks("solutions"), **IDS)
def test_a_solution_is_stored_with_its_figures(path):
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    assert all(c.execution_count for c in cells if c.source.strip()), "run `labkit release --execute`"
    assert any("image/png" in o.get("data", {}) for c in cells for o in c.outputs)
    assert not [o for c in cells for o in c.outputs if o.output_type == "error"]
    assert path.stat().st_size < 2**20, "over 1 MiB: fewer or smaller figures"


@pytest.mark.parametrize("path", notebooks("solutions"), **IDS)
def test_a_stored_output_holds_no_path_of_the_machine_that_ran_it(path):
    text = path.read_text(encoding="utf-8")
    for folder in {str(ROOT), str(Path.home()), sys.prefix} - {"/"}:
        assert folder not in text, f"{folder} stands in an output"


@pytest.mark.parametrize("path", notebooks("solutions"), **IDS)
def test_every_verdict_is_compared_by_nbval(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and cell.source.startswith("check("):
            assert "nbval-check-output" in cell.metadata.tags
            assert cell.outputs, f"{cell.source}: no stored verdict"


@pytest.mark.parametrize("path", notebooks("solutions"), **IDS)
def test_a_model_answer_has_as_many_words_as_it_asks_for(path):
    number, lab = path.name[:2], labs(path.parent)[path.name[:2]]
    ids = [one.id for one in all_exercises().values() if isinstance(one, Written)]
    for exercise in (i for i in ids if i.startswith(f"{int(number)}.")):
        asked = re.search(r"(paragraph each, )?(\d+) to (\d+) words", lab.question(exercise))
        if asked:
            answer = lab.model_answer(exercise)
            for text in answer.split("\n\n") if asked[1] else [answer]:
                assert int(asked[2]) <= len(text.split()) <= int(asked[3]), exercise


@pytest.mark.parametrize("path", notebooks("notebooks"), **IDS)
def test_cells_are_short(path):
    for index, cell in enumerate(nbformat.read(path, as_version=4).cells, 1):
        if cell.cell_type == "code":
            assert cell.source.count("\n") < 35, f"{path.name}, cell {index}: over 35 lines"


@pytest.mark.parametrize("path", notebooks("solutions"), **IDS)
def test_code_fits_a_page_and_has_one_statement_a_line(path):
    """Colab and JupyterLab cut what is wider than 96 columns."""
    for index, cell in enumerate(nbformat.read(path, as_version=4).cells):
        if cell.cell_type != "code":
            continue
        lines = cell.source.splitlines()
        wide = [line for line in lines if len(line) > 96]
        assert not wide, f"cell {index}: {wide[0]}"
        tree = ast.parse("\n".join(re.sub(r"^(\s*)[%!].*", r"\1pass", line) for line in lines))
        for node in ast.walk(tree):
            for body in (getattr(node, name, None) for name in ("body", "orelse", "finalbody")):
                first = [statement.lineno for statement in body] if isinstance(body, list) else []
                assert len(set(first)) == len(first), f"cell {index}: two statements on line {first}"
            joined = isinstance(node, ast.Expr) and isinstance(node.value, ast.Tuple)
            assert not joined, f"cell {index}: calls joined by a comma, {ast.unparse(node)[:60]}"


@pytest.mark.parametrize("path", notebooks("solutions"), **IDS)
def test_what_is_kept_is_asked_for_in_one_way(path):
    """To `functools.cache`, f() and f(the default) are two calls: it would train twice."""
    for cell in nbformat.read(path, as_version=4).cells:
        for f in re.finditer(r"@functools\.cache\ndef (\w+)\((.*)\)", cell.source):
            assert cell.cell_type == "code" and "=" not in f[2], f"{f[1]} has a default"


@pytest.fixture(scope="module")
def bare_colab(tmp_path_factory):
    """A Python with torch and the rest but without labkit, a stub of google.colab, and Colab's variables.

    The first cell finds the kit in the folder that students get, and not in this one.
    """
    folder = tmp_path_factory.mktemp("colab")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    python = folder / "env" / "bin" / "python"
    if not python.exists():
        pytest.skip("no bin/python in a virtual environment: this test needs Linux or macOS")
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    # This environment's packages become visible; an editable labkit does not: its own .pth is not read.
    Path(site, "packages.pth").write_text(sysconfig.get_path("purelib") + "\n")
    stub = folder / "stubs" / "google" / "colab"
    stub.mkdir(parents=True)
    (stub / "__init__.py").write_text('"""A stand-in for the package that every Colab runtime has."""\n')
    content = folder / "content"
    content.mkdir()
    names = [path.name for path in notebooks("notebooks")]
    publish(ROOT, folder / "published", course.read(ROOT / "course.toml"), names)
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("LABKIT_", "PYTHONPATH", "VIRTUAL_ENV"))
    }
    environment |= {
        "COLAB_RELEASE_TAG": "release-colab_stub",
        "PYTHONPATH": str(folder / "stubs"),
        "LABKIT_SOURCE": str(folder / "published"),
        "LABKIT_BUDGET": "smoke",
    }

    def run(code):
        return subprocess.run(
            [python, "-c", textwrap.dedent(code)],
            cwd=content,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


@pytest.mark.slow
def test_the_first_cell_works_in_a_bare_colab(bare_colab):
    absent = bare_colab("import importlib.util, torch; print(importlib.util.find_spec('labkit'))")
    assert absent.stdout.strip() == "None", "labkit must be absent for this test to mean anything"
    for path in notebooks("notebooks"):
        cells = [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
        ran = bare_colab("import google.colab\n" + "\n".join(cells[:2]))
        assert ran.returncode == 0, f"{path.name}: {ran.stderr[-2000:]}"
        assert f"Lab {path.name[:2]} · labkit" in ran.stdout
        if not os.path.exists("/dev/nvidia0"):
            assert "No GPU: the lab runs, smaller" in ran.stdout


@pytest.mark.slow
def test_without_a_network_the_first_cell_says_what_to_do(bare_colab):
    setup = next(
        c.source
        for c in nbformat.read(notebooks("notebooks")[0], as_version=4).cells
        if c.cell_type == "code"
    )
    # A folder that is not there stands for a host that cannot be reached: pip fails in both cases.
    ran = bare_colab(
        'import os\nos.environ["LABKIT_SOURCE"] = "./no-such-folder"\n'
        + setup.replace('importlib.util.find_spec("labkit") is None', "True")
    )
    assert ran.returncode != 0 and "Check the network, then run this cell again" in ran.stderr
