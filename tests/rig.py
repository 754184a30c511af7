"""A whole watch on a made-up backend, a fake clock and a real journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path

from aftergreen.journal import EntryKind, Journal, open_journal
from aftergreen.journal.writer import Writer
from aftergreen.model import Plan, RollbackPlan
from aftergreen.preflight.checks import Finding
from aftergreen.rollback.launch import Launcher
from aftergreen.verdict.automatic import BY
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import ReleaseState
from aftergreen.watch.loop import Watch
from aftergreen.watch.orders import RollBack
from aftergreen.watch.presence import Presence
from aftergreen.watch.rollbacks import Runner
from aftergreen.watch.wanted import Report, Wanted
from tests.made_up import FakeClock, MadeUpSource, World, fine
from tests.scenario import DEPLOYED_AT, plan

ANA = Wanted("v2.4.1", "v2.4.0", lambda _now: DEPLOYED_AT, "ana@bastion2")
"""What ana asks for."""

UNDO = plan(rollback=RollbackPlan(("true", "{previous}"), verify_within=600.0))
"""Rolls back by a command that succeeds at once."""

BREACHED_AT = DEPLOYED_AT + 330
"""When the rule is breached in a world that is bad from 200 seconds on."""


def proposed(snapshot: Snapshot) -> bool:
    return snapshot.release_state is ReleaseState.PROPOSED


class Rig:
    """A watch with a made-up backend, a fake clock and a real journal."""

    def __init__(
        self,
        folder: Path,
        world: World = fine,
        *,
        given: Plan | None = None,
        outages: Sequence[tuple[float, float]] = (),
        starts: float = DEPLOYED_AT,
        wanted: Wanted | None = None,
        journal: Callable[[Path], Journal] = lambda place: open_journal(place, "ana@bastion2/1"),
    ) -> None:
        self.clock = FakeClock(starts)
        self.source = MadeUpSource(self.clock, world, outages)
        self.place = folder / "journal.db"
        self.snapshots: list[Snapshot] = []
        self.findings: list[Finding] = []
        self.hooks: list[Callable[[Snapshot], None]] = []
        self.answers: list[str] = []
        self.ordered: list[asyncio.Task[None]] = []
        self.clock.held = self.commanding
        self.watch = Watch(
            given or plan(),
            wanted or ANA,
            source=self.source,
            journal=Writer(lambda: journal(self.place)),
            clock=self.clock,
            runner=Runner(
                Launcher(self.place).launch,
                lambda release, attempt, _at: folder / f"{release.version}-{attempt}.log",
                self.clock.speed,
            ),
            presence=Presence(folder / "watchers", (wanted or ANA).operator),
            report=Report(self._seen, self.findings.extend, lambda _text: None),
        )

    def _seen(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)
        for hook in self.hooks:
            hook(snapshot)

    def once(self, when: Callable[[Snapshot], bool], then: Callable[[], None]) -> None:
        """Do something the first time a snapshot looks like this."""

        def hook(snapshot: Snapshot) -> None:
            if when(snapshot):
                self.hooks.remove(hook)
                then()

        self.hooks.append(hook)

    def roll_back(self, by: str = "ana", reason: str = "") -> None:
        """Order it on what the newest snapshot shows, and keep what the watch answers."""
        rollback = self.snapshots[-1].rollback
        given = RollBack(by, 0 if rollback is None else rollback.attempt, reason)

        async def order() -> None:
            self.answers.append(await self.watch.orders.roll_back(given))

        self.order(order())

    def hold(self, reason: str = "", by: str = "ana") -> None:
        """Keep it from being rolled back without a person."""
        self.order(self.watch.orders.hold(reason, by=by))

    def release(self, by: str = "ana") -> None:
        """End a hold."""
        self.order(self.watch.orders.release(by=by))

    def settle(self, text: str, by: str = "ana") -> None:
        """Say what came of a rollback."""
        self.order(self.watch.orders.settle(text, by=by))

    def override(self, text: str, by: str = "ana") -> None:
        """Have a threshold changed."""
        self.order(self.watch.orders.override(text, by=by))

    def note(self, text: str, by: str = "ana") -> None:
        """Write a remark."""
        self.order(self.watch.orders.note(text, by=by))

    def order(self, order: Coroutine[None, None, None]) -> None:
        self.ordered.append(asyncio.get_running_loop().create_task(order))

    def commanding(self) -> bool:
        """Whether an order is carried out, or its command runs; the clock stands still for so long."""
        carried_out = all(order.done() for order in self.ordered)
        return not carried_out or (self._ran_here() and self.snapshots[-1].rolling_back)

    def _ran_here(self) -> bool:
        rollback = self.snapshots[-1].rollback if self.snapshots else None
        return "" in self.answers or (rollback is not None and rollback.by == BY)

    def entries(self, *kinds: EntryKind) -> list[Mapping[str, object]]:
        release = self.snapshots[-1].state.setup.release
        journal = open_journal(self.place)
        try:
            return [entry.body for entry in journal.entries(release, kinds=kinds)]
        finally:
            journal.close()
