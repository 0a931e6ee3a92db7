"""Exercise 1.6: the transposed convolution in a paragraph."""

from labkit.exercises.exercise import Written

EXERCISE = Written("1.6", "The layer in a paragraph", 4)
