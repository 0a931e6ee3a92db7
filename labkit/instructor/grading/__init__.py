"""From answers to marks: programs for the sandbox, the sandbox, the judging, the batch."""
