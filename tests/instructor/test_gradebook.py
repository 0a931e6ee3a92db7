"""The gradebook: nothing is erased, a kill costs at most the line it cut, and a person's word stands."""

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from labkit.exercises.exercise import Finding
from labkit_instructor.gradebook import book as gradebook
from labkit_instructor.gradebook import journal
from labkit_instructor.gradebook.book import GradebookError, Review, standing
from labkit_instructor.marks import Batch, Graded, Mark, Student, slug

RUN = Batch("r1", 7, ("03",), "bubblewrap 0.8.0", "0.1.0", "2026-09-01T08:00:00+00:00")
TEXT = "D becomes sure, and the gradient vanishes."
ODD_NAMES = (
    "Ada",
    "=cmd|' /C calc'!A0",
    'Müller, "J"',
    "李小龍 🎉",
    "\u202eevil",
    "bad\udcff",
    "two\nlines",
    "",
)


def mark(exercise="3.1", status="right", points=3.0, out_of=3.0, **more):
    return Mark(exercise, status, points, out_of, **more)


def graded(key="ada", digest="d1", text=TEXT, marks=None, lab="03"):
    marks = marks or (mark(), mark("3.2", "wrong", 0.0), mark("3.8", "to review", None, 4.0))
    return Graded(Student(key, key.title()), lab, "a.ipynb", digest, marks, written={"3.8": text})


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "gradebook.jsonl"
    gradebook.record_run(path, RUN)
    gradebook.record(path, "r1", graded())
    return path


def read(points=3.0, comment="good", text=TEXT, student="ada", where=""):
    return Review(student, "03", "3.8", points, comment, gradebook.text_digest(text), where)


def set_by_hand(book, points, exercise="3.2", reason="a slip of ours", **more):
    who = {"student": "ada", "lab": "03", "by": "Grace"} | more
    gradebook.change(book, exercise=exercise, points=points, reason=reason, **who)


def counted(book, exercise):
    return standing(book)[("ada", "03")].counted[exercise]


def test_what_was_recorded_comes_back(tmp_path):
    book = tmp_path / "new" / "gradebook.jsonl"
    finding = Finding("the fakes are detached", False, "1", "0", "detach them")
    one = replace(
        graded(marks=(mark(findings=(finding,), notes=("n",), printed="hi\x00"),)),
        figures={"3.1": ("iVBOR",)},
        sources={"3.1": "def f(): ..."},
        notes=("repaired",),
    )
    gradebook.record_run(book, RUN)
    gradebook.record(book, "r1", one)
    now = standing(book)[("ada", "03")]
    assert now.counted["3.1"].mark == one.marks[0] and now.student == one.student
    assert (now.file, now.digest, now.notes, now.unsafe) == ("a.ipynb", "d1", ("repaired",), False)
    content = book.read_text()
    assert "iVBOR" not in content and "def f" not in content and TEXT not in content
    assert gradebook.runs(book) == [RUN]


def test_no_book_is_an_empty_book(tmp_path):
    assert standing(tmp_path / "gradebook.jsonl") == {}
    assert gradebook.finished(tmp_path / "gradebook.jsonl", RUN) == set()


def test_a_regrade_counts_and_erases_nothing(book):
    before = book.read_bytes()
    gradebook.record(book, "r1", graded(marks=(mark("3.2", "right", 3.0),)))
    now = counted(book, "3.2")
    assert (now.points, now.status) == (3.0, "right")
    assert [e.points for e in now.history] == [0.0, 3.0]
    assert book.read_bytes().startswith(before)


def test_points_set_by_hand_stand_until_handed_back(book):
    set_by_hand(book, 2.5)
    gradebook.record(book, "r1", graded(digest="d2"))
    now = counted(book, "3.2")
    assert (now.points, now.source, now.comment, now.status) == (2.5, "manual", "a slip of ours", "wrong")
    set_by_hand(book, None, reason="it was right after all")
    now = counted(book, "3.2")
    assert (now.points, now.source) == (0.0, "graded")
    assert [e.what for e in now.history] == ["graded", "set by hand", "graded", "handed back"]
    assert [e.by for e in now.history] == ["r1", "Grace", "r1", "Grace"]


