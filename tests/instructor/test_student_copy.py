"""The folder that students get: all that a notebook needs, and no line of a solution."""

import re

import nbformat
import pytest

from labkit.cli import main
from labkit_instructor.authoring import course, markers
from labkit_instructor.authoring.student_copy import PublishError, publish
from tests.solutions import ROOT, notebooks

COURSE = course.read(ROOT / "course.toml")
NAMES = [path.name for path in notebooks("notebooks")]


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published") / "labs"
    publish(ROOT, folder, COURSE, NAMES)
    return folder


def test_notebooks_package_and_data_are_there_and_nothing_of_the_instructor_s(published):
    names = {path.relative_to(published).as_posix() for path in published.rglob("*") if path.is_file()}
    assert {name.partition("/")[0] for name in names} == {
        "labkit", "data", "notebooks",
        "LICENSE", "README.md", "constraints.txt", "pyproject.toml", "setup.py",
    }  # fmt: skip
    for name in names - {"README.md"}:
        assert (published / name).read_bytes() == (ROOT / name).read_bytes()
    assert {f"notebooks/{name}" for name in NAMES} == {n for n in names if n.startswith("notebooks/")}
    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "labkit").rglob("*.py")}
    assert package <= names and not any("cache" in name.split("/") for name in names)


def test_no_line_of_a_solution_is_in_it_but_where_checks_need_it(published):
    """Notebooks are those of notebooks/, which `test_release` tests; of the package, checks need all."""
    secrets = set()
    for path in notebooks("solutions"):
        for cell in nbformat.read(path, as_version=4).cells:
            if markers.header(cell.cell_type, cell.source) and cell.cell_type == "markdown":
                secrets |= set(markers.solution_lines(cell.cell_type, cell.source))
    assert len(secrets) > 30
    for path in published.rglob("*"):
        if path.suffix in (".ipynb", ".md", ".toml", ".txt", ".py"):
            text = path.read_text("utf-8")
            assert not any(line in text for line in secrets if len(line) > 40), path.name
            assert path.suffix == ".py" or "SOLUTION" not in text, path.name


def test_its_page_leads_to_the_labs_and_not_to_solutions(published):
    page = (published / "README.md").read_text("utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page):
        assert (published / target).exists(), target
    assert all(f"notebooks/{name}" in page and COURSE.colab(name) in page for name in NAMES)
    assert "solution" not in page and "{" not in page


def test_it_is_written_again_and_what_else_lies_there_stays(published):
    (published / ".git").mkdir()
    (published / "syllabus.pdf").touch()
    (published / "labkit" / "old.py").touch()
    publish(ROOT, published, COURSE, NAMES)
    assert (published / ".git").is_dir() and (published / "syllabus.pdf").exists()
    assert not (published / "labkit" / "old.py").exists()


def test_a_folder_that_is_not_its_own_is_left_alone(tmp_path, capsys):
    mine = tmp_path / "thesis.tex"
    mine.touch()
    with pytest.raises(PublishError, match="name a new folder"):
        publish(ROOT, tmp_path, COURSE, NAMES)
    with pytest.raises(PublishError, match="name a folder"):
        publish(ROOT, mine, COURSE, NAMES)
    for inside in (ROOT, ROOT / "labkit", ROOT / "notebooks" / "public", ROOT.parent):
        with pytest.raises(PublishError, match="a part of the kit"):
            publish(ROOT, inside, COURSE, NAMES)
    assert list(tmp_path.iterdir()) == [mine]
    assert main(["release", "--check", "--publish", str(tmp_path / "new"), "--root", str(ROOT)]) == 1
    assert "--check writes nothing" in capsys.readouterr().err and not (tmp_path / "new").exists()
