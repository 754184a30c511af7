"""Real commands: what reaches them, where their output goes, how they end."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aftergreen.rollback.run import Outcome, run
from tests.waiting import HANG

# Writes down what it was given and where it runs.
WITNESS = """
import json, os, sys
seen = {"argv": sys.argv[2:], "sid": os.getsid(0), "pid": os.getpid(), "stdin": sys.stdin.read(),
        "ttys": [os.isatty(n) for n in (0, 1, 2)], "mark": os.environ.get("AFTERGREEN_TEST_MARK")}
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(seen, file)
"""

BRIEF = 1.0
"""Seconds of a timeout that is meant to be over soon."""


def ignore(_pid: int) -> None:
    """Nobody asks for the number."""


def execute(folder: Path, script: str, *arguments: str, started: Callable[[int], None] = ignore) -> Outcome:
    argv = [sys.executable, "-c", script, *arguments]
    return run(argv, timeout=HANG, output=output_of(folder), started=started)


def output_of(folder: Path) -> Path:
    return folder / "outputs" / "1.log"


def wait_for(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + HANG
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_arguments_arrive_unchanged(tmp_path: Path) -> None:
    arguments = [
        "a b",
        "'single' \"double\"",
        "$(touch pwned) `touch pwned` $HOME",
        "two\nlines\ttab",
        "ünï→🚀",
        "",
    ]
    outcome = execute(tmp_path, WITNESS, str(tmp_path / "seen"), *arguments)
    assert outcome.succeeded
    assert json.loads((tmp_path / "seen").read_text())["argv"] == arguments


def test_it_runs_in_its_own_session_without_terminal_and_with_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERGREEN_TEST_MARK", "here")
    pids: list[int] = []
    execute(tmp_path, WITNESS, str(tmp_path / "seen"), started=pids.append)
    seen = json.loads((tmp_path / "seen").read_text())
    assert [seen["pid"]] == [seen["sid"]] == pids
    assert seen["sid"] != os.getsid(0)
    assert seen["stdin"] == ""
    assert seen["ttys"] == [False, False, False]
    assert seen["mark"] == "here"


def test_both_streams_are_whole_in_the_output_file(tmp_path: Path) -> None:
    lines = "import os\nfor n in range(2000): os.write(1 + n % 2, b'%05d\\n' % n)\n"
    assert execute(tmp_path, lines + "os.write(1, b'\\x1b\\xff' * 50000)").succeeded
    expected = b"".join(b"%05d\n" % n for n in range(2000)) + b"\x1b\xff" * 50000
    assert output_of(tmp_path).read_bytes() == expected
    assert output_of(tmp_path).stat().st_mode & 0o777 == 0o600


def test_of_too_much_output_the_beginning_and_the_end_are_kept(tmp_path: Path) -> None:
    noisy = "import sys, time\nfor n in range(40):\n print('%06d' % n * 20, flush=True); time.sleep(0.02)\n"
    argv = [sys.executable, "-c", noisy]
    outcome = run(argv, timeout=HANG, output=tmp_path / "1.log", started=ignore, bound=2000)
    text = (tmp_path / "1.log").read_text()
    assert outcome.succeeded
    assert text.startswith("000000")
    assert text.endswith("000039\n")
    assert "bytes of output left out" in text
    assert len(text) < 40 * 121


def test_a_second_attempt_does_not_wipe_the_first_ones_output(tmp_path: Path) -> None:
    execute(tmp_path, "print('one')")
    execute(tmp_path, "print('two')")
    assert output_of(tmp_path).read_text() == "one\ntwo\n"


@pytest.mark.parametrize(
    ("script", "code"), [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", -9)]
)
def test_a_command_that_fails_says_how(tmp_path: Path, script: str, code: int) -> None:
    outcome = execute(tmp_path, script)
    assert (outcome.exit_code, outcome.timed_out, outcome.error) == (code, False, None)
    assert not outcome.succeeded


@pytest.mark.parametrize(
    "argv",
    [["no-such-program-anywhere"], ["/"], [], ["true", "nul\0byte"]],
    ids=["missing", "a folder", "empty", "nul"],
)
def test_what_cannot_be_started_is_an_outcome(tmp_path: Path, argv: list[str]) -> None:
    pids: list[int] = []
    outcome = run(argv, timeout=HANG, output=tmp_path / "1.log", started=pids.append)
    assert (outcome.exit_code, outcome.timed_out, outcome.succeeded, pids) == (None, False, False, [])
    assert outcome.error is not None
    assert "could not be started" in outcome.error


def test_an_output_file_that_cannot_be_written_is_an_outcome(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = run(["true"], timeout=HANG, output=tmp_path / "file" / "1.log", started=ignore)
    assert outcome.error is not None
    assert "cannot be written (Not a directory)" in outcome.error


def test_what_a_command_left_behind_in_good_time_goes_on(tmp_path: Path) -> None:
    script = "import subprocess, sys; subprocess.Popen(sys.argv[1:])"
    waits = 'until [ -e "$0" ]; do sleep 0.01; done; echo later'
    assert execute(tmp_path, script, "sh", "-c", waits, str(tmp_path / "go")).succeeded
    assert output_of(tmp_path).read_text() == ""
    (tmp_path / "go").touch()
    wait_for(lambda: read(output_of(tmp_path)) == "later\n")
