"""How a version of the simulated service behaves, and how a fault changes that with the version's age."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

MIB = 1024.0**2


@dataclass(frozen=True, slots=True)
class Dependency:
    """Something that the service calls: calls per request, mean latency in seconds, share of failed calls."""

    name: str
    calls: float
    latency: float
    error_rate: float


ORDERS_DB = Dependency("orders-db", calls=0.6, latency=0.008, error_rate=0.0001)
SESSION_CACHE = Dependency("session-cache", calls=1.0, latency=0.0012, error_rate=0.0)
PAYMENTS = Dependency("payments", calls=0.1, latency=0.210, error_rate=0.0008)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A version under load, for the whole service; its instances share it evenly.

    Requests and errors: per second, and the share that fails. Latency: mean in seconds, and the sigma of
    its logarithm. CPU: the busy share; memory: bytes; both of each instance. Connections to the database
    are those in use. Registrations: per minute.
    """

    requests: float = 120.0
    error_rate: float = 0.001
    latency: float = 0.175
    latency_tail: float = 0.5
    cpu: float = 0.42
    memory: float = 612 * MIB
    db_connections: float = 41.0
    registrations: float = 305.0
    dependencies: tuple[Dependency, ...] = (ORDERS_DB, SESSION_CACHE, PAYMENTS)


@dataclass(frozen=True, slots=True)
class Stage:
    """From ``after`` seconds of age on a version moves to another behaviour, evenly in ``ramp`` seconds."""

    after: float
    ramp: float
    to: Behaviour


@dataclass(frozen=True, slots=True)
class Version:
    """A version: how it behaves at first, and the stages that it goes through as it ages."""

    name: str
    healthy: Behaviour = Behaviour()
    stages: tuple[Stage, ...] = ()

    def at(self, age: float) -> Behaviour:
        """Its behaviour ``age`` seconds after it started."""
        behaviour = self.healthy
        for stage in self.stages:
            share = (age - stage.after) / stage.ramp if stage.ramp else float(age >= stage.after)
            behaviour = blend(behaviour, stage.to, min(1.0, max(0.0, share)))
        return behaviour


def blend(one: Behaviour, other: Behaviour, share: float) -> Behaviour:
    """Between the two, which have the same dependencies: ``one`` at a share of 0, ``other`` at 1."""
    if share in (0.0, 1.0):
        return other if share else one
    pairs = zip(one.dependencies, other.dependencies, strict=True)
    dependencies = tuple(replace(a, **_between(a, b, share)) for a, b in pairs)
    return replace(one, dependencies=dependencies, **_between(one, other, share))


def _between(one: Behaviour | Dependency, other: Behaviour | Dependency, share: float) -> dict[str, Any]:
    """The fields that are numbers."""
    numbers = {f.name: getattr(one, f.name) for f in fields(one) if isinstance(getattr(one, f.name), float)}
    return {name: value + (getattr(other, name) - value) * share for name, value in numbers.items()}
