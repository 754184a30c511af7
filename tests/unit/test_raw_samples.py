"""A scrape that is read four times is one scrape: what rules, courses and baselines make of raw samples."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import pytest

from aftergreen.model import (
    BaselinePlan,
    BaselineSource,
    Instant,
    Kind,
    Plan,
    Reading,
    Rule,
    Signal,
    SignalKey,
    Timing,
)
from aftergreen.verdict.baseline import summarise
from aftergreen.verdict.begin import begin
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.ranges import baseline_instants
from aftergreen.verdict.samples import distinct, spacing
from aftergreen.verdict.state import EventKind, Phase, ReleaseState, RuleState, Setup
from tests.scenario import (
    DEPLOYED_AT,
    GOOD,
    Scenario,
    above,
    above_baseline,
    climbing,
    keyed,
    only,
    plan,
    silent,
    what_is_missing,
    with_rule,
)

POOL = "saturation/db connections"
LATENCY = "latency/average"


@dataclass(frozen=True)
class Scraped:
    """A series with samples at these times, read as a backend reads it."""

    samples: tuple[tuple[float, float], ...]
    every: float

    def reading(self, at: float) -> Reading:
        place = bisect_right(self.samples, (at, math.inf))
        if not place:
            return Reading.unknown(Kind.NO_SERIES)
        taken, value = self.samples[place - 1]
        if at - taken > 2.1 * self.every:
            return replace(Reading.unknown(Kind.STALE), newest=taken)
        return replace(Reading.of(value), newest=taken)


def scraped(
    value: Callable[[float], float],
    every: float = 60.0,
    *,
    phase: float = 0.0,
    late: dict[int, float] | None = None,
    missing: Iterable[int] = (),
) -> Scraped:
    """Samples from an hour before the deployment to an hour after it: ``value`` is a function of the age.

    ``late`` and ``missing`` say what became of the k-th scrape since the deployment.
    """
    times = {
        k: k * every + phase + (late or {}).get(k, 0.0) for k in range(-int(3600 / every), int(3600 / every))
    }
    gone = set(missing)
    return Scraped(tuple((DEPLOYED_AT + age, value(age)) for k, age in times.items() if k not in gone), every)


def watched(release: Scenario, key: str, series: Scraped, seconds: float = 900.0) -> Scenario:
    """The release after so many seconds, in which one signal is that series."""
    until = release.state.at + seconds
    while release.state.at < until - 1e-6 and not release.state.state.ended:
        at = round(release.state.at + release.plan.timing.interval, 3)
        release.instant({key: series.reading(at)})
    return release


def bad_at(*scrapes: int, value: float = 90.0) -> Callable[[float], float]:
    """41 connections, and 90 in these scrapes, one a minute, counted from the deployment."""
    return lambda age: value if round(age / 60) in scrapes else 41.0


def rule_of(release: Scenario, key: str = POOL) -> RuleState:
    return release.state.signals[SignalKey(key)].rules[0]


ONE_MINUTE = with_rule(POOL, above(80.0, lasting=60.0))


@pytest.mark.parametrize("phase", [0.0, 1.0, 7.5, 14.0])
@pytest.mark.parametrize(
    "how",
    [
        {},
        # The cases one-scrape-fires and late-scrape-fires.
        {"missing": [6]},
        {"late": {6: 1.0}},
        {"late": {6: 44.0}},
        {"missing": [6], "late": {7: 5.0}},
    ],
)
def test_one_bad_scrape_is_a_near_miss_however_late_the_next_one_is(
    phase: float, how: dict[str, object]
) -> None:
    series = scraped(bad_at(5), phase=phase, **how)  # type: ignore[arg-type]  # keywords of a table
    release = watched(Scenario(ONE_MINUTE), POOL, series)
    # Nor is it more than chance before the fuse is up.
    assert not release.told(EventKind.BREACHED, EventKind.SURE)
    assert [near.rule.signal.key for near in release.state.near_misses] == [POOL]
    assert release.stands() is ReleaseState.FINISHED, what_is_missing(release.state)


@pytest.mark.parametrize(
    ("interval", "every", "bad", "fires"),
    [
        (15.0, 60.0, (5,), False),
        (15.0, 60.0, (5, 6), True),
        (5.0, 60.0, (5,), False),
        (5.0, 60.0, (5, 6), True),
        (60.0, 60.0, (5,), False),
        (60.0, 60.0, (5, 6), True),
        # A good one in between puts the fuse out.
        (15.0, 60.0, (5, 7), False),
    ],
)
def test_two_bad_scrapes_a_minute_apart_are_a_minute(
    interval: float, every: float, bad: tuple[int, ...], *, fires: bool
) -> None:
    given = replace(ONE_MINUTE, timing=Timing(interval=interval))
    release = watched(Scenario(given), POOL, scraped(bad_at(*bad), every))
    assert bool(release.told(EventKind.BREACHED)) is fires


@pytest.mark.parametrize("every", [5.0, 10.0, 15.0])
def test_scrapes_that_come_as_often_as_it_looks_burn_as_long_as_it_lasts(every: float) -> None:
    noise = random.Random(1)
    late = {k: noise.uniform(0.0, 0.04) for k in range(1000)}
    series = scraped(lambda age: 90.0 if age >= 300 else 41.0, every, late=late)
    release = watched(Scenario(ONE_MINUTE), POOL, series)
    (breached,) = release.told(EventKind.BREACHED)
    assert 360.0 <= breached.at - DEPLOYED_AT <= 375.0


def test_one_good_scrape_clears_nothing_that_takes_a_minute() -> None:
    release = watched(Scenario(ONE_MINUTE), POOL, scraped(bad_at(5, 6), missing=[8]), seconds=480.0)
    assert rule_of(release).phase is Phase.CLEARING
    watched(release, POOL, scraped(bad_at(5, 6), missing=[8]), seconds=75.0)
    assert rule_of(release).phase is Phase.OK


def test_a_probe_is_a_new_sample_each_time() -> None:
    release = Scenario(ONE_MINUTE).feed(120).feed(75, {POOL: Reading.of(90.0)})
    assert rule_of(release).breached


# Courses


def climbed(series: Scraped, rule: Rule, seconds: float = 900.0) -> bool:
    # Only the series is watched: whatever else is good would be walked along with it sixty times.
    release = Scenario(only(with_rule(POOL, rule), lambda signal: signal.key == POOL))
    return bool(watched(release, POOL, series, seconds).told(EventKind.BREACHED))


def test_noise_that_is_read_four_times_does_not_climb() -> None:
    """The case noise-climb; 60 watches here, none may."""
    chance = random.Random(16)
    flagged = 0
    for _ in range(60):
        series = scraped(lambda _age: 41.0 + chance.gauss(0.0, 3.0), phase=chance.uniform(0.0, 60.0))
        flagged += climbed(series, climbing(300.0))
    assert flagged == 0


@pytest.mark.parametrize("every", [15.0, 30.0, 60.0])
def test_a_leak_climbs_at_any_pace_of_scrapes(every: float) -> None:
    assert climbed(scraped(lambda age: 41.0 + age / 10, every), climbing(300.0))


def test_a_course_is_told_from_eight_samples_however_far_apart_they_are() -> None:
    release = Scenario(with_rule(POOL, climbing(300.0)))
    watched(release, POOL, scraped(lambda age: 41.0 + age / 10), seconds=900.0)
    (first, *_) = release.told(EventKind.BREACHED)
    # Eight minutes of samples once rules judge, after the first minute.
    assert 480.0 <= first.at - DEPLOYED_AT <= 600.0


def test_a_climb_of_a_thousandth_is_no_climb_unless_somebody_asks_for_it() -> None:
    """The case small-climb: CPU rises by 0.1 % of itself in five minutes."""
    usual = replace(climbing(300.0), by_share=0.05)

    def growing(pace: float) -> Scraped:
        return scraped(lambda age: 40.0 * (1 + pace * age / 300), 15.0)

    slowly, fast = growing(0.001), growing(0.08)
    assert not climbed(slowly, usual)
    assert climbed(fast, usual)
    assert climbed(slowly, climbing(300.0, floor=0.01))


# Baselines


def summary(given: Plan, series: Scraped) -> tuple[int, str]:
    """How many raw samples the baseline of the plan's only signal rests on, and why it is not fit."""
    (signal,) = given.signals
    history = [Instant(at, {signal.key: series.reading(at)}) for at in baseline_instants(given, DEPLOYED_AT)]
    found = summarise(given, DEPLOYED_AT, history)[signal.key]
    return found.distinct, found.unfit


