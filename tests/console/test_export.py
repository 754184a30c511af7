"""The screen as it stands, saved as a picture and as text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.console import moments
from tests.console.desk import SMALL, desk, saved_in


async def test_e_saves_the_screen_as_a_picture_and_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with desk(moments.breached(), SMALL) as here:
        before = here.text
        await here.press("e")
        picture, written = saved_in(tmp_path)
        assert re.fullmatch(r"aftergreen-checkout-api-v2\.4\.1-\d{8}-\d{6}\.svg", picture.name)
        assert written.name == f"{picture.stem}.txt"
        assert written.read_text(encoding="utf-8").strip("\n") == before.strip("\n")
        drawn = picture.read_text(encoding="utf-8")
        assert "BREACHED" in drawn
        assert "http://" not in drawn.replace("http://www.w3.org/", "")
        assert here.app.clipboard == str(picture)
        assert str(picture) in here.told[0]


async def test_where_nothing_can_be_saved_it_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    async with desk(moments.breached(), SMALL) as here:
        gone.rmdir()
        await here.press("e")
        assert here.told[0].startswith("Nothing was saved: ")
        assert "no such file" in here.told[0]
