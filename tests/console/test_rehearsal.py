"""A rehearsal is told apart from a real watch on every screen, before all else."""

from __future__ import annotations

import re

import pytest

from tests.console import moments
from tests.console.desk import desk

SIZES = [(120, 40), (100, 30), (80, 24), (60, 20), (40, 12), (30, 8)]


@pytest.mark.parametrize("size", SIZES, ids=["x".join(map(str, size)) for size in SIZES])
async def test_it_stands_first_at_every_size(size: tuple[int, int]) -> None:
    async with desk(moments.breached(), size, simulated="DRILL") as here:
        assert re.match(" DRILL  ?✗ BREACHED", here.lines[0])
        assert max(map(len, here.lines)) <= size[0]


@pytest.mark.parametrize("key", ["1", "6", "w", "c", "question_mark", "r", "space"])
async def test_it_stands_first_on_every_page_and_above_dialogs(key: str) -> None:
    async with desk(moments.breached(), (80, 24), simulated="DRILL") as here:
        await here.press(key)
        assert here.lines[0].startswith(" DRILL ")


async def test_a_real_watch_says_nothing_of_it() -> None:
    async with desk(moments.breached(), (80, 24)) as here:
        assert "DRILL" not in here.text
