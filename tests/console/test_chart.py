"""The chart as a person reads it: what stands where, and how little a new sample changes."""

from __future__ import annotations

import itertools
import math

import pytest

from aftergreen.verdict.snapshot import Axis
from aftergreen.verdict.state import Baseline
from tests.console.charted import AXIS, DEPLOYED, LIMIT, USUAL, drawing, steady, trace
from widgets.axes import ends_of
from widgets.chart import Drawing, chart
from widgets.plot import MODES
from widgets.rows import Row
from widgets.scale import Times, values_of
from widgets.spark import spark


def texts(rows: tuple[Row, ...]) -> list[str]:
    return ["".join(span.text for span in spans) for spans in rows]


def cells(rows: tuple[Row, ...]) -> list[list[tuple[str, str, bool]]]:
    """Character, look and band of each cell."""
    return [[(c, span.look, span.band) for span in spans for c in span.text] for spans in rows]


def sampled(rows: tuple[Row, ...]) -> set[int]:
    """The columns in which samples are drawn."""
    return {x for row in cells(rows) for x, (c, _, _) in enumerate(row) if 0x2800 < ord(c) <= 0x28FF}


def looks(rows: tuple[Row, ...]) -> set[str]:
    """The looks of the samples."""
    return {look for row in cells(rows) for c, look, _ in row if 0x2800 < ord(c) <= 0x28FF}


SIZES = [(12, 3), (24, 4), (40, 8), (55, 9), (110, 30)]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("mode", MODES)
def test_a_chart_fills_its_place_exactly(width: int, height: int, mode: str) -> None:
    rows = chart(drawing(steady(-450, 300), mode=mode), DEPLOYED + 300, width, height)
    assert [len(text) for text in texts(rows)] == [width] * height
    if mode == "ascii":
        assert "".join(texts(rows)).isascii()


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_deployment_is_one_unbroken_line_a_third_across(width: int, height: int) -> None:
    rows = texts(chart(drawing(steady(-450, 900)), DEPLOYED + 900, width, height))
    columns = {row.index("│") for row in rows[:-1]}
    assert columns == {round((width - 1) / 3)}
    assert all(row.count("│") == 1 for row in rows[:-1])


def test_labels_stand_at_their_times() -> None:
    labels = texts(chart(drawing(), DEPLOYED + 450, 60, 8))[-1]
    times = Times(AXIS, 60)
    assert labels.startswith("−7m")
    assert labels.endswith("+15m")
    assert labels.index("deploy") <= times.deploy < labels.index("deploy") + len("deploy")
    assert labels.index("now") + 1 == times.cell(DEPLOYED + 450)


@pytest.mark.parametrize("width", range(8, 111))
def test_labels_never_touch(width: int) -> None:
    for since in range(-450, 901, 30):
        words = Times(AXIS, width).labels(DEPLOYED + since).split()
        assert set(words) <= {"−7m", "deploy", "now", "+15m"}
        assert "deploy" in words
        assert len(Times(AXIS, width).labels(DEPLOYED + since)) == width


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (60.0, 120.0, ["−1m", "+2m"]),
        (45.0, 90.0, ["−45s", "+1m30s"]),
        (14_400.0, 28_800.0, ["−4h", "+8h"]),
        (2700.0, 5400.0, ["−45m", "+1h30m"]),
        (7.5, 15.0, ["−8s", "+15s"]),
    ],
)
def test_the_ends_of_the_axis_are_named_as_people_say_them(
    before: float, after: float, said: list[str]
) -> None:
    labels = Times(Axis(DEPLOYED - before, DEPLOYED, DEPLOYED + after), 60).labels(DEPLOYED)
    assert [word for word in labels.split() if word != "deploy"] == said


