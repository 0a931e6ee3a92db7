"""Exercise 6.9: what measurements say of a course report's two sentences about the KL term."""

from labkit.exercises import choices
from labkit.exercises.exercise import Exercise

QUESTIONS = {
    "codes without KL": ("as before", "closer together", "farther apart"),
    "classes without KL": ("mixed up", "still told apart"),
    "what KL buys": ("a better reconstruction", "classes apart", "samples from the prior"),
    "more KL than the bound": ("costs the bound", "improves the bound"),
}


def probe(report_verdict, _given):
    return choices.said(report_verdict, QUESTIONS)


EXERCISE = Exercise("6.9", "Is the report right?", 2, "report_verdict()", choices.nothing, probe, fixed=True)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------

RIGHT = {
    "codes without KL": "farther apart",
    "classes without KL": "still told apart",
    "what KL buys": "samples from the prior",
    "more KL than the bound": "costs the bound",
}

CLUES = {  # of each wrong choice: where to look again
    "codes without KL": {
        "closer together": "divide `spread` by `width` at beta 0 and at beta 1: which is larger?",
        "as before": "divide `spread` by `width` at beta 0 and at beta 1: by how much do they differ?",
    },
    "classes without KL": {
        "mixed up": "compare the column `classes` at beta 0 with 0.1, which guessing would give",
    },
    "what KL buys": {
        "a better reconstruction": "compare `distance` at beta 0 and 1: it is what improves on every seed",
        "classes apart": "at beta 0 the column `classes` is far above 0.1: they are apart without it, too",
    },
    "more KL than the bound": {
        "improves the bound": "beta 1 is the bound itself: compare the column `-ELBO` at beta 1 and beta 4",
    },
}


def expected():
    return dict(RIGHT)


PROPERTIES = choices.properties(QUESTIONS, CLUES, dict.fromkeys(QUESTIONS, 0.5))

MISTAKES = choices.mistakes(RIGHT, CLUES)
