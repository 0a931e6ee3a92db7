"""One page per student and lab: what came out, why, and what to look at next.

Everything on it comes from the student's own submission or from the judge; nothing of other students. Texts
are made safe by `labkit_instructor.reports.pages`, and what is long is cut, so that a page stays small.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from labkit.files import write_bytes
from labkit_instructor.gradebook.standing import Counted, Standing
from labkit_instructor.marks import Graded, Mark
from labkit_instructor.reports.pages import escaped, many, markdown, number, page, picture, words
from labkit_instructor.reports.uploads import Together, refused_together
from labkit_instructor.reports.verdicts import badge, finding_list, first_failure, look, set_by_hand, titles

MOST_PRINTED = 2_000  # characters
MOST_CODE = 20_000
MOST_NOTES = 12
MOST_FIGURES = 4  # of one exercise
MOST_PICTURES = 6 * 2**20  # characters of base64 on one page

UNSAFE = (
    '<div class="box bad"><p><strong>Graded without a sandbox (--unsafe).</strong> Students\' code ran '
    "beside the grader, so nothing kept it from changing these results.</p></div>"
)


def write_feedback(graded: Graded, standing: Standing, out: Path, *, unsafe: bool) -> Path:
    """Write ``feedback/<slug>.html`` under ``out`` and return its path.

    Args:
        graded: the submission with its texts, figures and code.
        standing: what counts for it now, with reviews and manual changes.
        out: the folder of the grading run.
        unsafe: whether the code ran without a sandbox; the page says so on top.

    Raises:
        OSError: it cannot be written.
    """
    path = out / "feedback" / f"{graded.slug}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, feedback_page(graded, standing, unsafe=unsafe).encode("utf-8"))
    return path


def feedback_page(graded: Graded, standing: Standing, *, unsafe: bool = False) -> str:
    """The page as HTML."""
    every = {m.exercise: _counted(m, standing) for m in graded.marks}
    together = refused_together(graded, standing)
    counted, about = every, graded.notes
    if together:  # its reason is in the box, and is all there is to say about these
        counted = {i: c for i, c in every.items() if i not in together.exercises}
        about = tuple(n for n in about if n != together.reason)
    parts = [
        f"<h1>Lab {escaped(graded.lab)} · feedback</h1>",
        f'<p class="soft"><bdi>{escaped(graded.student.name, 200)}</bdi> · '
        f"<bdi>{escaped(graded.file, 200)}</bdi></p>",
        UNSAFE if unsafe else "",
        _refused(together) if together else "",
    ]
    if counted:
        parts += [_total(every), _table(counted, titles())]
    parts.append(_notes("About the notebook", about))
    parts += _exercises(graded, counted)
    return page(f"Lab {graded.lab} · {graded.student.name}", "\n".join(p for p in parts if p), css=_CSS)


def _exercises(graded: Graded, counted: Mapping[str, Counted]) -> Iterator[str]:
    names = titles()
    room = MOST_PICTURES
    for exercise, one in counted.items():
        figures, room = _figures(graded.figures.get(exercise, ()), room, exercise)
        yield _exercise(graded, one, _sharing(graded, counted, exercise), names, figures)
    if counted:
        yield (
            '<p class="soft small foot">The notebook\'s checks use the same inputs every time; grading uses '
            "other ones. If something here looks wrong to you, bring this page to your instructor.</p>"
        )


def _refused(together: Together) -> str:
    what = "upload" if together.whole else "code"
    reason = together.reason.rstrip(". ") or "it was not said why"
    ids = ", ".join(f'<span id="e{escaped(i)}">{escaped(i)}</span>' for i in together.exercises)
    none = "" if together.whole else f'<p class="soft">No points for {ids}.</p>'
    return (
        f'<div class="box bad"><p><strong>Your {what} could not be graded: {words(reason, 1_000)}.</strong> '
        f"Hand it in again, or ask your instructor.</p>{none}</div>"
    )


def _counted(mark: Mark, standing: Standing) -> Counted:
    """What counts for a mark; a standing from before this exercise existed does not know it."""
    known = standing.counted.get(mark.exercise)
    return known if known is not None else Counted(mark, mark.points, mark.status)


def _total(counted: dict[str, Counted]) -> str:
    points = sum(c.points for c in counted.values() if c.points is not None)
    out_of = sum(c.mark.out_of for c in counted.values())
    waiting = [i for i, c in counted.items() if c.points is None]
    total = f'<p class="total"><strong>{number(points)} of {number(out_of)} points</strong>'
    if waiting:
        open_points = number(sum(counted[i].mark.out_of for i in waiting))
        total += f" so far; up to {open_points} more when {escaped(', '.join(waiting))} has been read"
    return total + "</p>"


def _table(counted: dict[str, Counted], names: dict[str, str]) -> str:
    rows = "".join(
        f'<tr><td class="id">{escaped(i)}</td>'
        f'<td><a href="#e{escaped(i)}">{words(names.get(i, f"exercise {i}"))}</a></td>'
        f'<td>{badge(c.status)}{_hand(c)}</td><td class="number">{_points(c)}</td></tr>'
        for i, c in counted.items()
    )
    head = '<tr><th></th><th>exercise</th><th>result</th><th class="number">points</th></tr>'
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _points(counted: Counted) -> str:
    points = "–" if counted.points is None else number(counted.points)
    return f'{points} <span class="soft">of {number(counted.mark.out_of)}</span>'


def _hand(counted: Counted) -> str:
    return ' · <span class="nowrap">changed by hand</span>' if counted.source == "manual" else ""


def _exercise(
    graded: Graded, counted: Counted, sharing: Sequence[str], names: dict[str, str], figures: str
) -> str:
    mark = counted.mark
    parts = [
        f'<section><h2 id="e{escaped(mark.exercise)}">{escaped(mark.exercise)} '
        f"{words(names.get(mark.exercise, ''))}</h2>",
        f'<p class="verdict">{badge(counted.status)} · {_points(counted)}{_hand(counted)}</p>',
        *_said(counted),
        _reason(mark, counted),
        finding_list(mark.findings),
        "".join(f'<p class="note">{words(n, 500)}</p>' for n in mark.notes[:MOST_NOTES]),
        figures,
    ]
    if text := graded.written.get(mark.exercise, ""):
        parts.append(_folded("Your answer", f'<div class="answer">{markdown(text)}</div>'))
    if mark.printed.strip():
        printed = f"<pre>{escaped(mark.printed.strip(chr(10)), MOST_PRINTED)}</pre>"
        parts.append(_folded("What your code printed", printed))
    parts.append(_code(graded, mark.exercise, sharing))
    return "\n".join(p for p in parts if p) + "</section>"


def _sharing(graded: Graded, counted: Mapping[str, Counted], exercise: str) -> list[str]:
    """The exercises that the same cell answers, this one among them; none where it is as handed out."""
    shown = [i for i, c in counted.items() if c.mark.status != "not attempted" and graded.sources.get(i)]
    if exercise not in shown:
        return []
    return [i for i in shown if graded.sources[i] == graded.sources[exercise]]


def _code(graded: Graded, exercise: str, sharing: Sequence[str]) -> str:
    """The answer cell; one that answers several exercises is printed under the first of them only."""
    if not sharing:
        return ""
    first, *others = sharing
    if exercise != first:
        first = f'<a href="#e{escaped(first)}">{escaped(first)}</a>'
        return f'<p class="soft small">Your code: the cell that is printed under {first}.</p>'
    title = "Your code" + (f", one cell for this and {escaped(', '.join(others))}" if others else "")
    return _folded(title, f"<pre>{escaped(graded.sources[exercise], MOST_CODE)}</pre>")


def _said(counted: Counted) -> Iterator[str]:
    """What people said about the exercise: the reviewer's comment, a change of points and its reason."""
    if counted.read and counted.read.reason.strip():
        yield f'<div class="box wait"><p><b>Comment</b></p>{markdown(counted.read.reason, 5_000)}</div>'
    if change := set_by_hand(counted):
        yield f'<div class="box wait"><p><b>{change}</b></p><p>{words(counted.comment, 5_000)}</p></div>'


