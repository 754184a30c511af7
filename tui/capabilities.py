"""What the terminal and the locale can do, as they describe themselves."""

from __future__ import annotations

import codecs
import os
import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

FEWEST_COLOURS = 8
"""Colours below which there are none: what burns is told apart by its whole row."""

LOCALES = ("LC_ALL", "LC_CTYPE", "LANG")
"""Variables that name the locale, the first that is set before the others."""

IN_ASCII = "aftergreen-ascii"
"""How what a stream cannot say is written, for `codecs`."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the terminal is able to show.

    ``modern`` ones understand what terminals have learnt since xterm: a second screen, mouse, clipboard,
    and questions; others print what they do not know, or take it for something else. ``unicode`` is the
    locale's word.
    """

    coloured: bool = True
    modern: bool = True
    unicode: bool = True


def capabilities(environ: Mapping[str, str] = os.environ) -> Capabilities:
    """What this terminal can do, by its entry in terminfo; one that has none is taken for a modern one."""
    unicode = speaks_unicode(environ)
    try:
        import curses  # noqa: PLC0415  # some builds of Python have none
    except ImportError:
        return Capabilities(unicode=unicode)
    try:
        curses.setupterm(environ.get("TERM") or None, sys.__stderr__.fileno() if sys.__stderr__ else 2)
    except (curses.error, OSError, ValueError):
        return Capabilities(unicode=unicode)
    coloured = curses.tigetnum("colors") >= FEWEST_COLOURS
    modern = all(curses.tigetstr(name) for name in ("smcup", "kmous"))
    return Capabilities(coloured, modern, unicode)


def is_dumb(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether no place on the terminal can be addressed, so that there is no screen to draw on."""
    return environ.get("TERM", "dumb") in ("", "dumb", "unknown")


def speaks_unicode(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the locale's characters are those of Unicode; so they are taken to be where none is named."""
    named = next((environ[name] for name in LOCALES if environ.get(name)), "utf-8")
    return "utf" in named.lower()


def speak_ascii(*streams: TextIO) -> None:
    """Let all that is written there from now on be ASCII, each character in as many cells as it had."""
    codecs.register_error(IN_ASCII, _in_ascii)
    for stream in streams:
        # Tests put other streams there.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="ascii", errors=IN_ASCII)


def speak_utf8(stream: TextIO) -> None:
    """Let everything that is written there from now on be UTF-8."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="replace")


_NEAREST = {
    "v": "✓",
    "x": "✗×",
    ".": "·…▱▂",
    "-": "–—−─━╌┈▃▄",
    "<": "←≤",
    ">": "→▸≥",
    "~": "±",
    "|": "│┃╎▎▊",
    ":": "┊┆",
    "+": "╭╮╰╯┏┓┗┛┌┐└┘├┤┬┴┼",
    "_": "▁",
    "=": "▅▆",
    "#": "▰▇█",
    "^": "▔↑",
    '"': "“”„",
    "'": "‘’",
    "u": "µ",
}
_ASCII = {character: plain for plain, characters in _NEAREST.items() for character in characters}


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(map(_ascii, text)), error.end


def _ascii(character: str) -> str:
    """The nearest character of ASCII, in as many cells."""
    if unicodedata.combining(character):
        return ""
    width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
    plain = _ASCII.get(character) or unicodedata.normalize("NFKD", character)[:1]
    return plain if plain.isascii() and len(plain) == width else "?" * width
