"""Where things stand on the screen: nothing cut, nothing that moves while it is looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from rich.color import ColorType

from tests.console import moments
from tests.console.desk import SMALL, WIDE, Desk, desk, reading
from tests.console.story import ERRORS, ORDERS, REGISTRATIONS, Story
from widgets.signal_rows import columns_of

SIZES = pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])


def column_of(line: str, part: str) -> int:
    assert part in line, line
    return line.index(part)


def body(here: Desk) -> list[str]:
    """The rows of an open page."""
    region = here.app.screen.query_one("#page").region
    return here.lines[region.y : region.bottom]


async def test_a_doubt_on_the_banner_takes_a_row_and_no_axis() -> None:
    async with reading(moments.doubtful(), WIDE) as here:
        # Five indicators have a chart, each with its own time axis.
        assert sum(line.count("deploy ") for line in here.lines) == 5


async def test_the_grid_gives_the_row_back_when_the_doubt_is_gone() -> None:
    async with reading(moments.doubtful(), WIDE) as here:
        await here.show(moments.breached())
        assert "checkout-api v2.4.1" in here.lines[1]
        assert sum(line.count("deploy ") for line in here.lines) == 5


async def test_on_the_small_screen_every_line_has_the_deployment_in_one_column() -> None:
    """Also where there are more signals than lines."""
    for lines in (20, 22, 24):
        async with reading(moments.doubtful(), (80, lines)) as here:
            marks = {line.index("│") for line in here.lines if "was " in line and "│" in line}
            assert len(marks) == 1


@pytest.mark.parametrize("width", [60, 66, 71])
async def test_on_a_narrow_screen_a_value_and_what_it_was_are_whole_or_left_out(width: int) -> None:
    async with reading(moments.doubtful(), (width, 20)) as here:
        values = [line for line in here.lines if line[12:13] in "✓!✗" and line[12:13]]
        assert len(values) >= 5
        assert not [line for line in values if line.rstrip(" 0123456789+").endswith("…")]


@pytest.mark.parametrize("width", [60, 64, 66, 72])
async def test_on_a_narrow_screen_the_key_gives_way_to_the_rule(width: int) -> None:
    async with reading(moments.over_limit(), (width, 20)) as here:
        assert "OVER LIMIT  fires in 0:27  HTTP 5xx 5.39 % > 1 % for 2m" in here.lines[0]


async def test_advice_that_is_cut_says_so() -> None:
    async with reading(moments.doubtful(), (60, 14)) as here:
        (said,) = [line for line in here.lines if line.endswith("…") and "Roll back" in line]
        assert "HTTP 5xx 5.63 % > 1 % for 2m" in said


async def test_what_does_not_fit_is_counted_and_the_worst_is_kept() -> None:
    story = moments.begun().feed(300).feed(90, {ORDERS: 0.9})
    async with reading(story, (80, 14)) as here:
        assert "+3" in here.text
        assert "! orders-db connect" in here.text


@SIZES
async def test_the_unit_of_a_value_stays_where_it_is_while_its_digits_change(size: tuple[int, int]) -> None:
    places = set()
    for rate in (0.000804, 0.00161, 0.002, 0.03, 0.4):
        async with reading(moments.begun().feed(300, {ERRORS: rate}), size) as here:
            (line, *_) = [line for line in here.lines[2:] if "HTTP 5xx" in line and " %" in line]
            places.add(line.index(" %", line.index("HTTP 5xx")))
    assert len(places) == 1


async def test_going_blind_moves_no_column() -> None:
    places = set()
    for story in (moments.begun().feed(300), Story().feed(300).blind(30)):
        async with desk(story, SMALL) as here:
            places |= {line.index("was ") for line in here.lines if "was " in line}
    assert len(places) == 1


def test_a_signal_that_has_no_past_moves_no_column_when_it_goes_blind() -> None:
    state = moments.watching().state.signals[REGISTRATIONS]
    seen = replace(state, signal=replace(state.signal, unit="sessions"), baseline=None)
    assert columns_of([seen], width=80) == columns_of([replace(seen, reading=None)], width=80)


@SIZES
async def test_a_name_that_leaves_no_room_for_its_value_is_not_cut(size: tuple[int, int]) -> None:
    async with reading(moments.begun().feed(300, {REGISTRATIONS: 123456.0}), size) as here:
        assert "registrations" in here.text
        assert "…" not in here.text


@pytest.mark.parametrize("width", [60, 70, 80, 100, 120, 160])
async def test_the_keys_fit_and_the_way_out_is_among_them(width: int) -> None:
    async with reading(moments.breached(), (width, 24)) as here:
        assert here.lines[-1].endswith("? Help  q Quit")
        assert "r Roll back" in here.lines[-1]


async def test_a_click_on_a_key_presses_it() -> None:
    async with reading(moments.breached(), WIDE) as here:
        at = column_of(here.lines[-1], "w Why")
        await here.click(at, WIDE[1] - 1)
        assert "curl" in here.text


@SIZES
@pytest.mark.parametrize("key", ["1", "w", "c", "question_mark"])
async def test_no_page_hides_the_state_the_doubt_or_the_age_of_the_data(
    key: str, size: tuple[int, int]
) -> None:
    async with reading(moments.doubtful(), size) as here:
        await here.press(key)
        assert "✗ BREACHED" in here.lines[0]
        assert "orders-db broke 45s earlier" in here.lines[1]
        assert "data 3 s ago" in here.lines[2]


@SIZES
@pytest.mark.parametrize("key", ["1", "2", "3", "4", "5", "w", "c", "question_mark"])
async def test_no_page_cuts_a_line(key: str, size: tuple[int, int]) -> None:
    async with reading(moments.doubtful(), size) as here:
        await here.press(key)
        assert [line for line in body(here) if "…" in line] == []


async def test_a_zoom_shows_every_signal_every_rule_and_the_receipt() -> None:
    async with reading(moments.doubtful(), (120, 80)) as here:
        await here.press("4")
        for part in ("orders-db connect", "session-cache get", "payments authorise", "events publish"):
            assert part in here.text
        rules = [line for line in body(here) if ": warn  " in line and line.strip("│ ")[0] in "✓!"]
        assert len(rules) == 4
        assert "warning at" in here.text
        assert "curl" in here.text


async def test_a_page_scrolls_by_j_and_k() -> None:
    async with reading(moments.doubtful(), SMALL) as here:
        await here.press("4")
        first = body(here)[1]
        await here.press("j", "j")
        assert body(here)[1] != first
        await here.press("k", "k")
        assert body(here)[1] == first


async def test_a_frozen_view_says_what_has_become_of_the_release() -> None:
    async with reading(moments.watching(), WIDE) as here:
        await here.press("space")
        await here.show(moments.breached())
        assert "✓ WATCHING" in here.lines[0]
        assert "now: ✗ BREACHED" in here.lines[1]
        assert "space goes on" in here.lines[0]


async def test_a_frozen_view_cuts_nothing_on_the_small_screen() -> None:
    async with reading(moments.doubtful(), SMALL) as here:
        await here.press("space")
        head = here.lines[:3]
        assert head[0].startswith(" PAUSED at ")
        assert head[1] == " ✗ BREACHED  HTTP 5xx 5.63 % > 1 % for 2m at 22:21:20, now 5.95 %"
        assert head[2] == "   ! orders-db broke 45s earlier: rolling back may not help"


async def test_the_sentence_of_a_tiny_terminal_is_never_frozen() -> None:
    async with reading(moments.watching(), (50, 11)) as here:
        await here.press("space")
        await here.show(moments.breached())
        assert here.lines[0].startswith("✗ BREACHED")


async def test_a_narrow_screen_says_that_it_is_frozen_and_how_it_stands_now() -> None:
    async with reading(moments.watching(), (40, 12)) as here:
        await here.press("space")
        await here.show(moments.breached())
        assert here.lines[0].startswith(" ✗ BREACHED  PAUSED ")
        assert "0.0804 %" in here.text, "the value of then"


async def test_nobody_decides_on_a_frozen_view() -> None:
    async with reading(moments.watching(), WIDE) as here:
        await here.press("space")
        await here.show(moments.breached())
        await here.press("r")
        assert "PAUSED" not in here.text
        assert "HTTP 5xx 5.55 % > 1 % for 2m" in here.text


async def test_in_a_tiny_terminal_a_plain_sentence_remains() -> None:
    async with reading(moments.doubtful(), (50, 11)) as here:
        assert [line.strip() for line in here.lines if line] == [
            "✗ BREACHED  HTTP 5xx 5.63 % > 1 % for 2m at",
            "22:21:20, now 5.95 %  ! orders-db broke 45s",
            "earlier: rolling back may not help  data 3 s ago",
        ]


async def test_the_tiniest_terminal_shows_the_beginning_of_the_sentence() -> None:
    async with reading(moments.doubtful(), (20, 1)) as here:
        assert here.lines == ["✗ BREACHED  HTTP 5xx"]


async def test_the_layout_follows_the_terminal() -> None:
    async with desk(moments.doubtful(), WIDE) as here:
        for size, framed in ((SMALL, False), (WIDE, True), ((60, 14), False), (WIDE, True)):
            await here.resize(size)
            assert ("┏━ 1 Error rate" in here.text) is framed
            assert "✗ BREACHED" in here.lines[0]


def colours(here: Desk) -> Iterable[ColorType]:
    for strip in here.app.screen._compositor.render_strips():
        for _, style, _ in strip:
            if style is not None:
                yield from (colour.type for colour in (style.color, style.bgcolor) if colour is not None)


@SIZES
async def test_without_colours_a_breach_is_told_by_its_whole_row(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with desk(moments.doubtful(), size) as here:
        assert set(colours(here)) == {ColorType.DEFAULT}
        first, second, third = here.app.screen._compositor.render_strips()[:3]
        assert all(style is not None and style.reverse for _, style, _ in (*first, *second))
        assert not any(style is not None and style.reverse for _, style, _ in third)


@SIZES
async def test_why_tells_of_the_rollback_what_ran_and_what_it_wrote(size: tuple[int, int]) -> None:
    story = moments.rolling_back("deployment rolled back", "1 of 4 updated").rolled_back(exit_code=3)
    async with desk(story, size) as here:
        await here.press("w")
        for part in (
            "the rollback failed",
            "kubectl rollout undo",
            moments.WHO,
            "1 of 4 updated",
            "of 1,244",
        ):
            assert part in here.text


@SIZES
async def test_the_decision_has_everything_that_happened(size: tuple[int, int]) -> None:
    async with reading(moments.doubtful(), size) as here:
        # Keys that arrive together count one by one.
        await here.press("6")
        await here.burst(*("j",) * 20)
        for part in ("thresholds and baseline sealed", "warm-up is over", "orders-db connect warning: "):
            assert part in here.text


async def test_while_all_is_well_nothing_asks_to_be_looked_at() -> None:
    async with reading(moments.watching(), WIDE) as here:
        assert here.app.focused is None


async def test_enter_opens_what_leads_while_no_panel_has_the_focus() -> None:
    async with reading(moments.begun().feed(300).feed(240, {REGISTRATIONS: 40.0}), WIDE) as here:
        await here.press("enter")
        assert "─ Business ─" in here.text
        assert "registrations 30 % below baseline" in here.text
