"""Addresses by their parts: no spelling of one leads around what holds for it."""

from __future__ import annotations

import httpx
import pytest

from aftergreen.config import ConfigError, loads
from aftergreen.model import Address, without_secrets
from tests.small import SMALL, with_signal


@pytest.mark.parametrize(
    ("spelt", "meant"),
    [
        ("HTTPS://Prom.Example.", "https://prom.example"),
        ("https://prom.example:443/", "https://prom.example"),
        ("http://prom.example:80/a/", "http://prom.example/a/"),
        ("http://BÜCHER.example/a", "http://xn--bcher-kva.example/a"),
        ("http://bücher。example", "http://xn--bcher-kva.example"),
        ("http://[0:0:0:0:0:0:0:1]:9090", "http://[::1]:9090"),
        ("http://[FE80::1%25eth0]:9090", "http://[fe80::1%eth0]:9090"),
        ("http://[fe80::1%eth0]", "http://[fe80::1%eth0]"),
        ("TCP://db_1:5432", "tcp://db_1:5432"),
        ("http://prom:9090/health?deep=1", "http://prom:9090/health?deep=1"),
    ],
)
def test_two_spellings_of_a_place_are_one_address(spelt: str, meant: str) -> None:
    address = Address.of(spelt)
    assert str(address) == meant
    assert Address.of(meant) == address
    if address.scheme != "tcp":
        # What is asked later on reads the same parts in it.
        theirs = httpx.URL(meant)
        assert (theirs.scheme, theirs.raw_host.decode(), theirs.port) == (
            address.scheme,
            address.host,
            address.port,
        )


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "prom:9090",
            "http://",
            "http:///x",
            "http://a:0",
            "http://a:70000",
            "http://a:x",
            "http://a b",
        ),
        *("http://ana@prom", "http://ana:secret@prom", "http://@prom", "http://:@prom", "http://prom#x"),
        *(
            "http://pr\nom",
            "http://prom\t",
            "http://prom\\@evil",
            "http://pr%6fm",
            "http://.prom",
            "http://a..b",
        ),
        *(
            "http://[::1",
            "http://[::g]",
            "http://[fe80::1%/]",
            "http://[1.2.3.4]",
            f"http://{'a' * 64}.example",
        ),
        *(
            "http://\u202eprom",
            "http://\ud800",
            f"http://{'a.' * 128}",
            "http://prom\x9b31m",
            "http://xn--\u00df",
        ),
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # any text of it: the configuration has its own
        Address.of(text)


@pytest.mark.parametrize(
    ("text", "here"),
    [
        *(("http://localhost", True), ("http://LOCALHOST.:1", True), ("http://127.8.8.8", True)),
        *(("http://[::1]", True), ("http://[::ffff:127.0.0.1]", True), ("http://[::1%25lo]", True)),
        # These may lead here, by the grace of a resolver: nothing secret is sent there.
        *(("http://127.1", False), ("http://2130706433", False), ("http://0.0.0.0", False)),
        *(("http://localhost.example", False), ("http://my-localhost", False), ("http://128.0.0.1", False)),
        *(("http://[::2]", False), ("http://[fe80::1]", False), ("http://xn--localhost-", False)),
    ],
)
def test_secrets_go_over_tls_or_to_this_machine(text: str, here: bool) -> None:  # noqa: FBT001  # a column
    assert Address.of(text).is_here is here
    assert Address.of(text).is_safe is here
    assert Address.of(text.replace("http://", "hTTps://")).is_safe


URL = 'url = "https://metrics.example/prometheus/"'
CREDENTIALS = (
    'bearer_token_env = "T"',
    'bearer_token_file = "/run/token"',
    'basic_auth_env = "T"',
    'headers = { X-Api-Key = "0123456789" }',
    'headers_env = { X-Api-Key = "T" }',
)


@pytest.mark.parametrize("credentials", CREDENTIALS)
@pytest.mark.parametrize("url", ["http://prom.example", "HTTP://Prom.example.", "http://127.1:9090"])
def test_credentials_beside_plain_http_are_refused(credentials: str, url: str) -> None:
    with pytest.raises(ConfigError) as raised:
        loads(SMALL.replace(URL, f'url = "{url}"\n{credentials}'))
    [fault] = raised.value.faults
    assert fault.place == "metrics.url"
    assert fault.sentence().endswith(
        "beside credentials, expected https:// or this machine, for secrets are sent over TLS only"
    )


@pytest.mark.parametrize("credentials", [*CREDENTIALS, 'headers = { X-Scope-OrgID = "prod" }'])
@pytest.mark.parametrize("url", ["HTTPS://prom.example", "http://localhost:9090"])
def test_credentials_go_where_they_are_safe(credentials: str, url: str) -> None:
    assert loads(SMALL.replace(URL, f'url = "{url}"\n{credentials}')).backend.address.is_safe


def test_a_tenant_is_no_secret() -> None:
    text = SMALL.replace(URL, 'url = "http://prom.example"\nheaders = { X-Scope-OrgID = "prod" }')
    assert loads(text).backend.headers == {"X-Scope-OrgID": "prod"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://prom:9090/prometheus", "http://prom:9090/prometheus"),
        ("http://host/api/Zk3vQ9xTt71LmNbR5cWd/prom?token=abc", "http://host/api/***/prom?***"),
        ("http://ana:secret@prom/x#frag", "http://***@prom/x#***"),
        ("https://host/6f1c9a52-0b1d-4f0e-9a39-8c1d2e3f4a5b", "https://host/***"),
        ("https://host/a-long-name-without-numbers", "https://host/a-long-name-without-numbers"),
        ("nonsense?key=1", "nonsense?***"),
    ],
)
def test_what_is_shown_of_an_address_holds_no_secret(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
    assert without_secrets(shown) == shown


@pytest.mark.parametrize(
    "probe", ["http://db/health?api_key=x1", "https://db/?TOKEN=x1", "https://db/?X-Amz-Signature=x1"]
)
def test_a_probe_takes_no_secret_along(probe: str) -> None:
    text = with_signal(f'indicator = "dependency"\ndependency = "db"\nprobe = "{probe}"\nrules = []')
    with pytest.raises(ConfigError) as raised:
        loads(text)
    assert "an address without a key or token" in str(raised.value)
    assert "x1" not in str(raised.value)
