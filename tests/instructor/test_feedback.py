"""Feedback pages: what a student reads, and that no stranger's text does anything on them."""

import base64
import re

import jinja2
import pytest

from labkit.exercises.exercise import Finding
from labkit_instructor.gradebook.standing import Counted, Event
from labkit_instructor.marks import STATUSES, Mark
from labkit_instructor.reports import feedback, pages
from labkit_instructor.reports.entries import set_by_hand
from labkit_instructor.reports.feedback import feedback_page, write_feedback
from tests.instructor import grading_samples as samples
from tests.instructor.tags import Tags, harmless


def rendered(template, **values):
    """What a template of the test's own makes of values, in the environment of the pages."""
    return pages.environment().from_string(template).render(values)


def test_a_page_forbids_scripts_and_loads():
    one = samples.graded("a <b>", samples.marks("right"))
    page = feedback_page(one, samples.standing(one))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert "default-src 'none'" in policy and "script" not in policy and "img-src data:" in policy
    assert page.index("Content-Security-Policy") < page.index("<style")
    assert "<title>Lab 03 · a &lt;b&gt;</title>" in page and "prefers-color-scheme: dark" in page
    assert "http://" not in page and "https://" not in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b>&\"'", "&lt;b&gt;&amp;&#34;&#39;"),
        ("{{ 7 * 7 }}", "{{ 7 * 7 }}"),
        ("a\x00b\x7f", "a\\x00b\\x7f"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("ab\u202ecd", "ab[U+202E]cd"),
        ("\ud800", "\ufffd"),
        ("אבנר 王小明 👩‍🔬", "אבנר 王小明 👩‍🔬"),
        ("1\r\n2\r3\t4", "1\n2\n3\t4"),
    ],
)
def test_a_value_in_a_template_shows_and_does_nothing(text, shown):
    assert rendered("{{ text }}", text=text) == shown
    assert str(pages.words(text)) == shown


def test_a_template_that_uses_what_is_not_given_fails():
    with pytest.raises(jinja2.UndefinedError):
        rendered("{{ txt }}", text="a")


def test_long_texts_are_cut_and_say_so():
    assert pages.words("x" * 30_000).endswith(" … (10,000 more characters)")
    made = rendered("{{ text }}", text="x" * 30_000)
    assert made.endswith("x … (10,000 more characters)"), "also where the template does not say so"
    assert pages.cut("short", 5) == "short" and pages.cut("longer", 5) == "longe …"


def test_templates_leave_the_escaping_to_jinja():
    """`safe`, `Markup` and blocks without autoescape are ways around it; none is needed in a template."""
    names = {path.name for path in pages.TEMPLATES.iterdir()}
    assert names == {f"{n}.html" for n in ("page", "parts", "feedback", "overview", "review")} | {"style.css"}
    for name in names:
        text = (pages.TEMPLATES / name).read_text(encoding="utf-8")
        assert not re.search(r"\bsafe\b|Markup|autoescape|<script|\bon[a-z]+=", text), name
        assert not re.search(r'=[^"\s]*\{\{', text), f"{name}: an attribute without quotes"
    python = pages.TEMPLATES.parent.glob("*.py")
    assert [path.name for path in python if "Markup" in path.read_text("utf-8")] == ["pages.py"]


def test_words_make_code_of_ticks_only_where_they_pair():
    assert pages.words("`a<b` is") == "<code>a&lt;b</code> is"
    assert pages.words("a ` b") == "a ` b"


def test_markdown_keeps_what_writers_use():
    text = "A **b** `c<d`\n\n1. one\n2. two\n\n$a_b * c_d$ and $e_f$\n\n[w](https://example.org/?a=1&b=2)"
    found = pages.markdown(text)
    assert "<strong>b</strong>" in found and "<code>c&lt;d</code>" in found and "<li>one</li>" in found
    assert "$a_b * c_d$" in found and "<em>" not in found, "a formula is no emphasis"
    assert 'href="https://example.org/?a=1&amp;b=2"' in found and "noopener" in found


