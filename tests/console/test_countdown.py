"""What a person sees and does while a release is about to be rolled back without one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from aftergreen.model import Automatic
from aftergreen.verdict.snapshot import Context
from tests.automatic import automatic
from tests.console import moments
from tests.console.desk import SMALL, WIDE, Desk, desk, flowing, reading
from tests.console.moments import FAILING, WHO
from tests.console.story import Story, busy_plan
from tui.dialogs.hold import HoldDialog, ReleaseDialog
from tui.dialogs.typed_name import TypedName

NARROW, TINY = (60, 20), (40, 12)


@asynccontextmanager
async def releasing() -> AsyncIterator[Desk]:
    """The dialog that releases is open and its field takes keys."""
    with pytest.MonkeyPatch.context() as hurry:
        hurry.setattr(TypedName, "on_mount", TypedName._open)
        async with desk(moments.held(), SMALL) as here:
            await here.press("h")
            assert isinstance(here.app.screen, ReleaseDialog)
            yield here


@pytest.mark.parametrize("size", [WIDE, SMALL, NARROW, TINY])
async def test_the_countdown_is_the_first_thing_on_the_screen(size: tuple[int, int]) -> None:
    async with reading(moments.counting(), size) as here:
        first = here.lines[0]
        assert "BREACHED" in first
        assert "rolls back in 0:09" in first


@pytest.mark.parametrize("size", [WIDE, SMALL])
async def test_beside_it_stand_the_rule_and_the_key_that_holds_it(size: tuple[int, int]) -> None:
    async with reading(moments.counting(), size) as here:
        assert "HTTP 5xx" in here.lines[0]
        assert "h hold" in here.lines[0]
        await here.press("6")
        assert "It is rolled back without you unless you hold it." in flowing(here.text)


@pytest.mark.parametrize("key", ["n", "t", "r", "q"])
@pytest.mark.parametrize("size", [WIDE, SMALL, TINY])
async def test_it_is_seen_above_every_dialog_with_the_key_that_works_there(
    key: str, size: tuple[int, int]
) -> None:
    async with reading(moments.counting(), size) as here:
        await here.press(key)
        assert "rolls back in 0:09" in here.lines[0]
        assert len(here.app.screen_stack) == 2
        assert "ctrl+g holds it" in here.lines[0]


@pytest.mark.parametrize("key", ["w", "1", "c", "question_mark", "space"])
async def test_it_is_seen_on_every_page_and_above_a_frozen_view(key: str) -> None:
    async with reading(moments.counting(), SMALL) as here:
        await here.press(key)
        assert "rolls back in 0:09" in "\n".join(here.lines[:3])


async def test_a_view_that_was_frozen_before_it_began_shows_it() -> None:
    breached = Story(automatic(given=busy_plan())).feed(300).feed(210, FAILING)
    async with desk(breached, SMALL) as here:
        await here.press("space")
        await here.show(breached.count_down())
        assert any("now:" in line and "rolls back in 0:09" in line for line in here.lines[:4])


async def test_h_holds_it_at_once_and_asks_why_afterwards() -> None:
    async with desk(moments.counting(), SMALL) as here:
        await here.press("h")
        assert here.given.orders == [("hold", "", WHO)]
        assert "it is not held yet" in here.text
        await here.show(moments.counting().hold())
        assert f"by {WHO} since" in here.text
        await here.press(*"a load test runs", "enter")
        assert here.given.orders[1:] == [("hold", "a load test runs", WHO)]
        assert not isinstance(here.app.screen, HoldDialog)


async def test_where_letters_are_typed_another_key_holds_it() -> None:
    async with desk(moments.counting(), SMALL) as here:
        await here.press("r", "ctrl+g")
        assert here.given.orders == [("hold", "", WHO)]
        assert isinstance(here.app.screen, HoldDialog)


async def test_a_second_press_holds_nothing_twice_and_releases_nothing() -> None:
    async with desk(moments.counting(), SMALL) as here:
        await here.press("h", "ctrl+g", "escape")
        assert here.given.orders == [("hold", "", WHO)]


async def test_who_holds_too_late_reads_that_it_runs() -> None:
    async with desk(moments.counting(), SMALL) as here:
        await here.press("h")
        await here.show(moments.counting().roll_back(by="automatic rollback"))
        assert "the rollback was started by automatic rollback" in flowing(here.text)


@pytest.mark.parametrize("size", [WIDE, SMALL, NARROW])
async def test_who_holds_it_and_why_is_read_on_every_console(size: tuple[int, int]) -> None:
    async with reading(moments.held(), size) as here:
        assert here.lines[0].startswith(" ✗ HELD  by ben@bastion2")
        assert "h release" in here.lines[0] or size == NARROW
        assert "because a load test runs" in here.lines[1]


async def test_a_hold_is_released_by_typing_the_services_name() -> None:
    async with releasing() as here:
        assert "by ben@bastion2 since" in here.text
        assert "rolled back after 10s, without a person" in flowing(here.text)
        await here.press(*"checkout-api", "enter")
        assert here.given.orders == [("release", WHO)]


async def test_any_other_name_releases_nothing() -> None:
    async with releasing() as here:
        await here.press(*"checkout", "enter")
        assert here.given.orders == []
        assert "that is not checkout-api: it stays held" in here.text


async def test_a_read_only_console_holds_nothing_and_says_why() -> None:
    told = Story(automatic(given=busy_plan()), Context(WHO, read_only="--read-only was given"))
    async with desk(told.feed(300).feed(210, FAILING).count_down(), SMALL) as here:
        assert "rolls back in 0:09" in here.lines[0]
        assert "h hold" not in here.lines[0]
        await here.press("h")
        assert here.given.orders == []
        assert "Hold: read-only: --read-only was given." in here.told


async def test_where_nothing_acts_without_a_person_the_key_says_so() -> None:
    async with desk(moments.breached(), WIDE) as here:
        assert "h Hold" not in here.lines[-1]
        await here.press("h")
        assert here.told == ["Hold: there is nothing to hold: automatic rollback is off."]


async def test_a_dry_run_says_that_nothing_will_be_run() -> None:
    async with reading(moments.counting(how=Automatic.DRY_RUN), SMALL) as here:
        assert "DRY RUN" in here.lines[0]
        assert "would roll back in 0:09" in here.lines[0]
        assert "This is a dry run: nothing will be run." in flowing(here.text)


async def test_it_rings_once() -> None:
    async with desk(None, SMALL) as here:
        await here.show(moments.counting())
        await here.show(moments.counting(), later=3.0)
        assert here.app.rung == 1