def alone(key: str, *rules: Rule, window: float, interval: float = 15.0) -> Plan:
    kept = only(
        plan(baseline=BaselinePlan(window=window, gap=60.0), timing=Timing(interval=interval)),
        lambda s: s.key == key,
    )
    return replace(kept, signals=tuple(replace(s, rules=rules) for s in kept.signals))


@pytest.mark.parametrize(
    ("every", "interval", "window", "expected"),
    [
        # The case minute-samples: sixteen of them, a minute apart, cover the time.
        (60.0, 60.0, 900.0, (16, "")),
        (60.0, 15.0, 900.0, (16, "")),
        # Six scrapes that are read four times each are six.
        (60.0, 15.0, 285.0, (6, "6 samples are too few to compare with, it takes 12")),
        (15.0, 15.0, 285.0, (20, "")),
        (10.0, 15.0, 285.0, (20, "")),
    ],
)
def test_a_baseline_counts_scrapes_and_covers_time(
    every: float, interval: float, window: float, expected: tuple[int, str]
) -> None:
    given = alone(POOL, above_baseline(0.5), window=window, interval=interval)
    assert summary(given, scraped(lambda _: 41.0, every)) == expected


def test_a_hole_in_the_scrapes_is_a_hole_in_the_time() -> None:
    given = alone(POOL, above_baseline(0.5), window=900.0)
    missing = range(-12, -6)
    found, unfit = summary(given, scraped(lambda _: 41.0, missing=missing))
    assert found == 10
    assert unfit.startswith("only ")


