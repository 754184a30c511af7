"""The clocks of rehearsals: fast ones for people, and one that waits for nothing where nobody looks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from aftergreen.clock import FastClock
from aftergreen.drill.scenario.model import ClockStep

LOOKS_AGAIN = 0.02
"""Seconds between two looks at whether a real command has ended, or time goes on."""


class DrillClock(FastClock):
    """Runs ``speed`` times as fast as the machine's, from ``start`` on, and is set where that is rehearsed.

    ``start`` is in seconds since the epoch, and so is the ``at`` of a ``step``.
    """

    def __init__(self, speed: float, start: float, step: ClockStep | None = None) -> None:
        super().__init__(speed, start)
        self._step = step
        self._halted: float | None = None
        self._stood = 0.0
        # A person and a facilitator may halt it, in threads of their own.
        self._lock = threading.Lock()

    @property
    def halted(self) -> bool:
        """Whether it stands still."""
        return self._halted is not None

    def halt(self) -> None:
        """Stand still, or go on from there."""
        with self._lock:
            if self._halted is None:
                self._halted = self.now()
            else:
                # Whoever reads the time meanwhile still sees it stand.
                self._stood = super().now() - self._halted
                self._halted = None

    def now(self) -> float:
        halted = self._halted
        return super().now() - self._stood if halted is None else halted

    async def sleep(self, seconds: float) -> None:
        end = self.now() + seconds
        await asyncio.sleep(max(0.0, seconds) / self.speed)
        while (left := end - self.now()) > 0:  # noqa: ASYNC110  # a clock has no event
            await asyncio.sleep(LOOKS_AGAIN if self.halted else left / self.speed)

    def stepped(self) -> float:
        return _stepped(self._step, self.now())


class LeapClock:
    """Is at once where somebody waits for, so that a whole watch takes the time of its questions.

    It stands still while ``busy``: a real command that runs takes real time, in which nothing may happen
    that would be different the next time. Only the service itself moves it on then, by `forward`.
    """

    speed = 1.0

    def __init__(self, start: float, step: ClockStep | None = None) -> None:
        self._now = start
        self._step = step
        self.busy: Callable[[], bool] = lambda: False

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        end = self._now + max(0.0, seconds)
        # Others come first: what is under way at this time belongs to it.
        await asyncio.sleep(0)
        while self.busy():  # noqa: ASYNC110  # a condition has no event
            await asyncio.sleep(LOOKS_AGAIN)
        self._now = max(self._now, end)

    def forward(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self._now += seconds

    def stepped(self) -> float:
        return _stepped(self._step, self._now)


def _stepped(step: ClockStep | None, now: float) -> float:
    return step.by if step is not None and now >= step.at else 0.0
