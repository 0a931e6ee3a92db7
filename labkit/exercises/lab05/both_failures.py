"""Exercise 5.9: a paragraph on each failure."""

from labkit.exercises.exercise import Written

EXERCISE = Written("5.9", "Both failures, in words", 4)
