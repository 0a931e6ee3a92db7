"""``hand_in("03")``, the last cell of every lab: what the visible checks say now, and how to hand in.

It looks at the names that the notebook has defined, runs each check without its report, and shows one table.
Grading asks the same questions with fresh inputs, so the points here are called visible points.
"""

import contextlib
import html
import io
import os
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from labkit import checks, settings
from labkit.exercises import labs, modules
from labkit.exercises.exercise import Exercise, Written
from labkit.markup import CIRCLE, CROSS, GREEN, GREY, ORANGE, TICK, with_code
from labkit.notebook import page_shell, variables

_MARK = {
    "passed": TICK,
    "not yet": CROSS,
    "not attempted": CIRCLE,
    "not checked": "–",
    "read by a person": "✎",
}
_COLOUR = {"passed": GREEN, "not yet": ORANGE}


@dataclass(frozen=True)
class Line:
    """What came of one exercise: ``status`` is a key of the marks above, ``first`` what does not hold yet."""

    exercise: Exercise | Written
    status: str
    first: str = ""

    @property
    def label(self) -> str:
        name = self.exercise.title if isinstance(self.exercise, Written) else self.exercise.name
        return f"{self.exercise.id} {name}"

    @property
    def points(self) -> int:
        return self.exercise.points if self.status == "passed" else 0


def hand_in(lab: str) -> None:
    """Show each exercise of a lab with its visible check and points, and say how to hand in the notebook.

    Args:
        lab: its number, such as "03".

    Raises:
        ValueError: there is no such lab.
    """
    exercises = of_lab(lab)
    lab = f"{int(lab):02d}"
    names = variables()
    show = _screen()
    rows: list[Line] = []
    for exercise in exercises:
        if isinstance(exercise, Exercise) and exercise.name in names:
            show(_Report(lab, rows, checking=f"{exercise.id} {exercise.name}"))
        try:
            rows.append(visible(exercise, names))
        except KeyboardInterrupt:  # Stop was pressed: the table so far is worth having
            rows += [Line(e, "not checked", "stopped") for e in exercises[len(rows) :]]
            break
    show(_Report(lab, rows, where=_where(names)))


def of_lab(lab: str) -> list[Exercise | Written]:
    """The exercises of a lab, in order.

    Raises:
        ValueError: there is no such lab; the message lists those there are.
    """
    there = {f"{n:02d}": n for n in labs()} | {str(n): n for n in labs()}
    if lab not in there:
        listed = ", ".join(name for name in there if len(name) == 2)
        raise ValueError(f"there is no lab {lab!r}; here are: {listed}")
    return [m.EXERCISE for m in modules(there[lab]).values()]


def visible(exercise: Exercise | Written, names: Mapping[str, Any]) -> Line:
    """What the notebook's check says of an answer, quietly. An answer cannot make this raise, unless it
    interrupts."""
    if isinstance(exercise, Written):
        return Line(exercise, "read by a person")
    if exercise.name not in names:
        return Line(exercise, "not attempted")
    try:
        with contextlib.redirect_stdout(_Nowhere()), contextlib.redirect_stderr(_Nowhere()):
            result = checks.outcome(exercise, names[exercise.name])
    except Exception as error:
        return Line(exercise, "not yet", f"the check itself stopped: {type(error).__name__}")
    if result.status == "blank" and not result.findings:
        return Line(exercise, "not attempted")
    first = next((f.what for f in result.findings if not f.ok), "")
    return Line(exercise, "passed" if result.status == "passed" else "not yet", first)


class _Nowhere(io.TextIOBase):
    """Takes what an answer prints and keeps none of it, however much it is."""

    def write(self, text: str) -> int:
        return len(text)


