"""What is looked at: signals and events of a name, while the verdict stays whole."""

from __future__ import annotations

import pytest

from tests.console import moments
from tests.console.desk import SMALL, WIDE, Desk, desk

SIZES = pytest.mark.parametrize("size", [WIDE, SMALL, (60, 20), (40, 12)])


async def look_for(here: Desk, name: str) -> None:
    await here.press("slash")
    await here.burst(*name, "enter")


@SIZES
async def test_only_what_has_the_name_is_shown_and_the_breach_all_the_same(size: tuple[int, int]) -> None:
    async with desk(moments.doubtful(), size) as here:
        await look_for(here, "orders-db")
        assert "✗ BREACHED" in here.lines[0]
        assert " /orders-db " in here.text
        assert "orders-" in here.text
        assert "average" not in here.text
        assert "registrations" not in here.text
        assert "nothing has that name" in here.text
        assert "warm-up is over" not in here.text


@SIZES
async def test_a_whole_indicator_can_be_named_and_esc_shows_all(size: tuple[int, int]) -> None:
    async with desk(moments.watching(), size) as here:
        await look_for(here, "LATENCY")
        assert "average" in here.text
        assert "HTTP 5xx" not in here.text
        await here.press("escape")
        assert "/LATENCY" not in here.text
        assert "HTTP 5xx" in here.text


async def test_the_log_is_chosen_by_its_own_words() -> None:
    async with desk(moments.breached(), WIDE) as here:
        await look_for(here, "warm-up")
        assert "warm-up is over" in here.text
        assert "thresholds and baseline sealed" not in here.text


async def test_why_nothing_is_known_is_said_whatever_is_looked_at() -> None:
    async with desk(moments.blind(), SMALL) as here:
        await look_for(here, "no such name")
        assert here.lines[1] == "   ! connection refused"


async def test_what_was_chosen_can_be_changed_or_left_as_it_is() -> None:
    async with desk(moments.watching(), SMALL) as here:
        await look_for(here, "cpu")
        await here.press("slash")
        assert "cpu" in here.text, "it can be changed"
        await here.press("escape")
        assert " /cpu " in here.text
        await here.press("slash", "backspace", "backspace", "backspace", "enter")
        assert "HTTP 5xx" in here.text
