"""Lab 04: numbers, pictures and histograms in a logbook, and what the curves say."""
