"""What the terminal and the locale say of themselves, and what is sent to those that can do less."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tui.capabilities import is_dumb, speaks_unicode
from tui.old_terminal import CLEARED, understood


@pytest.mark.parametrize(
    ("environ", "spoken"),
    [
        ({}, True),
        ({"LANG": "C.UTF-8"}, True),
        ({"LANG": "de_DE.utf8"}, True),
        ({"LC_ALL": "C"}, False),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, False),
        ({"LC_ALL": "", "LC_CTYPE": "", "LANG": "POSIX"}, False),
        ({"LC_CTYPE": "en_US.UTF-8", "LANG": "C"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "en_US"}, False),
    ],
)
def test_the_locale_says_whether_unicode_is_spoken(environ: dict[str, str], *, spoken: bool) -> None:
    assert speaks_unicode(environ) is spoken


@pytest.mark.parametrize(("term", "dumb"), [("dumb", True), ("", True), ("unknown", True), ("vt100", False)])
def test_on_a_dumb_terminal_there_is_no_screen(term: str, *, dumb: bool) -> None:
    assert is_dumb({"TERM": term}) is dumb
    assert is_dumb({}) is True


@pytest.mark.parametrize(
    ("term", "told"),
    [
        ("xterm-256color", "coloured=True, modern=True"),
        ("tmux-256color", "coloured=True, modern=True"),
        ("linux", "coloured=True, modern=False"),
        ("vt100", "coloured=False, modern=False"),
        ("never-heard-of", "coloured=True, modern=True"),
    ],
)
def test_terminfo_says_what_the_terminal_can_do(term: str, told: str) -> None:
    """In a process of its own: curses looks at one terminal in a process's life."""
    asked = "from tui.capabilities import capabilities; print(capabilities())"
    env = {**os.environ, "TERM": term}
    ran = subprocess.run([sys.executable, "-c", asked], env=env, capture_output=True, text=True, check=True)
    assert told in ran.stdout


@pytest.mark.parametrize(
    ("sent", "coloured", "plain"),
    [
        ("text", "text", "text"),
        ("\x1b[3;4H", "\x1b[3;4H", "\x1b[3;4H"),
        ("\x1b[1;31;44mred\x1b[0m", "\x1b[1;31;44mred\x1b[0m", "\x1b[1mred\x1b[0m"),
        ("\x1b[38;5;9mred\x1b[m", "\x1b[38;5;9mred\x1b[m", "red\x1b[m"),
        ("\x1b[38;2;1;4;7mred", "\x1b[38;2;1;4;7mred", "red"),
        ("\x1b[?25l", "\x1b[?25l", "\x1b[?25l"),
        ("\x1b[?1049h", CLEARED, CLEARED),
        ("\x1b[?1003h\x1b[?2004h\x1b[>1u\x1b[<u\x1b[?2026$p", "", ""),
        ("\x1b]52;c;Zm9v\x07after", "after", "after"),
        ("\x1bP+q544e\x1b\\after", "after", "after"),
        ("\x1b[14t", "", ""),
    ],
)
def test_an_old_terminal_gets_what_it_understands(sent: str, coloured: str, plain: str) -> None:
    assert understood(sent, colours=True) == coloured
    assert understood(sent, colours=False) == plain


@pytest.mark.parametrize("stream", ["sys.stdout", "sys.stderr"])
def test_what_ascii_cannot_say_is_written_in_as_many_cells(stream: str) -> None:
    said = "✓ 5 % ±2 – “é” 漢字 ⣀ e\u0301 ×"
    told = f"c.speak_ascii({stream}); print({said!r}, file={stream})"
    line = f"import sys; from tui import capabilities as c; {told}"
    ran = subprocess.run([sys.executable, "-c", line], capture_output=True, check=True)
    assert getattr(ran, stream.removeprefix("sys.")).decode("ascii") == 'v 5 % ~2 - "e" ???? ? e x\n'
