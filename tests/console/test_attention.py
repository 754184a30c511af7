"""Calling whoever looks elsewhere: the bell, the terminal's title, and what is said in passing."""

from __future__ import annotations

import re

import pytest

from aftergreen.model import COMPARED, Kind
from aftergreen.verdict.state import Phase, ReleaseState
from aftergreen.words.glossary import GLOSSARY
from tests.console import moments
from tests.console.desk import SMALL, WIDE, Desk, desk, flowing, reading

TITLE = re.compile("\x1b]2;([^\x07]*)\x07")


def heard(here: Desk) -> list[str]:
    """What the console sends to its terminal from now on, beside what it draws there."""
    sent: list[str] = []
    here._driver.write = sent.append  # type: ignore[method-assign,assignment]
    return sent


async def test_a_breach_rings_once_and_another_one_again() -> None:
    async with desk(moments.watching(), SMALL) as here:
        await here.show(moments.over_limit())
        assert here.app.rung == 0
        await here.show(moments.breached())
        await here.show(moments.breached().feed(15, moments.FAILING))
        assert here.app.rung == 1
        await here.show(moments.breached_twice())
        assert here.app.rung == 2


async def test_what_only_warns_rings_nobody() -> None:
    async with desk(moments.watching(), SMALL) as here:
        await here.show(moments.warned())
        assert here.app.rung == 0


async def test_the_title_says_how_it_stands_and_goes_back_at_the_end() -> None:
    async with desk(None, SMALL) as here:
        sent = heard(here)
        for story in (moments.watching(), moments.watching().feed(15), moments.breached()):
            await here.show(story)
        assert TITLE.findall("".join(sent)) == [
            "✓ WATCHING checkout-api v2.4.1",
            "✗ BREACHED checkout-api v2.4.1",
        ]
        here.app.exit()
    told = "".join(sent)
    assert told.index("\x1b[22;2t") < told.index("\x1b]2;")
    assert told.rindex("\x1b[23;2t") > told.rindex("\x1b]2;")


@pytest.mark.parametrize("size", [WIDE, SMALL])
async def test_what_is_said_in_passing_covers_neither_log_nor_state(
    size: tuple[int, int],
) -> None:
    async with desk(moments.breached(), size) as here:
        before = here.lines
        here.app.notify("No rollback was started: a rollback is running.", severity="error", markup=False)
        await here.settle()
        assert "No rollback was started" in flowing(here.text)
        assert here.lines[:2] == before[:2]
        assert here.lines[-4:] == before[-4:]


async def test_help_says_what_the_words_mean() -> None:
    async with reading(moments.breached(), (100, 70)) as here:
        await here.press("question_mark")
        read = flowing(here.text)
        for word in ("fuse", "breached", "unproven", "absent", "blind", "thin"):
            assert f" {word} " in read


def test_every_word_for_a_state_or_a_reading_is_in_the_glossary() -> None:
    known = {word for word, _ in GLOSSARY}
    assert known >= {kind.value for kind in set(Kind) - COMPARED} | {"down"}
    assert known >= {phase.value for phase in set(Phase) - {Phase.OK, Phase.WARM_UP}}
    assert known >= {state.value for state in (ReleaseState.INCOMPLETE, ReleaseState.QUIET)}
    assert known >= {state.value for state in (ReleaseState.UNPROVEN, ReleaseState.FINISHED)}
    assert len(known) == len(GLOSSARY)
