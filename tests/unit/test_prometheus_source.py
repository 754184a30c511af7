"""The Prometheus source over a real socket: what it asks, and what it makes of the answers."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aftergreen.model import Backend, Indicator, Instant, Kind, Reading, Reduce, Signal, View
from aftergreen.sources.http import BODY_LIMIT
from aftergreen.sources.prometheus import PrometheusSource
from aftergreen.sources.protocol import SourceUnavailable
from tests.scripted import (
    Reply,
    Request,
    Script,
    ScriptedBackend,
    answer,
    error,
    matrix,
    scripted,
    vector,
)
from tests.waiting import HANG, in_no_time

AT = 1000.0
ANY = View("v2", None)
POOL = Signal(Indicator.SATURATION, "pool", "none", 60.0, query="sum(pool)")
ERRORS = Signal(
    Indicator.ERROR_RATE,
    "5xx",
    "%",
    60.0,
    numerator='sum(increase(failed{version="$version"}[$window]))',
    denominator='sum(increase(all{version="$version"}[$window]))',
    events=True,
)


def by_query(answers: Mapping[str, bytes], otherwise: bytes = vector()) -> Script:
    """Answers a request by the first key that its query contains; freshness and counts apart."""

    def script(request: Request) -> Reply:
        if "timestamp(" in request.query and "timestamp(" not in answers:
            return Reply(vector(request.form.get("time", str(AT))))
        for part, body in answers.items():
            if part in request.query:
                return Reply(body)
        return Reply(otherwise)

    return script


def always(reply: Reply) -> Script:
    return lambda _: reply


async def read(script: Script, *signals: Signal, **options: str | float) -> Instant:
    async with scripted(script) as backend:
        source = PrometheusSource(Backend(backend.url, **{"timeout": HANG, **options}))  # type: ignore[arg-type]  # fields by name
        try:
            return await source.read(signals or (POOL,), AT, ANY)
        finally:
            await source.close()


async def reading(script: Script, signal: Signal = POOL, **options: str | float) -> Reading:
    return (await read(script, signal, **options)).readings[signal.key]


@pytest.mark.parametrize(
    ("body", "kind", "value"),
    [
        (vector("41.5"), Kind.VALUE, 41.5),
        (answer("scalar", [AT, "3"]), Kind.VALUE, 3.0),
        (vector("NaN"), Kind.NO_TRAFFIC, None),
        (vector("+Inf"), Kind.BLIND, None),
        (vector("-Inf"), Kind.BLIND, None),
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
        'max(timestamp(failed{version="v2.4.1"}))',
        'max(timestamp(all{version="v2.4.1"}))',
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


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        (Reply(error("execution", "boom"), 422), "Prometheus answered 422: execution: boom"),
        (Reply(error("bad_data", "boom"), 400), "Prometheus answered 400: bad_data: boom"),
        (Reply(b"upstream down", 503), "Prometheus answered 503: upstream down"),
        (Reply(b"", 401), "Prometheus answered 401 Unauthorized: check bearer_token_env"),
        (Reply(b"", 302, {"Location": "/login"}), "Prometheus answered 302 Found: put the address"),
        (Reply(vector("1"), cut=30), "no answer from http://127.0.0.1"),
        (Reply(hang_up=True), "no answer from http://127.0.0.1"),
        (Reply(b" " * (BODY_LIMIT + 1)), "Prometheus sent more than 4 MiB: aggregate the query"),
        (Reply(b"x" * (BODY_LIMIT + 1), 500), "Prometheus answered 500: xxx"),
    ],
)
async def test_whatever_goes_wrong_is_blind_with_its_reason(reply: Reply, detail: str) -> None:
    got = await reading(always(reply))
    assert got.kind is Kind.BLIND
    assert got.detail.startswith(detail)


async def test_a_connection_that_broke_once_is_no_failure() -> None:
    replies = iter([Reply(hang_up=True)])
    assert (await reading(lambda _: next(replies, Reply(vector("1000"))))).value == 1000.0


async def test_a_backend_that_is_not_there_is_blind_with_the_cure() -> None:
    source = PrometheusSource(Backend("http://127.0.0.1:9"))
    got = (await source.read([POOL], AT, ANY)).readings[POOL.key]
    assert (got.kind, got.detail) == (
        Kind.BLIND,
        "no answer from http://127.0.0.1:9: Connection refused: check metrics.url",
    )
    with pytest.raises(SourceUnavailable, match="Connection refused"):
        await source.now()
    await source.close()


async def test_one_deadline_holds_for_all_and_those_in_time_stay() -> None:
    slow, never = replace(POOL, name="slow", query="sum(slow)"), asyncio.Event()

    def script(request: Request) -> Reply:
        return Reply(vector("1000"), after=never if request.query == "sum(slow)" else None)

    async with in_no_time():
        instant = await read(script, POOL, slow, timeout=30.0)
    assert instant.readings[POOL.key].value == 1000.0
    late = instant.readings[slow.key]
    assert (late.kind, late.detail) == (
        Kind.BLIND,
        "Prometheus did not answer within 30 s: raise metrics.timeout",
    )


async def test_a_body_that_trickles_meets_the_deadline_too() -> None:
    trickling = always(Reply(vector("1"), headers={"Content-Length": "500"}))
    async with in_no_time():
        got = await reading(trickling, timeout=30.0)
    assert got.kind is Kind.BLIND
    assert "did not answer within 30 s" in got.detail


async def test_a_server_that_refuses_post_is_asked_with_get() -> None:
    def script(request: Request) -> Reply:
        return Reply(status=405) if request.method == "POST" else Reply(vector("1000"))

    assert (await reading(script)).value == 1000.0


# Credentials


async def heads(**options: str) -> Mapping[str, str]:
    seen: list[Mapping[str, str]] = []

    def script(request: Request) -> Reply:
        seen.append(request.headers)
        return Reply(vector("1"))

    await read(script, **options)
    return seen[0]


async def test_a_bearer_token_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROM_TOKEN", "abc.def\n")
    assert (await heads(bearer_token_env="PROM_TOKEN"))["authorization"] == "Bearer abc.def"  # noqa: S106  # a name


async def test_a_bearer_token_file_is_read_at_every_call(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n", encoding="utf-8")
    async with scripted(always(Reply(vector("1")))) as backend:
        source = PrometheusSource(Backend(backend.url, bearer_token_file=str(file)))
        await source.read([POOL], AT, ANY)
        file.write_text("second\n", encoding="utf-8")
        await source.read([POOL], AT, ANY)
        await source.close()
    assert [request.headers["authorization"] for request in backend.requests] == [
        *["Bearer first"] * 2,
        *["Bearer second"] * 2,
    ]


async def test_user_and_password_come_from_one_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROM_USER", "ana:pass:word")
    sent = (await heads(basic_auth_env="PROM_USER"))["authorization"]
    assert sent == "Basic " + base64.b64encode(b"ana:pass:word").decode()


async def test_headers_are_sent() -> None:
    async with scripted(always(Reply(vector("1")))) as backend:
        source = PrometheusSource(Backend(backend.url, headers={"X-Scope-OrgID": "prod"}))
        await source.read([POOL], AT, ANY)
        await source.close()
    assert backend.requests[0].headers["x-scope-orgid"] == "prod"


@pytest.mark.parametrize(
    ("options", "variables", "detail"),
    [
        ({"bearer_token_env": "T"}, {}, "the variable T, which [metrics] names, is not set: export it"),
        ({"bearer_token_env": "T"}, {"T": "top\x7fsecret"}, "T holds characters that no token has"),
        ({"bearer_token_file": "/no/such"}, {}, "bearer_token_file /no/such cannot be read: No such file"),
        ({"basic_auth_env": "T"}, {"T": "secret"}, "the variable T (basic_auth_env) does not hold user"),
    ],
)
async def test_a_missing_secret_is_told_by_name_and_never_shown(
    options: dict[str, Any], variables: dict[str, str], detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("T", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    got = await reading(always(Reply(vector("1"))), **options)
    assert got.kind is Kind.BLIND
    assert got.detail.startswith(detail)
    assert "secret" not in got.detail


@pytest.mark.parametrize("option", ["ca_file", "client_cert"])
async def test_a_certificate_that_cannot_be_read_is_blind(option: str) -> None:
    source = PrometheusSource(replace(Backend("https://127.0.0.1:9"), **{option: "/no/such.pem"}))  # type: ignore[arg-type]  # a field by name
    got = (await source.read([POOL], AT, ANY)).readings[POOL.key]
    assert got.detail == f"{option} /no/such.pem of [metrics] cannot be read: No such file or directory"
    await source.close()


# Freshness, running instances, the clock


async def source_over(
    script: Script,
    act: Callable[[PrometheusSource, ScriptedBackend], Awaitable[None]],
    running: str | None = None,
) -> None:
    async with scripted(script) as backend:
        source = PrometheusSource(Backend(backend.url, timeout=HANG), running)
        await act(source, backend)
        await source.close()


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
