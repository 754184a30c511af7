"""What is recorded of a watch: enough to build it again, each instant once, and however slow the disk is."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aftergreen.journal import Claim, Entry, EntryKind, Journal, JournalError, open_journal
from aftergreen.journal.sqlite import SqliteJournal
from aftergreen.journal.writer import Writer
from aftergreen.model import Instant, Plan, Release, RollbackPlan, Signal, View
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import Event, EventKind, ReleaseState, State
from aftergreen.watch import ledger
from aftergreen.watch.wanted import Wanted
from tests.made_up import ERRORS, World, bad_from, fine
from tests.rebuilt import rebuilt
from tests.rig import Rig
from tests.scenario import DEPLOYED_AT, plan
from tests.waiting import HANG, until

GATE = Wanted("v2.4.1", "v2.4.0", lambda _now: DEPLOYED_AT, "ci", advice_ends=True)
OUTAGE = (DEPLOYED_AT + 120, DEPLOYED_AT + 160)
UNDO = plan(rollback=RollbackPlan(("true", "{previous}"), verify_within=600.0))
BREACHED_AT = DEPLOYED_AT + 330
LESS_STRICT = "HTTP 5xx above 1% to 2% because clients retry"


def proposed(snapshot: Snapshot) -> bool:
    return snapshot.release_state is ReleaseState.PROPOSED


def without_output(state: State) -> State:
    """Only the console that runs a command knows the file of its output."""
    return replace(state, rollback=state.rollback and replace(state.rollback, output=""))


def happened(events: Iterator[Event] | tuple[Event, ...]) -> list[Event]:
    """What the release did; remarks are for people."""
    return [event for event in events if event.kind is not EventKind.NOTE]


async def rolled_back(folder: Path) -> Rig:
    rig = Rig(folder, bad_from(200), given=UNDO)
    rig.once(lambda s: s.at >= DEPLOYED_AT + 90, lambda: rig.override(LESS_STRICT))
    rig.once(proposed, rig.roll_back)
    assert exit_code((await rig.watch.run()).state) == 20
    return rig


async def test_every_snapshot_can_be_built_again_from_the_journal_alone(tmp_path: Path) -> None:
    rig = await rolled_back(tmp_path)
    states, told = rebuilt(rig.place)
    live = {snapshot.at: snapshot.state for snapshot in rig.snapshots}
    assert len(live) > 30
    assert list(states) == list(live)
    for at, state in live.items():
        assert states[at] == without_output(state)
    last = rig.snapshots[-1]
    assert happened(tuple(told)) == happened(tuple(reversed(last.events)))
    assert any(signal.companions for signal in last.signals.values())
    assert last.state.overrides


@pytest.mark.parametrize(
    ("world", "given", "outages", "code"),
    [
        (bad_from(200), plan(), [OUTAGE], 23),
        (fine, UNDO, [OUTAGE], 0),
        (fine, plan(), [(DEPLOYED_AT + 300, DEPLOYED_AT + 1e6)], 10),
    ],
    ids=["a breach after an outage", "an outage alone", "an outage without end"],
)
async def test_what_an_outage_hid_is_built_again_as_it_was_seen_in_the_end(
    tmp_path: Path, world: World, given: Plan, outages: list[tuple[float, float]], code: int
) -> None:
    rig = Rig(tmp_path, world, given=given, wanted=GATE, outages=outages)
    last = await rig.watch.run()
    assert exit_code(last.state) == code
    states, _ = rebuilt(rig.place)
    assert states[max(states)] == last.state
    times = [body["at"] for body in rig.entries(EntryKind.INSTANT)]
    assert times == [DEPLOYED_AT + 15.0 * k for k in range(1, len(times) + 1)], "each once, in order"


async def test_an_outage_that_a_rollback_ends_stays_blind_in_the_record(tmp_path: Path) -> None:
    """What was not seen before the rollback is no longer asked: the old version serves by then."""
    rig = Rig(tmp_path, bad_from(200), given=UNDO, outages=[(DEPLOYED_AT + 330, DEPLOYED_AT + 420)])
    rig.once(lambda s: s.at >= DEPLOYED_AT + 390, rig.roll_back)
    last = await rig.watch.run()
    assert last.state.blind > 0
    states, _ = rebuilt(rig.place)
    assert states[max(states)] == without_output(last.state)


async def test_two_consoles_write_one_record(tmp_path: Path) -> None:
    def console(writer: str) -> Rig:
        return Rig(tmp_path, journal=lambda place: open_journal(place, writer))

    consoles = [console("ana/1"), console("ben/1")]
    await asyncio.gather(*(one.watch.run() for one in consoles))
    journal = open_journal(consoles[0].place)
    (record,) = journal.releases()
    instants = list(journal.entries(record.release, kinds=[EntryKind.INSTANT]))
    journal.close()
    assert [entry.at for entry in instants] == [DEPLOYED_AT + 15.0 * k for k in range(1, 61)]
    assert {entry.writer for entry in instants} <= {"ana/1", "ben/1"}
    assert all(len(one.snapshots) > 60 for one in consoles), "both judged all of it"


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

    def claim(self, release: Release, *, at: float, body: Mapping[str, object], by: str) -> Claim | None:
        self._stall("claim")
        return super().claim(release, at=at, body=body, by=by)

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


async def test_a_rollback_that_ends_while_the_backend_catches_up_takes_nothing_along(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_from(200), given=UNDO, outages=[(DEPLOYED_AT + 330, DEPLOYED_AT + 420)])
    history, seen_again = rig.source.history, DEPLOYED_AT + 330

    async def slowly(signals: Sequence[Signal], instants: Sequence[float], view: View) -> tuple[Instant, ...]:
        if min(instants) >= seen_again and not rig.ordered:
            rig.roll_back()
            await until(lambda: rig.snapshots[-1].release_state is ReleaseState.VERIFYING, "its end")
        return await history(signals, instants, view)

    rig.source.history = slowly  # type: ignore[method-assign]  # a backend that takes its time
    last = await rig.watch.run()
    assert exit_code(last.state) == 20
    states, _ = rebuilt(rig.place)
    assert states[max(states)] == without_output(last.state)


async def test_what_a_colleague_did_counts_whatever_his_clock_says(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_from(200), given=UNDO)

    def colleague_then_own() -> None:
        journal = open_journal(rig.place, "bob@bastion2/1")
        release, ahead = rig.snapshots[-1].state.setup.release, rig.clock.now() + 2
        claim = journal.claim(release, at=ahead, body={"command": ["true"]}, by="bob@bastion2")
        assert claim is not None
        journal.outcome(claim, at=ahead, body={"exit_code": 0})
        journal.close()
        rig.roll_back()

    rig.once(proposed, colleague_then_own)
    last = await rig.watch.run()
    assert rig.answers == ["it was rolled back already"]
    assert (last.state.rollback and last.state.rollback.by) == "bob@bastion2"


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


async def test_an_instant_is_judged_through_the_view_it_was_asked_through(tmp_path: Path) -> None:
    """A colleague's rollback ends while the backend answers: what it says is of the wrong version."""
    rig = Rig(tmp_path, bad_from(200), given=UNDO)
    read, views = rig.source.read, dict[float, View]()

    async def read_slowly(signals: Sequence[Signal], at: float, view: View) -> Instant:
        instant, first = await read(signals, at, view), at not in views
        views[at] = view
        if at == DEPLOYED_AT + 390 and first:
            journal = open_journal(rig.place, "bob@bastion2/1")
            release = rig.snapshots[-1].state.setup.release
            claim = journal.claim(release, at=at - 5, body={"command": ["true"]}, by="bob@bastion2")
            assert claim is not None
            journal.outcome(claim, at=at - 4, body={"exit_code": 0})
            journal.close()
        return instant

    rig.source.read = read_slowly  # type: ignore[method-assign]  # a backend that takes its time
    last = await rig.watch.run()
    assert exit_code(last.state) == 20
    after = {at: view.version for at, view in views.items() if at > DEPLOYED_AT + 386}
    assert set(after.values()) == {"v2.4.0"}, "asked again, about the version that serves"
    states, _ = rebuilt(rig.place)
    assert states[max(states)] == last.state


