"""Keys and commands that do nothing now say why; the palette knows every action."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.command import CommandList, CommandPalette

from tests.console import moments
from tests.console.desk import WIDE, Desk, desk
from tests.console.story import Story
from tests.waiting import until
from tui.bindings import DRILL, bindings


def told(here: Desk) -> str:
    return " ".join(here.told)


async def chosen(here: Desk, title: str) -> None:
    """The palette has found the command, which takes a moment of its own, and enter runs it."""

    def found() -> bool:
        return any(
            (at := commands.highlighted) is not None and title in str(commands.get_option_at_index(at).prompt)
            for commands in here.app.screen.query(CommandList)
        )

    await until(found, f"{title!r} in the palette")
    await here.press("enter")


@pytest.mark.parametrize(
    ("story", "key", "why"),
    [
        (None, "r", "Roll back: the watch has not begun."),
        (None, "space", "Pause: there is nothing to freeze yet."),
        (None, "n", "Note: the watch has not begun."),
        (None, "y", "Copy curl: there is no receipt yet."),
        (moments.watching, "y", "Copy curl: there is no receipt yet."),
        (moments.finished, "n", "Note: the release has ended."),
        (moments.finished, "r", "Roll back: the release has ended."),
        (moments.rolled_back, "r", "Roll back: it was rolled back already."),
    ],
)
async def test_a_key_that_does_nothing_now_says_why(
    story: Callable[[], Story] | None, key: str, why: str
) -> None:
    async with desk(story() if story is not None else None, WIDE) as here:
        await here.press(key)
        assert told(here) == why
        assert here.given.orders == []


async def test_the_palette_has_every_action_but_those_of_drills() -> None:
    async with desk(moments.breached(), WIDE) as here:
        titles = {command.title for command in here.app.get_system_commands(here.app.screen)}
    usual = {"Zoom", "Open", "Commands"}
    drill = {binding.description for binding in bindings() if binding.action in DRILL}
    assert {binding.description for binding in bindings()} - usual - drill <= titles
    assert not drill & titles
    assert {"Zoom Error rate", "Zoom Business", "Theme"} <= titles


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
async def test_a_command_is_found_by_its_name_and_runs(key: str) -> None:
    async with desk(moments.breached(), WIDE) as here:
        await here.press(key)
        assert isinstance(here.app.screen, CommandPalette)
        await here.type("why")
        await chosen(here, "Why")
        await until(lambda: "HTTP 5xx above 1 % for 2m: roll back" in here.text, "the receipt")


async def test_a_command_that_cannot_run_says_why() -> None:
    async with desk(moments.read_only(), WIDE) as here:
        await here.press("colon")
        await here.type("roll back")
        await chosen(here, "Roll back")
        await until(lambda: "it was opened with --read-only" in told(here), "the reason")
        assert here.given.orders == []
