"""One thread that owns a journal: who hands it work goes on, however slow the disk is."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

from aftergreen.journal.protocol import Journal, JournalBusyError, JournalError

T = TypeVar("T")

_Work = Callable[[], bool]

RECORDED_WITHIN = 60.0
"""Real seconds for which a record is tried again while another program keeps the journal locked."""


class Writer:
    """Does what it is told with one journal: records in their order, and questions ahead of them.

    ``make`` opens the journal inside the thread, which owns it from then on; where that fails, all work fails
    with that error. An executor of the standard library would not do: the program's end waits for its
    threads, and a disk that never answers must not hold anybody.
    """

    def __init__(self, make: Callable[[], Journal]) -> None:
        self._make = make
        self._questions: deque[_Work] = deque()
        self._records: deque[_Work] = deque()
        self._there = threading.Condition()
        self._closed = False
        self._over: Future[None] = Future()
        threading.Thread(target=self._main, name="journal", daemon=True).start()

    def record(self, work: Callable[[Journal], T]) -> Future[T]:
        """Hand over what is to be written after all that was before; the future has the result or the error.

        Nobody waits for it, so it is tried again while the journal is locked.
        """
        return self._hand_over(self._records, work, within=RECORDED_WITHIN)

    async def ask(self, work: Callable[[Journal], T]) -> T:
        """What somebody waits for, ahead of all that has only to be recorded."""
        return await asyncio.wrap_future(self.asked(work))

    def asked(self, work: Callable[[Journal], T]) -> Future[T]:
        """The same for who does not want to wait for it now."""
        return self._hand_over(self._questions, work, within=0.0)

    def close(self) -> Future[None]:
        """Take no more work; the future is done when what was handed over is, and the journal is closed."""
        with self._there:
            self._closed = True
            self._there.notify()
        return self._over

    def _hand_over(self, lane: deque[_Work], work: Callable[[Journal], T], *, within: float) -> Future[T]:
        future: Future[T] = Future()
        # What was handed over is done, also where nobody waits for it any more.
        future.set_running_or_notify_cancel()
        tried: float | None = None

        def run() -> bool:
            """Do it; False where it has to be tried again."""
            nonlocal tried
            tried = time.monotonic() if tried is None else tried
            try:
                future.set_result(work(self._journal()))
            except JournalBusyError as error:
                opened = not isinstance(self._opened, BaseException)
                if opened and time.monotonic() - tried < within:
                    return False
                future.set_exception(error)
            except BaseException as error:  # noqa: BLE001  # whoever asked is told
                future.set_exception(error)
            return True

        with self._there:
            if self._closed:
                future.set_exception(JournalError("The journal was closed: start Aftergreen anew."))
                return future
            lane.append(run)
            self._there.notify()
        return future

    def _journal(self) -> Journal:
        if isinstance(self._opened, BaseException):
            raise self._opened
        return self._opened

    def _main(self) -> None:
        try:
            self._opened: Journal | BaseException = self._make()
        except BaseException as error:  # noqa: BLE001  # whoever asks for work is told
            self._opened = error
        try:
            while (lane := self._next()) is not None:
                work = lane.popleft()
                if not work():
                    lane.appendleft(work)
        finally:
            if not isinstance(self._opened, BaseException):
                # Everything was committed before.
                with suppress(JournalError):
                    self._opened.close()
            self._over.set_result(None)

    def _next(self) -> deque[_Work] | None:
        """Where the next piece of work lies; None where there will be none any more."""
        with self._there:
            self._there.wait_for(lambda: bool(self._questions or self._records or self._closed))
            return self._questions or self._records or None
