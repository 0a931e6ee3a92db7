"""The instructor's package: release, reading, sandbox, grading, pages."""
