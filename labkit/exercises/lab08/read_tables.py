"""Exercise 8.8: what the report's two tables say, and where they do not agree."""

from labkit.exercises import choices
from labkit.exercises.exercise import Exercise

FIRST, INPUT, NOISE, MIXING, DATA, ONE, FOUR = (
    "the step that gains most",
    "the traditional input goes (C to D)",
    "noise is added (D to E)",
    "styles are mixed in training (E to F)",
    "FFHQ has the better FID",
    "one latent at test time",
    "four latents at test time",
)
QUESTIONS = {
    FIRST: ("A to B on both", "A to B on CelebA-HQ, D to E on FFHQ", "B to C on both"),
    INPUT: ("better on both", "better on CelebA-HQ, hardly worse on FFHQ", "worse on both"),
    NOISE: (
        "better on CelebA-HQ, hardly on FFHQ",
        "better on FFHQ, hardly on CelebA-HQ",
        "much better on both",
    ),
    MIXING: ("better on both", "worse on both", "worse on CelebA-HQ, hardly better on FFHQ"),
    DATA: ("in A alone", "in every row but A", "in every row"),
    ONE: ("100 % is better than 50 %", "50 % is better than 100 %", "all rows are equal"),
    FOUR: ("100 % is better than 50 %", "50 % is better than 100 %", "all rows are equal"),
}


def probe(read_tables, _given):
    return choices.said(read_tables, QUESTIONS)


EXERCISE = Exercise(
    "8.8", "Reading the report's tables", 2, "read_tables()", choices.nothing, probe, fixed=True
)

# ---- judge: a sandbox shows this file only down to here ------------------------------------------------

RIGHT = {
    FIRST: "A to B on both",
    INPUT: "better on CelebA-HQ, hardly worse on FFHQ",
    NOISE: "better on FFHQ, hardly on CelebA-HQ",
    MIXING: "worse on CelebA-HQ, hardly better on FFHQ",
    DATA: "in every row but A",
    ONE: "50 % is better than 100 %",
    FOUR: "100 % is better than 50 %",
}

CLUES = {  # of each choice, should it be the wrong one: where to look again
    FIRST: {
        "B to C on both": "the step that gains most: subtract each row from the one before, down each column",
        "A to B on CelebA-HQ, D to E on FFHQ": "the step that gains most: on FFHQ compare D − E with A − B",
    },
    INPUT: {
        "better on both": "C to D: a smaller FID is better; on FFHQ compare 4.85 with 4.88",
        "worse on both": "C to D: a smaller FID is better; on CelebA-HQ compare 5.34 with 5.07",
    },
    NOISE: {
        "better on CelebA-HQ, hardly on FFHQ": "D to E: which column is which? Subtract E from D in both",
        "much better on both": "D to E: by how much does the FID fall on CelebA-HQ? And on FFHQ?",
    },
    MIXING: {
        "better on both": "E to F: a smaller FID is better; on CelebA-HQ compare 5.06 with 5.17",
        "worse on both": "E to F: a smaller FID is better; on FFHQ compare 4.42 with 4.40",
    },
    DATA: {
        "in every row": "FFHQ has the better FID: compare the two columns row by row, from A on",
        "in A alone": "FFHQ has the better FID: a smaller FID is better; compare the two columns again",
    },
    ONE: {
        "100 % is better than 50 %": "one latent: a smaller FID is better; compare the first column",
        "all rows are equal": "one latent: three rows are nearly equal, but one of the four is not",
    },
    FOUR: {
        "50 % is better than 100 %": "four latents: a smaller FID is better; compare the last column",
        "all rows are equal": "four latents: compare the last numbers of the rows for 50 % and 100 %",
    },
}


def expected():
    return dict(RIGHT)


PROPERTIES = choices.properties(QUESTIONS, CLUES, dict.fromkeys(QUESTIONS, 0.25) | {DATA: 0.5})

MISTAKES = choices.mistakes(RIGHT, CLUES)
