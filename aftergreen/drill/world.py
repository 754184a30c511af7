"""The world of a rehearsal: a simulated service, its metrics server, and a plan that watches them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from aftergreen.clock import Clock
from aftergreen.config import loads
from aftergreen.drill.clocks import DrillClock, LeapClock
from aftergreen.drill.configuration import configuration
from aftergreen.drill.directing.direction import with_ready
from aftergreen.drill.scenario.model import Exposure, Outage, Outcome, Scenario
from aftergreen.drill.server import DrillServer
from aftergreen.drill.service.directed import Direction
from aftergreen.drill.service.simulated import PREVIOUS, RELEASED, SimulatedService
from aftergreen.model import Automatic, Plan, Release
from aftergreen.paths import find_paths
from aftergreen.watch.session import Session
from aftergreen.watch.wanted import Wanted

PAST = 900.0
"""Seconds for which the previous version has run when the release is deployed."""

MONDAY = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
"""When rehearsals take place: their times are the same whenever they are repeated."""

REPLACING = 5.0
"""Simulated seconds that the replacement of one instance takes where nobody waits for it."""


@dataclass(frozen=True, slots=True)
class Drill:
    """A rehearsal that is under way: what is watched, which release, and the clock that all of it runs on."""

    plan: Plan
    release: Release
    clock: Clock
    server: DrillServer

    def session(self, place: Path, *, operator: str, advice_ends: bool, called: str = "DRILL") -> Session:
        """A watch of the release; its journal and output stay in ``place``, apart from real ones.

        ``called`` is what the screens say of it.
        """
        wanted = Wanted(
            version=self.release.version,
            previous=self.release.previous,
            deployed_at=lambda _now: self.release.deployed_at,
            operator=operator,
            advice_ends=advice_ends,
            simulated=called,
        )
        return Session(self.plan, wanted, self.clock, find_paths(journal=str(place / "journal.db")))

    def close(self) -> None:
        """Stop the metrics server."""
        self.server.close()


def start_drill(
    scenario: Scenario,
    *,
    seed: int = 7,
    speed: float | None = None,
    automatic: bool = False,
    python: str = sys.executable,
    clock: Callable[[float], Clock] | None = None,
    directions: Sequence[Direction] = (),
) -> Drill:
    """Start the metrics server of a service that has run for a quarter of an hour and is deployed now.

    The same seed gives the same samples, up to a rollback. Simulated time runs ``speed`` times as fast as
    the machine's, None for as fast as it is asked for; or as the ``clock`` says that is made for the time
    of the deployment. ``python`` runs the rollback command; ``automatic`` lets rules do so. ``directions``
    are what a facilitator did the last time.
    """
    starts = MONDAY + scenario.starts
    runs = _clock(scenario, starts, speed) if clock is None else clock(starts)
    # A clock that was given tells its own time.
    deployed_at = round(runs.now(), 3)
    service = SimulatedService(seed, deployed_at - PAST, deployed_at, with_ready(scenario).simulation)
    for direction in directions:
        service.direct(direction)
    _expose(service, scenario, deployed_at)
    service.advance(deployed_at)
    server = _served(service, scenario, runs, deployed_at)
    try:
        plan = loads(configuration(scenario, server.url, python), f"the configuration of {scenario.name}")
    except BaseException:
        server.close()
        raise
    if automatic and plan.rollback is not None:
        plan = replace(plan, rollback=replace(plan.rollback, automatic=Automatic.ON))
    return Drill(plan, Release.of(plan.service, RELEASED, PREVIOUS, deployed_at), runs, server)


def _clock(scenario: Scenario, starts: float, speed: float | None) -> Clock:
    """What the rehearsal runs on, from that time on; it is set as the scenario says."""
    step = scenario.clock_step
    if step is not None:
        step = replace(step, at=starts + step.at)
    return LeapClock(starts, step) if speed is None else DrillClock(speed, starts, step)


def _served(service: SimulatedService, scenario: Scenario, runs: Clock, deployed_at: float) -> DrillServer:
    """The metrics server of the service, which fails where the scenario says so."""
    outage, locked = scenario.outage, scenario.rollback is Outcome.FAILS
    if outage is not None:
        outage = Outage(deployed_at + outage.at, deployed_at + outage.until)
    if not isinstance(runs, LeapClock):
        return DrillServer(service, runs, outage=outage, locked=locked)
    forward = partial(runs.forward, REPLACING)
    return DrillServer(service, runs, outage=outage, locked=locked, takes=0.0, replaced=forward)


def _expose(service: SimulatedService, scenario: Scenario, at: float) -> None:
    """Deploy the release as the scenario says, beginning at that time."""
    names = scenario.simulation.names
    if scenario.exposure is Exposure.CANARY:
        names = names[: scenario.canaries]
    each = 0.0 if scenario.exposure is Exposure.BLUE_GREEN else scenario.each
    for number, name in enumerate(names):
        service.deploy(RELEASED, at + number * each, name)
