"""The proxy that the environment names: used as curl uses it, or told by its variable."""

from __future__ import annotations

import json

import pytest

from aftergreen.model import Address, Backend, Kind
from aftergreen.sources.prometheus import PrometheusSource
from aftergreen.sources.protocol import SourceUnavailable
from aftergreen.sources.proxies import proxy_for
from tests.scripted import Reply, scripted, vector
from tests.small import SMALL
from tests.sourced import ANY, AT, POOL, always
from tui.cli import main

PROM = "http://prom.example:9090"
NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *(("ALL_PROXY", "socks5://127.0.0.1:1"), ("HTTP_PROXY", "ftp://x"), ("http_proxy", "file:///x")),
        *(("HTTP_PROXY", "http://127.0.0.1:99999"), ("all_proxy", "http://[::1"), ("HTTP_PROXY", "http://")),
        *(("HTTP_PROXY", "http://a b:1"), ("HTTP_PROXY", "http://x:port"), ("ALL_PROXY", "\x1b[31m")),
    ],
)
async def test_a_proxy_that_can_be_none_is_blind_and_names_its_variable(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    source = PrometheusSource(Backend(PROM))
    got = (await source.read([POOL], AT, ANY)).readings[POOL.key]
    await source.close()
    assert got.kind is Kind.BLIND
    assert got.detail == (
        f"the variable {variable} names no proxy that can be used: set it to http://HOST:PORT, unset it,"
        " or put prom.example into NO_PROXY"
    )


@pytest.mark.parametrize("value", ["socks5://127.0.0.1:1", "http://127.0.0.1:99999"])
@pytest.mark.parametrize("words", [["gate", "--json", "--version", "v2"], ["check"]])
def test_commands_say_so_and_end_as_always(
    value: str,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: pytest.TempPathFactory,
) -> None:
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.setenv("HTTPS_PROXY", value)
    with open("aftergreen.toml", "w", encoding="utf-8") as file:  # noqa: PTH123  # where we are
        file.write(SMALL)
    assert main(words) == 3
    out, err = capsys.readouterr()
    assert "the variable HTTPS_PROXY names no proxy that can be used" in err
    if "--json" in words:
        finish = json.loads(out.splitlines()[-1])
        assert (finish["type"], finish["exit_code"]) == ("finish", 3)


async def test_a_proxy_is_asked_and_who_does_not_answer_is_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted(always(Reply(vector("1000")))) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("http://", "http://ana:open%20sesame@"))
        source = PrometheusSource(Backend(PROM))
        assert (await source.read([POOL], AT, ANY)).readings[POOL.key].value == 1000.0
        await source.close()
    assert proxy.requests[0].headers["host"] == "prom.example:9090"
    assert proxy.requests[0].headers["proxy-authorization"] == "Basic YW5hOm9wZW4gc2VzYW1l"
    source = PrometheusSource(Backend(PROM))
    got = (await source.read([POOL], AT, ANY)).readings[POOL.key]
    await source.close()
    assert got.detail == f"no answer from {PROM}: Connection refused: check the proxy in HTTP_PROXY"


@pytest.mark.parametrize(
    ("address", "excepted", "proxied"),
    [
        *((PROM, "", True), (PROM, "*", False), (PROM, "prom.example", False), (PROM, ".example", False)),
        *((PROM, "om.example", True), (PROM, "example", False), (PROM, "a, PROM.example. ,b", False)),
        *((PROM, "prom.example:9090", False), (PROM, "prom.example:80", True), (PROM, ",,", True)),
        *(("http://10.1.2.3", "10.0.0.0/8", False), ("http://11.1.2.3", "10.0.0.0/8", True)),
        *(("http://192.168.1.10", "10", True), (PROM, "a prom.example b", False)),
        *(("http://[fd00::7]", "fd00::/8", False), ("http://[fd00::7]", "[fd00::7]", False)),
        *(("http://[fd00::7]", "fd00::7", False), ("http://[fd00::7]:9090", "[fd00::7]:9090", False)),
        *(("http://[fe80::1%eth0]", "fe80::/10", False), ("http://[fd00::7]", "::1,10.0.0.0/99,[", True)),
        # None leads back to this machine.
        *(
            ("http://127.0.0.1:9090", "", False),
            ("http://[::1]", "", False),
            ("http://localhost.", "", False),
        ),
    ],
)
def test_what_is_excepted_is_asked_directly(
    address: str,
    excepted: str,
    proxied: bool,  # noqa: FBT001  # a column
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", excepted)
    found = proxy_for(Address.of(address))
    assert (found is not None) is proxied


def test_the_proxy_of_the_scheme_goes_first_and_lower_case_before_upper(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{name.replace('_', '-')}:1")
    found, secured = proxy_for(Address.of(PROM)), proxy_for(Address.of("https://prom.example"))
    assert found is not None
    assert secured is not None
    assert (found.variable, secured.variable) == ("http_proxy", "ALL_PROXY")
    assert str(found.through.url) == "http://http-proxy:1"


def test_a_password_of_a_proxy_is_in_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "socks5://ana:open-sesame@proxy:1")
    with pytest.raises(SourceUnavailable) as raised:
        proxy_for(Address.of(PROM))
    assert "sesame" not in str(raised.value)
