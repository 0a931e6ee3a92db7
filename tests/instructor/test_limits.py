"""The grader's own work on one submission has an end, in time and in memory."""

import signal

import pytest

from labkit_instructor.judging.limits import TooMuch, limited
from tests.instructor.sandboxed import needs_sandbox

pytestmark = needs_sandbox  # where there is none, there are no such limits


def test_computing_without_end_is_stopped():
    with pytest.raises(TooMuch, match="more than 0.2 seconds"), limited(seconds=0.2):
        while True:
            pass


def test_no_code_of_ours_goes_on_as_if_nothing_had_happened():
    with pytest.raises(TooMuch), limited(seconds=0.2):
        while True:
            try:
                while True:
                    pass
            except Exception:
                pass


def test_memory_without_end_is_refused_and_there_afterwards():
    with pytest.raises(MemoryError), limited(memory=2**27):
        bytearray(2**30)
    assert len(bytearray(2**28)) == 2**28


def test_nothing_of_it_is_left():
    before = signal.getsignal(signal.SIGVTALRM)
    with limited():
        pass
    assert signal.getsignal(signal.SIGVTALRM) == before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
