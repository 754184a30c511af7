"""The loop: what it asks and when, what it does about blindness, and which release it works on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from aftergreen.journal import EntryKind, open_journal
from aftergreen.journal.codec import decode, encode, seal
from aftergreen.model import BaselineSource, Plan, Reading, SignalKey, Timing, View
from aftergreen.preflight.checks import PreflightFailed
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import Baseline, EventKind, ReleaseState
from aftergreen.watch.wanted import Wanted
from tests.made_up import bad_from, fine
from tests.rig import Rig
from tests.scenario import DEPLOYED_AT, plan


async def test_a_live_watch_asks_every_instant_of_the_grid_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    last = await rig.watch.run()
    assert last.release_state is ReleaseState.FINISHED
    wanted = [DEPLOYED_AT + 15.0 * k for k in range(1, 61)]
    assert rig.source.asked[1:] == wanted
    assert [body["at"] for body in rig.entries(EntryKind.INSTANT)] == wanted
    assert rig.entries(EntryKind.FINISH)[-1]["exit_code"] == 0


async def test_a_watch_that_starts_late_walks_the_missed_grid_first(tmp_path: Path) -> None:
    rig = Rig(tmp_path, starts=DEPLOYED_AT + 182)
    await rig.watch.run()
    late = [at for at in rig.source.asked_again if at > DEPLOYED_AT]
    assert late == [DEPLOYED_AT + 15.0 * k for k in range(1, 12)]
    # The newest is asked now: only now can a probe be made.
    assert rig.source.asked[1] == DEPLOYED_AT + 15.0 * 12
    times = [body["at"] for body in rig.entries(EntryKind.INSTANT)]
    assert times == [DEPLOYED_AT + 15.0 * k for k in range(1, 61)]


def probed() -> Plan:
    """A probe beside what the backend measures."""
    ordinary = plan()
    signals = tuple(
        replace(s, query=None, probe="tcp://orders-db:5432") if s.dependency else s for s in ordinary.signals
    )
    return replace(ordinary, signals=signals)


@pytest.mark.parametrize("given", [plan, probed], ids=["queries", "a probe among them"])
async def test_instants_missed_in_an_outage_are_asked_again_and_walked_in_order(
    tmp_path: Path, given: Callable[[], Plan]
) -> None:
    outage = (DEPLOYED_AT + 300, DEPLOYED_AT + 420)
    rig = Rig(tmp_path, bad_from(310), given=given(), outages=[outage])
    rig.once(
        lambda s: bool(s.state.decided and s.state.decided.breached), lambda: rig.watch.abandon(by="ana")
    )
    last = await rig.watch.run()
    states = [s.release_state for s in rig.snapshots]
    assert ReleaseState.BLIND in states, "while nothing answers the screen says so"
    decided = last.state.decided
    assert decided is not None
    assert decided.breached_at == DEPLOYED_AT + 315 + 120, "the fuse burnt through the outage"
    assert last.state.blind == 0.0


async def test_an_outage_without_end_is_unproven(tmp_path: Path) -> None:
    rig = Rig(tmp_path, outages=[(DEPLOYED_AT + 300, DEPLOYED_AT + 1e6)])
    last = await rig.watch.run()
    assert exit_code(last.state) == 10


async def test_nothing_is_judged_when_the_backend_cannot_be_asked_at_all(tmp_path: Path) -> None:
    rig = Rig(tmp_path, outages=[(0.0, 1e12)])
    with pytest.raises(PreflightFailed, match=r"cannot be asked: connection refused"):
        await rig.watch.run()


async def test_a_second_watch_joins_the_open_release_and_a_newer_one_ends_it(tmp_path: Path) -> None:
    first = Rig(tmp_path)
    newer: list[int] = []

    def deploy_again() -> None:
        other = open_journal(tmp_path / "journal.db")
        release = first.snapshots[-1].state.setup.release
        again = replace(release, version="v2.4.2", deployed_at=release.deployed_at + 90)
        opened = other.open_release(again, seal="x", plan={}, baseline={}, by="ci", at=DEPLOYED_AT + 90)
        newer.append(opened.record.release.number)
        other.close()

    first.once(lambda s: s.at >= DEPLOYED_AT + 90, deploy_again)
    last = await first.watch.run()
    assert newer == [2]
    assert last.release_state is ReleaseState.ABANDONED
    assert last.state.reason == "superseded by v2.4.2"


@pytest.mark.parametrize(
    ("version", "deployed_at", "read_only", "why"),
    [
        ("v2.4.l", DEPLOYED_AT + 60, "--read-only was given", "a read-only console ends no watch"),
        ("v2.3.9", DEPLOYED_AT - 600, "", "it was deployed later"),
        ("v2.5.0", DEPLOYED_AT, "", "it was deployed later"),
    ],
)
async def test_who_only_looks_or_comes_with_an_older_version_ends_no_watch(
    tmp_path: Path, version: str, deployed_at: float, read_only: str, why: str
) -> None:
    first = Rig(tmp_path)
    refused: list[str] = []

    async def come() -> None:
        wanted = Wanted(version, "v2.4.0", lambda _now: deployed_at, "ravi", read_only=read_only)
        other = Rig(tmp_path, wanted=wanted, starts=DEPLOYED_AT + 60)
        with pytest.raises(PreflightFailed) as told:
            await other.watch.run()
        refused.append(str(told.value))

    tasks: list[asyncio.Task[None]] = []
    first.once(
        lambda s: s.at >= DEPLOYED_AT + 60,
        lambda: tasks.append(asyncio.get_running_loop().create_task(come())),
    )
    last = await first.watch.run()
    await asyncio.gather(*tasks)
    assert refused == [
        f"checkout-api/prod/v2.4.1#1 is being watched, and {why}: join it with --version v2.4.1"
    ]
    assert last.release_state is ReleaseState.FINISHED


def choosing(source: BaselineSource | None, operator: str = "ana") -> Wanted:
    return Wanted("v2.4.1", "v2.4.0", lambda _now: DEPLOYED_AT, operator, baseline=source)


async def test_a_baseline_that_was_chosen_at_the_start_is_sealed_and_on_the_record(tmp_path: Path) -> None:
    rig = Rig(tmp_path, wanted=choosing(BaselineSource.YESTERDAY))
    last = await rig.watch.run()
    setup = last.state.setup
    assert {signal.baseline for signal in setup.plan.signals} == {BaselineSource.YESTERDAY}
    assert {baseline.source for baseline in setup.baselines.values()} == {BaselineSource.YESTERDAY}
    assert setup.seal == seal(setup.plan, {str(key): encode(b) for key, b in setup.baselines.items()})
    assert rig.entries(EntryKind.OPERATOR) == [{"action": "baseline", "source": "yesterday"}]
    told = [(event.text, event.by) for event in last.events if event.kind is EventKind.NOTE]
    assert told == [("baseline yesterday was chosen at the start", "ana")]


async def test_nothing_is_on_the_record_where_nothing_was_chosen(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    last = await rig.watch.run()
    assert rig.entries(EntryKind.OPERATOR) == []
    sources = {b.source for s in last.state.signals.values() for b in s.companions}
    assert sources == {BaselineSource.YESTERDAY, BaselineSource.LAST_WEEK}, "the others are shown beside it"


@pytest.mark.parametrize(
    ("joining", "read_only"),
    [(None, False), (BaselineSource.YESTERDAY, False), (BaselineSource.BEFORE, True)],
)
async def test_who_joins_takes_over_the_baseline_that_was_chosen(
    tmp_path: Path, joining: BaselineSource | None, *, read_only: bool
) -> None:
    first = Rig(tmp_path, wanted=choosing(BaselineSource.YESTERDAY))
    seen: list[Snapshot] = []

    async def join() -> None:
        other = Rig(tmp_path, wanted=choosing(joining, "ravi"), starts=DEPLOYED_AT + 60)
        other.once(lambda s: s.at > DEPLOYED_AT + 60, lambda: other.watch.abandon(by="ravi"))
        seen.append(await other.watch.run())

    tasks: list[asyncio.Task[None]] = []
    first.once(
        lambda s: s.at >= DEPLOYED_AT + 60,
        lambda: tasks.append(asyncio.get_running_loop().create_task(join())),
    )
    await first.watch.run()
    await asyncio.gather(*tasks)
    (snapshot,) = seen
    assert bool(snapshot.context.read_only) is read_only
    assert {b.source for b in snapshot.state.setup.baselines.values()} == {BaselineSource.YESTERDAY}
    assert len(first.entries(EntryKind.OPERATOR)) == 1, "it was chosen once"


async def test_a_release_is_compared_with_the_last_one_that_finished(tmp_path: Path) -> None:
    def world(at: float, view: View) -> Mapping[str, Reading]:
        slow = {"latency/average": Reading.of(0.2, 3000.0)} if view.version == "v2.4.0" else {}
        return {**fine(at, view), **slow}

    earlier = DEPLOYED_AT - 7200
    before = Wanted("v2.4.0", "v2.3.9", lambda _now: earlier, "ana")
    finished = await Rig(tmp_path, wanted=before, starts=earlier).watch.run()
    assert finished.release_state is ReleaseState.FINISHED
    rig = Rig(tmp_path, world, wanted=choosing(BaselineSource.PREVIOUS_RELEASE))
    last = await rig.watch.run()
    latency = last.state.setup.baselines[SignalKey("latency/average")]
    assert (latency.source, latency.median, latency.unfit) == (BaselineSource.PREVIOUS_RELEASE, 0.2, "")
    assert last.release_state is ReleaseState.FINISHED


async def test_a_previous_release_cannot_be_chosen_where_none_finished(tmp_path: Path) -> None:
    rig = Rig(tmp_path, wanted=choosing(BaselineSource.PREVIOUS_RELEASE))
    with pytest.raises(PreflightFailed, match="the journal holds no finished release of checkout-api"):
        await rig.watch.run()


async def test_a_deployment_within_the_half_hour_before_spoils_the_baseline(tmp_path: Path) -> None:
    earlier = DEPLOYED_AT - 1200
    before = Wanted("v2.4.0", "v2.3.9", lambda _now: earlier, "ana")
    await Rig(tmp_path, wanted=before, starts=earlier).watch.run()
    rig = Rig(tmp_path)
    last = await rig.watch.run()
    unfit = {event.text for event in last.events if event.kind is EventKind.BASELINE_UNFIT}
    assert unfit == {"another deployment (v2.4.0) lies in it"}
    assert any("commit another with --baseline yesterday" in finding.text for finding in rig.findings)


def test_a_journal_of_before_there_were_sources_is_still_read() -> None:
    old = {"median": 41.0, "spread": 1.0, "samples": 121, "expected": 121, "unfit": "", "broken": False}
    assert decode(old, Baseline) == Baseline(41.0, 1.0, 121, 121)


async def test_another_configuration_joins_read_only(tmp_path: Path) -> None:
    first = Rig(tmp_path)
    seen: list[Snapshot] = []

    async def join() -> None:
        other = Rig(tmp_path, given=plan(timing=Timing(duration=600.0)), starts=DEPLOYED_AT + 60)
        other.once(lambda s: s.at > DEPLOYED_AT + 60, lambda: other.watch.abandon(by="ravi"))
        seen.append(await other.watch.run())

    tasks: list[asyncio.Task[None]] = []
    first.once(
        lambda s: s.at >= DEPLOYED_AT + 60,
        lambda: tasks.append(asyncio.get_running_loop().create_task(join())),
    )
    await first.watch.run()
    await asyncio.gather(*tasks)
    assert "differs from the one that was sealed" in seen[0].context.read_only


async def test_notes_are_kept_and_cleaned(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.once(lambda s: s.at >= DEPLOYED_AT + 30, lambda: rig.note("looks\x1b[2J fine"))
    await rig.watch.run()
    assert rig.entries(EntryKind.OPERATOR) == [{"action": "note", "text": "looks [2J fine"}]
