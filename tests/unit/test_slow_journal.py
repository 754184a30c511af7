"""A journal that stalls, is locked, is full or goes bad: no poll waits, nothing is lost unsaid."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest

from aftergreen.journal import Claim, Entry, EntryKind, JournalError, open_journal
from aftergreen.journal.sqlite import SqliteJournal
from aftergreen.journal.writer import Writer
from aftergreen.model import Release, RollbackPlan
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import EventKind, ReleaseState
from aftergreen.watch import ledger
from aftergreen.watch.presence import Presence
from tests.made_up import bad_from
from tests.rig import BREACHED_AT, UNDO, Rig, proposed
from tests.scenario import DEPLOYED_AT, plan
from tests.waiting import HANG, until


class StalledJournal(SqliteJournal):
    """A journal on a disk that does not answer to some of what is asked of it."""

    def __init__(
        self, place: Path, goes_on: threading.Event, *stalls: str, stalled: threading.Event | None = None
    ) -> None:
        super().__init__(place, "ana@bastion2/1")
        self._goes_on = goes_on
        self._stalled = stalled or threading.Event()
        self._stalls = stalls or ("append", "claim")

    def _stall(self, work: str) -> None:
        if work in self._stalls:
            if not self._goes_on.is_set():
                self._stalled.set()
            assert self._goes_on.wait(HANG)

    def append(
        self, release: Release, kind: EntryKind, at: float, body: Mapping[str, object], by: str = ""
    ) -> int:
        self._stall("append")
        return super().append(release, kind, at, body, by)

    def claim(
        self,
        release: Release,
        *,
        at: float,
        body: Mapping[str, object],
        by: str,
        unheld_since: int | None = None,
    ) -> Claim | None:
        self._stall("claim")
        return super().claim(release, at=at, body=body, by=by, unheld_since=unheld_since)

    def entries(
        self, release: Release, *, kinds: Collection[EntryKind] = (), after: int = 0
    ) -> Iterator[Entry]:
        self._stall("entries")
        return super().entries(release, kinds=kinds, after=after)


async def test_a_disk_that_stalls_holds_up_no_poll_and_loses_nothing(tmp_path: Path) -> None:
    goes_on = threading.Event()
    goes_on.set()
    rig = Rig(tmp_path, journal=lambda place: StalledJournal(place, goes_on))
    stalls_from, stalls_until = DEPLOYED_AT + 60, DEPLOYED_AT + 150
    during: list[Snapshot] = []
    rig.once(lambda s: s.at >= stalls_from, goes_on.clear)

    def go_on() -> None:
        during.extend(rig.snapshots)
        goes_on.set()

    rig.once(lambda s: s.at >= stalls_until, go_on)
    last = await rig.watch.run()
    assert exit_code(last.state) == 0
    shown = sorted({s.at for s in during if s.at > stalls_from})
    assert shown == [stalls_from + 15.0 * k for k in range(1, 7)], "every instant is shown when it is due"
    assert during[-1].events[0].text == ledger.SLOW
    said = [event.text for event in reversed(last.events) if event.kind is EventKind.NOTE]
    assert said == [ledger.SLOW, ledger.AGAIN]
    times = [body["at"] for body in rig.entries(EntryKind.INSTANT)]
    assert times == [DEPLOYED_AT + 15.0 * k for k in range(1, 61)]
    assert rig.entries(EntryKind.FINISH)[-1]["exit_code"] == 0


async def test_a_journal_that_another_program_locks_for_a_while_loses_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path, journal=lambda place: SqliteJournal(place, patience=0.01))
    other = sqlite3.connect(rig.place, isolation_level=None)

    def at(age: float, statement: str) -> None:
        def run() -> None:
            other.execute(statement)

        rig.once(lambda s: s.at >= DEPLOYED_AT + age, run)

    at(60, "BEGIN IMMEDIATE")
    at(150, "ROLLBACK")
    last = await rig.watch.run()
    other.close()
    assert exit_code(last.state) == 0
    assert [event.text for event in last.events if "cannot be written" in event.text] == []
    times = [body["at"] for body in rig.entries(EntryKind.INSTANT)]
    assert times == [DEPLOYED_AT + 15.0 * k for k in range(1, 61)]


async def test_an_order_waits_for_the_disk_and_the_polls_do_not(tmp_path: Path) -> None:
    goes_on = threading.Event()
    goes_on.set()
    given = plan(rollback=RollbackPlan(("sh", "-c", f"echo ran >> {tmp_path}/ran"), verify_within=600.0))
    rig = Rig(tmp_path, bad_from(200), given=given, journal=lambda place: StalledJournal(place, goes_on))
    # Time passes while the order waits.
    rig.clock.held = lambda: goes_on.is_set() and rig.commanding()
    waited: list[bool] = []

    def order() -> None:
        goes_on.clear()
        rig.note("the disk is slow")
        rig.roll_back()

    def go_on() -> None:
        waited.append(rig.snapshots[-1].rollback is None and not (tmp_path / "ran").exists())
        goes_on.set()

    rig.once(proposed, order)
    rig.once(lambda s: s.at >= BREACHED_AT + 45, go_on)
    last = await rig.watch.run()
    assert waited == [True], "nothing runs before the intent is on the disk"
    assert rig.answers == [""]
    assert (tmp_path / "ran").read_text() == "ran\n"
    assert exit_code(last.state) == 20


@pytest.mark.parametrize(
    ("stalls", "answer"),
    [
        ("entries", "the release has ended"),
        ("claim", "this console was left before the command was started"),
    ],
)
async def test_who_leaves_waits_for_no_disk_and_nothing_is_started_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stalls: str, answer: str
) -> None:
    monkeypatch.setattr("aftergreen.watch.loop.LEAVING", 0.1)
    goes_on = threading.Event()
    goes_on.set()
    given = plan(rollback=RollbackPlan(("sh", "-c", f"echo ran >> {tmp_path}/ran")))
    stalled = threading.Event()
    rig = Rig(
        tmp_path,
        bad_from(200),
        given=given,
        journal=lambda place: StalledJournal(place, goes_on, stalls, stalled=stalled),
    )
    rig.clock.held = lambda: bool(rig.ordered) and not stalled.is_set()

    async def leave() -> None:
        await until(stalled.is_set, "the disk that does not answer")
        rig.watch.abandon(by="ana")

    def order_and_leave() -> None:
        goes_on.clear()
        rig.roll_back()
        rig.order(leave())

    rig.once(proposed, order_and_leave)
    rig.once(lambda s: s.release_state is ReleaseState.ABANDONED, goes_on.set)
    last = await rig.watch.run()
    assert last.release_state is ReleaseState.ABANDONED
    assert rig.answers == [answer]
    assert not (tmp_path / "ran").exists()
    intents, outcomes = rig.entries(EntryKind.INTENT), rig.entries(EntryKind.OUTCOME)
    assert len(intents) == len(outcomes), "nobody waits for what was never started"
    assert rig.entries(EntryKind.FINISH)[-1]["exit_code"] == 23


async def test_nothing_is_rolled_back_after_the_end(tmp_path: Path) -> None:
    """The claim waits for the disk while the watch comes to its end."""
    goes_on = threading.Event()
    goes_on.set()
    given = plan(rollback=RollbackPlan(("sh", "-c", f"echo ran >> {tmp_path}/ran")))
    stalled = threading.Event()
    rig = Rig(
        tmp_path,
        given=given,
        journal=lambda place: StalledJournal(place, goes_on, "claim", stalled=stalled),
    )
    rig.clock.held = lambda: bool(rig.ordered) and not stalled.is_set()

    def order() -> None:
        goes_on.clear()
        rig.roll_back()

    rig.once(lambda s: s.at >= DEPLOYED_AT + 885, order)
    rig.once(lambda s: s.release_state is ReleaseState.FINISHED, goes_on.set)
    last = await rig.watch.run()
    await asyncio.gather(*rig.ordered)
    assert (exit_code(last.state), rig.answers) == (0, ["the release has ended"])
    assert not (tmp_path / "ran").exists()
    assert len(rig.entries(EntryKind.INTENT)) == len(rig.entries(EntryKind.OUTCOME))


class FaultyJournal(SqliteJournal):
    """A journal that cannot take one kind of entry, for a reason of its own."""

    def __init__(self, place: Path, kind: EntryKind, error: Exception) -> None:
        super().__init__(place)
        self._kind, self._error_of_it = kind, error

    def append(
        self, release: Release, kind: EntryKind, at: float, body: Mapping[str, object], by: str = ""
    ) -> int:
        if kind is self._kind:
            raise self._error_of_it
        return super().append(release, kind, at, body, by)


async def test_an_end_that_cannot_be_recorded_stands_in_the_last_snapshot(tmp_path: Path) -> None:
    full = JournalError("the disk is full")
    last = await Rig(tmp_path, journal=lambda p: FaultyJournal(p, EntryKind.FINISH, full)).watch.run()
    assert last.events[0].text == "the journal cannot be written: the disk is full"


@pytest.mark.parametrize("kind", [EntryKind.INSTANT, EntryKind.FINISH])
async def test_a_fault_of_ours_in_recording_is_not_lost_with_its_thread(
    tmp_path: Path, kind: EntryKind
) -> None:
    ours = TypeError("no JSON")
    with pytest.raises(TypeError, match="no JSON"):
        await Rig(tmp_path, journal=lambda p: FaultyJournal(p, kind, ours)).watch.run()


class UnreadableJournal(SqliteJournal):
    """A journal whose disk goes bad the moment an intent is on it."""

    bad = False

    def claim(
        self,
        release: Release,
        *,
        at: float,
        body: Mapping[str, object],
        by: str,
        unheld_since: int | None = None,
    ) -> Claim | None:
        claim = super().claim(release, at=at, body=body, by=by, unheld_since=unheld_since)
        self.bad = True
        return claim

    def entries(
        self, release: Release, *, kinds: Collection[EntryKind] = (), after: int = 0
    ) -> Iterator[Entry]:
        if self.bad:
            raise JournalError("the disk went bad")
        return super().entries(release, kinds=kinds, after=after)

    def outcome(self, claim: Claim, *, at: float, body: Mapping[str, object]) -> None:
        if self.bad:
            raise JournalError("the disk went bad")
        super().outcome(claim, at=at, body=body)


async def test_a_journal_that_goes_bad_hides_no_rollback_from_who_ordered_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_from(200), given=UNDO, journal=lambda place: UnreadableJournal(place, "ana/1"))
    rig.once(proposed, rig.roll_back)
    last = await rig.watch.run()
    assert rig.answers == [""]
    assert exit_code(last.state) == 20
    assert any("the disk went bad" in event.text for event in last.events)
    # Who ran it had a journal of its own.
    assert [body["exit_code"] for body in rig.entries(EntryKind.OUTCOME)] == [0]


async def test_what_is_wrong_with_the_journal_is_said_once(tmp_path: Path) -> None:
    full = JournalError("the disk is full")
    last = await Rig(tmp_path, journal=lambda p: FaultyJournal(p, EntryKind.INSTANT, full)).watch.run()
    assert exit_code(last.state) == 0
    said = [event.text for event in last.events if event.kind is EventKind.NOTE]
    assert said == ["the journal cannot be written: the disk is full"]


async def test_nothing_is_claimed_where_nobody_would_run_it(tmp_path: Path) -> None:
    said: list[str] = []
    writer, presence = Writer(lambda: open_journal(tmp_path / "j.db")), Presence(tmp_path / "watchers", "ana")
    record = ledger.Ledger(writer, presence, now=float, trouble=said.append)
    release = Release("checkout-api", "prod", "v2", "v1", 1.0)
    opened = await record.open(
        lambda journal: journal.open_release(release, seal="", plan={}, baseline={}, by="", at=1.0)
    )
    record.refuse("this console was left")
    assert await record.claim(at=2.0, body={}, by="ana") is None
    record.refuse("")
    assert await record.claim(at=3.0, body={}, by="ana") is not None
    assert await record.close(HANG)
    journal = open_journal(tmp_path / "j.db")
    told = [(e.kind, e.at) for e in journal.entries(opened.record.release, kinds=[EntryKind.INTENT])]
    journal.close()
    assert (told, said) == ([(EntryKind.INTENT, 3.0)], [])
