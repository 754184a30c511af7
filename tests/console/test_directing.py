"""The facilitator's console: what it shows of a real rehearsal's server, and what its keys do."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import ClassVar

import pytest

from aftergreen.drill.directing.facilitation import Facilitation
from aftergreen.drill.directing.facilitator import Facilitator
from aftergreen.drill.directing.running import Running
from aftergreen.drill.rehearsal import Rehearsal
from aftergreen.drill.scenario.catalogue import find
from aftergreen.drill.world import start_drill
from tests.console import moments
from tests.console.desk import flowing
from tests.settled import settled
from tui.directing import DirectingApp

SIZES = [(120, 40), (80, 24), (60, 20), (40, 12)]


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    with closing(start_drill(find("error-spike"), speed=0.1)) as drill:
        session = drill.session(tmp_path, operator="ana", advice_ends=False)
        found = Rehearsal(drill, find("error-spike"), session, seed=7, speed=0.1)
        drill.server.facilitated = Facilitation(found, "secret").answer
        yield found


GONE = "the rehearsal's console has ended; this is how it last stood"


class Patient(DirectingApp):
    """It looks only when it is told to, so that nothing moves while a test reads."""

    NOTIFICATION_TIMEOUT = 600.0

    EVERY: ClassVar[float] = 600.0


class Chair:
    """The console of a facilitator as a person sits before it."""

    def __init__(self, app: DirectingApp) -> None:
        self.app = app

    @property
    def lines(self) -> list[str]:
        return [strip.text.rstrip() for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return flowing("\n".join(self.lines))

    async def press(self, *keys: str) -> None:
        for key in keys:
            self.app.simulate_key(key)
            await settled(self.app)
        await self.look()

    async def look(self) -> None:
        await self.app.look()
        await settled(self.app)


@asynccontextmanager
async def chair(rehearsal: Rehearsal, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Chair]:
    running = Running(os.getpid(), "ana", rehearsal.drill.server.url, "secret")
    app = Patient(Facilitator(running))
    async with app.run_test(size=size, notifications=True):
        here = Chair(app)
        await here.look()
        yield here


@pytest.mark.parametrize("size", SIZES, ids=["x".join(map(str, size)) for size in SIZES])
async def test_it_shows_what_is_rehearsed_and_how_it_stands(
    size: tuple[int, int], rehearsal: Rehearsal
) -> None:
    rehearsal.snapshot = moments.breached().snapshot
    async with chair(rehearsal, size) as here:
        assert here.lines[0].startswith(" DRILL  DIRECT  error-spike")
        assert "✗ BREACHED" in here.lines[1]
        assert "▸ 1 errors +8.00 %" in here.text
        assert max(map(len, here.lines)) <= size[0]
        assert "i Inject" in here.lines[-1]


async def test_keys_inject_soften_and_end_the_chosen_fault(rehearsal: Rehearsal) -> None:
    async with chair(rehearsal) as here:
        assert "begins at 0:20" in here.text
        await here.press("i")
        assert "since 0:0" in here.text
        await here.press("s")
        assert "▸ 1 errors +4.00 %" in here.text
        await here.press("e")
        assert "over since 0:0" in here.text
        await here.press("j", "j", "enter")
        assert "▸ 3 latency ×3" in here.text
        done = re.findall(r"│ \d:\d\d (\w+)", "\n".join(here.lines))
        assert done == ["injected", "ended", "softened", "injected"]
        await here.press("k", "k", "k")
        assert "▸ 6 traffic" in here.text


async def test_on_the_smallest_screen_the_chosen_fault_stays_in_sight(rehearsal: Rehearsal) -> None:
    async with chair(rehearsal, (40, 12)) as here:
        for number in range(2, 7):
            await here.press("j")
            assert f"▸ {number} " in here.text
        assert "q Quit" in here.lines[-1]


async def test_what_cannot_be_done_is_said(rehearsal: Rehearsal) -> None:
    async with chair(rehearsal, (120, 40)) as here:
        await here.press("j", "s")
        told = [notice.message for notice in here.app._notifications]
        assert told == ["Not done: it is not there: inject it first."]


async def test_time_is_halted_and_goes_on(rehearsal: Rehearsal) -> None:
    async with chair(rehearsal) as here:
        await here.press("p")
        assert "HALTED" in here.lines[1]
        assert rehearsal.halted
        await here.press("space")
        assert "HALTED" not in here.text
        assert not rehearsal.halted


async def test_a_rehearsal_that_ended_is_said_to_have_and_shows_how_it_stood(rehearsal: Rehearsal) -> None:
    async with chair(rehearsal, (120, 40)) as here:
        rehearsal.drill.server.facilitated = None
        await here.look()
        assert GONE in here.text
        assert "▸ 1 errors +8.00 %" in here.text
        rehearsal.drill.server.facilitated = Facilitation(rehearsal, "secret").answer
        await here.look()
        assert GONE not in here.text
        await here.press("q")
        assert here.app._exit


async def test_one_that_never_answered_is_said_so(rehearsal: Rehearsal) -> None:
    rehearsal.drill.server.facilitated = None
    async with chair(rehearsal) as here:
        assert here.lines[0] == f" {GONE}"[:80]
        await here.press("i", "p", "j")
        assert here.lines[0] == f" {GONE}"[:80]
