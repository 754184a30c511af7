"""Makes every picture in this folder from the real console on the simulated service.

``make screenshots`` takes three minutes. Scenes are shown at 120×40 and 80×24, what matters most at
40×12 too.
"""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console as RichConsole
from textual.app import App
from textual.pilot import Pilot

from aftergreen.clock import FastClock
from aftergreen.drill.demo import start_demo
from aftergreen.drill.directing.facilitation import Facilitation
from aftergreen.drill.directing.facilitator import Facilitator
from aftergreen.drill.directing.running import Running
from aftergreen.drill.rehearsal import Rehearsal
from aftergreen.drill.scenario.catalogue import find
from aftergreen.drill.world import Drill, start_drill
from aftergreen.model import Automatic
from aftergreen.verdict.proposals import breaches
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import ReleaseState
from aftergreen.watch.wanted import Report
from tui.app import ConsoleApp
from tui.console import console
from tui.directing import DirectingApp
from tui.export import picture, without_fonts

HERE = Path(__file__).parent
SIZES = ((120, 40), (80, 24))
SMALLEST = (40, 12)
PATIENCE = 120.0

PYTHON = "python3"
"""The pictures show no path of the machine that made them; `main` sees to it that this is our interpreter."""


class Scenes:
    """A console under way, of which pictures are taken."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    async def until(self, holds: Callable[[Snapshot], bool]) -> None:
        """Wait until the newest snapshot looks like this."""
        async with asyncio.timeout(PATIENCE):
            while self.app.snapshot is None or not holds(self.app.snapshot):
                await self.pilot.pause(0.05)

    async def shoot(self, name: str, sizes: Sequence[tuple[int, int]] = SIZES) -> None:
        """Save the screen as it stands, at every size."""
        await shoot(self.app, self.pilot, name, sizes)


async def shoot(
    app: App[int], pilot: Pilot[int], name: str, sizes: Sequence[tuple[int, int]] = SIZES
) -> None:
    """Save what an app shows, at every size."""
    for width, height in sizes:
        await pilot.resize_terminal(width, height)
        await pilot.pause(0.5)
        target = HERE / f"{name}-{width}x{height}.svg"
        target.write_text(picture(app, f"aftergreen · {name.replace('-', ' ')}"), encoding="utf-8")
        print(target.name)
    await pilot.resize_terminal(*SIZES[0])


def healthy(speed: float = 8.0) -> Drill:
    """A release of which nothing is wrong, at the time of the machine, as that of the demo is."""
    return start_drill(find("healthy"), python=PYTHON, clock=lambda _: FastClock(speed))


@asynccontextmanager
async def scenes_of(demo: Drill) -> AsyncIterator[Scenes]:
    """A console on a demo; what is left of both at the end is ended."""
    with closing(demo):
        async with console_on(demo) as scenes:
            yield scenes


@asynccontextmanager
async def console_on(*demos: Drill) -> AsyncIterator[Scenes]:
    """A console on demos, each with a journal of its own."""
    with ExitStack() as folders:
        places = [Path(folders.enter_context(tempfile.TemporaryDirectory())) for _ in demos]
        operator = "ana@bastion2"
        shown = console(
            [
                demo.session(place, operator=operator, advice_ends=False, called="DEMO")
                for demo, place in zip(demos, places, strict=True)
            ]
        )
        async with shown.app.run_test(size=SIZES[0]) as pilot:
            yield Scenes(shown.app, pilot)
            for watching in shown.watches:
                watching.abandon(by=operator)
            shown.app.exit()
        shown.thread.join(10)


async def a_release_that_goes_bad() -> None:
    """Watching, over limit, breached, the receipt, the dialog, recovered."""
    async with scenes_of(start_demo(speed=8.0, python=PYTHON)) as scenes:
        await scenes.until(lambda s: s.state.watched >= 60)
        await scenes.shoot("watching")
        await scenes.until(lambda s: s.leading is not None and s.leading.burnt >= 20 and bool(s.doubts))
        await scenes.shoot("over-limit")
        await scenes.until(lambda s: bool(breaches(s.state)))
        await scenes.shoot("breached", (*SIZES, SMALLEST))
        await scenes.pilot.press("w")
        await scenes.shoot("receipt")
        await scenes.pilot.press("escape", "1")
        await scenes.shoot("zoom")
        await scenes.pilot.press("escape", "r")
        await scenes.pilot.pause(1.0)
        for key in "checkout-api":
            await scenes.pilot.press("minus" if key == "-" else key)
            await scenes.pilot.pause(0.05)
        await scenes.shoot("rollback-dialog", (*SIZES, SMALLEST))
        await scenes.pilot.press("enter")
        await scenes.until(lambda s: s.rollback is not None and not s.rollback.running)
        await scenes.pilot.press("escape")
        await scenes.until(lambda s: s.release_state.ended)
        await scenes.pilot.pause(0.5)
        await scenes.shoot("finish-card")
        await scenes.pilot.press("escape")
        await scenes.shoot("recovered")


async def a_release_that_is_held() -> None:
    """The countdown before an automatic rollback, and a hold."""
    demo = start_demo(speed=8.0, python=PYTHON)
    by_hand = demo.plan.rollback
    # Long enough for the pictures.
    alone = by_hand and replace(by_hand, automatic=Automatic.ON, grace=60.0)
    demo = replace(demo, plan=replace(demo.plan, rollback=alone))
    async with scenes_of(demo) as scenes:
        await scenes.until(lambda s: s.state.countdown is not None)
        await scenes.shoot("countdown")
        await scenes.pilot.press("h")
        await scenes.until(lambda s: s.state.hold is not None)
        await scenes.pilot.press(*("space" if key == " " else key for key in "a load test runs"), "enter")
        await scenes.until(lambda s: s.state.hold is not None and bool(s.state.hold.reason))
        await scenes.shoot("held")


async def a_healthy_release() -> None:
    """Finished."""
    async with scenes_of(healthy(30.0)) as scenes:
        await scenes.until(lambda s: s.release_state.ended)
        await scenes.pilot.pause(0.5)
        await scenes.pilot.press("escape")
        await scenes.shoot("finished")


async def a_release_that_burns_to_its_end() -> None:
    """What the screen says where nobody rolled back: the card, and the charts of the whole watch."""
    async with scenes_of(start_demo(speed=60.0, python=PYTHON)) as scenes:
        await scenes.until(lambda s: s.release_state.ended)
        await scenes.pilot.pause(0.5)
        await scenes.shoot("ended-red")


async def a_backend_that_goes_away() -> None:
    """Blind."""
    demo = healthy()
    async with scenes_of(demo) as scenes:
        await scenes.until(lambda s: s.state.watched >= 100)
        demo.close()
        await scenes.until(lambda s: s.release_state is ReleaseState.BLIND and s.state.blind >= 20)
        await scenes.shoot("blind")


async def several_releases() -> None:
    """The overview: one breached, one that is well, one that has finished."""
    with ExitStack() as parts:
        demos = [
            called(
                service,
                minutes,
                parts.enter_context(closing(demo)),
            )
            for service, minutes, demo in (
                ("checkout-api", 10, start_demo(python=PYTHON)),
                ("search", 30, healthy()),
                ("mailer", 3, healthy()),
            )
        ]
        async with console_on(*demos) as scenes:
            await scenes.until(lambda s: bool(breaches(s.state)))
            await scenes.shoot("several", (*SIZES, SMALLEST))


def called(service: str, minutes: float, demo: Drill) -> Drill:
    """The demo as the release of another service, watched for so long."""
    plan = demo.plan
    timing = replace(plan.timing, duration=minutes * 60.0)
    plan = replace(plan, service=replace(plan.service, name=service), timing=timing)
    return replace(demo, plan=plan, release=replace(demo.release, service=service))


@asynccontextmanager
async def rehearsed(name: str, speed: float) -> AsyncIterator[tuple[Rehearsal, Scenes]]:
    """The console of a rehearsal."""
    with closing(start_drill(find(name), speed=speed, python=PYTHON)) as drill, folder() as place:
        session = drill.session(place, operator="ana@bastion2", advice_ends=False)
        rehearsal = Rehearsal(drill, find(name), session, seed=7, speed=speed)
        shown = console([session], rehearsal=rehearsal)
        async with shown.app.run_test(size=SIZES[0]) as pilot:
            yield rehearsal, Scenes(shown.app, pilot)
            shown.app.exit()
        shown.thread.join(10)


async def an_incident_that_is_rehearsed() -> None:
    """The drill, its questions, and the debrief."""
    async with rehearsed("connection-leak", 12.0) as (rehearsal, scenes):
        await scenes.until(lambda s: s.leading is not None and s.leading.burnt >= 20)
        await scenes.pilot.press("d", "3")
        rehearsal.halt()
        await scenes.shoot("drill-diagnosis")
        rehearsal.halt()
        await scenes.pilot.press("1", "1")
        await scenes.until(lambda s: bool(breaches(s.state)))
        await scenes.pilot.pause(0.5)
        await scenes.shoot("drill")
        await scenes.pilot.press("r")
        await scenes.pilot.pause(1.0)
        for key in "checkout-api":
            await scenes.pilot.press("minus" if key == "-" else key)
            await scenes.pilot.pause(0.05)
        await scenes.pilot.press("enter")
        await scenes.until(lambda s: s.rollback is not None and not s.rollback.running)
        await scenes.pilot.press("escape")
        await scenes.until(lambda s: s.release_state.ended)
        await scenes.pilot.pause(0.5)
        await scenes.pilot.press("q")
        async with asyncio.timeout(PATIENCE):
            while not rehearsal.worked_out:
                await scenes.pilot.pause(0.2)
        await scenes.pilot.pause(1.5)
        await scenes.shoot("drill-debrief", ((120, 50), *SIZES))


async def a_rehearsal_that_is_directed() -> None:
    """The facilitator's console."""
    with closing(start_drill(find("slow-climb"), speed=20.0, python=PYTHON)) as drill, folder() as place:
        session = drill.session(place, operator="ana@bastion2", advice_ends=False)
        rehearsal = Rehearsal(drill, find("slow-climb"), session, seed=7, speed=8.0, blind=True)
        drill.server.facilitated = Facilitation(rehearsal, "secret").answer
        ignored = Report(lambda _: None, lambda _: None, lambda _: None)
        watch = asyncio.create_task(rehearsal.watching(session, ignored).run())
        app = DirectingApp(Facilitator(Running(os.getpid(), "ana@bastion2", drill.server.url, "secret")))
        async with app.run_test(size=SIZES[0]) as pilot:
            await pilot.pause(2.0)
            await pilot.press("i")
            await pilot.pause(2.0)
            rehearsal.pressed()
            await pilot.press("s", "j", "i")
            await pilot.pause(4.0)
            await pilot.press("p")
            await shoot(app, pilot, "drill-direct")
        rehearsal.halt()
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)


def the_list_of_drills() -> None:
    """What ``aftergreen drill list`` prints."""
    listed = subprocess.run(
        [sys.executable, "-m", "tui", "drill", "list"], capture_output=True, text=True, check=True
    )
    text = f"$ aftergreen drill list\n{listed.stdout}"
    terminal = RichConsole(record=True, width=max(map(len, text.splitlines())), file=io.StringIO())
    terminal.print(text, markup=False, highlight=False)
    target = HERE / "drill-list.svg"
    target.write_text(without_fonts(terminal.export_svg(title="aftergreen drill list")), encoding="utf-8")
    print(target.name)


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that is deleted afterwards."""
    with tempfile.TemporaryDirectory() as place:
        yield Path(place)


async def main() -> None:
    """Every scene, one after the other."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    os.environ["TZ"] = "UTC"
    await a_release_that_goes_bad()
    await a_release_that_is_held()
    await a_healthy_release()
    await a_release_that_burns_to_its_end()
    await a_backend_that_goes_away()
    await several_releases()
    the_list_of_drills()
    await an_incident_that_is_rehearsed()
    await a_rehearsal_that_is_directed()


if __name__ == "__main__":
    asyncio.run(main())