def test_a_change_by_hand_remembers_what_the_machine_gave_then(book):
    set_by_hand(book, 1.5)
    assert (counted(book, "3.2").was, counted(book, "3.2").mark.points) == (0.0, 0.0)
    assert gradebook.overridden(standing(book)[("ada", "03")]) == []  # the change is newer than the mark
    gradebook.record(book, "r1", graded(digest="d2", marks=(mark(), mark("3.2", "right", 3.0))))
    now = standing(book)[("ada", "03")]
    assert (now.counted["3.2"].points, now.counted["3.2"].was, now.counted["3.2"].mark.points) == (1.5, 0, 3)
    assert gradebook.overridden(now) == [("3.2", 1.5, 3.0)]
    set_by_hand(book, 2.0)  # decided again, with the new mark in sight
    now = standing(book)[("ada", "03")]
    assert now.counted["3.2"].was == 3.0 and gradebook.overridden(now) == []
    set_by_hand(book, None)
    assert counted(book, "3.2").was is None and not counted(book, "3.2").regraded


def test_a_mark_by_hand_that_the_machine_comes_to_share_is_not_overridden(book):
    set_by_hand(book, 3.0)
    gradebook.record(book, "r1", graded(marks=(mark(), mark("3.2", "right", 3.0))))
    assert counted(book, "3.2").regraded and gradebook.overridden(standing(book)[("ada", "03")]) == []


def test_over_a_written_answer_the_machine_has_no_points(book):
    set_by_hand(book, 2.0, exercise="3.8")
    gradebook.record(book, "r1", graded())
    assert counted(book, "3.8").was is None and gradebook.overridden(standing(book)[("ada", "03")]) == []


def test_a_review_makes_the_total_final(book):
    assert standing(book)[("ada", "03")].total.waiting == ("3.8",)
    assert gradebook.review(book, [read(2.5)], by="Grace") == 1
    now = standing(book)[("ada", "03")]
    assert (now.total.points, now.total.out_of, now.total.waiting) == (5.5, 10.0, ())
    assert (now.counted["3.8"].status, now.counted["3.8"].comment) == ("reviewed", "good")


def test_a_review_stands_as_long_as_the_text_is_the_same(book):
    gradebook.review(book, [read()])
    gradebook.record(book, "r1", graded(digest="d2", text=TEXT + " \r\n\r\n"))
    assert counted(book, "3.8").points == 3.0
    gradebook.record(book, "r1", graded(digest="d3", text=TEXT + " Also, it collapses."))
    assert (counted(book, "3.8").points, counted(book, "3.8").status) == (None, "to review")
    gradebook.record(book, "r1", graded(digest="d2"))
    assert counted(book, "3.8").points == 3.0  # the text that was read is back


def test_a_review_does_not_outlive_the_answer(book):
    gradebook.review(book, [read()])
    gone = graded(digest="d2", text="", marks=(mark("3.8", "missing", 0.0, 4.0),))
    gradebook.record(book, "r1", gone)
    assert (counted(book, "3.8").points, counted(book, "3.8").status) == (0.0, "missing")


def test_points_set_by_hand_stand_over_a_review_and_uncover_it_again(book):
    gradebook.review(book, [read(2.0)])
    set_by_hand(book, 4.0, exercise="3.8")
    assert gradebook.review(book, [read(2.0)]) == 0  # the same sheet again, for the others on it
    gradebook.review(book, [read(1.0)])
    assert counted(book, "3.8").points == 4.0
    set_by_hand(book, None, exercise="3.8")
    assert (counted(book, "3.8").points, counted(book, "3.8").source) == (1.0, "review")
    set_by_hand(book, None, exercise="3.8")
    assert counted(book, "3.8").points is None
    assert gradebook.review(book, [read(1.0)]) == 1  # handed back and merged again: a new reading
    assert counted(book, "3.8").points == 1.0


