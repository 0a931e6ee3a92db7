"""Question 3.8: why D is not trained to the end before each step of G."""

from labkit.exercises.exercise import Written

EXERCISE = Written("3.8", "Why not train D to the end?", 4)
