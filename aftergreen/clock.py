"""The local clock, so that a demo can run faster and a test can hold it still."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

BEAT = 0.5
"""Real seconds from one beat of an event loop to the next."""


class Clock(Protocol):
    """Local time in seconds since the epoch, and a way to wait for it; ``speed`` is how fast that passes."""

    speed: float

    def now(self) -> float:
        """The local time."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds of this clock; returns at once for zero or less."""
        ...

    def stepped(self) -> float:
        """Seconds by which the machine's time was set forward since this clock began; negative for back."""
        ...


def elapsed() -> float:
    """Seconds that pass whatever a clock is set to, and while the machine sleeps, where it tells."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class SystemClock:
    """The machine's time when it began, and the seconds that passed since: no setting of a clock moves it."""

    speed = 1.0

    def __init__(self) -> None:
        self._origin = time.time()
        self._started = elapsed()

    def now(self) -> float:
        return self._origin + elapsed() - self._started

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    def stepped(self) -> float:
        return time.time() - self.now()


class FastClock:
    """A clock that runs ``speed`` times as fast as the machine's, from ``start`` or the machine's time on."""

    def __init__(self, speed: float, start: float | None = None) -> None:
        self.speed = speed
        self._origin = time.time() if start is None else start
        self._started = time.monotonic()

    def now(self) -> float:
        return self._origin + (time.monotonic() - self._started) * self.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self.speed)

    def stepped(self) -> float:
        """Simulated time is set by nobody."""
        return 0.0


class Pulse:
    """Tells for how long an event loop could not run, because the machine slept or the process was stopped.

    A wait that takes too long does not tell it: the process may be stopped while it asks or writes as well.
    """

    def __init__(self) -> None:
        self._last = elapsed()
        self._longest = 0.0
        self._beating: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._last = elapsed()
        self._beating = asyncio.create_task(self._beat())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._beating is not None:
            self._beating.cancel()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            self._take()

    def _take(self) -> None:
        now = elapsed()
        self._longest = max(self._longest, now - self._last - BEAT)
        self._last = now

    def missed(self) -> float:
        """The longest time without a beat since this was asked last, in seconds."""
        self._take()
        longest, self._longest = self._longest, 0.0
        return longest


async def sleep_unless(clock: Clock, seconds: float, woken: asyncio.Event) -> None:
    """Wait for so many seconds of a clock, or until somebody wakes the sleeper."""
    if seconds <= 0:
        return
    sleeping = asyncio.ensure_future(clock.sleep(seconds))
    waking = asyncio.ensure_future(woken.wait())
    try:
        await asyncio.wait({sleeping, waking}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sleeping, waking):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
