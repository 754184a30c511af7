"""``aftergreen init`` before any backend was asked: its options, what it refuses, how it writes a file."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tui.cli import main
from tui.commands import init
from tui.commands.options import UsageError

NOBODY = "http://127.0.0.1:1"
"""Where nothing listens."""


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What is said of a command line that is refused."""
    assert main(["init", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def test_nothing_secret_is_written_into_a_file(
    somewhere: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICS_KEY", "s3cret-of-ours")
    like_one = "0123456789abcdefghijklmnopqrstuv"
    said = refused(capsys, "--url", NOBODY, "--header", f"X-Api-Key={like_one}")
    assert said.startswith(
        "the header X-Api-Key holds a secret: put it into a variable, and give --header-env"
    )
    said += refused(capsys, "--url", f"{NOBODY}/{like_one}/prom")
    assert "holds a secret: put it into a variable, and give --url-env VARIABLE\n" in said
    said += refused(capsys, "--url", "http://ana:hunter2@127.0.0.1:1")
    assert "--url: found an address that holds a user or password, expected one without them" in said
    said += refused(capsys, "--url", NOBODY, "--header-env", "X-Api-Key=METRICS_KEY")
    assert "Connection refused" in said
    assert not {like_one, "hunter2", "s3cret-of-ours"} & set(said.replace("/", " ").split())
    assert list(somewhere.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--url", "metrics.example"],
            '--url: found "metrics.example", expected http:// or https:// and a host',
        ),
        (["--url", NOBODY, "--header", "X-Scope-OrgID"], "'X-Scope-OrgID' is no pair: write NAME=VALUE"),
        (["--waive", "profit=none"], "'profit' is no indicator: write error-rate, latency"),
        (["--tier", "vital"], "invalid choice: 'vital'"),
        (
            ["--url-env", "NO_SUCH_VARIABLE"],
            "--url-env: found the variable NO_SUCH_VARIABLE, which is not set",
        ),
        (
            ["--url", NOBODY, "--bearer-token-env", "A", "--basic-auth-env", "B"],
            "--basic-auth-env: found basic_auth_env beside bearer_token_env, expected one way to",
        ),
        (["--update"], "aftergreen.toml: found no such file, expected a configuration to be added to"),
    ],
)
def test_an_option_that_cannot_be_is_one_sentence(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in refused(capsys, *words)


def test_a_file_is_written_whole_or_not_at_all(somewhere: Path) -> None:
    file = somewhere / "aftergreen.toml"
    init.write(file, "one\n")
    file.chmod(0o640)
    init.write(file, "two\n")
    assert file.read_text() == "two\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    with pytest.raises(
        UsageError, match=r"none/aftergreen.toml cannot be written \(no such file or directory\)"
    ):
        init.write(somewhere / "none" / "aftergreen.toml", "three\n")
    assert [path.name for path in somewhere.iterdir()] == ["aftergreen.toml"]


def test_a_link_stays_one(somewhere: Path) -> None:
    kept = somewhere / "kept.toml"
    kept.write_text("one\n")
    link = somewhere / "aftergreen.toml"
    link.symlink_to(kept)
    init.write(link, "two\n")
    assert link.is_symlink()
    assert kept.read_text() == "two\n"
