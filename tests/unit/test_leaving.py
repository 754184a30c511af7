"""Leaving the console: what it takes with it where the watch cannot write its end in time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

from aftergreen.model import Instant, Signal, View
from aftergreen.paths import find_paths
from aftergreen.verdict.ending import ExitCode
from aftergreen.watch.session import Session
from aftergreen.watch.wanted import Wanted
from tests.made_up import FakeClock, MadeUpSource, bad_from
from tests.scenario import DEPLOYED_AT, plan
from tests.waiting import HANG
from tui.console import console, verdict_code

BREACHED_AT = DEPLOYED_AT + 315 + 15


class Hanging(MadeUpSource):
    """Answers until the errors are a breach, then nothing until it is let go."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock, bad_from(200))
        self.hangs = threading.Event()
        self.let_go = threading.Event()

    async def read(self, signals: Sequence[Signal], at: float, view: View) -> Instant:
        if at > BREACHED_AT:
            self.hangs.set()
            while not self.let_go.is_set():  # noqa: ASYNC110  # another thread's event
                await asyncio.sleep(0.01)
        return await super().read(signals, at, view)


def test_a_backend_that_hangs_takes_nothing_from_the_verdict(tmp_path: Path) -> None:
    clock = FakeClock(DEPLOYED_AT)
    source = Hanging(clock)
    wanted = Wanted("v2.4.1", "v2.4.0", lambda _now: DEPLOYED_AT, "ana")
    paths = find_paths(journal=str(tmp_path / "journal.db"))
    shown = console([Session(plan(), wanted, clock, paths, lambda _plan: source)])
    thread, (watching,) = shown.thread, shown.watches
    thread.start()
    try:
        assert source.hangs.wait(HANG)
        watching.abandon(by="ana")
        assert not thread.join(0.0)
        assert verdict_code(watching) is ExitCode.ROLLBACK_ADVISED
    finally:
        source.let_go.set()
        assert thread.join(HANG)
    assert verdict_code(watching) is ExitCode.ROLLBACK_ADVISED
    assert shown.app.snapshot is None, "the screen never ran"
