"""What each key does: pages, pause, notes, the clipboard."""

from __future__ import annotations

import re

import pytest
from textual.binding import Binding

from aftergreen.model import Indicator
from aftergreen.words import indicator_title
from aftergreen.words.cards import curl_line
from tests.console import moments
from tests.console.desk import SMALL, WIDE, Desk, desk, flowing, reading
from tests.console.moments import WHO
from tui.bindings import DRILL, bindings

SIZES = pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])


def title(here: Desk) -> str:
    """The heading of the page that is open without its number, empty on the overview."""
    page = here.app.screen.query("#page")
    return str(page.first().border_title).lstrip("0123456789 ") if page else ""


# Pages


@SIZES
async def test_a_digit_zooms_its_indicator(size: tuple[int, int]) -> None:
    async with reading(moments.watching(), size) as here:
        for number, indicator in enumerate(Indicator, start=1):
            await here.press(str(number))
            assert title(here) == indicator_title(indicator)
            for signal in here.app.frame().plan.of(indicator)[:2]:
                assert signal.name in here.text
        await here.press("escape")
        assert title(here) == ""
        assert "✓ WATCHING" in here.lines[0]


async def test_the_zoom_follows_the_release() -> None:
    async with reading(moments.watching()) as here:
        await here.press("1")
        await here.show(moments.breached())
        assert title(here) == "Error rate"
        assert "✗ BREACHED" in here.lines[0]
        assert "breached" in here.text


async def test_enter_opens_the_panel_that_has_the_focus() -> None:
    async with reading(moments.watching()) as here:
        opened = []
        for _ in range(6):
            await here.press("j", "enter")
            opened.append(title(here))
            await here.press("escape")
        assert sorted(opened) == sorted([*map(indicator_title, Indicator), "Decision"])


async def test_j_and_k_and_the_arrows_and_tab_move_the_focus() -> None:
    async with reading(moments.watching()) as here:
        await here.press("tab")
        first = here.app.focused
        assert first is not None
        for there, back in (("j", "k"), ("down", "up"), ("right", "left"), ("tab", "shift+tab")):
            await here.press(there)
            assert here.app.focused is not first
            await here.press(back)
            assert here.app.focused is first


@SIZES
async def test_6_shows_the_decision_and_what_happened(size: tuple[int, int]) -> None:
    async with reading(moments.breached(), size) as here:
        await here.press("6")
        assert title(here) == "Decision"
        assert "Roll back: HTTP 5xx 5.55 % > 1 % for 2m at 22:20:35." in here.text
        assert "warm-up is over" in here.text


@SIZES
async def test_c_shows_the_checklist_with_its_facts(size: tuple[int, int]) -> None:
    async with reading(moments.breached(), size) as here:
        await here.press("c")
        assert title(here) == "Checklist"
        assert "✗ error rate in range" in here.text
        assert "HTTP 5xx is breached" in here.text


async def test_a_tick_says_what_it_rests_on() -> None:
    async with reading(moments.breached(), WIDE) as here:
        await here.press("c")
        for fact in (
            r"✓ latency not risen +average \d+ ms, limit 263 ms \(\+50 %\), 1 more in range",
            r"✓ rollback defined +kubectl rollout undo deployment/checkout-api",
        ):
            assert re.search(fact, here.text), here.text


@SIZES
async def test_at_the_end_c_shows_what_is_missing(size: tuple[int, int]) -> None:
    async with desk(moments.unproven(), size) as here:
        await here.press("c")
        assert "missing for finished" in here.text
        assert "dependencies responding: orders-db connect is over limit" in flowing(here.text)


def test_every_key_has_one_meaning() -> None:
    meant = [(key, binding.action) for binding in bindings() for key in binding.key.split(",")]
    assert len({key for key, _ in meant}) == len(meant)
    assert len({action for _, action in meant}) == len(bindings())


@SIZES
async def test_w_shows_the_receipt_with_the_line_that_gives_the_number_again(size: tuple[int, int]) -> None:
    async with reading(moments.breached(), size) as here:
        await here.press("w")
        assert "HTTP 5xx above 1 % for 2m: roll back" in here.text
        assert "of 1,244" in here.text
        assert "curl" in here.text
        assert "/api/v1/query" in here.text
        await here.press("escape")
        assert title(here) == ""


