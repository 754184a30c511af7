"""Real commands: what reaches them, where their output goes, how they end."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aftergreen.rollback.run import Outcome, run

# Writes down what it was given and where it runs.
WITNESS = """
import json, os, sys
seen = {"argv": sys.argv[2:], "sid": os.getsid(0), "pid": os.getpid(), "stdin": sys.stdin.read(),
        "ttys": [os.isatty(n) for n in (0, 1, 2)], "mark": os.environ.get("AFTERGREEN_TEST_MARK")}
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(seen, file)
"""

# A grandchild that ignores SIGTERM, as does what it starts; its parent would end when asked.
STUBBORN = """
sh -c 'trap "" TERM; echo $$ > "$0"; sleep 60' "$0" &
sleep 60
"""
TIDY = "trap 'echo tidied; exit 0' TERM; echo up; sleep 60 & wait"


def ignore(_pid: int) -> None:
    """Nobody asks for the number."""


async def execute(
    tmp_path: Path, script: str, *arguments: str, started: Callable[[int], None] = ignore
) -> Outcome:
    argv = [sys.executable, "-c", script, *arguments]
    return await run(argv, timeout=20.0, output=tmp_path / "outputs" / "1.log", started=started)


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and unnoticed by its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_arguments_arrive_unchanged(tmp_path: Path) -> None:
    arguments = [
        "a b",
        "'single' \"double\"",
        "$(touch pwned) `touch pwned` $HOME",
        "two\nlines\ttab",
        "ünï→🚀",
        "",
    ]
    outcome = await execute(tmp_path, WITNESS, str(tmp_path / "seen"), *arguments)
    assert outcome.succeeded
    assert json.loads((tmp_path / "seen").read_text())["argv"] == arguments


async def test_it_runs_in_its_own_session_without_terminal_and_with_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERGREEN_TEST_MARK", "here")
    pids: list[int] = []
    await execute(tmp_path, WITNESS, str(tmp_path / "seen"), started=pids.append)
    seen = json.loads((tmp_path / "seen").read_text())
    assert [seen["pid"]] == [seen["sid"]] == pids
    assert seen["sid"] != os.getsid(0)
    assert seen["stdin"] == ""
    assert seen["ttys"] == [False, False, False]
    assert seen["mark"] == "here"


async def test_both_streams_are_whole_in_the_output_file(tmp_path: Path) -> None:
    lines = "import os\nfor n in range(2000): os.write(1 + n % 2, b'%05d\\n' % n)\n"
    script = lines + "os.write(1, b'\\x1b\\xff' * 50000)"
    outcome = await execute(tmp_path, script)
    expected = b"".join(b"%05d\n" % n for n in range(2000)) + b"\x1b\xff" * 50000
    assert outcome.output.read_bytes() == expected
    assert outcome.output.stat().st_mode & 0o777 == 0o600


async def test_a_second_attempt_does_not_wipe_the_first_ones_output(tmp_path: Path) -> None:
    await execute(tmp_path, "print('one')")
    outcome = await execute(tmp_path, "print('two')")
    assert outcome.output.read_text() == "one\ntwo\n"


@pytest.mark.parametrize(
    ("script", "code"), [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", -9)]
)
async def test_a_command_that_fails_says_how(tmp_path: Path, script: str, code: int) -> None:
    outcome = await execute(tmp_path, script)
    assert (outcome.exit_code, outcome.timed_out, outcome.error) == (code, False, None)
    assert not outcome.succeeded


@pytest.mark.parametrize(
    "argv",
    [["no-such-program-anywhere"], ["/"], [], ["true", "nul\0byte"]],
    ids=["missing", "a folder", "empty", "nul"],
)
async def test_what_cannot_be_started_is_an_outcome(tmp_path: Path, argv: list[str]) -> None:
    pids: list[int] = []
    outcome = await run(argv, timeout=5.0, output=tmp_path / "1.log", started=pids.append)
    assert (outcome.exit_code, outcome.timed_out, outcome.succeeded, pids) == (None, False, False, [])
    assert outcome.error is not None
    assert "could not be started" in outcome.error


async def test_an_output_file_that_cannot_be_written_is_an_outcome(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = await run(["true"], timeout=5.0, output=tmp_path / "file" / "1.log", started=ignore)
    assert outcome.error is not None
    assert "cannot be written (Not a directory)" in outcome.error


async def test_after_its_timeout_a_command_is_asked_to_end(tmp_path: Path) -> None:
    outcome = await run(["sh", "-c", TIDY], timeout=1.0, output=tmp_path / "1.log", started=ignore)
    assert (outcome.exit_code, outcome.timed_out, outcome.succeeded) == (None, True, False)
    assert outcome.error is not None
    assert "within 1 s and was stopped" in outcome.error
    assert outcome.output.read_text() == "up\ntidied\n"
    assert 1.0 <= outcome.duration < 5.0


async def test_grandchildren_that_ignore_being_asked_are_killed(tmp_path: Path) -> None:
    pids: list[int] = []
    outcome = await run(
        ["sh", "-c", STUBBORN, str(tmp_path / "child")],
        timeout=1.0,
        output=tmp_path / "1.log",
        started=pids.append,
        patience=0.5,
    )
    grandchild = int((tmp_path / "child").read_text())
    assert outcome.timed_out
    assert outcome.error is not None
    assert "was stopped" in outcome.error
    assert outcome.duration >= 1.5
    deadline = time.monotonic() + 5.0
    while alive(grandchild) and time.monotonic() < deadline:  # noqa: ASYNC110  # the system tells no event
        await asyncio.sleep(0.02)
    assert not alive(grandchild)
    assert not alive(pids[0])


async def test_what_a_command_left_behind_in_good_time_goes_on(tmp_path: Path) -> None:
    script = "import subprocess, sys; subprocess.Popen(['sh', '-c', 'sleep 0.5; echo later'])"
    outcome = await execute(tmp_path, script)
    assert outcome.succeeded
    await asyncio.sleep(1.0)
    assert outcome.output.read_text() == "later\n"


def test_neither_cancelling_nor_the_end_of_the_loop_kills_the_command(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    script = f"import pathlib, time; time.sleep(2.0); pathlib.Path({str(marker)!r}).write_text('done')"

    async def leave() -> None:
        begun = asyncio.Event()
        task = asyncio.create_task(execute(tmp_path, script, started=lambda _pid: begun.set()))
        await asyncio.wait_for(begun.wait(), 10.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(leave())
    assert not marker.exists()
    deadline = time.monotonic() + 10.0
    while not marker.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert marker.read_text() == "done"


async def test_the_loop_is_free_while_a_command_runs(tmp_path: Path) -> None:
    task = asyncio.create_task(execute(tmp_path, "import time; time.sleep(0.5)"))
    turns = 0
    while not task.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert (await task).succeeded
    assert turns > 20
