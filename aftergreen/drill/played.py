"""A rehearsal without a person: the sealed rules decide, and nobody waits for time to pass."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from aftergreen.drill.clocks import LeapClock
from aftergreen.drill.debriefing.others import SHAPES, Sample
from aftergreen.drill.debriefing.score import Deeds, deeds
from aftergreen.drill.scenario.model import Scenario
from aftergreen.drill.service.directed import Direction
from aftergreen.drill.world import Drill, start_drill
from aftergreen.model import Then
from aftergreen.verdict.limits import exceeds
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.loop import Watch
from aftergreen.watch.session import Session
from aftergreen.watch.wanted import Report

NOBODY = "nobody"
"""Whose watches they are where no person is."""


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


@dataclass(frozen=True, slots=True)
class Alone:
    """What happens where no person does anything.

    ``ruled`` is what the sealed rules do, None where that was not asked. ``others`` is when the usual shapes
    of rules of other tools would have rolled back, by their names, in seconds after the deployment.
    """

    ruled: Deeds | None
    others: Mapping[str, float | None]


def left_alone(
    scenario: Scenario,
    seed: int,
    place: Path,
    directions: Sequence[Direction] = (),
    *,
    rules: bool = True,
) -> Alone:
    """What happens in this rehearsal where no person does anything; takes some seconds.

    Its journals lie in folders below ``place``, which are deleted. Others are given the limits of the sealed
    ``rules`` and what is measured while nobody rolls back. ``directions`` are those of a facilitator.
    """
    ruled = None
    if rules:
        course = Course()
        ruled = _played_alone(
            partial(start_drill, scenario, seed=seed, directions=directions), place, course, automatic=True
        )
        if ruled.rolled_back is None:
            return Alone(ruled, course.shapes())
    course = Course()
    _played_alone(
        partial(start_drill, scenario, seed=seed, directions=directions), place, course, automatic=False
    )
    return Alone(ruled, course.shapes())


class Course:
    """What was measured at every instant of a watch, as rules of other tools look at it."""

    def __init__(self) -> None:
        self._samples: dict[float, Sample] = {}

    def take(self, snapshot: Snapshot) -> None:
        """Note what was measured at this instant."""
        age = snapshot.at - snapshot.state.setup.release.deployed_at
        if age >= 0:
            self._samples[age] = (age, over_limit(snapshot))

    def shapes(self) -> dict[str, float | None]:
        """When each of them would have rolled back by now."""
        samples = list(self._samples.values())
        return {name: shape(samples) for name, shape in SHAPES.items()}

    @property
    def decided(self) -> bool:
        """Whether all of them have."""
        return None not in self.shapes().values()


def over_limit(snapshot: Snapshot) -> bool | None:
    """Whether a limit of a rule that rolls back is passed at this instant; None where all is unknown."""
    known = False
    for signal in snapshot.signals.values():
        value = signal.reading.value if signal.reading is not None and signal.reading.compared else None
        if value is None:
            continue
        known = True
        rules = [one for one in signal.rules if one.rule.then is Then.ROLLBACK]
        if any(one.limit is not None and exceeds(one.rule, one.limit, value) for one in rules):
            return True
    return False if known else None


def _played_alone(start: Callable[..., Drill], place: Path, course: Course, *, automatic: bool) -> Deeds:
    """Play it; where the rules may not act it is over as soon as all others have decided."""
    watches: list[Watch] = []

    def heard(snapshot: Snapshot) -> None:
        course.take(snapshot)
        if not automatic and course.decided:
            watches[0].abandon(by=NOBODY)

    async def run() -> None:
        watches.append(watching(drill)(session, Report(heard, lambda _: None, lambda _: None)))
        await watches[0].run()

    with (
        closing(start(automatic=automatic)) as drill,
        tempfile.TemporaryDirectory(dir=place) as folder,
    ):
        session = drill.session(Path(folder), operator=NOBODY, advice_ends=automatic)
        asyncio.run(run())
        return deeds(session.paths.journal)
