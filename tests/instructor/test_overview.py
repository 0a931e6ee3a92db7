"""The overview: counts that are right, groups that help, and a page that stays small and harmless."""

import re
from pathlib import Path

import pytest

from labkit.exercises.exercise import Finding
from labkit_instructor.gradebook.review_sheet import Row
from labkit_instructor.gradebook.standing import Counted
from labkit_instructor.marks import STATUSES, Batch, Mark
from labkit_instructor.reports import pages, tallies
from labkit_instructor.reports.entries import Entry, for_instructor, place
from labkit_instructor.reports.overview import fill, overview_page, write_overview
from labkit_instructor.reports.review_page import merge_command, review_page
from tests.instructor import grading_samples as samples
from tests.instructor.tags import Tags, harmless

OUT = Path("grades/lab 03")


def entry(name, *statuses, **changes):
    one = samples.graded(name, samples.marks(*statuses), **changes)
    return Entry(one, samples.standing(one))


def lost(name, reason="the file is empty", count=2):
    made = tuple(Mark(f"3.{n}", "refused", 0.0, 3.0, reason) for n in range(1, count + 1))
    one = samples.graded(name, made, notes=("an older file was left out", reason))
    return Entry(one, samples.standing(one))


def page(entries, run=samples.RUN, out=OUT):
    return overview_page([(e.graded, e.standing) for e in entries], run, out)


def test_statuses_are_counted_per_exercise():
    entries = [entry("a", "right", "wrong"), entry("b", "right", "right"), entry("c", "raised", "wrong")]
    assert tallies.statuses(entries, "3.1") == {"right": 2, "raised": 1}
    assert tallies.statuses(entries, "3.2") == {"wrong": 2, "right": 1}
    assert tallies.exercises(entries) == ["3.1", "3.2"]
    assert tallies.average(entries, "3.1") == 2.0 and tallies.average(entries, "9.9") is None


def test_exercises_stand_in_the_order_of_the_lab():
    made = tuple(Mark(i, "right", 1.0, 1.0) for i in ("3.10", "3.2", "3.1"))
    assert tallies.exercises([Entry(one := samples.graded(made=made), samples.standing(one))]) == [
        "3.1",
        "3.2",
        "3.10",
    ]


def test_what_went_wrong_is_grouped_by_property_and_cause():
    other = Finding("the fakes are detached", False, "nan", "0", "another cause")
    entries = [entry(n, "wrong") for n in "abc"]
    late = samples.graded("d", (Mark("3.1", "timed out", 0.0, 3.0, "after 20 s"),))
    differs = samples.graded("e", samples.marks("wrong", findings=(Finding("x", True), other)))
    entries += [Entry(one, samples.standing(one)) for one in (late, differs)]
    entries.append(entry("f", "right"))
    groups = tallies.failures(entries, "3.1")
    assert [(len(g.entries), g.cause or g.what) for g in groups] == [
        (3, samples.WRONG.cause),
        (1, "after 20 s"),
        (1, "another cause"),
    ]
    assert groups[0].got == "0.1342" and groups[0].property and not groups[1].property


def test_errors_are_grouped_by_their_kind():
    entries = []
    for name, got in (("a", "TypeError: x [line 1]"), ("b", "TypeError: y"), ("c", "<b>"), ("d", "KeyError")):
        found = (Finding("`f(x)` runs", False, got, "no error"),)
        one = samples.graded(name, (Mark("3.1", "raised", 0.0, 3.0, findings=found),))
        entries.append(Entry(one, samples.standing(one)))
    groups = tallies.failures(entries, "3.1")
    assert [(len(g.entries), g.what) for g in groups] == [
        (2, "stops with `TypeError`"),
        (1, "`f(x)` runs"),
        (1, "stops with `KeyError`"),
    ]
    assert place(entries[0]).why == "stops with `TypeError`"


@pytest.mark.parametrize(
    ("statuses", "kind", "exercise"),
    [
        (("right", "wrong", "raised"), "stuck", "3.2"),
        (("right", "not attempted", "timed out"), "stuck", "3.3"),
        (("right", "not attempted", "right"), "stopped", "3.2"),
        (("not attempted", "missing", "to review"), "not started", ""),
        (("right", "right", "to review"), "finished", ""),
        (("refused", "missing", "refused"), "stuck", "3.1"),
        (("right", "refused", "right"), "stuck", "3.2"),
    ],
)
def test_where_a_student_is(statuses, kind, exercise):
    where = place(entry("a", *statuses))
    assert (where.kind, where.exercise) == (kind, exercise)


def test_an_upload_that_could_not_be_graded_is_unread_until_a_person_gives_points():
    where = place(lost("a", "the file is empty"))
    assert (where.kind, where.why) == ("lost", "the file is empty")
    one = lost("a").graded
    seen_to = samples.standing(one, e3_1=Counted(one.marks[0], 2.0, "refused", "manual", "by mail"))
    assert place(Entry(one, seen_to)).kind == "stuck"


