"""What preflight found stays one key away while the watch goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from aftergreen.preflight.checks import Finding, Severity
from tests.console import moments
from tests.console.desk import SMALL, WIDE, Desk, desk

SHORT = "average: a window of 1m over samples that come every 20s is short: 1m20s would be steadier"
DOWN = "[red]orders-db[/ is down before the watch begins: connection refused"
FOUND = (Finding(Severity.WARNING, SHORT), Finding(Severity.WARNING, DOWN))


async def found(here: Desk, *findings: Finding) -> None:
    here.app.preflight(here.app.releases.current, findings)
    await here.settle()


@pytest.mark.parametrize("size", [WIDE, SMALL, (60, 14), (40, 8)])
async def test_what_preflight_found_is_one_key_away_whole(size: tuple[int, int]) -> None:
    async with desk(None, size) as here:
        await found(here, *FOUND)
        await here.show(moments.watching())
        await here.press("f")
        said = " ".join(" ".join(line.strip(" │┃!") for line in here.lines).split())
        if size[1] > 8:
            assert SHORT in said
            assert DOWN in said
        assert "! average" in here.text
        await here.press("escape")
        assert len(here.app.screen_stack) == 1


async def test_that_there_is_something_to_know_is_said_once() -> None:
    async with desk(None) as here:
        await found(here, *FOUND)
        assert here.told == ["Preflight found 2 things to know: f shows them."]


async def test_where_nothing_was_found_nothing_is_said_and_the_page_says_so() -> None:
    async with desk(None) as here:
        await here.press("f")
        assert "Preflight is not done yet." in here.text
        await found(here)
        assert here.told == []
        await here.show(moments.watching())
        assert "Preflight found nothing to say." in here.text


async def test_own_themes_can_be_chosen_and_what_is_wrong_with_one_is_said(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[colors]\nprimary = "#5fd787"', encoding="utf-8")
    (tmp_path / "half.toml").write_text("[colors]", encoding="utf-8")
    async with desk(None, own_themes=tmp_path) as here:
        assert "mine" in here.app.available_themes
        assert here.told == ["The theme half.toml needs a colour for primary in [colors]."]
