"""``labkit grade`` as a person uses it: what it says to slips, and what runs, reviews and changes leave."""

import csv
import json
import os
from dataclasses import replace

import pytest

from labkit import cli
from labkit_instructor.authoring.course import Course
from labkit_instructor.commands import grade
from labkit_instructor.gradebook import book as gradebook
from labkit_instructor.marks import to_json
from tests.instructor import grading_samples as samples
from tests.instructor.handed import solved
from tests.solutions import ROOT


@pytest.fixture(autouse=True)
def in_the_kits_folder(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.fixture
def anna(tmp_path):
    folder = tmp_path / "class" / "anna"
    folder.mkdir(parents=True)
    (folder / "03_training_loop.ipynb").write_text(json.dumps(solved()))
    return tmp_path / "class"


SLIPS = {
    "nothing to grade": ([], "name what to grade"),
    "no output folder": (["x.ipynb"], "--out DIR is missing"),
    "a path that is not there": (["nowhere", "--out", "{out}"], "nowhere: there is no such file"),
    "a lab that is not there": (["{anna}", "--out", "{out}", "--lab", "42"], "has no such lab, but 00, 01"),
    "no jobs": (["{anna}", "--out", "{out}", "--jobs", "0"], "give 1 or more"),
    "a negative seed": (["{anna}", "--out", "{out}", "--seed", "-1"], "from 0 to 2147483647"),
    "no time": (["{anna}", "--out", "{out}", "--deadline", "tomorrow"], "write a time such as"),
    "nothing to resume": (["{anna}", "--out", "{out}", "--resume"], "no run in"),
    "a seed for a resumed run": (["{anna}", "--out", "{out}", "--resume", "--seed", "1"], "leave --seed out"),
    "a merge without a gradebook": (["--merge", "x.csv", "--out", "{out}"], "holds no gradebook.jsonl"),
    "two things at once": (["{anna}", "--self-test", "--out", "{out}"], "or one of --merge, --set"),
    "no solutions": (["{anna}", "--out", "{out}", "--solutions", "nowhere"], "no solution notebooks"),
    "no notebook of that lab": (
        ["{anna}", "--out", "{out}", "--lab", "4"],
        "but 1 of lab 03: is --lab right?",
    ),
    "a file as output": (["{anna}", "--out", "{file}"], "is a file: name a folder"),
    "a zip in a folder": (["{zipped}", "--out", "{out}"], "there is submissions.zip: give that file itself"),
    "an empty folder": (["{empty}", "--out", "{out}"], "no notebook (.ipynb)"),
}


@pytest.mark.parametrize("what", SLIPS)
def test_a_slip_is_one_line_and_leaves_nothing(what, anna, tmp_path, capsys):
    argv, said = SLIPS[what]
    (tmp_path / "empty").mkdir()
    (tmp_path / "zipped").mkdir()
    (tmp_path / "zipped" / "submissions.zip").write_bytes(b"")
    (tmp_path / "file").touch()
    places = {name: str(tmp_path / name) for name in ("file", "zipped")}
    places |= {"out": str(tmp_path / "out"), "anna": str(anna), "empty": str(tmp_path / "empty")}
    assert cli.main(["grade", *(a.format(**places) for a in argv)]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("what", SLIPS)
def test_a_slip_is_named_where_there_is_no_sandbox(what, anna, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    test_a_slip_is_one_line_and_leaves_nothing(what, anna, tmp_path, capsys)


def test_without_a_sandbox_nothing_is_graded_or_written(anna, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert cli.main(["grade", str(anna), "--out", str(tmp_path / "out")]) == 2
    assert "sandbox" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_wrong_option_is_one_line(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["grade", "--sead", "1"])
    assert stop.value.code == 2
    assert "--help" in capsys.readouterr().err


@pytest.mark.slow
def test_from_a_notebook_to_final_points(anna, tmp_path, capsys):
    out = tmp_path / "out"
    assert cli.main(["grade", str(anna), "--out", str(out), "--seed", "4", "--jobs", "1", "--unsafe"]) == 0
    said = capsys.readouterr()
    assert "WARNING: --unsafe" in said.err
    assert "right 7  to review 1" in said.out
    assert "3.8: 1 written answer waits" in said.out
    page = next((out / "feedback").glob("*.html")).read_text()
    assert "without a sandbox" in page
    assert "sandbox" in (out / "overview.html").read_text()

    sheet = out / "review" / "3.8.csv"
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0]["points"], rows[0]["comment"] = "3,5", "clear; the second half is missing"
    with sheet.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    assert cli.main(["grade", "--merge", str(sheet), "--out", str(out)]) == 0
    assert "the second half is missing" in next((out / "feedback").glob("*.html")).read_text()

    change = ["grade", "--set", "anna", "3.2=1,5", "--out", str(out)]
    assert cli.main(change) == 2
    assert "--reason" in capsys.readouterr().err
    assert cli.main([*change, "--reason", "handed in late"]) == 0
    assert "3.2: 3 → 1.5 of 3" in capsys.readouterr().out
    standing = gradebook.standing(out / "gradebook.jsonl")["anna", "03"]
    assert standing.total.points == 23 + 3.5 - 1.5
    assert not standing.total.waiting
    assert "handed in late" in next((out / "feedback").glob("*.html")).read_text()

    assert cli.main(["grade", str(anna), "--out", str(out), "--seed", "9", "--jobs", "1", "--unsafe"]) == 0
    assert "by hand stands" not in capsys.readouterr().out, "the machine says what it said before"
    again = gradebook.standing(out / "gradebook.jsonl")["anna", "03"]
    assert again.total == standing.total, "a regrade keeps what people decided"
    assert cli.main(["grade", "--set", "anna", "3.2=auto", "--out", str(out), "--reason", "excused"]) == 0
    assert gradebook.standing(out / "gradebook.jsonl")["anna", "03"].total.points == 26.5


def test_the_gradebook_is_out_of_reach_of_the_working_folder(anna, tmp_path, monkeypatch, capsys):
    """From another folder the kit says what it misses instead of making files there."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(["grade", str(anna), "--out", "out"]) == 2
    assert "run this from the kit's folder" in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path)) == ["class"]


def test_a_mark_by_hand_is_named_when_the_machine_changes_its_mind(tmp_path):
    from labkit_instructor.marks import Batch, Graded, Mark, Student
    from labkit_instructor.reports import summary

    book = tmp_path / "gradebook.jsonl"
    gradebook.record_run(book, Batch("r", 1, (), "bubblewrap", "0", "2026-01-01T00:00:00+00:00"))

    def graded(status, points):
        mark = Mark("3.7", status, points, 2.0)
        gradebook.record(book, "r", Graded(Student("karin", "Karin"), "03", "x.ipynb", status, (mark,)))

    graded("wrong", 0.0)
    gradebook.change(book, student="karin", lab="03", exercise="3.7", points=1.5, reason="nearly", by="me")
    graded("right", 2.0)
    said = "\n".join(summary.lines(list(gradebook.standing(book).values()), tmp_path))
    assert "Karin, 3.7: 1.5 by hand stands, the machine gives 2 now" in said
    assert "--set 'karin' 3.7=auto" in said


@pytest.mark.parametrize(
    ("asked", "earlier", "partial", "told"),
    [
        (None, [], True, False),
        (False, [], False, False),
        (None, [False], False, True),
        (None, [False, True], True, False),
        (True, [False], True, False),
        (False, [True], False, False),
    ],
)
def test_an_old_gradebook_goes_on_with_all_points_or_none(asked, earlier, partial, told, capsys):
    course = Course("GANs", "a/b", "main", partial=asked)
    runs = [replace(samples.RUN, partial=before) for before in earlier]
    assert grade._partial(course, runs) is partial
    assert ("partial = true" in capsys.readouterr().out) == told


def test_a_run_of_an_earlier_version_gave_all_points_or_none(tmp_path):
    values = {k: v for k, v in to_json(samples.RUN).items() if k != "partial"}
    line = {"entry": "run", "time": "2026-01-02T03:04:05+00:00", "run": values}
    (tmp_path / "gradebook.jsonl").write_text(json.dumps(line) + "\n")
    assert [run.partial for run in gradebook.runs(tmp_path / "gradebook.jsonl")] == [False]
