"""The edges of the process: its streams, its locale, its user, and what it is given."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from aftergreen.config import load
from tests.small import SMALL
from tests.waiting import HANG
from tui.cli import main

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 12345
HOSTILE = "\x1b]52;c;aGk=\x07\x9b31m\u202e"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused = SMALL.replace("https://metrics.example/prometheus/", "http://127.0.0.1:9")
    Path("aftergreen.toml").write_text(refused, encoding="utf-8")


def shell(line: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run ``aftergreen …`` as a shell would."""
    command = line.replace("aftergreen", f"{shlex.quote(sys.executable)} -m tui", 1)
    given = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", **(env or {})}
    return subprocess.run(
        ["bash", "-c", command], env=given, capture_output=True, check=False, timeout=HANG, cwd=Path.cwd()
    )


GATE = "aftergreen gate --version v2 --json"


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        # Without somebody at the keys it is a gate.
        ("aftergreen watch --version v2 <&-", 3, b"Connection refused"),
        (f"{GATE} <&- 2>&-", 3, b""),
        ("aftergreen gate --version v2 >&- <&-", 3, b"Connection refused"),
        ("aftergreen check >&- 2>&-", 3, b""),
        (f"{GATE} >/dev/full", 1, b"the output cannot be written: no space left on device"),
        ("aftergreen paths >/dev/full", 1, b"the output cannot be written: no space left on device"),
        ("aftergreen --help >/dev/full", 1, b"the output cannot be written: no space left on device"),
        (f"{GATE} 2>/dev/full", 3, b""),
        (f"{GATE} | true; exit ${{PIPESTATUS[0]}}", 30, b"Connection refused"),
        ("aftergreen paths | true; exit ${PIPESTATUS[0]}", 30, b""),
    ],
)
def test_no_stream_that_is_closed_or_full_ends_in_a_traceback(line: str, code: int, said: bytes) -> None:
    ran = shell(line)
    assert b"Traceback" not in ran.stderr
    assert b"Exception ignored" not in ran.stderr
    assert said in ran.stderr
    assert ran.returncode == code, ran.stderr
    if "--json" in line and "2>" in line:
        [finish] = [json.loads(text) for text in ran.stdout.splitlines()]
        assert (finish["type"], finish["exit_code"]) == ("finish", 3)


IN_ONE = """
import sys
from tui.cli import main
print([int(main(line.split())) for line in sys.argv[1:]], file=sys.stderr)
"""


@pytest.mark.parametrize("locale", ["en_US.ISO-8859-1", "C"])
def test_any_locale_gets_the_same_codes_in_characters_that_it_has(locale: str) -> None:
    env = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": str(ROOT)}
    lines = ["--help", "drill list", "check", "gate --version v2 --operator Zoë", "gate --version v2 --json"]
    ran = subprocess.run(
        [sys.executable, "-c", IN_ONE, *lines],
        env={**os.environ, **env},
        capture_output=True,
        check=True,
        timeout=HANG,
    )
    assert ran.stderr.splitlines()[-1] == b"[0, 0, 3, 3, 3]"
    assert (ran.stdout + ran.stderr).isascii()
    assert b"\\u" not in ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1])["exit_code"] == 3


@pytest.mark.parametrize("line", ["paths", "gate --version v2"])
def test_who_has_no_home_is_told_what_to_set(line: str) -> None:
    # This Python may lie where nobody else can read.
    names = "getpass, importlib.readers, platformdirs.unix, tui.cli"
    ours = "aftergreen.journal.sqlite, aftergreen.output.history"
    become = f"import os, sys; os.setgid({NOBODY}); os.setuid({NOBODY})"
    if os.geteuid() != 0:
        # Who cannot become somebody without an entry has a system without a list of users.
        become = "import sys; sys.modules['pwd'] = None"
    program = f"import {names}, {ours}; {become}; sys.exit(tui.cli.main({shlex.split(line)!r}))"
    env = {name: value for name, value in os.environ.items() if name != "HOME" and "XDG" not in name}
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env=env | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        timeout=HANG,
    )
    assert ran.returncode == 2, ran.stderr
    assert ran.stderr.startswith(b"this user has no home directory: set HOME, or XDG_STATE_HOME to a folder")


def told(words: Sequence[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main(words)
    return (code, *capsys.readouterr())


EMPTY = "it is empty: give it a value, or leave the option away"


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        *((option, value, EMPTY) for option in ("--version", "--previous") for value in ("", "  ")),
        *((option, "", EMPTY) for option in ("--operator", "--journal", "-c")),
        ("--version", HOSTILE, "holds characters that cannot be shown: leave them out"),
        ("--version", "v2\n", "holds characters that cannot be shown"),
        ("--previous", "v1\udcff", "holds characters that cannot be shown"),
        ("--version", "v" * 201, "it has more than 200 characters: no version has"),
        ("-c", f"a{HOSTILE}.toml", "holds characters that cannot be shown"),
        ("--journal", f"/a/{HOSTILE}", "holds characters that cannot be shown"),
        (
            "--baseline",
            "foo",
            "'foo' is none: write before, yesterday, last-week, previous-release or control",
        ),
        ("--deployed-at", "9" * 30, "is no time"),
        ("--deployed-at", "", "is no time"),
        ("--nonsense", HOSTILE, "unrecognized arguments: --nonsense"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(
    option: str, value: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["gate", "--json", "--version", "v2", f"{option}={value}" if option != "-c" else f"-c{value}"]
    if value == "" and option == "-c":
        words[-1:] = ["-c", ""]
    code, out, err = told(words, capsys)
    assert code == 2
    assert said in err, err
    assert option in err
    assert all(character.isprintable() for line in err.splitlines() for character in line)
    finish = json.loads(out)
    assert (finish["type"], finish["state"], finish["exit_code"]) == ("finish", "usage", 2)
    assert said in finish["missing"][0]


@pytest.mark.parametrize(
    "release", ["shop.toml@", "shop.toml@ ", f"shop.toml@{HOSTILE}", "shop.toml@v1..\x07"]
)
def test_a_release_among_several_is_held_to_the_same(
    release: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = told(["gate", release], capsys)
    assert code == 2
    assert all(character.isprintable() for line in err.splitlines() for character in line)


def test_an_interrupt_leaves_a_finish_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tui.commands.gate.sessions", interrupted)
    code, out, err = told(["gate", "--json", "--version", "v2"], capsys)
    assert (code, err) == (30, "interrupted\n")
    assert json.loads(out)["state"] == "abandoned"


@pytest.mark.parametrize("variable", ["AFTERGREEN_JOURNAL", "XDG_STATE_HOME", "XDG_CONFIG_HOME"])
def test_a_path_from_the_environment_drives_no_terminal(
    variable: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, f"/a/{HOSTILE}")
    code, out, err = told(["paths"], capsys)
    assert (code, out) == (2, "")
    assert err == f"{variable} names a path with control characters: give it another name\n"


def test_a_service_is_the_same_in_either_unicode_form(tmp_path: Path) -> None:
    for name in ("café", "cafe\u0301"):
        (tmp_path / "one.toml").write_text(SMALL.replace('"shop"', f'"{name}"'), encoding="utf-8")
        assert load(tmp_path / "one.toml").service.name == "café"
