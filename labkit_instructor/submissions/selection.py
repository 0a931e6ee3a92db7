"""Which of the files that were handed in are graded: one for each student and lab."""

from collections import Counter
from collections.abc import Mapping, Sequence
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
    if not wanted:
        return [one for one, _ in kept]
    chosen = [one for one, lab in kept if lab in (wanted, "")]
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
