"""Sits a test in front of the console: what a person reads, and a watch that takes orders."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from textual.pilot import Pilot

from aftergreen.verdict.snapshot import Snapshot
from tests.console.story import Story
from tui.app import ConsoleApp

WIDE = (120, 40)
SMALL = (80, 24)


@dataclass
class HeldClock:
    """A clock that stands still until a test moves it."""

    time: float

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:  # noqa: ARG002  # the protocol's signature
        raise AssertionError("the console waits for nobody")


@dataclass
class Given:
    """The orders that were given, as they were given."""

    orders: list[tuple[str, ...]] = field(default_factory=list)

    def roll_back(self, *, by: str) -> None:
        self.orders.append(("roll back", by))

    def abandon(self, *, by: str) -> None:
        self.orders.append(("abandon", by))

    def override(self, text: str, *, by: str) -> None:
        self.orders.append(("override", text, by))

    def note(self, text: str, *, by: str) -> None:
        self.orders.append(("note", text, by))


@dataclass
class Desk:
    """The console as a person sits before it."""

    app: ConsoleApp
    pilot: Pilot[int]
    clock: HeldClock
    given: Given

    @property
    def lines(self) -> list[str]:
        """The rows of the terminal as a person reads them."""
        strips = self.app.screen._compositor.render_strips()
        return [strip.text.rstrip() for strip in strips]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    async def show(self, story: Story | Snapshot, *, later: float = 0.0) -> Desk:
        """The watch publishes, and the screen is painted; ``later`` seconds after the poll."""
        snapshot = story.snapshot if isinstance(story, Story) else story
        lag = snapshot.state.setup.plan.backend.lag
        self.clock.time = snapshot.at + snapshot.context.offset + lag + 1 + later
        self.app.receive(snapshot)
        await self.settle()
        return self

    async def press(self, *keys: str) -> Desk:
        await self.pilot.press(*keys)
        await self.settle()
        return self

    async def type(self, text: str) -> Desk:
        """Type as a person does, key after key."""
        for letter in text:
            await self.pilot.press({"-": "minus", " ": "space"}.get(letter, letter))
            await self.pilot.pause(0.03)
        return self

    async def settle(self) -> None:
        await self.pilot.pause()
        await self.pilot.pause()


@asynccontextmanager
async def desk(
    story: Story | None = None, size: tuple[int, int] = WIDE, *, read_only: str = ""
) -> AsyncIterator[Desk]:
    """A console in a terminal of that size, showing ``story`` if there is one."""
    setup = (story or Story()).setup
    clock, given = HeldClock(setup.release.deployed_at), Given()
    app = ConsoleApp(
        orders=given,
        clock=clock,
        operator="ana@bastion2",
        release=setup.release,
        plan=setup.plan,
        read_only=read_only,
    )
    async with app.run_test(size=size, notifications=True) as pilot:
        here = Desk(app, pilot, clock, given)
        await here.settle()
        if story is not None:
            await here.show(story)
        yield here
