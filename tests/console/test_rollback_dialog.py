"""Rolling back by hand: what the dialog shows, and everything that must not run the command."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual import events
from textual.widgets import Button, Input

from aftergreen.model import RollbackPlan
from tests.console import moments
from tests.console.desk import SMALL, WIDE, Desk, desk
from tests.console.moments import FAILING, WHO
from tests.console.story import Story, busy_plan
from tests.scenario import plan
from tests.waiting import until
from tui.dialogs import typed_name
from tui.dialogs.rollback import RollbackDialog
from tui.dialogs.typed_name import TypedName

NAME = "checkout-api"
RUN = [("roll back", WHO)]


def is_open(here: Desk) -> bool:
    return isinstance(here.app.screen, RollbackDialog)


def written(here: Desk) -> str:
    return here.app.screen.query_one(Input).value


@asynccontextmanager
async def asked(story: Story | None = None, size: tuple[int, int] = SMALL) -> AsyncIterator[Desk]:
    """The dialog is open and its field takes keys; the first moment has tests of its own."""
    with pytest.MonkeyPatch.context() as hurry:
        hurry.setattr(TypedName, "on_mount", TypedName._open)
        async with desk(story or moments.breached(), size) as here:
            await here.press("r")
            assert is_open(here)
            yield here


# What it shows


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])
async def test_it_shows_what_runs_why_what_is_doubtful_and_who(size: tuple[int, int]) -> None:
    async with desk(moments.doubtful(), size) as here:
        await here.press("r")
        for part in (
            "kubectl rollout undo deployment/checkout-api",
            "HTTP 5xx",
            "> 1 % for 2m",
            "of 1,244",
            "orders-db broke 45s earlier: rolling back may not help",
            WHO,
            f"Type {NAME}",
        ):
            assert part in here.text


async def test_an_argument_with_a_blank_is_shown_as_one_argument() -> None:
    story = Story(plan(rollback=RollbackPlan(("deploy", "--message", "back to {previous}"))))
    async with desk(story.feed(300).feed(210, FAILING)) as here:
        await here.press("r")
        assert "deploy --message 'back to v2.4.0'" in here.text


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])
async def test_a_long_command_can_be_read_whole_and_the_field_stays(size: tuple[int, int]) -> None:
    arguments = [f"--argument-{number}=[/]{'x' * (number // 3)}" for number in range(60)]
    given = replace(busy_plan(), rollback=RollbackPlan(("deployctl", "back to\n{previous}", *arguments)))
    async with asked(Story(given).feed(300), size) as here:
        assert "$'back to\\nv2.4.0'" in here.text
        seen = set(here.lines)
        for _ in range(20):
            # Fewer than there are rows for the command.
            await here.burst(*("down",) * 4)
            assert "Type checkout-api" in here.text
            assert "esc closes" in here.text
            seen |= set(here.lines)
        for argument in arguments:
            assert any(f"'{argument}'" in line for line in seen), argument


async def test_without_a_breach_it_says_that_nothing_advises_it() -> None:
    async with desk(moments.watching()) as here:
        await here.press("r")
        assert "this is your own decision" in here.text


async def test_no_button_confirms_and_the_focus_rests_on_the_field() -> None:
    async with asked() as here:
        assert not here.app.screen.query(Button)
        for key in ("tab", "shift+tab", "down"):
            await here.press(key)
            assert isinstance(here.app.focused, Input)


# What runs nothing


async def test_in_the_first_moment_the_field_says_wait_and_takes_no_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Longer than any machine takes for the keys below.
    monkeypatch.setattr(typed_name, "WAIT", 60.0)
    async with desk(moments.breached(), SMALL) as here:
        await here.press("r")
        assert "wait" in here.text
        await here.press("c", "h", "enter")
        assert "wait" in here.text
        assert written(here) == ""
        assert here.given.orders == []


async def test_after_that_moment_the_field_asks_for_the_name() -> None:
    with pytest.MonkeyPatch.context() as hurry:
        hurry.setattr(typed_name, "WAIT", 0.01)
        async with desk(moments.breached(), SMALL) as here:
            await here.press("r")
            await until(lambda: "type the service's name, then enter" in here.text, "the field to take keys")
            assert "wait" not in here.text
            assert written(here) == ""


async def test_all_of_it_in_one_go_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever came with the key that opens the dialog was meant for the screen below."""
    monkeypatch.setattr(typed_name, "WAIT", 60.0)
    async with desk(moments.breached(), SMALL) as here:
        await here.burst("r", *NAME, "enter")
        assert is_open(here)
        assert written(here) == ""
        assert here.given.orders == []


