"""What the overview asks of the instructor: what to look at, and what to read and bring back."""

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from labkit_instructor.reports import tallies
from labkit_instructor.reports.pages import clipped, escaped, many, number, words
from labkit_instructor.reports.places import link, page_of
from labkit_instructor.reports.tallies import Row
from labkit_instructor.reports.verdicts import set_by_hand

MOST_LISTED = 12  # before they are folded
MOST_TEXT = 200


def look_yourself(rows: Sequence[Row]) -> str:
    """The box with the uploads that could not be graded and the exercises that were refused."""
    several = len({row.graded.lab for row in rows}) > 1
    lost = [
        f"<li>{_who(row, several)}: {words(clipped(tallies.place(row).why, MOST_TEXT))}</li>"
        for row in rows
        if tallies.unread(row)
    ]
    answers = [
        f"<li>{_who(row, several)}, {_exercises(row, ids)}: {words(clipped(reason, MOST_TEXT))}</li>"
        for row in rows
        for reason, ids in tallies.refused(row).items()
    ]
    if not lost and not answers:
        return ""
    body = _folded("Could not be graded", lost, "upload") + _folded("Refused", answers, "refusal")
    return f'<div class="box bad"><p><b>Look at these yourself</b></p>{body}</div>'


def waiting(rows: Iterable[Row], out: Path) -> str:
    """The box with the written answers that nobody has read, and the command that brings points back."""
    count = tallies.waiting(rows)
    if not count:
        return ""
    items = "".join(
        f'<li>{escaped(i)}: {many(answers, "answer")}. Read <a href="review/{escaped(i)}.html">the page</a>, '
        f"fill in <code>{escaped(str(out / 'review' / f'{i}.csv'))}</code>, then"
        f"<pre>{escaped(merge_command(out, i))}</pre></li>"
        for i, answers in count.items()
    )
    return f'<div class="box wait"><p><b>Waits for a reader</b></p><ul>{items}</ul></div>'


def merge_command(out: Path, exercise: str) -> str:
    """The command that merges a filled-in sheet, to be pasted as it stands."""
    sheet = out / "review" / f"{exercise}.csv"
    return shlex.join([".venv/bin/labkit", "grade", "--merge", str(sheet), "--out", str(out)])


def by_hand(rows: Iterable[Row]) -> str:
    """The points that a person has set over the machine's."""
    changed = tallies.by_hand(rows)
    if not changed:
        return ""
    items = "".join(
        f"<li>{link(row)}, {escaped(c.mark.exercise)}: {number(c.points or 0)} of {number(c.mark.out_of)}. "
        f'<span class="soft">{set_by_hand(c)}</span> {words(clipped(c.comment, MOST_TEXT))}</li>'
        for row, c in changed
    )
    return f"<h3>Points set by hand</h3><ul>{items}</ul>"


def _folded(title: str, items: Sequence[str], noun: str) -> str:
    if not items:
        return ""
    body = f"<ul>{''.join(items)}</ul>"
    if len(items) > MOST_LISTED:
        body = f"<details><summary>{many(len(items), noun)}</summary>{body}</details>"
    return f"<p>{title}:</p>{body}"


def _who(row: Row, several: bool) -> str:
    return link(row) + (f", lab {escaped(row.graded.lab)}" if several else "")


def _exercises(row: Row, ids: Sequence[str]) -> str:
    return ", ".join(f'<a href="{page_of(row)}#e{escaped(i)}">{escaped(i)}</a>' for i in ids)
