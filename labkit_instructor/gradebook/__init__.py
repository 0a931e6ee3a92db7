"""What is kept: the log of events, the totals replayed from it, the tables and review sheets made of it."""
