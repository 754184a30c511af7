"""The simulated service: instances that serve Poisson traffic and are scraped at a steady interval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random

from aftergreen.drill.promql.store import Store
from aftergreen.drill.service.behaviour import Version
from aftergreen.drill.service.chance import wander
from aftergreen.drill.service.process import Process

INTERVAL = 2.0
"""Seconds between two scrapes."""

INSTANCES = tuple(f"checkout-api-{number}" for number in range(1, 5))


class UnknownDeployment(LookupError):
    """A version or an instance that the service does not have; the text names those it has."""


class SimulatedService:
    """A service whose time moves only when told to. The same seed and times give the same samples.

    Like a real one it is replaced instance by instance: a new process is scraped once at zero before it
    takes traffic, and the series of the process it replaces end at that scrape.
    """

    def __init__(self, seed: int, start: float, versions: Iterable[Version]) -> None:
        """Begin at ``start`` (seconds since the epoch, the first scrape) with the first of the versions."""
        self.store = Store()
        self._versions = {version.name: version for version in versions}
        self._rng = Random(seed)  # noqa: S311  # a simulation, nothing secret
        self._next = round(start * 1000)
        self._traffic = 0.0
        first = next(iter(self._versions.values()))
        self._running = {name: self._process(name, first) for name in INSTANCES}
        self._fresh = set(INSTANCES)
        self._planned: list[tuple[int, str, Version]] = []

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
        if version not in self._versions:
            raise UnknownDeployment(
                f"the simulated service has no version {version}, only {_list(self._versions)}"
            )
        if instance is not None and instance not in self._running:
            raise UnknownDeployment(
                f"the simulated service has no instance {instance}, only {_list(INSTANCES)}"
            )
        chosen = INSTANCES if instance is None else (instance,)
        self._planned += [(round(at * 1000), name, self._versions[version]) for name in chosen]
        self._planned.sort(key=lambda plan: plan[0])

    @property
    def running(self) -> Mapping[str, str]:
        """The version of each instance, those that are about to be replaced already with the new one."""
        planned = {name: version.name for _, name, version in self._planned}
        return {name: planned.get(name, process.version.name) for name, process in self._running.items()}

    def _step(self, time: int) -> None:
        share = (1 + self._traffic) / len(INSTANCES)
        for name, process in self._running.items():
            if name not in self._fresh:
                process.serve(time, INTERVAL, share)
        self._fresh.clear()
        self._replace(time)
        for process in self._running.values():
            process.scrape(time, share)
        self._traffic = wander(self._rng, self._traffic, 0.03, 0.006)

    def _replace(self, time: int) -> None:
        # The last plan for an instance counts; a process that would live between two scrapes is never seen.
        due = {name: version for at, name, version in self._planned if at <= time}
        self._planned = [plan for plan in self._planned if plan[0] > time]
        for name, version in due.items():
            if self._running[name].version is not version:
                self._running[name].end(time)
                self._running[name] = self._process(name, version, time)

    def _process(self, instance: str, version: Version, started: int | None = None) -> Process:
        return Process(self.store, instance, version, self._next if started is None else started, self._rng)


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
