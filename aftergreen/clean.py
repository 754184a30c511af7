"""Cleans text from outside, once, where it enters the model."""

from __future__ import annotations

import unicodedata

from aftergreen.hidden import blotted

# Control characters and format characters (bidirectional overrides, zero-width joiners) can rewrite what a
# terminal shows; surrogates and unassigned code points cannot be encoded or have no known width.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def clean(text: str, limit: int = 500) -> str:
    """The text as `one_line`, without any secret that this process knows."""
    return one_line(blotted(text), limit)


def harmless(text: str) -> str:
    """The text without the characters that a terminal could take for a command."""
    return "".join(c for c in text if unicodedata.category(c) not in _UNSAFE)


def clean_lines(text: str) -> str:
    """A text of several lines without any secret, and without what drives a terminal."""
    return "\n".join(harmless(line) for line in blotted(text).split("\n"))


def is_harmless(text: str, *, lines: bool = False, undecoded: bool = False) -> bool:
    """Whether no character drives a terminal.

    With ``lines`` it may have several of them, and tabs; with ``undecoded`` the bytes of a path that are no
    text, which `clean` shows as blanks.
    """
    allowed = "\n\r\t" if lines else ""
    kinds = _UNSAFE - {"Cs"} if undecoded else _UNSAFE
    return all(unicodedata.category(c) not in kinds or c in allowed for c in text)


def one_line(text: str, limit: int = 500) -> str:
    """The text as one line of at most ``limit`` characters that no terminal can take for a command."""
    kept = "".join(" " if unicodedata.category(c) in _UNSAFE or c.isspace() else c for c in text[: limit * 4])
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
