"""What the console says at each moment of a release, in every size it is made for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from aftergreen.model import COMPARED, Kind
from tests.console import moments
from tests.console.desk import SMALL, WIDE, Desk, desk, flowing, reading
from tests.console.story import Story

NARROW = (60, 14)
TINY = (50, 12)
SIZES = [WIDE, SMALL, NARROW, TINY]

STATES: list[tuple[Callable[[], Story], str]] = [
    (moments.watching, "✓ WATCHING"),
    (moments.over_limit, "✗ OVER LIMIT"),
    (moments.breached, "✗ BREACHED"),
    (moments.blind, "? BLIND"),
    (moments.rolling_back, "! ROLLING BACK"),
]

OPEN = [
    moments.watching,
    moments.over_limit,
    moments.breached,
    moments.breached_twice,
    moments.doubtful,
    moments.unknown,
    moments.blind,
    moments.waived,
]

SIZED = pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])
READABLE = pytest.mark.parametrize("size", [WIDE, SMALL, NARROW], ids=["wide", "small", "narrow"])


def told(here: Desk) -> list[str]:
    """The lines above the event log, which alone may be cut at the right edge."""
    log = here.app.screen.query_one("#log").region
    return [line for y, line in enumerate(here.lines) if not log.y <= y < log.bottom]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_first_row_is_the_state_in_every_size(size: tuple[int, int]) -> None:
    async with desk(None, size) as here:
        for moment, word in STATES:
            await here.show(moment())
            assert here.lines[0].strip().startswith(word)


@SIZED
async def test_nothing_above_the_log_is_cut(size: tuple[int, int]) -> None:
    async with desk(None, size) as here:
        for moment in OPEN:
            await here.show(moment())
            assert [line for line in told(here) if "…" in line] == [], moment.__name__


@READABLE
async def test_a_burning_fuse_says_when_it_fires_and_by_what(size: tuple[int, int]) -> None:
    async with reading(moments.over_limit(), size) as here:
        # 105 s of failing polls are 90 s of fuse; the clock stands 3 s after the newest of them.
        assert "fires in 0:27" in here.lines[0]
        assert "HTTP 5xx" in here.lines[0]


@SIZED
async def test_the_key_that_matters_stands_on_the_banner(size: tuple[int, int]) -> None:
    async with reading(moments.breached(), size) as here:
        assert "r roll back" in here.lines[0]
        await here.show(moments.watching())
        assert "r roll back" not in here.lines[0]


async def test_the_fuse_burns_between_two_polls() -> None:
    async with reading(moments.over_limit()) as here:
        await here.show(moments.over_limit(), later=7)
        assert "fires in 0:20" in here.lines[0]


@pytest.mark.parametrize("moment", [moments.breached, moments.breached_twice, moments.doubtful])
async def test_only_the_leading_breach_has_the_heavy_frame(moment: Callable[[], Story]) -> None:
    async with reading(moment(), WIDE) as here:
        assert here.text.count("┏") == 1
        assert "┏━ 1 Error rate · BREACHED" in here.text


async def test_a_second_breach_keeps_its_mark_and_its_word() -> None:
    async with reading(moments.breached_twice(), WIDE) as here:
        assert "╭─ 5 Business · BREACHED" in here.text
        assert "✗ business" in here.text


async def test_while_all_is_well_no_frame_is_heavy() -> None:
    async with reading(moments.watching(), WIDE) as here:
        assert not set("┏┃┗") & set(here.text)


@SIZED
async def test_a_doubt_stands_right_below_the_breach(size: tuple[int, int]) -> None:
    async with reading(moments.doubtful(), size) as here:
        assert here.lines[1].strip() == "! orders-db broke 45s earlier: rolling back may not help"


def marked(symbol: str, here: Desk) -> list[str]:
    """What stands behind a symbol, in the walk or at the left of its chart."""
    return re.findall(rf"{re.escape(symbol)} (\w+)", here.text)


@SIZED
async def test_what_is_unknown_is_a_word_and_never_ticked(size: tuple[int, int]) -> None:
    async with desk(None, size) as here:
        for kind in sorted(set(Kind) - COMPARED):
            await here.show(moments.unknown(kind))
            for name in ("HTTP 5xx", "db connections"):
                (place,) = [y for y, line in enumerate(here.lines) if name in line and "? " in line][:1]
                # On the small screen it stands below the name.
                assert kind.value in " ".join(here.lines[place : place + 2]), f"{name}, {kind}"
                assert f"✓ {name}" not in here.text
            assert not set(marked("✓", here)) & {"errors", "saturation"}
            assert "✓ error rate in range" not in here.text
            assert "✓ resources stable" not in here.text


@SIZED
async def test_blindness_is_the_loudest_thing_and_nothing_is_ticked(size: tuple[int, int]) -> None:
    async with reading(moments.blind(), size) as here:
        assert "? BLIND" in here.lines[0]
        assert "the watch clock stands still" in here.lines[0]
        assert set(marked("?", here)) >= {"errors", "latency", "saturation", "deps", "business"}


@SIZED
async def test_a_waived_indicator_says_so_with_its_reason(size: tuple[int, int]) -> None:
    async with reading(moments.waived(), size) as here:
        assert "waived: not part of this test" in here.text
        assert "– business" in here.text
        assert "✓ business" not in here.text


@READABLE
async def test_the_second_row_is_identity_and_the_age_of_the_data(size: tuple[int, int]) -> None:
    async with reading(moments.watching(), size) as here:
        for part in ("checkout-api", "v2.4.1", "+05:00 of 15:00", "data 3 s ago"):
            assert part in here.lines[1]


@READABLE
async def test_old_data_is_a_warning_however_well_it_looked(size: tuple[int, int]) -> None:
    async with reading(moments.watching(), size) as here:
        await here.show(moments.watching(), later=100)
        assert "! data 1m43s ago" in here.lines[1]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_before_the_first_snapshot_it_says_what_is_being_done(size: tuple[int, int]) -> None:
    async with desk(None, size) as here:
        here.app.progress(here.app.releases.current, "asking for the baseline")
        await here.settle()
        assert "PREFLIGHT" in here.lines[0]
        assert "asking for the baseline" in here.lines[0]


async def test_before_the_first_snapshot_nothing_is_claimed() -> None:
    async with desk(None, WIDE) as here:
        assert not set("✓✗") & set(here.text)


@SIZED
async def test_a_finished_release_opens_its_card(size: tuple[int, int]) -> None:
    async with desk(moments.finished(), size) as here:
        assert "✓ FINISHED" in here.lines[0]
        assert "Production runs v2.4.1" in here.text
        assert "exit code 0" in here.text
        await here.press("escape")
        assert "Production runs" not in here.text
        assert "✓ FINISHED" in here.lines[0]


@SIZED
async def test_a_rolled_back_release_says_what_production_runs_and_who_did_it(size: tuple[int, int]) -> None:
    async with desk(moments.rolled_back(), size) as here:
        text = " ".join(here.text.split())
        assert "✓ RECOVERED" in here.lines[0]
        assert "Production runs v2.4.0" in text
        assert moments.WHO in text
        assert "exit code 20" in text


@pytest.mark.parametrize(
    ("others", "told"),
    [
        (("ben@bastion2",), "with ben@bastion2 · sealed"),
        (("ben@b", "eve@b", "zoe@b"), "with ben@b and 2 more · sealed"),
    ],
)
async def test_who_else_watches_stands_in_the_second_row(others: tuple[str, ...], told: str) -> None:
    snapshot = moments.watching().snapshot
    async with reading(replace(snapshot, context=replace(snapshot.context, others=others))) as here:
        assert told in here.lines[1]


@pytest.mark.parametrize("theme", ["aftergreen-dark", "aftergreen-light", "aftergreen-ansi"])
async def test_a_breach_has_a_red_band_in_every_theme(theme: str) -> None:
    """Also in that of the terminal's own colours, on a terminal that has millions."""
    async with desk(moments.breached(), SMALL) as here:
        here.app.theme = theme
        await here.settle()
        band, identity = (
            {segment.style.bgcolor for segment in strip if segment.style is not None}
            for strip in here.app.screen._compositor.render_strips()[:2]
        )
        (colour,) = band
        assert colour is not None
        assert colour not in identity
        red, green, blue = colour.get_truecolor()
        assert red > max(green, blue)


@pytest.mark.parametrize(
    ("size", "said"), [(WIDE, f"{'a disk is full ' * 9}!"), (SMALL, f"{'it is full ' * 9}!")]
)
async def test_a_note_that_is_the_newest_is_read_whole_in_the_log(size: tuple[int, int], said: str) -> None:
    async with desk(moments.watching().noted(said), size) as here:
        assert said in flowing(here.text)
        assert said not in here.text
