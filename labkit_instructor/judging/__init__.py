"""From answers to marks: one program an exercise, run in the sandbox, its results judged."""
