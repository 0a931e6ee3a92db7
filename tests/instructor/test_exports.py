"""Exports: the platforms' formats to the letter, no formula in any cell, nothing final that is not."""

import csv
import io
import random
import unicodedata
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import pytest

from labkit.exercises.exercise import Finding
from labkit_instructor.authoring.course import Course
from labkit_instructor.gradebook import book as gradebook
from labkit_instructor.gradebook import exports, spreadsheet
from labkit_instructor.judging.grade import Setting, refused
from labkit_instructor.marks import Batch, Graded, Handed, Mark, Student, slug
from labkit_instructor.submissions.owners import owner

COURSE = Course("GANs, a lab course", "owner/name", "main")
RUN = Batch("r1", 7, ("03",), "bubblewrap 0.8.0", "0.1.0", "2026-09-01T08:00:00+00:00")
UNSAFE = replace(RUN, id="r2", sandbox="none (--unsafe)")
ADA = Student("ada", "Ada Lovelace", canvas_id="4711", moodle_id="815")
NASTY = (
    *("=1+1", "+1", "-1", "@SUM(A1)", "＝1", "＋1", "－1", "＠A", "=cmd|' /C calc'!A0"),
    *("\t=1", "\r=1", "\n=1", "  =1", "\u200b=1", "\ufeff=1", "\u202e=1", '"=1', 'Ann "=1" Lee'),
    *("Doe, Jane", "Doe;=1", "Doe, =1", 'a;"=1', "a\t=1", "a\n=1", "a|=1"),
    *("'=1", "''=1", "'", "O'Brien", "'t Hooft", "Zoë 🎉", "\u200fشادي", "two\nlines", "\0", "\udcff", ""),
)


def submission(student=ADA, lab="03", points=3.0, written=None, status="right", reason="", notes=()):
    marks = [Mark(f"{int(lab)}.1", status, points, 3.0, reason), Mark(f"{int(lab)}.10", "wrong", 0.0, 2.5)]
    texts = {}
    if written is not None:
        marks.append(Mark(f"{int(lab)}.8", "to review", None, 4.0))
        texts = {f"{int(lab)}.8": written}
    return Graded(student, lab, "a.ipynb", "d", tuple(marks), written=texts, notes=tuple(notes))


@pytest.fixture
def write(tmp_path):
    """Grade and export: returns a function submissions -> {file name: rows}."""

    def of(*submissions, run=RUN, before=lambda book: None, course=COURSE, **more):
        book = tmp_path / "gradebook.jsonl"
        gradebook.record_run(book, run)
        for one in submissions:
            gradebook.record(book, run.id, one)
        before(book)
        written = exports.write_all(book, tmp_path / "out", course, **more)
        assert all(p.exists() for p in written)
        return {p.name: rows(p) if p.suffix == ".csv" else p.read_text("utf-8") for p in written}

    return of


def rows(path):
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def named(table):
    return [dict(zip(table[0], row, strict=True)) for row in table[1:]]


def test_grades_have_a_row_per_student_and_lab(write):
    bob = Student("bob", "bob")
    tables = write(submission(), submission(bob), submission(lab="04", points=1.5))
    first, second, third = named(tables["grades.csv"])
    assert [(r["student"], r["lab"]) for r in (first, second, third)] == [
        ("ada", "03"),
        ("ada", "04"),
        ("bob", "03"),
    ]
    head = tables["grades.csv"][0]
    assert head[3:7] == ["3.1 points", "3.1 status", "3.10 points", "3.10 status"]
    assert (second["4.1 points"], second["4.1 status"], second["total"], second["out of"]) == (
        "1.5",
        "right",
        "1.5",
        "5.5",
    )
    assert (second["3.1 points"], second["3.1 status"]) == ("", "")


def test_an_answer_that_waits_leaves_the_total_open(write):
    tables = write(submission(written="because"))
    (row,) = named(tables["grades.csv"])
    assert (row["total"], row["so far"], row["out of"], row["waits for"]) == ("", "3", "9.5", "3.8")
    assert len(tables["canvas-lab03.csv"]) == 2  # no row: nothing changes there
    assert len(tables["moodle-lab03.csv"]) == 1
    assert (
        "NOT FINAL: 1 submission" in tables["exports.txt"]
        and "Ada Lovelace, lab 03: 3.8" in tables["exports.txt"]
    )


