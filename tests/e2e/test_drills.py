"""Every scenario, watched without a person over the real HTTP path, ends as its file says."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from aftergreen.drill.played import played
from aftergreen.drill.scenario.catalogue import find, names
from aftergreen.drill.world import start_drill
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.wanted import Report
from tests.e2e.terminal import Terminal
from tests.waiting import HANG

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]


def ended(name: str, place: Path) -> Snapshot:
    """How the rules alone end a scenario."""
    with closing(start_drill(find(name), automatic=True)) as drill:
        session = drill.session(place, operator="nobody", advice_ends=True)
        silent = Report(lambda _: None, lambda _: None, lambda _: None)
        return asyncio.run(played(drill, session, silent))


@pytest.mark.parametrize("name", names())
def test_the_rules_end_it_as_its_file_says(name: str, tmp_path: Path) -> None:
    expected, state = find(name).expected, ended(name, tmp_path).state
    assert state.state.value == expected.state
    decided = state.grounds
    assert ("" if decided is None else decided.signal.label) == expected.leading
    if expected.by is not None:
        assert decided is not None
        assert decided.decided_at is not None
        assert decided.decided_at - state.setup.release.deployed_at <= expected.by


def test_rolled_back_by_hand_it_is_held_against_the_rules(tmp_path: Path) -> None:
    terminal = Terminal(["drill", "error-spike", "--speed", "20", "--operator", "ana"], home=tmp_path)
    try:
        terminal.wait_for("BREACHED")
        assert terminal.screen().startswith(" DRILL ")
        terminal.send("r")
        terminal.wait_for("type the service's name")
        terminal.send(*"checkout-api", "enter")
        terminal.wait_for("RECOVERED")
        terminal.send("escape")
        terminal.wait_for("Environment drill runs v2.4.0")
        terminal.send("q")
        assert terminal.wait() == 20
        lines = terminal.screen().splitlines()
    finally:
        terminal.close()
    (you,) = [line for line in lines if line.startswith("you ")]
    assert re.fullmatch(r"you      right: rolled back at \d:\d\d, \S+ after the first sign", you)
    assert "rules    right: rolled back at 1:42, 1m22s after the first sign" in lines


def told(name: str) -> list[dict[str, object]]:
    """The JSON Lines of a rehearsal in a process of its own, without what is another each time."""
    run = subprocess.run(
        [sys.executable, "-m", "tui", "drill", name, "--json", "--automatic", "--operator", "nobody"],
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert run.returncode == 20, run.stderr
    return [without(json.loads(line)) for line in run.stdout.splitlines()]


ANOTHER_EACH_TIME = ("seal", "curl", "rollback_output")
"""A hash over the port of the server, that port, and a temporary folder."""


def without(told: dict[str, object]) -> dict[str, object]:
    """A line without hashes, names, and the time that a real command took on the wall."""
    kept = {key: value for key, value in told.items() if key not in ANOTHER_EACH_TIME}
    if told.get("event") == "rollback ended":
        del kept["at"], kept["text"]
    if isinstance(receipt := kept.get("receipt"), dict):
        kept["receipt"] = {key: value for key, value in receipt.items() if key not in ANOTHER_EACH_TIME}
    if told.get("event") == "sealed":
        kept["text"] = str(kept["text"])[:-7]
    return kept


def test_one_seed_tells_the_same_twice_also_where_a_real_command_ran() -> None:
    assert told("error-spike") == told("error-spike")


def test_a_blind_one_is_named_nowhere_before_its_end(tmp_path: Path) -> None:
    terminal = Terminal(["drill", "--blind", "--speed", "20"], home=tmp_path)
    try:
        terminal.wait_for("DRILL  ")
        terminal.wait_for("deployed; thresholds")
        process = Path(f"/proc/{terminal.process.pid}")
        seen = [terminal.screen(), terminal.title, (process / "cmdline").read_text()]
        opened = [str(one.readlink()) for one in (process / "fd").iterdir()]
        assert any(path.endswith("journal.db") for path in opened)
        terminal.send("q")
        terminal.wait_for("Leav")
        terminal.send("y")
        assert terminal.wait() == 30
        told = terminal.screen()
    finally:
        terminal.close()
    named = [name for name in names() if f"This was {name}: {find(name).title}." in told]
    assert len(named) == 1
    assert not [text for text in (*seen, *opened) if named[0] in text or find(named[0]).title in text]
    assert f"again    aftergreen drill {named[0]} --seed 7" in told
