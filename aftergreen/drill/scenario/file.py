"""A scenario's file as it is written: one class a table, one field a key, absent keys None."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NewType

from aftergreen.config.file import Line, Name, Quantity, Seconds, Share
from aftergreen.drill.scenario.model import Cause, Decision, Exposure, Outcome
from aftergreen.drill.service.faults import On

Factor = NewType("Factor", float)
"""A number by which something is multiplied, or counted; not negative."""
Count = NewType("Count", int)
Free = NewType("Free", dict[str, Any])
"""A table that is somebody else's."""
TimeOfDay = NewType("TimeOfDay", float)
"""``14:00``, in seconds after midnight (UTC)."""
Called = NewType("Called", str)
"""The name of a dependency."""
Shift = NewType("Shift", float)
"""A duration that may be negative: ``-90s``."""


State = Literal["finished", "unproven", "rolled back", "rollback failed", "incomplete"]


@dataclass(frozen=True, slots=True)
class TruthTable:
    indicator: Literal["error-rate", "latency", "saturation", "dependency", "business", "none"] | None = None
    cause: Cause | None = None
    decision: Decision | None = None
    until: Seconds | None = None
    hurts: Seconds | None = None


@dataclass(frozen=True, slots=True)
class ExpectedTable:
    state: State | None = None
    leading: Name | None = None
    by: Seconds | None = None


@dataclass(frozen=True, slots=True)
class ServiceTable:
    instances: Count | None = None
    requests: Factor | None = None
    errors: Share | None = None
    together: Factor | None = None
    retries: Share | None = None
    daily: Share | None = None
    pool: Factor | None = None
    worker: bool | None = None
    at_once: Factor | None = None


@dataclass(frozen=True, slots=True)
class ReleaseTable:
    exposure: Exposure | None = None
    each: Seconds | None = None
    canaries: Count | None = None
    at: TimeOfDay | None = None
    renamed: Free | None = None


@dataclass(frozen=True, slots=True)
class FaultTable:
    at: Shift | None = None
    ramp: Seconds | None = None
    until: Shift | None = None
    fade: Seconds | None = None
    every: Seconds | None = None
    lasts: Seconds | None = None
    on: On | None = None
    traffic: Factor | None = None
    errors: Share | None = None
    latency: Factor | None = None
    cpu: Factor | None = None
    memory: Factor | None = None
    memory_leak: Quantity | None = None
    connections: Factor | None = None
    connection_leak: Factor | None = None
    business: Factor | None = None
    serves: Share | None = None
    dependency: Called | None = None
    dependency_latency: Factor | None = None
    dependency_errors: Share | None = None
    waited: Share | None = None


@dataclass(frozen=True, slots=True)
class RollbackTable:
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class OutageTable:
    at: Seconds | None = None
    until: Seconds | None = None


@dataclass(frozen=True, slots=True)
class ClockTable:
    at: Seconds | None = None
    by: Shift | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """The whole file."""

    title: Name | None = None
    trains: Line | None = None
    story: str | None = None
    truth: TruthTable = field(default_factory=TruthTable)
    expected: ExpectedTable = field(default_factory=ExpectedTable)
    service: ServiceTable = field(default_factory=ServiceTable)
    release: ReleaseTable = field(default_factory=ReleaseTable)
    faults: tuple[FaultTable, ...] = ()
    rollback: RollbackTable = field(default_factory=RollbackTable)
    outage: OutageTable | None = None
    clock: ClockTable | None = None
    configuration: Free = field(default_factory=lambda: Free({}))
