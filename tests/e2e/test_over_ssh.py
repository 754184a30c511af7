"""The console runs over SSH and the connection is cut: what it ordered is neither lost nor let loose."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
import tomli_w

from aftergreen.drill.demo import configuration
from aftergreen.drill.service.simulated import PREVIOUS, RELEASED
from aftergreen.drill.world import Drill
from aftergreen.journal import EntryKind, open_journal
from aftergreen.rollback.process import look_at
from aftergreen.rollback.tree import below
from tests.e2e.parts import wait_until
from tests.e2e.program import release_arguments
from tests.e2e.sshd import Sshd
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.e2e

Cut = Callable[[Sshd, Terminal], None]


@dataclass(frozen=True, slots=True)
class Remote:
    """A machine that one logs in to, on which releases of a simulated service are watched."""

    sshd: Sshd
    home: Path
    demo: Drill

    def watch(self, script: str, *, timeout: str) -> Terminal:
        """Log in and watch the release there; its rollback command runs a script of the shell."""
        document = tomllib.loads(configuration(self.demo.server.url))
        document["rollback"] |= {"command": ["sh", "-c", script], "timeout": timeout}
        (self.home / "aftergreen.toml").write_text(tomli_w.dumps(document))
        release = release_arguments(RELEASED, PREVIOUS, self.demo.release.deployed_at)
        return Terminal(["watch", *release], home=self.home, through=self.sshd.login)

    def told(self, kind: EntryKind) -> list[Mapping[str, object]]:
        """What the journal tells of the release's rollback."""
        with closing(open_journal(self.home / "state" / "aftergreen" / "journal.db")) as journal:
            record = journal.latest("checkout-api", "drill")
            assert record is not None
            return [entry.body for entry in journal.entries(record.release, kinds=[kind])]


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    with Sshd(tmp_path / "sshd") as server:
        yield server


@pytest.fixture
def remote(tmp_path: Path, sshd: Sshd, simulated: Drill) -> Remote:
    return Remote(sshd, tmp_path, simulated)


def on_the_server(sshd: Sshd, _client: Terminal) -> None:
    sshd.cut()


def on_the_client(_sshd: Sshd, client: Terminal) -> None:
    client.process.kill()


@pytest.mark.parametrize("cut", [on_the_server, on_the_client])
def test_a_rollback_goes_on_when_the_connection_is_cut_and_a_new_one_shows_what_comes_of_it(
    remote: Remote, cut: Cut
) -> None:
    may_end = remote.home / "may-end"
    script = f"until [ -e {may_end} ]; do sleep 0.05; done"
    try:
        with closing(remote.watch(script, timeout="2m")) as console:
            roll_back(remote, console)
            cut_off(remote, console, cut)
        assert remote.told(EntryKind.OUTCOME) == [], "the command has not ended"
        with closing(remote.watch(script, timeout="2m")) as following:
            following.wait_for("ROLLING BACK")
            may_end.touch()
            shown = following.wait_for("VERIFYING")
            assert "ROLLING BACK" not in shown
            cut_off(remote, following, cut)
    finally:
        may_end.touch()
    (outcome,) = remote.told(EntryKind.OUTCOME)
    assert (outcome["exit_code"], outcome["timed_out"]) == (0, False)


def test_a_rollback_is_ended_at_its_timeout_after_the_connection_was_cut(remote: Remote) -> None:
    with closing(remote.watch("trap '' TERM; sleep 600 & wait", timeout="8s")) as console:
        command = roll_back(remote, console)
        wait_until(lambda: len(below(command)) == 1, "the command to sleep")
        processes = {command, *below(command)}
        cut_off(remote, console, on_the_server)
    assert remote.told(EntryKind.OUTCOME) == [], "the command has not ended"
    wait_until(lambda: remote.told(EntryKind.OUTCOME), "the timeout")
    (outcome,) = remote.told(EntryKind.OUTCOME)
    assert (outcome["exit_code"], outcome["timed_out"]) == (None, True)
    assert not any(look_at(process) for process in processes)


def roll_back(remote: Remote, console: Terminal) -> int:
    """Order the rollback by hand; the number of its command's process, once that runs."""
    console.wait_for("drill  +00:")
    console.send("r")
    console.wait_for("type the service's name")
    console.send("checkout-api", "enter")
    console.wait_for("ROLLING BACK")
    wait_until(lambda: remote.told(EntryKind.RUNNING), "the command to run", console.screen)
    (running,) = remote.told(EntryKind.RUNNING)
    supervisor, command = (cast("int", running[key]) for key in ("supervisor", "process"))
    # Whoever started it ends a moment later, and may be slower than the command.
    wait_until(lambda: supervisor not in remote.sshd.sessions(), "the supervisor to be nobody's child")
    return command


def cut_off(remote: Remote, console: Terminal, cut: Cut) -> None:
    """Cut the connection; come back once nothing is left of it."""
    session = remote.sshd.sessions()
    assert session, "the console runs on the server"
    cut(remote.sshd, console)
    wait_until(lambda: not any(look_at(process) for process in session), "the console to end")
    console.wait()
