"""The subcommands of ``labkit``: one module each, and each has the same three things.

``SUMMARY`` is its line in ``labkit --help``, ``add_arguments(parser)`` says what its command line may hold,
and ``run(asked)`` does it and returns the exit code: 0; 1 where the result is bad; 2 where the command cannot
be carried out; 130 after Ctrl-C. `labkit.cli` imports them all, so what is heavy (torch, numpy, matplotlib)
is imported inside ``run``. `run_folder`, `vae_folder` and `translation_folder`
are what ``labkit train`` does, `run_files` is what they share.
"""

import sys

from labkit.markup import printable


def complain(command: str, message: object, code: int) -> int:
    """Say in one line on stderr why a command failed; return the exit code."""
    print(f"labkit {command}: {printable(' '.join(str(message).split()))}", file=sys.stderr)
    return code
