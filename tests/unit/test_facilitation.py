"""A facilitator finds a rehearsal, is told how it stands, and orders; everybody else is refused."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import pytest

from aftergreen.drill.clocks import DrillClock
from aftergreen.drill.debriefing.diagnosis import Diagnosis
from aftergreen.drill.directing.facilitation import Facilitation, told_by
from aftergreen.drill.directing.facilitator import Facilitator, Gone, NotDone
from aftergreen.drill.directing.running import Running, announced, under_way
from aftergreen.drill.rehearsal import Rehearsal
from aftergreen.drill.scenario.catalogue import find
from aftergreen.drill.scenario.model import Cause, Decision
from aftergreen.drill.service.directed import Act
from aftergreen.drill.world import start_drill
from aftergreen.model import Indicator
from tests.console import moments
from tests.waiting import HANG


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    with closing(start_drill(find("error-spike"), speed=0.1)) as drill:
        session = drill.session(tmp_path, operator="ana", advice_ends=False)
        found = Rehearsal(drill, find("error-spike"), session, seed=7, speed=0.1, blind=True)
        drill.server.facilitated = Facilitation(found, "secret").answer
        yield found


KNOWN = "secret"


def here(rehearsal: Rehearsal, token: str = KNOWN) -> Running:
    return Running(os.getpid(), "ana", rehearsal.drill.server.url, token)


@asynccontextmanager
async def talking(running: Running) -> AsyncIterator[Facilitator]:
    facilitator = Facilitator(running)
    try:
        yield facilitator
    finally:
        await facilitator.close()


@pytest.fixture
async def facilitator(rehearsal: Rehearsal) -> AsyncIterator[Facilitator]:
    async with talking(here(rehearsal)) as facilitator:
        yield facilitator


async def test_it_is_told_how_the_rehearsal_stands(rehearsal: Rehearsal, facilitator: Facilitator) -> None:
    told = await facilitator.look()
    assert (told.scenario, told.operator, told.seed, told.blind) == ("error-spike", "ana", 7, True)
    assert (told.standing, told.key, told.diagnosis) == ("the watch has not begun", None, "")
    assert [one.ready for one in told.faults] == [False, True, True, True, True, True]
    rehearsal.pressed()
    rehearsal.said(Diagnosis(Indicator.LATENCY, Cause.RELEASE, Decision.KEEP, 1.0))
    rehearsal.snapshot = moments.breached().snapshot
    told = await facilitator.look()
    assert told.key is not None
    assert told.diagnosis == "latency, the release itself; to keep"
    assert told.standing.startswith("BREACHED  HTTP 5xx")


async def test_what_it_orders_is_done_and_told(rehearsal: Rehearsal, facilitator: Facilitator) -> None:
    told = await facilitator.act(Act.INJECT, 1)
    assert [text for _, text in told.happened] == ["injected errors +8.00 %"]
    assert told.faults[1].standing.startswith("since 0:0")
    told = await facilitator.act(Act.SOFTEN, 1)
    assert told.faults[1].text == "errors +4.00 %"
    told = await facilitator.act(Act.END, 1)
    assert told.faults[1].standing.startswith("over since 0:")
    assert [one.fault for one in rehearsal.directions] == [1, 1, 1]


@pytest.mark.parametrize(
    ("act", "fault", "why"),
    [
        (Act.END, 2, "it is not there: inject it first"),
        (Act.SOFTEN, 3, "it is not there: inject it first"),
        (Act.INJECT, 6, "there is no fault 7, only 6 of them"),
        (Act.INJECT, -1, "there is no fault 0, only 6 of them"),
    ],
)
async def test_what_cannot_be_done_is_said(
    rehearsal: Rehearsal, facilitator: Facilitator, act: Act, fault: int, why: str
) -> None:
    with pytest.raises(NotDone, match=f"^{why}$"):
        await facilitator.act(act, fault)
    assert rehearsal.directions == []


async def test_one_that_has_begun_is_not_injected_and_nothing_once_it_is_over(
    rehearsal: Rehearsal, facilitator: Facilitator
) -> None:
    await facilitator.act(Act.INJECT, 1)
    with pytest.raises(NotDone, match=r"^it has begun already$"):
        await facilitator.act(Act.INJECT, 1)
    rehearsal.snapshot = moments.finished().snapshot
    with pytest.raises(NotDone, match=r"^the rehearsal is over$"):
        await facilitator.act(Act.END, 1)
    with pytest.raises(NotDone, match=r"^the rehearsal is over$"):
        await facilitator.halt()


async def test_who_does_not_know_the_secret_is_told_nothing(rehearsal: Rehearsal) -> None:
    async with talking(here(rehearsal, "guessed")) as guesser:
        with pytest.raises(NotDone, match=r"^only who started the rehearsal, or shares its journal$"):
            await guesser.look()
        with pytest.raises(NotDone):
            await guesser.halt()
    assert not rehearsal.halted


@pytest.mark.parametrize(("act", "fault"), [("explode", "0"), ("end", "all"), ("", "")])
def test_an_order_that_is_none_is_refused(rehearsal: Rehearsal, act: str, fault: str) -> None:
    form = {"token": "secret", "act": act, "fault": fault}
    answer = Facilitation(rehearsal, "secret").answer("POST", form)
    assert (answer.status, answer.body) == (409, {"error": f"nobody knows how to {act} {fault}"})


async def test_a_rehearsal_that_has_ended_is_gone(rehearsal: Rehearsal, facilitator: Facilitator) -> None:
    await facilitator.look()
    rehearsal.drill.close()
    with pytest.raises(Gone):
        await facilitator.look()
    rehearsal.drill.server.close = lambda: None  # type: ignore[method-assign]  # the fixture closes it too


async def test_halted_time_stands_still_and_goes_on_where_it_stood(
    rehearsal: Rehearsal, facilitator: Facilitator
) -> None:
    told = await facilitator.halt()
    assert told.halted
    assert rehearsal.called == "DRILL HALTED"
    stood = rehearsal.age
    await asyncio.sleep(0.05)
    assert rehearsal.age == stood
    told = await facilitator.halt()
    assert not told.halted
    assert rehearsal.called == "DRILL"
    assert stood <= rehearsal.age


async def test_who_sleeps_by_a_halted_clock_sleeps_until_it_goes_on() -> None:
    clock = DrillClock(100.0, 1_000_000.0)
    clock.halt()
    sleeping = asyncio.create_task(clock.sleep(5.0))
    await asyncio.sleep(0.15)
    assert not sleeping.done()
    clock.halt()
    async with asyncio.timeout(HANG):
        await sleeping
    assert clock.now() >= 1_000_005.0
    await clock.sleep(-1.0)


def test_a_halt_is_not_caught_up_with() -> None:
    clock = DrillClock(100.0, 1_000_000.0)
    clock.halt()
    time.sleep(0.1)
    before = clock.now()
    clock.halt()
    began = time.monotonic()
    assert clock.now() - before <= (time.monotonic() - began) * 100 + 1.0


def test_a_rehearsal_under_way_is_found_while_it_lasts(tmp_path: Path) -> None:
    folder = tmp_path / "under-way"
    assert under_way(folder) == ()
    first = Running(os.getpid(), "ana", "http://127.0.0.1:9", "secret")
    with announced(first, folder):
        assert under_way(folder) == (first,)
        (file,) = folder.glob("*.lock")
        assert file.stat().st_mode & 0o077 == 0
        with announced(replace(first, pid=1, operator="\x1b[1mben"), folder):
            assert [one.operator for one in under_way(folder)] == ["[1mben", "ana"]
    assert under_way(folder) == ()


def test_what_an_ended_console_left_behind_is_removed(tmp_path: Path) -> None:
    (tmp_path / "1.lock").write_text('{"pid": 1, "operator": "ana", "url": "", "token": ""}')
    assert under_way(tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


def test_where_the_folder_cannot_be_used_one_rehearses_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "drills").write_text("a file")
    with announced(Running(1, "ana", "", ""), tmp_path / "drills"):
        assert under_way(tmp_path / "drills") == ()


def test_what_is_told_names_the_state_of_a_fault(rehearsal: Rehearsal) -> None:
    told = told_by(rehearsal)
    assert told.faults[0].standing == "begins at 0:20"
    rehearsal.direct(Act.END, 0)
    assert told_by(rehearsal).faults[0].standing == "will not begin"
