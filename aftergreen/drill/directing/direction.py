"""What is true of a rehearsal after a facilitator has had a hand in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from aftergreen.drill.directing.ready import READY
from aftergreen.drill.scenario.model import Cause, Decision, Scenario, Truth
from aftergreen.drill.service.directed import Act, Direction, directed
from aftergreen.drill.service.effects import told
from aftergreen.drill.service.faults import Fault, On

_DONE = {Act.INJECT: "injected", Act.END: "ended", Act.SOFTEN: "softened"}

_WORSE = (Decision.KEEP, Decision.CALL, Decision.ROLL_BACK)
"""What there may be to do, the more urgent the later."""


def with_ready(scenario: Scenario) -> Scenario:
    """The scenario with the faults that can be injected behind its own."""
    faults = (*scenario.simulation.faults, *(one.fault for one in READY))
    return replace(scenario, simulation=replace(scenario.simulation, faults=faults))


def as_directed(scenario: Scenario, directions: Sequence[Direction], before: float = math.inf) -> Scenario:
    """The scenario as it came to be until ``before``: its faults, and what was right to do.

    What is done to a release after it was rolled back says nothing about whether that was right.
    """
    taken = [one for one in directions if one.at <= before]
    if not taken:
        return scenario
    original = with_ready(scenario).simulation.faults
    faults, truths = original, _Truths(scenario)
    for direction in taken:
        faults = directed(faults, direction, original)
        truths.take(direction, faults)
    begun = tuple(fault for fault in faults if math.isfinite(fault.at))
    return replace(scenario, truth=truths.worst, simulation=replace(scenario.simulation, faults=begun))


class _Truths:
    """What is true by itself, and of each fault that was injected, while it has to be answered."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._own = scenario.simulation.faults
        self._by_itself = scenario.truth
        self._injected: dict[int, Truth] = {}

    @property
    def worst(self) -> Truth:
        """What has to be answered first: what is most urgent, and of that what is soonest too late."""
        return min((self._by_itself, *self._injected.values()), key=_urgency)

    def take(self, direction: Direction, faults: Sequence[Fault]) -> None:
        """A direction was taken, which has left these faults."""
        number, at = direction.fault, direction.at
        ready = number - len(self._own)
        if direction.act is Act.INJECT and ready >= 0:
            self._injected[number] = _moved(READY[ready].truth, at)
        elif direction.act is Act.INJECT:
            self._by_itself = _moved(self._scenario.truth, self._later(number, at))
        elif direction.act is Act.END and not faults[number].leaks:
            self._end(number, at, faults)

    def _later(self, number: int, at: float) -> float:
        """By how much the truth is later: its times are counted from the first fault since the deployment."""
        first = min((fault.at for fault in self._own if fault.at >= 0), default=math.inf)
        return at - first if self._own[number].at == first else 0.0

    def _end(self, number: int, at: float, faults: Sequence[Fault]) -> None:
        if number >= len(self._own):
            if (truth := self._injected.get(number)) is not None and _in_time(truth, at):
                self._injected[number] = _answered(truth, at)
        elif _in_time(self._by_itself, at):
            goes_on = any(self._matters(fault, at) for fault in faults[: len(self._own)])
            if not goes_on:
                self._by_itself = _answered(self._by_itself, at)

    def _matters(self, fault: Fault, at: float) -> bool:
        """Whether it goes on, or will, or has leaked, and is of the kind that the truth is about."""
        of_release = fault.on is not On.SERVICE
        there = math.isfinite(fault.at) and (fault.until > at or fault.leaks)
        return there and of_release is (self._scenario.truth.cause is Cause.RELEASE)


def _urgency(truth: Truth) -> tuple[int, float, bool]:
    """What comes first; of what nothing is to be done about, something before nothing."""
    until = math.inf if truth.until is None else truth.until
    return -_WORSE.index(truth.decision), until, truth.cause is Cause.NOBODY


def _in_time(truth: Truth, at: float) -> bool:
    """Whether it can still be answered then: what was waited through is not undone by its end."""
    return truth.until is None or at <= truth.until


def _answered(truth: Truth, at: float) -> Truth:
    """There is nothing to do about it any more."""
    hurts = truth.hurts if truth.hurts is not None and truth.hurts <= at else None
    return replace(truth, decision=Decision.KEEP, until=None, hurts=hurts)


def _moved(truth: Truth, seconds: float) -> Truth:
    """Its times later by so many seconds."""
    times = {name: getattr(truth, name) for name in ("until", "hurts")}
    return replace(truth, **{name: round(at + seconds) for name, at in times.items() if at is not None})


def told_of(scenario: Scenario, direction: Direction) -> str:
    """What the facilitator did: ``ended errors +8 %``."""
    return f"{_DONE[direction.act]} {told(with_ready(scenario).simulation.faults[direction.fault])}"
