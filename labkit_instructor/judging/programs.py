"""Which cells run so that an exercise can be probed.

Not the whole notebook: nobody's data is loaded and nobody's training waited for. A cell runs when it makes a
name that the answer uses, directly or through others. So a mistake in one cell sinks what depends on it and
nothing else.
"""

import builtins
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from labkit_instructor.submissions.names import Names, names
from labkit_instructor.submissions.reading import Answer, Submission
from labkit_instructor.submissions.trusted import Trusted

MOST_CELLS = 300  # that run for one exercise: several times the longest lab


@dataclass(frozen=True)
class Cell:
    """One cell to run. ``label`` is "set-up", "notebook 12", "helper 2", "3.2" or "given 3.2"."""

    label: str
    source: str


@dataclass(frozen=True)
class Program:
    """What runs for one exercise.

    Attributes:
        exercise: "3.2".
        name: what to probe when all cells have run.
        cells: in the order in which they run. As in a notebook, one that raises does not stop the next.
        uses: other exercises whose answers this one uses, whether they are there or not.
        notes: what a reader of the mark should know.
        trouble: why nothing runs; then there are no cells.
    """

    exercise: str
    name: str
    cells: tuple[Cell, ...]
    uses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True)
class _Part:
    """A cell of the student, or one that is given in its place."""

    place: int
    label: str
    source: str
    names: Names | None
    exercise: str = ""


@dataclass
class _Plan:
    """What has been chosen so far."""

    trusted: Trusted
    exercise: str
    place: int
    parts: list[_Part]
    named: Mapping[str, str]  # name -> the other exercise that is answered by it
    made_by: Mapping[str, list[int]]  # name -> indices of the parts that make it
    chosen: set[int] = field(default_factory=set)  # indices of parts
    light: set[int] = field(default_factory=set)  # indices of trusted.light
    asked: set[tuple[str, bool]] = field(default_factory=set)  # names whose makers are chosen
    uses: set[str] = field(default_factory=set)
    notes: dict[str, None] = field(default_factory=dict)


def program(
    trusted: Trusted, submission: Submission, exercise_id: str, *, given: Collection[str] = ()
) -> Program:
    """The cells to run for an exercise.

    Args:
        given: exercises whose answers are taken from the solution.

    Raises:
        KeyError: the submission has no answer to this exercise.
    """
    answer = submission.answers[exercise_id]
    plan = _plan(trusted, submission, answer, given)
    own = next(i for i, p in enumerate(plan.parts) if p.exercise == exercise_id)
    _choose(plan, own)
    for index, part in enumerate(plan.parts):
        if part.place < answer.place and part.names and part.names.star:
            plan.uses |= {part.exercise} - {""}
            _choose(plan, index)
    if any((n := plan.parts[i].names) and n.dynamic for i in set(plan.chosen)):
        for index, part in enumerate(plan.parts):
            if part.place < answer.place and part.label.startswith("helper"):
                _choose(plan, index)
    _touching(plan)
    cells = [Cell("set-up", trusted.imports)]
    cells += [Cell(f"notebook {s.number}", s.source) for i, s in enumerate(trusted.light) if i in plan.light]
    cells += [Cell(p.label, p.source) for i, p in enumerate(plan.parts) if i in plan.chosen]
    trouble = ""
    if len(cells) > MOST_CELLS:
        trouble = f"it needs {len(cells):,} cells of the notebook; at most {MOST_CELLS} run for one answer"
        cells = []
    uses = tuple(e for e in trusted.exercises if e in plan.uses)
    return Program(exercise_id, answer.name, tuple(cells), uses, tuple(plan.notes), trouble)


def _plan(trusted: Trusted, submission: Submission, own: Answer, given: Collection[str]) -> _Plan:
    """All parts in the order in which they would run, and who is known by which name."""
    parts = [_Part(h.place, f"helper {h.number}", h.source, h.names) for h in submission.helpers]
    named = {}
    for exercise in trusted.coded:
        name = trusted.name(exercise)
        answer = submission.answers.get(exercise)
        if exercise != own.exercise:
            named[name] = exercise
            if answer:
                named[answer.name] = exercise
        if exercise in given and exercise != own.exercise:
            source = trusted.answer(exercise)
            if answer and answer.name != name:
                source += f"\n\n{answer.name} = {name}"
            place = answer.place if answer else -1
            parts.append(_Part(place, f"given {exercise}", source, names(source), exercise))
            if answer:  # the student's cell may hold more than the answer
                parts.append(_Part(place, exercise, answer.source, answer.names))
        elif answer:
            parts.append(_Part(answer.place, exercise, answer.source, answer.names, exercise))
    parts.sort(key=lambda p: (p.place, p.label.startswith("given")))
    made_by: dict[str, list[int]] = {}
    for index, part in enumerate(parts):
        for name in part.names.binds if part.names else ():
            made_by.setdefault(name, []).append(index)
    return _Plan(trusted, own.exercise, own.place, parts, named, made_by)


def _choose(plan: _Plan, index: int) -> None:
    """Take a part, and all that it needs."""
    waiting = [("part", index)]
    while waiting:
        kind, index = waiting.pop()
        chosen = plan.chosen if kind == "part" else plan.light
        if index in chosen:
            continue
        chosen.add(index)
        thing = plan.parts[index] if kind == "part" else plan.trusted.light[index]
        if thing.names:
            for name in sorted(thing.names.needs):
                asked = name, name in thing.names.now
                if asked not in plan.asked:  # once each: cells that all need each other are no more work
                    plan.asked.add(asked)
                    waiting += _makers(plan, name, at_once=asked[1])


def _makers(plan: _Plan, name: str, *, at_once: bool) -> list[tuple[str, int]]:
    """Where a name comes from: another answer, a helper above, the notebook, or a helper below."""
    if exercise := plan.named.get(name):
        plan.uses.add(exercise)
        return [("part", i) for i, p in enumerate(plan.parts) if p.exercise == exercise]
    makers = [(i, plan.parts[i]) for i in plan.made_by.get(name, ())]
    origin = plan.trusted.provided.get(name)
    # An import that the notebook makes as well needs no cell of the student's.
    makers = [
        (i, p)
        for i, p in makers
        if p.exercise != plan.exercise and (origin is None or p.names.binds[name] != origin)
    ]
    above = [i for i, p in makers if p.place < plan.place]
    below = [i for i, p in makers if p.place >= plan.place]
    light = [i for i, s in enumerate(plan.trusted.light) if name in s.names.binds]
    if above:
        plan.uses |= {plan.parts[i].exercise for i in above if plan.parts[i].exercise}
        return [("part", i) for i in above]
    if origin is not None:
        return []
    if light:
        return [("light", i) for i in light]
    if below and not at_once:
        plan.uses |= {plan.parts[i].exercise for i in below if plan.parts[i].exercise}
        return [("part", i) for i in below]
    if name in plan.trusted.heavy and not hasattr(builtins, name):
        plan.notes[
            f"it uses `{name}`, which cell {plan.trusted.heavy[name]} of the notebook makes by running code; "
            "when grading, an answer has its arguments and the notebook's imports and functions only"
        ] = None
    return []


def _touching(plan: _Plan) -> None:
    """Helpers that change an object of a chosen part: ``Checkpoint.save = save`` in a cell of its own."""
    chosen = [found for i in plan.chosen if (found := plan.parts[i].names)]
    made = {n for found in chosen for n, kind in found.binds.items() if kind in ("def", "class", "")}
    for index, part in enumerate(plan.parts):
        if part.names and part.label.startswith("helper") and part.names.touches & made:
            _choose(plan, index)
