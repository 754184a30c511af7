"""The adapter of plotext: every dot where it belongs, every gap a gap, and text where it cannot draw."""

from __future__ import annotations

import math
import subprocess
import sys
import types
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import pytest

from widgets import plot
from widgets.plot import draw

BITS = ((0, 3), (0, 2), (0, 1), (1, 3), (1, 2), (1, 1), (0, 0), (1, 0))
"""Where the eight dots of a braille cell lie, from its bottom left."""


@pytest.fixture(autouse=True)
def _drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is drawn here is drawn, and not one of the pictures that are kept."""
    monkeypatch.setattr(plot, "_plot", plot._plot.__wrapped__)


def dots(rows: tuple[str, ...]) -> set[tuple[int, int]]:
    """The dots that are set, from the bottom left of the picture."""
    return {
        (x * 2 + across, (len(rows) - 1 - y) * 4 + up)
        for y, row in enumerate(rows)
        for x, character in enumerate(row)
        for bit, (across, up) in enumerate(BITS)
        if character != " " and (ord(character) - 0x2800) >> bit & 1
    }


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (12, 3), (40, 8), (110, 30), (250, 60)])
def test_every_point_sets_the_dot_of_its_share(size: tuple[int, int]) -> None:
    width, height = size[0] * 2, size[1] * 4
    for x, y in {(0, 0), (width - 1, height - 1), (0, height - 1), (width // 2, height // 3)}:
        point = (x + 0.5, y + 0.5)
        assert dots(draw(size, (0, width), (0, height), [[point]])) == {(x, y)}


def test_the_ends_of_the_ranges_belong_to_the_picture() -> None:
    assert dots(draw((5, 2), (0, 1), (0, 1), [[(0, 0)], [(1, 1)]])) == {(0, 0), (9, 7)}


def test_ascii_uses_ascii_only_and_block_no_braille() -> None:
    line = [[(x, x) for x in range(10)]]
    assert "".join(draw((30, 5), (0, 9), (0, 9), line, "ascii")).isascii()
    assert not any(0x2800 <= ord(c) <= 0x28FF for c in "".join(draw((30, 5), (0, 9), (0, 9), line, "block")))


def test_runs_are_not_joined() -> None:
    rows = draw((20, 3), (0, 20), (0, 2), [[(0, 1), (4, 1)], [(12, 1), (19, 1)]])
    assert {x for x, _ in dots(rows)} == {*range(9), *range(24, 39)}


def test_a_line_leaves_the_picture_where_its_value_leaves_the_range() -> None:
    rows = draw((21, 4), (0, 2), (0, 1), [[(0, 0), (1, 50), (2, 0)]])
    shown = dots(rows)
    assert max(y for _, y in shown) == 15
    assert not any(x == 21 for x, _ in shown)


def test_values_that_are_no_numbers_are_left_out() -> None:
    run = [(0.0, 0.0), (1.0, math.nan), (2.0, math.inf), (math.nan, 1.0), (3.0, 0.0)]
    assert draw((10, 2), (0, 3), (0, 1), [run]) == draw((10, 2), (0, 3), (0, 1), [[run[0], run[-1]]])


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (-1, 3)])
def test_without_room_there_is_nothing(size: tuple[int, int]) -> None:
    assert draw(size, (0, 1), (0, 1), [[(0, 0)]]) == ()


@pytest.mark.parametrize("limits", [(1.0, 1.0), (2.0, 1.0), (math.nan, 1.0), (0.0, math.inf)])
def test_a_range_that_is_none_leaves_the_picture_blank(limits: tuple[float, float]) -> None:
    assert draw((3, 2), limits, (0, 1), [[(1, 1)]]) == ("   ", "   ")
    assert draw((3, 2), (0, 1), limits, [[(1, 1)]]) == ("   ", "   ")


def test_extremes_within_a_column_of_dots_are_kept() -> None:
    run = [(0.0, 0.5), (0.001, 1.0), (0.002, 0.0), (0.003, 0.5)]
    assert {y for _, y in dots(draw((10, 2), (0, 1), (0, 1), [run]))} == set(range(8))


def test_a_new_sample_leaves_earlier_ones_where_they_were() -> None:
    run = [(float(x), (x * 37 % 11) / 11) for x in range(60)]
    before = dots(draw((40, 8), (0, 80), (0, 1), [run]))
    after = dots(draw((40, 8), (0, 80), (0, 1), [[*run, (60.0, 0.4)]]))
    assert before <= after
    assert min(x for x, _ in after - before) >= 59


def test_a_missing_plotext_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotext", None)
    assert draw((40, 2), (0, 1), (0, 1), [[(0, 0)]]) == (
        "no charts: plotext is not installed".ljust(40),
        " " * 40,
    )
    assert draw((9, 1), (0, 1), (0, 1), [[(0, 0)]]) == ("no charts",)


def test_a_plotext_that_fails_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotext", types.ModuleType("plotext"))
    assert draw((40, 1), (0, 1), (0, 1), [[(0, 0)]])[0].startswith("no chart: AttributeError")


def test_the_same_picture_is_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    usual = plot._plot

    @lru_cache
    def counted(
        size: tuple[int, int], runs: tuple[tuple[plot.Point, ...], ...], pen: plot._Pen
    ) -> tuple[str, ...]:
        drawn.append(size)
        return usual(size, runs, pen)

    monkeypatch.setattr(plot, "_plot", counted)
    first = draw((12, 3), (0, 9), (0, 9), [[(0, 0), (9, 9)]])
    assert draw((12, 3), (0, 9), (0, 9), [[(0.0, 0.0), (9.0, 9.0)]]) == first
    assert drawn == [(12, 3)]
    assert draw((12, 3), (0, 9), (0, 9), [[(0, 9), (9, 0)]]) != first


def test_a_picture_larger_than_any_terminal_is_refused() -> None:
    rows = draw((5000, 2), (0, 1), (0, 1), [[(0, 0)]])
    assert rows[0].startswith("too large to draw")


def test_threads_do_not_draw_into_each_others_picture() -> None:
    def picture(seed: int) -> tuple[str, ...]:
        return draw((20, 4), (0, 9), (0, 9), [[(x, (x * seed) % 10) for x in range(10)]])

    seeds = list(range(1, 9)) * 10
    alone = [picture(seed) for seed in seeds]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(picture, seeds)) == alone


def test_plotext_is_not_imported_before_something_is_drawn() -> None:
    code = "import sys, widgets.plot; sys.exit('plotext' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, env={"PYTHONPATH": "."}).returncode == 0
