"""What was handed in late, told by what the learning platform says. It is marked; no points are taken."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, time

from labkit_instructor.marks import Handed

LATE_IN_CANVAS = "Canvas marks it as late"
_GRACE = 2  # seconds: a zip counts in steps of two
_TOGETHER = 60  # seconds in which a platform has written a whole export
_UNSET = datetime(1981, 1, 1).timestamp()  # a zip's time begins in 1980


def deadline(text: str) -> datetime:
    """A moment from "2026-11-20 23:59", or the end of "2026-11-20", on the clock of the platform's export.

    Raises:
        ValueError: it is neither.
    """
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is not None:
        moment = moment.astimezone().replace(tzinfo=None)
    return moment if len(text.strip()) > 10 else datetime.combine(moment, time.max)


def times_of(changed: Collection[float]) -> bool:
    """Whether the times of a platform's files can be those at which they were handed in; not where all are
    that of the download."""
    known = [at for at in changed if at >= _UNSET]
    return bool(known) and (len(known) < 3 or max(known) - min(known) > _TOGETHER)


def marked(handed: Iterable[Handed], until: datetime) -> list[Handed]:
    """The same, with what came after the deadline marked as late."""
    last = until.timestamp() + _GRACE
    return [
        one
        if one.late or one.at <= last
        else replace(one, late=f"handed in {_said(datetime.fromtimestamp(one.at))}, after {_said(until)}")
        for one in handed
    ]


def untimed(handed: Iterable[Handed]) -> list[Handed]:
    """Those of which no platform says when they came, so that a deadline marks none of them."""
    return [one for one in handed if not (one.at or one.student.canvas_id)]


def _said(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
