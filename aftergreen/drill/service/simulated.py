"""The simulated service: instances that serve Poisson traffic and are scraped at a steady interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from aftergreen.drill.promql.store import Store
from aftergreen.drill.service.behaviour import Behaviour, under_load
from aftergreen.drill.service.chance import wander
from aftergreen.drill.service.directed import Direction, directed
from aftergreen.drill.service.faults import Fault, On, changed
from aftergreen.drill.service.process import JOBS, REQUESTS, Process, Queue

INTERVAL = 2.0
"""Seconds between two scrapes."""

DAY = 86_400.0

BUSIEST = 14 * 3600.0
"""Seconds after midnight (UTC) at which a day has its most traffic."""

PREVIOUS = "v2.4.0"
RELEASED = "v2.4.1"


@dataclass(frozen=True, slots=True)
class Simulation:
    """What is simulated: a service in its normal state, and what goes wrong after the deployment.

    ``daily`` is the share by which traffic swings with the time of day. A worker does jobs instead of
    requests, at most ``at_once`` at a time; the others wait. ``renamed`` are labels that the release writes
    by another name.
    """

    normal: Behaviour = field(default_factory=Behaviour)
    faults: tuple[Fault, ...] = ()
    instances: int = 4
    daily: float = 0.0
    worker: bool = False
    at_once: float = 60.0
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its instances."""
        return tuple(f"checkout-api-{number}" for number in range(1, self.instances + 1))


class UnknownDeployment(LookupError):
    """A version or an instance that the service does not have; the text names those it has."""