@pytest.mark.parametrize(
    ("values", "limit", "ends"),
    [
        ((0.001, 0.002), 0.01, ("1.2 %", "0")),
        ((0.001, 0.03), 0.01, ("4 %", "0")),
        # Drawn at the edge, for the limit would be lost at the foot of all of it.
        ((0.001, 0.5), 0.01, (">6 %", "0")),
        ((-0.5, 0.001), 0.01, ("2 %", "<−5 %")),
    ],
)
def test_an_axis_says_where_values_lie_beyond_it(
    values: tuple[float, float], limit: float, ends: tuple[str, str]
) -> None:
    usual = Baseline(median=0.0, spread=0.0, samples=120, expected=120)
    shown = Drawing(trace(list(enumerate(values))), AXIS, usual, limit, unit="%")
    assert ends_of(shown) == ends


def test_the_limit_is_dashed_and_named_at_the_right_edge() -> None:
    rows = texts(chart(drawing(steady(-450, 300)), DEPLOYED + 300, 50, 8))
    named = [row for row in rows if row.endswith("262 ms")]
    assert len(named) == 1
    assert named[0].replace("│", "╌").removesuffix("262 ms") == "╌" * 44


def test_the_name_of_the_limit_makes_room_for_samples() -> None:
    run = [(at, LIMIT * 1.01) for at in range(0, 900, 5)]
    rows = chart(drawing(run), DEPLOYED + 900, 50, 8)
    assert sampled(rows) >= set(range(Times(AXIS, 50).deploy + 1, 50))
    assert any(row.endswith("262 ms") for row in texts(rows))


def test_the_band_lies_behind_the_whole_width() -> None:
    rows = cells(chart(drawing(steady(-450, 300)), DEPLOYED + 300, 50, 12))
    banded = [y for y, row in enumerate(rows) if any(band for _, _, band in row)]
    assert banded
    assert all(band for y in banded for _, _, band in rows[y])
    assert banded == list(range(banded[0], banded[-1] + 1))


def test_a_band_without_spread_still_has_a_row() -> None:
    narrow = Drawing(trace(steady(-450, 0)), AXIS, Baseline(0.175, 0.0, 120, 120), LIMIT)
    rows = cells(chart(narrow, DEPLOYED, 50, 8))
    assert sum(all(band for _, _, band in row) for row in rows) == 1


def test_the_middle_of_the_band_is_drawn_ahead_of_now_only() -> None:
    rows = texts(chart(drawing(steady(-450, 0), steady(200, 300)), DEPLOYED + 300, 50, 12))
    ahead = [x for row in rows for x, c in enumerate(row) if c == "┈"]
    assert min(ahead) > (Times(AXIS, 50).cell(DEPLOYED + 300) or 0)
    assert max(ahead) == 49


def test_without_colours_the_band_is_drawn_with_characters() -> None:
    rows = texts(chart(drawing(shaded=True), DEPLOYED, 50, 12))
    assert any("·" * 10 in row for row in rows)


def test_a_gap_stays_a_gap() -> None:
    rows = chart(drawing(steady(-450, -200), steady(-100, 100), steady(300, 600)), DEPLOYED + 600, 90, 8)
    times = Times(AXIS, 90)
    silent = {times.cell(DEPLOYED + at) for at in itertools.chain(range(-185, -105), range(115, 280))}
    assert not sampled(rows) & silent
    assert times.cell(DEPLOYED - 150) in silent


def test_samples_look_different_before_and_after_the_deployment() -> None:
    rows = cells(chart(drawing(steady(-450, 300)), DEPLOYED + 300, 50, 8))
    deploy = Times(AXIS, 50).deploy
    for row in rows[:-1]:
        assert {look for c, look, _ in row[:deploy] if ord(c) > 0x2800} <= {"before"}
        assert {look for c, look, _ in row[deploy + 1 :] if ord(c) > 0x2800} <= {"after"}


@pytest.mark.parametrize(
    ("value", "upward", "expected"),
    [
        (LIMIT * 1.5, True, {"bad"}),
        (LIMIT * 1.001, True, {"bad"}),
        (LIMIT * 0.9, True, {"after"}),
        (LIMIT, True, {"after"}),
        (LIMIT * 0.5, False, {"bad"}),
        (LIMIT * 1.5, False, {"after"}),
    ],
)
def test_samples_past_the_limit_look_bad(value: float, *, upward: bool, expected: set[str]) -> None:
    assert looks(chart(drawing(steady(0, 300, value), upward=upward), DEPLOYED + 300, 50, 8)) == expected


