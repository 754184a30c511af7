"""A clock that somebody sets, and a watch that goes on."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from aftergreen.clock import BEAT, FastClock, Pulse, SystemClock
from aftergreen.journal import EntryKind
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import EventKind, ReleaseState
from tests.rig import Rig
from tests.scenario import DEPLOYED_AT


@pytest.mark.parametrize("seconds", [-3600.0, 120.0, 86400.0])
def test_the_time_goes_on_whatever_the_machine_is_set_to(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """The operating system is the fake here: nobody sets the clock of the machine that runs this."""
    clock = SystemClock()
    began, real = clock.now(), time.time
    monkeypatch.setattr(time, "time", lambda: real() + seconds)
    assert 0.0 <= clock.now() - began < 60.0
    assert clock.stepped() == pytest.approx(seconds, abs=1.0)


def test_time_passes_in_step_with_the_machine() -> None:
    clock = SystemClock()
    assert abs(clock.now() - time.time()) < 1.0
    assert abs(clock.stepped()) < 1.0
    assert FastClock(60.0).stepped() == 0.0


async def test_a_loop_that_could_not_run_is_told_however_it_was_kept_from_it() -> None:
    async with Pulse() as pulse:
        await asyncio.sleep(0.01)
        assert pulse.missed() <= BEAT
        time.sleep(3 * BEAT)  # noqa: ASYNC251 - this is what stops the loop
        await asyncio.sleep(2 * BEAT)
        assert pulse.missed() >= 2 * BEAT
        assert pulse.missed() <= 0.0


async def test_a_clock_that_is_set_is_named_and_no_instant_is_lost(tmp_path: Path) -> None:
    """The cases clock-back and clock-forward; and half a second, which is nothing."""
    rig = Rig(tmp_path)
    steps = {120.0: -3600.0, 300.0: -3599.5, 600.0: -3480.0}

    def sets_it(snapshot: Snapshot) -> None:
        passed = [by for age, by in steps.items() if snapshot.at >= DEPLOYED_AT + age]
        rig.clock.set_by = passed[-1] if passed else 0.0

    rig.hooks.append(sets_it)
    last = await rig.watch.run()
    assert last.release_state is ReleaseState.FINISHED
    assert rig.source.asked[1:] == [DEPLOYED_AT + 15.0 * k for k in range(1, 61)]
    notes = [event.text for event in reversed(last.events) if event.kind is EventKind.NOTE]
    assert notes == [
        f"this machine's clock was set {how}; the watch goes by the seconds that pass"
        for how in ("back by 1h", "forward by 2m")
    ]


@pytest.mark.parametrize(
    ("asleep", "told"),
    [
        (0.0, []),
        (14.0, []),
        (15.0, ["nothing ran here for 15s, as when a machine sleeps: what was missed is read now"]),
        (240.0, ["nothing ran here for 4m, as when a machine sleeps: what was missed is read now"]),
        (7200.0, ["nothing ran here for 2h, as when a machine sleeps: what was missed is read now"]),
    ],
)
async def test_a_machine_that_sleeps_misses_no_instant(
    tmp_path: Path, asleep: float, told: list[str]
) -> None:
    rig = Rig(tmp_path)
    left = [asleep]
    rig.clock.asleep = lambda at: left.pop() if left and at >= DEPLOYED_AT + 300.0 else 0.0
    last = await rig.watch.run()
    assert last.release_state is ReleaseState.FINISHED
    judged = [body["at"] for body in rig.entries(EntryKind.INSTANT)]
    assert judged == [DEPLOYED_AT + 15.0 * k for k in range(1, 61)]
    assert [event.text for event in last.events if event.kind is EventKind.NOTE] == told
