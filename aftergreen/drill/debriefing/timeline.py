"""When what happened in a rehearsal: what was true, what the rules did, what a person did, what others do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from aftergreen.drill.debriefing.rehearsed import RULES, YOU, Rehearsed
from aftergreen.drill.debriefing.score import Deeds, diagnosed
from aftergreen.drill.directing.direction import as_directed
from aftergreen.drill.service.effects import told


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened ``at`` so many seconds after the deployment; ``bad`` where it does harm."""

    at: float
    text: str
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """All that one of them did, in the order of time."""

    name: str
    moments: tuple[Moment, ...]


def lanes(rehearsed: Rehearsed) -> tuple[Lane, ...]:
    """The lane of the truth first, then of those who decided; one without a moment says nothing."""
    directed = Lane("directed", tuple(Moment(at, text) for at, text in rehearsed.directed))
    found = [Lane("truth", tuple(sorted(_truth(rehearsed), key=lambda one: one.at)))]
    found.append(directed)
    done, alone = rehearsed.done, rehearsed.ruled
    if done is not None and rehearsed.decided_by == YOU:
        found.append(Lane(YOU, tuple(sorted(_yours(rehearsed, done), key=lambda one: one.at))))
    elif done is not None:
        alone = done
    if alone is not None:
        found.append(Lane(RULES, tuple(_back(alone, "roll back"))))
    shapes = [Moment(at, name) for name, at in rehearsed.others.items() if at is not None]
    found.append(Lane("others", tuple(sorted(shapes, key=lambda one: one.at))))
    return tuple(lane for lane in found if lane.moments)


def _truth(rehearsed: Rehearsed) -> Iterator[Moment]:
    scenario = as_directed(rehearsed.scenario, rehearsed.directions)
    for fault in scenario.simulation.faults:
        if math.isfinite(fault.at):
            yield Moment(max(0.0, fault.at), told(fault))
        if math.isfinite(fault.until) and fault.until > 0:
            yield Moment(fault.until, "it ends")
    if scenario.outage is not None:
        yield Moment(scenario.outage.at, "the backend is away")
        yield Moment(scenario.outage.until, "the backend is back")
    if scenario.clock_step is not None:
        yield Moment(scenario.clock_step.at, f"the clock is set by {scenario.clock_step.by:+g}s")
    truth = rehearsed.true.truth
    if truth.hurts is not None:
        yield Moment(truth.hurts, "users are hurt", bad=True)
    if truth.until is not None:
        yield Moment(truth.until, "too late from here on", bad=True)


def _yours(rehearsed: Rehearsed, done: Deeds) -> Iterator[Moment]:
    if rehearsed.noticed is not None:
        yield Moment(rehearsed.noticed.at, "noticed")
    diagnosis = diagnosed(rehearsed.true, done)
    if diagnosis is not None and diagnosis.at is not None:
        right = diagnosis.names(rehearsed.true.truth)
        yield Moment(diagnosis.at, f"diagnosed{'' if right else ', wrong'}", bad=not right)
    found = rehearsed.score
    bad = found is not None and found.right is False
    yield from _back(done, f"rolled back{', wrong' if bad else ''}", bad=bad)


def _back(done: Deeds, text: str, *, bad: bool = False) -> Iterator[Moment]:
    if done.rolled_back is not None:
        yield Moment(done.rolled_back, text, bad)
