"""Waiting for a condition, never for a time: what a slow machine does late still comes true."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

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
