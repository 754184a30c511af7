"""The loop: what it asks, when, what it does about blindness, and how a rollback is run."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from aftergreen.journal import EntryKind, open_journal
from aftergreen.journal.codec import decode, encode, seal
from aftergreen.model import BaselineSource, Plan, Reading, Release, RollbackPlan, SignalKey, Timing, View
from aftergreen.preflight.checks import PreflightFailed
from aftergreen.rollback import left, lock
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import Baseline, EventKind, ReleaseState
from aftergreen.watch.loop import UNWATCHED
from aftergreen.watch.rollbacks import ANOTHER, UNKNOWN
from aftergreen.watch.wanted import Wanted
from tests.made_up import bad_from, fine
from tests.rig import UNDO, Rig, proposed
from tests.scenario import DEPLOYED_AT, plan
from tests.waiting import until


def command(folder: Path, code: int = 0) -> RollbackPlan:
    """A real command that appends its arguments to a file."""
    script = (
        "import json,sys; open(sys.argv[1],'a').write(json.dumps(sys.argv[2:])+'\\n');"
        "print('no such deployment'); sys.exit(int(sys.argv[2]))"
    )
    argv = (sys.executable, "-c", script, str(folder / "ran"), str(code), "{service} {version}", "{previous}")
    return RollbackPlan(argv, verify_within=600.0)


def held_command(folder: Path) -> RollbackPlan:
    """A real command that ends once it may, and then leaves a file."""
    script = 'echo began; until [ -e "$0" ]; do sleep 0.01; done; echo ended; touch "$1"'
    return RollbackPlan(("sh", "-c", script, str(folder / "may end"), str(folder / "went on")))


def runs(folder: Path) -> list[list[str]]:
    ran = folder / "ran"
    return [json.loads(line) for line in ran.read_text().splitlines()] if ran.exists() else []


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


async def test_a_rollback_runs_once_with_exactly_its_arguments_and_recovers(tmp_path: Path) -> None:
    usual, may_end = command(tmp_path), tmp_path / "may end"
    held = ("sh", "-c", 'until [ -e "$0" ]; do sleep 0.01; done; exec "$@"', str(may_end), *usual.command)
    rig = Rig(tmp_path, bad_from(200), given=plan(rollback=replace(usual, command=held)))

    async def let_it_end() -> None:
        await until(lambda: len(rig.answers) == 2, "both answers")
        may_end.touch()

    def press_twice() -> None:
        rig.roll_back("ana@bastion2")
        rig.roll_back("ravi@bastion2")
        rig.order(let_it_end())

    rig.once(lambda s: s.release_state is ReleaseState.PROPOSED, press_twice)
    last = await rig.watch.run()
    assert runs(tmp_path) == [["0", "checkout-api v2.4.1", "v2.4.0"]]
    assert exit_code(last.state) == 20
    assert last.rollback is not None
    assert last.rollback.by == "ana@bastion2"
    assert len(rig.entries(EntryKind.INTENT)) == len(rig.entries(EntryKind.OUTCOME)) == 1
    told = [event.text for event in last.events if event.kind is EventKind.NOTE]
    assert told == ["no rollback was started: a rollback is running"]


async def test_a_failed_rollback_may_be_tried_again_as_a_new_intent(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_from(200), given=plan(rollback=command(tmp_path, code=3)))

    def failed(snapshot: Snapshot) -> bool:
        return snapshot.release_state is ReleaseState.ROLLBACK_FAILED

    rig.once(lambda s: s.release_state is ReleaseState.PROPOSED, rig.roll_back)
    rig.once(failed, rig.roll_back)
    rig.once(
        lambda s: failed(s) and s.rollback is not None and s.rollback.attempt == 2,
        lambda: rig.watch.abandon(by="ana"),
    )
    last = await rig.watch.run()
    assert len(runs(tmp_path)) == 2
    assert exit_code(last.state) == 22
    assert [body["exit_code"] for body in rig.entries(EntryKind.OUTCOME)] == [3, 3]
    assert last.output == ("no such deployment",), "the first attempt's output is not the second's"


def colleague(rig: Rig, exit_code: int) -> None:
    """Somebody else on this host rolls back, and is done by now."""
    release, at = rig.snapshots[-1].state.setup.release, rig.clock.now()
    journal = open_journal(rig.place)
    claim = journal.claim(release, at=at, body={"command": ["true"]}, by="bob@bastion2")
    assert claim is not None
    journal.outcome(claim, at=at, body={"exit_code": exit_code})
    journal.close()


async def test_what_a_colleague_rolled_back_since_the_newest_instant_is_not_rolled_back_again(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path, bad_from(200), given=plan(rollback=command(tmp_path)))

    def confirm_late() -> None:
        colleague(rig, 0)
        rig.roll_back()

    rig.once(lambda s: s.release_state is ReleaseState.PROPOSED, confirm_late)
    last = await rig.watch.run()
    assert runs(tmp_path) == []
    assert last.rollback is not None
    assert (last.rollback.by, exit_code(last.state)) == ("bob@bastion2", 20)
    assert len(rig.entries(EntryKind.INTENT)) == 1
    told = [event.text for event in last.events if event.kind is EventKind.NOTE]
    assert told == ["no rollback was started: it was rolled back already"]
    assert rig.answers == ["it was rolled back already"]


async def test_a_colleague_who_succeeds_after_the_own_failure_is_followed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_from(200), given=plan(rollback=command(tmp_path, code=3)))
    rig.once(lambda s: s.release_state is ReleaseState.PROPOSED, rig.roll_back)
    rig.once(lambda s: s.release_state is ReleaseState.ROLLBACK_FAILED, lambda: colleague(rig, 0))
    last = await rig.watch.run()
    assert len(runs(tmp_path)) == 1
    assert last.rollback is not None
    assert (last.rollback.attempt, last.rollback.by, exit_code(last.state)) == (2, "bob@bastion2", 20)


async def test_leaving_ends_neither_a_rollback_nor_its_release_and_who_comes_next_follows_it(
    tmp_path: Path,
) -> None:
    """The cases stuck-claim, two-at-once and early-ending."""
    rig = Rig(tmp_path, bad_from(200), given=plan(rollback=held_command(tmp_path)))
    rig.once(lambda s: s.release_state is ReleaseState.PROPOSED, rig.roll_back)
    rig.once(lambda s: s.rollback is not None, lambda: rig.watch.abandon(by="ana"))
    last = await rig.watch.run()
    assert last.rollback is not None
    assert last.rollback.running
    assert last.state.reason == UNWATCHED
    assert exit_code(last.state) == 30
    assert rig.entries(EntryKind.OUTCOME, EntryKind.FINISH) == []

    following = Rig(tmp_path, bad_from(200), given=plan(rollback=held_command(tmp_path)), starts=last.at)
    following.clock.held = lambda: (
        following.snapshots[-1].rolling_back or not all(order.done() for order in following.ordered)
    )

    def order_again() -> None:
        following.roll_back()
        following.ordered[0].add_done_callback(lambda _: (tmp_path / "may end").touch())

    following.once(lambda s: s.rolling_back, order_again)
    end = await following.watch.run()
    assert following.answers == ["a rollback is running"]
    assert end.rollback is not None
    assert (end.rollback.by, exit_code(end.state)) == ("ana", 20)
    assert end.output == ("began", "ended")
    assert [body["exit_code"] for body in rig.entries(EntryKind.OUTCOME)] == [0]
    assert len(rig.entries(EntryKind.INTENT)) == 1


@pytest.mark.parametrize("told", [True, False], ids=["its outcome is on the disk", "nobody knows"])
async def test_a_rollback_whose_supervisor_is_gone_is_told_as_far_as_it_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, told: bool
) -> None:
    rig = Rig(tmp_path, bad_from(200), given=plan(rollback=held_command(tmp_path)))
    killing: list[asyncio.Task[None]] = []

    async def kill() -> None:
        await until(lambda: rig.entries(EntryKind.RUNNING), "the command to run")
        (running,) = rig.entries(EntryKind.RUNNING)
        os.kill(int(str(running["supervisor"])), signal.SIGKILL)
        monkeypatch.setattr("aftergreen.watch.rollbacks.STARTING", 0.0)
        if told:
            left.write(tmp_path / "v2.4.1-1.log", rig.clock.now(), {"exit_code": 0, "timed_out": False})

    rig.once(proposed, rig.roll_back)
    rig.once(lambda s: s.rolling_back, lambda: killing.append(asyncio.ensure_future(kill())))
    # A failed rollback waits for a person.
    rig.once(lambda s: s.release_state is ReleaseState.ROLLBACK_FAILED, lambda: rig.watch.abandon(by="ana"))
    last = await rig.watch.run()
    assert last.rollback is not None
    await killing[0]
    assert len(rig.entries(EntryKind.OUTCOME)) == 1
    assert exit_code(last.state) == (20 if told else 22)
    assert last.rollback.error == ("" if told else UNKNOWN)
    (tmp_path / "may end").touch()
    await until((tmp_path / "went on").exists, "the command, which nobody ended")


@pytest.mark.parametrize(
    ("at_work", "answer", "outcomes"), [(False, "", 1), (True, ANOTHER, 0)], ids=["nobody", "somebody"]
)
async def test_the_rollback_of_an_older_release_stands_in_the_way_only_while_somebody_is_at_work(
    tmp_path: Path, *, at_work: bool, answer: str, outcomes: int
) -> None:
    older = Release("checkout-api", "prod", "v2.4.0", "v2.3.9", DEPLOYED_AT - 9000.0, 1)
    output = tmp_path / "older.log"
    with closing(open_journal(tmp_path / "journal.db")) as journal, ExitStack() as working:
        journal.open_release(older, seal="x", plan={}, baseline={}, by="ben", at=older.deployed_at)
        body = {"command": ["true"], "output": str(output)}
        assert journal.claim(older, at=DEPLOYED_AT - 8000.0, body=body, by="ben")
        if at_work:
            working.enter_context(lock.held(lock.beside(output)))
        rig = Rig(tmp_path, bad_from(200), given=UNDO)
        rig.once(proposed, rig.roll_back)
        rig.once(lambda s: bool(rig.answers) and not s.rolling_back, lambda: rig.watch.abandon(by="ana"))
        await rig.watch.run()
        assert rig.answers == [answer]
        assert len(list(journal.entries(older, kinds=[EntryKind.OUTCOME]))) == outcomes


async def test_a_read_only_watch_never_runs_anything(tmp_path: Path) -> None:
    wanted = Wanted("v2.4.1", "v2.4.0", lambda _now: DEPLOYED_AT, "ana", read_only="--read-only was given")
    rig = Rig(tmp_path, bad_from(200), given=plan(rollback=command(tmp_path)), wanted=wanted)
    rig.once(lambda s: s.release_state is ReleaseState.PROPOSED, rig.roll_back)
    last = await rig.watch.run()
    assert runs(tmp_path) == []
    assert any("--read-only was given" in event.text for event in last.events)
    assert rig.answers == ["read-only: --read-only was given"]


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


async def test_another_console_follows_a_rollback_that_it_did_not_start(tmp_path: Path) -> None:
    world = bad_from(200)
    given = plan(rollback=command(tmp_path))
    acting, looking = Rig(tmp_path, world, given=given), Rig(tmp_path, world, given=given)
    acting.once(lambda s: s.release_state is ReleaseState.PROPOSED, acting.roll_back)
    looking.clock.held = acting.commanding
    first, second = await asyncio.gather(acting.watch.run(), looking.watch.run())
    assert len(runs(tmp_path)) == 1
    assert exit_code(first.state) == 20
    assert second.rollback is not None
    assert second.rollback.by == "ana"


async def test_notes_are_kept_and_cleaned(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.once(lambda s: s.at >= DEPLOYED_AT + 30, lambda: rig.note("looks\x1b[2J fine"))
    await rig.watch.run()
    assert rig.entries(EntryKind.OPERATOR) == [{"action": "note", "text": "looks [2J fine"}]
