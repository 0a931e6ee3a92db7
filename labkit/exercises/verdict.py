"""From a record to a verdict: what the exercise's judge finds in it.

This is the door to the judges, and it opens only when somebody asks: where the folder is hidden, as in the
grader's sandbox, this module can be imported all the same.
"""

import dataclasses

import numpy as np

from labkit.exercises.guard import preserved_state
from labkit.exercises.record import Record
from labkit.exercises.spec import Exercise, Finding

LONGEST = 600  # characters of one text in a finding: what a hostile record says must not fill a page


class NoJudges(RuntimeError):
    """The judges are not here: this is the sandbox, where they are hidden."""


def findings(exercise: Exercise, record: Record, seed: int) -> list[Finding]:
    """Judge a record, up to and including the first property that does not hold; nothing for a blank one.

    Whatever the arrays are, it returns: a judge that cannot make anything of them is a finding too.

    Raises:
        NoJudges: the folder of the judges is hidden.
    """
    try:
        from labkit.exercises.judges import judge_of
    except ImportError as error:
        raise NoJudges("the judges of the exercises are not here") from error
    if record.failure:
        return [record.failure]
    if record.status == "blank":
        return []
    if record.odd:
        name, got = next(iter(record.odd.items()))
        cause = "the function returned nothing: is there a `return`?" if got == "None" else ""
        return [Finding(f"{name} can be read as numbers", False, got, "what the exercise text lists", cause)]
    judge, found = judge_of(exercise.id), []
    with preserved_state(seed), np.errstate(all="ignore"):
        inputs = exercise.inputs(seed)
        try:
            for finding in judge(inputs, record.arrays):
                found.append(_short(finding))
                if not finding.ok:
                    break
        except Exception as error:
            what = "these values can be judged"
            got = f"values that stop the judge ({type(error).__name__})"
            found.append(Finding(what, False, got, "what the exercise text lists"))
    return found


def _short(finding: Finding) -> Finding:
    texts = {name: getattr(finding, name) for name in ("what", "got", "expected", "cause")}
    long = {name: f"{text[: LONGEST - 1]}…" for name, text in texts.items() if len(text) > LONGEST}
    return dataclasses.replace(finding, **long) if long else finding
