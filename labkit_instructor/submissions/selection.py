"""Which of the files that were handed in are graded: one for each student and lab."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from labkit_instructor.marks import Handed
from labkit_instructor.submissions.intake import IntakeError, content, newest
from labkit_instructor.submissions.notebook_file import read_cells
from labkit_instructor.submissions.reading import ReadingError, lab_of, lab_of_name
from labkit_instructor.submissions.trusted import Trusted


def select(handed: Sequence[Handed], labs: Mapping[str, Trusted], wanted: str = "") -> list[Handed]:
    """One notebook for each student and lab, the newest that can be read; notes on it name the others.

    Args:
        handed: in the order of `intake.collect`.
        wanted: the lab to grade. Notebooks of other labs are then left out; a student who handed in nothing
            else keeps one entry with a trouble that says so.

    Raises:
        IntakeError: nothing at all is of the lab that is wanted.
    """
    seen = [_look(one, labs) for one in handed]
    kept = newest([one for one, _ in seen], [lab for _, lab in seen])
    chosen = list(_without_strays([(one, lab) for one, lab in kept if not wanted or lab in (wanted, "")]))
    if not wanted:
        return chosen
    if not any(lab == wanted for _, lab in kept):
        there = Counter(lab for _, lab in kept if lab)
        others = ", ".join(f"{n} of lab {lab}" for lab, n in sorted(there.items())) or "none of any lab"
        raise IntakeError(f"no notebook of lab {wanted} was handed in, but {others}: is --lab right?")
    served = {one.student.key for one in chosen}
    for one, lab in kept:
        if one.student.key not in served:
            served.add(one.student.key)
            trouble = f"no notebook of lab {wanted} was handed in, only of lab {lab}"
            chosen.append(replace(one, trouble=trouble, absent=True))
    return chosen


def _without_strays(kept: Sequence[tuple[Handed, str]]) -> Iterator[Handed]:
    """Files of which no lab can be told, such as a scratch notebook, stand for a student who has no other,
    and then the newest of them alone; else they are named beside the one that does."""
    of_student: dict[str, list[tuple[Handed, str]]] = {}
    for one, lab in kept:
        of_student.setdefault(one.student.key, []).append((one, lab))
    for files in of_student.values():
        known = [one for one, lab in files if lab]
        strays = [one for one, lab in files if not lab]
        if not known:
            known = [strays.pop()]
        yield from known[:-1]
        names = ", ".join(f"{one.name} ({one.trouble})" for one in strays[-5:])
        note = (f"{len(strays)} more of no lab that can be told: {names}",) if strays else ()
        yield replace(known[-1], merged=(*known[-1].merged, *note))


def _look(one: Handed, labs: Mapping[str, Trusted]) -> tuple[Handed, str]:
    """The file with what is wrong with it, and the lab that it belongs to or is named after."""
    if one.trouble:
        return one, lab_of_name(one.name, labs)
    try:
        lab = lab_of(read_cells(content(one)), labs)
    except (IntakeError, ReadingError, OSError) as error:
        return replace(one, trouble=str(error)), lab_of_name(one.name, labs)
    if not lab:
        trouble = "no answer cell of any lab was found in this notebook"
        return replace(one, trouble=trouble), lab_of_name(one.name, labs)
    return one, lab
