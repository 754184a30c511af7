"""The simulated backend answers as the real one does: same samples, same questions, same numbers."""

from __future__ import annotations

import math
import struct
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from aftergreen.drill.promql.answers import instant, ranged
from aftergreen.drill.promql.store import Labels, Series, Store
from aftergreen.drill.scenario.catalogue import find
from aftergreen.drill.service.simulated import PREVIOUS, RELEASED, SimulatedService
from tests.e2e.servers import Prometheus

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]

_STALE_NAN = bytes.fromhex("020000000000f07f")
_SWITCHED = 150.0

Point = tuple[float, float]

QUERIES = (
    "app_info",
    'http_requests_total{status="500",version!="v2.4.1"}',
    'count by (version) (app_info{job="checkout"})',
    'sum(increase(http_requests_total{version="v2.4.1",status=~"5.."}[30s]))',
    "sum by (version, status) (rate(http_requests_total[47s]))",
    "increase(http_request_duration_seconds_sum[4s])",
    "sum without (instance, status) (rate(http_requests_total[1m])) > 20",
    "rate(dependency_request_duration_seconds_sum[9s]) / rate(dependency_request_duration_seconds_count[9s])",
    "histogram_quantile(0.95, sum by (le, version) (rate(http_request_duration_seconds_bucket[30s])))",
    "avg(process_cpu_ratio) * 100 - 2 ^ 3 % 5 or vector(1)",
    'max by (version) (timestamp(db_pool_connections_in_use{instance!~"checkout-api-[34]"}))',
    "count_over_time(registrations_total[1m])",
    "max_over_time(db_pool_connections_in_use[33s]) - min_over_time(db_pool_connections_in_use[33s])",
    "avg_over_time(process_cpu_ratio[1m] offset 20s)",
    'sum(increase(registrations_total{version="v2.4.0"}[5m])) / (300 / 60)',
    "delta(process_resident_memory_bytes[31s]) >= bool 0",
    'scalar(sum(app_info{version="v2.4.1"})) + time()',
    "app_info == on (instance) app_info",
    'label_replace(app_info, "zone", "$2-${1}$$ $x$", "instance", "(checkout)-api-([0-9])")',
    'label_replace(label_replace(sum(app_info), "n", "7", "", ""), "n", "", "n", "7|8")',
    'label_replace(max(timestamp(app_info)), "n", "0", "", "") or label_replace(vector(1), "n", "1", "", "")',
    "-min by (job) (db_pool_connections_in_use) or sum(nothing_at_all)",
    'app_info{version="v2.4.0"} unless on (instance) app_info{version="v2.4.1"}',
    "sum(nothing_at_all) or vector(3) or app_info",
    'app_info{version="v2.4.0"} or on (instance) app_info',
    "sum(rate(http_requests_total[30s])) / sum(rate(nothing_at_all[30s]))",
    "0 * sum(app_info) / sum(app_info) / 0",
    "last_over_time(registrations_total[20s]) + ignoring (x) sum_over_time(app_info[20s])",
)

# Before the deployment, right at it, while windows fill, while instances are replaced, and long after.
MOMENTS = (-60.0, -0.5, 0.0, 1.0, 2.0, 7.25, 31.0, 120.0, 151.0, 154.5, 158.0, 163.0, 200.0, 500.0)


@pytest.fixture(scope="module")
def deployed_at() -> float:
    return round(time.time()) - 600.25


@pytest.fixture(scope="module")
def store(deployed_at: float) -> Store:
    """A service that was deployed and then rolled back instance by instance."""
    service = SimulatedService(7, deployed_at - 400, deployed_at, find("slow-query").simulation)
    service.deploy(RELEASED, deployed_at)
    for number in range(1, 5):
        service.deploy(PREVIOUS, deployed_at + _SWITCHED + 3 * number, f"checkout-api-{number}")
    service.advance(deployed_at + 250)
    return service.store