@pytest.mark.parametrize("name", ["checkout", "checkout-apis", "Checkout-api"])
async def test_a_wrong_name_says_so_and_runs_nothing(name: str) -> None:
    async with asked() as here:
        await here.type(name)
        await here.press("enter")
        assert f"that is not {NAME}: nothing was run" in here.text
        assert here.given.orders == []


async def test_escape_runs_nothing_even_after_the_whole_name() -> None:
    async with asked() as here:
        await here.type(NAME)
        await here.press("escape")
        assert not is_open(here)
        assert here.given.orders == []


async def test_escape_closes_it_in_the_first_moment_too() -> None:
    async with desk(moments.breached(), SMALL) as here:
        await here.press("r", "escape")
        assert not is_open(here)


@pytest.mark.parametrize("size", [(60, 20), (60, 14), (50, 12), (40, 8)])
async def test_on_a_small_terminal_the_answer_to_a_wrong_name_is_seen(size: tuple[int, int]) -> None:
    async with asked(size=size) as here:
        await here.type("wrong")
        await here.press("enter")
        for part in ("Type checkout-api", "wrong", "that is not checkout-api"):
            assert part in here.text
        assert all(line.split("↓")[1].split()[1] == "more" for line in here.lines if "↓" in line)


async def test_pasted_text_is_refused() -> None:
    async with asked() as here:
        here.app.screen.post_message(events.Paste(NAME))
        here.app.screen.query_one(Input).post_message(events.Paste(NAME))
        await here.settle()
        await here.press("enter")
        assert written(here) == ""
        assert "nothing was run" in here.text
        assert here.given.orders == []


async def test_the_clipboard_of_the_console_is_refused_as_well() -> None:
    async with asked() as here:
        here.app.copy_to_clipboard(NAME)
        await here.press("ctrl+v", "enter")
        assert written(here) == ""
        assert here.given.orders == []


async def test_a_paste_into_what_was_typed_is_refused_and_changes_nothing() -> None:
    async with asked() as here:
        await here.type(NAME[:4])
        here.app.screen.query_one(Input).post_message(events.Paste(NAME[4:]))
        await here.settle()
        assert written(here) == NAME[:4]
        assert "the name must be typed, not pasted: nothing was run" in here.text


# What runs it


async def test_the_name_typed_by_hand_runs_it() -> None:
    async with asked() as here:
        await here.type(NAME)
        assert here.given.orders == []
        await here.press("enter")
        assert here.given.orders == RUN


async def test_how_fast_the_keys_arrive_says_nothing() -> None:
    """A line that was held up delivers many at once."""
    async with asked() as here:
        await here.burst(*NAME, "enter")
        assert here.given.orders == RUN


async def test_after_a_refused_paste_the_name_can_be_typed() -> None:
    async with asked() as here:
        here.app.screen.query_one(Input).post_message(events.Paste(NAME))
        await here.settle()
        await here.type(NAME)
        await here.press("enter")
        assert here.given.orders == RUN


async def test_a_mistake_can_be_corrected() -> None:
    async with asked() as here:
        await here.type("checkout-apo")
        await here.press("backspace")
        await here.type("i")
        await here.press("enter")
        assert here.given.orders == RUN


async def test_a_mistake_in_the_middle_can_be_corrected() -> None:
    async with asked() as here:
        await here.type("chekout-api")
        await here.press("home", "right", "right", "right")
        await here.type("c")
        await here.press("enter")
        assert here.given.orders == RUN


# It is given once


AGAIN = (*NAME, "enter", "escape", "r")


async def test_until_the_watch_has_answered_it_is_not_given_again() -> None:
    async with asked() as here:
        await here.type(NAME)
        await here.press("enter", "enter", "escape", "r")
        assert not is_open(here)
        assert "Roll back: it was ordered and the watch has not answered yet." in here.told
        await here.type(NAME)
        await here.press("enter")
        assert here.given.orders == RUN


async def test_keys_that_run_ahead_of_the_watch_give_it_once() -> None:
    async with asked() as here:
        await here.burst(*AGAIN, *AGAIN, *AGAIN)
        assert here.given.orders == RUN


async def test_a_dialog_that_opened_before_the_order_arrived_gives_it_no_second_time() -> None:
    async with asked() as here:
        for _ in range(3):
            here.app.post_message(RollbackDialog.Confirmed(0))
        await here.settle()
        assert here.given.orders == RUN
        assert "nothing was run" not in here.text


