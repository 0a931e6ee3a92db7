"""Who is who: equal numbers are one person, equal names are not, and near names are a question."""

import zipfile
from pathlib import Path

import pytest

from labkit_instructor.authoring.course import Course
from labkit_instructor.gradebook import book as gradebook
from labkit_instructor.gradebook import exports
from labkit_instructor.gradebook.book import GradebookError
from labkit_instructor.marks import Student
from labkit_instructor.people import called, namesakes, near
from labkit_instructor.reports.overview import overview_page
from labkit_instructor.submissions.intake import collect, newest
from tests.instructor import grading_samples as samples
from tests.instructor.handed import save

LAB = "03_training_loop.ipynb"
STEMS = ("03_training_loop",)
COURSE = Course("GANs", "a/b", "main")


def _moodle(path: Path, **contents: bytes) -> Path:
    """A zip of Moodle: "Anna_101" -> what Anna, participant 101, handed in."""
    with zipfile.ZipFile(path, "w") as archive:
        for who, data in contents.items():
            archive.writestr(f"{who.replace('_', ' Müller_')}_assignsubmission_file_/{LAB}", data)
    return path


def _graded(student: Student, digest: str = "d", **more):
    return samples.graded(student=student, made=samples.marks("right", "wrong"), digest=digest, **more)


def _book(tmp_path: Path, *graded) -> Path:
    book = tmp_path / "gradebook.jsonl"
    gradebook.record_run(book, samples.RUN)
    for one in graded:
        gradebook.record(book, samples.RUN.id, one)
    return book


def _keys(handed):
    return [h.student.key for h in handed]


def test_two_groups_each_with_an_anna(tmp_path):
    groups = [_moodle(tmp_path / f"{n}.zip", **{f"Anna_10{n}": b"x%d" % n}) for n in (1, 2)]
    found = collect(groups, STEMS)
    assert _keys(found) == ["Anna Müller_101", "Anna Müller_102"]
    assert len(newest(found, ["03"] * 2)) == 2
    names = called(h.student for h in found)
    assert list(names.values()) == ["Anna Müller (101)", "Anna Müller (102)"]
    assert namesakes(h.student for h in found) == [[h.student for h in found]]
    assert near(h.student for h in found) == [], "the platform knows that they are two"


def test_one_number_in_two_zips_is_one_student_and_it_is_said(tmp_path):
    early, late = _moodle(tmp_path / "week.zip", Anna_101=b"1"), _moodle(tmp_path / "late.zip", Anna_101=b"2")
    ((kept, _),) = newest(collect([early, late], STEMS), ["03"] * 2)
    assert kept.merged == (f"the newest of 2 files was graded; left out: {LAB} in week.zip",)


def test_one_number_under_two_names_is_one_student_and_it_is_said(tmp_path):
    paths = [_moodle(tmp_path / "1.zip", Anna_101=b"1"), _moodle(tmp_path / "2.zip", Annika_101=b"2")]
    found = collect(paths, STEMS)
    assert len(set(_keys(found))) == 1
    ((kept, _),) = newest(found, ["03"] * 2)
    assert "one number for the names Anna Müller, Annika Müller" in kept.merged[-1]


def test_equal_names_in_two_folders_are_two_students(tmp_path):
    for group in ("a", "b"):
        save(tmp_path / group, f"anna/{LAB}")
        save(tmp_path / group, f"{group}/{LAB}")
    found = collect([tmp_path / "a", tmp_path / "b"], STEMS)
    assert _keys(found) == ["a", "anna (a)", "anna (b)", "b"]
    assert near(h.student for h in found) == [(found[1].student, found[2].student)]
    again = collect([tmp_path / "a", tmp_path / "a" / "anna"], STEMS)
    assert _keys(again) == ["a", "anna"], "a folder in the other is the same place"
    same = [tmp_path / "x" / "c", tmp_path / "y" / "c"]
    for place in same:
        save(place, "anna.ipynb")
        save(place, "ben.ipynb")
    assert len(set(_keys(collect(same, STEMS)))) == 4, "folders of one name too"


