"""Text from outside becomes one line that no terminal takes for a command."""

from __future__ import annotations

import pytest

from aftergreen.clean import clean


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("", ""),
        ("plain", "plain"),
        ("\x1b[2Jcleared", "[2Jcleared"),
        ("\x1b]0;title\x07after", "]0;title after"),
        ("\x9b31mred", "31mred"),
        ("over\rwritten", "over written"),
        ("two\nlines\ttabbed", "two lines tabbed"),
        ("  much   room  ", "much room"),
        ("nul\x00byte", "nul byte"),
        ("evil\u202egnp.exe", "evil gnp.exe"),
        ("zero\u200bwidth", "zero width"),
        ("\ufeffmark", "mark"),
        ("lone\ud800surrogate", "lone surrogate"),
        ("private\ue000use", "private use"),
        ("line\u2028separator\u00a0joined", "line separator joined"),
        ("Zürich 東京 naïve", "Zürich 東京 naïve"),
    ],
)
def test_what_a_terminal_would_obey_is_gone(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    ("text", "limit", "cleaned"),
    [("12345", 5, "12345"), ("123456", 5, "1234…"), ("a" * 10_000_000, 3, "aa…")],
)
def test_what_is_cut_says_so(text: str, limit: int, cleaned: str) -> None:
    assert clean(text, limit) == cleaned