def test_samples_fill_the_chart_from_left_to_right_and_nothing_scrolls() -> None:
    earlier = sampled(chart(drawing(steady(-450, 100)), DEPLOYED + 100, 80, 8))
    later = sampled(chart(drawing(steady(-450, 400)), DEPLOYED + 400, 80, 8))
    assert earlier < later
    assert min(later - earlier) >= max(earlier)


def test_one_wild_sample_does_not_flatten_the_rest() -> None:
    values = values_of(trace([*steady(0, 300), (300, 1e9)]), USUAL, LIMIT)
    assert values.row(LIMIT, 10) < values.row(0.175, 10)
    assert values.row(1e9, 10) == 0


@pytest.mark.parametrize("value", [0.0, 1e-12, 1e12, 1e299, -1e299, -3.0])
def test_a_lonely_constant_value_has_a_range_around_it(value: float) -> None:
    values = values_of(trace([(0, value)]), None, None)
    assert values.low <= value <= values.high
    assert math.isfinite(values.low)
    assert math.isfinite(values.high)


def test_the_range_stays_while_samples_stay_in_it() -> None:
    noise = [(at, 0.175 + 0.01 * math.sin(at)) for at in range(-450, 900, 5)]
    ranges = {values_of(trace(noise[:end]), USUAL, LIMIT) for end in range(1, len(noise))}
    assert len(ranges) == 1


def test_a_share_never_has_a_chart_below_zero() -> None:
    errors = Baseline(median=0.001, spread=0.001, samples=120, expected=120)
    assert values_of(trace([(0, 0.001)]), errors, 0.01).low == 0.0


@pytest.mark.parametrize("mode", MODES)
def test_a_small_chart_has_one_row_and_the_deployment(mode: str) -> None:
    line = spark(drawing(steady(-450, 300), mode=mode), 20)
    text = "".join(span.text for span in line)
    assert len(text) == 20
    assert text.index("|" if mode == "ascii" else "│") == Times(AXIS, 20).deploy
    assert text[-3:].strip(" \u2800") == ""


def test_a_small_chart_shows_the_worst_of_each_cell() -> None:
    run = [*steady(0, 300), (302, LIMIT * 2), *steady(305, 600)]
    assert [span.look for span in spark(drawing(run, mode="block"), 20)].count("bad") == 1


@pytest.mark.parametrize("mode", MODES)
def test_a_small_chart_keeps_its_gaps(mode: str) -> None:
    runs = (steady(-450, -100), steady(500, 900))
    text = "".join(span.text for span in spark(drawing(*runs, mode=mode), 60))
    times = Times(AXIS, 60)
    between = slice((times.cell(DEPLOYED) or 0) + 1, times.cell(DEPLOYED + 480))
    assert text[between].strip(" \u2800") == ""


@pytest.mark.parametrize("width", [-1, 0, 3])
def test_without_room_there_is_no_small_chart(width: int) -> None:
    assert spark(drawing(steady(0, 100)), width) == ()


def changes(old: tuple[Row, ...], new: tuple[Row, ...]) -> int:
    return sum(a != b for x, y in zip(cells(old), cells(new), strict=True) for a, b in zip(x, y, strict=True))


@pytest.mark.parametrize("size", [(40, 8), (55, 9), (110, 30)])
def test_a_new_sample_changes_a_few_cells(size: tuple[int, int]) -> None:
    noise = [(float(at), 0.175 + 0.01 * math.sin(at * 7)) for at in range(-450, 900, 15)]
    counts = []
    for end in range(40, len(noise)):
        old = chart(drawing(noise[:end]), DEPLOYED + noise[end - 1][0], *size)
        new = chart(drawing(noise[: end + 1]), DEPLOYED + noise[end][0], *size)
        assert changes(old[-1:], new[-1:]) <= 11, "a label that moves, at most once with its neighbour"
        counts.append(changes(old[:-1], new[:-1]))
    assert max(counts) <= 6
    assert sum(counts) / len(counts) <= 4
