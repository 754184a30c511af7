"""The console on terminals of every age: nothing is sent that the terminal does not know, and all is read."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import closing

import pytest

from aftergreen.drill.demo import Demo, configuration, start_demo
from aftergreen.drill.story import PREVIOUS, RELEASED
from tests.e2e.parts import wait_until
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
    "Latin-1": {"TERM": "linux", "LC_ALL": "de_DE.ISO-8859-1"},
}

SEQUENCE = re.compile(rb"\x1b(\[[<=>?]?)([0-9;:]*)([ -/]*)([@-~])|\x1b([^\[])")
COLOURS = range(30, 50), range(90, 108)
DEFAULTS = {39, 49}


@pytest.fixture(scope="module")
def simulated() -> Iterator[Demo]:
    with closing(start_demo(speed=1.0)) as demo:
        yield demo


@pytest.fixture(scope="module")
def terminals(tmp_path_factory: pytest.TempPathFactory, simulated: Demo) -> Iterator[dict[str, Terminal]]:
    """One console on each kind of terminal, all on the same release."""
    home = tmp_path_factory.mktemp("terminals")
    (home / "aftergreen.toml").write_text(configuration(simulated.server.url))
    line = ["watch", *release_arguments(RELEASED, PREVIOUS, simulated.release.deployed_at)]
    started: dict[str, Terminal] = {}
    try:
        for kind, env in KINDS.items():
            started[kind] = Terminal(line, home=home, columns=80, rows=24, env=env)
        yield started
    finally:
        for terminal in started.values():
            terminal.close()


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
def test_the_screen_is_read_whole_and_the_card_stays(kind: str, terminals: dict[str, Terminal]) -> None:
    terminal = terminals[kind]
    screen = terminal.wait_until(lambda seen: "errors" in seen and " of 10:00" in seen, "the board")
    lines = screen.splitlines()
    for name in ("errors", "latency", "saturation", "deps", "business"):
        assert any(re.match(rf".{{2}}[v.x!?·✓✗] {name}\b", line) for line in lines), screen
    assert "q Quit" in lines[-1], screen
    assert not re.search(r"\[\?|\d+u\b|2026", screen), "pieces of a code that was not understood"
    terminal.process.send_signal(signal.SIGTERM)
    terminal.wait_for("(exit code 30)")
    assert "q Quit" not in terminal.screen()


def test_old_terminals_get_only_what_they_know(terminals: dict[str, Terminal]) -> None:
    for kind in ("linux", "vt100", "Latin-1"):
        sent = sequences(bytes(terminals[kind].sent))
        assert sent
        assert {head for head, _, _ in sent} <= {"[", "[?"}, kind
        assert {end for head, _, end in sent if head == "["} <= set("HJKmABCD"), kind
        assert {number for head, number, _ in sent if head == "[?"} <= {"25", "7"}, kind
    attributes = [numbers for _, numbers, end in sequences(bytes(terminals["linux"].sent)) if end == "m"]
    assert any(map(coloured, attributes)), "it has colours"


@pytest.mark.parametrize("kind", ["vt100", "NO_COLOR"])
def test_without_colours_none_is_sent(kind: str, terminals: dict[str, Terminal]) -> None:
    attributes = [numbers for _, numbers, end in sequences(bytes(terminals[kind].sent)) if end == "m"]
    assert attributes
    assert not [numbers for numbers in attributes if coloured(numbers)]


def test_a_locale_without_unicode_gets_ascii_and_charts_of_it(terminals: dict[str, Terminal]) -> None:
    for kind in ("LC_ALL=C", "Latin-1"):
        sent = bytes(terminals[kind].sent)
        assert sent.isascii(), kind
        assert b"*" in sent, "charts of asterisks"
    assert "⣀" in bytes(terminals["xterm-256color"].sent).decode(), "where Unicode is spoken it is braille"


def test_a_dumb_terminal_gets_plain_lines(terminals: dict[str, Terminal]) -> None:
    terminal = terminals["dumb"]
    wait_until(lambda: b"deployed; thresholds and baseline sealed" in bytes(terminal.sent), "the first line")
    assert b"\x1b" not in bytes(terminal.sent)
