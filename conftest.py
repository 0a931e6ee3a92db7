"""nbval, asked for more: a cell that is allowed to stop at its blank does stop, and at nothing else.

The tag ``raises-exception`` lets a cell of an untouched notebook fail, in any way, or not at all.
And no test waits for ever because another one killed a process.
"""

import re
import threading
from collections.abc import Iterator

import pytest
from tqdm import tqdm

BLANK = re.compile(r"Exercise \d+\.\d+: your code here")


def pytest_configure() -> None:
    """Let no thread of tqdm watch the bars: it would wait for a lock that is left locked, until the end."""
    tqdm.monitor_interval = 0


def pytest_runtest_setup() -> None:
    """Give tqdm a new lock for each test, of this process alone.

    Its own is shared with forked processes, and one that is killed while it draws a bar keeps it for ever. So
    does a bar that cannot be drawn, because somebody gave it a total that is no number.
    """
    tqdm.set_lock(threading.RLock())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a cell with the tag whose error is not that of a blank."""
    yield
    if getattr(item, "options", {}).get("check_exception"):
        errors = [out for out in item.test_outputs if out.output_type == "error"]
        if not any(out.ename == "NotImplementedError" and BLANK.search(out.evalue) for out in errors):
            said = "; ".join(f"{out.ename}: {out.evalue}" for out in errors) or "it runs"
            pytest.fail(f"may stop at a blank only, and has to ({said}): run `labkit release --force`")
