"""What the grader's own process may spend on one submission: students' code runs elsewhere, but reading what
they wrote is work as well, and how much of it there is they decide."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator

MOST_SECONDS = 300  # of this process's own computing: it waits for the sandbox, and games are played, in less
MOST_MEMORY = 2 * 2**30  # bytes of address space beyond what it has


class TooMuch(BaseException):
    """A submission takes the grader more than it may spend on one. No `except Exception` may swallow it."""


@contextlib.contextmanager
def limited(seconds: float = MOST_SECONDS, memory: int = MOST_MEMORY) -> Iterator[None]:
    """Run the body with limits on this process: past them `TooMuch` or a MemoryError is raised in it.

    Works in the main thread of a system that has such limits (a worker on Linux), else does nothing.
    """
    if threading.current_thread() is not threading.main_thread() or not os.path.exists("/proc/self/statm"):
        yield
        return
    import resource  # not on Windows, where this module is imported all the same

    def stop(_signal, _frame):
        raise TooMuch(f"it took the grader itself more than {seconds:g} seconds")

    with open("/proc/self/statm") as statm:
        space = int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGVTALRM, stop)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (space + memory, hard))
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 1.0)  # again and again: the first may be swallowed
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
