"""The console on terminals of every age: nothing is sent that the terminal does not know, and all is read."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

import pytest

from aftergreen.drill.demo import configuration, start_demo
from aftergreen.drill.story import PREVIOUS, RELEASED
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


@pytest.fixture(scope="module")
def terminals(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Seen]:
    """A console on each kind of terminal, one after the other: side by side they would be slow to begin."""
    with closing(start_demo(speed=1.0)) as simulated:
        home = tmp_path_factory.mktemp("terminals")
        (home / "aftergreen.toml").write_text(configuration(simulated.server.url))
        line = ["watch", *release_arguments(RELEASED, PREVIOUS, simulated.release.deployed_at)]
        return {
            kind: look_at(Terminal(line, home=home, columns=80, rows=24, env=env), kind)
            for kind, env in KINDS.items()
        }


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
    """Whether all rows are there, with what was measured."""
    return "/min was" in screen and "+10m" in screen and screen.endswith("q Quit")


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


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "dumb"])
def test_the_screen_is_read_whole_and_the_card_stays(kind: str, terminals: Mapping[str, Seen]) -> None:
    screen, lines = terminals[kind].screen, terminals[kind].screen.splitlines()
    for name in ("errors", "latency", "saturation", "deps", "business"):
        assert any(re.match(rf".{{2}}[v.x!?·✓✗] {name}\b", line) for line in lines), screen
    assert "q Quit" in lines[-1], screen
    assert not re.search(r"\[\?|\d+u\b|2026", screen), "pieces of a code that was not understood"
    assert "q Quit" not in terminals[kind].after


def test_old_terminals_get_only_what_they_know(terminals: Mapping[str, Seen]) -> None:
    for kind in ("linux", "vt100"):
        sent = sequences(terminals[kind].sent)
        assert sent
        assert {head for head, _, _ in sent} <= {"[", "[?"}, kind
        assert {end for head, _, end in sent if head == "["} <= set("HJKmABCD"), kind
        assert {number for head, number, _ in sent if head == "[?"} <= {"25", "7"}, kind
    attributes = [numbers for _, numbers, end in sequences(terminals["linux"].sent) if end == "m"]
    assert any(map(coloured, attributes)), "it has colours"


@pytest.mark.parametrize("kind", ["vt100", "NO_COLOR"])
def test_without_colours_none_is_sent(kind: str, terminals: Mapping[str, Seen]) -> None:
    attributes = [numbers for _, numbers, end in sequences(terminals[kind].sent) if end == "m"]
    assert attributes
    assert not [numbers for numbers in attributes if coloured(numbers)]


def test_a_locale_without_unicode_gets_ascii_and_charts_of_it(terminals: Mapping[str, Seen]) -> None:
    sent = terminals["LC_ALL=C"].sent
    assert sent.isascii()
    assert b"*" in sent, "charts of asterisks"
    assert "⣀" in terminals["xterm-256color"].sent.decode(), "where Unicode is spoken it is braille"


def test_a_dumb_terminal_gets_plain_lines(terminals: Mapping[str, Seen]) -> None:
    assert b"deployed; thresholds and baseline sealed" in terminals["dumb"].sent
    assert b"\x1b" not in terminals["dumb"].sent
