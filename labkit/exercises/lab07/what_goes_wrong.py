"""Exercise 7.8: what the start, the identity loss and the cycle can do, and what they cannot."""

from labkit.exercises import choices
from labkit.exercises.exercise import Exercise

COLOURS, IDENTITY, TURN, CYCLE = (
    "inverted colours",
    "identity loss on recolouring",
    "rotation by 90 degrees",
    "a small cycle loss says",
)
QUESTIONS = {
    COLOURS: ("depend on the start", "happen in every run", "never happen"),
    IDENTITY: ("changes nothing", "makes it better", "makes it worse"),
    TURN: ("fails with and without the cycle", "fails without the cycle only", "works"),
    CYCLE: ("nothing was learnt", "the translation is right", "the translation may still be wrong"),
}


def probe(what_goes_wrong, _given):
    return choices.said(what_goes_wrong, QUESTIONS)


EXERCISE = Exercise("7.8", "What goes wrong", 2, "what_goes_wrong()", choices.nothing, probe, fixed=True)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------

RIGHT = {
    COLOURS: "depend on the start",
    IDENTITY: "makes it worse",
    TURN: "fails with and without the cycle",
    CYCLE: "the translation may still be wrong",
}

CLUES = {  # of each choice, should it be the wrong one: where to look again
    IDENTITY: {
        "makes it worse": "recolouring: compare L1 to A with the identity loss and without it",
        "makes it better": "the identity loss asks for the old colours; is L1 to A smaller with it?",
        "changes nothing": "recolouring: by how much does L1 to A change with the identity loss?",
    },
    TURN: {
        "fails with and without the cycle": "rotation: is the digit kept, with the cycle or without?",
        "fails without the cycle only": "rotation: with the cycle, is L1 to A small, too?",
        "works": "rotation: the truth stands upright; do the digits of F(B)? See L1 to A as well",
    },
    COLOURS: {
        "depend on the start": "inverted colours: compare the two landscapes, with `warm_up` and without",
        "never happen": "inverted colours: without `warm_up`, is what was dark still dark in G(A) and F(B)?",
        "happen in every run": "inverted colours: with `warm_up`, is what was dark still dark?",
    },
    CYCLE: {
        "the translation may still be wrong": "a small cycle loss: compare it with L1 to A",
        "the translation is right": "a small cycle loss: see the digits that are turned, and L1 to A",
        "nothing was learnt": "a small cycle loss: untrained networks bring no image back",
    },
}


def expected():
    return dict(RIGHT)


PROPERTIES = choices.properties(QUESTIONS, CLUES, dict.fromkeys(QUESTIONS, 0.5))

MISTAKES = choices.mistakes(RIGHT, CLUES)
