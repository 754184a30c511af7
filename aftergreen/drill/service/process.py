"""One running instance of the simulated service, with the metrics that it exposes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from aftergreen.drill.promql.store import NAME, Series, Store
from aftergreen.drill.service.behaviour import Behaviour, Dependency
from aftergreen.drill.service.chance import BUCKETS, clustered, latency_buckets, poisson, wander

JOB = "checkout"

_CALL_SPREAD = 0.6
"""Standard deviation of one dependency call's latency, relative to its mean."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the work of a service is called in its metrics."""

    done: str
    duration: str
    ok: str
    failed: str


REQUESTS = Names("http_requests_total", "http_request_duration_seconds", "200", "500")
JOBS = Names("jobs_total", "job_duration_seconds", "done", "failed")


@dataclass(frozen=True, slots=True)
class Queue:
    """The work that waits for a worker: how much, and for how many seconds the oldest of it."""

    waiting: float
    oldest: float


class _Metric:
    """A counter or gauge as the process holds it, and the series that its scrapes append to."""

    __slots__ = ("series", "value")

    def __init__(self, series: Series) -> None:
        self.series = series
        self.value = 0.0


class Process:
    """An instance that runs one version from ``started`` (milliseconds) on; its counters begin at zero.

    ``renamed`` are labels that this version writes by another name.
    """

    def __init__(
        self,
        store: Store,
        instance: str,
        version: str,
        started: int,
        rng: Random,
        *,
        dependencies: tuple[str, ...],
        names: Names = REQUESTS,
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        self.instance = instance
        self.version = version
        self.started = started
        self._rng = rng
        self._metrics: list[_Metric] = []
        self._store = store
        self._renamed = renamed or {}
        self._identity = {"job": JOB, "instance": instance, "version": version}
        self._info = self._metric("app_info")
        self._info.value = 1.0
        self._ok = self._metric(names.done, status=names.ok)
        self._failed = self._metric(names.done, status=names.failed)
        self._duration = self._metric(f"{names.duration}_sum")
        self._answered = self._metric(f"{names.duration}_count")
        self._buckets = [self._metric(f"{names.duration}_bucket", le=_le(bound)) for bound in BUCKETS]
        self._registrations = self._metric("registrations_total")
        self._gauges = [
            self._metric("process_cpu_ratio"),
            self._metric("process_resident_memory_bytes"),
            self._metric("db_pool_connections_in_use"),
        ]
        self._wandering = [0.0 for _ in self._gauges]
        self._queue = (
            [self._metric("jobs_waiting"), self._metric("jobs_oldest_seconds")] if names is JOBS else []
        )
        self._dependencies = {name: self._dependency_metrics(name) for name in dependencies}

    def serve(self, behaviour: Behaviour, seconds: float, share: float) -> None:
        """Carry ``share`` of the service's load for so many seconds."""
        taken = share * behaviour.serves
        self._answer(behaviour, behaviour.requests * seconds * taken)
        self._registrations.value += poisson(self._rng, behaviour.registrations / 60 * seconds * taken)
        for dependency in behaviour.dependencies:
            self._call(dependency, behaviour.requests * seconds * taken * dependency.calls)
        self._wandering = [wander(self._rng, value, 0.08, 0.012) for value in self._wandering]

    def scrape(self, behaviour: Behaviour, time: int, share: float, queue: Queue) -> None:
        """Append the value of every metric to its series."""
        self._measure(behaviour, share)
        for metric, value in zip(self._queue, (queue.waiting, queue.oldest), strict=False):
            metric.value = float(round(value))
        for metric in self._metrics:
            metric.series.append(time, metric.value)

    def end(self, time: int) -> None:
        """Mark all its series as gone."""
        for metric in self._metrics:
            metric.series.end(time)

    def _answer(self, behaviour: Behaviour, expected: float) -> None:
        # Poisson events split at random are independent Poisson counts: every bucket is drawn for itself.
        requests = 0
        for bucket, (portion, mean) in zip(
            self._buckets, latency_buckets(behaviour.latency, behaviour.latency_tail), strict=True
        ):
            count = poisson(self._rng, expected * portion) if portion else 0
            requests += count
            self._duration.value += count * mean
            bucket.value += requests  # buckets are cumulative
        failed = min(requests, clustered(self._rng, requests * behaviour.error_rate, behaviour.cluster))
        self._answered.value += requests
        self._failed.value += failed
        self._ok.value += requests - failed

    def _call(self, dependency: Dependency, expected: float) -> None:
        calls, failed, duration, answered = self._dependencies[dependency.name]
        count = poisson(self._rng, expected)
        if not count:
            return
        spread = self._rng.gauss(0.0, _CALL_SPREAD / math.sqrt(count))
        calls.value += count
        failed.value += min(count, poisson(self._rng, count * dependency.error_rate))
        duration.value += count * dependency.latency * max(0.1, 1 + spread)
        answered.value += count

    def _measure(self, behaviour: Behaviour, share: float) -> None:
        cpu, memory, connections = self._gauges
        noise = self._wandering
        cpu.value = min(1.0, max(0.0, behaviour.cpu * (1 + 2 * noise[0])))
        memory.value = float(round(behaviour.memory * (1 + noise[1] / 2)))
        connections.value = float(max(0, round(behaviour.db_connections * share * (1 + 2 * noise[2]))))

    def _dependency_metrics(self, name: str) -> tuple[_Metric, _Metric, _Metric, _Metric]:
        return (
            self._metric("dependency_requests_total", dependency=name),
            self._metric("dependency_errors_total", dependency=name),
            self._metric("dependency_request_duration_seconds_sum", dependency=name),
            self._metric("dependency_request_duration_seconds_count", dependency=name),
        )

    def _metric(self, name: str, **labels: str) -> _Metric:
        written = {self._renamed.get(label, label): value for label, value in labels.items()}
        metric = _Metric(self._store.series({NAME: name, **self._identity, **written}))
        self._metrics.append(metric)
        return metric


def _le(bound: float) -> str:
    return "+Inf" if math.isinf(bound) else f"{bound:g}"
