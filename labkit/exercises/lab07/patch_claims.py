"""Question 7.9: what the report claims for PatchGAN."""

from labkit.exercises.exercise import Written

EXERCISE = Written("7.9", "What the report claims for PatchGAN: fewer parameters, faster", 4)