def test_sums_so_far_are_given_only_when_asked_for(write):
    tables = write(submission(written="because"), waiting_too=True)
    assert named(tables["grades.csv"])[0]["total"] == ""
    assert tables["canvas-lab03.csv"][2][5] == "3"
    moodle = named(tables["moodle-lab03.csv"])[0]
    assert moodle["Grade"] == "3" and "3.8: not graded yet, of 4" in moodle["Feedback comments"]
    assert "hold the sum so far" in tables["exports.txt"]


def test_a_review_makes_it_final(write):
    text = gradebook.text_digest("because")

    def review(book):
        gradebook.review(book, [gradebook.Review("ada", "03", "3.8", 2.5, "short, but <b>right</b>", text)])

    tables = write(submission(written="because"), before=review)
    (row,) = named(tables["grades.csv"])
    assert (row["total"], row["3.8 points"], row["3.8 status"]) == ("5.5", "2.5", "reviewed")
    assert tables["canvas-lab03.csv"][2][5] == "5.5" and "NOT FINAL" not in tables["exports.txt"]
    said = named(tables["moodle-lab03.csv"])[0]["Feedback comments"]
    assert "3.8: 2.5 of 4, reviewed: short, but &lt;b&gt;right&lt;/b&gt;" in said


def test_canvas_gets_a_file_per_lab_with_its_own_columns_and_the_row_of_points(write):
    bob, eve = Student("bob", "Bob"), Student("eve", "Eve", canvas_id="4712")
    some = submission(), submission(bob), submission(eve), submission(eve, lab="04"), submission(bob, "05")
    tables = write(*some, course=replace(COURSE, canvas={"03": "Lab 03 (4242)"}))
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert tables["canvas-lab03.csv"] == [
        [*head, "Lab 03 (4242)"],
        ["    Points Possible", "", "", "", "", "5.5"],
        ["Ada Lovelace", "4711", "", "", "", "3"],
        ["Eve", "4712", "", "", "", "3"],
    ]
    assert tables["canvas-lab04.csv"][0] == [*head, "Lab 04"]
    assert tables["canvas-lab04.csv"][2:] == [["Eve", "4712", "", "", "", "3"]]
    assert "canvas-lab05.csv" not in tables
    notes = tables["exports.txt"]
    assert "  lab 03: canvas-lab03.csv, Lab 03 (4242)\n" in notes
    assert "  lab 05: no file, because no submission of it came from a zip of Canvas\n" in notes
    assert "  Bob, lab 03\n" in notes and "  Bob, lab 05" not in notes


def test_a_number_of_canvas_serves_all_labs_of_a_student(write):
    tables = write(submission(), submission(Student("ada", "Ada Lovelace"), "04"))
    assert tables["canvas-lab04.csv"][2] == ["Ada Lovelace", "4711", "", "", "", "3"]


def test_moodle_gets_a_worksheet_per_lab_of_those_it_knows(write, tmp_path):
    eve = Student("eve", "Eve", moodle_id="Participant 9")
    tables = write(
        submission(),
        submission(eve, lab="04"),
        submission(Student("bob", "Bob")),
        submission(Student("x", "X"), "05"),
    )
    assert set(tables) == {
        "grades.csv",
        "canvas-lab03.csv",
        "moodle-lab03.csv",
        "moodle-lab04.csv",
        "exports.txt",
    }
    (row,) = named(tables["moodle-lab03.csv"])
    assert (row["Identifier"], row["Full name"], row["Grade"], row["Maximum grade"]) == (
        "Participant 815",
        "Ada Lovelace",
        "3",
        "5.5",
    )
    assert {"Identifier", "Grade", "Last modified (grade)", "Feedback comments"} <= set(row)
    assert named(tables["moodle-lab04.csv"])[0]["Identifier"] == "Participant 9"
    notes = tables["exports.txt"]
    assert notes.count("  Bob, lab 03\n") == 2 and "  lab 03: 5.5" in notes  # for Canvas, and for Moodle
    assert "  lab 05: no file, because no submission of it came from a zip of Moodle" in notes


def test_a_class_that_has_nothing_to_do_with_the_platforms_is_not_listed(write):
    tables = write(submission(Student("bob", "Bob")))
    assert set(tables) == {"grades.csv", "exports.txt"}
    notes = tables["exports.txt"]
    assert "Canvas: no file" in notes and "Moodle: no file" in notes and "Bob" not in notes


def test_a_byte_order_mark_for_excel_only(write, tmp_path):
    write(submission())
    assert (tmp_path / "out" / "grades.csv").read_bytes().startswith(b"\xef\xbb\xbfstudent")
    assert (tmp_path / "out" / "canvas-lab03.csv").read_bytes().startswith(b"Student,ID,")
    assert (tmp_path / "out" / "moodle-lab03.csv").read_bytes().startswith(b"Identifier,")


