"""``make test``: every test and every notebook, in parts with their times; ``tests.run PART …`` runs some.

The budget is ``smoke``. A part that fails does not keep the others from running; the exit code tells.
"""

import os
import subprocess
import sys
import time

from tests import bubblewrap

NBVAL = ("--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=300", "--dist=loadscope")
PARTS = {
    "lint": [("ruff", "check", "."), ("ruff", "format", "--check", ".")],
    "release": [("labkit.cli", "release", "--check")],
    "tests": [("pytest", "-n2", "-rs", "--dist=worksteal", "--durations=8", "tests")],
    "portable": [("tests.portable", "--quick", "default")],  # the part before was the native one
    "notebooks": [("pytest", "-n2", *NBVAL, "solutions", "notebooks")],
}


def main(wanted: list[str]) -> int:
    """Run the parts named, or all; return 0 when every command succeeded."""
    unknown = set(wanted) - set(PARTS)
    if unknown:
        print(
            f"tests.run: no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}", file=sys.stderr
        )
        return 2
    # Two workers on two cores: one thread each is faster than four threads that take turns.
    # No notebook takes the networks that another one, beside it, has left.
    fixed = {
        "LABKIT_BUDGET": "smoke",
        "LABKIT_NETWORKS": "off",
        "OMP_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
    }
    environment = {**fixed, **os.environ}
    rows = []
    missing = bubblewrap.ensure() if not wanted or "tests" in wanted else ""
    if missing:
        print(bubblewrap.loud(missing), flush=True)
    for part in wanted or PARTS:
        start = time.monotonic()
        print(f"\n=== {part}", flush=True)
        codes = [
            subprocess.run([sys.executable, "-m", *command], env=environment).returncode
            for command in PARTS[part]
        ]
        rows.append((part, time.monotonic() - start, not any(codes)))
    print("\n=== in all")
    for part, seconds, ok in rows:
        print(f"{part:<12}{seconds / 60:5.1f} min   {'ok' if ok else 'FAILED'}")
    if missing:
        print(bubblewrap.loud(missing))
    return 0 if all(ok for *_, ok in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
