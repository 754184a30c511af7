"""All talk with the backend: what breaks on the way, deadlines, and who may ask."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aftergreen.model import Backend, Kind
from aftergreen.sources.http import CONNECTIONS, ERROR_LIMIT, Client
from aftergreen.sources.prometheus import PrometheusSource
from aftergreen.sources.protocol import SourceUnavailable
from tests.scripted import (
    Reply,
    Request,
    error,
    scripted,
    vector,
)
from tests.sourced import ANY, AT, POOL, always, read, reading
from tests.waiting import HANG, in_no_time


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
        (
            Reply(b" " * (4 * 1024 * 1024 + 1)),
            "Prometheus sent more than 4 MiB: aggregate the query, or raise",
        ),
        (Reply(b"x" * (ERROR_LIMIT + 1), 500), "Prometheus answered 500: xxx"),
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
    assert got.detail == (
        f"Prometheus had sent {len(vector('1'))} bytes of its answer after 30 s: see what slows the way to"
        " it, or raise metrics.timeout"
    )


async def test_a_server_that_refuses_post_is_asked_with_get() -> None:
    def script(request: Request) -> Reply:
        return Reply(status=405) if request.method == "POST" else Reply(vector("1000"))

    assert (await reading(script)).value == 1000.0


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


@pytest.mark.parametrize("turns", range(13))
async def test_questions_that_are_given_up_at_any_moment_cost_no_connection(turns: int) -> None:
    """A pool of httpcore may lose one for ever where a request is cancelled as it gets it (#1093)."""
    async with scripted(always(Reply(vector("1")))) as backend:
        client = Client(Backend(backend.url))
        form = {"query": "sum(pool)"}
        for _ in range(3):
            asked = [asyncio.create_task(client.ask("query", form)) for _ in range(3 * CONNECTIONS)]
            for _ in range(turns):
                await asyncio.sleep(0)
            for one in asked:
                one.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        async with asyncio.timeout(HANG):
            answers = await asyncio.gather(*(client.ask("query", form) for _ in range(CONNECTIONS)))
        assert {status for status, _ in answers} == {200}
        await client.close()
