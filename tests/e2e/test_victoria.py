"""Another backend: a real VictoriaMetrics beside a real Prometheus, on the same pages."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from aftergreen.model import Backend, Kind, Signal, View
from aftergreen.promql import curl, expression
from aftergreen.sources.prometheus import PrometheusSource
from tests.e2e.pages import page
from tests.e2e.servers import Prometheus, VictoriaMetrics
from tests.e2e.test_source_prometheus import (
    AVERAGE,
    ERRORS,
    IDLE,
    NEVER_FAILED,
    NOWHERE,
    POOL,
    QUOTED,
    WORST,
    exposition,
)

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]

SIGNALS = (ERRORS, NEVER_FAILED, WORST, AVERAGE, POOL, QUOTED, IDLE, NOWHERE)


@dataclass(frozen=True, slots=True)
class Both:
    """Two servers that scrape the same page, and since when they have samples of it."""

    victoria: str
    prometheus: str
    since: float


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("victoria")
    with page(exposition) as service:
        targets = [{"targets": [service.address]}]
        with (
            VictoriaMetrics(folder / "victoria", targets) as victoria,
            Prometheus(folder / "prometheus", targets) as prometheus,
        ):
            prometheus.wait_for("pool_in_use", 0.0)
            victoria.wait_for("pool_in_use", 0.0)
            since = time.time()
            prometheus.wait_for("pool_in_use", since + 8)
            victoria.wait_for("pool_in_use", since + 8)
            yield Both(victoria.url, prometheus.url, since)


async def test_its_time_is_now(both: Both) -> None:
    """The case victoria-past."""
    source = PrometheusSource(Backend(both.victoria))
    assert abs(await source.now() - time.time()) < 1.5
    await source.close()


async def test_both_give_the_same_readings_live_and_later(both: Both) -> None:
    sources = [PrometheusSource(Backend(url)) for url in (both.victoria, both.prometheus)]
    view = View("v2", round(both.since, 3))
    grid = [round(both.since + k, 3) for k in (5.0, 6.0, 7.0)]
    for source in sources:
        await source.prepare(SIGNALS, grid[-1], view)
    live = [await source.read(SIGNALS, grid[-1], view) for source in sources]
    later = [await source.history(SIGNALS, grid, view) for source in sources]
    for source in sources:
        await source.close()
    theirs, known = live
    for signal in SIGNALS:
        ours, other = theirs.readings[signal.key], known.readings[signal.key]
        assert ours.kind is other.kind, (signal.name, ours, other)
        # One extrapolates an increase to the edges of the window, the other does not.
        assert ours.value == (other.value if other.value is None else pytest.approx(other.value, rel=0.25))
        assert later[0][-1].readings[signal.key].kind is ours.kind
        assert later[0][-1].readings[signal.key].value == (
            ours.value if ours.value is None else pytest.approx(ours.value, rel=1e-9)
        )
    assert theirs.readings[NEVER_FAILED.key].kind is Kind.ZERO


@pytest.mark.parametrize("signal", [ERRORS, WORST, AVERAGE, POOL, QUOTED, NEVER_FAILED], ids=lambda s: s.name)
async def test_the_curl_of_a_reading_gives_its_number_there_too(both: Both, signal: Signal) -> None:
    at, view = round(time.time() - 1, 3), View("v2", round(both.since, 3))
    source = PrometheusSource(Backend(both.victoria))
    reading = (await source.read([signal], at, view)).readings[signal.key]
    await source.close()
    line = curl(Backend(both.victoria), expression(signal, at, view), at)
    shell = await asyncio.create_subprocess_shell(line, stdout=asyncio.subprocess.PIPE)
    output, _ = await shell.communicate()
    [series] = json.loads(output)["data"]["result"]
    assert float(series["value"][1]) == pytest.approx(reading.value, rel=1e-9)
