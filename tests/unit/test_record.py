"""What is recorded of a watch: enough to build it again, each instant once, and however slow the disk is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from aftergreen.journal import EntryKind, open_journal
from aftergreen.model import Instant, Plan, Signal, View
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import Event, EventKind, ReleaseState
from aftergreen.watch.wanted import Wanted
from tests.made_up import ERRORS, World, bad_from, fine
from tests.rebuilt import rebuilt
from tests.rig import BREACHED_AT, UNDO, Rig, proposed
from tests.scenario import DEPLOYED_AT, plan
from tests.waiting import until

GATE = Wanted("v2.4.1", "v2.4.0", lambda _now: DEPLOYED_AT, "ci", advice_ends=True)
OUTAGE = (DEPLOYED_AT + 120, DEPLOYED_AT + 160)
LESS_STRICT = "HTTP 5xx above 1% to 2% because clients retry"


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
        assert states[at] == state
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
    assert states[max(states)] == last.state


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
    assert states[max(states)] == last.state


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
