"""The terminal goes away: the program ends, with the verdict's code, and leaves nothing behind."""

from __future__ import annotations

import signal
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
import tomli_w

from aftergreen.drill.demo import configuration
from aftergreen.drill.service.simulated import PREVIOUS, RELEASED
from aftergreen.drill.world import Drill
from aftergreen.journal import EntryKind, open_journal
from tests.e2e.program import release_arguments
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.e2e

BREACHED = 23
ABANDONED = 30


@pytest.mark.parametrize(
    ("told", "speed", "seen", "code"),
    # The breach stays on the screen, so that it may be hurried to.
    [(True, "8", "✓ WATCHING", ABANDONED), (False, "20", "✗ BREACHED", BREACHED)],
    ids=["with SIGHUP", "without SIGHUP"],
)
def test_a_terminal_that_goes_away_ends_the_program_with_the_verdict(
    tmp_path: Path,
    told: bool,  # noqa: FBT001  # a column
    speed: str,
    seen: str,
    code: int,
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    demo = ["demo", "--speed", speed]
    terminal = Terminal(demo, home=tmp_path, env={"TMPDIR": str(scratch)}, controlling=told)
    try:
        terminal.wait_for(seen)
        terminal.hang_up()
        assert terminal.wait() == code
        assert list(scratch.iterdir()) == []
    finally:
        terminal.close()


def test_a_command_to_end_takes_the_same_way_once_the_terminal_is_gone(tmp_path: Path) -> None:
    terminal = Terminal(["demo"], home=tmp_path, controlling=False)
    try:
        terminal.wait_for("✓ WATCHING")
        terminal.hang_up()
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.wait() == ABANDONED
    finally:
        terminal.close()


def watching(folder: Path, demo: Drill) -> list[str]:
    """The arguments that watch it, with a rollback command that leaves a line and ends once it may."""
    script = f"echo ran >> {folder}/ran; until [ -e {folder}/may-end ]; do sleep 0.05; done"
    document = tomllib.loads(configuration(demo.server.url))
    document["rollback"]["command"] = ["sh", "-c", script]
    (folder / "aftergreen.toml").write_text(tomli_w.dumps(document))
    return ["watch", *release_arguments(RELEASED, PREVIOUS, demo.release.deployed_at)]


@pytest.mark.parametrize("told", [True, False], ids=["with SIGHUP", "without SIGHUP"])
def test_a_rollback_goes_on_when_the_terminal_is_gone_and_who_comes_next_follows_it(
    tmp_path: Path, simulated: Drill, *, told: bool
) -> None:
    terminal = Terminal(watching(tmp_path, simulated), home=tmp_path, controlling=told)
    try:
        terminal.wait_for("drill  +00:")
        terminal.send("r")
        terminal.wait_for("type the service's name")
        terminal.send("checkout-api", "enter")
        terminal.wait_for("ROLLING BACK")
        terminal.hang_up()
        assert terminal.wait() == ABANDONED
    finally:
        terminal.close()
    assert outcomes(tmp_path) == ([], None), "neither the command nor its release has ended"
    following = Terminal(watching(tmp_path, simulated), home=tmp_path, controlling=False)
    try:
        following.wait_for("ROLLING BACK")
        following.send("r")
        following.wait_for("Roll back: a rollback is running.")
        (tmp_path / "may-end").touch()
        following.wait_until(lambda shown: "ROLLING BACK" not in shown, "the end of the command")
    finally:
        (tmp_path / "may-end").touch()
        following.close()
    assert outcomes(tmp_path)[0] == [0]
    assert (tmp_path / "ran").read_text() == "ran\n"


def outcomes(home: Path) -> tuple[list[object], str | None]:
    """What came of the rollbacks of the newest release, and how that ended."""
    with closing(open_journal(home / "state" / "aftergreen" / "journal.db")) as journal:
        record = journal.latest("checkout-api", "drill")
        assert record is not None
        entries = journal.entries(record.release, kinds=[EntryKind.OUTCOME])
        return [entry.body["exit_code"] for entry in entries], record.ended
