"""What goes wrong with the simulated service: when, where, and what it changes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from aftergreen.drill.service.behaviour import Behaviour, Dependency


class On(StrEnum):
    """Whose behaviour a fault changes."""

    RELEASE = "release"
    SERVICE = "service"
    INSTANCE = "instance"
    """One instance of the release, the first of them."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a fault changes at its full strength: factors, or shares of requests that are added to others.

    ``memory_leak`` is in bytes a minute of each instance, ``connection_leak`` in connections a minute of
    the whole service; both grow from the start of a process on, where that is later. ``waited`` is the share
    of the dependency's slowness and failures that reaches requests.
    """

    traffic: float = 1.0
    errors: float = 0.0
    latency: float = 1.0
    cpu: float = 1.0
    memory: float = 1.0
    memory_leak: float = 0.0
    connections: float = 1.0
    connection_leak: float = 0.0
    business: float = 1.0
    serves: float = 1.0
    dependency: str = ""
    dependency_latency: float = 1.0
    dependency_errors: float = 0.0
    waited: float = 1.0


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong ``at`` seconds after the deployment and is whole ``ramp`` seconds later.

    From ``until`` on it goes away, in ``fade`` seconds. Where it comes ``every`` so many seconds it lasts
    for ``lasts`` of them.
    """

    at: float
    effect: Effect
    on: On = On.RELEASE
    ramp: float = 0.0
    until: float = math.inf
    fade: float = 0.0
    every: float = 0.0
    lasts: float = 0.0

    @property
    def leaks(self) -> bool:
        """Whether what it did stays when it ends, until the processes are replaced."""
        return bool(self.effect.memory_leak or self.effect.connection_leak)

    def share(self, age: float) -> float:
        """How much of it there is ``age`` seconds after the deployment, from 0 to 1."""
        if age < self.at or age >= self.until + self.fade:
            return 0.0
        if self.every and (age - self.at) % self.every >= self.lasts:
            return 0.0
        rising = min(1.0, (age - self.at) / self.ramp) if self.ramp else 1.0
        falling = 1.0 if age < self.until else 1.0 - (age - self.until) / self.fade
        return min(rising, falling)

    def leaking(self, age: float, started: float) -> float:
        """For how many minutes a process that started then has leaked by now."""
        return max(0.0, min(age, self.until) - max(self.at, started)) / 60


def changed(normal: Behaviour, faults: Iterable[Fault], age: float, started: float) -> Behaviour:
    """The behaviour with these faults, so long after the deployment, of a process that ``started`` then."""
    behaviour = normal
    for fault in faults:
        share, effect = fault.share(age), fault.effect
        leaked = fault.leaking(age, started)
        if not share and not leaked:
            continue
        traffic = _factor(effect.traffic, share)
        behaviour = replace(
            behaviour,
            requests=behaviour.requests * traffic,
            error_rate=behaviour.error_rate + effect.errors * share,
            latency=behaviour.latency * _factor(effect.latency, share),
            cpu=behaviour.cpu * traffic * _factor(effect.cpu, share),
            memory=behaviour.memory * _factor(effect.memory, share) + effect.memory_leak * leaked,
            db_connections=behaviour.db_connections * traffic * _factor(effect.connections, share)
            + effect.connection_leak * leaked,
            registrations=behaviour.registrations * traffic * _factor(effect.business, share),
            serves=behaviour.serves * _factor(effect.serves, share),
            dependencies=tuple(_changed(one, effect, share) for one in behaviour.dependencies),
        )
    return behaviour


def _factor(whole: float, share: float) -> float:
    """The factor of a fault of which there is this share."""
    return 1.0 + (whole - 1.0) * share


def _changed(dependency: Dependency, effect: Effect, share: float) -> Dependency:
    if dependency.name != effect.dependency:
        return dependency
    return replace(
        dependency,
        latency=dependency.latency * _factor(effect.dependency_latency, share),
        error_rate=min(1.0, dependency.error_rate + effect.dependency_errors * share),
        waited=min(dependency.waited, effect.waited),
    )
