"""The class at a glance, for the instructor: what came out, what is hard, who needs help, what waits.

One page, small and without scripts, with two hundred students too: long lists are folded.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from labkit.files import write_bytes
from labkit_instructor.gradebook.standing import Standing
from labkit_instructor.marks import STATUSES, Graded, Run
from labkit_instructor.reports import tallies, to_do
from labkit_instructor.reports.pages import clipped, escaped, many, number, page, words
from labkit_instructor.reports.places import grid, people
from labkit_instructor.reports.style import OVERVIEW
from labkit_instructor.reports.tallies import Row
from labkit_instructor.reports.verdicts import badge, look, titles

MOST_GROUPS = 4  # of what is wrong with one exercise, before the rest is folded
MOST_VALUE = 90  # characters of an example
MOST_NOTES = 40
MOST_TEXT = 200

UNSAFE = (
    '<div class="box bad"><p><strong>{count} graded without a sandbox (--unsafe).</strong> Students\' code '
    "ran beside the grader: it could have changed any of these results.</p></div>"
)


def write_overview(all: Sequence[tuple[Graded, Standing]], out: Path, *, run: Run) -> Path:
    """Write ``overview.html`` under ``out`` and return its path.

    Args:
        all: every submission with what counts for it now.
        out: the folder of the grading run, as the instructor named it: the page links to the feedback and
            review pages in it and names it in commands.
        run: the latest run, for its facts.

    Raises:
        OSError: it cannot be written.
    """
    path = out / "overview.html"
    out.mkdir(parents=True, exist_ok=True)
    write_bytes(path, overview_page(all, run, out).encode("utf-8"))
    return path


def overview_page(pairs: Sequence[tuple[Graded, Standing]], run: Run, out: Path) -> str:
    """The page as HTML."""
    labs = tallies.by_lab(pairs)
    everything = [row for rows in labs.values() for row in rows]
    students = len({graded.student.key for graded, _ in pairs})
    unsafe = sum(standing.unsafe for _, standing in pairs)
    parts = [
        "<h1>Class overview</h1>",
        f'<p class="total">{many(len(pairs), "submission")} by {many(students, "student")}</p>',
        UNSAFE.format(count=many(unsafe, "submission")) if unsafe or run.unsafe else "",
        to_do.look_yourself(everything),
        to_do.waiting(everything, out),
    ]
    if len(labs) > 1:
        links = " · ".join(f'<a href="#lab{escaped(lab)}">Lab {escaped(lab)}</a>' for lab in labs)
        parts.append(f"<p>{links}</p>")
    names = titles()
    parts += [_lab(lab, rows, names) for lab, rows in labs.items()]
    parts.append(_facts(run))
    return page("Class overview", "\n".join(p for p in parts if p), css=OVERVIEW)


def _lab(lab: str, rows: list[Row], names: dict[str, str]) -> str:
    ids = tallies.exercises(rows)
    return "\n".join(
        [
            f'<section class="lab"><h2 class="lab" id="lab{escaped(lab)}">Lab {escaped(lab)}</h2>',
            f'<p class="soft">{_spread(rows)}</p>',
            "<h3>How each exercise came out</h3>",
            _outcomes(rows, ids, names),
            "<h3>What went wrong most often</h3>",
            _failures(rows, ids, names),
            "<h3>Who is stuck where</h3>",
            grid(rows, ids),
            to_do.by_hand(rows),
            _notes(rows),
            "</section>",
        ]
    )


def _spread(rows: list[Row]) -> str:
    """How many, and the middle of their points, without those that could not be graded."""
    points = [row.points for row in rows if not tallies.unread(row)]
    out_of = max((sum(m.out_of for m in row.graded.marks) for row in rows), default=0)
    said = many(len(rows), "submission")
    if points:
        said += f"; median {number(median(points))} of {number(out_of)} points so far, from "
        said += f"{number(min(points))} to {number(max(points))}"
    if left := len(rows) - len(points):
        be = "is" if left == 1 else "are"
        said += f"; {many(left, 'upload')} that could not be graded {be} left out of median and means"
    return said


def _outcomes(rows: list[Row], ids: list[str], names: dict[str, str]) -> str:
    body = []
    for exercise in ids:
        count = tallies.statuses(rows, exercise)
        there = [s for s in (*STATUSES, *count) if count.get(s)]
        there = list(dict.fromkeys(there))
        bar = "".join(
            f'<i class="fill {_fill(s)}" style="flex:{count[s]}" title="{escaped(s)}: {count[s]}"></i>'
            for s in there
        )
        text = " ".join(
            f'<span class="count"><i class="fill {_fill(s)}"></i> {badge(s)} {count[s]}</span>' for s in there
        )
        mean = tallies.average(rows, exercise)
        if count.get("to review"):  # the blanks are known at once and would pull the mean down
            mean = None
        worth = max(c.mark.out_of for r in rows if (c := r.counted(exercise)) is not None)
        average = "–" if mean is None else number(mean)
        body.append(
            f'<tr><td class="id">{escaped(exercise)}</td><td>{words(names.get(exercise, ""))}'
            f'<div class="bar">{bar}</div><div class="small">{text}</div></td>'
            f'<td class="number">{average} <span class="soft">of {number(worth)}</span></td></tr>'
        )
    head = '<tr><th></th><th>exercise</th><th class="number">mean points</th></tr>'
    return f"<table><thead>{head}</thead><tbody>{''.join(body)}</tbody></table>"


def _fill(status: str) -> str:
    """The class of a segment: its colour, and a pattern that tells it from its neighbours without colour."""
    return f"{look(status).tone} {status.replace(' ', '-')}" if status in STATUSES else "none"


def _failures(rows: list[Row], ids: list[str], names: dict[str, str]) -> str:
    parts = []
    for exercise in ids:
        groups = tallies.failures(rows, exercise)
        if not groups:
            continue
        title = f"{escaped(exercise)} {words(names.get(exercise, ''))}"
        # What befell one student alone is folded, so that what many need stands out.
        common = sum(len(g.rows) > 1 for g in groups[:MOST_GROUPS]) or 1
        shown, rest = "".join(_group(g) for g in groups[:common]), groups[common:]
        more = "".join(_group(g) for g in rest[:MOST_NOTES])
        if rest:
            left = len(rest) - MOST_NOTES
            more += f"<p>and {left} more</p>" if left > 0 else ""
            rarer = len(rest[0].rows) < len(groups[common - 1].rows)
            said = many(len(rest), "rarer one") if rarer else f"{len(rest)} more"
            more = f"<details><summary>{said}</summary>{more}</details>"
        parts.append(f"<h4>{title}</h4>{shown}{more}")
    return "".join(parts) or '<p class="soft">Nothing: every answer that was tried is right.</p>'


def _group(group: tallies.Group) -> str:
    details, lead = "", '<span class="soft">does not hold:</span> ' if group.property else ""
    if group.cause:
        details += f'<p><span class="soft">likely:</span> {words(clipped(group.cause, MOST_TEXT))}</p>'
    if group.got:
        example = f"got {words(clipped(group.got, MOST_VALUE))}"
        if group.expected:
            example += f", expected {words(clipped(group.expected, MOST_VALUE))}"
        details += f'<p class="soft">for example: {example}</p>'
    return (
        f'<div class="group"><p><b class="times">{len(group.rows)} ×</b> {badge(group.status)} · {lead}'
        f"{words(clipped(group.what, MOST_TEXT))}</p>{details}{people(group.rows)}</div>"
    )


def _notes(rows: list[Row]) -> str:
    groups = tallies.notes(rows)
    if not groups:
        return ""
    items = "".join(
        f'<div class="group"><p><b class="times">{len(g.rows)} ×</b> '
        f"{words(clipped(g.what, MOST_TEXT))}</p>"
        f"{people(g.rows)}</div>"
        for g in groups[:MOST_NOTES]
    )
    if len(groups) > MOST_NOTES:
        items += (
            f'<p class="soft">and {many(len(groups) - MOST_NOTES, "rarer note")}; see the feedback pages</p>'
        )
    return f"<h3>Notes from reading and grading</h3>{items}"


def _facts(run: Run) -> str:
    facts = (
        ("run", run.id),
        ("started", run.started.replace("T", " ").replace("+00:00", " UTC")),
        ("seed", str(run.seed)),
        ("labs", ", ".join(run.labs) or "those that were handed in"),
        ("sandbox", run.sandbox),
        ("labkit", run.version),
    )
    rows = "".join(f"<tr><td class='id'>{label}</td><td>{escaped(text)}</td></tr>" for label, text in facts)
    return f"<h2>The latest run</h2><table class='facts'><tbody>{rows}</tbody></table>"