def test_a_name_that_looks_like_a_key_is_not_taken_for_it(tmp_path):
    zipped = _moodle(tmp_path / "1.zip", Anna_101=b"1")
    save(tmp_path / "more", f"Anna Müller_101/{LAB}")
    for order in ([zipped, tmp_path / "more"], [tmp_path / "more", zipped]):
        found = collect(order, STEMS)
        assert len(set(_keys(found))) == 2
        assert [h.student.moodle_id for h in found if h.student.key == "Anna Müller_101"] == ["101"]


def test_those_whom_the_gradebook_knows_keep_their_keys(tmp_path):
    old = Student("Anna Müller", "Anna Müller", moodle_id="101")  # as earlier versions wrote it
    book = _book(tmp_path, _graded(old), _graded(Student("ben", "ben")))
    paths = [_moodle(tmp_path / "2.zip", Anna_101=b"1", Anna_102=b"2")]
    paths += [save(tmp_path / "more", f"{name}.ipynb") for name in ("ben", "Anna Müller")]
    found = collect(paths, STEMS, gradebook.people(book))
    numbers = {h.student.key: h.student.moodle_id for h in found}
    assert numbers == {
        "Anna Müller": "101",
        "Anna Müller_102": "102",
        "ben": "",
        "Anna Müller (no number)": "",
    }
    more = _book(tmp_path / "again", *(_graded(h.student) for h in found))
    assert _keys(collect(paths, STEMS, gradebook.people(more))) == _keys(found), "and so the next time"


def test_a_book_in_which_one_key_stands_for_two_people(tmp_path):
    annas = [Student("Anna Müller", "Anna Müller", moodle_id=n) for n in ("101", "102")]
    book = _book(tmp_path, _graded(annas[0], "one"))
    gradebook.change(book, student="Anna Müller", lab="03", exercise="3.2", points=1, reason="r", by="me")
    for anna in annas[1:]:
        gradebook.record(book, samples.RUN.id, _graded(anna, "two"))
    standings = gradebook.standing(book)
    assert {k: s.digest for (k, _), s in standings.items()} == {
        "Anna Müller": "one",
        "Anna Müller_102": "two",
    }
    assert standings["Anna Müller", "03"].counted["3.2"].points == 1
    assert standings["Anna Müller_102", "03"].counted["3.2"].points == 0


def test_a_key_of_an_old_book_stands_for_one_student_in_all_labs(tmp_path):
    """Moodle has another number for a student in every assignment."""
    anna = [Student("Anna", "Anna", moodle_id=n) for n in ("101", "207")]
    book = _book(tmp_path, _graded(anna[0]), _graded(anna[1], lab="04"))
    gradebook.change(book, student="Anna", lab="03", exercise="3.2", points=1, reason="r", by="me")
    standings = gradebook.standing(book)
    assert {key: s.student.moodle_id for key, s in standings.items()} == {
        ("Anna", "03"): "101", ("Anna", "04"): "207"
    }  # fmt: skip
    assert standings["Anna", "03"].counted["3.2"].points == 1


def test_a_late_file_replaces_the_earlier_one_and_it_is_said_everywhere(tmp_path):
    anna, other = (Student(f"Anna_{n}", "Anna", moodle_id=n) for n in ("101", "102"))
    book = _book(tmp_path, _graded(anna, "one", file="early.ipynb"), _graded(other))
    gradebook.record(book, samples.RUN.id, _graded(anna, "two", file="late.ipynb"))
    gradebook.record(book, samples.RUN.id, _graded(Student("anna v2", "anna v2")))
    standings = gradebook.standing(book)
    assert len(standings) == 3
    (said,) = standings["Anna_101", "03"].merged
    assert "before: early.ipynb (graded on" in said
    assert not standings["Anna_102", "03"].merged
    exports.write_all(book, tmp_path, COURSE)
    notes = (tmp_path / "exports.txt").read_text()
    page = overview_page([(_graded(s.student), s) for s in standings.values()], samples.RUN, tmp_path)
    for text in (notes, page):
        assert "early.ipynb (graded on" in text
        assert "Anna (101)" in text and "Anna (102)" in text and "anna v2" in text
    assert "ONE STUDENT, OR TWO?" in notes and "DIFFERENT STUDENTS OF ONE NAME" in notes
    assert "One student, or two?" in page and "by 3 students" in page
    assert "early.ipynb" in (tmp_path / "grades.csv").read_text("utf-8-sig")


