"""Faults that a facilitator can inject into any rehearsal, each with what is then true."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from aftergreen.drill.scenario.model import Cause, Decision, Truth
from aftergreen.drill.service.faults import Effect, Fault, On
from aftergreen.model import Indicator

IN_TIME = 240.0
"""Seconds after its injection for which rolling back is in time."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A fault that begins when somebody injects it; times of its truth are counted from then."""

    fault: Fault
    truth: Truth


def _of_the_release(effect: Effect, indicator: Indicator, ramp: float = 0.0) -> Ready:
    truth = Truth(indicator, Cause.RELEASE, Decision.ROLL_BACK, until=IN_TIME, hurts=ramp)
    return Ready(Fault(math.inf, effect, ramp=ramp), truth)


READY: Sequence[Ready] = (
    _of_the_release(Effect(errors=0.08), Indicator.ERROR_RATE),
    _of_the_release(Effect(latency=3.0), Indicator.LATENCY, ramp=30.0),
    _of_the_release(Effect(connection_leak=20.0), Indicator.SATURATION, ramp=60.0),
    Ready(
        Fault(math.inf, Effect(dependency="orders-db", dependency_latency=12.0), On.SERVICE, ramp=15.0),
        Truth(Indicator.DEPENDENCY, Cause.DEPENDENCY, Decision.CALL),
    ),
    Ready(
        Fault(math.inf, Effect(traffic=1.8), On.SERVICE, ramp=60.0),
        Truth(None, Cause.TRAFFIC, Decision.KEEP),
    ),
)
