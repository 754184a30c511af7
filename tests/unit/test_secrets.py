"""What a backend is told about us stands in nothing that is shown, written or recorded."""

from __future__ import annotations

import json
import shlex
import subprocess
from base64 import b64encode
from contextlib import closing
from pathlib import Path

import pytest

from aftergreen.clean import clean
from aftergreen.config import ConfigError, load, loads
from aftergreen.hidden import MASK, hide
from aftergreen.journal import open_journal
from aftergreen.journal.codec import encode, seal
from aftergreen.model import Backend, Kind, Release
from aftergreen.output.jsonl import print_refused
from aftergreen.promql import curl
from aftergreen.sources.answer import parse
from aftergreen.verdict.ending import ExitCode
from tests.scripted import Reply, Request, answer
from tests.small import SMALL
from tests.sourced import reading
from tests.waiting import HANG

TOKEN = "abc.def-0123456789"  # noqa: S105  # what is looked for


def configured(*lines: str, url: str = "https://metrics.example") -> str:
    return SMALL.replace("https://metrics.example/prometheus/", url).replace(
        "[metrics]", "\n".join(["[metrics]", *lines])
    )


def echo(request: Request) -> Reply:
    """A refusal that says aloud what it was told."""
    told = (request.headers.get(name, "") for name in ("authorization", "private-token", "x-key"))
    return Reply(f"who is {'; '.join(filter(None, told))}?".encode(), 401)


@pytest.mark.parametrize(
    ("options", "value", "secrets"),
    [
        ({"bearer_token_env": "T"}, TOKEN, (TOKEN,)),
        ({"headers_env": {"PRIVATE-TOKEN": "T"}}, TOKEN, (TOKEN,)),
        ({"basic_auth_env": "T"}, "ana:open sesame", (b64encode(b"ana:open sesame").decode(), "open sesame")),
        ({"headers_env": {"X-Key": "T"}}, 'say "friend"', ('say "friend"',)),
    ],
)
async def test_what_a_backend_echoes_is_blotted_out(
    options: dict[str, str], value: str, secrets: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T", value)
    got = await reading(echo, **options)  # type: ignore[arg-type]  # fields by name
    assert got.kind is Kind.BLIND
    assert MASK in got.detail
    assert not [one for one in secrets if one in got.detail]


def test_values_are_known_at_load_and_cut_out_of_every_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("T", TOKEN)
    monkeypatch.setenv("U", "https://metrics.example/t/Zk3vQ9xTt71LmNbR5cWd/")
    text = configured(
        'url_env = "U"', 'bearer_token_env = "T"', 'headers = { X-Api-Key = "0123456789" }', url=""
    ).replace('url = ""\n', "")
    (tmp_path / "a.toml").write_text(text, encoding="utf-8")
    plan = load(tmp_path / "a.toml")
    secrets = (TOKEN, "Zk3vQ9xTt71LmNbR5cWd", "0123456789")
    said = f"curl: {TOKEN} Zk3vQ9xTt71LmNbR5cWd 0123456789 metrics"
    assert clean(said) == "curl: *** *** *** metrics"
    print_refused(ExitCode.USAGE, [clean(said)], 0.0)
    written = capsys.readouterr().out + repr(plan) + json.dumps(encode(plan))
    with closing(open_journal(tmp_path / "journal.db", "x")) as journal:
        release = Release("shop", "prod", "v2", None, 1e9)
        opened = journal.open_release(release, seal="s", plan=encode(plan), baseline={}, by="ana", at=1e9)
        written += str([entry.body for entry in journal.entries(opened.record.release)])
    written += (tmp_path / "journal.db").read_bytes().decode("latin-1")
    written += (
        (tmp_path / "journal.db-wal").read_bytes().decode("latin-1")
        if (tmp_path / "journal.db-wal").exists()
        else ""
    )
    assert not [secret for secret in secrets if secret in written]
    assert "$U" in written


def test_a_command_is_run_to_the_letter_whatever_the_secrets_are(tmp_path: Path) -> None:
    hide("production")
    body = {"command": ["undo", "--in=production"], "output": "/a/production.log", "timeout": 1.0}
    with closing(open_journal(tmp_path / "journal.db", "x")) as journal:
        wanted = Release("shop", "prod", "v2", None, 1e9)
        release = journal.open_release(
            wanted, seal="s", plan={}, baseline={}, by="ana", at=1e9
        ).record.release
        journal.claim(release, at=1e9, body=body, by="ana")
        claim = journal.claimed(release)
    assert claim is not None
    assert claim.body == body


def test_a_secret_that_changes_changes_no_seal() -> None:
    one, other = (
        loads(configured(f'headers = {{ X-Api-Key = "{value}", X-Scope-OrgID = "prod" }}'))
        for value in ("0123456789", "9876543210")
    )
    tenant = loads(configured('headers = { X-Api-Key = "0123456789", X-Scope-OrgID = "test" }'))
    assert seal(one, {}) == seal(other, {}) != seal(tenant, {})


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        *(("X-Scope-OrgID", False), ("x-tenant", False), ("THANOS-TENANT", False), ("Content-Type", False)),
        *(("X-Team-Token", True), ("X-Tenant-Key", True), ("PRIVATE-TOKEN", True), ("X-Anything", True)),
    ],
)
def test_a_header_is_a_secret_unless_it_says_whose_metrics_are_meant(name: str, secret: bool) -> None:  # noqa: FBT001  # a column
    backend = Backend("https://a.example", headers={name: "0123456789"})
    assert (name in backend.secret_headers) is secret
    assert (backend.public().headers[name] == MASK) is secret


