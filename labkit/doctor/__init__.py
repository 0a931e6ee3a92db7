"""Is this machine ready? One line per thing: ok, or what to do about it.

`report` returns the findings, for a notebook and for ``labkit doctor``. Nothing is downloaded or changed.
"""

from collections.abc import Callable

from labkit.doctor import checks
from labkit.doctor.findings import Finding, Report

__all__ = ["Finding", "Report", "report"]


def report() -> Report:
    """Look at this machine. Takes seconds, most of them importing torch."""
    return Report(tuple(_guarded(check) for check in checks.ALL))


def _guarded(check: Callable[[], Finding]) -> Finding:
    """A doctor that falls over helps nobody: what a check raises becomes its finding."""
    try:
        return check()
    except Exception as error:
        thing = check.__name__
        if isinstance(error, ImportError) and error.name == "torch":
            return Finding(thing, "note", "not checked: needs torch")
        return Finding(
            thing, "fix", f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        )
