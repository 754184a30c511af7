"""What reaches a real terminal of hostile text: nothing that drives it, from configuration, name or paste."""

from __future__ import annotations

from pathlib import Path

import pytest

from aftergreen.drill.demo import configuration
from aftergreen.drill.service.simulated import PREVIOUS, RELEASED
from aftergreen.drill.world import Drill
from tests.e2e.program import release_arguments
from tests.e2e.terminal import Terminal
from tests.hostile import DRIVES

pytestmark = pytest.mark.e2e

ALL = "".join(drives for drives in DRIVES if "\ud800" not in drives)
CLIPBOARD = (b"\x1b]52;c;aGk", b"\x1b]0;owned", b"\x1b]8;;http://evil", b"\x1bc", b"\x1bP$q", b"\xc2\x9b31m")
"""What would have been obeyed."""


def test_hostile_text_reaches_no_terminal_as_a_command(tmp_path: Path, simulated: Drill) -> None:
    escaped = "".join(f"\\U{ord(character):08x}" for character in ALL)
    text = configuration(simulated.server.url)
    text = text.replace("[service]\n", f'[service]\nrunbook = "{escaped}"\n')
    (tmp_path / "refused.toml").write_text(text, encoding="utf-8")
    (tmp_path / "aftergreen.toml").write_text(configuration(simulated.server.url), encoding="utf-8")
    release = release_arguments(RELEASED, PREVIOUS, simulated.release.deployed_at)
    refused = Terminal(["check", "-c", "refused.toml"], home=tmp_path)
    named = {"AFTERGREEN_OPERATOR": "ana\x1b]0;owned\x07"}
    terminal = Terminal(["watch", *release], home=tmp_path, env=named)
    try:
        assert refused.wait() == 2
        assert b"\x1b" not in refused.sent
        terminal.wait_for("drill  +00:")
        terminal.send("n")
        terminal.wait_for("a remark")
        terminal.paste(f"seen {ALL}".replace("\r", " ").replace("\x85", " ").replace("\u2028", " "))
        terminal.wait_for("seen")
        terminal.send("enter")
        terminal.wait_for("note by ana")
        assert not [one for one in CLIPBOARD if one in terminal.sent]
    finally:
        refused.close()
        terminal.close()
