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
    COLOURS: ("depend on the start", "never happen", "happen on every seed"),
    IDENTITY: ("makes it worse", "makes it better", "changes nothing"),
    TURN: ("fails with and without the cycle", "fails without the cycle only", "works"),
    CYCLE: ("the translation may still be wrong", "the translation is right", "nothing was learnt"),
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
        "makes it worse": "recolouring: compare L1 to the truth with the identity loss and without it",
        "makes it better": "the identity loss asks for the old colours; is L1 to the truth smaller with it?",
        "changes nothing": "by how much does L1 to the truth differ with the identity loss, on every seed?",
    },
    TURN: {
        "fails with and without the cycle": "rotation: compare L1 to the truth with that of the identity map",
        "fails without the cycle only": "a small cycle error is not enough: is L1 to the truth small, too?",
        "works": "rotation: does a translated digit lie on its side as the truth does? See L1 to the truth",
    },
    COLOURS: {
        "depend on the start": "inverted colours: compare the two landscapes, with `warm_up` and without",
        "never happen": "inverted colours: what is the night in G(A), where there was no `warm_up`?",
        "happen on every seed": "inverted colours: with `warm_up` the same seed gets the night right",
    },
    CYCLE: {
        "the translation may still be wrong": "a small cycle loss: compare it with L1 to the truth",
        "the translation is right": "a small cycle loss: see the digits that are turned, and L1 to the truth",
        "nothing was learnt": "a small cycle loss: untrained networks bring no image back",
    },
}


def expected():
    return dict(RIGHT)


PROPERTIES = choices.properties(QUESTIONS, CLUES, dict.fromkeys(QUESTIONS, 0.5))

MISTAKES = choices.mistakes(RIGHT, CLUES)
