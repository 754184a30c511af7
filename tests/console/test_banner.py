"""The first rows at 80 columns: nothing of what to do next, of blindness or of a frozen fuse is cut."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aftergreen import words
from aftergreen.model import Kind, Reading
from aftergreen.verdict.step import abandon
from aftergreen.words.banner import banner_of
from tests.console import moments
from tests.console.desk import SMALL, WIDE, desk, flowing, reading
from tests.console.story import ERRORS, Story
from tui.dialogs.rollback import RollbackDialog

STOPPED = "The rollback command did not end within 300 s and could not be stopped: end process 4711 by hand."
MISSING = (
    "The rollback program /opt/deploy/bin/kubectl could not be started (No such file or directory):"
    " correct [rollback] command."
)


def timed_out() -> Story:
    return moments.rolling_back().rolled_back(exit_code=None, error=STOPPED, timed_out=True)


def not_started() -> Story:
    return moments.rolling_back().rolled_back(exit_code=None, error=MISSING)


def unseen(kind: Kind) -> Story:
    return moments.over_limit().feed(15, {ERRORS: Reading.unknown(kind, "nothing for 2m")})


def verifying() -> Story:
    return moments.rolling_back().rolled_back().feed(30)


IDENTITY = " checkout-api v2.4.1"


@pytest.mark.parametrize(
    ("moment", "first", "second"),
    [
        (timed_out, "ROLLBACK FAILED  timed out: go back by hand, or try again", IDENTITY),
        (not_started, "ROLLBACK FAILED  not started: go back by hand, or try again", IDENTITY),
        (
            lambda: moments.rolling_back().rolled_back(exit_code=127, error="exit code 127"),
            "ROLLBACK FAILED  exit code 127: go back by hand, or try again",
            IDENTITY,
        ),
        (
            lambda: moments.over_limit().blind(45),
            "BLIND  nothing measured for 33s; the watch clock",
            "   ! connection refused",
        ),
        (lambda: moments.breached().blind(60), "BREACHED  HTTP 5xx 5.55 % > 1 %", "BLIND for 48s: nothing"),
        (lambda: moments.doubtful().blind(60), "BREACHED  HTTP 5xx 5.63 % > 1 %", "BLIND for 48s: nothing"),
        (lambda: verifying().blind(60), "VERIFYING  is v2.4.0 well?", "BLIND for 48s: nothing"),
        (
            lambda: verifying().blind(600),
            "NOT SEEN TO RECOVER  rolled back; nothing could be measured",
            IDENTITY,
        ),
        (
            lambda: unseen(Kind.STALE),
            "OVER LIMIT  fuse frozen: stale  HTTP 5xx was 5.39 % > 1 %",
            IDENTITY,
        ),
        (
            lambda: unseen(Kind.NO_TRAFFIC),
            "OVER LIMIT  fuse frozen: no traffic  HTTP 5xx was 5.39 % > 1 %",
            IDENTITY,
        ),
    ],
)
async def test_the_first_rows_are_whole(moment: Callable[[], Story], first: str, second: str) -> None:
    async with reading(moment(), SMALL) as here:
        await here.press("escape")
        assert first in here.lines[0]
        assert second in here.lines[1]
        assert "…" not in here.lines[0] + here.lines[1]


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])
async def test_a_rollback_of_which_nobody_knows_is_not_said_to_have_failed(
    size: tuple[int, int],
) -> None:
    async with reading(moments.lost("undoing"), size) as here:
        await here.press("escape")
        assert "✗ OUTCOME UNKNOWN  say what came of it, or run it again" in here.lines[0]
        assert "  o outcome" in here.lines[0]
        assert "nobody knows what came of the rollback command: " in flowing(here.text)
        assert "failed" not in here.text.lower()
        assert "not started" not in here.text
        await here.press("r")
        assert "nobody knows what came of the one before: it may have worked" in flowing(here.text)


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])
@pytest.mark.parametrize(("moment", "told"), [(timed_out, STOPPED), (not_started, MISSING)])
async def test_why_a_rollback_failed_is_told_in_full(
    moment: Callable[[], Story], told: str, size: tuple[int, int]
) -> None:
    async with reading(moment(), size) as here:
        await here.press("w")
        assert told in flowing(here.text)


async def test_the_dialog_of_a_command_that_fails_tells_why_in_full() -> None:
    async with desk(moments.breached(), SMALL) as here:
        await here.press("r")
        story = moments.rolling_back("rolling back")
        await here.show(story)
        await here.show(story.rolled_back(exit_code=None, error=STOPPED, timed_out=True))
        assert isinstance(here.app.screen, RollbackDialog)
        region = here.app.screen.query_one("#dialog").region
        rows = [line[region.x : region.right] for line in here.lines[region.y : region.bottom]]
        assert STOPPED in flowing("\n".join(rows))


async def test_a_release_that_was_left_or_superseded_is_not_said_to_be_verified_still() -> None:
    story = verifying()
    story.state, _ = abandon(story.state, "superseded by v2.4.2")
    async with reading(story, SMALL) as here:
        assert "ABANDONED  superseded by v2.4.2; its rollback was not verified " in here.lines[0]


def test_what_is_more_than_chance_is_not_said_to_have_burnt_its_fuse() -> None:
    snapshot = moments.over_limit().snapshot
    assert banner_of(snapshot, snapshot.at).word == "OVER LIMIT"
    told = "HTTP 5xx is over 1 %, and more than chance before its fuse has burnt."
    assert words.advice(snapshot) == ("Roll back:", told)
