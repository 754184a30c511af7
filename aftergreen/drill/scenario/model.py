"""A rehearsal: a service, what goes wrong with it, what is true about that, and what the rules make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aftergreen.drill.service.simulated import Simulation
from aftergreen.model import Indicator


class Cause(StrEnum):
    """Whose fault it is."""

    RELEASE = "release"
    DEPENDENCY = "dependency"
    TRAFFIC = "traffic"
    MONITORING = "monitoring"
    NOBODY = "nobody"


class Decision(StrEnum):
    """What is right to do."""

    ROLL_BACK = "roll back"
    KEEP = "keep"
    CALL = "call the owner"


class Exposure(StrEnum):
    """How the release reaches its instances: all in one moment, one after the other, or only some of them."""

    BLUE_GREEN = "blue-green"
    ROLLING = "rolling"
    CANARY = "canary"


class Outcome(StrEnum):
    """What comes of the rollback command."""

    WORKS = "works"
    FAILS = "fails"


@dataclass(frozen=True, slots=True)
class Truth:
    """What the facilitator knows: the indicator that shows it first, whose fault it is, and what is right.

    ``until`` is how long that is in time, and ``hurts`` when users begin to be hurt, both in seconds after
    the deployment. No indicator shows what is no fault.
    """

    indicator: Indicator | None
    cause: Cause
    decision: Decision
    until: float | None = None
    hurts: float | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """How it ends where the sealed rules decide alone: the state, and the signal that led.

    ``by`` is when that was decided at the latest, in seconds after the deployment; None, as an empty
    ``leading``, where nothing is.
    """

    state: str
    leading: str = ""
    by: float | None = None


@dataclass(frozen=True, slots=True)
class Outage:
    """From when until when the metrics backend answers with errors, in seconds after the deployment."""

    at: float
    until: float


@dataclass(frozen=True, slots=True)
class ClockStep:
    """When the machine's clock is set, and by how many seconds."""

    at: float
    by: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """One rehearsal. ``name`` is that of its file; ``configuration`` are tables laid over the usual ones.

    ``each`` is the time between two instances that are replaced one after the other, in seconds, and
    ``starts`` the time of day at which the release is deployed, in seconds after midnight (UTC).
    """

    name: str
    title: str
    trains: str
    story: str
    truth: Truth
    expected: Expected
    simulation: Simulation = field(default_factory=Simulation)
    exposure: Exposure = Exposure.BLUE_GREEN
    each: float = 10.0
    canaries: int = 1
    starts: float = 14 * 3600.0
    rollback: Outcome = Outcome.WORKS
    outage: Outage | None = None
    clock_step: ClockStep | None = None
    configuration: Mapping[str, Any] = field(default_factory=dict)
