"""Question 2.7: why the two pairs are built as they are."""

from labkit.exercises.exercise import Written

EXERCISE = Written("2.7", "Why these two are built so", 8)
