"""Students on the overview page: their names as links, and the grid of who is stuck where."""

import unicodedata
from collections.abc import Iterable, Sequence

from labkit_instructor.reports.pages import clipped, escaped, many, number, words
from labkit_instructor.reports.tallies import Place, Row, place
from labkit_instructor.reports.verdicts import LOOKS, badge, look

MOST_NAMED = 6  # students in a line, before they are folded
MOST_WHY = 120


def link(row: Row) -> str:
    """The student's name, as a link to the feedback page."""
    name = escaped(row.graded.student.name, 80)
    return f'<a href="{page_of(row)}"><bdi>{name}</bdi></a>'


def page_of(row: Row) -> str:
    """The address of the feedback page, as the overview sees it."""
    return f"feedback/{escaped(row.graded.slug)}.html"


def people(rows: Sequence[Row]) -> str:
    """The students of a group: in a line where they are few, folded where they are many."""
    names = ", ".join(link(row) for row in sorted(rows, key=_name))
    if len(rows) <= MOST_NAMED:
        return f'<p class="small">{names}</p>'
    return f'<details class="small"><summary>{many(len(rows), "student")}</summary><p>{names}</p></details>'


def grid(rows: Sequence[Row], exercises: Sequence[str]) -> str:
    """Students against exercises, those with the fewest points first, and where each is stuck."""
    places = [(row, place(row)) for row in rows]
    places.sort(key=lambda pair: (pair[0].points, _name(pair[0])))
    head = "".join(f'<th class="cell">{escaped(i)}</th>' for i in exercises)
    body = "".join(
        f'<tr><th scope="row">{link(row)}</th>{"".join(_cell(row, i) for i in exercises)}'
        f'<td class="number">{number(row.points)}</td><td class="why">{_sentence(where)}</td></tr>'
        for row, where in places
    )
    seen = {c.status for row in rows for i in exercises if (c := row.counted(i)) is not None}
    legend = " ".join(f'<span class="count">{badge(s)}</span>' for s in LOOKS if s in seen)
    by_hand = any(
        c.source == "manual" for row in rows for i in exercises if (c := row.counted(i)) is not None
    )
    legend += '<span class="count">* points set by hand</span>' if by_hand else ""
    return (
        f"{_summary([where for _, where in places])}"
        f'<p class="small legend">{legend}</p><div class="wide"><table class="grid">'
        f'<thead><tr><th>student</th>{head}<th class="number">points</th><th>where</th></tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _summary(places: Iterable[Place]) -> str:
    """How many are stuck at each exercise, in words."""
    count: dict[tuple[str, str], int] = {}
    for where in places:
        key = (where.kind, where.exercise)
        count[key] = count.get(key, 0) + 1
    kinds = ("unread", "not started", "stuck", "stopped", "through")
    rows = sorted(count, key=lambda key: (kinds.index(key[0]), -count[key], key[1]))
    items = "".join(f"<li><b>{count[k]}</b> {escaped(_short(Place(*k)))}</li>" for k in rows)
    return (
        '<p class="soft small">Stuck means: the first exercise that was tried and is not right. Stopped '
        "means: what was tried is right, and this is the first one left blank.</p>"
        f'<ul class="tally">{items}</ul>'
    )


def _short(where: Place) -> str:
    return {
        "unread": "could not be graded",
        "not started": "did not start",
        "stuck": f"stuck at {where.exercise}",
        "stopped": f"stopped before {where.exercise}",
        "through": "through all the code",
    }[where.kind]


def _sentence(where: Place) -> str:
    if where.kind == "unread" or not where.why:  # why a file could not be read stands above
        return escaped(_short(where))
    why = f': <span class="soft">{words(clipped(where.why, MOST_WHY))}</span>'
    return escaped(_short(where)) + why


def _cell(row: Row, exercise: str) -> str:
    counted = row.counted(exercise)
    if counted is None:
        return "<td></td>"
    it = look(counted.status)
    hand = "*" if counted.source == "manual" else ""
    title = f"{exercise} {counted.status}" + (", points set by hand" if hand else "")
    return f'<td class="cell {it.tone}" title="{escaped(title)}">{it.sign}{hand}</td>'


def _name(row: Row) -> str:
    plain = unicodedata.normalize("NFKD", row.graded.student.name)  # É beside E, not after Z
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()
