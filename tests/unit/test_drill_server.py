"""The metrics server of the demo, asked over loopback, and the rollback command that calls it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from aftergreen.drill import switch as switching
from aftergreen.drill.server import DrillServer
from aftergreen.drill.service.simulated import PREVIOUS, RELEASED, SimulatedService, Simulation
from tests.made_up import HeldClock
from tests.waiting import HANG

START = 1_800_000_000.0
INSTANCES = Simulation().names
STATUS = {"bad_data": 400, "execution": 422}


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(START + 60)


@pytest.fixture
def server(clock: HeldClock) -> Iterator[DrillServer]:
    server = DrillServer(SimulatedService(7, START, START + 60, Simulation()), clock)
    yield server
    server.close()


@pytest.fixture
def client(server: DrillServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False, timeout=HANG) as client:
        yield client


def ask(client: httpx.Client, query: str, **parameters: str) -> dict[str, Any]:
    body = client.get("/api/v1/query", params={"query": query, **parameters}).json()
    assert body["status"] == "success", body
    data: dict[str, Any] = body["data"]
    return data


def test_an_answer_is_the_one_of_prometheus(client: httpx.Client) -> None:
    answer = client.get("/api/v1/query", params={"query": 'count by (version) (app_info{job="checkout"})'})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {
        "status": "success",
        "data": {
            "resultType": "vector",
            "result": [{"metric": {"version": PREVIOUS}, "value": [START + 60, "4"]}],
        },
    }


def test_the_time_of_a_query_defaults_to_the_simulated_now(client: httpx.Client, clock: HeldClock) -> None:
    clock.time = START + 61.5
    assert ask(client, "time()") == {"resultType": "scalar", "result": [START + 61.5, "1800000061.5"]}
    assert ask(client, "time()", time="2027-01-15T08:00:10Z")["result"] == [START + 10, "1800000010"]


def test_every_answer_is_up_to_date(client: httpx.Client, clock: HeldClock) -> None:
    assert ask(client, "max(timestamp(app_info))")["result"][0]["value"][1] == "1800000060"
    clock.time = START + 75
    assert ask(client, "max(timestamp(app_info))")["result"][0]["value"][1] == "1800000074"


def test_a_query_about_the_future_is_answered_with_what_exists(client: httpx.Client) -> None:
    assert ask(client, "max(timestamp(app_info))", time=str(START + 90))["result"][0]["value"] == [
        START + 90,
        "1800000060",
    ]
    assert ask(client, "app_info", time=str(START + 9000))["result"] == []


def test_a_range_has_a_value_at_every_step(client: httpx.Client) -> None:
    form = {"query": "sum(app_info)", "start": f"{START + 50.5}", "end": f"{START + 60}", "step": "4s"}
    body = client.post("/api/v1/query_range", data=form).json()
    points = [[START + 50.5, "4"], [START + 54.5, "4"], [START + 58.5, "4"]]
    assert body["data"] == {"resultType": "matrix", "result": [{"metric": {}, "values": points}]}


def test_raw_samples_come_as_a_matrix(client: httpx.Client) -> None:
    data = ask(client, f'app_info{{instance="{INSTANCES[0]}"}}[5s]')
    assert data["resultType"] == "matrix"
    assert data["result"][0]["values"] == [[START + 56, "1"], [START + 58, "1"], [START + 60, "1"]]


@pytest.mark.parametrize(
    ("query", "shown"), [("1 / 0", "+Inf"), ("-1 / 0", "-Inf"), ("0 / 0", "NaN"), ("1 / 4", "0.25")]
)
def test_numbers_are_written_as_prometheus_writes_them(client: httpx.Client, query: str, shown: str) -> None:
    assert ask(client, query)["result"][1] == shown


@pytest.mark.parametrize(
    ("path", "parameters", "kind", "says"),
    [
        ("query", {"query": "sum("}, "bad_data", "parse error"),
        ("query", {}, "bad_data", 'invalid parameter "query"'),
        ("query", {"query": "up", "time": "noon"}, "bad_data", 'cannot parse "noon"'),
        ("query", {"query": "up", "time": "inf"}, "bad_data", 'cannot parse "inf"'),
        ("query", {"query": "topk(1, up)"}, "execution", "simulated backend"),
        ("query_range", {"query": "up"}, "bad_data", 'invalid parameter "start"'),
        (
            "query_range",
            {"query": "up", "start": "9", "end": "1", "step": "1"},
            "bad_data",
            "before start",
        ),
        (
            "query_range",
            {"query": "up", "start": "1", "end": "9", "step": "x"},
            "bad_data",
            "valid duration",
        ),
        (
            "query_range",
            {"query": "up", "start": "1", "end": "9", "step": "-1"},
            "bad_data",
            "step widths",
        ),
        (
            "query_range",
            {"query": "up", "start": "1", "end": "99999", "step": "1"},
            "bad_data",
            "11,000",
        ),
        (
            "query_range",
            {"query": "up[1m]", "start": "1", "end": "9", "step": "1"},
            "bad_data",
            "range vector",
        ),
    ],
)
def test_what_cannot_be_answered_is_refused_as_by_prometheus(
    client: httpx.Client, path: str, parameters: dict[str, str], kind: str, says: str
) -> None:
    answer = client.get(f"/api/v1/{path}", params=parameters)
    body = answer.json()
    assert (answer.status_code, body["status"], body["errorType"]) == (STATUS[kind], "error", kind)
    assert says in body["error"]


def test_many_questions_at_once_are_all_answered_alike(client: httpx.Client) -> None:
    query = "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[30s])))"
    with ThreadPoolExecutor(60) as pool:
        answers = list(pool.map(lambda _: ask(client, query)["result"], range(60)))
    assert all(answer == answers[0] and answer for answer in answers)


def test_the_service_is_switched_by_a_post_and_by_nothing_else(
    client: httpx.Client, clock: HeldClock
) -> None:
    assert client.get("/-/switch", params={"version": RELEASED}).status_code == 404
    form = {"version": RELEASED, "instance": INSTANCES[0]}
    assert client.post("/-/switch", data=form).json()["instances"][INSTANCES[0]] == RELEASED
    clock.time += 2
    running = ask(client, "count by (version) (app_info)")["result"]
    assert {one["metric"]["version"]: one["value"][1] for one in running} == {PREVIOUS: "3", RELEASED: "1"}
    refused = client.post("/-/switch", data={"version": "v9"})
    assert refused.status_code == 404
    assert "no version v9" in refused.json()["error"]


@pytest.mark.parametrize(("path", "status"), [("/-/healthy", 200), ("/nothing", 404), ("/", 404)])
def test_other_paths(client: httpx.Client, path: str, status: int) -> None:
    assert client.get(path).status_code == status


def test_a_body_without_a_length_is_refused(client: httpx.Client) -> None:
    answer = client.post("/api/v1/query", content=iter([b"query=up"]))
    assert answer.status_code == 411


def switched(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aftergreen.drill.switch", *arguments]
    # A proxy and a plain locale, as a bastion may have them, change nothing.
    environment = os.environ | {"http_proxy": "http://127.0.0.1:9", "LC_ALL": "C", "PYTHONUTF8": "0"}
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=HANG, env=environment)


def test_the_rollback_command_replaces_every_instance_and_says_so(
    server: DrillServer, client: httpx.Client, clock: HeldClock
) -> None:
    client.post("/-/switch", data={"version": RELEASED})
    clock.time += 10
    began = time.monotonic()
    result = switched(server.url, PREVIOUS)
    assert (result.returncode, result.stderr) == (0, "")
    assert time.monotonic() - began >= 2
    lines = result.stdout.splitlines()
    assert [line for line in lines if line.startswith("replacing")] == [
        f"replacing {name} ({number} of 4): {RELEASED} by {PREVIOUS}"
        for number, name in enumerate(INSTANCES, 1)
    ]
    clock.time += 10
    (running,) = ask(client, "count by (version) (app_info)")["result"]
    assert (running["metric"], running["value"][1]) == ({"version": PREVIOUS}, "4")


def test_a_version_that_is_not_there_is_one_sentence(server: DrillServer) -> None:
    result = switched(server.url, "v9")
    assert result.returncode == 1
    refusal = f"the simulated service has no version v9, only {PREVIOUS}, {RELEASED}"
    assert result.stderr == f"The service was not switched: {refusal}.\n"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nonsense", "ftp://x/"])
def test_a_server_that_is_not_there_is_one_sentence(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert switching.main([url, PREVIOUS]) == 1
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err == f"The simulated service at {url} does not answer: is the demo still running?\n"


def test_the_command_needs_an_address_and_a_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert switching.main(["http://127.0.0.1:9"]) == 2
    assert capsys.readouterr().err.startswith("usage:")