def test_every_output_says_that_there_was_no_sandbox(write):
    tables = write(submission(), run=UNSAFE)
    assert named(tables["grades.csv"])[0]["sandbox"] == "none (--unsafe)"
    assert "without a sandbox" in named(tables["moodle-lab03.csv"])[0]["Feedback comments"]
    assert "CAUTION: 1 submission ran WITHOUT A SANDBOX" in tables["exports.txt"]
    safe = write(submission())
    assert named(safe["grades.csv"])[0]["sandbox"] == "yes" and "CAUTION" not in safe["exports.txt"]


def test_points_by_hand_are_explained(write):
    def change(book):
        gradebook.change(
            book, student="ada", lab="03", exercise="3.10", points=2, reason="=our slip", by="Grace"
        )

    tables = write(submission(notes=("a cell was doubled",)), before=change)
    (row,) = named(tables["grades.csv"])
    assert (row["3.10 points"], row["total"]) == ("2", "5")
    assert row["notes"] == "3.10: set by hand by Grace: =our slip · a cell was doubled"
    assert (
        "3.10: 2 of 2.5, set by hand: =our slip" in named(tables["moodle-lab03.csv"])[0]["Feedback comments"]
    )


def test_a_file_of_no_known_lab_is_named_and_goes_to_no_platform(write):
    lost = Graded(ADA, "unknown", "=x.ipynb", "d", (), notes=("no lab can be told",))
    tables = write(submission(), lost)
    row = named(tables["grades.csv"])[1]
    assert (row["lab"], row["total"], row["notes"]) == ("unknown", "", "no lab can be told")
    assert set(tables) == {"grades.csv", "canvas-lab03.csv", "moodle-lab03.csv", "exports.txt"}
    assert "  Ada Lovelace: =x.ipynb: no lab can be told\n" in tables["exports.txt"]


def test_a_file_mended_by_hand_keeps_the_numbers_of_the_platforms(write):
    tables = write(submission(), submission(replace(ADA, canvas_id="", moodle_id=""), points=1.0))
    assert tables["canvas-lab03.csv"][2] == ["Ada Lovelace", "4711", "", "", "", "1"]
    assert named(tables["moodle-lab03.csv"])[0]["Identifier"] == "Participant 815"


# --- submissions of which nothing could be graded ---

NO_NOTEBOOK = "this file is no notebook; =1"
EVE = Student("eve", "Eve", canvas_id="4712", moodle_id="816")


def ungradable(student=ADA, status="refused", reason=NO_NOTEBOOK):
    marks = tuple(Mark(i, status, 0, 3.0, reason) for i in ("3.1", "3.10", "3.8"))
    return Graded(student, "03", "a.ipynb", "d", marks, notes=("a LATE file", reason))


@pytest.mark.parametrize("status", ["refused", "missing"])
@pytest.mark.parametrize("waiting_too", [False, True])
def test_what_could_not_be_graded_is_no_zero(write, status, waiting_too):
    tables = write(submission(EVE), ungradable(status=status), waiting_too=waiting_too)
    row = named(tables["grades.csv"])[0]
    assert (row["student"], row["total"], row["3.1 points"], row["3.1 status"]) == ("ada", "", "0", status)
    assert row["notes"].startswith("a LATE file · this file is no notebook")
    assert [r[0] for r in tables["canvas-lab03.csv"][2:]] == ["Eve"]
    assert [r["Full name"] for r in named(tables["moodle-lab03.csv"])] == ["Eve"]
    notes = tables["exports.txt"]
    assert "NOT FINAL: 1 submission of which nothing could be graded" in notes and "--set" in notes
    assert notes.count("this file is no notebook") == 1 and "  Ada Lovelace, lab 03: this file" in notes


def test_without_a_number_it_is_listed_once_all_the_same(write):
    tables = write(submission(EVE), ungradable(Student("bob", "Bob")))
    assert tables["exports.txt"].count("Bob") == 1


