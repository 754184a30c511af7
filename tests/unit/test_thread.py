"""Orders from another thread: each is answered once, and none is lost without a word."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from aftergreen.model import RollbackPlan
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.loop import Watch
from aftergreen.watch.orders import OVER, RollBack
from aftergreen.watch.thread import Watching, WatchThread
from tests.made_up import bad_from, fine
from tests.rig import Rig, proposed
from tests.scenario import plan
from tests.waiting import HANG


def watched(folder: Path, when: Callable[[Snapshot], bool], *orders: str) -> list[str]:
    """What is told, in its order: answers, and the snapshots that show a rollback; orders go out together."""
    told: list[str] = []
    may_end = folder / "may end"
    # Until everybody has an answer.
    held = RollbackPlan(("sh", "-c", 'until [ -e "$0" ]; do sleep 0.01; done', str(may_end)))

    def seen(snapshot: Snapshot) -> None:
        if snapshot.rollback is not None and not told:
            told.append("shown")

    def answer(refused: str) -> None:
        told.append(refused or "taken")
        if len(told) > len(orders):
            may_end.touch()

    def order() -> None:
        for by in orders:
            watching.roll_back(RollBack(by), answer)

    def make() -> Watch:
        # A journal belongs to the thread that opened it.
        rig = Rig(folder, bad_from(200), given=plan(rollback=held))
        rig.hooks.append(seen)
        rig.once(when, order)
        return rig.watch

    ended = threading.Event()
    watching = Watching(make, lambda _error: ended.set())
    WatchThread([watching]).start()
    assert ended.wait(HANG)
    assert watching.error is None
    return told


def test_an_order_is_answered_after_the_snapshot_that_shows_it(tmp_path: Path) -> None:
    assert watched(tmp_path, proposed, "ana") == ["shown", "taken"]


def test_of_two_orders_the_second_learns_why_it_is_refused(tmp_path: Path) -> None:
    assert watched(tmp_path, proposed, "ana", "ben") == ["shown", "taken", "a rollback is running"]


def test_an_order_that_comes_after_the_end_is_refused(tmp_path: Path) -> None:
    told: list[str] = []
    watching = Watching(lambda: Rig(tmp_path, fine).watch, lambda _error: None)
    thread = WatchThread([watching])
    thread.start()
    assert thread.join(HANG)
    watching.roll_back(RollBack("ana"), told.append)
    assert told == [OVER]


def test_a_watch_that_fails_takes_no_other_one_along(tmp_path: Path) -> None:
    def broken() -> Watch:
        raise ValueError("no such thing")

    told = list[BaseException | None]()
    (tmp_path / "fine").mkdir()
    failing = Watching(broken, told.append)
    going_on = Watching(lambda: Rig(tmp_path / "fine", fine).watch, told.append)
    thread = WatchThread([failing, going_on])
    thread.start()
    assert thread.join(HANG)
    assert [str(error) for error in told] == ["no such thing", "None"]
    assert going_on.snapshot is not None
    assert going_on.snapshot.release_state.ended
    refused = list[str]()
    failing.roll_back(RollBack("ana"), refused.append)
    assert refused == [OVER]
