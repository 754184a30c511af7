"""Whatever comes from outside, what is shown is one line, short, and harmless."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from aftergreen.clean import clean

anything = st.text(alphabet=st.characters(), max_size=300)
"""Surrogates and control characters included."""


@given(anything, st.integers(1, 80))
def test_one_line_of_at_most_the_limit_that_can_be_encoded(text: str, limit: int) -> None:
    line = clean(text, limit)
    assert len(line) <= limit
    assert line.splitlines() in ([], [line])
    assert line.encode().decode() == line
    assert not {unicodedata.category(c) for c in line} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(anything, st.integers(1, 80))
def test_what_is_clean_stays_as_it_is(text: str, limit: int) -> None:
    line = clean(text, limit)
    assert clean(line, limit) == line
    assert line == line.strip()


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"]), max_size=80))
def test_harmless_text_without_blanks_is_kept(text: str) -> None:
    assert clean(text) == text
