"""A rollback that was ordered: it is given once, and every screen says whether the watch has taken it."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from tests.console import moments
from tests.console.desk import SMALL, WIDE
from tests.console.typing_it import NAME, RUN, asked, is_open, written
from tui.dialogs.rollback import RollbackDialog
from widgets.rows import Rows

AGAIN = (*NAME, "enter", "escape", "r")


async def test_until_the_watch_has_answered_it_is_not_given_again() -> None:
    async with asked(ordering=True) as here:
        await here.type(NAME)
        await here.press("enter", "enter", "escape", "r")
        assert not is_open(here)
        assert "Roll back: it was ordered and the watch has not answered yet." in here.told
        await here.type(NAME)
        await here.press("enter")
        assert here.given.orders == RUN


async def test_keys_that_run_ahead_of_the_watch_give_it_once() -> None:
    async with asked(ordering=True) as here:
        await here.burst(*AGAIN, *AGAIN, *AGAIN)
        assert here.given.orders == RUN


async def test_a_dialog_that_opened_before_the_order_arrived_gives_it_no_second_time() -> None:
    async with asked(ordering=True) as here:
        for _ in range(3):
            here.app.post_message(RollbackDialog.Confirmed(0))
        await here.settle()
        assert here.given.orders == RUN
        assert "nothing was run" not in here.text


@pytest.mark.parametrize("size", [WIDE, SMALL, (60, 14), (40, 8)])
async def test_the_dialog_says_that_the_order_is_not_taken_yet(size: tuple[int, int]) -> None:
    async with asked(size=size, ordering=True) as here:
        await here.type(NAME)
        await here.press("enter")
        here.clock.time += 4
        here.app.show()
        await here.settle()
        assert "ordered 0:04 ago, not yet taken" in here.text
        assert "Type " not in here.text
        assert not here.app.screen.query_one(Input).display


async def test_the_banner_and_the_way_out_say_it_too() -> None:
    async with asked(ordering=True) as here:
        await here.type(NAME)
        await here.press("enter", "escape")
        assert "rollback ordered  w why" in here.lines[0]
        assert "r roll back" not in here.lines[0]
        await here.press("q")
        assert "A rollback was ordered and not yet taken" in here.text


async def test_what_the_watch_has_against_it_is_said_and_the_name_is_asked_for_again() -> None:
    async with asked(ordering=True) as here:
        await here.type(NAME)
        await here.press("enter")
        here.given.owed.pop()("its intent could not be recorded: disk full")
        await here.settle()
        assert "its intent could not be recorded: disk full: nothing was run" in here.text
        assert written(here) == ""
        await here.press("enter")
        assert here.given.orders == RUN
        await here.type(NAME)
        await here.press("enter")
        assert here.given.orders == RUN * 2
        assert "not yet taken" in here.text


FULL = (
    "its intent could not be recorded: The disk of the journal /home/ana/.local/state/aftergreen/journal.db"
    " does not take it (database or disk is full): free some space, or mend the disk."
)


@pytest.mark.parametrize("size", [WIDE, SMALL, (60, 20)])
async def test_a_long_reason_is_read_whole_whatever_the_terminal(size: tuple[int, int]) -> None:
    async with asked(size=size, ordering=True) as here:
        await here.type(NAME)
        await here.press("enter")
        here.given.owed.pop()(FULL)
        await here.settle()
        said = here.app.screen.query_one("#dialog-said", Rows).text.splitlines()
        assert " ".join(said) == f"{FULL.removesuffix('.')}: nothing was run"
        assert all(line in here.text for line in said)
        assert "Type checkout-api" in here.text
        await here.type(NAME)
        await here.press("enter")
        assert "not yet taken" in here.text


async def test_what_the_watch_has_against_it_is_said_where_the_dialog_was_closed() -> None:
    async with asked(ordering=True) as here:
        await here.type(NAME)
        await here.press("enter", "escape")
        here.given.owed.pop()("somebody else is rolling back")
        await here.settle()
        assert "No rollback was started: somebody else is rolling back." in here.told
        await here.press("r")
        assert "nothing was run" not in here.text


@pytest.mark.parametrize("size", [WIDE, SMALL, (60, 20)])
async def test_an_order_that_came_second_says_so_beside_the_first(size: tuple[int, int]) -> None:
    async with asked(size=size, ordering=True) as here:
        await here.type(NAME)
        await here.press("enter")
        await here.show(moments.colleagues())
        assert "by        ben@bastion1 at 22:21:50 UTC" in here.text
        assert "another was first" not in here.text
        here.given.owed.pop()("a rollback is running")
        await here.settle()
        assert "another was first: yours ran nothing" in here.text


async def test_once_taken_the_key_says_what_the_watch_shows() -> None:
    async with asked(ordering=True) as here:
        await here.type(NAME)
        await here.press("enter", "escape")
        await here.show(moments.rolling_back())
        here.given.owed.pop()("")
        await here.press("r")
        assert "Roll back: a rollback is running." in here.told
        failed = moments.rolling_back().rolled_back(exit_code=3)
        await here.show(failed)
        await here.press("r")
        assert is_open(here)
        await here.type(NAME)
        await here.press("enter")
        assert here.given.orders == RUN * 2


async def test_an_order_that_the_watch_never_answered_ends_with_the_watch() -> None:
    async with asked(ordering=True) as here:
        await here.type(NAME)
        await here.press("enter")
        here.app.watch_ended(here.app.releases.current, None)
        await here.settle()
        assert "the watch has ended: nothing was run" in here.text


async def test_a_reason_that_came_up_while_the_name_was_typed_is_told() -> None:
    async with asked(ordering=True) as here:
        await here.type(NAME)
        story = moments.breached().roll_back(by="bob@bastion2").rolled_back()
        here.app.view.newest = story.snapshot
        await here.press("enter")
        assert here.given.orders == []
        assert "it was rolled back already: nothing was run" in here.text
