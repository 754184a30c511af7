"""Healthy releases over a past that a real Prometheus holds: how many are flagged, how many stay unproven.

    python -m tests.benchmarks.faultfree [--watches N] [--all]

Every service is busy as services are: its level drifts and is noisy, its caches are cold after the
deployment, one call in a thousand fails. It is scraped every 15 s or every 60 s, one scrape in fifty comes
late or not at all, and it is judged every 15 s or every 60 s by the rules of its tier alone. Nothing is wrong
with any of them.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

from aftergreen import config, words
from aftergreen.clock import SystemClock
from aftergreen.sources.prometheus import PrometheusSource
from aftergreen.verdict.proposals import acts_on
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import ReleaseState
from aftergreen.watch.late import judged_late
from aftergreen.watch.wanted import Report, Wanted
from tests.benchmarks.shop import about
from tests.e2e.past import write
from tests.e2e.servers import Prometheus

PACES = ((15.0, 15.0), (60.0, 15.0), (60.0, 60.0), (15.0, 60.0))
"""Seconds between scrapes, and between looks at them."""

TIERS = ("critical", "standard", "background")
REQUESTS = (10.0, 40.0, 150.0)
"""Requests a second."""

BEFORE, WATCHED, LONGEST = 2700.0, 900.0, 1800.0
"""Seconds that are written before the deployment, of the watch, and of a watch that is extended."""

FAILING = 0.001
LATENCY = 0.08
COLD, COLD_FOR = 0.5, 20.0
"""How much slower the first request of a version is, and the seconds in which that falls to a third."""

CORES = 0.004
"""Seconds of a core that a request takes."""

BOUNDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, math.inf)
LAST = 'duration_seconds_bucket{le="+Inf"}'
BUCKETS = (*(f'duration_seconds_bucket{{le="{bound:g}"}}' for bound in BOUNDS[:-1]), LAST)
WIDTH = 0.5
"""Deviation of the logarithm of a duration."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service, who scrapes it, and who judges it how often."""

    name: str
    every: float
    interval: float
    tier: str
    requests: float

    @property
    def window(self) -> str:
        """What its counters are counted over: four scrapes, as `aftergreen check` advises."""
        return f"{4 * self.every:g}s"


_CONFIGURATION = """
[service]
name = "%(job)s"
tier = "%(tier)s"
[metrics]
url = "%(url)s"
[watch]
duration = "%(duration)gs"
interval = "%(interval)gs"
window = "%(window)s"
[rollback]
command = ["true"]
[[signals]]
indicator = "error-rate"
name = "failed"
numerator = 'sum(increase(requests_total{job="%(job)s",version="$version",status=~"5.."}[$window]))'
denominator = 'sum(increase(requests_total{job="%(job)s",version="$version"}[$window]))'
unit = "%%"
[[signals]]
indicator = "latency"
name = "average"
numerator = 'sum(increase(duration_seconds_sum{job="%(job)s",version="$version"}[$window]))'
denominator = 'sum(increase(duration_seconds_count{job="%(job)s",version="$version"}[$window]))'
unit = "s"
[[signals]]
indicator = "latency"
name = "p95"
query = '''histogram_quantile(0.95, sum by (le) (
  rate(duration_seconds_bucket{job="%(job)s",version="$version"}[$window])))'''
count = 'sum(increase(duration_seconds_count{job="%(job)s",version="$version"}[$window]))'
unit = "s"
[[signals]]
indicator = "saturation"
name = "cpu"
query = 'sum(rate(cpu_seconds_total{job="%(job)s",version="$version"}[$window]))'
unit = "cores"
[[signals]]
indicator = "saturation"
name = "memory"
query = 'sum(resident_memory_bytes{job="%(job)s",version="$version"})'
unit = "bytes"
[[signals]]
indicator = "saturation"
name = "pool"
query = 'max(pool_in_use_ratio{job="%(job)s",version="$version"})'
unit = "%%"
[[signals]]
indicator = "dependency"
dependency = "db"
name = "failed"
numerator = 'sum(increase(calls_total{job="%(job)s",version="$version",result="error"}[$window]))'
denominator = 'sum(increase(calls_total{job="%(job)s",version="$version"}[$window]))'
events = true
unit = "%%"
[[signals]]
indicator = "dependency"
dependency = "db"
name = "average"
numerator = 'sum(increase(call_seconds_sum{job="%(job)s",version="$version"}[$window]))'
denominator = 'sum(increase(call_seconds_count{job="%(job)s",version="$version"}[$window]))'
unit = "s"
[[signals]]
indicator = "business"
name = "orders"
query = 'sum(increase(orders_total{job="%(job)s",version="$version"}[$window])) / ($window_seconds / 60)'
unit = "/min"
"""

