"""Question 6.10: the two parts of the loss, and why the trick is needed."""

from labkit.exercises.exercise import Written

EXERCISE = Written("6.10", "How a VAE learns", 4)