async def test_w_has_nothing_to_explain_while_all_is_well() -> None:
    async with reading(moments.watching()) as here:
        await here.press("w")
        assert "Nothing is over its limit, so there is nothing to explain." in here.text


async def test_w_tells_of_a_near_miss() -> None:
    async with reading(moments.near_miss()) as here:
        await here.press("w")
        assert "Near miss at 22:20:20 UTC: HTTP 5xx 5.39 % > 1 % for 2m, 1m30s of 2m." in here.text


async def test_one_page_replaces_the_other_and_escape_leads_back_to_the_overview() -> None:
    async with desk(moments.breached()) as here:
        await here.press("1", "w", "c", "question_mark", "escape")
        assert title(here) == ""
        await here.press("escape")
        assert title(here) == ""
        assert not here.left


async def test_the_help_lists_every_binding_but_those_of_drills() -> None:
    async with reading(moments.watching()) as here:
        await here.press("question_mark")
        for binding in here.app.BINDINGS:
            assert isinstance(binding, Binding)
            for said in (binding.description, binding.tooltip):
                assert (said in here.text) is (binding.action not in DRILL)
        assert "esc" in here.text


# Pause


@SIZES
async def test_pause_freezes_the_view_and_says_so_while_the_watch_goes_on(size: tuple[int, int]) -> None:
    async with reading(moments.watching(), size) as here:
        seen = [line for line in here.lines[2:] if "HTTP 5xx" in line]
        await here.press("space")
        assert "PAUSED at" in here.lines[0]
        await here.show(moments.breached())
        assert "PAUSED at" in here.lines[0]
        assert "3:30 ago" in here.lines[0]
        assert "+05:00 of 15:00" in here.text
        assert [line for line in here.lines[2:] if "HTTP 5xx" in line and "BREACHED" not in line] == seen
        await here.press("space")
        assert "PAUSED" not in here.text
        assert "✗ BREACHED" in here.lines[0]


async def test_a_frozen_view_cannot_be_taken_for_fresh_data() -> None:
    async with reading(moments.watching()) as here:
        await here.press("space")
        await here.show(moments.breached())
        assert "! data 3m33s ago" in here.text


async def test_what_ends_while_the_view_is_frozen_is_not_lost() -> None:
    async with desk(moments.watching()) as here:
        await here.press("space")
        await here.show(moments.finished())
        await here.press("space")
        assert "FINISHED" in here.text


# Notes and the clipboard


async def test_a_note_reaches_the_watch_with_its_author() -> None:
    async with desk(moments.watching()) as here:
        await here.press("n")
        await here.type("db ok")
        await here.press("enter")
        assert here.given.orders == [("note", "db ok", WHO)]
        assert title(here) == ""


@pytest.mark.parametrize("keys", [("escape",), ("enter",), ("space", "enter")])
async def test_an_empty_note_is_none(keys: tuple[str, ...]) -> None:
    async with desk(moments.watching()) as here:
        await here.press("n", *keys)
        assert here.given.orders == []
        assert "WATCHING" in here.lines[0]


async def test_keys_typed_into_a_note_are_text() -> None:
    async with desk(moments.breached()) as here:
        await here.press("n")
        await here.type("rq1")
        await here.press("enter")
        assert here.given.orders == [("note", "rq1", WHO)]
        assert not here.left


async def test_y_copies_the_line_of_the_receipt() -> None:
    story = moments.breached()
    rule = story.state.decided
    assert rule is not None
    assert rule.receipt is not None
    for page in ((), ("w",)):
        async with desk(story) as here:
            await here.press(*page, "y")
            assert here.app.clipboard == curl_line(rule.receipt, story.plan.backend)
            assert here.app.clipboard.startswith("curl ")


# What is chosen


@pytest.mark.parametrize("key", ["tab", "j", "down", "enter"])
async def test_a_key_that_finds_nothing_to_move_to_says_so(key: str) -> None:
    async with desk(moments.watching(), SMALL) as here:
        await here.press(key)
        assert "1 to 6 open" in here.text


async def test_escape_on_the_overview_leaves_what_was_chosen_there() -> None:
    async with reading(moments.watching()) as here:
        await here.press("tab", "space")
        assert "PAUSED" in here.text
        await here.press("escape")
        assert "PAUSED" not in here.text
        assert here.app.focused is None