async def test_what_a_colleague_rolled_back_in_an_outage_is_judged_in_its_time(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_from(200), given=UNDO, outages=[(DEPLOYED_AT + 270, DEPLOYED_AT + 420)])

    def roll_back() -> None:
        journal, release = open_journal(rig.place, "bob@bastion2/1"), rig.snapshots[-1].state.setup.release
        claim = journal.claim(release, at=DEPLOYED_AT + 350, body={"command": ["true"]}, by="bob@bastion2")
        assert claim is not None
        journal.outcome(claim, at=DEPLOYED_AT + 352, body={"exit_code": 0})
        journal.close()

    # Seen only when sight is back: until then this console could not read the journal either.
    rig.clock.held = lambda: False
    rig.once(lambda s: s.at >= DEPLOYED_AT + 405, roll_back)
    last = await rig.watch.run()
    assert exit_code(last.state) == 20
    assert last.state.decided is not None
    assert last.state.decided.breached_at == BREACHED_AT, "the breach came before the rollback"
    assert last.state.blind == 0.0
    serving = [body["readings"] for body in rig.entries(EntryKind.INSTANT) if body["at"] > DEPLOYED_AT + 352]  # type: ignore[operator]  # JSON
    failing = [readings for readings in serving if readings[ERRORS]["value"] > 0.01]  # type: ignore[index]  # JSON
    assert failing == [], "all that was judged after the rollback was asked about the old version"
    states, _ = rebuilt(rig.place)
    assert states[max(states)] == last.state


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

    def claim(self, release: Release, *, at: float, body: Mapping[str, object], by: str) -> Claim | None:
        claim = super().claim(release, at=at, body=body, by=by)
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
    assert any("the outcome of the rollback could not be recorded" in event.text for event in last.events)


