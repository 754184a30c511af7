"""Baselines of every source from a real Prometheus that holds a fortnight, with its days and its week."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from aftergreen.model import (
    Backend,
    BaselinePlan,
    BaselineSource,
    Condition,
    Indicator,
    Plan,
    Release,
    Rule,
    Service,
    Signal,
    Then,
    Timing,
    View,
)
from aftergreen.preflight.capture import Past, capture, compared_with
from aftergreen.preflight.checks import preflight
from aftergreen.sources.prometheus import PrometheusSource
from aftergreen.verdict.ranges import NOTHING_KNOWN, Disturbance, Earlier
from tests.e2e.past import write
from tests.e2e.servers import Prometheus

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]

SCRAPE = 30.0
DAY = 86400.0
WINDOW = 120.0
HOLIDAY = 0.5
"""Since this morning there is half as much of everything."""

SLOW = 3.0
"""How much slower requests are where the past is made to be bad, in the same hour a week ago."""


def _rule(condition: Condition, limit: float) -> Rule:
    return Rule(condition, limit, 120.0, Then.ROLLBACK, clear_for=120.0)


LATENCY = Signal(
    Indicator.LATENCY,
    "average",
    "s",
    WINDOW,
    (_rule(Condition.ABOVE, 0.4),),
    numerator='sum(increase(duration_seconds_sum{version="$version"}[$window]))',
    denominator='sum(increase(requests_total{version="$version"}[$window]))',
)
BUSINESS = Signal(
    Indicator.BUSINESS,
    "registrations",
    "/min",
    WINDOW,
    (_rule(Condition.BELOW_BASELINE, 0.3),),
    query="sum(increase(registrations_total[$window])) / ($window_seconds / 60)",
)


@dataclass(frozen=True, slots=True)
class Fortnight:
    """The server, and the time up to which it holds data."""

    prometheus: Prometheus
    now: float

    @property
    def release(self) -> Release:
        return Release("shop", "prod", "v2", "v1", self.now)

    @property
    def plan(self) -> Plan:
        return Plan(
            service=Service("shop"),
            backend=Backend(self.prometheus.url),
            timing=Timing(interval=SCRAPE, window=WINDOW),
            baseline=BaselinePlan(),
            signals=(LATENCY, BUSINESS),
        )


def _per_minute(at: float, now: float) -> float:
    """Registrations: least in the early morning, less at weekends, half of it today."""
    day, week = math.sin(2 * math.pi * at / DAY), 0.6 if at // DAY % 7 in (2, 3) else 1.0
    return 300.0 * (1.0 + 0.4 * day) * week * (HOLIDAY if at > now - DAY / 4 else 1.0)


def _openmetrics(now: float) -> Iterator[str]:
    """A fortnight of counters."""
    steps = range(round(14 * DAY / SCRAPE), -1, -1)
    names = ("registrations", "requests", "duration_seconds_sum")
    total = dict.fromkeys(names, 0.0)
    lines: dict[str, list[str]] = {name: [] for name in names}
    for step in steps:
        at = now - step * SCRAPE
        registrations = _per_minute(at, now) * SCRAPE / 60
        slow = SLOW if 7 * DAY - 600 > now - at > 7 * DAY - 1200 else 1.0
        total["registrations"] += registrations
        total["requests"] += 10 * registrations
        total["duration_seconds_sum"] += 10 * registrations * 0.2 * slow
        for name in names:
            labels = "" if name == "registrations" else '{version="v1"}'
            suffix = "" if name == "duration_seconds_sum" else "_total"
            lines[name].append(f"{name}{suffix}{labels} {total[name]!r} {at:.3f}")
    for name in names:
        yield f"# TYPE {name} {'gauge' if name == 'duration_seconds_sum' else 'counter'}"
        yield from lines[name]
    yield "# EOF"


@pytest.fixture(scope="module")
def fortnight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fortnight]:
    folder = tmp_path_factory.mktemp("fortnight")
    # Noon of yesterday: no range reaches over midnight, where a weekend begins at once.
    now = time.time() // DAY * DAY - DAY / 2
    write(folder, _openmetrics(now))
    with Prometheus(folder, (), "--storage.tsdb.retention.time=60d") as prometheus:
        yield Fortnight(prometheus, now)


async def captured(fortnight: Fortnight, given: Plan, earlier: Earlier = NOTHING_KNOWN) -> Past:
    source = PrometheusSource(given.backend)
    try:
        await source.prepare(given.signals, fortnight.now, _before(fortnight))
        return await capture(source, given, fortnight.release, earlier)
    finally:
        await source.close()


def _before(fortnight: Fortnight) -> View:
    return View(fortnight.release.previous, None)


def finished(fortnight: Fortnight, days: float) -> Earlier:
    before = Release("shop", "prod", "v1", "v0", fortnight.now - days * DAY, 1)
    return Earlier((Disturbance(before.deployed_at, "another deployment (v1)"),), before)


def expected(fortnight: Fortnight, start: float, seconds: float) -> float:
    """What was written of the middle of a range that begins ``start`` seconds before the deployment."""
    return _per_minute(fortnight.now - start + seconds / 2, fortnight.now)


@pytest.mark.parametrize("source", [s for s in BaselineSource if s is not BaselineSource.CONTROL])
async def test_every_source_tells_what_was_written_and_brings_the_others(
    fortnight: Fortnight, source: BaselineSource
) -> None:
    given, earlier = compared_with(fortnight.plan, source), finished(fortnight, 3.0)
    past = await captured(fortnight, given, earlier)
    middles = {
        BaselineSource.BEFORE: expected(fortnight, 1920.0, 1800.0),
        BaselineSource.YESTERDAY: expected(fortnight, DAY, 1800.0),
        BaselineSource.LAST_WEEK: expected(fortnight, 7 * DAY, 1800.0),
        BaselineSource.PREVIOUS_RELEASE: expected(fortnight, 3 * DAY - 120.0, 900.0),
    }
    for name, middle in middles.items():
        found = past.of(BUSINESS.key, name)
        assert found is not None
        assert found.median == pytest.approx(middle * found.factor, rel=0.01), name
        assert (found.samples, found.unfit) == (found.expected, ""), name
    assert past.baselines[BUSINESS.key].source is source


async def test_a_holiday_moves_yesterday_and_last_week_with_it(fortnight: Fortnight) -> None:
    past = await captured(fortnight, fortnight.plan)
    before = fortnight.now - 120.0 - 900.0
    for source, shift in ((BaselineSource.YESTERDAY, DAY), (BaselineSource.LAST_WEEK, 7 * DAY)):
        found = past.of(BUSINESS.key, source)
        assert found is not None
        level = _per_minute(before, fortnight.now) / _per_minute(before - shift, fortnight.now)
        assert found.factor == pytest.approx(level, rel=0.01)
        assert found.remark == ""
    last_week = past.of(BUSINESS.key, BaselineSource.LAST_WEEK)
    assert last_week is not None
    assert last_week.factor == pytest.approx(HOLIDAY, rel=0.01)


async def test_a_past_in_which_the_rule_was_breached_is_refused(fortnight: Fortnight) -> None:
    given = compared_with(fortnight.plan, BaselineSource.LAST_WEEK)
    past = await captured(fortnight, given)
    assert past.baselines[LATENCY.key].unfit == "its rule was breached in it"
    yesterday = past.of(LATENCY.key, BaselineSource.YESTERDAY)
    assert yesterday is not None
    assert yesterday.fit


async def test_a_past_with_another_deployment_in_it_is_refused_and_a_fit_one_is_named(
    fortnight: Fortnight,
) -> None:
    rollback = Earlier((Disturbance(fortnight.now - 900.0, "a rollback (of v1.1)"),))
    source = PrometheusSource(fortnight.plan.backend)
    try:
        checked = await preflight(source, fortnight.plan, fortnight.release, 0.0, earlier=rollback)
    finally:
        await source.close()
    assert (
        "registrations: its baseline is not fit to compare with: a rollback (of v1.1) lies in it, so the "
        "release cannot end finished: commit another with --baseline yesterday"
    ) in [finding.text for finding in checked.findings]


async def test_what_is_older_than_the_data_is_absent(fortnight: Fortnight) -> None:
    given = compared_with(fortnight.plan, BaselineSource.PREVIOUS_RELEASE)
    past = await captured(fortnight, given, finished(fortnight, 20.0))
    assert past.baselines == {}
    assert past.absent[BUSINESS.key] == "the backend holds no samples of that time"


async def test_a_range_that_begins_where_the_data_begin_has_too_few_samples(fortnight: Fortnight) -> None:
    given = compared_with(fortnight.plan, BaselineSource.PREVIOUS_RELEASE)
    past = await captured(fortnight, given, finished(fortnight, 14.0 + 600.0 / DAY))
    assert past.baselines[BUSINESS.key].unfit.startswith("only ")


async def test_a_version_that_did_not_serve_then_has_no_past(fortnight: Fortnight) -> None:
    release = replace(fortnight.release, previous="v1.9")
    source = PrometheusSource(fortnight.plan.backend)
    try:
        past = await capture(source, compared_with(fortnight.plan, BaselineSource.YESTERDAY), release)
    finally:
        await source.close()
    assert past.absent == {LATENCY.key: "the backend holds no samples of that time"}
    assert BUSINESS.key in past.baselines
