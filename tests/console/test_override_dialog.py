"""Changing a threshold: what is asked, what is refused, and what everybody sees."""

from __future__ import annotations

import pytest

from tests.console import moments
from tests.console.desk import SMALL, WIDE, Desk, desk

SAID = "HTTP 5xx above 1% to 2% because clients retry"


async def typed(here: Desk, text: str) -> None:
    await here.press(
        "t", *["space" if c == " " else "percent_sign" if c == "%" else c for c in text], "enter"
    )


@pytest.mark.parametrize("size", [WIDE, SMALL])
async def test_the_dialog_lists_what_can_be_changed_and_gives_the_order(size: tuple[int, int]) -> None:
    async with desk(moments.watching(), size) as here:
        await here.press("t")
        assert "Change a threshold" in here.text
        assert "HTTP 5xx above 1%" in here.text
        assert "It is recorded with your name and the reason" in here.text
        await here.press("escape")
        await typed(here, SAID)
        assert here.given.orders == [("override", SAID, "ana@bastion2")]
        assert "Change a threshold" not in here.text


async def test_what_cannot_be_read_is_said_and_what_was_typed_stays() -> None:
    async with desk(moments.watching()) as here:
        await typed(here, "HTTP 5xx above 1% to 2%")
        assert "say why: an override has a reason" in here.text
        assert "HTTP 5xx above 1% to 2%" in here.text
        assert here.given.orders == []


async def test_nobody_changes_a_threshold_of_a_release_that_has_ended_or_is_read_only() -> None:
    for story in (moments.finished(), moments.read_only()):
        async with desk(story) as here:
            await here.press("escape", "t")
            assert "Change a threshold" not in here.text
            assert "Threshold: " in here.text
