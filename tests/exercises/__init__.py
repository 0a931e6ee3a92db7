"""The exercises: checks against right, wrong and hostile answers."""
