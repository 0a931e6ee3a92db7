"""Lab 07: translation between two kinds of images without pairs, as a course report has it."""