async def test_who_looks_on_with_another_configuration_records_nothing_of_its_own(tmp_path: Path) -> None:
    ordinary = plan()
    first = Rig(tmp_path)
    other = Rig(tmp_path, given=replace(ordinary, signals=ordinary.signals[:1]), starts=DEPLOYED_AT + 60)
    other.once(lambda s: s.at >= DEPLOYED_AT + 300, lambda: other.watch.abandon(by="ravi"))
    looking: list[asyncio.Task[Snapshot]] = []

    def look_on() -> None:
        looking.append(asyncio.get_running_loop().create_task(other.watch.run()))

    first.once(lambda s: s.at >= DEPLOYED_AT + 60, look_on)
    first.clock.held = lambda: any(not task.done() for task in looking)
    last = await first.watch.run()
    assert "differs from the one that was sealed" in (await looking[0]).context.read_only
    assert last.state.watched == ordinary.timing.duration
    assert {len(body["readings"]) for body in first.entries(EntryKind.INSTANT)} == {len(ordinary.signals)}  # type: ignore[arg-type]  # JSON
    assert len(first.entries(EntryKind.FINISH)) == 1


async def test_what_is_wrong_with_the_journal_is_said_once(tmp_path: Path) -> None:
    full = JournalError("the disk is full")
    last = await Rig(tmp_path, journal=lambda p: FaultyJournal(p, EntryKind.INSTANT, full)).watch.run()
    assert exit_code(last.state) == 0
    said = [event.text for event in last.events if event.kind is EventKind.NOTE]
    assert said == ["the journal cannot be written: the disk is full"]


async def test_nothing_is_claimed_where_nobody_would_run_it(tmp_path: Path) -> None:
    said: list[str] = []
    record = ledger.Ledger(Writer(lambda: open_journal(tmp_path / "j.db")), now=float, trouble=said.append)
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


# The writer


def test_work_is_done_in_its_order_and_what_was_handed_over_is_done_before_the_end(tmp_path: Path) -> None:
    done: list[int] = []
    writer = Writer(lambda: open_journal(tmp_path / "journal.db"))

    def work(number: int) -> Callable[[Journal], None]:
        return lambda _journal: done.append(number)

    for number in range(100):
        writer.record(work(number))
    writer.close().result(HANG)
    assert done == list(range(100))
    late = writer.record(lambda _journal: done.append(-1))
    with pytest.raises(JournalError, match="was closed"):
        late.result(HANG)


def test_a_question_waits_for_no_record_and_a_record_for_a_lock(tmp_path: Path) -> None:
    place = tmp_path / "journal.db"
    writer = Writer(lambda: SqliteJournal(place, patience=0.05))
    release = writer.asked(
        lambda journal: (
            journal.open_release(
                Release("checkout-api", "prod", "v2", None, 1.0), seal="", plan={}, baseline={}, by="", at=1.0
            ).record.release
        )
    ).result(HANG)
    other = sqlite3.connect(place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    def instant(at: float) -> Callable[[Journal], int]:
        return lambda journal: journal.append(release, EntryKind.INSTANT, at, {})

    records = [writer.record(instant(at)) for at in (1.0, 2.0)]
    claim = writer.asked(lambda journal: journal.claim(release, at=1.0, body={}, by="ana"))
    with pytest.raises(JournalError, match="was locked for"):
        claim.result(HANG)
    assert not any(record.done() for record in records)
    other.execute("ROLLBACK")
    other.close()
    first, second = (record.result(HANG) for record in records)
    assert first < second, "in their order"
    writer.close().result(HANG)


def test_an_error_reaches_who_asked_and_stops_nobody_else(tmp_path: Path) -> None:
    writer = Writer(lambda: open_journal(tmp_path / "journal.db"))
    unknown = Release("checkout-api", "prod", "v9", None, 1.0)
    wrong = writer.record(lambda journal: journal.append(unknown, EntryKind.EVENT, 1.0, {}))
    right = writer.record(lambda journal: journal.releases())
    with pytest.raises(JournalError, match="holds no release checkout-api/prod/v9"):
        wrong.result(HANG)
    assert right.result(HANG) == ()
    writer.close().result(HANG)


def impossible() -> Journal:
    raise ValueError("embedded null byte")


@pytest.mark.parametrize("impossible_to", ["read", "find"])
def test_a_journal_that_cannot_be_opened_is_told_to_everybody_who_asks(
    tmp_path: Path, impossible_to: str
) -> None:
    (tmp_path / "journal.db").write_text("no database", encoding="utf-8")
    writer = Writer(impossible if impossible_to == "find" else lambda: open_journal(tmp_path / "journal.db"))
    asked: list[Any] = [writer.record(lambda journal: journal.releases()) for _ in range(2)]
    for future in asked:
        with pytest.raises((JournalError, ValueError), match=r"is damaged|embedded null byte"):
            future.result(HANG)
    writer.close().result(HANG)
