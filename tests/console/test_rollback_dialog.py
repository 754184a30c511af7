"""The rollback dialog: what it shows, and everything that must not run the command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from textual import events
from textual.widgets import Button, Input

from aftergreen.model import Kind, Reading, RollbackPlan
from tests.console import moments
from tests.console.desk import SMALL, WIDE, desk, flowing
from tests.console.moments import FAILING, WHO
from tests.console.story import ERRORS, LATENCY, REGISTRATIONS, Story, busy_plan
from tests.console.typing_it import NAME, RUN, asked, is_open, written
from tests.scenario import plan
from tests.waiting import until
from tui.dialogs import typed_name
from tui.dialogs.typed_name import TypedName

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


ANSWERS = ("why", "against", "runs", "stays", "who")


@pytest.mark.parametrize("size", [WIDE, SMALL, (60, 20), (40, 12)])
@pytest.mark.parametrize("told", [moments.doubtful, moments.counting], ids=["doubtful", "counting"])
async def test_every_answer_stands_above_the_fold_in_its_order(
    size: tuple[int, int], told: Callable[[], Story]
) -> None:
    async with asked(told(), size) as here:
        labels = [word for line in here.lines if (word := line.partition("┃")[2].split(" ", 3)[2:3])]
        assert [word for found in labels for word in found if word in ANSWERS] == list(ANSWERS)
        read = flowing(here.text)
        for part in ("HTTP 5xx 5.", "> 1 %", "kubectl rollout undo", "wrote or", "ana@bastion2", NAME):
            assert part in read, here.text
        assert ("↓" in read, "esc closes" in read) == (False, True)


async def test_where_an_answer_is_cut_a_key_shows_it_whole() -> None:
    async with asked(moments.doubtful(), (40, 12)) as here:
        assert "wrote or …" in here.text
        await here.press("ctrl+o")
        assert "ctrl+o" not in here.text
        seen = here.text
        for _ in range(12):
            await here.press("down")
            seen += here.text
        for word in ("migrated;", "called", "up to 5m"):
            assert word in seen
        await here.press("ctrl+o")
        assert "wrote or …" in here.text


async def test_what_is_blind_unknown_or_clearing_speaks_against_it() -> None:
    async with asked(moments.breached().blind(60)) as here:
        assert "! nothing has been measured for 48s" in flowing(here.text)
    async with asked(moments.breached().feed(60), WIDE) as here:
        assert "HTTP 5xx 5.55 % > 1 % for 2m at 22:20:35" in here.text
        assert "! HTTP 5xx is 0.0804 % and clearing since 22:22:05" in here.text
    async with asked(moments.breached().feed(15, {ERRORS: Reading.unknown(Kind.STALE, "too old")})) as here:
        assert "! HTTP 5xx is stale now" in here.text
    lost = {signal: Reading.unknown(Kind.NO_TRAFFIC) for signal in (LATENCY, REGISTRATIONS)}
    async with asked(moments.breached().feed(15, {**FAILING, **lost})) as here:
        assert "! not known now: average, registrations" in flowing(here.text)
    async with asked(moments.watching()) as here:
        assert "nothing that is measured" in here.text


async def test_what_the_owner_wrote_that_going_back_does_not_undo_is_said() -> None:
    undo = RollbackPlan(("undo",), irreversible="v2.4.0 cannot read orders of v2.4.1")
    async with asked(Story(replace(busy_plan(), rollback=undo)).feed(300), WIDE, ordering=True) as here:
        assert "stays     v2.4.0 cannot read orders of v2.4.1; a command that runs is not " in here.text


async def test_an_argument_with_a_blank_is_shown_as_one_argument() -> None:
    story = Story(plan(rollback=RollbackPlan(("deploy", "--message", "back to {previous}"))))
    async with desk(story.feed(300).feed(210, FAILING)) as here:
        await here.press("r")
        assert "deploy --message 'back to v2.4.0'" in here.text


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])
async def test_a_long_command_can_be_read_whole_and_the_field_stays(size: tuple[int, int]) -> None:
    arguments = [f"--argument-{number}=[/]{'x' * (number // 3)}" for number in range(60)]
    given = replace(busy_plan(), rollback=RollbackPlan(("deployctl", "back to\n{previous}", *arguments)))
    async with asked(Story(given).feed(300), size, ordering=True) as here:
        assert "$'back to\\nv2.4.0'" in here.text, "its beginning"
        assert "ctrl+o: all" in here.text
        await here.press("ctrl+o")
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
        here.app.screen.query_one(TypedName)._open()
        await here.settle()
        assert "what came before was not taken" in here.text


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
    async with asked(ordering=True) as here:
        await here.type(NAME)
        assert here.given.orders == []
        await here.press("enter")
        assert here.given.orders == RUN


async def test_how_fast_the_keys_arrive_says_nothing() -> None:
    """A line that was held up delivers many at once."""
    async with asked(ordering=True) as here:
        await here.burst(*NAME, "enter")
        assert here.given.orders == RUN


async def test_after_a_refused_paste_the_name_can_be_typed() -> None:
    async with asked(ordering=True) as here:
        here.app.screen.query_one(Input).post_message(events.Paste(NAME))
        await here.settle()
        await here.type(NAME)
        await here.press("enter")
        assert here.given.orders == RUN


async def test_a_mistake_can_be_corrected() -> None:
    async with asked(ordering=True) as here:
        await here.type("checkout-apo")
        await here.press("backspace")
        await here.type("i")
        await here.press("enter")
        assert here.given.orders == RUN


async def test_a_mistake_in_the_middle_can_be_corrected() -> None:
    async with asked(ordering=True) as here:
        await here.type("chekout-api")
        await here.press("home", "right", "right", "right")
        await here.type("c")
        await here.press("enter")
        assert here.given.orders == RUN


# What it shows once it runs


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])
async def test_while_it_runs_the_output_and_the_time_are_shown(size: tuple[int, int]) -> None:
    async with asked(size=size, ordering=True) as here:
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
