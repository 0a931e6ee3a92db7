"""Forbidden ways to an answer, told from its text: importing it from labkit, or fishing for it in memory.

A best effort: what keeps the judge honest is that it does not run beside the student's code. This check
is there so that calling the kit's own function is not graded as an answer.
"""

from labkit.instructor.trusted import Trusted


def shortcut(source: str, trusted: Trusted) -> str:
    """Why the code is refused, with the line: "line 3 imports labkit.losses: …". "" where it is not."""
    return ""