def test_merging_a_sheet_again_adds_nothing(book):
    gradebook.review(book, [read()])
    before = book.read_bytes()
    assert gradebook.review(book, [read()]) == 0
    assert book.read_bytes() == before
    assert gradebook.review(book, [read(comment="better said")]) == 1
    assert counted(book, "3.8").comment == "better said"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"student": "adda"}, "no student 'adda' in the gradebook; did you mean 'Ada'?"),
        ({"student": "x"}, "no student 'x' in the gradebook. There: 'Ada'"),
        ({"lab": "04"}, "handed in no lab '04'. There: 03"),
        ({"exercise": "3.9"}, "no exercise '3.9'. There: 3.1, 3.2, 3.8"),
        ({"points": 3.5}, "3.5 points are out of bounds; give from 0 to 3"),
        ({"points": -1}, "out of bounds"),
        ({"points": float("nan")}, "out of bounds"),
        ({"points": float("inf"), "bonus": True}, "out of bounds; give 0 or more"),
        ({"reason": "  "}, "needs a reason"),
        ({"points": None}, "nothing to hand back"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(book, more, said):
    before = book.read_bytes()
    with pytest.raises(GradebookError, match=said):
        set_by_hand(book, **({"points": 1.0} | more))
    assert book.read_bytes() == before


def test_a_bonus_has_to_be_called_one(book):
    set_by_hand(book, 5.0, bonus=True)
    assert counted(book, "3.2").points == 5.0


def test_a_large_class_is_not_listed_in_full(book):
    for n in range(40):
        gradebook.record(book, "r1", graded(f"student {n}"))
    with pytest.raises(GradebookError, match="'Student 0', .* and 33 more") as caught:
        set_by_hand(book, 1.0, student="x")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (read(4.5, where="3.8.csv, row 2"), "3.8.csv, row 2: 4.5 points are out of bounds"),
        (read(text="another", where="3.8.csv, row 2"), "row 2: ada has handed in another text"),
        (read(student="bob", where="3.8.csv, row 2"), "row 2: no student 'bob'"),
        (replace(read(where="3.8.csv, row 2"), exercise="3.1"), "row 2: 3.1 of ada has no written answer"),
    ],
)
def test_a_wrong_row_stops_the_whole_merge(book, row, said):
    gradebook.record(book, "r1", graded("eve"))
    before = book.read_bytes()
    with pytest.raises(GradebookError, match=said):
        gradebook.review(book, [read(student="eve"), row])
    assert book.read_bytes() == before


def test_two_rows_for_one_answer_are_refused(book):
    with pytest.raises(GradebookError, match="row 5: 3.8 of ada stood in row 2 already"):
        gradebook.review(book, [read(where="row 2"), read(1.0, where="row 5")])


def test_resume_skips_what_a_run_like_this_one_has_finished(book):
    done = gradebook.resume_key("ada", "03", "d1")
    assert gradebook.finished(book, replace(RUN, id="r2", started="later")) == {done}
    for other in ({"seed": 8}, {"labs": ()}, {"sandbox": "none (--unsafe)"}, {"version": "0.2.0"}):
        assert gradebook.finished(book, replace(RUN, **other)) == set()
    assert gradebook.resume_key("ada", "03", "d2") not in gradebook.finished(book, RUN)


def test_an_unsafe_run_is_known_by_its_last_grading(book):
    gradebook.record_run(book, replace(RUN, id="r2", sandbox="none (--unsafe)"))
    gradebook.record(book, "r2", graded("bob"))
    now = standing(book)
    assert now[("bob", "03")].unsafe and not now[("ada", "03")].unsafe


