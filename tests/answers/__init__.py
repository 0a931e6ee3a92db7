"""Right and wrong answers to every exercise, lab by lab.

``RIGHT[id]`` lists answers that differ from the solution and must pass. ``WRONG[id]`` maps a clue to an
answer that must be rejected with a message in which the clue stands.
"""
