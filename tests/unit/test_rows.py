"""Rows of spans: cut and filled to the cell, and painted where they changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.geometry import Region

from tests.settled import settled
from widgets.rows import Row, Rows, Span, beside, fit, folded, row, width_of

texts = st.text(alphabet=st.sampled_from("ab ─…é漢字👍"), max_size=12)
spans = st.lists(st.builds(Span, texts, st.sampled_from(["text", "bad"])), max_size=5)


def text(spans: Iterable[Span]) -> str:
    return "".join(span.text for span in spans)


@pytest.mark.parametrize(
    ("given_row", "width", "fitted"),
    [
        ((Span("abc"),), 3, "abc"),
        ((Span("abc"),), 5, "abc  "),
        ((Span("abc"),), 2, "a…"),
        ((Span("abc"), Span("def")), 5, "abcd…"),
        ((Span("abc"), Span("def")), 4, "abc…"),
        ((Span("abc"), Span("def")), 3, "ab…"),
        ((Span("abc"),), 1, "…"),
        ((Span("abc"),), 0, ""),
        ((Span("abc"),), -3, ""),
        ((), 3, "   "),
        # A character of two cells that does not fit leaves a blank, not half of itself.
        ((Span("漢字"),), 3, "漢…"),
        ((Span("漢字"),), 2, " …"),
    ],
)
def test_a_row_fits_its_width_and_what_is_cut_says_so(given_row: Row, width: int, fitted: str) -> None:
    assert text(fit(given_row, width)) == fitted


@given(spans, st.integers(-2, 30))
def test_a_fitted_row_has_exactly_its_width(some: list[Span], width: int) -> None:
    assert width_of(fit(some, width)) == max(0, width)


def test_a_cut_row_keeps_its_looks() -> None:
    assert fit((Span("abc", "ok"), Span("def", "bad", bold=True)), 5) == (
        Span("abc", "ok"),
        Span("d…", "bad", bold=True),
    )


def test_strings_are_plain_text_and_nothing_is_left_out() -> None:
    assert row("a", Span("b", "bad"), "") == (Span("a"), Span("b", "bad"))
    assert Span("漢字").width == 4


@pytest.mark.parametrize(
    ("left", "right", "width", "shown"),
    [
        ("left", "right", 14, "left     right"),
        ("left", "right", 11, "left  right"),
        ("left", "right", 9, "l…  right"),
        ("left", "right", 7, "  right"),
        ("left", "right", 6, "right "),
        ("left", "right", 3, "ri…"),
        ("left", "", 6, "left  "),
        ("left", "", 3, "le…"),
    ],
)
def test_of_two_texts_on_a_row_the_left_one_is_cut(left: str, right: str, width: int, shown: str) -> None:
    assert text(beside(row(left), row(right), width)) == shown


@given(spans, spans, st.integers(0, 30))
def test_two_texts_beside_each_other_have_exactly_their_width(
    left: list[Span], right: list[Span], width: int
) -> None:
    assert width_of(beside(left, right, width)) == width


@pytest.mark.parametrize(
    ("given_text", "width", "lines"),
    [
        ("", 5, [""]),
        ("one two", 10, ["one two"]),
        ("one two", 5, ["one", "two"]),
        ("one two three", 7, ["one two", "three"]),
        ("unbreakable", 4, ["unbr", "eaka", "ble"]),
        ("a unbreakable", 4, ["a", "unbr", "eaka", "ble"]),
        ("two  blanks", 20, ["two  blanks"]),
        ("notice 20 % within 3m, 5 % not", 11, ["notice 20 %", "within 3m,", "5 % not"]),
        ("limit 263 ms (+50 %)", 9, ["limit", "263 ms", "(+50 %)"]),
        ("at 3 simple", 4, ["at 3", "simp", "le"]),
        ("漢字漢字", 5, ["漢字", "漢字"]),
    ],
)
def test_folded_text_breaks_at_blanks(given_text: str, width: int, lines: list[str]) -> None:
    assert folded(given_text, width) == lines


@given(st.text(alphabet=st.sampled_from("ab c漢👍"), max_size=60), st.integers(2, 20))
def test_folding_loses_no_character_and_no_line_is_too_wide(some: str, width: int) -> None:
    lines = folded(some, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(some.split())


class Screen(App[None]):
    """A screen of one widget, which remembers what it repaints."""

    def compose(self) -> ComposeResult:
        yield Painted()


class Painted(Rows):
    """Rows that remember which regions were asked to be painted."""

    DEFAULT_CSS = "Painted { width: 20; height: 4; }"

    def __init__(self) -> None:
        super().__init__()
        self.painted: list[Region] = []

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Painted:
        self.painted.extend(regions)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)


FIRST = (row("errors  0.10 %"), row("latency 175 ms"))


@pytest.mark.parametrize(
    ("rows", "painted"),
    [
        (FIRST, []),
        ((row("errors  4.98 %"), FIRST[1]), [Region(8, 0, 4, 1)]),
        ((row("errors  0.11 %"), FIRST[1]), [Region(11, 0, 1, 1)]),
        ((FIRST[0], row(Span("latency 175 ms", "bad"))), [Region(0, 1, 14, 1)]),
        ((FIRST[0], row("latency ", Span("175 ms", bold=True))), [Region(8, 1, 6, 1)]),
        # The same cells in other pieces look the same.
        ((FIRST[0], row("latency", " 175 ", "ms")), []),
        ((FIRST[0],), [Region(0, 1, 14, 1)]),
        ((*FIRST, row("?")), [Region(0, 2, 1, 1)]),
    ],
)
async def test_only_the_cells_that_changed_are_painted(rows: Sequence[Row], painted: list[Region]) -> None:
    async with Screen().run_test() as pilot:
        shown = pilot.app.query_one(Painted)
        shown.show(FIRST)
        await settled(pilot.app)
        shown.painted.clear()
        shown.show(rows)
        assert shown.painted == painted
        assert shown.text == "\n".join(text(spans) for spans in rows)


async def test_every_line_is_as_wide_as_the_widget() -> None:
    async with Screen().run_test() as pilot:
        shown = pilot.app.query_one(Painted)
        shown.show((row("x" * 50), row("short"), row("漢" * 12)))
        await settled(pilot.app)
        strips = [shown.render_line(y) for y in range(4)]
        assert [strip.cell_length for strip in strips] == [20] * 4
        assert shown.render_line(0).text == "x" * 19 + "…"