def test_totals_over_labs(book):
    tenths = tuple(mark(f"4.{n}", "right", 0.1, 0.1) for n in range(3))
    gradebook.record(book, "r1", graded(lab="04", marks=tenths))
    total = gradebook.totals(standing(book))["ada"]
    assert (total.points, total.out_of, total.waiting) == (3.3, 10.3, ("3.8",))


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_go_through(book, name):
    gradebook.record(book, "r1", graded(name, text=name))
    now = standing(book)[(name, "03")]
    assert now.student.key == name and now.texts["3.8"] == gradebook.text_digest(name)
    assert book.read_bytes().isascii()


# --- files that a kill, a disk or a person has damaged ---


def test_any_torn_end_costs_one_line_and_no_more(book, capsys):
    whole = book.read_bytes()
    lines = whole.splitlines(keepends=True)
    random_cuts = random.Random(5).sample(range(1, len(lines[-1]) - 1), 40)
    for cut in (*random_cuts, len(lines[-1]) - 2):
        book.write_bytes(lines[0] + lines[1][:cut])
        assert standing(book) == {}
        assert "torn" in capsys.readouterr().err
        assert len(book.read_bytes()) == len(lines[0]) + cut  # reading repairs nothing
        gradebook.record(book, "r1", graded("bob"))
        assert "cut off" in capsys.readouterr().err
        assert list(standing(book)) == [("bob", "03")]
        assert capsys.readouterr().err == ""
        assert book.read_bytes().startswith(lines[0] + b'{"entry":"graded"')


def test_a_whole_line_that_lacks_only_its_end_is_kept(book, capsys):
    book.write_bytes(book.read_bytes()[:-1])
    assert ("ada", "03") in standing(book)
    gradebook.record(book, "r1", graded("bob"))
    assert list(standing(book)) == [("ada", "03"), ("bob", "03")] and capsys.readouterr().err == ""


def test_zeros_at_the_end_as_a_power_cut_leaves_them(book):
    book.write_bytes(book.read_bytes() + b"\0" * 5000)
    gradebook.record(book, "r1", graded("bob"))
    assert list(standing(book)) == [("ada", "03"), ("bob", "03")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"entry":"gra', "line 2 is broken"),
        (b"\xff\xfe", "line 2 is broken"),
        (b"[1, 2]", "line 2 is broken"),
        (b'{"entry":"later","time":""}', "line 2 is no entry.*'later'"),
        (b'{"time":""}', "line 2 is no entry.*'entry' is missing"),
        (b'{"entry":"graded","time":"","run":"r9"}', "line 2 is no entry.*'r9' is not started"),
        (b'{"entry":"change","time":"","student":"x","lab":"03"}', "line 2 .*lab 03 of x is not graded"),
    ],
)
def test_a_broken_line_in_the_middle_is_named_and_nothing_dropped(book, line, said):
    first, second = book.read_bytes().splitlines(keepends=True)
    book.write_bytes(first + line + b"\n" + second)
    before = book.read_bytes()
    with pytest.raises(GradebookError, match=said):
        standing(book)
    assert book.read_bytes() == before


def test_any_flipped_byte_is_found_or_harmless(book):
    """No damage in the middle makes `standing` raise anything else, or lose a student unseen."""
    whole = book.read_bytes()
    chance = random.Random(3)
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole) - 1)] = chance.randrange(256)
        book.write_bytes(damaged)
        try:
            assert len(standing(book)) == 1
        except GradebookError as error:
            assert "line" in str(error)


def test_a_killed_writer_leaves_a_book_that_reads(tmp_path):
    book = tmp_path / "gradebook.jsonl"
    child = subprocess.Popen([sys.executable, "-c", _WRITER, str(book)], stdout=subprocess.PIPE)
    told = [child.stdout.readline() for _ in range(30)][-1]
    child.send_signal(signal.SIGKILL)
    told = max(int(told), *(int(line) for line in child.stdout.read().split()), 0)
    child.wait()
    child.stdout.close()
    gradebook.record(book, "r1", graded("after"))  # the lock died with its owner
    keys = [key for key, _ in standing(book)]
    assert keys[-1] == "after" and keys[: told + 1] == [f"s{n}" for n in range(told + 1)]