def _reason(mark: Mark, counted: Counted) -> str:
    """Why, in a line; nothing where the findings under it or a review say the same."""
    if counted.status == "reviewed":
        return ""
    failure = first_failure(mark)
    if failure and mark.reason.startswith(failure.what):
        return ""
    reason = mark.reason or ("" if mark.findings else look(mark.status).says)
    return f"<p>{words(reason, 1_000)}</p>" if reason else ""


def _notes(title: str, notes: tuple[str, ...]) -> str:
    if not notes:
        return ""
    items = "".join(f"<li>{words(n, 500)}</li>" for n in notes[:MOST_NOTES])
    if len(notes) > MOST_NOTES:
        items += f"<li>and {many(len(notes) - MOST_NOTES, 'more note')}</li>"
    return f'<div class="box late"><p><b>{title}</b></p><ul>{items}</ul></div>'


def _figures(encoded: tuple[str, ...], room: int, exercise: str) -> tuple[str, int]:
    """The student's own pictures, as far as they fit, and the room that is left for others."""
    shown: list[str] = []
    for one in encoded[: 5 * MOST_FIGURES]:
        image = picture(one, f"figure from your notebook, exercise {exercise}")
        if image and len(image) <= room and len(shown) < MOST_FIGURES:
            shown.append(image)
            room -= len(image)
    if not shown:
        return "", room
    caption = "<figcaption>From your notebook, as you handed it in.</figcaption>"
    return f"<figure>{''.join(shown)}{caption}</figure>", room


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>{body}</details>"


_CSS = """\
section { border-top: 1px solid var(--line); margin-top: 1.6rem; padding-top: .1rem; }
section h2 { margin: 1.1rem 0 .1rem; }
.verdict { margin: 0 0 .6rem; }
.nowrap { white-space: nowrap; }
.note { color: var(--soft); border-left: 3px solid var(--line); padding-left: .7rem; }
.answer { border-left: 3px solid var(--line); padding-left: .9rem; }
.foot { margin-top: 2.5rem; }
@media print { details:not([open]) { display: none; } }
"""