def test_points_given_by_hand_unstick():
    one = samples.graded(made=samples.marks("wrong", "right"))
    changed = samples.standing(one, e3_1=Counted(one.marks[0], 2.0, "wrong", "manual", "cut in two"))
    assert place(Entry(one, changed)).kind == "finished"
    assert Entry(one, changed).points == 5.0
    text = Tags(page([Entry(one, changed)])).text
    assert "Points set by hand" in text and "cut in two" in text


def test_the_page_tells_what_an_instructor_asks(tmp_path):
    entries = [entry(f"Stu {n}", "wrong", "right", "to review", notes=("saved by Colab",)) for n in range(9)]
    entries += [lost("Zoe Late", count=3), entry("Amy Done", "right", "right", "right")]
    path = write_overview([(e.graded, e.standing) for e in entries], tmp_path / "new", run=samples.RUN)
    text = path.read_text(encoding="utf-8")
    seen = harmless(text)
    for words in (
        "11 submissions by 11 students",
        "3.3: 9 answers.",
        "Could not be graded",
        "9 stuck at 3.1",
        "1 finished all the code",
        "9 ×",
        "saved by Colab",
        "824513",
        "bubblewrap 0.8.0",
        "2026-01-02 03:04:05 UTC",
    ):
        assert words in seen.text, words
    links = {v for t, n, v in seen.attributes if n == "href"}
    assert {f"feedback/{e.graded.slug}.html" for e in entries} <= links and "review/3.3.html" in links
    grid = text[text.index('<table class="grid">') :]
    assert grid.index("Zoe Late") < grid.index("Stu 0") < grid.index("Amy Done"), "fewest points first"


def test_what_a_person_has_to_look_at_stands_on_top():
    one = samples.graded(
        "Bo",
        (
            Mark("3.1", "right", 3.0, 3.0),
            Mark("3.2", "refused", 0.0, 3.0, "line 3 imports labkit.losses"),
            Mark("3.3", "refused", 0.0, 3.0, "line 3 imports labkit.losses"),
            Mark("3.4", "refused", 0.0, 3.0, "it calls eval"),
        ),
    )
    seen_to = Counted(one.marks[3], 1.0, "refused", "manual", "the eval was harmless")
    text = page(
        [Entry(one, samples.standing(one, e3_4=seen_to)), lost("Zoe"), entry("Ada", "right", "wrong")]
    )
    top = text[text.index("Look at these yourself") : text.index("Lab 03")]
    seen = Tags(top)
    assert "Zoe: the file is empty" in seen.text and "Bo, 3.2, 3.3: line 3 imports" in seen.text
    assert "eval" not in seen.text and "Ada" not in seen.text, "looked at already, or nothing to look at"
    assert f"feedback/{one.slug}.html#e3.2" in {v for _, n, v in seen.attributes if n == "href"}
    assert "Look at these" not in page([entry("Ada", "right", "wrong", "missing")])


def test_what_could_not_be_graded_is_left_out_of_mean_and_median():
    entries = [lost("Zoe"), entry("a", "right", "right"), entry("b", "right", "wrong")]
    assert tallies.average(entries, "3.1") == 3.0 and tallies.average(entries, "3.2") == 1.5
    text = Tags(page(entries)).text
    assert "3 submissions; median 4.5 of 6 points so far, from 3 to 6; 1 upload that could not be" in text
    assert "left out of median and means" in text and "left out" not in Tags(page(entries[1:])).text
    assert "median" in Tags(page(entries[:1])).text, "also where there is no other"


def test_what_is_no_rarer_is_not_called_so():
    def differs(name, cause):
        found = (Finding("x", False, "1", "2", cause),)
        one = samples.graded(name, samples.marks("wrong", findings=found))
        return Entry(one, samples.standing(one))

    entries = [differs(c, c) for c in "abc"]
    text = Tags(page(entries)).text
    assert "2 more" in text and "rarer" not in text
    text = Tags(page([*entries, differs("d", "a")])).text
    assert "2 rarer ones" in text


def test_notes_speak_to_the_instructor():
    note = "judged with the solution's 3.1, because yours did not pass"
    made = (Mark("3.1", "wrong", 0.0, 3.0), Mark("3.2", "right", 3.0, 3.0, notes=(note,)))
    one = samples.graded(made=made)
    text = Tags(page([Entry(one, samples.standing(one))])).text
    assert "judged with the solution's 3.1, because the student's did not pass" in text
    assert "yours" not in text
    for said, told in (
        (
            "so that you can compare; it is not your answer",
            "so that the student can compare; it is not the student's answer",
        ),
        ("`your_loss` of young you", "`your_loss` of young the student"),
        ("`your", "`your"),
    ):
        assert for_instructor(said) == told