_WRITER = """
import sys
from pathlib import Path
from labkit_instructor.gradebook import book as gradebook
from tests.instructor.test_gradebook import RUN, graded
book = Path(sys.argv[1])
gradebook.record_run(book, RUN)
for n in range(100_000):
    gradebook.record(book, "r1", graded(f"s{n}"))
    print(n, flush=True)
"""


def _write_some(book: Path, who: int) -> None:
    for n in range(30):
        gradebook.record(book, "r1", graded(f"{who}-{n}", text="x" * 20_000))


def test_writers_at_the_same_time_take_turns(book):
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write_some, args=(book, who)) for who in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert {key for key, _ in standing(book)} == {"ada"} | {f"{w}-{n}" for w in range(3) for n in range(30)}


def test_a_writer_that_hangs_is_waited_for_and_then_named(book):
    with journal._locked(book, 1.0):
        start = time.monotonic()
        with pytest.raises(GradebookError, match="is being written by another labkit grade"):
            journal.append(book, [{"entry": "x"}], patience=0.1)
        assert time.monotonic() - start < 5
    gradebook.record(book, "r1", graded("bob"))


def test_a_child_that_was_forked_under_the_lock_does_not_keep_it(book):
    with journal._locked(book, 1.0):
        child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
        child.start()
    try:
        journal.append(book, [{"entry": "x"}], patience=0.5)
    finally:
        child.kill()
        child.join()


@pytest.mark.skipif(os.name == "nt", reason="limits of file size are a matter of POSIX")
def test_a_full_disk_leaves_no_half_line(book):
    import resource

    before = book.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, limits[1]))
    try:
        with pytest.raises(GradebookError, match="nothing could be added"):
            gradebook.record(book, "r1", graded("bob"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert book.read_bytes() == before


def test_what_is_no_plain_data_is_refused(book):
    before = book.read_bytes()
    with pytest.raises(GradebookError, match="not plain data"):
        gradebook.record(book, "r1", graded(marks=(mark(points=float("nan")),)))
    assert book.read_bytes() == before


def test_a_term_of_a_large_course_reads_in_a_moment(tmp_path):
    """200 students, 6 labs, 5 gradings each: written in one go here, as `record` syncs every line."""
    book = tmp_path / "gradebook.jsonl"
    gradebook.record_run(book, RUN)
    findings = tuple(Finding(f"property {n}", True) for n in range(5))
    marks = tuple(mark(f"3.{n}", findings=findings, printed="x" * 300) for n in range(8))
    gradebook.record(book, "r1", graded("KEY", marks=marks))
    line = book.read_text().splitlines()[-1]
    some = [line.replace("KEY", f"{s}").replace('"03"', f'"0{lab}"') for s in range(200) for lab in range(6)]
    with open(book, "a") as handle:
        handle.writelines(one + "\n" for _ in range(5) for one in some)
    start = time.process_time()
    now = standing(book)
    spent = time.process_time() - start
    assert len(now) == 1201 and len(now[("7", "03")].counted["3.1"].history) == 5
    assert spent < 8, f"{spent:.1f} s for {book.stat().st_size / 1e6:.0f} MB"
    assert json.loads(line)["entry"] == "graded"


def test_no_two_students_share_a_file():
    keys = {"anna", "Anna", "ánna", "anna!", "student", "", "!"}
    keys |= {slug(key, "03").removesuffix(".lab03") for key in keys}  # called like the file of another
    assert len({slug(key, "03") for key in keys}) == len(keys)
    assert len(slug("Anna", "03").split(".")[0].split("-")[-1]) == 16, (
        "64 bits: nobody finds two names with one"
    )
