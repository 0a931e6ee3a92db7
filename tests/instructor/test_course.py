"""Badges and first cells come from course.toml; nothing else in the kit names a repository of its own."""

import re
import subprocess

import nbformat
import pytest

from labkit_instructor.authoring import course as courses
from labkit_instructor.authoring import markers
from tests.solutions import ROOT, notebooks

COURSE = courses.read(ROOT / "course.toml")
_OWN = re.compile(
    r"(?:colab\.research\.google\.com/github|github\.com)/([\w.-]+/gan-lab-kit[\w.-]*|[^\s/]+/[^\s/]+/(?:blob|archive)/[^\s\"')]+)"
)


def _tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout: the files to look at are not known")
    return [
        ROOT / n
        for n in listed.stdout.split()
        if n.endswith((".ipynb", ".md", ".toml", ".yml", ".py", ".txt"))
    ]


def test_no_file_points_to_another_copy_of_the_kit():
    for path in _tracked():
        if path.name == "test_course.py" or not path.is_file():
            continue
        for link in _OWN.findall(path.read_text(encoding="utf-8")):
            assert link.startswith(COURSE.repo), f"{path.name}: {link}"
            if "/blob/" in link or "/archive/" in link:
                assert COURSE.branch in link, f"{path.name}: {link}"


@pytest.mark.parametrize(
    "path", notebooks("solutions") + notebooks("notebooks"), ids=lambda p: f"{p.parent.name}-{p.stem}"
)
def test_every_notebook_has_its_badge_and_first_cell(path):
    cells = nbformat.read(path, as_version=4).cells
    assert cells[0].source == COURSE.badge(path.name)
    assert next(c.source for c in cells if c.cell_type == "code") == COURSE.setup(path.name)


def test_the_first_cell_never_installs_from_the_index():
    setup = COURSE.setup("00_start_here.ipynb")
    assert "pip install labkit" not in setup
    assert "--no-deps" in setup
    compile(setup, "setup", "exec")


def test_points_in_notebooks_are_those_of_the_exercises():
    from labkit.exercises import all_exercises

    found = {}
    for path in notebooks("notebooks"):
        for cell in nbformat.read(path, as_version=4).cells:
            if head := markers.header(cell.cell_type, cell.source):
                found[head.id] = head.points
    assert found == {i: e.points for i, e in all_exercises().items()}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "needs a [course] table"),
        ("[course]\nname = 'x'\nrepo = 'a/b'\n", "'branch' is missing"),
        ("[course]\nname = 'x'\nrepo = 'https://x/a/b'\nbranch = 'main'\n", "owner/name"),
        ("[course\n", "course.toml"),
    ],
)
def test_a_bad_course_file_is_named(tmp_path, text, says):
    (tmp_path / "course.toml").write_text(text)
    with pytest.raises(courses.CourseError, match=re.escape(says)):
        courses.read(tmp_path / "course.toml")
    with pytest.raises(courses.CourseError, match="run this from the kit"):
        courses.read(tmp_path / "no.toml")


def test_canvas_titles_are_read_and_slips_are_told(tmp_path):
    file = tmp_path / "course.toml"
    base = '[course]\nname = "x"\nrepo = "a/b"\nbranch = "main"\n[canvas]\n'
    file.write_text(base + '03 = "Lab 03 (4711)"\n')
    assert courses.read(file).canvas == {"03": "Lab 03 (4711)"}
    file.write_text(base + "lab3 = 4711\n")
    with pytest.raises(courses.CourseError, match='03 = "Lab 03'):
        courses.read(file)


def _with_grading(folder, lines):
    path = folder / "course.toml"
    path.write_text(f'[course]\nname = "n"\nrepo = "a/b"\nbranch = "main"\n{lines}\n')
    return path


@pytest.mark.parametrize(
    ("lines", "partial"), [("", None), ("[grading]", None), ("[grading]\npartial = false", False)]
)
def test_points_in_parts_can_be_turned_off(tmp_path, lines, partial):
    assert courses.read(_with_grading(tmp_path, lines)).partial is partial


@pytest.mark.parametrize("line", ["partial = 0", 'partial = "no"', "partly = true"])
def test_a_slip_under_grading_is_named(tmp_path, line):
    with pytest.raises(courses.CourseError, match="partial = true or partial = false"):
        courses.read(_with_grading(tmp_path, f"[grading]\n{line}"))
