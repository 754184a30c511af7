"""Makes every picture in this folder from the real console on the demo's simulated service.

``make screenshots`` takes two minutes. Scenes are shown at 120×40 and 80×24, what matters most at 40×12 too.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

from textual.pilot import Pilot

from aftergreen.clock import FastClock
from aftergreen.drill.demo import start_demo
from aftergreen.drill.scenario.catalogue import find
from aftergreen.drill.world import Drill, start_drill
from aftergreen.model import Automatic
from aftergreen.verdict.proposals import breaches
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import ReleaseState
from tui.app import ConsoleApp
from tui.console import console
from tui.export import picture

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
        for width, height in sizes:
            await self.pilot.resize_terminal(width, height)
            await self.pilot.pause(0.5)
            target = HERE / f"{name}-{width}x{height}.svg"
            shown = picture(self.app, f"aftergreen · {name.replace('-', ' ')}")
            target.write_text(shown, encoding="utf-8")
            print(target.name)
        await self.pilot.resize_terminal(*SIZES[0])


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


if __name__ == "__main__":
    asyncio.run(main())
