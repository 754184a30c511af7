"""TLS is verified whatever the spelling of an address, and what is amiss with certificates is told."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from aftergreen.config import loads
from aftergreen.model import Backend, Indicator, Kind, Reading, Signal
from aftergreen.sources.probe import Prober
from aftergreen.sources.prometheus import PrometheusSource
from tests.scripted import Reply, scripted, vector
from tests.small import SMALL
from tests.sourced import ANY, AT, POOL, always
from tests.waiting import HANG

ANSWER = always(Reply(vector("1000")))


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(place)
    return str(place)


@pytest.fixture(autouse=True)
def _system(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


def server_for(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


async def asked(backend: Backend) -> Reading:
    source = PrometheusSource(replace(backend, timeout=HANG))
    try:
        return (await source.read([POOL], AT, ANY)).readings[POOL.key]
    finally:
        await source.close()


@pytest.mark.parametrize("scheme", ["HTTPS", "hTTpS", "https"])
async def test_no_spelling_of_an_address_leads_around_verification(
    scheme: str, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "abc.def")
    async with scripted(ANSWER, server_for(authority, "127.0.0.1")) as server:
        url = server.url.replace("https", scheme)
        text = SMALL.replace("https://metrics.example/prometheus/", url).replace(
            "[metrics]", '[metrics]\nbearer_token_env = "TOKEN"'
        )
        got = await asked(loads(text).backend)
    assert got.kind is Kind.BLIND
    assert "its certificate is not trusted" in got.detail
    assert server.requests == []


async def test_a_certificate_for_another_name_says_for_which(authority: trustme.CA, ca_file: str) -> None:
    names = ("prom.example", "*.metrics.example", "10.0.0.7", "a.example", "b.example", "c.example")
    async with scripted(ANSWER, server_for(authority, *names)) as server:
        got = await asked(Backend(server.url, ca_file=ca_file))
    assert got.kind is Kind.BLIND
    assert got.detail.endswith(
        ": it is for prom.example, *.metrics.example, 10.0.0.7, a.example and 2 more, so put one of them into"
        " metrics.url"
    )
    assert server.requests == []


async def test_a_certificate_for_another_number_says_so_too(authority: trustme.CA, ca_file: str) -> None:
    async with scripted(ANSWER, server_for(authority, "127.0.0.2")) as server:
        got = await asked(Backend(server.url, ca_file=ca_file))
    assert got.detail.endswith(": it is for 127.0.0.2, so put one of them into metrics.url")


async def test_a_server_without_tls_is_told_in_words() -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        got = await asked(Backend(url))
    assert got.detail == (
        f"no answer from {url}: it does not speak TLS (http:// may be meant): check metrics.url"
    )


async def test_an_unknown_authority_is_no_matter_of_names(authority: trustme.CA) -> None:
    async with scripted(ANSWER, server_for(authority, "prom.example")) as server:
        got = await asked(Backend(server.url))
    assert got.detail.endswith(": set ca_file of [metrics]")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
async def test_variables_that_lead_nowhere_are_named_and_plain_http_does_without(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "/nonexistent\x1b[31m")
    cause = f"the variable {variable} names /nonexistent [31m, which is not there: unset it, or mend the path"
    prober = Prober(HANG)
    async with scripted(ANSWER) as server:
        plain, secured, named = (
            Signal(Indicator.DEPENDENCY, name, "s", 60.0, probe=probe, dependency=name)
            for name, probe in (
                ("plain", server.url),
                ("secured", server.url.replace("http", "https")),
                ("named", server.url.replace("http", "tcp")),
            )
        )
        readings = await prober.read([plain, secured, named])
        assert (await asked(Backend(server.url))).value == 1000.0
        got = await asked(Backend(server.url.replace("http", "https")))
    await prober.close()
    assert [readings[one.key].kind for one in (plain, secured, named)] == [Kind.VALUE, Kind.BLIND, Kind.VALUE]
    assert readings[secured.key].detail == cause
    assert (got.kind, got.detail) == (Kind.BLIND, cause)


async def test_a_variable_that_names_no_certificates_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty.pem").write_text("none", encoding="utf-8")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "empty.pem"))
    got = await asked(Backend("https://127.0.0.1:9"))
    assert got.kind is Kind.BLIND
    assert got.detail.startswith("what SSL_CERT_FILE names cannot be read: ")


async def test_a_probe_whose_authority_is_unknown_here_is_blind_and_one_for_another_name_is_down(
    authority: trustme.CA, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal = Signal(Indicator.DEPENDENCY, "a", "s", 60.0, dependency="a")
    async with scripted(ANSWER, server_for(authority, "prom.example")) as server:
        signal = replace(signal, probe=server.url)
        for trusting, kind in ((None, Kind.BLIND), (ca_file, Kind.DOWN)):
            if trusting is not None:
                monkeypatch.setenv("SSL_CERT_FILE", trusting)
            prober = Prober(HANG)
            [reading] = (await prober.read([signal])).values()
            await prober.close()
            assert reading.kind is kind
            assert "its certificate is not trusted" in reading.detail
