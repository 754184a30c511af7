"""A hundred texts that drive a terminal, hide what they say, or break whoever takes them apart."""

from __future__ import annotations

import unicodedata
from itertools import product

DRIVES = (
    *("\x1b]52;c;aGk=\x07", "\x1b]0;owned\x1b\\", "\x1b]8;;http://evil\x07here\x1b]8;;\x07", "\x1b[2J\x1b[H"),
    *("\x1b[31m", "\x1bc", "\x1bP$q\x1b\\", "\x1b_x\x1b\\", "\x1b[?1049l", "\x9b31m", "\x9d0;owned\x9c"),
    *("\x90x\x9c", "\x07", "\x08\x08\x08", "\x7f", "\x0e", "\x00", "\r", "\x85", "\u2028", "\u202egnp.exe"),
    *(
        "\u2066\u2067",
        "\u200b\u200d\ufeff",
        "\U000e0041\U000e0042",
        "\ue000",
        "\ud800",
        "[/]",
        "[@click=app.quit]",
    ),
)
"""Escape sequences of seven and eight bits, controls, marks of direction, what is invisible, and markup."""

CARRIERS = ("{}", "internal {} tool", "{}{}", "a{}" + "b" * 40)

HUNDRED = tuple(carrier.replace("{}", drives) for carrier, drives in product(CARRIERS, DRIVES))[:100]

assert len(set(HUNDRED)) == 100


def is_shown_safely(text: str) -> bool:
    """Whether nothing in it is more than what it looks like; a line may end."""
    return all(unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn") for c in text.replace("\n", ""))
