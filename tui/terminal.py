"""Tells that the terminal is gone. Textual does not: it would read from it in a busy loop for ever."""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Callable
from pathlib import Path

EVERY = 0.5
"""Seconds between two looks at the terminal."""


def is_gone(descriptor: int) -> bool:
    """Whether nobody is at the other end of a terminal any more."""
    poll = select.poll()
    # Asked for nothing, poll still tells of these.
    poll.register(descriptor, 0)
    return any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))


class Watchdog:
    """Looks at a terminal from a thread of its own and calls ``lost``, there, once it is gone."""

    def __init__(self, descriptor: int, lost: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._lost = lost
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="terminal", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(EVERY):
            if is_gone(self._descriptor):
                self._lost()
                return


def discard_output() -> None:
    """Send what is still to be written nowhere: the interpreter flushes at its end, and would fail there."""
    with Path(os.devnull).open("wb") as nowhere:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere.fileno(), stream.fileno())