COUNTERS = (
    'requests_total{status="200"}',
    'requests_total{status="500"}',
    "duration_seconds_sum",
    "duration_seconds_count",
    *BUCKETS,
    "cpu_seconds_total",
    'calls_total{result="ok"}',
    'calls_total{result="error"}',
    "call_seconds_sum",
    "call_seconds_count",
    "orders_total",
)


def services(watches: int, drawn: random.Random) -> list[Service]:
    """So many services, at every pace and of every tier in turn."""
    return [
        Service(
            f"service-{number}",
            *PACES[number % len(PACES)],
            TIERS[number // len(PACES) % len(TIERS)],
            drawn.choice(REQUESTS),
        )
        for number in range(watches)
    ]


def scrapes(every: float, drawn: random.Random) -> Iterator[float]:
    """Seconds since the deployment at which a service is scraped: one in fifty comes late or not at all."""
    phase = drawn.uniform(0.0, every)
    for number in range(math.floor((BEFORE + LONGEST) / every)):
        at = -BEFORE + phase + number * every
        if drawn.random() >= 1 / 50:
            yield at
        elif drawn.random() < 1 / 2:
            yield at + drawn.uniform(0.1, 0.5) * every


class _Busy:
    """How busy a service is: the hour of the day, a slow drift of its own, and noise."""

    def __init__(self, drawn: random.Random) -> None:
        self._drawn = drawn
        self._begun = drawn.uniform(0.0, 2 * math.pi)
        self._drift = 0.0

    def level(self, age: float, seconds: float) -> float:
        """The usual load is 1, at the busiest hour half as much again, at night half of it."""
        self._drift = self._drift * math.exp(-seconds / 300) + self._drawn.gauss(
            0, 0.01 * math.sqrt(seconds / 15)
        )
        day = 0.5 * math.sin(2 * math.pi * age / 86400 + self._begun)
        return max(0.3, 1.0 + day + self._drift + self._drawn.gauss(0.0, 0.03))


def lines(service: Service, deployed_at: float, drawn: random.Random) -> Iterator[tuple[str, str]]:
    """Metric and line of OpenMetrics of every sample, oldest first."""
    busy, memory, version, last = _Busy(drawn), 400e6, "v1", -BEFORE
    counted = dict.fromkeys(COUNTERS, 0.0)
    for age in scrapes(service.every, drawn):
        if last < 0 <= age:
            # A new process: what happened before belongs to the old one.
            version, last, counted = "v2", 0.0, dict.fromkeys(COUNTERS, 0.0)
        seconds = age - last
        level = busy.level(age, seconds)
        since = age if version == "v2" else math.inf
        for name, count in _counted(service, level, seconds, since, drawn).items():
            counted[name] += count
        memory *= math.exp(drawn.gauss(2e-5 * seconds / 15, 0.002))
        gauges = {"resident_memory_bytes": memory, "pool_in_use_ratio": min(1.0, 0.35 * level)}
        place = f'job="{service.name}",version="{version}"'
        for name, value in (counted | gauges).items():
            metric, _, more = name.partition("{")
            labels = f"{place},{more}" if more else f"{place}}}"
            yield metric, f"{metric}{{{labels} {value!r} {deployed_at + age:.3f}"
        last = age


def _counted(
    service: Service, level: float, seconds: float, since: float, drawn: random.Random
) -> dict[str, float]:
    """What every counter counts in so many seconds; ``since`` is the age of the process at their end."""
    slower = 1.0 + COLD * math.exp(-max(0.0, since - seconds) / COLD_FOR)
    mean = LATENCY * slower * (0.9 + 0.1 * level) * drawn.gauss(1.0, 0.02)
    buckets = _in_buckets(service.requests * level * seconds, mean, drawn)
    requests = buckets[LAST]
    failed = min(requests, about(requests * FAILING, drawn))
    calls = about(2 * requests, drawn)
    calls_failed = min(calls, about(calls * FAILING / 2, drawn))
    counts = {
        'requests_total{status="200"}': requests - failed,
        'requests_total{status="500"}': failed,
        "duration_seconds_sum": requests * mean,
        "duration_seconds_count": requests,
        "cpu_seconds_total": (CORES * requests + 0.02 * seconds) * drawn.gauss(1.0, 0.05),
        'calls_total{result="ok"}': calls - calls_failed,
        'calls_total{result="error"}': calls_failed,
        "call_seconds_sum": calls * 0.2 * mean * drawn.gauss(1.0, 0.03),
        "call_seconds_count": calls,
        "orders_total": about(0.2 * requests, drawn),
    }
    return counts | buckets


def _in_buckets(requests: float, mean: float, drawn: random.Random) -> dict[str, float]:
    """Requests that took so long at most; durations are lognormal around their mean."""
    middle = math.log(mean) - WIDTH**2 / 2
    below = [0.5 * math.erfc((middle - math.log(bound)) / WIDTH / math.sqrt(2)) for bound in BOUNDS]
    each = (about(requests * (more - less), drawn) for less, more in pairwise([0.0, *below]))
    return dict(zip(BUCKETS, accumulate(each), strict=True))


def past(found: Sequence[Service], deployed_at: float, drawn: random.Random) -> Iterator[str]:
    """All samples of the services, metric by metric, as promtool reads them."""
    told: dict[str, list[str]] = {}
    for service in found:
        for metric, line in lines(service, deployed_at, drawn):
            told.setdefault(metric, []).append(line)
    for metric, theirs in told.items():
        # A family of its own each: of a histogram's parts promtool would ask an order.
        yield f"# TYPE {metric} unknown"
        yield from theirs
    yield "# EOF"


@dataclass(frozen=True, slots=True)
class Judged:
    """How a watch ended: ``flagged`` names the rule that asked for a rollback at any time in it."""

    service: Service
    state: ReleaseState
    flagged: str
    missing: tuple[str, ...]


def judge(url: str, service: Service, deployed_at: float) -> Judged:
    """Watch one service to its end, from what the server holds."""
    return asyncio.run(_judge(url, service, deployed_at))


async def _judge(url: str, service: Service, deployed_at: float) -> Judged:
    plan = config.loads(plan_text(service, url))
    flagged: list[str] = []

    def seen(snapshot: Snapshot) -> None:
        rule = acts_on(snapshot.state)
        if rule is not None:
            flagged.append(words.rule(rule))

    last = await judged_late(
        plan,
        Wanted("v2", "v1", lambda _now: deployed_at, "nobody"),
        source=PrometheusSource(plan.backend),
        clock=SystemClock(),
        report=Report(seen, lambda _findings: None, lambda _step: None),
    )
    missing = tuple(words.lacking(gap) for gap in last.state.missing)
    return Judged(service, last.release_state, next(iter(flagged), ""), missing)


def plan_text(service: Service, url: str) -> str:
    """The configuration of a service, without a rule of its own, for the server that holds its past."""
    return _CONFIGURATION % {
        "job": service.name,
        "tier": service.tier,
        "url": url,
        "duration": WATCHED,
        "interval": service.interval,
        "window": service.window,
    }


def run(watches: int, folder: Path, seed: int = 16) -> list[Judged]:
    """So many watches over a past that a server in ``folder`` holds."""
    drawn = random.Random(seed)  # a simulation
    found, deployed_at = services(watches, drawn), round(time.time()) - LONGEST - 60.0
    write(folder, past(found, deployed_at, drawn))
    with Prometheus(folder) as server, ProcessPoolExecutor(2) as pool:
        return list(pool.map(judge, [server.url] * watches, found, [deployed_at] * watches))


def main() -> None:
    """Print how the watches ended, pace by pace."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watches", type=int, default=200)
    parser.add_argument("--all", action="store_true", help="say what every watch lacked that did not finish")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcomes = run(wanted.watches, Path(folder))
    for every, interval in PACES:
        theirs = [o for o in outcomes if (o.service.every, o.service.interval) == (every, interval)]
        ends = Counter(outcome.state.value for outcome in theirs)
        flagged = sum(bool(outcome.flagged) for outcome in theirs)
        told = ", ".join(f"{count} {state}" for state, count in ends.items())
        print(f"scraped every {every:g} s, judged every {interval:g} s: {flagged} flagged, {told}")
    for outcome in outcomes if wanted.all else []:
        if outcome.flagged or outcome.missing:
            print("   ", outcome)


if __name__ == "__main__":
    main()
