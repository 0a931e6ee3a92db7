"""Question 8.11: a review of the paper, with one claim checked."""

from labkit.exercises.exercise import Written

EXERCISE = Written("8.11", "A review of the paper", 4)
