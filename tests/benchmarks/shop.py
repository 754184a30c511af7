"""A small shop of services that call each other, one of which goes bad: who is blamed, and how soon.

    python -m tests.benchmarks.shop [--incidents N]

`edge` calls `front`, and `front` calls four others. In every incident one service is broken by its own
release, or two are; each of the others was released at the same moment and is harmless. All of them are
judged by the usual rules of the tier, from the metrics that such services have.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from statistics import median

from aftergreen import config
from aftergreen.model import Instant, Kind, Plan, Reading, Release, SignalKey
from aftergreen.promql import reaches
from aftergreen.verdict.baseline import summarise
from aftergreen.verdict.begin import begin
from aftergreen.verdict.proposals import acts_on
from aftergreen.verdict.ranges import before
from aftergreen.verdict.state import Setup
from aftergreen.verdict.step import step

DEPLOYED_AT = 1_700_000_000.0
CALLS: Mapping[str, Mapping[str, float]] = {
    "edge": {"front": 1.0},
    "front": {"stock": 1.0, "price": 2.0, "users": 0.5, "pay": 0.3},
    "stock": {},
    "price": {},
    "users": {},
    "pay": {},
}
"""Who calls whom, and how often for one request of its own."""

ORDER = ("edge", "front", "stock", "price", "users", "pay")
CALLEES_FIRST = tuple(reversed(ORDER))
LATENCY = {"edge": 0.01, "front": 0.03, "stock": 0.02, "price": 0.01, "users": 0.04, "pay": 0.12}
"""Seconds that a service takes by itself."""

WATCHED = 900.0
"""Seconds of a watch."""

CORES = 0.02
"""Seconds of a core that a request takes."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one service: ``cut`` is the share of its calls to others that never get through."""

    errors: float = 0.0
    seconds: float = 0.0
    cores: float = 1.0
    lost: float = 0.0
    delay: float = 0.0
    silent: float = 0.0


FAULTS: Mapping[str, Fault] = {
    "errors": Fault(errors=0.08),
    "few errors": Fault(errors=0.03),
    "many errors": Fault(errors=0.5),
    "slow": Fault(seconds=0.3),
    "a little slow": Fault(seconds=0.12),
    "slow and failing": Fault(seconds=0.4, errors=0.05),
    "twice the cores": Fault(cores=2.4),
    "busy": Fault(cores=3.0, seconds=0.15),
    "its network loses": Fault(lost=0.1, delay=0.05),
    "its network is slow": Fault(delay=0.25),
    "turns away": Fault(silent=0.7, errors=0.05),
}


@dataclass(frozen=True, slots=True)
class Incident:
    """A shop in which services are broken, each by its own fault, from so many seconds after the release."""

    faults: Mapping[str, Fault]
    since: float
    requests: float
    name: str


def incidents(count: int, drawn: random.Random) -> Iterator[Incident]:
    """Incidents of every shape in turn; in every fifth two services are broken at once."""
    names = list(FAULTS)
    for number in range(count):
        name = names[number % len(names)]
        # What fails on its way to others needs others.
        there = (
            ["front"] if "network" in name else ["front", "front", "stock", "price", "users", "pay", "edge"]
        )
        where = drawn.choice(there)
        faults = {where: FAULTS[name]}
        if number % 5 == 4:
            other = drawn.choice(
                [service for service in ("stock", "price", "users", "pay") if service != where]
            )
            faults[other] = FAULTS["errors"]
        yield Incident(faults, drawn.choice((0.0, 90.0, 240.0)), drawn.choice((10.0, 40.0, 150.0)), name)


@dataclass(slots=True)
class Counted:
    """Counters of one service, and of its calls to each other service."""

    requests: float = 0.0
    failed: float = 0.0
    seconds: float = 0.0
    cores: float = 0.0
    done: float = 0.0
    calls: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moment:
    """What one service does in a second, on the average."""

    rate: float
    errors: float
    seconds: float
    cores: float
    calls: Mapping[str, tuple[float, float, float]]


def moments(incident: Incident, age: float, level: float) -> dict[str, Moment]:
    """The shop at one age; ``level`` is how busy it is."""
    faults = incident.faults if age >= incident.since else {}
    rates = _rates(faults, incident.requests * level)
    found: dict[str, Moment] = {}
    for service in CALLEES_FIRST:
        fault, calls = faults.get(service, Fault()), {}
        fine, waits = 1.0 - 0.001, LATENCY[service] + fault.seconds
        for other, times in CALLS[service].items():
            theirs = found[other]
            reached = (1.0 - fault.lost) * (1.0 - faults.get(other, Fault()).silent)
            errors = 1.0 - (1.0 - theirs.errors) * reached
            seconds = theirs.seconds + fault.delay
            calls[other] = rates[service] * times, errors, seconds
            fine *= (1.0 - errors) ** times
            waits += times * seconds
        failing = 1.0 - fine * (1.0 - fault.errors)
        cores = CORES * fault.cores * rates[service] + 0.05
        found[service] = Moment(rates[service], failing, waits, cores, calls)
    return found