class SimulatedService:
    """A service whose time moves only when told to. The same seed and times give the same samples.

    Like a real one it is replaced instance by instance: a new process is scraped once at zero before it
    takes traffic, and the series of the process it replaces end at that scrape. A process that has used up
    its memory is started anew.
    """

    def __init__(self, seed: int, start: float, deployed_at: float, simulation: Simulation) -> None:
        """Begin at ``start`` (seconds since the epoch, the first scrape) with the previous version.

        Faults are counted from ``deployed_at``; what is deployed then is for `deploy` to say.
        """
        self.store = Store()
        self._simulation = simulation
        self._faults = simulation.faults
        self._directions: list[Direction] = []
        self._deployed = round(deployed_at * 1000)
        self._rng = Random(seed)  # noqa: S311  # a simulation, nothing secret
        self._next = round(start * 1000)
        self._traffic = 0.0
        self._waiting = 0.0
        self._running = {name: self._process(name, PREVIOUS, self._next) for name in simulation.names}
        self._fresh = set(simulation.names)
        self._planned: list[tuple[int, str, str]] = []

    def advance(self, to: float) -> None:
        """Serve and scrape up to and including ``to``; does nothing for the past."""
        until = round(to * 1000)
        while self._next <= until:
            self._step(self._next)
            self._next += round(INTERVAL * 1000)

    def deploy(self, version: str, at: float, instance: str | None = None) -> None:
        """Let one instance, or all, run the version from the first scrape at or after ``at``.

        An instance that already runs it goes on. Raises `UnknownDeployment`.
        """
        known = (PREVIOUS, RELEASED)
        if version not in known:
            raise UnknownDeployment(f"the simulated service has no version {version}, only {_list(known)}")
        if instance is not None and instance not in self._running:
            raise UnknownDeployment(
                f"the simulated service has no instance {instance}, only {_list(self._running)}"
            )
        chosen = tuple(self._running) if instance is None else (instance,)
        self._planned += [(round(at * 1000), name, version) for name in chosen]
        self._planned.sort(key=lambda plan: plan[0])

    @property
    def faults(self) -> Sequence[Fault]:
        """All faults as they are now, or will be at the next scrape, in the order of the simulation."""
        faults = self._faults
        for direction in self._directions:
            faults = directed(faults, direction, self._simulation.faults)
        return faults

    def direct(self, direction: Direction) -> None:
        """Do this to a fault from the first scrape at or after its time."""
        self._directions.append(direction)

    @property
    def running(self) -> Mapping[str, str]:
        """The version of each instance, those that are about to be replaced already with the new one."""
        planned = {name: version for _, name, version in self._planned}
        return {name: planned.get(name, process.version) for name, process in self._running.items()}

    def _step(self, time: int) -> None:
        for direction in [one for one in self._directions if self._deployed + one.at * 1000 <= time]:
            self._faults = directed(self._faults, direction, self._simulation.faults)
            self._directions.remove(direction)
        share = (1 + self._traffic) / len(self._running)
        behaving = {name: self._behaviour(process, time) for name, process in self._running.items()}
        if self._simulation.worker:
            behaving = self._queued(behaving)
        for name, process in self._running.items():
            if name not in self._fresh:
                process.serve(behaving[name], INTERVAL, share)
        self._fresh.clear()
        queue = self._queue(behaving.values())
        for name in self._replace(time, behaving):
            behaving[name] = self._behaviour(self._running[name], time)
        for name, process in self._running.items():
            process.scrape(behaving[name], time, share, queue)
        self._traffic = wander(self._rng, self._traffic, 0.03, 0.006)

    def _behaviour(self, process: Process, time: int) -> Behaviour:
        """How a process behaves now, as if the whole service did."""
        simulation, age = self._simulation, (time - self._deployed) / 1000
        faults = [fault for fault in self._faults if self._concerns(fault, process)]
        started = (process.started - self._deployed) / 1000
        normal = simulation.normal
        swing = 1 + simulation.daily * math.cos(2 * math.pi * (time / 1000 - BUSIEST) / DAY)
        if swing != 1:
            normal = replace(
                normal,
                requests=normal.requests * swing,
                cpu=normal.cpu * swing,
                db_connections=normal.db_connections * swing,
                registrations=normal.registrations * swing,
            )
        if not faults:
            return normal
        return under_load(changed(normal, faults, age, started), normal)

    def _concerns(self, fault: Fault, process: Process) -> bool:
        if not math.isfinite(fault.at):
            return False
        if fault.on is On.SERVICE:
            return True
        if fault.on is On.INSTANCE and process.instance != self._simulation.names[0]:
            return False
        return process.version == RELEASED

    def _queued(self, behaving: Mapping[str, Behaviour]) -> dict[str, Behaviour]:
        """The behaviours with the jobs that are done instead of those that come; the rest waits."""
        coming = sum(one.requests for one in behaving.values()) / len(behaving) * INTERVAL
        able = sum(self._simulation.at_once / one.latency for one in behaving.values()) / len(behaving)
        done = min(self._waiting + coming, able * INTERVAL)
        self._waiting += coming - done
        return {name: replace(one, requests=done / INTERVAL) for name, one in behaving.items()}

    def _queue(self, behaving: Iterable[Behaviour]) -> Queue:
        rate = sum(one.requests for one in behaving) / len(self._running)
        return Queue(self._waiting, self._waiting / rate if rate else 0.0)

    def _replace(self, time: int, behaving: Mapping[str, Behaviour]) -> list[str]:
        """Start the processes that are due, or have used up their memory; which instances have a new one."""
        # The last plan for an instance counts; a process that would live between two scrapes is never seen.
        due = {name: version for at, name, version in self._planned if at <= time}
        self._planned = [plan for plan in self._planned if plan[0] > time]
        replaced = []
        for name, process in self._running.items():
            version = due.get(name, process.version)
            if version != process.version:
                process.end(time)
            elif behaving[name].memory < behaving[name].memory_limit:
                continue
            self._running[name] = self._process(name, version, time)
            replaced.append(name)
        return replaced

    def _process(self, instance: str, version: str, started: int) -> Process:
        simulation = self._simulation
        return Process(
            self.store,
            instance,
            version,
            started,
            self._rng,
            dependencies=tuple(one.name for one in simulation.normal.dependencies),
            names=JOBS if simulation.worker else REQUESTS,
            renamed=simulation.renamed if version == RELEASED else {},
        )


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