def test_points_by_hand_make_it_final_and_the_reason_stands_once(write):
    def change(book):
        assert [s.student.key for s in gradebook.ungraded(gradebook.standing(book).values())] == ["ada"]
        gradebook.change(
            book, student="ada", lab="03", exercise="3.1", points=2, reason="shown to me", by="Grace"
        )
        assert gradebook.ungraded(gradebook.standing(book).values()) == []

    tables = write(ungradable(), before=change)
    assert named(tables["grades.csv"])[0]["total"] == "2" and "NOT FINAL" not in tables["exports.txt"]
    assert tables["canvas-lab03.csv"][2][5] == "2"
    said = named(tables["moodle-lab03.csv"])[0]["Feedback comments"]
    assert said.count("this file is no notebook") == 1
    assert said.startswith("Nothing could be graded: this file") and "<br>3.10: 0 of 3, refused<br>" in said
    assert "<br>3.1: 2 of 3, set by hand: shown to me<br>" in said


def test_what_the_grader_makes_of_a_broken_file_is_seen_as_such(tmp_path):
    """`refused` in the grader and `Standing.trouble` must agree."""
    lab = SimpleNamespace(stem="03_x", exercises=("3.1", "3.2", "3.8"))
    setting = Setting(7, {"03": lab}, "v", "03")
    handed = Handed(ADA, "a.ipynb", tmp_path, trouble="no notebook", notes=("late",), absent=True)
    book = tmp_path / "gradebook.jsonl"
    gradebook.record_run(book, RUN)
    gradebook.record(book, "r1", refused(handed, setting, "no notebook"))
    assert [s.trouble for s in gradebook.standing(book).values()] == ["no notebook"]


def test_answers_that_are_refused_or_missing_one_by_one_count(write):
    each = Graded(ADA, "03", "a", "d", tuple(Mark(i, "missing", 0, 3.0, "no cell") for i in ("3.1", "3.2")))
    tables = write(each)
    assert named(tables["grades.csv"])[0]["total"] == "0" and tables["canvas-lab03.csv"][2][5] == "0"


# --- Moodle's comment ---


@pytest.mark.parametrize(
    ("status", "finding", "said"),
    [
        ("right", Finding("it is 1", True), "3.1: 3 of 3, right"),
        (
            "wrong",
            Finding("`d` is <1>", False, "2", "1", "a missing `return`?"),
            "3.1: 3 of 3, wrong. Does not hold: d is &lt;1&gt;. Likely: a missing return?",
        ),
        ("wrong", Finding("it is 1", False), "3.1: 3 of 3, wrong. Does not hold: it is 1."),
        (
            "raised",
            Finding("`f(x)` runs", False, "SyntaxError: invalid syntax  [line 3: x = ]", "", "a slip"),
            "3.1: 3 of 3, raised. SyntaxError: invalid syntax [line 3: x = ]. Likely: a slip.",
        ),
        (
            "timed out",
            Finding("it finishes within 2 seconds", False, "still running"),
            "3.1: 3 of 3, timed out. Does not hold: it finishes within 2 seconds.",
        ),
    ],
)
def test_moodle_says_what_the_last_finding_says(write, status, finding, said):
    found = (Finding("the first", True), finding)
    reason = "" if finding.ok else f"{finding.what}: not so"
    one = Graded(ADA, "03", "a", "d", (Mark("3.1", status, 3.0, 3.0, reason, found),))
    assert named(write(one)["moodle-lab03.csv"])[0]["Feedback comments"] == said


def test_an_empty_book_gives_empty_tables(write):
    tables = write()
    assert set(tables) == {"grades.csv", "exports.txt"} and len(tables["grades.csv"]) == 1


# --- what a spreadsheet makes of it ---


def starts_a_formula(cell):
    bare = cell.lstrip('" ')
    seen = next((c for c in bare if unicodedata.category(c)[0] not in "CZM"), "")
    return seen in "=+-@＝＋－＠−﹢﹣﹦﹫" if seen else False


def cells_as_any_spreadsheet_splits_them(path):
    text = path.read_bytes().decode("utf-8-sig")
    for separator in ",;\t|":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            yield from row


def fuzzed(count, seed=11):
    chance = random.Random(seed)
    pieces = [
        "=",
        "+",
        "-",
        "@",
        "＝",
        "'",
        '"',
        ",",
        ";",
        "|",
        "\t",
        "\r",
        "\n",
        " ",
        "\u200b",
        "\u202e",
        "\0",
    ]
    pieces += ["a", "1", "é", "🎉", "\udc80", "\u0301"]
    return ["".join(chance.choices(pieces, k=chance.randrange(1, 9))) for _ in range(count)]


