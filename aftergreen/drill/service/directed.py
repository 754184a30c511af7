"""What a facilitator does to the faults of a service while it runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from aftergreen.drill.service.faults import Effect, Fault

SOFTER = 0.5
"""How much is left of a fault that is softened."""


class Act(StrEnum):
    """What is done to a fault."""

    INJECT = "inject"
    END = "end"
    SOFTEN = "soften"


@dataclass(frozen=True, slots=True)
class Direction:
    """An act on one of the faults, by its number from 0, ``at`` so many seconds after the deployment."""

    at: float
    act: Act
    fault: int


def directed(faults: Sequence[Fault], direction: Direction, original: Sequence[Fault]) -> tuple[Fault, ...]:
    """The faults after it, of which ``original`` are as they were before any direction."""
    changed, number, at = list(faults), direction.fault, direction.at
    if direction.act is Act.INJECT:
        changed[number] = _injected(original[number], at)
    elif direction.act is Act.END:
        changed[number] = _ended(faults[number], at)
    else:
        changed[number] = _softened(faults[number])
    return tuple(changed)


def _injected(fault: Fault, at: float) -> Fault:
    """It begins now at its full strength, and lasts as long as it was to last."""
    if not math.isfinite(fault.at):
        return replace(fault, at=at)
    return replace(fault, at=at, until=fault.until - fault.at + at)


def _ended(fault: Fault, at: float) -> Fault:
    """It is over now; one that has not begun never does."""
    return replace(fault, at=math.inf) if fault.at > at else replace(fault, until=at, fade=0.0)


def _softened(fault: Fault) -> Fault:
    softer: dict[str, Any] = {name: _half(fault.effect, name) for name in _MEASURES}
    return replace(fault, effect=replace(fault.effect, **softer))


_MEASURES = tuple(
    # How much of a dependency reaches requests is no measure of what is wrong with it.
    name
    for name, kind in Effect.__annotations__.items()
    if kind == "float" and name != "waited"
)


def _half(effect: Effect, name: str) -> float:
    """Half as far from what changes nothing: 1 for a factor, 0 for all that is added."""
    nothing: float = getattr(Effect(), name)
    value: float = getattr(effect, name)
    return nothing + (value - nothing) * SOFTER
