"""What runs inside the sandbox: a warm process that forks once per task, and the student's code in the fork.

Nothing of the instructor's is imported here: this folder, the kit without its judges, and Python are all
that the sandbox shows.
"""
