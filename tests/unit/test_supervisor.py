"""Rollback commands under a supervisor: a process of its own that nothing of the console reaches."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aftergreen.clock import elapsed
from aftergreen.journal import Claim, Entry, EntryKind, Journal, open_journal
from aftergreen.model import Release
from aftergreen.rollback import left, lock
from aftergreen.rollback.launch import Launcher
from aftergreen.rollback.process import look_at
from tests.unit.test_rollback_run import read, wait_for

RELEASE = Release("checkout-api", "prod", "v2", "v1", 1000.0, 1)

# A grandchild that left the session and ignores SIGTERM, as does what it starts; its parent ends when asked.
STUBBORN = """
import os, signal, subprocess, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open(sys.argv[1], "w").write(str(os.getpid()))
        time.sleep(600)
    os._exit(0)
time.sleep(600)
"""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    found = open_journal(tmp_path / "journal.db", "test/1")
    found.open_release(RELEASE, seal="5ea1", plan={}, baseline={}, by="ana", at=1000.0)
    yield found
    found.close()


def claimed(journal: Journal, folder: Path, *command: str, timeout: float = 60.0, pace: float = 1.0) -> Claim:
    body = {
        "command": list(command),
        "timeout": timeout,
        "output": str(folder / "outputs" / "1.log"),
        "elapsed": elapsed(),
        "pace": pace,
    }
    claim = journal.claim(RELEASE, at=2000.0, body=body, by="ana")
    assert claim is not None
    return claim


def launched(
    journal: Journal, folder: Path, *command: str, timeout: float = 60.0, pace: float = 1.0
) -> Claim:
    claim = claimed(journal, folder, *command, timeout=timeout, pace=pace)
    assert Launcher(folder / "journal.db", ["AFTERGREEN_TEST_SECRET"]).launch(claim) == ""
    return claim


def entries(journal: Journal, kind: EntryKind) -> list[Entry]:
    return list(journal.entries(RELEASE, kinds=[kind]))


def free(output: Path) -> bool:
    """Whether no supervisor looks after the command that writes there."""
    with lock.held(lock.beside(output)) as ours:
        return ours


def outcome(journal: Journal) -> Entry:
    wait_for(lambda: entries(journal, EntryKind.OUTCOME))
    (entry,) = entries(journal, EntryKind.OUTCOME)
    return entry


def test_a_command_runs_and_its_outcome_is_in_the_journal(journal: Journal, tmp_path: Path) -> None:
    claim = launched(journal, tmp_path, "sh", "-c", "echo undone; exit 3")
    entry = outcome(journal)
    assert (entry.by, entry.attempt, entry.body["exit_code"]) == ("ana", 1, 3)
    assert entry.writer.startswith("supervisor/")
    assert 2000.0 <= entry.at < 2060.0
    output = Path(str(claim.body["output"]))
    assert output.read_text() == "undone\n"
    assert left.read(output) == (entry.at, entry.body)
    (running,) = entries(journal, EntryKind.RUNNING)
    assert running.body["attempt"] == 1
    wait_for(lambda: free(output))


def test_times_are_those_of_the_clock_that_the_watch_goes_by(journal: Journal, tmp_path: Path) -> None:
    launched(journal, tmp_path, "true", pace=0.0)
    assert outcome(journal).at == 2000.0


def test_it_has_no_terminal_and_no_parent_that_waits(journal: Journal, tmp_path: Path) -> None:
    go = tmp_path / "go"
    launched(journal, tmp_path, "sh", "-c", 'until [ -e "$0" ]; do sleep 0.01; done', str(go))
    wait_for(lambda: entries(journal, EntryKind.RUNNING))
    body = entries(journal, EntryKind.RUNNING)[0].body
    command, supervisor = (int(str(body[key])) for key in ("process", "supervisor"))
    assert len({os.getsid(pid) for pid in (command, supervisor, os.getpid())}) == 3
    assert Path(f"/proc/{supervisor}/fd/0").resolve() == Path("/dev/null")
    assert Path(f"/proc/{supervisor}/stat").read_text().rpartition(")")[2].split()[1] != str(os.getpid())
    # Signals that are meant for a console reach it in vain, and never the command.
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
        os.kill(supervisor, number)
    go.touch()
    assert outcome(journal).body["exit_code"] == 0


def test_the_command_ends_when_it_is_told_to(journal: Journal, tmp_path: Path) -> None:
    """What its supervisor ignores it does not inherit."""
    launched(journal, tmp_path, "sleep", "600")
    wait_for(lambda: entries(journal, EntryKind.RUNNING))
    os.kill(int(str(entries(journal, EntryKind.RUNNING)[0].body["process"])), signal.SIGTERM)
    assert outcome(journal).body["exit_code"] == -signal.SIGTERM


def test_a_command_is_not_given_our_secrets(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERGREEN_TEST_SECRET", "s3cret")
    monkeypatch.setenv("AFTERGREEN_TEST_MARK", "here")
    claim = launched(journal, tmp_path, "env")
    outcome(journal)
    told = Path(str(claim.body["output"])).read_text()
    assert "AFTERGREEN_TEST_MARK=here" in told
    assert "s3cret" not in told


def test_arguments_reach_the_command_unchanged(journal: Journal, tmp_path: Path) -> None:
    script = "import json, sys; print(json.dumps(sys.argv[1:]))"
    arguments = [
        "two words",
        "'\"",
        "$(reboot) `reboot` $HOME",
        "a\nb\t",
        "",
        "*",
        "-n",
        "größer ☃ \U0001f600",
    ]
    claim = launched(journal, tmp_path, sys.executable, "-c", script, *arguments)
    assert outcome(journal).body["exit_code"] == 0
    assert json.loads(Path(str(claim.body["output"])).read_text()) == arguments


def test_after_its_timeout_a_command_is_asked_to_end(journal: Journal, tmp_path: Path) -> None:
    tidy = "trap 'echo tidied; exit 0' TERM; echo up; sleep 600 & wait"
    claim = launched(journal, tmp_path, "sh", "-c", tidy, timeout=3.0)
    body = outcome(journal).body
    assert (body["exit_code"], body["timed_out"]) == (None, True)
    assert "within 3 s and was stopped" in str(body["error"])
    assert Path(str(claim.body["output"])).read_text() == "up\ntidied\n"


def test_a_grandchild_that_left_the_session_and_ignores_being_asked_is_ended(
    journal: Journal, tmp_path: Path
) -> None:
    """The case setsid-grandchild."""
    launched(journal, tmp_path, sys.executable, "-c", STUBBORN, str(tmp_path / "pid"), timeout=6.0)
    wait_for(lambda: read(tmp_path / "pid"))
    grandchild = int(read(tmp_path / "pid"))
    assert look_at(grandchild)
    body = outcome(journal).body
    assert "was stopped" in str(body["error"])
    assert not look_at(grandchild)


def test_of_two_supervisors_of_one_intent_one_runs_it(journal: Journal, tmp_path: Path) -> None:
    command = ("sh", "-c", f"echo ran >> {tmp_path}/ran; sleep 1")
    claim = launched(journal, tmp_path, *command)
    wait_for(lambda: entries(journal, EntryKind.RUNNING))
    assert not free(Path(str(claim.body["output"])))
    assert Launcher(tmp_path / "journal.db").launch(claim) == ""
    outcome(journal)
    assert Launcher(tmp_path / "journal.db").launch(claim) == ""
    time.sleep(1.0)
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_an_outcome_is_left_on_the_disk_where_the_journal_is_locked(journal: Journal, tmp_path: Path) -> None:
    import sqlite3  # noqa: PLC0415  # only here

    go = tmp_path / "go"
    claim = launched(journal, tmp_path, "sh", "-c", 'until [ -e "$0" ]; do sleep 0.01; done', str(go))
    wait_for(lambda: entries(journal, EntryKind.RUNNING))
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    go.touch()
    wait_for(lambda: left.read(Path(str(claim.body["output"]))))
    assert entries(journal, EntryKind.OUTCOME) == []
    other.execute("ROLLBACK")
    other.close()
    assert outcome(journal).body["exit_code"] == 0


def test_a_supervisor_that_comes_when_somebody_has_told_for_it_runs_nothing(
    journal: Journal, tmp_path: Path
) -> None:
    claim = claimed(journal, tmp_path, "touch", str(tmp_path / "ran"))
    output = Path(str(claim.body["output"]))
    with lock.held(lock.beside(output)) as ours:
        assert ours
        assert Launcher(tmp_path / "journal.db").launch(claim) == ""
        time.sleep(1.0)
        journal.outcome(claim, at=2001.0, body={"exit_code": None})
    assert Launcher(tmp_path / "journal.db").launch(claim) == ""
    # Meanwhile somebody ordered it once more: that is another one's to run.
    again = claimed(journal, tmp_path, "true")
    assert again.attempt == 2
    assert Launcher(tmp_path / "journal.db").launch(claim) == ""
    time.sleep(1.0)
    assert not (tmp_path / "ran").exists()
    assert entries(journal, EntryKind.RUNNING) == []
