"""Waiting for a condition, never for a time: what a slow machine does late still comes true."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

HANG = 120.0
"""Seconds after which a wait is given up: so many that no machine takes them and only what hangs does."""


async def until(holds: Callable[[], object], what: str) -> None:
    """Come back once it holds, looking again and again while everything else on the loop goes on.

    Fails, saying what was waited for, where that never comes.
    """
    try:
        async with asyncio.timeout(HANG):
            while not holds():  # noqa: ASYNC110  # a condition has no event
                await asyncio.sleep(0.002)
    except TimeoutError:
        raise AssertionError(f"waited {HANG:g} s in vain for {what}") from None


TURNS = 1000
"""Turns of the loop after which all that a loopback connection or a task had to bring is there."""

_ahead: WeakKeyDictionary[asyncio.AbstractEventLoop, float] = WeakKeyDictionary()


def skip(seconds: float) -> None:
    """Put the clock of the running loop ahead: what waits for a time within them comes due."""
    loop = asyncio.get_running_loop()
    if loop not in _ahead:
        usual = loop.time
        loop.time = lambda: usual() + _ahead[loop]  # type: ignore[method-assign]  # a clock that can be set
    _ahead[loop] = _ahead.get(loop, 0.0) + seconds


@asynccontextmanager
async def in_no_time() -> AsyncIterator[None]:
    """Whenever everything waits for a time, that time has come; so an hour's patience costs nothing.

    Not for tests in which another process or thread has to do something meanwhile.
    """

    async def hurry() -> None:
        loop = asyncio.get_running_loop()
        timers: list[asyncio.TimerHandle] = loop._scheduled  # type: ignore[attr-defined]  # not public
        while True:
            for _ in range(TURNS):
                await asyncio.sleep(0)
            due = [timer.when() for timer in timers if not timer.cancelled()]
            if due:
                skip(max(0.0, min(due) - loop.time()))

    hurrying = asyncio.ensure_future(hurry())
    try:
        yield
    finally:
        hurrying.cancel()