def _where(names: Mapping[str, Any]) -> list[str]:
    """How to get at the notebook's file, step by step."""
    if settings.in_colab():
        return [
            "Menu File, Save; then File, Download, Download .ipynb.",
            "The file lands in the downloads of your browser. Hand in that file.",
        ]
    # VS Code leaves the notebook's path in the names; Jupyter's kernels know it from their environment.
    known = names.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME") or ""
    file = PurePath(str(known)).name if str(known).endswith(".ipynb") else ""
    return [
        "Save the notebook: menu File, Save Notebook.",
        f"Hand in its file{f' {file}' if file else ''}: right-click it in the file browser on the left, "
        "Download; or take it from the folder that the file browser shows.",
    ]


@dataclass(frozen=True)
class _Report:
    """The table, while it grows (``checking``) and when it is done (``where``)."""

    lab: str
    rows: list[Line]
    checking: str = ""
    where: Iterable[str] = ()

    def lines(self) -> list[str]:
        """What is printed where no HTML is shown."""
        width = max((len(r.label) for r in self.rows), default=0)
        lines = [self._title(), ""]
        for row in self.rows:
            lines.append(f"{_MARK[row.status]} {row.label:<{width}}  {row.status:<16}  {_points(row)}")
            lines += [f"  {'':<{width}}  {CROSS} {row.first}"] if row.first else []
        return lines + ["", *(part for line in self._after() for part in textwrap.wrap(line, 100))]

    def html(self) -> str:
        """The same as a table."""
        body = "".join(_html_row(r) for r in self.rows)
        after = "".join(f"<div style='margin:4px 0'>{html.escape(line)}</div>" for line in self._after())
        return (
            f"<div style='border-left:4px solid {GREY};padding:2px 0 2px 12px;line-height:1.5'>"
            f"<b>{html.escape(self._title())}</b>"
            f"<table style='margin:6px 0;border:0;background:none'>{body}</table>{after}</div>"
        )

    def _title(self) -> str:
        return f"Lab {self.lab}: the visible checks of your answers as they stand now"

    def _after(self) -> list[str]:
        if self.checking:
            return [f"checking {self.checking} …"]
        coded = [r for r in self.rows if isinstance(r.exercise, Exercise)]
        written = sum(r.exercise.points for r in self.rows if isinstance(r.exercise, Written))
        total = f"Visible points: {sum(r.points for r in coded)} of {sum(r.exercise.points for r in coded)}"
        person = f", and up to {written} more for what a person reads" if written else ""
        steps = [f"{number}. {step}" for number, step in enumerate(self.where, 1)]
        return [
            f"{total}{person}.",
            "These are visible checks. Grading runs your answers afresh, with other inputs: an answer that "
            "fits only the inputs used here does not pass there.",
            "Did you change or delete cells? Restart the kernel and run all before you hand in.",
            "To hand in:",
            *steps,
        ]


def _points(row: Line) -> str:
    if isinstance(row.exercise, Written):
        return f"up to {row.exercise.points}"
    return f"{row.points} of {row.exercise.points}"


def _html_row(row: Line) -> str:
    cell = "<td style='text-align:left;padding:1px 16px 1px 0;vertical-align:top'>"
    colour = _COLOUR.get(row.status, "inherit")
    label = html.escape(row.label)
    if isinstance(row.exercise, Exercise):
        label = f"{row.exercise.id} <code>{html.escape(row.exercise.name)}</code>"
    first = (
        f"<br><span style='opacity:.75'>{CROSS} {with_code(html.escape(row.first))}</span>"
        if row.first
        else ""
    )
    return (
        f"<tr>{cell}<span style='color:{colour}'>{_MARK[row.status]}</span></td>{cell}{label}</td>"
        f"{cell}{row.status}{first}</td>{cell}{_points(row)}</td></tr>"
    )


def _screen() -> Callable[[_Report], None]:
    """Where reports go: into one output of the cell that is written over, else printed when done."""
    if page_shell() is None:
        return lambda report: print(report.lines()[-1] if report.checking else "\n".join(report.lines()))
    from IPython.display import display

    handles: list[Any] = []

    def show(report: _Report) -> None:
        data = {"text/plain": "\n".join(report.lines()), "text/html": report.html()}
        if handles:
            handles[0].update(data, raw=True)
        else:
            handles.append(display(data, raw=True, display_id=True))

    return show
