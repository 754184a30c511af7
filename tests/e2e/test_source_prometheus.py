"""The source against a real Prometheus: live and history agree, and every kind of missing data is told."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import pytest

from aftergreen.model import Backend, Indicator, Kind, Reading, Reduce, Signal, View
from aftergreen.promql import curl, expression
from aftergreen.sources.prometheus import PrometheusSource
from tests.e2e.pages import Shown, page
from tests.e2e.parts import wait_until
from tests.e2e.servers import Prometheus

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]

WINDOW = 4.0
ERRORS = Signal(
    Indicator.ERROR_RATE,
    "5xx",
    "%",
    WINDOW,
    numerator='sum(increase(requests_total{status="500"}[$window]))',
    denominator="sum(increase(requests_total[$window]))",
    events=True,
)
NEVER_FAILED = replace(ERRORS, name="504", numerator='sum(increase(requests_total{status="504"}[$window]))')
WORST = replace(
    ERRORS,
    name="worst pod",
    numerator='sum by (pod) (increase(requests_total{status="500"}[$window]))',
    denominator="sum by (pod) (increase(requests_total[$window]))",
    reduce=Reduce.WORST,
)
AVERAGE = Signal(
    Indicator.LATENCY,
    "average",
    "s",
    WINDOW,
    numerator="sum(increase(duration_seconds_sum[$window]))",
    denominator="sum(increase(duration_seconds_count[$window]))",
)
POOL = Signal(Indicator.SATURATION, "pool", "none", WINDOW, query="pool_in_use", reduce=Reduce.WORST)
AMBIGUOUS = Signal(Indicator.SATURATION, "pools", "none", WINDOW, query="pool_in_use")
QUOTED = Signal(
    Indicator.SATURATION,
    "quoted",
    "none",
    WINDOW,
    query=r'sum(rate(quoted_total{path="C:\\\"x\""}[$window]))',
)
IDLE = replace(AVERAGE, name="idle", numerator="sum(idle_seconds_sum)", denominator="sum(idle_seconds_count)")
NAN = Signal(Indicator.LATENCY, "nan", "s", WINDOW, query="idle_seconds_sum / idle_seconds_count")
INFINITE = Signal(Indicator.LATENCY, "inf", "s", WINDOW, query="sum(pool_in_use) / 0")
NOWHERE = Signal(Indicator.BUSINESS, "none", "/min", WINDOW, query="sum(increase(no_such_metric[$window]))")
BROKEN = Signal(Indicator.BUSINESS, "broken", "/min", WINDOW, query="sum(pool_in_use[$window])")
SIGNALS = (
    ERRORS,
    NEVER_FAILED,
    WORST,
    AVERAGE,
    POOL,
    AMBIGUOUS,
    QUOTED,
    IDLE,
    NAN,
    INFINITE,
    NOWHERE,
    BROKEN,
)
NEVER_ENDING = View("v2", None)


def exposition(age: float) -> str:
    """The metrics of a service that has run for so many seconds."""
    return "\n".join(
        (
            f'requests_total{{pod="a",status="200"}} {int(age * 90)}',
            f'requests_total{{pod="a",status="500"}} {int(age * 10)}',
            f'requests_total{{pod="b",status="200"}} {int(age * 900)}',
            f'requests_total{{pod="b",status="500"}} {int(age * 12)}',
            f"duration_seconds_sum {age * 18.5}",
            f"duration_seconds_count {int(age * 100)}",
            f'pool_in_use{{pod="a"}} {40 + int(age) % 7}',
            'pool_in_use{pod="b"} 12',
            f'quoted_total{{path="C:\\\\\\"x\\""}} {int(age * 5)}',
            "idle_seconds_sum 0",
            "idle_seconds_count 0",
            f'app_info{{version="v2"}} {1 if age >= 0 else 0}',
            "",
        )
    )


def scraping(folder: Path, target: Shown) -> Prometheus:
    """A Prometheus that scrapes the service every second."""
    return Prometheus(folder, [{"targets": [target.address]}])


@dataclass
class Running:
    """A Prometheus, and since when it has samples of the service."""

    url: str
    since: float


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("prometheus")
    with page(exposition) as target, scraping(folder, target) as prometheus:
        wait_until(lambda: prometheus.query("pool_in_use"), "Prometheus to scrape the service")
        since = time.time()
        prometheus.wait_for("pool_in_use", since + 7)
        yield Running(prometheus.url, since)


@pytest.fixture
async def source(server: Running) -> AsyncIterator[PrometheusSource]:
    opened = PrometheusSource(Backend(server.url), "count by (version) (app_info)")
    yield opened
    await opened.close()


def now() -> float:
    return round(time.time(), 3)


async def test_events_are_counted_since_the_deployment(source: PrometheusSource, server: Running) -> None:
    view = View("v2", round(server.since + 1, 3))
    instants = await source.history([ERRORS], [round(server.since + k, 3) for k in (4.0, 5.0, 6.0)], view)
    totals = [instant.readings[ERRORS.key].total for instant in instants]
    for age, total in zip((3.0, 4.0, 5.0), totals, strict=True):
        assert total is not None
        assert total[0] == pytest.approx(1012 * age, rel=0.1)
        assert total[1] == pytest.approx(22 * age, rel=0.1)


async def test_each_signal_has_the_reading_that_it_should(source: PrometheusSource) -> None:
    instant = await source.read(SIGNALS, now(), NEVER_ENDING)
    got = {signal.name: instant.readings[signal.key] for signal in SIGNALS}
    assert {name: reading.kind for name, reading in got.items()} == {
        "5xx": Kind.VALUE,
        "504": Kind.ZERO,
        "worst pod": Kind.VALUE,
        "average": Kind.VALUE,
        "pool": Kind.VALUE,
        "pools": Kind.AMBIGUOUS,
        "quoted": Kind.VALUE,
        "idle": Kind.NO_TRAFFIC,
        "nan": Kind.NO_TRAFFIC,
        "inf": Kind.BLIND,
        "none": Kind.NO_SERIES,
        "broken": Kind.BLIND,
    }
    assert got["5xx"].value == pytest.approx(22 / 1012, rel=0.1)
    assert got["5xx"].count == pytest.approx(1012 * WINDOW, rel=0.3)
    assert got["worst pod"].value == pytest.approx(0.1, rel=0.1)
    assert got["average"].value == pytest.approx(0.185, rel=0.05)
    assert "Prometheus answered 400" in got["broken"].detail
    assert instant.running == {"v2": 1.0}


async def test_the_scrape_interval_and_the_clock_are_measured(source: PrometheusSource) -> None:
    intervals = await source.prepare(SIGNALS, now(), NEVER_ENDING)
    assert intervals[NOWHERE.key] is None
    assert all(intervals[s.key] == pytest.approx(1.0, rel=0.5) for s in (ERRORS, AVERAGE, POOL, QUOTED))
    before, told, after = time.time(), await source.now(), time.time()
    # The server rounds to milliseconds.
    assert before - 0.001 <= told <= after + 0.001


def rounded(reading: Reading) -> Reading:
    """The reading without the last digits: the server adds up series in no order."""
    return replace(
        reading,
        value=reading.value and float(f"{reading.value:.12g}"),
        count=reading.count and float(f"{reading.count:.12g}"),
        failures=reading.failures and float(f"{reading.failures:.12g}"),
        total=reading.total and (float(f"{reading.total[0]:.12g}"), float(f"{reading.total[1]:.12g}")),
    )


@pytest.mark.parametrize("cut", [False, True])
async def test_history_gives_the_readings_that_were_live(
    source: PrometheusSource,
    server: Running,
    cut: bool,  # noqa: FBT001  # a column
) -> None:
    since = server.since + 1
    view = View("v2", round(since, 3) if cut else None)
    await source.prepare(SIGNALS, now(), view)
    grid = [round(since + 0.7 * k, 3) for k in range(1, int((time.time() - since - 1) / 0.7))]
    assert len(grid) >= 6
    past = await source.history(SIGNALS, grid, view)
    assert [instant.at for instant in past] == grid
    for instant in past:
        live = await source.read(SIGNALS, instant.at, view)
        assert instant.running == live.running
        for key, reading in live.readings.items():
            assert rounded(instant.readings[key]) == rounded(reading), f"{key} at {instant.at}"


@pytest.mark.parametrize("signal", [ERRORS, WORST, AVERAGE, POOL, QUOTED, NEVER_FAILED], ids=lambda s: s.name)
async def test_the_curl_of_a_reading_gives_its_number(
    source: PrometheusSource, server: Running, signal: Signal
) -> None:
    at, view = now() - 1, View("v2", round(server.since + 1, 3))
    reading = (await source.read([signal], at, view)).readings[signal.key]
    line = curl(Backend(server.url), expression(signal, at, view), at)
    shell = await asyncio.create_subprocess_shell(line, stdout=asyncio.subprocess.PIPE)
    output, _ = await shell.communicate()
    [series] = json.loads(output)["data"]["result"]
    assert float(series["value"][1]) == pytest.approx(reading.value, rel=1e-12)


async def test_a_target_that_stops_is_stale_and_a_server_that_stops_is_blind(tmp_path: Path) -> None:
    signals = (ERRORS, POOL)
    with page(exposition) as target, scraping(tmp_path, target) as prometheus:
        source = PrometheusSource(Backend(prometheus.url))
        wait_until(lambda: prometheus.query("pool_in_use"), "Prometheus to scrape the service")
        began = time.time()
        prometheus.wait_for("pool_in_use", began + WINDOW + 1)
        await source.prepare(signals, now(), NEVER_ENDING)
        stopped = now()
        target.stop()
        wait_until(lambda: time.time() > stopped + 2 * WINDOW + 2, "the window to have passed")
        grid = [round(stopped + 0.25 * k, 3) for k in range(round(8 * WINDOW) + 1)]
        past = await source.history(signals, grid, NEVER_ENDING)
        courses = {
            signal: [kind for kind, _ in groupby(instant.readings[signal.key].kind for instant in past)]
            for signal in signals
        }
        # The window still holds samples of the target when none of them is fresh.
        assert courses[ERRORS][:2] == [Kind.VALUE, Kind.STALE], courses
        assert courses[POOL][0] is Kind.VALUE, courses
        assert courses[POOL][-1] is Kind.NO_SERIES, courses
        stale = next(i.readings[ERRORS.key] for i in past if i.readings[ERRORS.key].kind is Kind.STALE)
        assert stale.value is None
        assert stale.detail
        prometheus.stop()
        blind = (await source.read(signals, now(), NEVER_ENDING)).readings[ERRORS.key]
        assert (blind.kind, blind.detail) == (
            Kind.BLIND,
            f"no answer from {prometheus.url}: Connection refused: check metrics.url",
        )
        await source.close()
