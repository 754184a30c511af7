"""Leaving the console: what it takes with it where the watch cannot write its end in time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from aftergreen.model import Instant, Signal, View
from aftergreen.paths import find_paths
from aftergreen.preflight.checks import Finding, PreflightFailed, Severity
from aftergreen.verdict.ending import WORST_FIRST, ExitCode, worst_of
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.loop import Watch
from aftergreen.watch.session import Session
from aftergreen.watch.thread import Watching
from aftergreen.watch.wanted import Wanted
from tests.console import moments
from tests.made_up import FakeClock, MadeUpSource, bad_from
from tests.scenario import DEPLOYED_AT, plan
from tests.waiting import HANG
from tui.console import console, farewell, verdict_code

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


@pytest.mark.parametrize(
    ("codes", "worst"),
    [
        ((0, 0), 0),
        ((0, 10), 10),
        ((10, 30), 30),
        # Where production burns, or nobody put it right, somebody is needed; what is put right comes after.
        ((20, 23), 23),
        ((23, 21), 21),
        ((21, 22), 22),
        ((0, 20, 10, 30), 20),
        # One that was not watched says less than one that burns, and more than one that was left.
        ((3, 23), 23),
        ((3, 30), 3),
        ((22, 2), 2),
        ((2, 1), 1),
    ],
)
def test_of_several_releases_the_worst_ending_counts(codes: tuple[int, ...], worst: int) -> None:
    assert worst_of(map(ExitCode, codes)) == worst
    assert worst_of(map(ExitCode, reversed(codes))) == worst


def test_every_ending_has_its_place() -> None:
    assert sorted(WORST_FIRST) == sorted(ExitCode)


def left(error: BaseException | None = None, snapshot: Snapshot | None = None) -> Watching:
    """A watch that is over."""

    def make() -> Watch:
        raise AssertionError("nobody starts it again")

    watching = Watching(make, lambda _error: None)
    watching.error, watching.snapshot = error, snapshot
    return watching


NO_SERIES = PreflightFailed((Finding(Severity.ERROR, "pool: no such series"),))


def test_of_several_each_says_what_became_of_it_and_the_worst_stands_last(
    capsys: pytest.CaptureFixture[str],
) -> None:
    well, burning = moments.finished().snapshot, moments.ended_red().snapshot
    watches = [left(snapshot=burning), left(error=NO_SERIES), left(snapshot=well)]
    assert farewell(watches, ["front", "stock", "edge"]) == ExitCode.ROLLBACK_ADVISED
    out, err = capsys.readouterr()
    assert out.index("finished (exit code 0)") < out.index(
        "HTTP 5xx is still breached; unproven (exit code 23)"
    )
    assert err == "stock: pool: no such series\n"


def test_a_fault_of_the_program_is_told_below_what_the_others_say(capsys: pytest.CaptureFixture[str]) -> None:
    watches = [left(error=KeyError("no such thing")), left(snapshot=moments.finished().snapshot)]
    with pytest.raises(KeyError, match="no such thing"):
        farewell(watches, ["front", "edge"])
    assert "finished (exit code 0)" in capsys.readouterr().out
