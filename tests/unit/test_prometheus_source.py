"""The Prometheus source over a real socket: what it asks, and what it makes of the answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aftergreen.model import Backend, Kind, Reading, Reduce, Signal, View
from aftergreen.sources.joined import joined
from aftergreen.sources.prometheus import PrometheusSource
from aftergreen.sources.protocol import SourceUnavailable
from tests.scripted import (
    Reply,
    ScriptedBackend,
    answer,
    scripted,
    vector,
)
from tests.sourced import ANY, AT, ERRORS, POOL, always, by_query, reading, source_over


@pytest.mark.parametrize(
    ("body", "kind", "value"),
    [
        (vector("41.5"), Kind.VALUE, 41.5),
        (answer("scalar", [AT, "3"]), Kind.VALUE, 3.0),
        (vector("NaN"), Kind.NO_TRAFFIC, None),
        (vector("+Inf"), Kind.BLIND, None),
        (vector("-Inf"), Kind.BLIND, None),
        (vector("1e308"), Kind.BLIND, None),
        (vector("-1e25"), Kind.BLIND, None),
        (vector(), Kind.NO_SERIES, None),
        (vector("1", "2"), Kind.AMBIGUOUS, None),
        (vector("1", warnings=["a store is unavailable"]), Kind.PARTIAL, None),
        (vector("1", isPartial=True), Kind.PARTIAL, None),
        (vector("1", infos=["PromQL info: x"]), Kind.VALUE, 1.0),
        (vector("1", warnings=["PromQL info: x"]), Kind.VALUE, 1.0),
        (answer("matrix", []), Kind.BLIND, None),
        (answer("string", [AT, "x"]), Kind.BLIND, None),
        (vector("1")[:30], Kind.BLIND, None),
        (b"<html>", Kind.BLIND, None),
        (b'{"status":"green"}', Kind.BLIND, None),
    ],
)
async def test_each_answer_is_its_reading(body: bytes, kind: Kind, value: float | None) -> None:
    got = await reading(by_query({"sum(pool)": body}))
    assert (got.kind, got.value) == (kind, value)


async def test_the_buckets_behind_a_quantile_are_found_by_their_label() -> None:
    bounds = ("0.1", "0.5", "2.5e+00", "+Inf", "odd")
    series = [{"metric": {"le": bound}, "value": [AT, "3"]} for bound in bounds]
    quantile = "histogram_quantile(0.99, sum by (le) (rate(seconds_bucket[$window])))"
    signals = [
        replace(POOL, name="p99", query=f"({quantile})"),
        replace(POOL, name="computed", query=f"{quantile} * 1000"),
        POOL,
    ]
    async with scripted(by_query({"count by (le) (seconds_bucket)": answer("vector", series)})) as backend:
        source = PrometheusSource(Backend(backend.url))
        found = await source.buckets(signals, AT, ANY)
        await source.close()
    assert found == {signals[0].key: (0.1, 0.5, 2.5)}


async def test_a_ratio_asks_both_halves_with_window_and_version() -> None:
    async with scripted(by_query({"failed": vector(), "all": vector("250")})) as backend:
        source = PrometheusSource(Backend(backend.url))
        instant = await source.read([ERRORS], 1000.25, View("v2.4.1", 985.25))
        await source.close()
    assert instant.readings[ERRORS.key] == Reading(
        Kind.ZERO, 0.0, 250.0, 0.0, total=(250.0, 0.0), newest=1000.25
    )
    assert set(backend.queries) == {
        'sum(increase(failed{version="v2.4.1"}[15s]))',
        'sum(increase(all{version="v2.4.1"}[15s]))',
        joined(['max(timestamp(failed{version="v2.4.1"}))', 'max(timestamp(all{version="v2.4.1"}))']),
    }
    assert {(r.method, r.path, r.form["time"]) for r in backend.requests} == {
        ("POST", "/api/v1/query", "1000.250")
    }


LATE = View("v2.4.1", 700.0)
"""A view that began five minutes before the instant of these tests."""

ALL_FAILED = 'failed{version="v2.4.1"}[300s]'
ALL_TRIALS = 'all{version="v2.4.1"}[300s]'


@pytest.mark.parametrize(
    ("answers", "total"),
    [
        ({ALL_FAILED: vector("12"), ALL_TRIALS: vector("1200.5")}, (1200.5, 12.0)),
        ({ALL_TRIALS: vector("1200")}, (1200.0, 0.0)),
        ({ALL_FAILED: vector("12")}, None),
        ({ALL_FAILED: vector("12"), ALL_TRIALS: vector("1", "2")}, None),
        ({ALL_FAILED: vector("NaN"), ALL_TRIALS: vector("1200")}, None),
        ({ALL_FAILED: vector("12"), ALL_TRIALS: vector("+Inf")}, None),
        ({ALL_FAILED: vector("12"), ALL_TRIALS: vector("1e308")}, None),
        ({ALL_FAILED: vector("12"), ALL_TRIALS: vector("1200", isPartial=True)}, None),
        ({ALL_FAILED: b"<html>", ALL_TRIALS: vector("1200")}, None),
    ],
)
async def test_events_are_counted_since_the_view_began(
    answers: dict[str, bytes], total: tuple[float, float] | None
) -> None:
    windows = {"[60s]": vector("250")}
    async with scripted(by_query(answers | windows)) as backend:
        source = PrometheusSource(Backend(backend.url))
        live = (await source.read([ERRORS], 1000.0, LATE)).readings[ERRORS.key]
        (past,) = await source.history([ERRORS], [1000.0], LATE)
        await source.close()
    assert (live.kind, live.total) == (Kind.VALUE, total), "what was counted in all says nothing of now"
    assert past.readings[ERRORS.key].total == total


@pytest.mark.parametrize(
    ("signal", "view"),
    [
        (ERRORS, View("v2.4.1", None)),
        (replace(ERRORS, events=False), LATE),
        (replace(ERRORS, reduce=Reduce.WORST), LATE),
        (POOL, LATE),
    ],
)
async def test_nothing_is_counted_without_a_beginning_or_without_events(signal: Signal, view: View) -> None:
    async with scripted(by_query({"": vector("1")})) as backend:
        source = PrometheusSource(Backend(backend.url))
        reading = (await source.read([signal], 1000.0, view)).readings[signal.key]
        await source.close()
    assert reading.total is None
    assert not [query for query in backend.queries if "[300s]" in query]


async def test_equal_texts_are_asked_once_and_connections_are_shared() -> None:
    signals = [replace(POOL, name=f"pool {n}") for n in range(40)]
    async with scripted(by_query({"pool": vector("1")})) as backend:
        source = PrometheusSource(Backend(backend.url))
        for at in (AT, AT + 15):
            instant = await source.read(signals, at, ANY)
            assert len(instant.readings) == 40
        await source.close()
    assert backend.queries.count("sum(pool)") == 2
    assert len(backend.queries) == 4
    assert backend.connections <= 2


# Credentials


# Freshness, running instances, the clock


async def test_stale_needs_the_measured_scrape_interval() -> None:
    counts = {"[299999ms]": vector("60"), "[59999ms]": vector("12"), "[9999ms]": vector("2")}
    script = by_query({**counts, "timestamp(": vector("989"), "sum(pool)": vector("1")})

    async def act(source: PrometheusSource, _: ScriptedBackend) -> None:
        before = (await source.read([POOL], AT, ANY)).readings[POOL.key]
        assert (before.kind, before.newest) == (Kind.VALUE, 989.0)
        assert await source.prepare([POOL], AT, ANY) == {POOL.key: 5.0}
        after = (await source.read([POOL], AT, ANY)).readings[POOL.key]
        assert (after.kind, after.value, after.newest) == (Kind.STALE, None, 989.0)

    await source_over(script, act)


async def test_an_interval_that_cannot_be_measured_is_none() -> None:
    async def act(source: PrometheusSource, _: ScriptedBackend) -> None:
        assert await source.prepare([POOL, ERRORS], AT, ANY) == {POOL.key: None, ERRORS.key: None}

    await source_over(by_query({}), act)


@pytest.mark.parametrize(
    ("result", "running"),
    [
        ({"v1": "3", "v2": "1"}, {"v1": 3.0, "v2": 1.0}),
        ({"v\x1b[1m2": "1"}, {"v [1m2": 1.0}),
        ({"v1": "NaN"}, {}),
        ({}, {}),
    ],
)
async def test_running_instances_are_counted_by_version(
    result: dict[str, str], running: dict[str, float]
) -> None:
    series = [{"metric": {"version": name}, "value": [AT, count]} for name, count in result.items()]

    async def act(source: PrometheusSource, _: ScriptedBackend) -> None:
        assert (await source.read([POOL], AT, ANY)).running == running

    await source_over(by_query({"app_info": answer("vector", series)}), act, running="count(app_info)")


async def test_running_is_none_where_it_did_not_answer() -> None:
    async def act(source: PrometheusSource, _: ScriptedBackend) -> None:
        assert (await source.read([POOL], AT, ANY)).running is None

    await source_over(by_query({"app_info": b"oops"}), act, running="count(app_info)")
    await source_over(by_query({"app_info": vector("1", isPartial=True)}), act, running="count(app_info)")
    await source_over(by_query({}), act)


async def test_now_is_the_time_of_the_backend() -> None:
    async def act(source: PrometheusSource, backend: ScriptedBackend) -> None:
        assert await source.now() == 1435781451.781
        assert backend.requests[0].query == "time()"

    await source_over(always(Reply(answer("scalar", [1435781451.781, "1435781451.781"]))), act)


@pytest.mark.parametrize("body", [vector(), vector("NaN"), vector("1", "2"), b"oops"])
async def test_without_a_time_the_source_is_unavailable(body: bytes) -> None:
    async def act(source: PrometheusSource, _: ScriptedBackend) -> None:
        with pytest.raises(SourceUnavailable):
            await source.now()

    await source_over(always(Reply(body)), act)


# History
