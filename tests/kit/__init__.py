"""The kit: data, networks, trainings, commands."""