def test_commands_can_be_pasted():
    text = Tags(page([entry("a", "right", "right", "to review")])).text
    command = ".venv/bin/labkit grade --merge 'grades/lab 03/review/3.3.csv' --out 'grades/lab 03'"
    assert command in text
    assert merge_command(Path("g"), "3.8") == ".venv/bin/labkit grade --merge g/review/3.8.csv --out g"


def test_no_two_results_look_alike_in_a_bar():
    style = (pages.TEMPLATES / "style.css").read_text(encoding="utf-8")
    seen = {}
    for status in STATUSES:
        classes = fill(status).split()
        rules = [style.partition(f".fill.{c} {{")[2].partition("}")[0] for c in classes]
        seen[status] = "".join(" ".join(r.split()) for r in rules)
    plain = {s: re.sub(r"var\(--(?!paper)[a-z-]+\)", "colour", rule) for s, rule in seen.items()}
    assert all(seen.values()) and plain["raised"] != plain["refused"]
    assert len(set(seen.values())) == len(STATUSES), seen


def review(rows, texts, out=None):
    class Notebook:
        lab = "03"

        def question(self, exercise):
            return "**Exercise 3.8: why?**"

        def rubric(self, exercise):
            return "*Rubric.* 1 point: sure. *Rubric.*"

        def model_answer(self, exercise):
            return "It saturates."

    return review_page("3.8", Notebook(), rows, texts, out)


def test_a_review_page_puts_first_what_still_waits():
    sheet = [
        Row("03", "3.8", n, 4.0, f"digest {n}", f"s{n}", points=points)
        for n, points in ((1, "2,5"), (2, ""), (3, "4"), (4, ""))
    ]
    text = review(sheet, {f"s{n}": f"text {n}" for n in range(1, 4)}, OUT)
    harmless(text)
    assert re.findall(r'<section id="answer-(\d)">', text) == ["2", "1", "3", "4"]
    seen = Tags(text).text
    assert (
        seen.count("✎ no points yet") == 2
        and seen.count("✔ has points") == 2
        and "in the sheet: 2,5 of 4" in seen
    )
    assert "No points yet: 2 4" in seen and "With points: 1 3" in seen
    assert merge_command(OUT, "3.8") in seen
    assert "with the folder of the grading run for OUT" in Tags(review(sheet, {})).text


def test_the_rubric_is_called_so_once():
    text = review([Row("03", "3.8", 1, 4.0, "d", "s1")], {"s1": "x"})
    assert "<h2>Rubric</h2>" in text and "<p>1 point: sure. <em>Rubric.</em></p>" in text


def test_without_a_sandbox_the_page_says_so():
    one = samples.graded(made=samples.marks("right"))
    entries = [Entry(one, samples.standing(one, unsafe=True)), entry("b", "right")]
    assert "1 submission graded without a sandbox (--unsafe)" in Tags(page(entries)).text
    assert "without a sandbox" not in Tags(page([entry("b", "right")])).text
    unsafe = Batch("r", 1, (), "none (--unsafe)", "0.1.0", "now")
    assert "without a sandbox (--unsafe)" in Tags(page([entry("b", "right")], unsafe)).text


def test_labs_are_told_apart():
    other = samples.graded("a", (Mark("1.1", "right", 1.0, 1.0),), lab="01")
    text = page([entry("a", "right"), Entry(other, samples.standing(other))])
    assert "2 submissions by 1 student" in Tags(text).text
    assert text.index('id="lab01"') < text.index('id="lab03"')


def test_an_empty_class_is_a_page_too():
    assert "0 submissions by 0 students" in Tags(page([])).text


def test_hostile_submissions_do_nothing():
    evil = samples.hostile()
    blank = samples.graded("b", ())
    entries = [
        Entry(evil, samples.standing(evil)),
        Entry(blank, samples.standing(blank)),
        entry("c", "right", "wrong"),
    ]
    text = page(entries, Batch(samples.EVIL, 1, (samples.EVIL,), samples.EVIL, samples.EVIL, samples.EVIL))
    harmless(text)
    assert len(text) < 100_000


def test_two_hundred_students_fit_on_a_page():
    kinds = ("right", "wrong", "raised", "not attempted")
    entries = [
        entry(f"Student {n}", *(kinds[(n + k) % 4] for k in range(7)), "to review") for n in range(200)
    ]
    text = page(entries)
    assert len(text) < 300_000, "opens at once"
    assert "<details" in text and text.count('<th scope="row">') == 200
    mine = text[text.index("What went wrong") : text.index("Who is stuck")]
    visible = "".join(part.split("</details>")[-1] for part in mine.split("<details"))
    assert visible.count("<a ") < 50, "long lists of names are folded"