def _rates(faults: Mapping[str, Fault], requests: float) -> dict[str, float]:
    """Requests a second of each service: who turns its callers away calls nobody for them."""
    rates = dict.fromkeys(ORDER, 0.0)
    rates["edge"] = requests
    for service in ORDER:
        fault = faults.get(service, Fault())
        rates[service] *= 1.0 - fault.silent
        for other, times in CALLS[service].items():
            rates[other] += rates[service] * times * (1.0 - fault.errors)
    return rates


def history(incident: Incident, start: float, every: float, drawn: random.Random) -> list[dict[str, Counted]]:
    """Counters of all services at every scrape from ``start`` to the end, in seconds since the release."""
    counters = {service: Counted() for service in ORDER}
    told = []
    for number in range(round((WATCHED - start) / every) + 1):
        age = start + number * every
        level = (1.0 + 0.1 * math.sin(age / 900.0)) * drawn.gauss(1.0, 0.04)
        for service, moment in moments(incident, age, max(0.2, level)).items():
            _count(counters[service], moment, every, drawn)
        told.append(
            {s: replace(c, calls={o: list(v) for o, v in c.calls.items()}) for s, c in counters.items()}
        )
    return told


def _count(counted: Counted, moment: Moment, seconds: float, drawn: random.Random) -> None:
    requests = about(moment.rate * seconds, drawn)
    counted.requests += requests
    failed = min(requests, about(requests * moment.errors, drawn))
    counted.failed += failed
    counted.done += 0.2 * max(0.0, requests - failed)
    counted.seconds += requests * moment.seconds * drawn.gauss(1.0, 0.03)
    counted.cores = moment.cores * drawn.gauss(1.0, 0.06)
    for other, (rate, errors, waits) in moment.calls.items():
        calls = about(rate * seconds, drawn)
        known = counted.calls.setdefault(other, [0.0, 0.0, 0.0])
        known[0] += calls
        known[1] += min(calls, about(calls * errors, drawn))
        known[2] += calls * waits * drawn.gauss(1.0, 0.03)


def about(mean: float, drawn: random.Random) -> float:
    """A number of events: by Poisson, and by its normal approximation where they are many."""
    if mean > 50.0:  # where the two no longer differ
        return max(0.0, round(drawn.gauss(mean, math.sqrt(mean))))
    limit, number, product = math.exp(-mean), 0, drawn.random()
    while product > limit:
        number += 1
        product *= drawn.random()
    return float(number)


@lru_cache
def plan_of(service: str, every: float) -> Plan:
    """The configuration of a service, without a rule of its own."""
    window = "1m" if every < 60 else "2m"  # two scrapes at least
    text = f"""
    [service]
    name = "{service}"
    [metrics]
    url = "http://127.0.0.1:9090"
    [watch]
    duration = "15m"
    interval = "{every:g}s"
    window = "{window}"
    [rollback]
    command = ["undo"]
    [[signals]]
    indicator = "error-rate"
    name = "failed"
    numerator = 'sum(increase(failed[$window]))'
    denominator = 'sum(increase(requests[$window]))'
    [[signals]]
    indicator = "latency"
    name = "average"
    numerator = 'sum(increase(seconds_sum[$window]))'
    denominator = 'sum(increase(seconds_count[$window]))'
    unit = "s"
    [[signals]]
    indicator = "saturation"
    name = "cpu"
    query = 'sum(rate(cpu[$window]))'
    unit = "cores"
    [[signals]]
    indicator = "business"
    name = "done"
    query = 'sum(increase(done[$window])) / ($window_seconds / 60)'
    unit = "/min"
    """
    for other in CALLS[service]:
        text += f"""
    [[signals]]
    indicator = "dependency"
    dependency = "{other}"
    name = "failed"
    numerator = 'sum(increase(calls_failed[$window]))'
    denominator = 'sum(increase(calls[$window]))'
    events = true
    [[signals]]
    indicator = "dependency"
    dependency = "{other}"
    name = "average"
    numerator = 'sum(increase(calls_sum[$window]))'
    denominator = 'sum(increase(calls_count[$window]))'
    unit = "s"
    """
    if not CALLS[service]:
        text += '\n    [indicators]\n    dependency.waived = "it has none"\n'
    return config.loads(text)


