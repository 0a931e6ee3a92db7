"""Late work: told by what the platform says, marked everywhere, and never a matter of points."""

import csv
import os
import zipfile
from datetime import datetime

import pytest

from labkit_instructor.authoring.course import Course
from labkit_instructor.gradebook import book as gradebook
from labkit_instructor.gradebook import exports
from labkit_instructor.reports.feedback import feedback_page
from labkit_instructor.reports.overview import overview_page
from labkit_instructor.submissions import lateness
from labkit_instructor.submissions.intake import collect, newest
from tests.instructor import grading_samples as samples
from tests.instructor.handed import save

LAB = "03_training_loop.ipynb"
UNTIL = lateness.deadline("2026-11-20 23:59")
LATE, EARLY = (2026, 11, 21, 8, 15, 0), (2026, 11, 20, 23, 59, 0)


def _zip(path, **times):
    with zipfile.ZipFile(path, "w") as archive:
        for number, (who, when) in enumerate(times.items()):
            info = zipfile.ZipInfo(f"{who}_{100 + number}_assignsubmission_file_/{LAB}", when)
            archive.writestr(info, who)
    return path


def _late(paths):
    return {h.student.name: h.late for h in lateness.marked(collect(paths), UNTIL)}


def test_the_times_of_moodle_tell(tmp_path):
    path = _zip(tmp_path / "m.zip", Anna=LATE, Ben=EARLY, Cleo=(2026, 11, 1, 0, 0, 0))
    said = "handed in 2026-11-21 08:15, after 2026-11-20 23:59"
    assert _late([path]) == {"Anna": said, "Ben": "", "Cleo": ""}
    assert not lateness.untimed(collect([path]))
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            archive.extract(info, tmp_path / "out")
            os.utime(tmp_path / "out" / info.filename, (datetime(*info.date_time).timestamp(),) * 2)
    assert _late([tmp_path / "out"])["Anna"] == said, "unpacked, too"


def test_the_time_of_a_download_tells_nothing(tmp_path):
    for when in (LATE, (1980, 1, 1, 0, 0, 0)):
        path = _zip(tmp_path / "m.zip", Anna=when, Ben=when, Cleo=when)
        assert set(_late([path]).values()) == {""}
        assert len(lateness.untimed(collect([path]))) == 3
    assert _late([_zip(tmp_path / "one.zip", Anna=LATE)])["Anna"], "one late file has one time"


def test_canvas_says_it_itself_and_the_times_of_copies_do_not_count(tmp_path):
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        for name in ("anna_LATE_1_200_", "ben_2_300_"):
            archive.writestr(zipfile.ZipInfo(name + LAB, LATE), name)
    save(tmp_path / "people", f"cleo/{LAB}")
    found = _late([tmp_path / "c.zip", tmp_path / "people"])
    assert found == {"anna": lateness.LATE_IN_CANVAS, "ben": "", "cleo": ""}
    assert [h.student.name for h in lateness.untimed(collect([tmp_path / "people"]))] == ["cleo"]


def test_a_late_file_that_replaces_one_in_time_says_so(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        for name, when in (("a", EARLY), ("b", LATE)):
            archive.writestr(zipfile.ZipInfo(f"Anna_1_assignsubmission_file_/{name}.ipynb", when), name)
    ((kept, _),) = newest(lateness.marked(collect([tmp_path / "m.zip"]), UNTIL), ["03"] * 2)
    assert kept.name == "b.ipynb" and kept.late
    assert kept.merged == ("the newest of 2 files was graded; left out: a.ipynb (in time)",)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20 23:59", datetime(2026, 11, 20, 23, 59)),
        ("2026-11-20T18:00:30", datetime(2026, 11, 20, 18, 0, 30)),
        ("2026-11-20", datetime(2026, 11, 20, 23, 59, 59, 999999)),
    ],
)
def test_a_deadline_is_a_moment_or_the_end_of_a_day(text, moment):
    assert lateness.deadline(text) == moment


def test_it_is_marked_everywhere_and_takes_no_points(tmp_path):
    late = samples.graded("Anna", samples.marks("right"), late="handed in 2026-11-21 08:15, after noon")
    book = tmp_path / "gradebook.jsonl"
    gradebook.record_run(book, samples.RUN)
    for one in (late, samples.graded("Ben", samples.marks("right"))):
        gradebook.record(book, samples.RUN.id, one)
    exports.write_all(book, tmp_path, Course("GANs", "a/b", "main"))
    with (tmp_path / "grades.csv").open(encoding="utf-8-sig") as file:
        rows = {row["student"]: (row["total"], row["late"]) for row in csv.DictReader(file)}
    assert rows == {"anna": ("3", late.late), "ben": ("3", "")}
    standings = gradebook.standing(book)
    pages = [
        overview_page([(late, standings["anna", "03"])], samples.RUN, tmp_path),
        feedback_page(late, standings["anna", "03"]),
        (tmp_path / "exports.txt").read_text(),
    ]
    assert all("handed in 2026-11-21 08:15, after noon" in page for page in pages)
