"""The class at a glance, for the instructor: what came out, what is hard, who needs help, what waits.

One page, small and without scripts, with two hundred students too: long lists are folded.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from labkit.files import write_bytes
from labkit_instructor.gradebook.standing import Standing
from labkit_instructor.marks import STATUSES, Batch, Graded
from labkit_instructor.people import called, namesakes, near, numbers_of
from labkit_instructor.reports import tallies
from labkit_instructor.reports.entries import PLACES, Entry, Place, place, refused, set_by_hand
from labkit_instructor.reports.pages import LOOKS, look, render
from labkit_instructor.reports.review_page import merge_command, sheet_path
from labkit_instructor.reports.tallies import Group

MOST_GROUPS = 4  # of what is wrong with one exercise, before the rest is folded


def write_overview(
    all: Sequence[tuple[Graded, Standing]], out: Path, *, run: Batch, pageless: Sequence[Standing] = ()
) -> Path:
    """Write ``overview.html`` under ``out`` and return its path.

    Args:
        all: every submission with what counts for it now.
        out: the folder of the grading run, as the instructor named it: the page links to the feedback and
            review pages in it and names it in commands.
        run: the latest run, for its facts.
        pageless: what counts for submissions of which the result is gone, so that there is no page of them.

    Raises:
        OSError: it cannot be written.
    """
    path = out / "overview.html"
    out.mkdir(parents=True, exist_ok=True)
    write_bytes(path, overview_page(all, run, out, pageless).encode("utf-8"))
    return path


def overview_page(
    pairs: Sequence[tuple[Graded, Standing]], run: Batch, out: Path, pageless: Sequence[Standing] = ()
) -> str:
    """The page as HTML."""
    entries = [Entry(graded, standing) for graded, standing in pairs]
    labs: dict[str, list[Entry]] = {}
    for entry in entries:
        labs.setdefault(entry.graded.lab, []).append(entry)
    return render(
        "overview.html",
        entries=entries,
        students=_heads(entries),
        names=called([e.graded.student for e in entries] + [s.student for s in pageless]),
        pageless=pageless,
        unsafe=sum(e.standing.unsafe for e in entries),
        run=run,
        lost=[(e, place(e).why) for e in entries if e.lost],
        refusals=[(e, ids, reason) for e in entries for reason, ids in refused(e).items()],
        waiting=[
            (i, answers, str(sheet_path(out, i)), merge_command(out, i))
            for i, answers in tallies.waiting(entries).items()
        ],
        labs=[_lab(lab, labs[lab]) for lab in sorted(labs)],
        fill=fill,
    )


def _heads(entries: Sequence[Entry]) -> int:
    """How many people handed in. Moodle has another number for a student in every assignment, so one who has
    nothing but that is known across labs by the name, and two of a name within a lab are two."""
    students = {(e.graded.lab, e.graded.student.key): e.graded.student for e in entries}
    here = Counter((s.name, lab) for (lab, _), s in students.items() if numbers_of(s).keys() == {"Moodle"})
    most: dict[str, int] = {}
    for (name, _), count in here.items():
        most[name] = max(count, most.get(name, 0))
    others = {s.key for s in students.values() if numbers_of(s).keys() != {"Moodle"}}
    return sum(most.values()) + len(others)


def fill(status: str) -> str:
    """The class of a segment: its colour, and a pattern that tells it from its neighbours without colour."""
    return f"{look(status).tone} {status.replace(' ', '-')}" if status in STATUSES else "none"


def _lab(lab: str, entries: list[Entry]) -> dict[str, Any]:
    """What the page says of one lab."""
    ids = tallies.exercises(entries)
    places = [(e, place(e)) for e in sorted(entries, key=lambda e: (e.points, e.sort_name))]
    points = [e.points for e in entries if not e.lost]
    statuses = {c.status for e in entries for c in e.all}
    return {
        "id": lab,
        "entries": entries,
        "points": points,
        "median": median(points) if points else None,
        "out_of": max(sum(m.out_of for m in e.graded.marks) for e in entries),
        "exercises": ids,
        "outcomes": [_outcome(entries, i) for i in ids],
        "failures": [_failures(i, groups) for i in ids if (groups := tallies.failures(entries, i))],
        "notes": tallies.notes(entries),
        "places": places,
        "partial": any(c.in_parts for e in entries for c in e.all),
        "late": [e for e in entries if e.standing.late],
        "merged": [(e, said) for e in entries for said in e.standing.merged],
        "namesakes": namesakes(e.graded.student for e in entries),
        "near": near(e.graded.student for e in entries),
        "tally": _tally([where for _, where in places]),
        "seen": [s for s in LOOKS if s in statuses],
        "by_hand": [(e, c, said) for e in entries for c in e.all if (said := set_by_hand(c))],
    }


def _outcome(entries: list[Entry], exercise: str) -> dict[str, Any]:
    """How an exercise came out: submissions by status, and the mean of the points where it is known."""
    count = tallies.statuses(entries, exercise)
    return {
        "exercise": exercise,
        "count": {s: count[s] for s in (*STATUSES, *count) if count[s]},
        # While answers wait, the blanks are known already and would pull the mean down.
        "mean": None if count["to review"] else tallies.average(entries, exercise),
        "out_of": max(c.mark.out_of for e in entries if (c := e.counted(exercise)) is not None),
    }


def _failures(exercise: str, groups: list[Group]) -> dict[str, Any]:
    """What went wrong with an exercise: what befell one student alone is folded, so that what many need
    stands out."""
    common = sum(len(g.entries) > 1 for g in groups[:MOST_GROUPS]) or 1
    rest = groups[common:]
    rarer = bool(rest) and len(rest[0].entries) < len(groups[common - 1].entries)
    return {"exercise": exercise, "common": groups[:common], "rest": rest, "rarer": rarer}


def _tally(places: Sequence[Place]) -> list[tuple[Place, int]]:
    """How many stand at each place: by kind, then the most common first."""
    count = Counter(Place(p.kind, p.exercise) for p in places)
    kinds = list(PLACES)
    return sorted(count.items(), key=lambda item: (kinds.index(item[0].kind), -item[1], item[0].exercise))
