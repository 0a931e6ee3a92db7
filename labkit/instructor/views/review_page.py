"""The page that goes with a review sheet: every answer to one question, beside its rubric and model answer.

Names are left out, so that an answer is read for what it says. The numbers are those of the sheet.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from labkit.instructor.books.review_sheet import Row
from labkit.instructor.handed.trusted import Trusted
from labkit.instructor.views.pages import escaped, many, markdown, number, page

_CSS = """\
main { max-width: 84rem; }
.beside { display: grid; grid-template-columns: minmax(20rem, 2fr) minmax(0, 3fr); gap: 0 2.5rem; }
.key { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto;
  padding-bottom: 1rem; font-size: .93rem; }
.key h2:first-child, .answers section:first-child h2 { margin-top: 1rem; }
.answers section { scroll-margin-top: .5rem; border-bottom: 1px solid var(--line); padding-bottom: 1.2rem; }
.answers section:target h2 { text-decoration: underline; }
.text { border-left: 4px solid var(--line); padding-left: 1rem; overflow-wrap: anywhere; }
.given :is(h1, h2, h3, h4, h5, h6) { font-size: 1rem; margin: .6rem 0 .3rem; }
.jump a { display: inline-block; min-width: 2rem; padding: .1rem .2rem; }
@media (max-width: 60rem) { .beside { display: block; } .key { position: static; max-height: none; } }
@media print {
  .beside { display: block; } .key { position: static; max-height: none; } .jump { display: none; }
}
"""


def review_page(exercise: str, trusted: Trusted, rows: Sequence[Row], texts: Mapping[str, str]) -> str:
    """The HTML of the page.

    Args:
        exercise: "3.8".
        trusted: the notebook with question, model answer and rubric.
        rows: of the sheet.
        texts: student key -> answer, as it was handed in; a row without one says so.
    """
    rows = sorted(rows, key=lambda r: r.number)
    out_of = max(row.out_of for row in rows)
    same = defaultdict(list)
    for row in rows:
        if row.student in texts:
            same[row.text].append(row.number)
    jump = " ".join(f'<a href="#answer-{row.number}">{row.number}</a>' for row in rows)
    sheet = f"{exercise}.csv"
    parts = [
        f"<h1>Exercise {escaped(exercise)}: written answers</h1>",
        f'<p class="soft">Lab {escaped(trusted.lab)} · {many(len(rows), "answer")} · up to '
        f"{many_points(out_of)} each · random order, no names</p>",
        f"<p>Fill in <em>points</em> and <em>comment</em> in <code>{escaped(sheet)}</code>; the column "
        "<em>answer</em> has the numbers of this page, and the student reads the comment. A row without "
        f"points is not reviewed yet. Then: <code>labkit grade --merge review/{escaped(sheet)}</code>, with "
        "the same <code>--out</code>.</p>",
        f'<p class="jump small">Answers: {jump}</p>',
        '<div class="beside"><div class="key">',
        *_key(exercise, trusted),
        '</div><div class="answers">',
        *(_answer(row, texts.get(row.student), same[row.text]) for row in rows),
        "</div></div>",
    ]
    return page(f"Exercise {exercise}: written answers", "\n".join(parts), css=_CSS)


def many_points(points: float) -> str:
    """ "1 point", "2.5 points"."""
    return f"{number(points)} {'point' if points == 1 else 'points'}"


def _key(exercise: str, trusted: Trusted) -> list[str]:
    parts = (
        ("Question", trusted.question(exercise)),
        ("Rubric", trusted.rubric(exercise)),
        ("Model answer", trusted.model_answer(exercise)),
    )
    return [f'<h2>{title}</h2>\n<div class="given">{markdown(text)}</div>' for title, text in parts if text]


def _answer(row: Row, text: str | None, same: Sequence[int]) -> str:
    facts = [] if text is None else [many(len(text.split()), "word")]
    if row.points.strip():
        facts.append(f"in the sheet: {escaped(row.points.strip(), 20)} of {number(row.out_of)}")
    others = [f'<a href="#answer-{n}">{n}</a>' for n in same if n != row.number]
    if others and text is not None:
        facts.append(f"word for word the same as {', '.join(others)}")
    parts = [f'<section id="answer-{row.number}"><h2>Answer {row.number}</h2>']
    if facts:
        parts.append(f'<p class="soft small">{" · ".join(facts)}</p>')
    if row.note:
        parts.append(f'<div class="box late"><p>{escaped(row.note)}</p></div>')
    if text is None:
        parts.append("<p>This answer was not among the submissions that the page was made from.</p>")
    else:
        parts.append(f'<div class="text given">{markdown(text)}</div>')
        parts.append(f"<details><summary>as it was typed</summary><pre>{escaped(text)}</pre></details>")
    return "\n".join((*parts, "</section>"))
