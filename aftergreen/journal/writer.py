"""One thread that owns a journal: who hands it work goes on, however slow the disk is."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

from aftergreen.journal.protocol import Journal, JournalError

T = TypeVar("T")

_Work = Callable[[], None]


class Writer:
    """Does what it is told with one journal, in the order in which it was told.

    ``make`` opens the journal inside the thread, which owns it from then on; where that fails, all work fails
    with that `JournalError`. An executor of the standard library would not do: the program's end waits for
    its threads, and a disk that never answers must not hold anybody.
    """

    def __init__(self, make: Callable[[], Journal]) -> None:
        self._make = make
        self._work: deque[_Work] = deque()
        self._there = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._main, name="journal", daemon=True)
        self._thread.start()

    @property
    def behind(self) -> int:
        """How many pieces of work are not done yet."""
        return len(self._work)

    def do(self, work: Callable[[Journal], T]) -> Future[T]:
        """Hand over a piece of work; the future has its result or its error."""
        future: Future[T] = Future()
        # What was handed over is done, also where nobody waits for it any more.
        future.set_running_or_notify_cancel()

        def run() -> None:
            try:
                future.set_result(work(self._journal()))
            except BaseException as error:  # noqa: BLE001  # whoever asked is told
                future.set_exception(error)

        with self._there:
            if self._closed:
                future.set_exception(JournalError("The journal was closed: start Aftergreen anew."))
                return future
            self._work.append(run)
            self._there.notify()
        return future

    async def did(self, work: Callable[[Journal], T]) -> T:
        """The result of a piece of work, waited for without holding up the loop."""
        return await asyncio.wrap_future(self.do(work))

    def close(self) -> None:
        """Take no more work; what was handed over is still done, then the journal is closed."""
        with self._there:
            self._closed = True
            self._there.notify()

    def join(self, seconds: float) -> bool:
        """Wait until all is done and the journal is closed; False where that takes longer."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _journal(self) -> Journal:
        if isinstance(self._opened, JournalError):
            raise self._opened
        return self._opened

    def _main(self) -> None:
        try:
            self._opened: Journal | JournalError = self._make()
        except JournalError as error:
            self._opened = error
        while True:
            with self._there:
                self._there.wait_for(lambda: bool(self._work) or self._closed)
                if not self._work:
                    break
                work = self._work[0]
            work()
            # Only now: what is being done is not done yet.
            self._work.popleft()
        if not isinstance(self._opened, JournalError):
            # Everything was committed before.
            with suppress(JournalError):
                self._opened.close()
