"""Rolling back without a person: through the whole watch, with a real journal and a real command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from aftergreen import words
from aftergreen.journal import EntryKind
from aftergreen.model import Automatic
from aftergreen.verdict.automatic import BY
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import EventKind, ReleaseState
from aftergreen.words.banner import banner_of
from tests.automatic import BRIEF, GRACE, automatic, bad_between
from tests.made_up import bad_from
from tests.rebuilt import rebuilt
from tests.rig import ANA, BREACHED_AT, Rig
from tests.scenario import DEPLOYED_AT

SEEN_AT = BREACHED_AT + 2.0
"""When the watch knows of the breach: an instant is asked a little later."""


def counting(snapshot: Snapshot) -> bool:
    return snapshot.state.countdown is not None


def left(rig: Rig, seconds: float) -> Callable[[Snapshot], bool]:
    """Whether a countdown stands that is over in so many seconds at most."""

    def so_late(snapshot: Snapshot) -> bool:
        countdown = snapshot.state.countdown
        return countdown is not None and countdown.left(rig.clock.now()) <= seconds

    return so_late


def times(snapshot: Snapshot, kind: EventKind) -> list[float]:
    """When something happened, in seconds after the deployment."""
    found = [round(event.at - DEPLOYED_AT, 2) for event in snapshot.events if event.kind is kind]
    return found[::-1]


def said(snapshot: Snapshot) -> list[str]:
    return [words.event(event) for event in reversed(snapshot.events)]


async def test_a_breach_that_is_more_than_chance_is_rolled_back_once_after_the_grace(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_from(200), given=automatic())
    last = await rig.watch.run()
    assert exit_code(last.state) == 20
    assert times(last, EventKind.COUNTDOWN) == [SEEN_AT - DEPLOYED_AT]
    assert times(last, EventKind.ROLLBACK_STARTED) == [SEEN_AT - DEPLOYED_AT + GRACE]
    assert last.rollback is not None
    assert last.rollback.by == BY
    assert len(rig.entries(EntryKind.INTENT)) == 1
    states, _ = rebuilt(rig.place)
    assert states[max(states)] == last.state, "and it can be built again from the journal alone"


async def test_every_second_of_the_countdown_is_shown(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_from(200), given=automatic())
    shown: list[str] = []

    def look(snapshot: Snapshot) -> None:
        if counting(snapshot):
            banner = banner_of(snapshot, rig.clock.now())
            assert banner.fuse is not None
            shown.append(f"{banner.word} {banner.fuse.text} {banner.text}")

    rig.hooks.append(look)
    await rig.watch.run()
    assert list(dict.fromkeys(shown)) == [
        f"BREACHED rolls back in 0:{second:02} HTTP 5xx 4.98 % > 1 % for 2m" for second in range(10, 0, -1)
    ]


async def test_where_it_is_off_a_person_decides(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_from(200), given=BRIEF)
    last = await rig.watch.run()
    assert exit_code(last.state) == 23
    assert rig.entries(EntryKind.AUTOMATIC, EntryKind.INTENT) == []


async def test_a_dry_run_does_all_of_it_but_the_command(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_from(200), given=automatic(Automatic.DRY_RUN))
    last = await rig.watch.run()
    assert exit_code(last.state) == 23
    assert rig.entries(EntryKind.INTENT) == []
    assert times(last, EventKind.COUNTDOWN) == [SEEN_AT - DEPLOYED_AT]
    assert times(last, EventKind.DRY_RUN) == [SEEN_AT - DEPLOYED_AT + GRACE]
    (dry,) = last.state.dry_runs
    assert dry.at == SEEN_AT + GRACE
    assert "dry run: it would have been rolled back now: HTTP 5xx 4.98 % > 1 % for 2m" in said(last)
    states, _ = rebuilt(rig.place)
    assert states[max(states)] == last.state


@pytest.mark.parametrize("how", [Automatic.ON, Automatic.DRY_RUN])
async def test_a_gate_waits_for_what_it_does_itself(tmp_path: Path, how: Automatic) -> None:
    gate = replace(ANA, advice_ends=True)
    rig = Rig(tmp_path, bad_from(200), given=automatic(how), wanted=gate)
    last = await rig.watch.run()
    assert exit_code(last.state) == (20 if how is Automatic.ON else 23)
    assert len(last.state.dry_runs) == (how is Automatic.DRY_RUN)


async def test_a_read_only_gate_ends_with_the_advice(tmp_path: Path) -> None:
    gate = replace(ANA, advice_ends=True, read_only="--read-only was given")
    rig = Rig(tmp_path, bad_from(200), given=automatic(), wanted=gate)
    last = await rig.watch.run()
    assert exit_code(last.state) == 23
    assert rig.entries(EntryKind.AUTOMATIC, EntryKind.INTENT) == []


async def test_who_holds_it_in_the_last_second_keeps_it_and_everybody_reads_by_whom(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_from(200), given=automatic())
    rig.once(left(rig, 1.0), lambda: rig.hold("a load test runs"))
    last = await rig.watch.run()
    assert rig.entries(EntryKind.INTENT) == []
    assert exit_code(last.state) == 23
    assert "ana holds it because a load test runs: nothing is rolled back without a person" in said(last)
    assert times(last, EventKind.HELD) == [SEEN_AT - DEPLOYED_AT + GRACE - 1.0]
    assert last.state.hold is not None
    assert words.lacking(last.state.missing[0]) == "ana holds it because a load test runs"
    held = [s for s in rig.snapshots if s.state.hold is not None and not s.release_state.ended]
    banner = banner_of(held[-1], rig.clock.now())
    assert (banner.word, banner.text) == (
        "HELD",
        "by ana  HTTP 5xx 4.98 % > 1 % for 2m",
    )
    assert banner.doubt == "because a load test runs"


async def test_what_was_released_is_rolled_back_after_a_whole_grace(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_from(200), given=automatic())
    rig.once(counting, rig.hold)
    rig.once(lambda s: s.at >= DEPLOYED_AT + 420, lambda: rig.release(by="ben"))
    last = await rig.watch.run()
    assert exit_code(last.state) == 20
    (released,) = times(last, EventKind.RELEASED)
    assert times(last, EventKind.ROLLBACK_STARTED) == [pytest.approx(released + GRACE, abs=1.0)]
    assert "released by ben" in said(last)


async def test_a_hold_ends_with_the_breach(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_between(200, 400), given=automatic())
    rig.once(counting, rig.hold)
    last = await rig.watch.run()
    assert last.state.hold is None
    assert rig.entries(EntryKind.INTENT) == []
    assert times(last, EventKind.RELEASED) == times(last, EventKind.CLEARED)
    assert "the hold is over: the breach is over" in said(last)


async def test_a_reason_may_be_given_once_it_is_held_and_nobody_else_takes_it_over(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_from(200), given=automatic())
    rig.once(counting, rig.hold)
    rig.once(lambda s: s.at >= DEPLOYED_AT + 360, lambda: rig.hold("of me", by="ben"))
    rig.once(lambda s: s.at >= DEPLOYED_AT + 375, lambda: rig.hold("clients retry"))
    last = await rig.watch.run()
    assert last.state.hold is not None
    assert (last.state.hold.by, last.state.hold.reason) == ("ana", "clients retry")
    assert "note: nothing was held: ana holds it already" in said(last)


async def test_a_hold_before_anything_went_wrong_keeps_the_release_open(tmp_path: Path) -> None:
    rig = Rig(tmp_path, given=automatic())
    rig.once(lambda s: s.at >= DEPLOYED_AT + 120, lambda: rig.hold("I am not sure"))
    last = await rig.watch.run()
    assert last.release_state is ReleaseState.UNPROVEN
    assert words.lacking(last.state.missing[0]) == "ana holds it because I am not sure"
    assert last.at == DEPLOYED_AT + 960, "extended by one duration and no more"


async def test_a_breach_that_ends_during_the_countdown_is_a_near_miss(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_between(200, 345), given=automatic(grace=40.0))
    last = await rig.watch.run()
    assert rig.entries(EntryKind.INTENT) == []
    (near,) = [near for near in last.state.near_misses if near.left is not None]
    assert (near.at, near.left) == (BREACHED_AT + 15, 27.0)
    told = words.near_miss(near, 0.0)
    assert told.endswith("HTTP 5xx 4.98 % > 1 % for 2m, 27s before an automatic rollback.")
    assert "countdown stopped, 27s before an automatic rollback: it is no longer over its limit" in said(last)


async def test_who_comes_late_to_a_breach_waits_for_a_whole_grace(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_from(200), given=automatic(), starts=DEPLOYED_AT + 703.0)
    last = await rig.watch.run()
    assert exit_code(last.state) == 20
    assert times(last, EventKind.COUNTDOWN) == [703.0]
    assert times(last, EventKind.ROLLBACK_STARTED) == [713.0]


async def test_who_comes_late_does_nothing_about_a_breach_that_is_over(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_between(200, 400), given=automatic(), starts=DEPLOYED_AT + 453.0)
    last = await rig.watch.run()
    assert last.state.breaches
    assert rig.entries(EntryKind.AUTOMATIC, EntryKind.INTENT) == []


@pytest.mark.parametrize(("until", "rollbacks"), [(1e9, 1), (400.0, 0)], ids=["still bad", "over meanwhile"])
async def test_who_wakes_up_behind_a_countdown_begins_it_anew_on_fresh_data(
    tmp_path: Path, until: float, rollbacks: int
) -> None:
    """The machine slept for four minutes, from the middle of the countdown to long past its end."""
    rig = Rig(tmp_path, bad_between(200, until), given=automatic())
    woke: list[float] = []

    def asleep(at: float) -> float:
        if woke or not rig.snapshots or not left(rig, 6.0)(rig.snapshots[-1]):
            return 0.0
        woke.append(at + 240.0 - DEPLOYED_AT)
        return 240.0

    rig.clock.asleep = asleep
    last = await rig.watch.run()
    assert times(last, EventKind.ROLLBACK_STARTED) == [at + GRACE for at in woke][:rollbacks]
    assert woke


async def test_what_nobody_can_see_is_not_acted_on(tmp_path: Path) -> None:
    """Sight is lost during the countdown, and comes back while the fault is still there."""
    outage = (BREACHED_AT + 10, BREACHED_AT + 100)
    rig = Rig(tmp_path, bad_from(200), given=automatic(grace=30.0), outages=[outage])
    last = await rig.watch.run()
    stopped = times(last, EventKind.COUNTDOWN_STOPPED)
    assert stopped == [BREACHED_AT + 15 - DEPLOYED_AT]
    assert any("nothing can be measured" in line for line in said(last))
    (started,) = times(last, EventKind.ROLLBACK_STARTED)
    assert started >= outage[1] - DEPLOYED_AT + 30.0, "after a whole grace in sight"


async def test_where_the_clock_was_set_nothing_acts_without_a_person(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_from(200), given=automatic())
    rig.hooks.append(lambda s: setattr(rig.clock, "set_by", -3600.0 if s.at >= DEPLOYED_AT + 100 else 0.0))
    last = await rig.watch.run()
    assert rig.entries(EntryKind.AUTOMATIC, EntryKind.INTENT) == []
    breached = next(s for s in rig.snapshots if s.at == BREACHED_AT)
    banner = banner_of(breached, breached.at + 3.0)
    assert banner.doubt == (
        "not without a person: this machine's clock was set back by 1h,"
        " a console that is started now measures it anew"
    )
    assert exit_code(last.state) == 23


async def test_a_clock_that_is_set_during_the_countdown_stops_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_from(200), given=automatic())
    rig.once(left(rig, 6.0), lambda: setattr(rig.clock, "set_by", 120.0))
    last = await rig.watch.run()
    assert rig.entries(EntryKind.INTENT) == []
    (stopped,) = [line for line in said(last) if line.startswith("countdown stopped")]
    assert stopped.endswith("before an automatic rollback: this machine's clock was set forward by 2m")
    assert last.state.countdown is None
    states, _ = rebuilt(rig.place)
    assert states[max(states)] == last.state


async def test_a_countdown_whose_console_is_gone_is_no_longer_shown_as_one(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_from(200), given=automatic())
    last: list[Snapshot] = []
    rig.once(counting, lambda: last.append(rig.snapshots[-1]))
    await rig.watch.run()
    (snapshot,) = last
    assert snapshot.state.countdown is not None
    over = snapshot.state.countdown.due
    assert banner_of(snapshot, over + 1.0).fuse is not None
    assert banner_of(snapshot, over + 2.0).fuse is None


async def test_who_leaves_during_the_countdown_says_so_and_nothing_is_run(tmp_path: Path) -> None:
    rig = Rig(tmp_path, bad_from(200), given=automatic())
    rig.once(left(rig, 6.0), lambda: rig.watch.abandon(by="ana"))
    last = await rig.watch.run()
    assert exit_code(last.state) == 30
    assert last.state.reason == "left 6s before an automatic rollback, none was run; nobody watches any more"
    assert rig.entries(EntryKind.INTENT) == []
    assert rig.entries(EntryKind.FINISH)


async def test_a_failed_command_is_not_retried_without_a_person(tmp_path: Path) -> None:
    assert BRIEF.rollback is not None
    failing = replace(BRIEF, rollback=replace(BRIEF.rollback, command=("false",)))
    gate = replace(ANA, advice_ends=True)
    rig = Rig(tmp_path, bad_from(200), given=automatic(given=failing), wanted=gate)
    last = await rig.watch.run()
    assert exit_code(last.state) == 22
    assert len(rig.entries(EntryKind.INTENT)) == 1
