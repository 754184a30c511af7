"""What is recorded of a watch: enough to build it again, each instant once, and however slow the disk is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aftergreen.journal import EntryKind, Journal, JournalError, open_journal
from aftergreen.journal.sqlite import SqliteJournal
from aftergreen.journal.writer import Writer
from aftergreen.model import Plan, Release, RollbackPlan
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import Event, EventKind, ReleaseState, State
from aftergreen.watch import ledger
from aftergreen.watch.wanted import Wanted
from tests.made_up import World, bad_from, fine
from tests.rebuilt import rebuilt
from tests.rig import Rig
from tests.scenario import DEPLOYED_AT, plan
from tests.waiting import HANG

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
    first = Rig(tmp_path)
    second = Rig(tmp_path, starts=DEPLOYED_AT + 60)
    await first.watch.run()
    await second.watch.run()
    times = [body["at"] for body in first.entries(EntryKind.INSTANT)]
    assert len(times) == len(set(times))


class StalledJournal(SqliteJournal):
    """A journal on a disk that does not answer while it ``stalls``."""

    def __init__(self, place: Path, goes_on: threading.Event) -> None:
        super().__init__(place, "ana@bastion2/1")
        self._goes_on = goes_on

    def append(
        self, release: Release, kind: EntryKind, at: float, body: Mapping[str, object], by: str = ""
    ) -> int:
        assert self._goes_on.wait(HANG)
        return super().append(release, kind, at, body, by)


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
        rig.watch.note("the disk is slow", by="ana")
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


# The writer


def test_work_is_done_in_its_order_and_what_was_handed_over_is_done_before_the_end(tmp_path: Path) -> None:
    done: list[int] = []
    writer = Writer(lambda: open_journal(tmp_path / "journal.db"))

    def work(number: int) -> Callable[[Journal], None]:
        return lambda _journal: done.append(number)

    for number in range(100):
        writer.do(work(number))
    writer.close()
    assert writer.join(HANG)
    assert done == list(range(100))
    late = writer.do(lambda _journal: done.append(-1))
    with pytest.raises(JournalError, match="was closed"):
        late.result(HANG)


def test_an_error_reaches_who_asked_and_stops_nobody_else(tmp_path: Path) -> None:
    writer = Writer(lambda: open_journal(tmp_path / "journal.db"))
    unknown = Release("checkout-api", "prod", "v9", None, 1.0)
    wrong = writer.do(lambda journal: journal.append(unknown, EntryKind.EVENT, 1.0, {}))
    right = writer.do(lambda journal: journal.releases())
    with pytest.raises(JournalError, match="holds no release checkout-api/prod/v9"):
        wrong.result(HANG)
    assert right.result(HANG) == ()
    writer.close()
    assert writer.join(HANG)


def test_a_journal_that_cannot_be_opened_is_told_to_everybody_who_asks(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_text("no database", encoding="utf-8")
    writer = Writer(lambda: open_journal(tmp_path / "journal.db"))
    asked: list[Any] = [writer.do(lambda journal: journal.releases()) for _ in range(2)]
    for future in asked:
        with pytest.raises(JournalError, match="is damaged"):
            future.result(HANG)
    writer.close()
    assert writer.join(HANG)