def test_a_signal_was_broken_before_when_three_scrapes_say_so() -> None:
    given = alone(POOL, above(80.0), window=900.0)

    def broken(*bad: int) -> bool:
        series = scraped(bad_at(*bad))
        (signal,) = given.signals
        times = [DEPLOYED_AT - 15.0 * k for k in range(80, -1, -1)]
        history = [Instant(at, {signal.key: series.reading(at)}) for at in times]
        return summarise(given, DEPLOYED_AT, history)[signal.key].broken

    assert not broken(0)
    assert not broken(0, -1)
    assert broken(0, -1, -2)


def begun(given: Plan, key: str, series: Scraped) -> Scenario:
    """A release whose baseline is that of the series."""
    release = Scenario(given)
    times = [DEPLOYED_AT - 15.0 * k for k in range(140, -1, -1)]
    history = [Instant(at, keyed(GOOD | {key: series.reading(at)}, given)) for at in times]
    baselines = summarise(given, DEPLOYED_AT, history)
    release.setup = Setup(given, release.setup.release, "7f3a9c21", baselines, reach=release.setup.reach)
    release.state, _ = begin(release.setup, history)
    return release


def test_one_scrape_before_the_deployment_withholds_nothing_and_what_was_breached_is_not_green() -> None:
    """The case withheld-green."""
    latency = above(0.0625)
    given = with_rule(LATENCY, latency)

    def seconds(age: float) -> float:
        if -30 <= age <= 0:
            return 0.07
        return 0.893 if 90 < age < 450 else 0.04

    series = scraped(seconds)
    release = watched(begun(given, LATENCY, series), LATENCY, series, 400.0)
    assert release.stands() is ReleaseState.PROPOSED
    assert exit_code(release.state) == 23
    watched(release, LATENCY, series, 1500.0)
    assert release.stands() is ReleaseState.UNPROVEN
    assert exit_code(release.state) == 10
    (missing, *_) = what_is_missing(release.state)
    assert missing.startswith("average was breached from ")
    assert missing.endswith(", and nobody rolled back or accepted it")


# Silence


@pytest.mark.parametrize("unit", ["", "s"])
def test_silence_of_a_plain_query_is_found_with_a_control(unit: str) -> None:
    """The case control-plain-silence: the new version serves nothing."""
    given = with_rule(POOL, silent(120.0))
    given = replace(given, signals=tuple(_controlled(s, unit) if s.key == POOL else s for s in given.signals))
    release = Scenario(given)
    release.control = {POOL: Reading.of(41.0)}
    release.feed(60).feed(300, {POOL: Reading.unknown(Kind.NO_SERIES)}, fresh=True)
    (breached,) = release.told(EventKind.BREACHED)
    assert breached.rule is not None
    assert breached.rule.sure


def _controlled(signal: Signal, unit: str) -> Signal:
    return replace(signal, baseline=BaselineSource.CONTROL, query='sum(pool{version="$version"})', unit=unit)


@pytest.mark.parametrize(("every", "found"), [(15.0, True), (60.0, False)])
def test_a_silence_expects_as_many_samples_as_there_are_scrapes(every: float, *, found: bool) -> None:
    given = with_rule(POOL, silent(120.0))
    series = scraped(lambda _: 41.0, every)
    release = (
        begun(given, POOL, series).feed(60).feed(300, {POOL: Reading.unknown(Kind.NO_SERIES)}, fresh=True)
    )
    assert bool(release.told(EventKind.BREACHED)) is found
    if not found:
        unknown = rule_of(release).unknown
        assert unknown is not None
        assert unknown.why == "2.0 events are expected in 2m, too few to miss"


# The samples themselves


def test_samples_are_told_apart_by_when_they_were_taken() -> None:
    series = scraped(lambda age: age, 60.0)
    readings = [(DEPLOYED_AT + at, series.reading(DEPLOYED_AT + at)) for at in range(0, 300, 15)]
    readings.insert(4, (DEPLOYED_AT + 59, Reading.unknown(Kind.BLIND)))
    assert distinct(readings) == tuple((DEPLOYED_AT + 60 * k, 60.0 * k) for k in range(5))
    assert spacing(distinct(readings), 15.0) == 60.0
    assert spacing((), 15.0) == 15.0
    assert spacing(((0.0, 1.0), (5.0, 1.0)), 15.0) == 15.0
