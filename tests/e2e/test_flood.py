"""A rollback command floods, with text that would drive a terminal: whole on the disk, harmless on screen."""

from __future__ import annotations

import hashlib
import sys
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
import tomli_w

from aftergreen.drill.demo import configuration
from aftergreen.drill.service.simulated import PREVIOUS, RELEASED
from aftergreen.drill.world import Drill
from aftergreen.journal import EntryKind, open_journal
from tests.e2e.parts import wait_until
from tests.e2e.program import release_arguments
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.e2e

SIZE = 50_000_000

HOSTILE = (
    b"\x1b]52;c;aGFja2Vk\x07\x1b[2J\x1b[31m\x1b]0;hacked\x07\x1bP+q\x1b\\\n"
    b"\x9b2J\x9d52;c;aGFja2Vk\x9c\xff\xfe\xc3(\xe2\x82 \xc2\x9b31m \xe2\x80\xae\n"
)

FLOOD = f"""
import os, sys, time
hostile, folder = {HOSTILE!r}, sys.argv[1]
filler = (b"x" * 99 + b"\\n") * 1000
written = 0
while written < {SIZE}:
    piece = (hostile + filler)[:{SIZE} - written]
    written += os.write(1, piece)
os.write(1, b"\\n" + hostile + b"the flood is over\\n")
while not os.path.exists(folder + "/may-end"):
    time.sleep(0.05)
"""

FLAT = 16 * 1024
"""KiB by which memory may grow while 50 MB go by: what Python keeps of the pages that it drew meanwhile."""


def test_a_flood_of_hostile_output_is_whole_in_the_file_and_clean_and_bounded_on_the_screen(
    tmp_path: Path, simulated: Drill
) -> None:
    document = tomllib.loads(configuration(simulated.server.url))
    document["rollback"]["command"] = [sys.executable, "-c", FLOOD, str(tmp_path)]
    (tmp_path / "aftergreen.toml").write_text(tomli_w.dumps(document))
    release = release_arguments(RELEASED, PREVIOUS, simulated.release.deployed_at)
    terminal = Terminal(["watch", *release], home=tmp_path)
    try:
        terminal.wait_for("drill  +00:")
        before = memory(terminal.process.pid, "VmRSS")
        terminal.send("r")
        terminal.wait_for("type the service's name")
        terminal.send("checkout-api", "enter")
        shown = terminal.wait_for("the flood is over")
        assert "ROLLING BACK" in shown
        running, output = recorded(tmp_path)
        assert memory(terminal.process.pid, "VmHWM") - before < FLAT
        assert memory(int(str(running["supervisor"])), "VmHWM") < 2 * FLAT
    finally:
        (tmp_path / "may-end").touch()
        terminal.close()
    assert output.read_bytes().endswith(b"\n" + HOSTILE + b"the flood is over\n")
    assert hashlib.sha256(output.read_bytes()).digest() == hashlib.sha256(flood()).digest()
    sent = terminal.sent.decode()
    for sequence in ("\x1b]52", "\x1b]0;hacked", "\x1bP+q", "\x9b", "\x9d", "\N{RIGHT-TO-LEFT OVERRIDE}"):
        at = sent.find(sequence)
        assert at < 0, repr(sent[at - 80 : at + 80])


def flood() -> bytes:
    """What the command wrote."""
    piece = HOSTILE + (b"x" * 99 + b"\n") * 1000
    return (piece * (SIZE // len(piece) + 1))[:SIZE] + b"\n" + HOSTILE + b"the flood is over\n"


def recorded(home: Path) -> tuple[dict[str, object], Path]:
    """What the journal says of the command that runs, and where its output is."""
    with closing(open_journal(home / "state" / "aftergreen" / "journal.db")) as journal:
        record = journal.latest("checkout-api", "drill")
        assert record is not None
        release = record.release
        wait_until(lambda: list(journal.entries(release, kinds=[EntryKind.RUNNING])), "the command to run")
        (running,) = journal.entries(release, kinds=[EntryKind.RUNNING])
        (intent,) = journal.entries(release, kinds=[EntryKind.INTENT])
        return dict(running.body), Path(str(intent.body["output"]))


def memory(process: int, what: str) -> int:
    """KiB that a process holds, or held at most."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:"))