@pytest.mark.parametrize(
    "text",
    [
        samples.EVIL,
        "[x](javascript:alert(1)) [y](JaVaScRiPt:alert(1)) [z](data:text/html,x) <javascript:alert(1)>",
        "![t](https://example.org/t.png) [a](../../x) <a href='javascript:1' onclick=x>",
        '[x](https://e.org "t\\" onclick=alert(1)")',
        '```"><script>\n</code></pre><script>alert(1)</script>\n```',
        "$</span><script>alert(1)</script>$",
        "<!-- --><svg/onload=alert(1)>\n\n<div>\n<script>\n</div>",
        "\u202e\x00\x1b]0;t\x07",
    ],
)
def test_markdown_lets_nothing_through(text):
    seen = harmless(pages.markdown(text))
    assert "img" not in seen.tags


@pytest.mark.parametrize("piece", ["[", "> ", "*a ", "$a", "- ", "| a ", "[a](", "<a ", "`", "\\"])
def test_markdown_is_done_in_a_moment(piece):
    assert pages.markdown(piece * (200_000 // len(piece)))  # a time-out of the whole test would tell


def test_only_small_pngs_become_pictures():
    good = samples.png(30, 20)
    made = pages.picture(good)
    assert (made.width, made.height) == (30, 20)
    assert re.fullmatch(r"data:image/png;base64,[A-Za-z0-9+/]+=*", made.url)
    raw = base64.b64decode(good)
    huge = raw[:16] + (50_000).to_bytes(4, "big") * 2 + raw[24:]
    for bad in (raw[1:], raw[:20], huge, b"GIF89a" + raw, b"<svg/>", raw + b"\0" * 3 * 2**20):
        assert pages.picture(base64.b64encode(bad).decode()) is None
    assert pages.picture("kein base64 äöü") is None and pages.picture("") is None


def test_numbers_are_written_as_people_write_them():
    assert [pages.number(v) for v in (3.0, 2.5, 0.333333, 10, 0)] == ["3", "2.5", "0.33", "10", "0"]
    assert pages.many(1, "student") == "1 student" and pages.many(1200, "student") == "1,200 students"
    assert pages.many(2.5, "point") == "2.5 points" and pages.many(1.0, "point") == "1 point"


def test_every_status_has_a_look_of_its_own():
    assert set(pages.LOOKS) == set(STATUSES)
    assert len({look.sign for look in pages.LOOKS.values()}) == len(pages.LOOKS), "told apart without colour"
    later = samples.graded(made=(Mark("3.1", "<x>", 0.0, 3.0),))
    assert "? <x>" in harmless(feedback_page(later, samples.standing(later))).text


def test_a_finding_reads_as_in_the_notebook():
    findings = (Finding("it is a sum", True, "hidden", "hidden"), samples.WRONG)
    one = samples.graded(made=samples.marks("wrong", findings=findings))
    found = feedback_page(one, samples.standing(one))
    assert found.index("it is a sum") < found.index("the fakes are detached")
    assert "hidden" not in Tags(found).text, "what holds needs no numbers"
    for part in ("got", "0.1342", "expected", "likely", "<code>fake</code> is not detached"):
        assert part in found


def test_a_page_says_what_counts_and_why(tmp_path):
    one = samples.graded(
        made=(
            *samples.marks("right", "wrong", "not attempted"),
            Mark("3.4", "right", 5.0, 5.0, notes=("graded with the solution's 3.2",)),
            Mark("3.8", "to review", None, 4.0),
        ),
        figures={"3.2": (samples.png(),)},
        sources={"3.2": "def f(): return 1 < 2"},
        written={"3.8": "It *saturates*."},
        notes=("cell 12 was doubled: the last one counts",),
    )
    path = write_feedback(one, samples.standing(one), tmp_path, unsafe=False)
    assert path == tmp_path / "feedback" / f"{one.slug}.html"
    text = path.read_text(encoding="utf-8")
    seen = harmless(text)
    for words in (
        "8 of 18 points",
        "up to 4 more when 3.8 has been read",
        "The cell is as it was handed out.",
        "graded with the solution's 3.2",
        "cell 12 was doubled",
        "From your notebook, as you handed it in",
        "def f(): return 1 < 2",
        "The discriminator's loss",
    ):
        assert words in seen.text, words
    assert "<em>saturates</em>" in text and "without a sandbox" not in text


def test_a_review_and_a_change_by_hand_are_shown_with_their_reasons():
    one = samples.graded(made=(*samples.marks("wrong"), Mark("3.8", "to review", None, 4.0)))
    read = Event("2026-01-02", "reviewed", 3.0, "t", "Good, *but* <script>short</script>")
    page = feedback_page(
        one,
        samples.standing(
            one,
            e3_1=Counted(one.marks[0], 2.0, "wrong", "manual", "the cell was cut in two"),
            e3_8=Counted(one.marks[1], 3.0, "reviewed", "review", read.reason, read),
        ),
    )
    seen = harmless(page)
    assert "5 of 7 points" in seen.text and "so far" not in seen.text
    assert "Points changed by a person, from 0 to 2." in seen.text and "the cell was cut in two" in seen.text
    assert "<em>but</em>" in page and seen.text.count("A person reads this answer") == 0


def history(*events):
    return tuple(Event(f"2026-01-0{n}", what, points) for n, (what, points) in enumerate(events, 1))


@pytest.mark.parametrize(
    ("events", "was", "said"),
    [
        ([("graded", 2), ("set by hand", 1.5)], 2.0, "Points changed by a person, from 2 to 1.5."),
        (
            [("graded", 0), ("set by hand", 1.5), ("graded", 2)],
            0.0,
            "Set by hand to 1.5 after an earlier grading; the machine gave 0 then and gives 2 now.",
        ),
        (
            [("graded", 1), ("graded", 2), ("set by hand", 1), ("set by hand", 1.5), ("graded", 2)],
            2.0,
            "Set by hand to 1.5 after an earlier grading; the machine gave 2 then and still does.",
        ),
        (
            [("graded", 0), ("set by hand", 1), ("graded", 2), ("set by hand", 1.5)],
            2.0,
            "Points changed by a person, from 2 to 1.5.",
        ),
        ([("set by hand", 1.5), ("graded", 2)], None, "Set by hand to 1.5 after an earlier grading."),
    ],
)
def test_points_set_by_hand_are_told_with_what_the_machine_gave_then(events, was, said):
    mark = Mark("3.1", "right", 2.0, 2.0)
    counted = Counted(mark, 1.5, "right", "manual", "late", None, history(*events), was)
    assert set_by_hand(counted) == said
    one = samples.graded(made=(mark, Mark("3.2", "right", 2.0, 2.0)))
    text = Tags(feedback_page(one, samples.standing(one, e3_1=counted))).text
    assert text.count(said) == 1 and text.count("changed by hand") == 2, "in the table and at the exercise"


def refused(count=7, reason="the file is empty: the upload failed", **more):
    made = tuple(Mark(f"3.{n}", "refused", 0.0, 3.0, reason) for n in range(1, count + 1))
    return samples.graded(made=(*made, *more.pop("then", ())), **{"notes": (reason,), **more})


def test_an_upload_that_could_not_be_graded_says_so_once():
    one = refused(notes=("an older file was left out", "the file is empty: the upload failed"))
    text = feedback_page(one, samples.standing(one))
    seen = harmless(text)
    said = "Your upload could not be graded: the file is empty: the upload failed. Hand it in again"
    assert seen.text.count(said) == 1 and seen.text.count("the upload failed") == 1
    assert "an older file was left out" in seen.text
    assert "table" not in seen.tags and "points" not in seen.text and "refused" not in seen.text
    lost = samples.graded(made=(), notes=("no answer cell of any lab was found",), lab="unknown")
    text = Tags(feedback_page(lost, samples.standing(lost))).text
    assert "could not be graded: no answer cell of any lab was found. Hand" in text


def test_code_refused_for_one_reason_leaves_what_was_written_on_the_page():
    one = refused(then=(Mark("3.8", "to review", None, 4.0),), written={"3.8": "It saturates."}, notes=())
    seen = Tags(feedback_page(one, samples.standing(one)))
    assert "Your code could not be graded: the file is empty" in seen.text
    assert "0 of 25 points so far" in seen.text and "It saturates." in seen.text
    assert "No points for 3.1, 3.2, 3.3, 3.4, 3.5, 3.6, 3.7." in seen.text
    assert {f"e3.{n}" for n in range(1, 9)} <= {v for _, n, v in seen.attributes if n == "id"}
    assert seen.text.count("refused") == 0 and seen.tags.count("section") == 1


def test_refusals_for_several_reasons_are_each_told():
    one = samples.graded(made=tuple(Mark(f"3.{n}", "refused", 0.0, 3.0, f"line {n}") for n in (1, 2)))
    text = Tags(feedback_page(one, samples.standing(one))).text
    assert "line 1" in text and "line 2" in text and "could not be graded" not in text


def test_points_set_by_hand_bring_the_page_of_a_refused_upload_back():
    one = refused()
    by_hand = Counted(one.marks[2], 2.0, "refused", "manual", "shown in the office")
    text = Tags(feedback_page(one, samples.standing(one, e3_3=by_hand))).text
    assert "2 of 21 points" in text and "shown in the office" in text and text.count("the upload failed") < 3


def test_an_untouched_answer_is_not_shown_as_code():
    one = samples.graded(
        made=samples.marks("right", "not attempted"),
        sources={"3.1": "def f(): return 1", "3.2": "raise NotImplementedError"},
    )
    text = feedback_page(one, samples.standing(one))
    assert "def f(): return 1" in text and "NotImplementedError" not in text


def test_a_cell_that_answers_several_exercises_is_printed_once():
    cell = "def f(): return 1\n\n\ndef g(): return 2"
    one = samples.graded(
        made=samples.marks("not attempted", "right", "wrong", "right"),
        sources={"3.1": cell, "3.2": cell, "3.3": cell, "3.4": "x = 1"},
    )
    text = feedback_page(one, samples.standing(one))
    assert text.count("def g()") == 1 and "one cell for this and 3.3" in text
    assert 'the cell that is printed under <a href="#e3.2">3.2</a>' in text and "x = 1" in text


def test_a_reason_that_repeats_the_finding_is_left_out():
    said = f"{samples.WRONG.what}: not so"
    for reason, times in ((said, 0), ("it copies the solution", 1)):
        one = samples.graded(made=(Mark("3.1", "wrong", 0.0, 3.0, reason, (samples.WRONG,)),))
        text = Tags(feedback_page(one, samples.standing(one))).text
        assert text.count(reason) == times and text.count(samples.WRONG.what) == 1


def test_a_mark_that_the_gradebook_does_not_know_is_shown_as_it_is():
    one = samples.graded(made=samples.marks("right"))
    empty = samples.standing(samples.graded(made=()))
    assert "3 of 3 points" in Tags(feedback_page(one, empty)).text


def test_without_a_sandbox_the_page_says_so_before_all_else():
    one = samples.graded(made=samples.marks("right"))
    text = Tags(feedback_page(one, samples.standing(one), unsafe=True)).text
    assert 0 < text.index("without a sandbox (--unsafe)") < text.index("3 of 3 points")


def test_a_hostile_submission_does_nothing_and_stays_small(tmp_path):
    one = samples.hostile()
    path = write_feedback(one, samples.standing(one), tmp_path, unsafe=False)
    assert path.parent == tmp_path / "feedback" and list(tmp_path.rglob("*")) == [path.parent, path]
    page = path.read_text(encoding="utf-8")
    seen = harmless(page)
    assert seen.tags.count("img") == 1, "the one real picture"
    assert len(page) < 200_000 and "h1" in seen.tags and seen.tags.count("h1") == 1
    assert "<script>alert(1)</script>" in seen.text, "shown, not run"


def test_pictures_stop_when_the_page_is_full(monkeypatch):
    one = samples.graded(
        made=samples.marks("right", "right"), figures={f"3.{n}": (samples.png(),) * 9 for n in (1, 2)}
    )
    assert feedback_page(one, samples.standing(one)).count("<img") == 2 * feedback.MOST_FIGURES
    monkeypatch.setattr(feedback, "MOST_PICTURES", 300)
    assert 1 <= feedback_page(one, samples.standing(one)).count("<img") < 4


def test_a_page_under_the_name_of_before_goes_and_no_other(tmp_path):
    one = samples.graded("Anna Müller_101", samples.marks("right"))
    new = write_feedback(one, samples.standing(one), tmp_path, unsafe=False)
    digest = new.name.split(".")[0][-16:]
    before = new.with_name(new.name.replace(digest, digest[:8]))
    other = new.with_name(new.name.replace(digest, "0" * 8))
    for page in (before, other):
        page.write_text("an old page", encoding="utf-8")
    write_feedback(one, samples.standing(one), tmp_path, unsafe=False)
    assert sorted(tmp_path.rglob("*.html")) == sorted([new, other])
