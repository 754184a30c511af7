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


def one_line(text: str, limit: int = 500) -> str:
    """The text as one line of at most ``limit`` characters that no terminal can take for a command."""
    kept = "".join(" " if unicodedata.category(c) in _UNSAFE or c.isspace() else c for c in text[: limit * 4])
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
