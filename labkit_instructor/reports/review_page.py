"""The page that goes with a review sheet: every answer to one question, beside its rubric and model answer.

Names are left out, so that an answer is read for what it says. The numbers are those of the sheet. Answers
that have no points in it come first.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from labkit_instructor.gradebook.review_sheet import Row
from labkit_instructor.reports.pages import escaped, many, markdown, number, page
from labkit_instructor.reports.to_do import merge_command
from labkit_instructor.submissions.trusted import Trusted

_LABEL = r"\s*[*_]{{1,3}}{title}[.:]?[*_]{{1,3}}[.:]?\s*"  # "*Rubric.*", which the heading says already
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


def review_page(
    exercise: str, trusted: Trusted, rows: Sequence[Row], texts: Mapping[str, str], out: Path | None = None
) -> str:
    """The HTML of the page.

    Args:
        exercise: "3.8".
        trusted: the notebook with question, model answer and rubric.
        rows: of the sheet.
        texts: student key -> answer, as it was handed in; a row without one says so.
        out: the folder of the grading run, as the instructor named it, for the command on the page; None
            where it is not known.
    """
    rows = sorted(rows, key=lambda r: (r.student not in texts, _read(r), r.number))
    out_of = max(row.out_of for row in rows)
    same = defaultdict(list)
    for row in rows:
        if row.student in texts:
            same[row.text].append(row.number)
    sheet = f"{exercise}.csv"
    command = merge_command(out or Path("OUT"), exercise)
    parts = [
        f"<h1>Exercise {escaped(exercise)}: written answers</h1>",
        f'<p class="soft">Lab {escaped(trusted.lab)} · {many(len(rows), "answer")} · up to '
        f"{many_points(out_of)} each · random order, no names</p>",
        f"<p>Fill in <em>points</em> and <em>comment</em> in <code>{escaped(sheet)}</code>; the column "
        "<em>answer</em> has the numbers of this page, and the student reads the comment. A row without "
        "points is not reviewed yet. Then, in the folder of the kit"
        f"{'' if out else ', with the folder of the grading run for OUT'}:</p><pre>{escaped(command)}</pre>",
        f'<p class="jump small">{_jump(rows)}</p>',
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
    return [
        f'<h2>{title}</h2>\n<div class="given">{markdown(_unlabelled(text, title))}</div>'
        for title, text in parts
        if text
    ]


def _unlabelled(text: str, title: str) -> str:
    """The text without the label it begins with, where that is the heading it stands under."""
    label = re.compile(r"\A" + _LABEL.format(title=title), re.IGNORECASE)
    return label.sub("", text, count=1)


def _read(row: Row) -> bool:
    """Whether the sheet has points for it."""
    return bool(row.points.strip())


def _jump(rows: Sequence[Row]) -> str:
    """Links to the answers, those that wait before those that are read."""
    said = []
    for title, read in (("Waiting", False), ("Read", True)):
        links = [f'<a href="#answer-{r.number}">{r.number}</a>' for r in rows if _read(r) == read]
        if links:
            said.append(f"{title}: {' '.join(links)}")
    return "<br>".join(said)


def _answer(row: Row, text: str | None, same: Sequence[int]) -> str:
    facts = [] if text is None else [many(len(text.split()), "word")]
    if row.points.strip():
        facts.append(f"in the sheet: {escaped(row.points.strip(), 20)} of {number(row.out_of)}")
    others = [f'<a href="#answer-{n}">{n}</a>' for n in sorted(same) if n != row.number]
    if others and text is not None:
        facts.append(f"word for word the same as {', '.join(others)}")
    state = '<span class="good">✔ read</span>' if _read(row) else '<span class="wait">✎ waits</span>'
    parts = [f'<section id="answer-{row.number}"><h2>Answer {row.number} · {state}</h2>']
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
