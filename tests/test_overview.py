"""The overview: counts that are right, groups that help, and a page that stays small and harmless."""

import pytest

from labkit.exercises.spec import Finding
from labkit.instructor.books.standing import Counted
from labkit.instructor.marks import Mark, Run
from labkit.instructor.views import tallies
from labkit.instructor.views.overview import overview_page, write_overview
from labkit.instructor.views.tallies import Row
from tests import grading_samples as samples
from tests.test_feedback import Tags, harmless


def row(name, *statuses, **changes):
    one = samples.graded(name, samples.marks(*statuses), **changes)
    return Row(one, samples.standing(one))


def page(rows, run=samples.RUN):
    return overview_page([(r.graded, r.standing) for r in rows], run)


def test_statuses_are_counted_per_exercise():
    rows = [row("a", "right", "wrong"), row("b", "right", "right"), row("c", "raised", "wrong")]
    assert tallies.statuses(rows, "3.1") == {"right": 2, "raised": 1}
    assert tallies.statuses(rows, "3.2") == {"wrong": 2, "right": 1}
    assert tallies.exercises(rows) == ["3.1", "3.2"]
    assert tallies.average(rows, "3.1") == 2.0 and tallies.average(rows, "9.9") is None


def test_exercises_stand_in_the_order_of_the_lab():
    made = tuple(Mark(i, "right", 1.0, 1.0) for i in ("3.10", "3.2", "3.1"))
    assert tallies.exercises([Row(one := samples.graded(made=made), samples.standing(one))]) == [
        "3.1",
        "3.2",
        "3.10",
    ]


def test_what_went_wrong_is_grouped_by_property_and_cause():
    other = Finding("the fakes are detached", False, "nan", "0", "another cause")
    rows = [row(n, "wrong") for n in "abc"]
    late = samples.graded("d", (Mark("3.1", "timed out", 0.0, 3.0, "after 20 s"),))
    differs = samples.graded("e", samples.marks("wrong", findings=(Finding("x", True), other)))
    rows += [Row(late, samples.standing(late)), Row(differs, samples.standing(differs)), row("f", "right")]
    groups = tallies.failures(rows, "3.1")
    assert [(len(g.rows), g.cause or g.what) for g in groups] == [
        (3, samples.WRONG.cause),
        (1, "after 20 s"),
        (1, "another cause"),
    ]
    assert groups[0].got == "0.1342" and groups[0].property and not groups[1].property


def test_errors_are_grouped_by_their_kind():
    rows = []
    for name, got in (("a", "TypeError: x [line 1]"), ("b", "TypeError: y"), ("c", "<b>"), ("d", "KeyError")):
        found = (Finding("`f(x)` runs", False, got, "no error"),)
        one = samples.graded(name, (Mark("3.1", "raised", 0.0, 3.0, findings=found),))
        rows.append(Row(one, samples.standing(one)))
    groups = tallies.failures(rows, "3.1")
    assert [(len(g.rows), g.what) for g in groups] == [
        (2, "stops with `TypeError`"),
        (1, "`f(x)` runs"),
        (1, "stops with `KeyError`"),
    ]
    assert tallies.place(rows[0]).why == "stops with `TypeError`"


@pytest.mark.parametrize(
    ("statuses", "kind", "exercise"),
    [
        (("right", "wrong", "raised"), "stuck", "3.2"),
        (("right", "not attempted", "timed out"), "stuck", "3.3"),
        (("right", "not attempted", "right"), "stopped", "3.2"),
        (("not attempted", "missing", "to review"), "not started", ""),
        (("right", "right", "to review"), "through", ""),
        (("refused", "missing", "refused"), "unread", ""),
        (("right", "refused", "right"), "stuck", "3.2"),
    ],
)
def test_where_a_student_is(statuses, kind, exercise):
    where = tallies.place(row("a", *statuses))
    assert (where.kind, where.exercise) == (kind, exercise)


def test_points_given_by_hand_unstick():
    one = samples.graded(made=samples.marks("wrong", "right"))
    mended = samples.standing(one, e3_1=Counted(one.marks[0], 2.0, "wrong", "manual", "cut in two"))
    assert tallies.place(Row(one, mended)).kind == "through"
    assert Row(one, mended).points == 5.0
    text = Tags(page([Row(one, mended)])).text
    assert "Points set by hand" in text and "cut in two" in text


def test_the_page_tells_what_an_instructor_asks(tmp_path):
    rows = [row(f"Stu {n}", "wrong", "right", "to review", notes=("saved by Colab",)) for n in range(9)]
    rows += [row("Zoe Late", "refused", "refused", "refused"), row("Amy Done", "right", "right", "right")]
    path = write_overview([(r.graded, r.standing) for r in rows], tmp_path / "new", run=samples.RUN)
    text = path.read_text(encoding="utf-8")
    seen = harmless(text)
    for words in (
        "11 submissions by 11 students",
        "3.3: 9 answers.",
        "Could not be graded",
        "9 stuck at 3.1",
        "1 through all the code",
        "9 ×",
        "saved by Colab",
        "824513",
        "bubblewrap 0.8.0",
        "2026-01-02 03:04:05 UTC",
    ):
        assert words in seen.text, words
    links = {v for t, n, v in seen.attributes if n == "href"}
    assert {f"feedback/{r.graded.slug}.html" for r in rows} <= links and "review/3.3.html" in links
    grid = text[text.index('<table class="grid">') :]
    assert grid.index("Zoe Late") < grid.index("Stu 0") < grid.index("Amy Done"), "fewest points first"


def test_without_a_sandbox_the_page_says_so():
    one = samples.graded(made=samples.marks("right"))
    rows = [Row(one, samples.standing(one, unsafe=True)), row("b", "right")]
    assert "1 submission graded without a sandbox (--unsafe)" in Tags(page(rows)).text
    assert "without a sandbox" not in Tags(page([row("b", "right")])).text
    unsafe = Run("r", 1, (), "none (--unsafe)", "0.1.0", "now")
    assert "without a sandbox (--unsafe)" in Tags(page([row("b", "right")], unsafe)).text


def test_labs_are_told_apart():
    other = samples.graded("a", (Mark("1.1", "right", 1.0, 1.0),), lab="01")
    text = page([row("a", "right"), Row(other, samples.standing(other))])
    assert "2 submissions by 1 student" in Tags(text).text
    assert text.index('id="lab01"') < text.index('id="lab03"')


def test_an_empty_class_is_a_page_too():
    assert "0 submissions by 0 students" in Tags(page([])).text


def test_hostile_submissions_do_nothing():
    evil = samples.hostile()
    blank = samples.graded("b", ())
    rows = [
        Row(evil, samples.standing(evil)),
        Row(blank, samples.standing(blank)),
        row("c", "right", "wrong"),
    ]
    text = page(rows, Run(samples.EVIL, 1, (samples.EVIL,), samples.EVIL, samples.EVIL, samples.EVIL))
    harmless(text)
    assert len(text) < 100_000


def test_two_hundred_students_fit_on_a_page():
    kinds = ("right", "wrong", "raised", "not attempted")
    rows = [row(f"Student {n}", *(kinds[(n + k) % 4] for k in range(7)), "to review") for n in range(200)]
    text = page(rows)
    assert len(text) < 300_000, "opens at once"
    assert "<details" in text and text.count('<th scope="row">') == 200
    mine = text[text.index("What went wrong") : text.index("Who is stuck")]
    visible = "".join(part.split("</details>")[-1] for part in mine.split("<details"))
    assert visible.count("<a ") < 50, "long lists of names are folded"
