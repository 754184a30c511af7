"""Manners towards the terminal that Textual lacks: it is gone, nobody reads from it, the program slept."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import termios
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from aftergreen.clean import clean

_Attributes = list[Any]

EVERY = 0.5
"""Seconds between two looks at the terminal."""
GRACE = 3.0
"""Seconds after which Textual, told to give the terminal back, must be waiting for a reader."""
HASTE = 0.05
"""Seconds between two looks from then on."""
PATIENCE = 10.0
"""Seconds from then on after which it gets no further chance."""
PUT_BACK = (
    # What was thrown away may have begun a sequence: CAN breaks it off.
    b"\x18\x1b[?2004l\x1b[?7h\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"
    b"\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l\x1b[23;2t"
)
"""What Textual writes to give a terminal back, and its title."""
TITLE_BACK = "\x1b[23;2t"
"""Gives the terminal the title that it had."""


def is_gone(descriptor: int) -> bool:
    """Whether nobody is at the other end of a terminal any more.

    Textual does not ask: it would read from it in a busy loop for ever.
    """
    poll = select.poll()
    # Asked for nothing, poll still tells of these.
    poll.register(descriptor, 0)
    return any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))


def titled(text: str, *, first: bool) -> str:
    """What makes the text the terminal's title; the first time it is told to remember the one it has."""
    remembering = "\x1b[22;2t" if first else ""
    return f"{remembering}\x1b]2;{clean(text)}\x07"


def under_job_control() -> bool:
    """Whether the parent is a shell that takes the terminal back when this program sleeps."""
    try:
        return os.getsid(os.getppid()) == os.getsid(0) and os.getpgrp() != os.getpgid(os.getppid())
    except OSError:
        return False


class Watchdog:
    """Looks at a terminal from a thread of its own and calls ``lost``, there, once it is gone.

    Where the program was told to end and cannot, because nobody reads what it writes, that is thrown away;
    where this does not help either, ``lost`` is called as well.
    """

    def __init__(self, descriptor: int, lost: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._lost = lost
        self._before: _Attributes = termios.tcgetattr(descriptor)
        self._told: float | None = None
        self._free = False
        self._throwing = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="terminal", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def told(self, *_: object) -> None:
        """Take that the program was told to end; a handler of signals."""
        if self._told is None:
            self._told = time.monotonic()

    def free(self) -> None:
        """Take that Textual has let go of the terminal, and see to what it could not say there."""
        with self._throwing:
            self._free = True
        if self._since_told() > GRACE:
            self.put_back()

    def put_back(self) -> None:
        """Leave the terminal as a shell wants it, without waiting for anybody to read from it."""
        with suppress(OSError, termios.error):
            termios.tcsetattr(self._descriptor, termios.TCSANOW, self._before)
            _throw_away(self._descriptor)
            # Opened anew: the shell has the other description too, and means it to wait.
            own = os.open(os.ttyname(self._descriptor), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
            try:
                os.write(own, PUT_BACK)
            finally:
                os.close(own)

    def _look(self) -> None:
        while not self._stop.wait(EVERY if self._since_told() < GRACE else HASTE):
            late = 0.0 if self._free else self._since_told() - GRACE
            if is_gone(self._descriptor) or late > PATIENCE:
                self._lost()
                return
            if late > 0:
                self._make_room()

    def _make_room(self) -> None:
        # Not what is written once the terminal is free.
        with self._throwing, suppress(termios.error):
            if not self._free:
                _throw_away(self._descriptor)

    def _since_told(self) -> float:
        return 0.0 if self._told is None else time.monotonic() - self._told


def _throw_away(descriptor: int) -> None:
    """Throw away what was written to a terminal and not read."""
    termios.tcflush(descriptor, termios.TCOFLUSH)
    # Linux lets who waits for room sleep on until output starts again.
    termios.tcflow(descriptor, termios.TCOOFF)
    termios.tcflow(descriptor, termios.TCOON)


def follow_signals(app: App[int], told: Callable[..., None]) -> None:
    """From the running app's loop: end on signals, tell so at once, and come back whole from a sleep.

    Textual itself takes every SIGCONT for the end of a sleep that it knew of: after SIGSTOP it would read
    twice from the terminal, and leave it raw; and it draws again only what has changed.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, app.exit)
        # The loop hears of it all the same, but not while it waits for the terminal.
        signal.signal(number, told)
    driver = app._driver  # noqa: SLF001  # Textual gives its driver no public name
    if isinstance(driver, LinuxDriver):
        # Not in the midst of whatever a signal interrupts: both write, and take locks.
        loop.add_signal_handler(signal.SIGTSTP, driver._sigtstp_application)  # noqa: SLF001  # as above
        loop.add_signal_handler(signal.SIGCONT, _wake, driver)
        app.app_resume_signal.subscribe(app, lambda _: app.refresh(layout=True))


def _wake(driver: LinuxDriver) -> None:
    if not driver._must_signal_resume:  # noqa: SLF001  # whether it was told of the sleep
        driver.suspend_application_mode()
        driver._must_signal_resume = True  # noqa: SLF001
    driver.resume_application_mode()
