"""Waiting for a screen: until everything that was sent to an app has had its effect and is painted.

Textual's pilot waits until the processor is idle, which a busy machine never is and a quick one is too soon.
"""

from __future__ import annotations

import asyncio
from typing import Any

from textual._queue import Queue
from textual.app import App
from textual.events import Resize
from textual.geometry import Size
from textual.message import Message
from textual.message_pump import MessagePump

from tests.waiting import HANG

SURELY = 3
"""Turns of the loop without anything to do after which nothing is left to do."""


async def settled(app: App[Any]) -> None:
    """Come back when no message is on its way and no part of the screen waits to be painted."""
    quiet = 0
    async with asyncio.timeout(HANG):
        while quiet < SURELY and not app._exit:
            await asyncio.sleep(0)
            if app._exception is not None:
                raise app._exception
            quiet = quiet + 1 if not _busy(app) and _on_the_screen(app) else 0


async def resized(app: App[Any], columns: int, rows: int) -> None:
    """Give the terminal another size, and come back when everything has followed it."""
    driver = app._driver
    assert driver is not None
    size = Size(columns, rows)
    # A headless terminal is asked for its size as well as told.
    driver._size = (columns, rows)
    app.post_message(Resize(size, size))
    await settled(app)


def _busy(app: App[Any]) -> bool:
    """Whether a message, or what is to be called after it, is still on its way."""
    resizing = app._resize_event is not None or app._resize_timer is not None
    return (
        resizing
        or _at_work(app)
        or any(_at_work(node) for screen in app.screen_stack for node in screen.walk_children(with_self=True))
    )


def _at_work(pump: MessagePump) -> bool:
    """Whether it has a message, is in the middle of one, or has something to do afterwards."""
    if pump._closed or not pump._running:
        return False
    waiting: Queue[Message | None] = pump._message_queue
    in_a_message = not waiting.ready_event._waiters
    return bool(waiting.values or pump._pending_message or pump._next_callbacks or in_a_message)


def _on_the_screen(app: App[Any]) -> bool:
    """Paint what waits for the next frame; whether nothing did."""
    screen = app.screen
    due = (screen._layout_required, screen._scroll_required, screen._repaint_required)
    if not any(due) and not screen._dirty_widgets and not screen._callbacks:
        return True
    screen._on_timer_update()
    return False