@dataclass(frozen=True, slots=True)
class Seen:
    """The counters of a service now, a window ago, and at the deployment, after which they are counted."""

    now: Counted
    then: Counted
    since: Counted | None
    window: float

    def reading(self, key: SignalKey) -> Reading:
        """What a backend would say of one signal."""
        indicator, *names = key.split("/")
        if indicator == "dependency":
            return self._calls(*names)
        requests = self.now.requests - self.then.requests
        if indicator == "error-rate":
            return _events(requests, self.now.failed - self.then.failed, self._total())
        if indicator == "latency":
            seconds = self.now.seconds - self.then.seconds
            return Reading.of(seconds / requests) if requests else Reading.unknown(Kind.NO_TRAFFIC)
        if indicator == "saturation":
            return Reading.of(self.now.cores)
        return Reading.of((self.now.done - self.then.done) / (self.window / 60.0))

    def _total(self) -> tuple[float, float] | None:
        if self.since is None:
            return None
        return self.now.requests - self.since.requests, self.now.failed - self.since.failed

    def _calls(self, other: str, name: str) -> Reading:
        nothing = [0.0, 0.0, 0.0]
        new, old = self.now.calls.get(other, nothing), self.then.calls.get(other, nothing)
        calls, failed, waited = (a - b for a, b in zip(new, old, strict=True))
        if name == "average":
            return Reading.of(waited / calls) if calls else Reading.unknown(Kind.NO_TRAFFIC)
        if self.since is None:
            return _events(calls, failed, None)
        first = self.since.calls.get(other, nothing)
        return _events(calls, failed, (new[0] - first[0], new[1] - first[1]))


def _events(trials: float, failed: float, total: tuple[float, float] | None) -> Reading:
    if trials <= 0:
        return replace(Reading.unknown(Kind.NO_TRAFFIC), total=total)
    return Reading(Kind.VALUE if failed else Kind.ZERO, failed / trials, trials, failed, total)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a release was flagged, and how many seconds after its fault; ``bad`` if it had one."""

    incident: str
    service: str
    bad: bool
    after: float | None
    signal: str = ""


def judged(incident: Incident, every: float, drawn: random.Random) -> list[Outcome]:
    """Every service of the shop, watched for 15 minutes."""
    reach = -2100.0 - every
    counters = history(incident, reach, every, drawn)
    return [_watch(incident, service, counters, reach, every) for service in ORDER]


def _watch(
    incident: Incident, service: str, counters: list[dict[str, Counted]], reach: float, every: float
) -> Outcome:
    plan = plan_of(service, every)

    def instant(at: float, *, after: bool) -> Instant:
        age = at - DEPLOYED_AT
        place, first = round((age - reach) / every), round(-reach / every)
        readings = {}
        for signal in plan.signals:
            window = min(signal.window, age) if after else signal.window
            then = counters[max(0, place - max(1, round(window / every)))][service]
            seen = Seen(counters[place][service], then, counters[first][service] if after else None, window)
            readings[signal.key] = replace(seen.reading(signal.key), newest=at)
        return Instant(at, readings)

    release = Release(service, "prod", "v2", "v1", DEPLOYED_AT)
    asked = [at for at in before(plan, release).asked if at > DEPLOYED_AT + reach + 4 * every]
    past = [instant(at, after=False) for at in asked]
    baselines = summarise(plan, DEPLOYED_AT, past)
    state, _ = begin(Setup(plan, release, "", baselines, reach=reaches(plan.signals)), past)
    bad = service in incident.faults
    for number in range(1, round(WATCHED / every)):
        state, _ = step(state, instant(DEPLOYED_AT + number * every, after=True))
        rule = acts_on(state)
        if rule is not None:
            after = state.at - DEPLOYED_AT - incident.since
            return Outcome(incident.name, service, bad, after, rule.signal.label)
    return Outcome(incident.name, service, bad, None)


def run(count: int, every: float, seed: int = 16) -> list[Outcome]:
    """So many incidents at one pace of samples; the same for the same seed."""
    drawn = random.Random(f"{seed}/{every}")  # a simulation
    return [outcome for incident in incidents(count, drawn) for outcome in judged(incident, every, drawn)]


def summary(outcomes: list[Outcome]) -> tuple[float, float, float]:
    """The share of harmless releases flagged, of bad ones found, and the median seconds to find one."""
    harmless = [o for o in outcomes if not o.bad]
    bad = [o for o in outcomes if o.bad]
    found = [o.after for o in bad if o.after is not None]
    flagged = sum(o.after is not None for o in harmless)
    return flagged / len(harmless), len(found) / len(bad), median(found) if found else math.inf


def main() -> None:
    """Print how many were flagged and found at either pace."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--incidents", type=int, default=110)
    parser.add_argument("--all", action="store_true", help="name every release that was judged wrongly")
    wanted = parser.parse_args()
    with ProcessPoolExecutor(2) as pool:
        jobs = {every: pool.submit(run, wanted.incidents, every) for every in (15.0, 60.0)}
        for every, job in jobs.items():
            outcomes = job.result()
            flagged, found, after = summary(outcomes)
            told = f"{flagged:.1%} of harmless flagged, {found:.1%} of bad found, median {after:.0f} s"
            print(f"samples every {every:g} s: {told}")
            for outcome in outcomes if wanted.all else []:
                if (outcome.after is not None) != outcome.bad:
                    print("   ", outcome)


if __name__ == "__main__":
    main()
