"""Ctrl-C that waits for the step under way, so that the checkpoint it leaves is whole."""

import signal
import threading


class Interruption:
    """While entered, the first Ctrl-C sets ``wanted``; the second one interrupts at once.

    Outside the main thread, where Python takes no signals, nothing changes.
    """

    def __init__(self):
        self.wanted = False
        self._before = None

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _note(self, number, frame) -> None:
        self.wanted = True
        self._restore()

    def _restore(self) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None
