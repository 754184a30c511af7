"""Rows of spans: nothing is wider than its place, nothing that was written gets lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from widgets.keys import Key, fitting, keys_row
from widgets.rows import Span, beside, fit, folded, width_of

TEXT = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=60)
WIDTH = st.integers(2, 40)
SPANS = st.lists(st.builds(Span, TEXT), max_size=4)


def text_of(spans: tuple[Span, ...]) -> str:
    return "".join(span.text for span in spans)


@given(TEXT, WIDTH)
def test_a_folded_text_fits_and_keeps_every_sign(text: str, width: int) -> None:
    lines = folded(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, [""]),
        ("ab cd ef gh", 5, ["ab cd", "ef gh"]),
        ("abcde fghij", 5, ["abcde", "fghij"]),
        ("two  blanks", 20, ["two  blanks"]),
        ("  indented", 20, ["  indented"]),
        ("abcdefgh ij", 5, ["abcde", "fgh", "ij"]),
        ("漢字漢字", 5, ["漢字", "漢字"]),
    ],
)
def test_a_text_is_folded_at_blanks_and_never_rewritten(text: str, width: int, lines: list[str]) -> None:
    assert folded(text, width) == lines


@given(SPANS, WIDTH)
def test_a_fitted_row_has_exactly_its_width(spans: list[Span], width: int) -> None:
    assert width_of(fit(spans, width)) == width


@given(SPANS, TEXT, st.integers(10, 60))
def test_of_two_texts_on_a_row_the_right_one_stays_whole(spans: list[Span], right: str, width: int) -> None:
    kept = beside(spans, (Span(right),) if right else (), width)
    assert width_of(kept) == width
    if cell_len(right) + 2 <= width:
        assert text_of(kept).endswith(right)


def test_what_is_cut_says_so() -> None:
    assert text_of(fit((Span("checkout"), Span("-api")), 10)) == "checkout-…"


KEYS = (
    Key("r", "r", "Roll back", rank=1),
    Key("n", "n", "Note", rank=3),
    Key("space", "space", "Pause", rank=2),
    Key("q", "q", "Quit"),
)


@pytest.mark.parametrize(
    ("width", "row"),
    [
        (80, " r Roll back  n Note  space Pause  q Quit "),
        (40, " r Roll back  space Pause  q Quit "),
        (25, " r Roll back  q Quit "),
        (12, " q Quit "),
    ],
)
def test_where_room_is_short_the_lesser_keys_go_first(width: int, row: str) -> None:
    assert text_of(keys_row(fitting(KEYS, width))) == row


def test_a_key_that_does_nothing_now_is_dim() -> None:
    spans = keys_row((Key("r", "r", "Roll back", enabled=False),))
    assert {span.look for span in spans if span.text.strip()} == {"dim"}
