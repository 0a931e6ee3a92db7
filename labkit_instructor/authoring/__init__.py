"""Before the course: from a solution notebook to what students open."""
