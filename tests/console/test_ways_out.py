"""The ways out of the console: asked first where a release is still open, from every page and dialog."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual import events

from aftergreen.verdict.ending import ExitCode
from tests.console import moments
from tests.console.desk import desk, reading
from tests.console.moments import WHO
from tests.console.story import Story
from tui.messages import SnapshotArrived
from tui.screens.pages import FinishPage

WAYS_OUT = pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])


@WAYS_OUT
async def test_leaving_an_open_release_is_asked_first_and_n_stays(key: str) -> None:
    async with desk(moments.watching()) as here:
        await here.press(key)
        assert "abandons the release" in here.text
        await here.press("n")
        assert not here.left
        assert "abandons the release" not in here.text
        assert here.given.orders == []


@pytest.mark.parametrize(
    ("story", "code"),
    [(moments.watching, ExitCode.ABANDONED), (moments.breached, ExitCode.ROLLBACK_ADVISED)],
    ids=["well", "breached"],
)
async def test_y_leaves_abandons_and_carries_the_exit_code(
    story: Callable[[], Story], code: ExitCode
) -> None:
    async with desk(story()) as here:
        await here.press("q", "y")
        assert here.left
        assert here.given.orders == [("abandon", WHO)]
        assert here.app.return_value == code


async def test_who_leaves_meets_no_card_while_the_console_goes() -> None:
    async with desk(moments.watching()) as here:
        await here.press("q", "y")
        # The watch writes its end faster than the console is gone.
        await here.app.on_snapshot_arrived(
            SnapshotArrived(here.app.releases.current, moments.finished().snapshot)
        )
        assert not any(isinstance(screen, FinishPage) for screen in here.app.screen_stack)


async def test_only_y_says_yes() -> None:
    async with desk(moments.watching()) as here:
        await here.press("q", "enter", "space", "q", "ctrl+c", "ctrl+q", "escape", "enter")
        assert not here.left
        assert here.given.orders == []


@WAYS_OUT
@pytest.mark.parametrize(
    ("story", "code"),
    [(moments.finished, ExitCode.FINISHED), (moments.rolled_back, ExitCode.RECOVERED)],
    ids=["finished", "rolled back"],
)
async def test_an_ended_release_is_left_at_once(key: str, story: Callable[[], Story], code: ExitCode) -> None:
    async with desk(story()) as here:
        await here.press(key)
        assert here.left
        assert here.app.return_value == code
        assert here.given.orders == []


async def test_before_the_watch_has_begun_there_is_nothing_to_ask() -> None:
    async with desk(None) as here:
        await here.press("q")
        assert here.left
        assert here.given.orders == []


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+q"])
@pytest.mark.parametrize("dialog", ["r", "n", "colon"])
async def test_the_ways_out_ask_from_a_dialog_as_well(key: str, dialog: str) -> None:
    async with desk(moments.breached()) as here:
        await here.press(dialog, key)
        assert "abandons the release" in here.text
        await here.press("y")
        assert here.left


async def test_the_question_follows_the_release() -> None:
    async with desk(moments.breached()) as here:
        await here.press("q")
        assert "is still being watched" in here.text
        await here.show(moments.rolled_back())
        assert "is still being watched" not in here.text
        assert "The watch of checkout-api v2.4.1 has ended: rolled back." in here.text


@pytest.mark.parametrize("size", [(60, 14), (50, 12), (40, 8), (30, 6)])
async def test_on_a_small_terminal_the_answers_to_the_question_are_seen(size: tuple[int, int]) -> None:
    async with reading(moments.breached(), size) as here:
        await here.press("q")
        assert "y leave   n stay" in here.text


@pytest.mark.parametrize("keys", ["nn", "qr", "nq", "rq", "q:"])
async def test_keys_in_one_burst_open_one_dialog(keys: str) -> None:
    async with desk(moments.breached()) as here:
        for key in keys:
            name = {":": "colon"}.get(key, key)
            here.app.post_message(events.Key(name, key))
        await here.settle()
        assert len(here.app.screen_stack) == 2
        assert here.given.orders == []


async def test_pages_are_left_by_the_same_question() -> None:
    async with desk(moments.watching()) as here:
        await here.press("1", "q")
        assert "abandons the release" in here.text
        await here.press("y")
        assert here.left
