"""What is kept and given on: the gradebook, the tables for platforms, the sheets for readers."""
