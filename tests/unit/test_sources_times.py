"""Which times are asked for, live and of the past, and what backends make of them."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest

from aftergreen.model import Backend, Kind, View
from aftergreen.sources.prometheus import PrometheusSource
from tests.scripted import (
    Reply,
    Request,
    ScriptedBackend,
    matrix,
    scripted,
    vector,
)
from tests.sourced import ANY, AT, ERRORS, POOL, always, by_query, source_over


def moved(request: Request) -> Reply:
    """A front that moves the ends of a range to multiples of its step, as those of Thanos and Mimir do."""
    if request.path.endswith("query_range"):
        start, step = float(request.form["start"]), float(request.form["step"])
        first = start - start % step
        return Reply(matrix({first + k * step: "1" for k in range(3)}))
    at = float(request.form.get("time", AT))
    return Reply(vector(str(at if "timestamp(" in request.query else at - 1000.0)))


async def test_a_front_that_aligns_ranges_is_asked_instant_by_instant() -> None:
    """The case aligned-range; the answers have the documented shape, and no such front was at hand."""
    async with scripted(moved) as backend:
        source = PrometheusSource(Backend(backend.url))
        instants = [1007.25 + 15.0 * k for k in range(3)]
        found = await source.history([POOL], instants, ANY)
        assert [instant.readings[POOL.key].value for instant in found] == [7.25, 22.25, 37.25]
        asked = sum(request.path.endswith("query_range") for request in backend.requests)
        await source.history([POOL], instants, ANY)
        # Once is enough to know it.
        assert sum(request.path.endswith("query_range") for request in backend.requests) == asked
        await source.close()


async def test_a_query_that_ends_with_its_range_is_asked_instant_by_instant() -> None:
    async with scripted(moved) as backend:
        source = PrometheusSource(Backend(backend.url))
        ended = replace(POOL, query="sum(pool @ end())")
        found = await source.history([ended], [1000.0, 1015.0], ANY)
        assert [instant.readings[ended.key].value for instant in found] == [0.0, 15.0]
        assert not [r for r in backend.requests if r.path.endswith("query_range")]
        await source.close()


async def test_what_is_new_in_victoria_metrics_is_asked_instant_by_instant() -> None:
    """It leaves the last half minute out of its ranges; a real one shows it in the end-to-end tests."""

    def script(request: Request) -> Reply:
        return replace(moved(request), headers={"X-Server-Hostname": "vm"})

    now = round(time.time(), 3)
    instants = [now - 600.0 + 15.0 * k for k in range(41)]
    async with scripted(script) as backend:
        source = PrometheusSource(Backend(backend.url))
        await source.now()
        await source.history([POOL], instants, ANY)
        await source.close()
    ranges = [request.form for request in backend.requests if request.path.endswith("query_range")]
    assert ranges
    assert all(float(form["end"]) < now - 60.0 for form in ranges)


async def test_every_question_tells_victoria_metrics_to_take_the_times_as_they_are() -> None:
    """The case victoria-past."""
    async with scripted(by_query({"time()": vector("1000")}, vector("1"))) as backend:
        source = PrometheusSource(Backend(backend.url))
        await source.now()
        await source.read([POOL], AT, ANY)
        await source.history([POOL], [AT, AT + 15.0], ANY)
        await source.close()
    assert {request.form.get("nocache") for request in backend.requests} == {"1"}
    assert {request.form.get("latency_offset") for request in backend.requests} == {"1ms"}


SPAN = re.compile(r"\[(\d+)s\]")


def computed(request: Request) -> Reply:
    """Answers every query at every time with a number that depends on the window and the time."""
    window = SPAN.search(request.query)

    def value(at: float) -> str:
        return str(at if "timestamp(" in request.query else (float(window[1]) if window else 0.0) + at / 1e6)

    if request.path.endswith("/query"):
        return Reply(vector(value(float(request.form["time"]))))
    start, end, step = (float(request.form[key]) for key in ("start", "end", "step"))
    times = [round(start + n * step, 3) for n in range(round((end - start) / step) + 1)]
    return Reply(matrix({at: value(at) for at in times}))


GRIDS = {
    "even": [round(1000.1 + n * 0.7, 3) for n in range(1, 30)],
    "with a gap": [1015.0, 1030.0, 1045.0, 1105.0, 1120.0, 1135.0],
    "one": [1100.0],
    "none": [],
    "thirds": [round(1000 + n / 3, 3) for n in range(1, 20)],
}


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("since", [None, 1000.0, 900.0, 960.0])
async def test_history_and_live_give_the_same_readings(grid: list[float], since: float | None) -> None:
    signals, view = [POOL, ERRORS, replace(ERRORS, name="short", window=5.0)], View("v2", since)

    async def act(source: PrometheusSource, _: ScriptedBackend) -> None:
        live = tuple([await source.read(signals, at, view) for at in grid])
        assert await source.history(signals, grid, view) == live

    await source_over(computed, act, running="count(app_info)")


async def test_history_asks_few_ranges_of_at_most_a_thousand_instants() -> None:
    grid = [1000.0 + 15 * n for n in range(1, 1502)]

    async def act(source: PrometheusSource, backend: ScriptedBackend) -> None:
        assert len(await source.history([POOL], grid, View("v2", None))) == 1501
        assert sorted(r.form["query"] for r in backend.requests) == [
            *["max(timestamp(pool))"] * 2,
            *["sum(pool)"] * 2,
        ]
        assert {r.form["start"] for r in backend.requests} == {"1015.000", "16015.000"}

    await source_over(computed, act)


async def test_a_gap_in_history_is_no_series_and_a_failed_chunk_is_blind() -> None:
    gap = by_query({"sum(pool)": matrix({1015.0: "1", 1045.0: "NaN"}), "timestamp(": matrix()})
    failed = always(Reply(b"", 503))
    grid = [1015.0, 1030.0, 1045.0]

    async def kinds(source: PrometheusSource) -> list[Kind]:
        return [i.readings[POOL.key].kind for i in await source.history([POOL], grid, ANY)]

    async def act_gap(source: PrometheusSource, _: ScriptedBackend) -> None:
        assert await kinds(source) == [Kind.STALE, Kind.NO_SERIES, Kind.STALE]

    async def act_failed(source: PrometheusSource, _: ScriptedBackend) -> None:
        assert await kinds(source) == [Kind.BLIND] * 3

    await source_over(gap, act_gap)
    await source_over(failed, act_failed)
