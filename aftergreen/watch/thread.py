"""Runs watches in a thread and an event loop of their own, so that no screen can hold them up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence

from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.loop import Watch
from aftergreen.watch.orders import OVER, Answer, RollBack

_Order = Callable[[Watch], Coroutine[None, None, None]]


class Watching:
    """One of the watches of a thread; takes orders from any thread.

    ``make`` builds the watch inside the thread, whose loop its parts belong to.
    ``ended`` is called in that thread when it is over, with the error where there was one.
    """

    def __init__(self, make: Callable[[], Watch], ended: Callable[[BaseException | None], None]) -> None:
        self._make = make
        self._ended = ended
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watch: Watch | None = None
        self._over = False
        self._lock = threading.Lock()
        self._waiting: list[_Order] = []
        self._orders: set[asyncio.Task[None]] = set()
        self.snapshot: Snapshot | None = None
        """What is known of the release: its end, or the newest that whoever receives snapshots put here."""
        self.error: BaseException | None = None

    async def run(self) -> None:
        """Watch to the end; what went wrong is in ``error``, and takes no other watch along."""
        try:
            watch = self._make()
            with self._lock:
                self._watch, self._loop = watch, asyncio.get_running_loop()
                waiting, self._waiting = self._waiting, []
            for order in waiting:
                self._carry_out(order, watch)
            self.snapshot = await watch.run()
        except BaseException as error:  # noqa: BLE001  # a thread has nobody above it: the screen is told
            self.error = error
        with self._lock:
            self._over = True
        for late in self._orders:
            late.cancel()
        await asyncio.gather(*self._orders, return_exceptions=True)
        self._ended(self.error)

    def roll_back(self, order: RollBack, answer: Answer) -> None:
        """See `aftergreen.watch.orders.Orders`.

        An order that reaches the watch in its last moment may stay without an answer: whoever ``ended`` tells
        knows that none will come.
        """

        async def carry_out(watch: Watch) -> None:
            try:
                answer(await watch.orders.roll_back(order))
            except Exception as error:
                answer(f"Aftergreen itself failed: {error!r}")
                raise

        if not self._order(carry_out):
            answer(OVER)

    def abandon(self, *, by: str) -> None:
        """See `aftergreen.watch.orders.Orders`."""

        async def order(watch: Watch) -> None:
            watch.abandon(by=by)

        self._order(order)

    def hold(self, reason: str, *, by: str) -> None:
        """See `aftergreen.watch.orders.Orders`."""

        async def order(watch: Watch) -> None:
            await watch.orders.hold(reason, by=by)

        self._order(order)

    def release(self, *, by: str) -> None:
        """See `aftergreen.watch.orders.Orders`."""

        async def order(watch: Watch) -> None:
            await watch.orders.release(by=by)

        self._order(order)

    def settle(self, text: str, *, by: str) -> None:
        """See `aftergreen.watch.orders.Orders`."""

        async def order(watch: Watch) -> None:
            await watch.orders.settle(text, by=by)

        self._order(order)

    def override(self, text: str, *, by: str) -> None:
        """See `aftergreen.watch.orders.Orders`."""

        async def order(watch: Watch) -> None:
            await watch.orders.override(text, by=by)

        self._order(order)

    def note(self, text: str, *, by: str) -> None:
        """See `aftergreen.watch.orders.Orders`."""

        async def order(watch: Watch) -> None:
            await watch.orders.note(text, by=by)

        self._order(order)

    def _order(self, order: _Order) -> bool:
        """Hand an order to the watch, now or when it begins; False where it is over."""
        with self._lock:
            loop, watch = self._loop, self._watch
            if self._over:
                return False
            if loop is None or watch is None:
                self._waiting.append(order)
                return True
            try:
                loop.call_soon_threadsafe(self._carry_out, order, watch)
            except RuntimeError:
                # Closed, perhaps this very moment: asking first would not help.
                return False
            return True

    def _carry_out(self, order: _Order, watch: Watch) -> None:
        """In the watch's loop, which keeps no task alive by itself."""
        task = asyncio.get_running_loop().create_task(order(watch))
        self._orders.add(task)
        task.add_done_callback(self._orders.discard)


class WatchThread:
    """The thread in which watches go on whatever becomes of the screen, all in one loop."""

    def __init__(self, watches: Sequence[Watching]) -> None:
        self._watches = tuple(watches)
        self._thread = threading.Thread(target=self._main, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the watches to end; False where they have not within ``timeout`` seconds."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _main(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        await asyncio.gather(*(watching.run() for watching in self._watches))