@pytest.fixture(scope="module")
def prometheus(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A real server with the same samples, the marks of ended series among them."""
    folder = tmp_path_factory.mktemp("prometheus")
    with (
        Prometheus(folder, (), "--web.enable-remote-write-receiver") as server,
        httpx.Client(base_url=server.url, trust_env=False) as client,
    ):
        headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
        answer = client.post("/api/v1/write", content=_snappy(_write_request(store)), headers=headers)
        assert answer.status_code == 204, answer.text
        yield client


@pytest.mark.parametrize("query", QUERIES)
def test_every_instant_has_the_value_of_the_real_server(
    prometheus: httpx.Client, store: Store, deployed_at: float, query: str
) -> None:
    for moment in MOMENTS:
        parameters = {"query": query, "time": f"{deployed_at + moment:.3f}"}
        real = prometheus.get("/api/v1/query", params=parameters)
        assert real.status_code == 200, real.text
        ours = instant(store, parameters, 0)
        assert ours.status == 200, ours.body
        assert _comparable(ours.body["data"]) == _approximately(real.json()["data"]), f"{moment} s"


@pytest.mark.parametrize("query", ["time()", *QUERIES[2:9]])
def test_ranges_have_the_values_of_the_real_server(
    prometheus: httpx.Client, store: Store, deployed_at: float, query: str
) -> None:
    parameters = {
        "query": query,
        "start": f"{deployed_at - 40:.3f}",
        "end": f"{deployed_at + 220:.3f}",
        "step": "5s",
    }
    real = prometheus.get("/api/v1/query_range", params=parameters)
    ours = ranged(store, parameters)
    assert _comparable(ours.body["data"]) == _approximately(real.json()["data"])


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("query", {"query": "sum("}),
        ("query", {"query": "app_info", "time": "yesterday"}),
        ("query_range", {"query": "app_info", "start": "10", "end": "5", "step": "1"}),
        ("query_range", {"query": "app_info", "start": "0", "end": "10", "step": "0"}),
        ("query_range", {"query": "app_info", "start": "0", "end": "99999", "step": "1"}),
        ("query_range", {"query": "app_info[1m]", "start": "0", "end": "10", "step": "5"}),
        ("query", {"query": "app_info + on (job) app_info"}),
    ],
)
def test_what_the_real_server_refuses_is_refused_in_the_same_way(
    prometheus: httpx.Client, store: Store, deployed_at: float, path: str, parameters: dict[str, str]
) -> None:
    real = prometheus.get(f"/api/v1/{path}", params={"time": f"{deployed_at:.3f}"} | parameters)
    now = round(deployed_at * 1000)
    ours = instant(store, parameters, now) if path == "query" else ranged(store, parameters)
    refused = real.json()
    assert (ours.status, ours.body["status"]) == (real.status_code, refused["status"])
    assert ours.body["errorType"] == refused["errorType"]


def _comparable(data: dict[str, Any]) -> dict[Labels, list[Point]]:
    """The points of every series by its labels; those of a scalar without labels."""
    if data["resultType"] == "scalar":
        return {(): [_point(data["result"])]}
    return {
        tuple(sorted(series["metric"].items())): [
            _point(point) for point in series.get("values", [series.get("value")])
        ]
        for series in data["result"]
    }


def _approximately(data: dict[str, Any]) -> dict[Labels, list[tuple[float, object]]]:
    """The same, equal to whatever differs by rounding only."""
    return {
        labels: [(at, pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True)) for at, value in points]
        for labels, points in _comparable(data).items()
    }


def _point(point: list[Any]) -> Point:
    return float(point[0]), float(point[1])


def _write_request(store: Store) -> bytes:
    """All samples as a WriteRequest of remote write, which can carry the marks of ended series."""
    return b"".join(_field(1, _time_series(series)) for series in store)


def _time_series(series: Series) -> bytes:
    labels = (
        _field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in series.labels
    )
    samples = (
        _field(2, b"\x09" + _double(value) + b"\x10" + _varint(at))
        for at, value in zip(series.times, series.values, strict=True)
    )
    return b"".join(labels) + b"".join(samples)


def _double(value: float) -> bytes:
    return _STALE_NAN if math.isnan(value) else struct.pack("<d", value)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _snappy(content: bytes) -> bytes:
    """The content in Snappy's block format, as literals only."""
    pieces = [content[at : at + 65536] for at in range(0, len(content), 65536)]
    literals = (bytes([61 << 2]) + struct.pack("<H", len(piece) - 1) + piece for piece in pieces)
    return _varint(len(content)) + b"".join(literals)