@pytest.mark.parametrize("size", [WIDE, SMALL, (60, 14), (40, 8)])
async def test_the_dialog_says_that_the_order_is_not_taken_yet(size: tuple[int, int]) -> None:
    async with asked(size=size) as here:
        await here.type(NAME)
        await here.press("enter")
        here.clock.time += 4
        here.app.show()
        await here.settle()
        assert "ordered 0:04 ago, not yet taken" in here.text
        assert "Type " not in here.text
        assert not here.app.screen.query_one(Input).display


async def test_the_banner_and_the_way_out_say_it_too() -> None:
    async with asked() as here:
        await here.type(NAME)
        await here.press("enter", "escape")
        assert "rollback ordered  w why" in here.lines[0]
        assert "r roll back" not in here.lines[0]
        await here.press("q")
        assert "A rollback was ordered and not yet taken" in here.text


async def test_what_the_watch_has_against_it_is_said_and_the_name_is_asked_for_again() -> None:
    async with asked() as here:
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


async def test_what_the_watch_has_against_it_is_said_where_the_dialog_was_closed() -> None:
    async with asked() as here:
        await here.type(NAME)
        await here.press("enter", "escape")
        here.given.owed.pop()("somebody else is rolling back")
        await here.settle()
        assert "No rollback was started: somebody else is rolling back." in here.told
        await here.press("r")
        assert "nothing was run" not in here.text


async def test_once_taken_the_key_says_what_the_watch_shows() -> None:
    async with asked() as here:
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
    async with asked() as here:
        await here.type(NAME)
        await here.press("enter")
        here.app.watch_ended(None)
        await here.settle()
        assert "the watch has ended: nothing was run" in here.text


async def test_a_reason_that_came_up_while_the_name_was_typed_is_told() -> None:
    async with asked() as here:
        await here.type(NAME)
        story = moments.breached().roll_back(by="bob@bastion2").rolled_back()
        here.app.view.newest = story.snapshot
        await here.press("enter")
        assert here.given.orders == []
        assert "it was rolled back already: nothing was run" in here.text


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])
async def test_while_it_runs_the_output_and_the_time_are_shown(size: tuple[int, int]) -> None:
    async with asked(size=size) as here:
        await here.type(NAME)
        await here.press("enter")
        await here.show(moments.rolling_back("Waiting for rollout to finish", "2 of 3 updated"), later=12)
        assert is_open(here)
        assert "Waiting for rollout to finish" in here.text
        assert "2 of 3 updated" in here.text
        assert "the rollback command is running  0:15" in here.text
        assert f"Type {NAME}" not in here.text


async def test_a_failed_rollback_says_its_exit_code_and_can_be_tried_again() -> None:
    failed = moments.rolling_back("error: no such deployment").rolled_back(exit_code=3)
    async with desk(failed) as here:
        assert "✗ ROLLBACK FAILED" in here.lines[0]
        assert "exit code 3" in here.lines[0]
        await here.press("r")
        assert is_open(here)


async def test_a_failure_shows_the_last_words_of_the_command() -> None:
    async with asked(size=SMALL) as here:
        failed = moments.rolling_back(*(f"line {n}" for n in range(40))).rolled_back(exit_code=3)
        await here.show(failed)
        assert "line 39" in here.text
        assert "exit code 3" in here.text


# Where it cannot run


@pytest.mark.parametrize(
    ("story", "why"),
    [
        (moments.read_only, "it was opened with --read-only"),
        (moments.rolling_back, "a rollback is running"),
        (lambda: Story(plan(rollback=None)).feed(300), "no rollback command is configured"),
    ],
    ids=["read-only", "running", "unconfigured"],
)
async def test_where_it_cannot_run_r_says_why(story: Callable[[], Story], why: str) -> None:
    async with desk(story()) as here:
        await here.press("r")
        assert not is_open(here)
        assert any(why in line for line in here.told)
        assert here.given.orders == []


async def test_read_only_is_said_on_the_screen() -> None:
    async with desk(moments.read_only()) as here:
        assert "read-only" in here.lines[1]
        assert "r roll back" not in here.lines[0]


async def test_it_opens_from_every_page() -> None:
    async with desk(moments.breached()) as here:
        for page in ("1", "w", "6", "question_mark"):
            await here.press(page, "r")
            assert is_open(here)
            await here.press("escape", "escape")
