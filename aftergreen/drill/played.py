"""A rehearsal without a person: the sealed rules decide, and nobody waits for time to pass."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from aftergreen.drill.clocks import LeapClock
from aftergreen.drill.scenario.model import Scenario
from aftergreen.drill.score import Deeds, deeds
from aftergreen.drill.world import Drill, start_drill
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.loop import Watch
from aftergreen.watch.session import Session
from aftergreen.watch.wanted import Report


def watching(drill: Drill) -> Callable[[Session, Report], Watch]:
    """Makes watches of a rehearsal during whose rollback commands a clock that leaps stands still."""

    def make(session: Session, report: Report) -> Watch:
        newest: list[Snapshot] = []

        def heard(snapshot: Snapshot) -> None:
            newest[:] = [snapshot]
            report.snapshot(snapshot)

        if isinstance(drill.clock, LeapClock):
            drill.clock.busy = lambda: bool(newest) and newest[0].rolling_back
        return session.watch(replace(report, snapshot=heard))

    return make


async def played(drill: Drill, session: Session, report: Report) -> Snapshot:
    """Watch to the end."""
    return await watching(drill)(session, report).run()


def ruled(scenario: Scenario, seed: int) -> Deeds:
    """What the sealed rules do by themselves in this rehearsal; takes some seconds."""
    silent = Report(lambda _: None, lambda _: None, lambda _: None)
    with (
        closing(start_drill(scenario, seed=seed, automatic=True)) as drill,
        tempfile.TemporaryDirectory(prefix="aftergreen-drill-") as folder,
    ):
        session = drill.session(Path(folder), operator="nobody", advice_ends=True)
        asyncio.run(played(drill, session, silent))
        return deeds(session.paths.journal)
