"""Markup in every text that a student, a platform or a grader can write: no page acts on it.

The texts are planted by walking through the dataclasses, so a field that is added later is planted too.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest

from labkit.exercises.exercise import Finding
from labkit_instructor.gradebook.review_sheet import Row
from labkit_instructor.gradebook.standing import Counted, Event
from labkit_instructor.marks import STATUSES, Mark
from labkit_instructor.reports.feedback import feedback_page
from labkit_instructor.reports.overview import overview_page
from labkit_instructor.reports.review_page import review_page
from tests.instructor import grading_samples as samples
from tests.instructor.tags import Tags, harmless

PLANTED = (
    "<script>alert(1)</script>",
    '"><img onerror=alert(1)>',
    "'><img onerror='alert(1)'>",
    "{{ 77*77 }}",
    "{% include 'page.html' %}{# x",
    "</style></title></pre></main>",
    "<b onclick=alert(1)>&lt;script&gt;",
    "javascript:alert(1)",
)
# Words of the kit that decide what a page shows: they stay in one pass, so that every part is there.
WORDS = {(Mark, "status"), (Counted, "status"), (Counted, "source"), (Event, "what")}


def planted(value, text, keep):
    """The value with ``text`` at the end of every string in it, also in the keys of mappings."""
    if isinstance(value, str):
        return value + text
    if isinstance(value, tuple):
        return tuple(planted(v, text, keep) for v in value)
    if isinstance(value, Mapping):
        return {planted(k, text, keep): planted(v, text, keep) for k, v in value.items()}
    if is_dataclass(value):
        names = [f.name for f in fields(value) if (type(value), f.name) not in keep]
        return replace(value, **{name: planted(getattr(value, name), text, keep) for name in names})
    return value


def submissions():
    """Submissions that between them fill every part of the pages."""
    found = (Finding("a", True, "b", "c", "d"), Finding("e", False, "f", "g", "h"))
    made = tuple(
        Mark(f"3.{n}", status, None if status == "to review" else 1.0 * (status == "right"), 3.0)
        for n, status in enumerate(STATUSES, 1)
    )
    ids = [m.exercise for m in made]
    made = tuple(
        replace(m, reason=f"reason of {m.exercise}", findings=found, notes=("note",), printed="printed")
        for m in made
    )
    one = samples.graded(
        made=made,
        written=dict.fromkeys(ids, "An answer."),
        sources={i: f"source = {i[-1]}" for i in ids} | {"3.4": "source = 3"},
        figures={i: (samples.png(),) for i in ids},
        notes=("note on the notebook",),
    )
    then = (Event("2026-01-01", "graded", 0.0, "run", "why"), Event("2026-01-02", "set by hand", 2.0, "me"))
    read = Event("2026-01-03", "reviewed", 2.0, "me", "Good.")
    standing = samples.standing(
        one,
        e3_2=Counted(made[1], 2.0, "wrong", "manual", "by mail", None, then, 0.0),
        e3_9=Counted(made[8], 2.0, "reviewed", "review", "Good.", read, (read,)),
    )
    refused = tuple(Mark(f"3.{n}", "refused", 0.0, 3.0, "no code") for n in (1, 2))
    lost = samples.graded("Zoe", refused, notes=("no code",))
    code = samples.graded("Bo", (*refused, Mark("3.8", "to review", None, 4.0)), written={"3.8": "x"})
    return (one, standing), (lost, samples.standing(lost)), (code, samples.standing(code))


class Notebook:
    """The instructor's own notebook of the lab, which nobody else writes."""

    lab = "03"

    def question(self, exercise):
        return "Why?"

    rubric = model_answer = question


def pages_of(text, keep):
    """Every kind of page, made from submissions in which this text is planted."""
    pairs = planted(submissions(), text, keep)
    made = [feedback_page(*pair, unsafe=unsafe) for pair in pairs for unsafe in (False, True)]
    made.append(overview_page(pairs, planted(samples.RUN, text, keep), Path(f"grades{text}")))
    rows = (
        Row("03", "3.8", 1, 4.0, "same", "s1", points="2", comment="c", name="n", note="note"),
        Row("03", "3.8", 2, 4.0, "same", "s2", points="", comment="c", name="n", note="note"),
        Row("03", "3.8", 3, 4.0, "same", "s3"),
    )
    texts = planted({"s1": "An answer.", "s3": "An answer."}, text, keep)
    out = Path(f"grades{text}")
    made.append(review_page(f"3.8{text}", Notebook(), planted(rows, text, keep), texts, out))
    return made


@pytest.mark.parametrize("keep", [WORDS, set()], ids=["every part is there", "every string"])
@pytest.mark.parametrize("text", PLANTED)
def test_no_page_acts_on_planted_markup(text, keep):
    for page, plain in zip(pages_of(text, keep), pages_of("-x", keep), strict=True):
        seen = harmless(page)
        other = Tags(plain)
        assert seen.tags == other.tags, "the text has made or closed a tag"
        assert [a[:2] for a in seen.attributes] == [a[:2] for a in other.attributes]
        assert text in seen.text, "it is shown as it was written"
        assert "5929" not in page and page.count("</style>") == page.count("</title>") == 1


def test_the_planted_submissions_fill_every_part():
    made = pages_of("", WORDS)
    for words in (
        *("reason of 3.3", "printed", "source = 3", "An answer.", "note on the notebook", "by mail", "Good."),
        *("without a sandbox", "Your upload could not", "Your code could not", "Look at these yourself"),
        *("Points set by hand", "Notes from reading", "in the sheet", "was not among the submissions"),
    ):
        assert any(words in Tags(page).text for page in made), words
    assert any("<img" in page for page in made)
