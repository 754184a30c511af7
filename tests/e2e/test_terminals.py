"""The console on terminals of every age: nothing is sent that the terminal does not know, and all is read."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from aftergreen.drill.demo import configuration
from aftergreen.drill.service.simulated import PREVIOUS, RELEASED
from aftergreen.drill.world import Drill
from tests.e2e.program import release_arguments
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.e2e

KINDS = {
    "xterm-256color": {"TERM": "xterm-256color"},
    "tmux-256color": {"TERM": "tmux-256color"},
    "linux": {"TERM": "linux"},
    "vt100": {"TERM": "vt100"},
    "dumb": {"TERM": "dumb"},
    "NO_COLOR": {"TERM": "xterm-256color", "NO_COLOR": "1"},
    "LC_ALL=C": {"TERM": "xterm-256color", "LC_ALL": "C"},
}

SEQUENCE = re.compile(rb"\x1b(\[[<=>?]?)([0-9;:]*)([ -/]*)([@-~])|\x1b([^\[])")
COLOURS = range(30, 50), range(90, 108)
DEFAULTS = {39, 49}


@dataclass(frozen=True)
class Seen:
    """What stood on a terminal while the console ran and after it, and all that was sent to it."""

    screen: str
    after: str
    sent: bytes


def look_at(terminal: Terminal, kind: str) -> Seen:
    """See the console at work, end it, and see what it leaves."""
    begun = (lambda seen: "baseline sealed" in seen) if kind == "dumb" else is_painted
    try:
        screen = terminal.wait_until(begun, "what was measured first")
        terminal.process.send_signal(signal.SIGTERM)
        after = terminal.wait_until(lambda seen: "(exit code 30)" in seen, "the card")
        return Seen(screen, after, bytes(terminal.sent))
    finally:
        terminal.close()


def is_painted(screen: str) -> bool:
    """Whether all rows are there, with what was before."""
    return " was " in screen and "+10m" in screen and screen.endswith("q Quit")


def sequences(sent: bytes) -> list[tuple[str, str, str]]:
    """What begins each escape sequence, its numbers, and how it ends."""
    found = []
    for match in SEQUENCE.finditer(sent):
        start, numbers, between, final, other = match.groups()
        head = (start or b"") + (other or b"")
        found.append((head.decode(), (numbers or b"").decode(), ((between or b"") + (final or b"")).decode()))
    return found


def coloured(numbers: str) -> bool:
    """Whether attributes set a colour that is not the terminal's own."""
    given = [int(number) for number in re.split("[;:]", numbers) if number]
    return any(any(number in span for span in COLOURS) and number not in DEFAULTS for number in given)


@pytest.mark.parametrize("kind", KINDS)
def test_a_terminal_gets_what_it_knows_and_its_person_all_there_is_to_read(
    kind: str, tmp_path: Path, simulated: Drill
) -> None:
    (tmp_path / "aftergreen.toml").write_text(configuration(simulated.server.url))
    line = ["watch", *release_arguments(RELEASED, PREVIOUS, simulated.release.deployed_at)]
    seen = look_at(Terminal(line, home=tmp_path, columns=80, rows=24, env=KINDS[kind]), kind)
    if kind == "dumb":
        assert b"\x1b" not in seen.sent, "plain lines"
        return
    assert_read_whole(seen)
    if kind in ("linux", "vt100"):
        assert_known_of_old(seen.sent)
    attributes = [numbers for _, numbers, end in sequences(seen.sent) if end == "m"]
    assert attributes
    assert any(map(coloured, attributes)) == (kind not in ("vt100", "NO_COLOR"))
    assert seen.sent.isascii() == (kind == "LC_ALL=C")
    assert (b"*" if kind == "LC_ALL=C" else "⣀".encode()) in seen.sent, "the charts"


def assert_read_whole(seen: Seen) -> None:
    """All five indicators and the keys are there, no piece of a code is, and the card stays."""
    lines = seen.screen.splitlines()
    for name in ("errors", "latency", "saturation", "deps", "business"):
        assert any(re.match(rf".{{2}}[v.x!?·✓✗] {name}\b", line) for line in lines), seen.screen
    assert "q Quit" in lines[-1], seen.screen
    assert not re.search(r"\[\?|\d+u\b|2026\$", seen.screen), "a piece of a code that was not understood"
    assert "q Quit" not in seen.after


def assert_known_of_old(sent: bytes) -> None:
    """Moves, erasing, attributes, the cursor, wrapping at the edge, and nothing else."""
    found = sequences(sent)
    assert {head for head, _, _ in found} <= {"[", "[?"}
    assert {end for head, _, end in found if head == "["} <= set("HJKmABCD")
    assert {number for head, number, _ in found if head == "[?"} <= {"25", "7"}