def test_no_cell_is_a_formula_however_it_is_split(write, tmp_path):
    texts = [*NASTY, *fuzzed(400)]
    some = [
        submission(
            Student(f"k{n} {text}", text, canvas_id=f"{text}{n}", moodle_id=f"{n}"),
            reason=text,
            notes=(text, "n", text),
        )
        for n, text in enumerate(texts)
    ]
    bad = Finding("x", False, "y", "z", "c")
    for n, text in enumerate(texts):
        found = (replace(bad, what=text, cause=text), replace(bad, got=text, cause=text))
        both = zip(some[n].marks, ("wrong", "raised"), found, strict=True)
        marks = tuple(replace(mark, status=status, findings=(f,)) for mark, status, f in both)
        some[n] = replace(some[n], marks=marks)
    tables = write(*some)
    assert len(tables["grades.csv"]) == len(texts) + 1
    assert len(tables["moodle-lab03.csv"]) == len(texts) + 1
    for path in (tmp_path / "out").glob("*.csv"):
        found = [c for c in cells_as_any_spreadsheet_splits_them(path) if starts_a_formula(c)]
        assert not found, (path.name, found[:3])


def test_names_stay_readable(write):
    names = ("Doe, Jane", 'Ann "Bo" Lee', "O'Brien", "'t Hooft", "Zoë 🎉", "\u200fشادي", "李小龍")
    tables = write(*(submission(Student(f"k{n}", name, f"{n}")) for n, name in enumerate(names)))
    assert sorted(row["name"] for row in named(tables["grades.csv"])) == sorted(names)
    assert sorted(row[0] for row in tables["canvas-lab03.csv"][2:]) == sorted(names)


@pytest.mark.parametrize("reason", ["loss >= 3, got <=2", "a;=b", "x, -1 & y", "a;==b;+c"])
def test_a_reason_reaches_moodle_as_it_was(write, reason):
    import html

    tables = write(submission(reason=reason, status="wrong"))
    said = named(tables["moodle-lab03.csv"])[0]["Feedback comments"].split("<br>")[0]
    assert html.unescape(said) == f"3.1: 3 of 3, wrong: {reason}"


def test_nothing_turns_the_direction_of_a_line(write):
    tables = write(submission(reason="got \u202e7 fo 7\u2066", status="wrong"))
    said = named(tables["moodle-lab03.csv"])[0]["Feedback comments"]
    assert "got 7 fo 7" in said


def test_the_escape_can_be_taken_back():
    for text in [*NASTY, *fuzzed(2000, seed=12)]:
        assert spreadsheet.plain(spreadsheet.cell(text)) == text
        assert not starts_a_formula(spreadsheet.cell(text))


@pytest.mark.parametrize(
    ("points", "shown"), [(3.0, "3"), (2.5, "2.5"), (1 / 3, "0.3333"), (100.0, "100"), (0.0, "0"), (None, "")]
)
def test_points_have_no_more_digits_than_they_need(points, shown):
    assert spreadsheet.as_cell(points) == shown


def test_the_pages_come_as_the_zip_that_moodle_takes(tmp_path):
    """Moodle reads the participant's number between the first underscores of a path."""
    people = [Student(f"Anna Mü_ller_{n}", "Anna Mü_ller", moodle_id=n) for n in ("101", "102")]
    people += [Student("a/../b_103", "a/../b", moodle_id="103"), Student("bob", "Bob"), EVE]
    book = tmp_path / "gradebook.jsonl"
    gradebook.record_run(book, RUN)
    for one in people:
        gradebook.record(book, RUN.id, submission(one, written="x" if one == people[1] else None))
        if one != EVE:
            (tmp_path / "feedback").mkdir(exist_ok=True)
            (tmp_path / "feedback" / f"{slug(one.key, '03')}.html").write_text(f"page of {one.key}")
    exports.write_all(book, tmp_path, COURSE)
    packed = tmp_path / "moodle-feedback-lab03.zip"
    with zipfile.ZipFile(packed) as archive:
        held = {n: archive.read(n).decode() for n in archive.namelist()}
    assert held == {
        "Anna Mü ller_101_assignsubmission_file_/lab03-feedback.html": "page of Anna Mü_ller_101",
        "a .. b_103_assignsubmission_file_/lab03-feedback.html": "page of a/../b_103",
    }
    for name in held:
        assert name.split("_", 4)[1:4] == [held[name].rsplit("_", 1)[1], "assignsubmission", "file"]
        assert owner(name.split("/"), "x").student.moodle_id == name.split("_")[1]
    before = packed.read_bytes()
    exports.write_all(book, tmp_path, COURSE)
    assert packed.read_bytes() == before, "the same pages are the same file"
