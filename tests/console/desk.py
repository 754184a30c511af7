"""Sits a test in front of the console: what a person reads, and a watch that takes orders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import takewhile
from pathlib import Path

from textual import events
from textual.driver import Driver
from textual.keys import _character_to_key, key_to_character

from aftergreen import words
from aftergreen.drill.rehearsal import Rehearsal
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.orders import Answer, RollBack
from tests.console import moments
from tests.console.story import Story
from tests.made_up import HeldClock
from tests.settled import resized, settled
from tests.waiting import HANG, until
from tui.app import ConsoleApp
from tui.rehearsing import RehearsingApp
from tui.settings import Memory
from tui.view import View
from tui.watched import Watched

WIDE = (120, 40)
SMALL = (80, 24)


def flowing(text: str) -> str:
    """Folded rows as one text."""
    return " ".join(text.replace("│", " ").replace("┃", " ").split())


@dataclass
class Given:
    """The orders that were given, as they were given, and the answers that are owed for them."""

    orders: list[tuple[str, ...]] = field(default_factory=list)
    ordered: list[RollBack] = field(default_factory=list)
    owed: list[Answer] = field(default_factory=list)

    def roll_back(self, order: RollBack, answer: Answer) -> None:
        self.ordered.append(order)
        self.orders.append(("roll back", order.by))
        self.owed.append(answer)

    def abandon(self, *, by: str) -> None:
        self.orders.append(("abandon", by))

    def hold(self, reason: str, *, by: str) -> None:
        self.orders.append(("hold", reason, by))

    def release(self, *, by: str) -> None:
        self.orders.append(("release", by))

    def settle(self, text: str, *, by: str) -> None:
        self.orders.append(("settle", text, by))

    def override(self, text: str, *, by: str) -> None:
        self.orders.append(("override", text, by))

    def note(self, text: str, *, by: str) -> None:
        self.orders.append(("note", text, by))


class Patient(ConsoleApp):
    """The console, but what it says in passing stays until a slow machine has looked at it."""

    NOTIFICATION_TIMEOUT = HANG
    rung = 0
    """How often the bell was rung."""

    def bell(self) -> None:
        self.rung += 1


class PatientRehearsal(RehearsingApp, Patient):
    """The same for the console of a rehearsal."""


@dataclass
class Desk:
    """The console as a person sits before it."""

    app: Patient
    clock: HeldClock
    given: Given

    @property
    def lines(self) -> list[str]:
        """The rows of the terminal as a person reads them."""
        strips = self.app.screen._compositor.render_strips()
        return [strip.text.rstrip() for strip in strips]

    @property
    def told(self) -> list[str]:
        """What the console said in passing."""
        return [notice.message for notice in self.app._notifications]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    async def show(self, story: Story | Snapshot, *, later: float = 0.0) -> Desk:
        """The watch publishes, and the screen is painted; ``later`` seconds after the poll."""
        snapshot = story.snapshot if isinstance(story, Story) else story
        lag = snapshot.state.setup.plan.backend.lag
        self.clock.time = snapshot.at + snapshot.context.offset + lag + 1 + later
        self.app.receive(self.app.releases.current, snapshot)
        await self.settle()
        return self

    @property
    def _driver(self) -> Driver:
        assert self.app._driver is not None
        return self.app._driver

    async def press(self, *keys: str) -> Desk:
        """Press keys as a person does: each meets the screen that the one before it led to."""
        for key in keys:
            self._send(key)
            await self.settle()
        return self

    async def type(self, text: str) -> Desk:
        """Type a text, key after key."""
        return await self.press(*text)

    async def burst(self, *keys: str) -> Desk:
        """All keys at once, as a line that was held up delivers them."""
        for key in keys:
            self._send(key)
        await self.settle()
        return self

    def _send(self, key: str) -> None:
        """A key by its name or its character, the way it comes from a terminal."""
        name = _character_to_key(key) if len(key) == 1 else key
        self._driver.send_message(events.Key(name, key if len(key) == 1 else key_to_character(key)))

    async def click(self, x: int, y: int) -> Desk:
        """A click with the left button there."""
        for event in (events.MouseDown, events.MouseUp):
            self._driver.send_message(event(None, x, y, 0, 0, 1, shift=False, meta=False, ctrl=False))
        await self.settle()
        return self

    @property
    def left(self) -> bool:
        """Whether the person has left the console."""
        return self.app._exit

    async def resize(self, size: tuple[int, int]) -> Desk:
        """The terminal gets another size."""
        await resized(self.app, *size)
        return self

    async def settle(self) -> None:
        """Come back when everything that was sent to the console has had its effect and is painted."""
        await settled(self.app)


@asynccontextmanager
async def desk(
    story: Story | None = None,
    size: tuple[int, int] = WIDE,
    *,
    read_only: str = "",
    simulated: str = "",
    own_themes: Path | None = None,
    memory: Memory | None = None,
    rehearsal: Rehearsal | None = None,
) -> AsyncIterator[Desk]:
    """A console in a terminal of that size, showing ``story`` if there is one."""
    setup = (story or moments.begun()).setup
    clock, given = HeldClock(setup.release.deployed_at), Given()
    kind = Patient if rehearsal is None else partial(PatientRehearsal, rehearsal)
    app = kind(
        watched=[Watched(View(clock, setup.release, setup.plan, read_only, simulated), given)],
        operator="ana@bastion2",
        own_themes=own_themes,
        memory=memory,
    )
    async with app.run_test(size=size, notifications=True):
        here = Desk(app, clock, given)
        await here.settle()
        if story is not None:
            await here.show(story)
        yield here


def called(story: Story, service: str, version: str = "v2.4.1") -> Snapshot:
    """What a story tells, as the release of another service."""
    snapshot = story.snapshot
    setup = snapshot.state.setup
    release = replace(setup.release, service=service, version=version)
    plan = replace(setup.plan, service=replace(setup.plan.service, name=service))
    return replace(snapshot, state=replace(snapshot.state, setup=replace(setup, release=release, plan=plan)))


@dataclass
class Several:
    """A console of several releases as a person sits before it."""

    desk: Desk
    given: dict[str, Given]

    @property
    def services(self) -> list[str]:
        """The services in the order of their rows."""
        listed = takewhile(str.strip, self.desk.lines[2:-1])
        rows = [line for line in listed if line[1:2] in set(words.SYMBOLS.values())]
        shown = [line[3:].split()[0].rstrip("…") for line in rows]
        return [next(name for name in self.given if name.startswith(part)) for part in shown]

    @property
    def chosen(self) -> str:
        """The service whose row is marked."""
        (row,) = [line for line in self.desk.lines if line.startswith("▸")]
        return row[3:].split()[0]

    async def show(self, snapshot: Snapshot) -> Desk:
        """A watch publishes, and the screen is painted."""
        name = snapshot.state.setup.release.name
        watched = next(one for one in self.desk.app.releases.all if one.view.frame().release.name == name)
        lag = snapshot.state.setup.plan.backend.lag
        self.desk.clock.time = max(self.desk.clock.time, snapshot.at + snapshot.context.offset + lag + 1)
        self.desk.app.receive(watched, snapshot)
        await self.desk.settle()
        return self.desk


@asynccontextmanager
async def several(*snapshots: Snapshot, size: tuple[int, int] = WIDE) -> AsyncIterator[Several]:
    """A console of several releases, in a terminal of that size."""
    clock = HeldClock(max(snapshot.at + snapshot.state.setup.plan.backend.lag + 1 for snapshot in snapshots))
    given, watched = dict[str, Given](), []
    for snapshot in snapshots:
        setup = snapshot.state.setup
        given[setup.release.service] = orders = Given()
        watched.append(Watched(View(clock, setup.release, setup.plan), orders))
    app = Patient(watched=watched, operator="ana@bastion2")
    async with app.run_test(size=size, notifications=True):
        here = Several(Desk(app, clock, Given()), given)
        await here.desk.settle()
        for snapshot in snapshots:
            await here.show(snapshot)
        yield here


@dataclass
class _Shared:
    """A console that stays open in a task of its own until it is put away."""

    here: Desk
    task: asyncio.Task[None]
    over: asyncio.Event

    async def close(self) -> None:
        self.over.set()
        await self.task


_open: dict[tuple[int, int], _Shared] = {}


async def _share(size: tuple[int, int]) -> _Shared:
    opened, over = list[Desk](), asyncio.Event()

    async def stay_open() -> None:
        async with desk(None, size) as here:
            opened.append(here)
            await over.wait()

    task = asyncio.create_task(stay_open())
    await until(lambda: opened or task.done(), "a console that is open")
    if not opened:
        task.result()
    return _Shared(opened[0], task, over)


@asynccontextmanager
async def reading(story: Story | Snapshot, size: tuple[int, int] = WIDE) -> AsyncIterator[Desk]:
    """A console that is only looked at: the one of that size, which the tests of a module share.

    Whoever gives orders, leaves, or makes the console say something in passing needs a `desk` of his own.
    """
    # Where the test fails nobody knows what it left behind: the next one opens another.
    shared = _open.pop(size, None) or await _share(size)
    here = shared.here
    try:
        with here.app._context():
            await here.show(story)
            yield here
            assert (here.given.orders, here.told, here.left) == ([], [], False), "give it its own desk"
            while len(here.app.screen_stack) > 1:
                await here.press("escape")
            # Leaves what was chosen there: a panel, a frozen view.
            await here.press("escape")
    except BaseException:
        await shared.close()
        raise
    _open[size] = shared


def saved_in(folder: Path) -> list[Path]:
    """What was saved there, by its name."""
    return sorted(folder.iterdir())


async def put_away() -> None:
    """Close the consoles that were shared."""
    while _open:
        await _open.popitem()[1].close()