def test_two_backends_that_are_shown_alike_have_two_seals(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [loads(configured(url=f"https://a.example/{name}-0000000000000001")) for name in ("test", "prod")]
    assert len({encode(plan)["backend"]["url"][:-4] for plan in paths}) == 1  # type: ignore[index]  # a table
    assert len({seal(plan, {}) for plan in paths}) == 2
    named = []
    for value in ("https://a.example", "https://b.example"):
        monkeypatch.setenv("U", value)
        named.append(loads(configured('url_env = "U"', url="").replace('url = ""\n', "")))
    assert len({seal(plan, {}) for plan in named}) == 2


def test_no_secret_changes_what_a_label_says() -> None:
    hide("stable")
    found = parse(200, answer("vector", [{"metric": {"version": "2.4.1-stable"}, "value": [1.0, "1"]}]))
    assert found.series[0].labels == {"version": "2.4.1-stable"}
    assert clean("2.4.1-stable") == f"2.4.1-{MASK}"


@pytest.mark.parametrize("value", ["", "a", "12345"])
def test_what_is_too_short_to_be_a_secret_is_left_in_texts(value: str) -> None:
    hide(value)
    assert clean("a 12345 b") == "a 12345 b"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (('url_env = "U"', 'url = "https://a.example"'), "metrics.url_env: found url_env beside url"),
        (('url_env = "U"',), "metrics.url_env: found the variable U, which is not set"),
        (('headers_env = { X-Key = "sk-0123456789" }',), "found text that is none, expected the name of"),
        (('headers_env = "T"',), "metrics.headers_env: found"),
    ],
)
def test_what_is_wrong_with_secrets_is_told_without_them(lines: tuple[str, ...], found: str) -> None:
    text = SMALL.replace('url = "https://metrics.example/prometheus/"', "\n".join(lines))
    with pytest.raises(ConfigError) as raised:
        loads(text)
    assert found in str(raised.value)
    assert "0123456789" not in str(raised.value)


def test_an_address_in_a_variable_is_told_by_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("U", "https://metrics.example/?token=0123456789")
    text = SMALL.replace('url = "https://metrics.example/prometheus/"', 'url_env = "U"')
    with pytest.raises(ConfigError) as raised:
        loads(text)
    assert "metrics.url_env: found the variable U with something else, expected" in str(raised.value)


def test_a_curl_line_asks_with_the_secrets_that_a_shell_has(tmp_path: Path) -> None:
    backend = Backend(
        "https://metrics.example/t/Zk3vQ9xTt71LmNbR5cWd",
        url_env="U",
        headers={"X-Api-Key": "0123456789", "X-Scope-OrgID": "it's", "X-`id`-$HOME": "0123456789"},
        headers_env={"PRIVATE-TOKEN": "T"},
    )
    line = curl(backend, "up", 1.0)
    assert "0123456789" not in line
    assert "Zk3vQ9" not in line
    # What the shell makes of it, without asking anybody.
    shown = tmp_path / "curl"
    shown.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    shown.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "U": "https://u", "T": "t t", "X_API_KEY": "key"}
    ran = subprocess.run(["sh", "-c", line], env=env, capture_output=True, check=True, timeout=HANG)
    words = ran.stdout.decode().splitlines()
    assert words[1] == "https://u/api/v1/query"
    headers = [words[n + 1] for n, word in enumerate(words) if word == "-H"]
    assert headers == ["X-Scope-OrgID: it's", "X-Api-Key: key", "X-`id`-$HOME: ", "PRIVATE-TOKEN: t t"]
    assert shlex.split(line)[0] == "curl"
