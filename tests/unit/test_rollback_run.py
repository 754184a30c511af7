"""Real commands: what reaches them, where their output goes, how they end."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aftergreen.rollback.run import Outcome, run
from tests.waiting import HANG, skip, until

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
sh -c 'trap "" TERM; echo $$ > "$0"; sleep 600' "$0" &
sleep 600
"""
WAITS = 'until [ -e "$0" ]; do sleep 0.01; done; '
TIDY = "trap 'echo tidied; exit 0' TERM; echo up; sleep 600 & wait"


def ignore(_pid: int) -> None:
    """Nobody asks for the number."""


async def execute(
    tmp_path: Path, script: str, *arguments: str, started: Callable[[int], None] = ignore
) -> Outcome:
    argv = [sys.executable, "-c", script, *arguments]
    return await run(argv, timeout=HANG, output=tmp_path / "outputs" / "1.log", started=started)


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
    outcome = await run(argv, timeout=HANG, output=tmp_path / "1.log", started=pids.append)
    assert (outcome.exit_code, outcome.timed_out, outcome.succeeded, pids) == (None, False, False, [])
    assert outcome.error is not None
    assert "could not be started" in outcome.error


async def test_an_output_file_that_cannot_be_written_is_an_outcome(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = await run(["true"], timeout=HANG, output=tmp_path / "file" / "1.log", started=ignore)
    assert outcome.error is not None
    assert "cannot be written (Not a directory)" in outcome.error


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


async def test_after_its_timeout_a_command_is_asked_to_end(tmp_path: Path) -> None:
    output = tmp_path / "1.log"
    running = asyncio.ensure_future(run(["sh", "-c", TIDY], timeout=300.0, output=output, started=ignore))
    await until(lambda: read(output) == "up\n", "the command to be up")
    skip(300.0)
    outcome = await running
    assert (outcome.exit_code, outcome.timed_out, outcome.succeeded) == (None, True, False)
    assert outcome.error is not None
    assert "within 300 s and was stopped" in outcome.error
    assert outcome.output.read_text() == "up\ntidied\n"
    assert outcome.duration >= 300.0


async def test_grandchildren_that_ignore_being_asked_are_killed(tmp_path: Path) -> None:
    pids: list[int] = []
    child = tmp_path / "child"
    argv = ["sh", "-c", STUBBORN, str(child)]
    running = asyncio.ensure_future(
        run(argv, timeout=300.0, output=tmp_path / "1.log", started=pids.append, patience=HANG)
    )
    await until(lambda: read(child).endswith("\n"), "the grandchild to be up")
    grandchild = int(read(child))
    skip(300.0)
    await until(lambda: not alive(pids[0]), "the command to end as it was asked")
    assert alive(grandchild)
    assert not running.done()
    skip(HANG)
    outcome = await running
    assert outcome.timed_out
    assert outcome.error is not None
    assert "was stopped" in outcome.error
    assert outcome.duration >= 300.0 + HANG
    await until(lambda: not alive(grandchild), "the grandchild to be gone")


async def test_what_a_command_left_behind_in_good_time_goes_on(tmp_path: Path) -> None:
    script = "import subprocess, sys; subprocess.Popen(sys.argv[1:])"
    outcome = await execute(tmp_path, script, "sh", "-c", f"{WAITS}echo later", str(tmp_path / "go"))
    assert outcome.succeeded
    assert outcome.output.read_text() == ""
    (tmp_path / "go").touch()
    await until(outcome.output.read_text, "the later word")
    assert outcome.output.read_text() == "later\n"


def test_neither_cancelling_nor_the_end_of_the_loop_kills_the_command(tmp_path: Path) -> None:
    marker, go = tmp_path / "marker", tmp_path / "go"

    async def leave() -> None:
        begun = asyncio.Event()
        argv = ["sh", "-c", f'{WAITS}touch "$1"', str(go), str(marker)]
        command = run(argv, timeout=HANG, output=tmp_path / "1.log", started=lambda _pid: begun.set())
        task = asyncio.create_task(command)
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(leave())
    assert not marker.exists()
    go.touch()
    asyncio.run(until(marker.exists, "what the command does when it may go on"))


async def test_the_loop_is_free_while_a_command_runs(tmp_path: Path) -> None:
    go = tmp_path / "go"
    argv = ["sh", "-c", WAITS, str(go)]
    task = asyncio.create_task(run(argv, timeout=HANG, output=tmp_path / "1.log", started=ignore))
    for _ in range(20):
        await asyncio.sleep(0.001)
        assert not task.done()
    # Only a free loop gets here, and only then does the command end.
    go.touch()
    assert (await task).succeeded
