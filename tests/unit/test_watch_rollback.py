"""A rollback in a watch: run once, by whomever, left by its console, and followed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from aftergreen import words
from aftergreen.journal import EntryKind, open_journal
from aftergreen.model import Release, RollbackPlan
from aftergreen.preflight.checks import PreflightFailed
from aftergreen.rollback import left, lock
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import EventKind, ReleaseState
from aftergreen.watch.loop import UNWATCHED
from aftergreen.watch.rollbacks import ANOTHER, ENDLESS, LOOK_EVERY, OVERDUE, UNKNOWN
from aftergreen.watch.wanted import Wanted
from aftergreen.words.cards import finish_card
from tests.made_up import bad_from
from tests.rig import ANA, UNDO, Rig, proposed
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


async def test_who_ordered_it_before_a_colleague_failed_is_asked_to_look_first(tmp_path: Path) -> None:
    """Otherwise of two who order it at once the slower one runs it again, where the command fails fast."""
    rig = Rig(tmp_path, bad_from(200), given=plan(rollback=command(tmp_path)))

    def confirm_late() -> None:
        colleague(rig, 3)
        rig.roll_back()

    rig.once(proposed, confirm_late)
    rig.once(lambda s: s.release_state is ReleaseState.ROLLBACK_FAILED, lambda: rig.watch.abandon(by="ana"))
    await rig.watch.run()
    assert runs(tmp_path) == []
    assert rig.answers == ["bob@bastion2 was faster: look at what came of it"]


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


async def lose_supervisor(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, object]:
    """Kill whoever looks after the command, and have its console look at once; what was recorded of it."""
    await until(lambda: rig.entries(EntryKind.RUNNING), "the command to run")
    (running,) = rig.entries(EntryKind.RUNNING)
    os.kill(int(str(running["supervisor"])), signal.SIGKILL)
    monkeypatch.setattr("aftergreen.watch.rollbacks.STARTING", 0.0)
    return running


@pytest.mark.parametrize("told", [True, False], ids=["its outcome is on the disk", "nobody knows"])
async def test_a_rollback_whose_supervisor_is_gone_is_told_as_far_as_it_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, told: bool
) -> None:
    rig = Rig(tmp_path, bad_from(200), given=plan(rollback=held_command(tmp_path)))
    killing: list[asyncio.Task[None]] = []

    async def kill() -> None:
        await lose_supervisor(rig, monkeypatch)
        if told:
            left.write(tmp_path / "v2.4.1-1.log", rig.clock.now(), {"exit_code": 0, "timed_out": False})
            return
        # Nobody looks after it, and it runs all the same.
        await asyncio.sleep(4 * LOOK_EVERY)
        assert rig.snapshots[-1].rolling_back
        rig.roll_back()
        await rig.ordered[-1]
        (tmp_path / "may end").touch()

    rig.once(proposed, rig.roll_back)
    rig.once(lambda s: s.rolling_back, lambda: killing.append(asyncio.ensure_future(kill())))
    # A failed rollback waits for a person.
    rig.once(lambda s: s.release_state is ReleaseState.ROLLBACK_FAILED, lambda: rig.watch.abandon(by="ana"))
    last = await rig.watch.run()
    await killing[0]
    assert last.rollback is not None
    assert len(rig.entries(EntryKind.OUTCOME)) == 1
    assert exit_code(last.state) == (20 if told else 22)
    assert (last.rollback.unknown, last.rollback.error) == ((False, "") if told else (True, UNKNOWN))
    assert rig.answers == ([""] if told else ["", "a rollback is running"])
    lost = [words.event(event) for event in last.events if event.kind is EventKind.ROLLBACK_LOST]
    assert lost == ([] if told else [f"nobody knows what came of the rollback command: {UNKNOWN}"])
    (tmp_path / "may end").touch()
    await until((tmp_path / "went on").exists, "the command, which nobody ended")


async def test_a_command_that_nobody_ends_at_its_timeout_stands_in_the_way_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path, bad_from(200), given=plan(rollback=held_command(tmp_path)))
    killing: list[asyncio.Task[int]] = []

    async def kill() -> int:
        running = await lose_supervisor(rig, monkeypatch)
        await asyncio.sleep(4 * LOOK_EVERY)
        assert rig.snapshots[-1].rolling_back, "it runs, and has time"
        rig.clock.time = float(str(running["until"])) + OVERDUE
        return int(str(running["process"]))

    rig.once(proposed, rig.roll_back)
    rig.once(lambda s: s.rolling_back, lambda: killing.append(asyncio.ensure_future(kill())))
    rig.once(lambda s: s.release_state is ReleaseState.ROLLBACK_FAILED, lambda: rig.watch.abandon(by="ana"))
    last = await rig.watch.run()
    assert last.rollback is not None
    assert (last.rollback.unknown, last.rollback.error) == (True, ENDLESS.format(await killing[0]))
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


async def test_a_read_only_watch_never_runs_anything(tmp_path: Path) -> None:
    wanted = Wanted("v2.4.1", "v2.4.0", lambda _now: DEPLOYED_AT, "ana", read_only="--read-only was given")
    rig = Rig(tmp_path, bad_from(200), given=plan(rollback=command(tmp_path)), wanted=wanted)
    rig.once(lambda s: s.release_state is ReleaseState.PROPOSED, rig.roll_back)
    last = await rig.watch.run()
    assert runs(tmp_path) == []
    assert any("--read-only was given" in event.text for event in last.events)
    assert rig.answers == ["read-only: --read-only was given"]


async def test_a_version_that_was_rolled_back_is_watched_again_only_where_it_was_deployed_again(
    tmp_path: Path,
) -> None:
    first = Rig(tmp_path, bad_from(200), given=UNDO)
    first.once(proposed, first.roll_back)
    assert exit_code((await first.watch.run()).state) == 20
    later = DEPLOYED_AT + 7200.0
    anew = replace(ANA, deployed_at=lambda _now: later)
    with pytest.raises(PreflightFailed, match=r"v2.4.1#1 was rolled back: .* watch it with --again"):
        await Rig(tmp_path, given=UNDO, wanted=anew, starts=later).watch.run()
    last = await Rig(tmp_path, given=UNDO, wanted=replace(anew, again=True), starts=later).watch.run()
    assert last.state.setup.release.number == 2
    assert exit_code(last.state) == 0


async def test_what_is_left_to_do_is_said_where_rolling_back_did_not_mend_it(tmp_path: Path) -> None:
    service = replace(UNDO.service, runbook="https://wiki.example/checkout", on_call="#sre")
    rig = Rig(tmp_path, bad_from(200, until_version="none"), given=replace(UNDO, service=service))
    rig.once(proposed, rig.roll_back)
    last = await rig.watch.run()
    assert exit_code(last.state) == 21
    card = finish_card(last)
    assert "Measured: HTTP 5xx 4.98 %, its limit is 1 %." in card
    assert "Look for another cause: what else changed, and what it depends on." in card
    assert "Runbook: https://wiki.example/checkout" in card
    assert "On call: #sre" in card
    assert words.advice(last)[1].endswith("Runbook: https://wiki.example/checkout · On call: #sre")
