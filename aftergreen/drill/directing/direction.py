"""What is true of a rehearsal after a facilitator has had a hand in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from aftergreen.drill.directing.ready import READY
from aftergreen.drill.scenario.model import Decision, Scenario, Truth
from aftergreen.drill.service.directed import Act, Direction, directed
from aftergreen.drill.service.effects import told
from aftergreen.drill.service.faults import Fault

_DONE = {Act.INJECT: "injected", Act.END: "ended", Act.SOFTEN: "softened"}


def with_ready(scenario: Scenario) -> Scenario:
    """The scenario with the faults that can be injected behind its own."""
    faults = (*scenario.simulation.faults, *(one.fault for one in READY))
    return replace(scenario, simulation=replace(scenario.simulation, faults=faults))


def as_directed(scenario: Scenario, directions: Sequence[Direction], before: float = math.inf) -> Scenario:
    """The scenario as it came to be: its faults after all directions, and what was right to do.

    What is done to a release that is rolled back ``before`` says nothing about whether that was right.
    """
    if not directions:
        return scenario
    own, truth = len(scenario.simulation.faults), scenario.truth
    faults = with_ready(scenario).simulation.faults
    for direction in directions:
        known, faults = faults, directed(faults, direction)
        if direction.at <= before:
            truth = _true_after(truth, direction, known, faults, own)
    begun = tuple(fault for fault in faults if math.isfinite(fault.at))
    return replace(scenario, truth=truth, simulation=replace(scenario.simulation, faults=begun))


def _true_after(
    truth: Truth, direction: Direction, before: Sequence[Fault], after: Sequence[Fault], own: int
) -> Truth:
    at, number = direction.at, direction.fault
    if direction.act is Act.INJECT:
        if number < own:
            return _moved(truth, at - before[number].at)
        ready = READY[number - own].truth
        # What has to be rolled back anyway still has to be, and by when it had to.
        return truth if truth.decision is Decision.ROLL_BACK else _moved(ready, at)
    if direction.act is Act.END and not any(_goes_on(fault, at) for fault in after):
        return replace(truth, decision=Decision.KEEP, until=None)
    return truth


def _moved(truth: Truth, seconds: float) -> Truth:
    """Its times later by so many seconds."""
    if not math.isfinite(seconds):
        return truth
    times = {name: getattr(truth, name) for name in ("until", "hurts")}
    return replace(truth, **{name: round(at + seconds) for name, at in times.items() if at is not None})


def _goes_on(fault: Fault, at: float) -> bool:
    """Whether there is some of it at that time, or will be."""
    return math.isfinite(fault.at) and fault.until > at


def told_of(scenario: Scenario, direction: Direction) -> str:
    """What the facilitator did: ``ended errors +8 %``."""
    return f"{_DONE[direction.act]} {told(with_ready(scenario).simulation.faults[direction.fault])}"