def test_what_counts_without_a_result_is_on_the_overview():
    gone = samples.standing(samples.graded("Ada", samples.marks("right")))
    page = overview_page([], samples.RUN, Path("out"), [gone])
    assert "not on this page" in page and "Ada" in page


@pytest.mark.parametrize(
    ("said", "means"),
    [("Anna_101", "Anna_101"), ("102", "Anna_102"), ("Ben Ali", "Ben Ali_103"), ("Anna (old)", "Anna (old)")],
)
def test_points_are_set_for_a_key_a_number_or_a_name(tmp_path, said, means):
    people = [Student(f"{name}_{n}", name, moodle_id=n) for name, n in (("Anna", "101"), ("Anna", "102"))]
    people += [Student("Ben Ali_103", "Ben Ali", moodle_id="103"), Student("Anna (old)", "Anna (old)")]
    book = _book(tmp_path, *map(_graded, people))
    gradebook.change(book, student=said, lab="03", exercise="3.2", points=1.5, reason="r", by="me")
    raised = [k for (k, _), s in gradebook.standing(book).items() if s.counted["3.2"].points == 1.5]
    assert raised == [means]
    with pytest.raises(
        GradebookError, match=r"several students: Anna \(101\), Anna \(102\). Write one of '101', '102'"
    ):
        gradebook.find(gradebook.standing(book), "Anna", "03")
    with pytest.raises(GradebookError, match="did you mean 'Ben Ali'?"):
        gradebook.find(gradebook.standing(book), "Ben Aly", "03")


def test_a_name_is_looked_for_in_the_lab_that_is_meant(tmp_path):
    book = _book(
        tmp_path,
        *(
            _graded(Student(f"Anna_{n}", "Anna", moodle_id=n), lab=lab)
            for n, lab in (("1", "03"), ("2", "04"))
        ),
    )
    standings = gradebook.standing(book)
    assert gradebook.find(standings, "Anna", "03") == "Anna_1"
    assert gradebook.find(standings, "Anna", "04") == "Anna_2"
    with pytest.raises(GradebookError, match="handed in no lab '05'. There: 03, 04"):
        gradebook.find(standings, "Anna", "05")


def test_a_student_of_moodle_is_counted_once_over_all_labs():
    made = [
        _graded(Student(f"{name}_{n}", name, moodle_id=str(n)), lab=lab)
        for n, (name, lab) in enumerate(
            [("Anna", "03"), ("Anna", "03"), ("Ben", "03"), ("Anna", "04"), ("Ben", "04")]
        )
    ]
    page = overview_page([(g, samples.standing(g)) for g in made], samples.RUN, Path("out"))
    assert "5 submissions by 3 students" in page


NEAR = [
    ("Anna Müller", "Mueller, Anna"), ("Anna Müller", "anna_muller"), ("Anna Müller", "muelleranna"),
    ("anna", "anna v2"), ("anna", "anna2"), ("Jonathan", "Jonahtan"), ("Łukasz", "Lukasz"), ("anna", "Anna"),
]  # fmt: skip
FAR = [
    ("Anna", "Hanna"), ("s12345", "s12346"), ("student 1", "student 2"), ("Bo", "Bob"), ("Anna", "Annika"),
    ("Anna Müller", "Anna Schmidt"), ("Ben Meier", "Ben Maier Schulz"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "asked"), [(*p, True) for p in NEAR] + [(*p, False) for p in FAR])
def test_which_names_are_near(one, other, asked):
    pair = Student(one, one), Student(f"key of {other}", other)
    assert bool(near(pair)) == asked
    assert bool(near(reversed(pair))) == asked


def test_a_large_class_is_compared_in_a_moment():
    everyone = [Student(f"{n}", f"Student {n:04d} {'abcde'[n % 5] * 300}") for n in range(1000)]
    assert near(everyone) == []
    same = [Student(f"{n}", "one name") for n in range(1000)]
    assert len(near(same)) < 2000
