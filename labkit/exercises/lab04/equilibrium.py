"""Exercise 4.6: what the curves look like at the equilibrium, and what they do not prove."""

from labkit.exercises.exercise import Written

EXERCISE = Written("4.6", "What the curves should look like", 4)
