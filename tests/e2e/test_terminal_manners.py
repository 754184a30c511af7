"""What a terminal and its shell may expect: it is given back as it was, whatever becomes of the console."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import termios
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from aftergreen.drill.demo import configuration
from aftergreen.drill.service.simulated import PREVIOUS, RELEASED
from aftergreen.drill.world import Drill
from aftergreen.journal import EntryKind, open_journal
from tests.e2e.parts import end, require, wait_until
from tests.e2e.program import environment, program, release_arguments
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.e2e

ABANDONED = 30
CARD = "abandoned: nobody watches any more (exit code 30)."
MODES = (1000, 1002, 1003, 1004, 1006, 1015, 2004)
"""Private modes in which a terminal reports the mouse, the focus and what is pasted."""


@pytest.fixture
def watching(tmp_path: Path, simulated: Drill) -> list[str]:
    """The arguments that follow a command and watch it."""
    (tmp_path / "aftergreen.toml").write_text(configuration(simulated.server.url))
    return release_arguments(RELEASED, PREVIOUS, simulated.release.deployed_at)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_to_end_leaves_the_terminal_as_it_was_and_the_card_below(
    tmp_path: Path, watching: list[str], number: signal.Signals
) -> None:
    terminal = Terminal(["watch", *watching], home=tmp_path)
    try:
        terminal.wait_for("drill  +00:")
        assert not_given_back(terminal)
        terminal.process.send_signal(number)
        assert_given_back(terminal)
        assert "WATCHING" not in terminal.screen()
    finally:
        terminal.close()
    assert_whole(tmp_path)


def in_bash(line: Sequence[str], _env: Mapping[str, str]) -> Sequence[str]:
    """An interactive shell with job control, in which ``w`` runs the program."""
    return [require("bash"), "--norc", "--noprofile", "-c", IN_BASH, "bash", *line]


IN_BASH = """
program=$(printf '%q ' "$@")
echo "PS1='PROMPT>' HISTFILE=/dev/null; w() { $program; }" > rc
exec bash --rcfile rc -i
"""


def test_a_shell_puts_the_console_to_sleep_and_brings_it_back_drawn_anew(
    tmp_path: Path, watching: list[str]
) -> None:
    terminal = Terminal(["watch", *watching], home=tmp_path, through=in_bash)
    try:
        terminal.wait_for("PROMPT>")
        terminal.send("w", "enter")
        overview = terminal.wait_for("drill  +00:")
        console = child(terminal.process.pid)
        terminal.send("ctrl+z")
        asleep = terminal.wait_for("Stopped")
        assert "6 Decision" not in asleep
        terminal.send("echo $((6 * 7))th", "enter")
        terminal.wait_for("42th")
        terminal.send("fg", "enter")
        awake = terminal.wait_for("q Quit")
        assert [line for line in frame(overview) if line not in frame(awake)] == [], awake
        terminal.send("?")
        terminal.wait_for("Leave whatever is open")
        os.kill(console, signal.SIGTERM)
        terminal.wait_for(CARD)
        terminal.send("echo code $?", "enter")
        terminal.wait_for(f"code {ABANDONED}")
        terminal.send("exit", "enter")
        assert terminal.wait() == 0
    finally:
        terminal.close()
    assert_whole(tmp_path)


def test_who_is_stopped_from_outside_draws_anew_and_gives_the_terminal_back(
    tmp_path: Path, watching: list[str]
) -> None:
    terminal = Terminal(["watch", *watching], home=tmp_path)
    try:
        terminal.wait_for("drill  +00:")
        terminal.send("ctrl+z")
        # Nobody could wake it.
        terminal.wait_for("no shell with job control")
        threads = count_of_threads(terminal)
        terminal.process.send_signal(signal.SIGSTOP)
        sent = len(terminal.sent)
        terminal.process.send_signal(signal.SIGCONT)
        wait_until(lambda: len(terminal.sent) > sent + 2000, "a screen that is drawn anew")
        terminal.wait_for("q Quit")
        assert count_of_threads(terminal) <= threads, "nothing reads twice from the terminal"
        terminal.process.send_signal(signal.SIGTERM)
        assert_given_back(terminal)
    finally:
        terminal.close()
    assert_whole(tmp_path)


def test_polling_waits_for_no_screen_and_neither_does_the_end(tmp_path: Path, watching: list[str]) -> None:
    terminal = Terminal(["watch", *watching], home=tmp_path)
    try:
        terminal.wait_for("drill  +00:")
        terminal.stop_reading()
        wait_until(lambda: draws_no_more(terminal), "a program that waits for its terminal")
        before = len(instants(tmp_path))
        wait_until(lambda: len(instants(tmp_path)) > before, "instants that nobody sees")
        wait_until(lambda: draws_no_more(terminal), "a program that still waits")
        terminal.process.send_signal(signal.SIGTERM)
        wait_until(lambda: terminal.exit_code is not None, "the end that nobody sees")
        terminal.resume()
        assert_given_back(terminal)
    finally:
        terminal.close()
    assert_whole(tmp_path)


@pytest.mark.parametrize("command", ["watch", "gate"])
def test_without_any_stdin_it_watches_in_plain_lines(
    tmp_path: Path, watching: list[str], command: str
) -> None:
    told = tmp_path / "told"
    with told.open("wb") as file:
        process = subprocess.Popen(
            ["sh", "-c", 'exec "$@" <&-', "sh", *program(command, *watching)],
            cwd=tmp_path,
            env=environment(tmp_path),
            stdout=file,
            stderr=file,
        )
    try:
        wait_until(lambda: "sealed" in told.read_text() or process.poll(), "a line", told.read_text)
    finally:
        end(process)
    assert process.returncode == ABANDONED, told.read_text()
    assert CARD in told.read_text()
    assert_whole(tmp_path)


def assert_given_back(terminal: Terminal) -> None:
    """The program has ended, the terminal is as it was, and the card stands below."""
    assert terminal.wait() == ABANDONED
    assert not_given_back(terminal) == []
    assert CARD in terminal.screen()


def not_given_back(terminal: Terminal) -> list[str]:
    """What of a terminal is not as a shell wants it."""
    flags = termios.tcgetattr(terminal._fd)[3]
    wanted = {"ECHO": termios.ECHO, "ICANON": termios.ICANON, "ISIG": termios.ISIG}
    screen = terminal._screen
    modes = [f"mode {mode}" for mode in MODES if mode << 5 in screen.mode]
    hidden = ["cursor"] if screen.cursor.hidden else []
    return [name for name, flag in wanted.items() if not flags & flag] + modes + hidden


def draws_no_more(terminal: Terminal) -> bool:
    """Ask for another page; whether one is waiting for room, since nobody reads."""
    tasks = Path(f"/proc/{terminal.process.pid}/task")
    state = (tasks / str(terminal.process.pid) / "stat").read_text().rpartition(")")[2].split()[0]
    # One after the other, or it would have to catch up with many when it is told to end.
    if state == "S":
        terminal.send("?", "f")
    # The system call in which a thread is, with its first argument: 1 is write on x86, 64 on ARM.
    calls = [(task / "syscall").read_text().split() for task in tasks.iterdir()]
    return any(call[:2] in (["1", "0x2"], ["64", "0x2"]) for call in calls)


def child(shell: int) -> int:
    """The only process that a shell has started."""
    return int(Path(f"/proc/{shell}/task/{shell}/children").read_text())


def count_of_threads(terminal: Terminal) -> int:
    """How many threads the program has."""
    return len(list(Path(f"/proc/{terminal.process.pid}/task").iterdir()))


def frame(screen: str) -> list[str]:
    """What stands on the screen whatever is measured: the lines that frame the panels."""
    return [line for line in screen.splitlines() if line.startswith(("╭", "╰")) and "checklist" not in line]


def instants(home: Path) -> list[float]:
    """When the newest release was read."""
    with closing(open_journal(home / "state" / "aftergreen" / "journal.db")) as journal:
        record = journal.latest("checkout-api", "drill")
        if record is None:
            return []
        return [entry.at for entry in journal.entries(record.release, kinds=[EntryKind.INSTANT])]


def assert_whole(home: Path) -> None:
    """The journal is sound, and says how the release ended."""
    place = home / "state" / "aftergreen" / "journal.db"
    with closing(open_journal(place)) as journal:
        record = journal.latest("checkout-api", "drill")
        assert record is not None
        assert record.ended == "abandoned"
    with closing(sqlite3.connect(place)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
