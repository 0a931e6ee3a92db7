"""Exercise 6.9: what measurements say of a course report's two sentences about the KL term."""

from labkit.exercises.exercise import Exercise
from labkit.exercises.properties import Case, holds, rule, same
from labkit.exercises.reading import word

QUESTIONS = {
    "codes without KL": ("farther apart", "closer together", "as before"),
    "classes without KL": ("still told apart", "mixed up"),
    "what KL buys": ("samples from the prior", "a better reconstruction", "classes apart"),
    "more KL than the bound": ("costs the bound", "improves the bound"),
}


def nothing(_seed: int) -> None:
    """What was measured does not depend on a seed."""


def probe(report_verdict, _given):
    claimed = report_verdict()
    if claimed is None:
        return {"the result": None}
    if not isinstance(claimed, dict):
        return {"kind": type(claimed).__name__, "questions": ""} | dict.fromkeys(QUESTIONS, "")
    said = {name: str(claimed.get(name, ""))[:60] for name in QUESTIONS}
    return {"kind": "dict", "questions": "; ".join(sorted(map(str, claimed)))[:300]} | said


EXERCISE = Exercise("6.9", "Is the report right?", 2, "report_verdict()", nothing, probe, fixed=True)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------

# Of each wrong choice: where to look again.
CLUES = {
    "closer together": "divide `spread` by `width` at beta 0 and at beta 1: which is larger?",
    "as before": "divide `spread` by `width` at beta 0 and at beta 1: by how much do they differ?",
    "mixed up": "compare the column `classes` at beta 0 with 0.1, which guessing would give",
    "a better reconstruction": "compare `distance` at beta 0 and 1: it is what improves on every seed",
    "classes apart": "at beta 0 the column `classes` is far above 0.1: they are apart without it, too",
    "improves the bound": "beta 1 is the bound itself: compare the column `-ELBO` at beta 1 and beta 4",
}
_RIGHT = {name: choices[0] for name, choices in QUESTIONS.items()}


def expected():
    return dict(_RIGHT)


def _one_of(name: str):
    def find(case: Case):
        said, choices = word(case.got[name]), QUESTIONS[name]
        yield holds(
            f"{name}: one of the choices",
            said in choices,
            got=said or "nothing",
            expected="; ".join(choices),
            cause="letter for letter as in the text",
        )

    return rule(find, name)


def _as_measured(name: str):
    def find(case: Case):
        said = word(case.got[name])
        yield holds(
            f"{name}: as measured",
            said == QUESTIONS[name][0],
            got=said,
            expected="what the table shows on every seed",
            cause=CLUES.get(said, ""),
        )

    return rule(find, name, compared=True, points=0.5)


PROPERTIES = (
    same("kind", "it returns a dictionary", "", expected='{"codes without KL": "...", ...}'),
    same("questions", "it answers the four questions", "one entry for each question, by its name"),
    *map(_one_of, QUESTIONS),
    *map(_as_measured, QUESTIONS),
)


def _saying(name, choice):
    return lambda: _RIGHT | {name: choice}


MISTAKES = {CLUES[c]: _saying(name, c) for name, choices in QUESTIONS.items() for c in choices[1:]}
