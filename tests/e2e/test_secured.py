"""The source against a real Prometheus that asks for a certificate of the client and for a password."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
import trustme

from aftergreen.model import Backend, Indicator, Kind, Reading, Signal, View
from aftergreen.sources.prometheus import PrometheusSource
from tests.e2e.servers import Prometheus

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]

USER, PASSWORD = "aftergreen", "open sesame"
HASHED = "$2b$04$aT6e2h4u6diC.x0n3psY0.bMt9pu/M5juTQ8o5Dx1ZQWgds5LulVu"
ANSWER = Signal(Indicator.SATURATION, "answer", "none", 60.0, query="vector(42)")


@dataclass(frozen=True, slots=True)
class Secured:
    """The backend as somebody configures it who may read it, and a certificate of another authority."""

    backend: Backend
    stranger: Path


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    authority, another = trustme.CA(), trustme.CA()
    ca, certificate = folder / "ca.pem", folder / "client.pem"
    stranger = folder / "stranger.pem"
    authority.cert_pem.write_to_path(ca)
    authority.issue_cert("ana@example.org").private_key_and_cert_chain_pem.write_to_path(certificate)
    another.issue_cert("ana@example.org").private_key_and_cert_chain_pem.write_to_path(stranger)
    server = authority.issue_cert("127.0.0.1")
    server.private_key_pem.write_to_path(folder / "server.key")
    server.cert_chain_pems[0].write_to_path(folder / "server.pem")
    tls = {
        "cert_file": "server.pem",
        "key_file": "server.key",
        "client_ca_file": "ca.pem",
        "client_auth_type": "RequireAndVerifyClientCert",
    }
    web = folder / "web.yml"
    web.write_text(json.dumps({"tls_server_config": tls, "basic_auth_users": {USER: HASHED}}))
    backend = Backend(
        "", ca_file=str(ca), client_cert=str(certificate), basic_auth_env="AFTERGREEN_TEST_PASSWORD"
    )
    context = ssl.create_default_context(cafile=str(ca))
    context.load_cert_chain(certificate)
    client = httpx.Client(verify=context, auth=(USER, PASSWORD), trust_env=False)
    with Prometheus(folder, (), f"--web.config.file={web}", client=client) as prometheus:
        yield Secured(replace(backend, url=prometheus.url), stranger)


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERGREEN_TEST_PASSWORD", f"{USER}:{PASSWORD}")


async def read(backend: Backend) -> Reading:
    source = PrometheusSource(backend)
    try:
        at = 1_767_000_000.0
        return (await source.read([ANSWER], at, View("v2", None))).readings[ANSWER.key]
    finally:
        await source.close()


async def test_who_has_certificate_and_password_is_answered(secured: Secured) -> None:
    assert await read(secured.backend) == Reading.of(42.0)


async def test_a_server_of_an_unknown_authority_is_not_believed(secured: Secured) -> None:
    reading = await read(replace(secured.backend, ca_file=None))
    assert reading.kind is Kind.BLIND
    assert "its certificate is not trusted" in reading.detail
    assert reading.detail.endswith(": set ca_file of [metrics]")


@pytest.mark.parametrize("theirs", [False, True])
async def test_without_a_certificate_that_it_trusts_nothing_is_answered(
    secured: Secured,
    theirs: bool,  # noqa: FBT001  # a column
) -> None:
    backend = replace(secured.backend, client_cert=str(secured.stranger) if theirs else None)
    # Now and then the alert comes after the first byte was written, now and then before.
    for _ in range(20):
        reading = await read(backend)
        assert reading.kind is Kind.BLIND
        assert reading.detail.endswith("refuses like this: check client_cert of [metrics]")


async def test_a_wrong_password_is_told_and_not_shown(
    secured: Secured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERGREEN_TEST_PASSWORD", f"{USER}:abracadabra")
    assert await read(secured.backend) == Reading.unknown(
        Kind.BLIND,
        "Prometheus answered 401: Unauthorized: check bearer_token_env, bearer_token_file or basic_auth_env "
        "of [metrics], or the tenant in headers",
    )
