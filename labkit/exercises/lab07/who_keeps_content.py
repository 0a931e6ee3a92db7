"""Exercise 7.7: the cycle, the skips or the critic's field of view: what measurements say of each."""

from labkit.exercises import choices
from labkit.exercises.exercise import Exercise

CRITIC = "without the cycle loss, but a critic of the whole image"
QUESTIONS = {
    "without the cycle loss": ("nothing is learnt", "the digit is kept", "the digit is often lost"),
    CRITIC: ("the digit is kept", "the digit is often lost", "the strokes are blurred"),
    "without skips": ("kept", "lost only without the cycle", "lost with and without the cycle"),
}


def probe(who_keeps_content, _given):
    return choices.said(who_keeps_content, QUESTIONS)


EXERCISE = Exercise(
    "7.7", "Who keeps the content?", 2, "who_keeps_content()", choices.nothing, probe, fixed=True
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------

RIGHT = {
    "without the cycle loss": "the digit is often lost",
    CRITIC: "the digit is often lost",
    "without skips": "lost with and without the cycle",
}

CLUES = {  # of each choice, should it be the wrong one: where to look again
    "without the cycle loss": {
        "the digit is often lost": "count the digits that are kept without the cycle loss, seed by seed",
        "the digit is kept": "with the cycle loss nearly every digit is kept: how many are without it?",
        "nothing is learnt": "look at F(B) without the cycle loss: it does have A's colours",
    },
    CRITIC: {
        "the digit is kept": "a critic of the whole image: read its row without the cycle loss",
        "the digit is often lost": "without the cycle, how many digits are kept by each of the two critics?",
        "the strokes are blurred": "a critic of the whole image: are the digits still read as what they are?",
    },
    "without skips": {
        "lost with and without the cycle": "without skips, how many digits are kept with the cycle?",
        "lost only without the cycle": "without skips, compare the rows with and without the cycle loss",
        "kept": "without skips, how often is the digit read as what it was? Guessing reads a tenth",
    },
}


def expected():
    return dict(RIGHT)


PROPERTIES = choices.properties(
    QUESTIONS, CLUES, {"without the cycle loss": 0.5, CRITIC: 0.75, "without skips": 0.75}
)

MISTAKES = choices.mistakes(RIGHT, CLUES)
