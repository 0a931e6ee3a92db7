"""Tools for those who write and grade the labs. Nothing a student calls imports from here."""
