"""How much of the time charts show: the whole release, or what happened of late."""

from __future__ import annotations

import pytest

from aftergreen.verdict.snapshot import Axis
from tests.console import moments
from tests.console.desk import SMALL, WIDE, desk
from widgets.scale import Times


@pytest.mark.parametrize("size", [WIDE, SMALL])
async def test_closer_and_further_change_the_axis_of_every_chart(size: tuple[int, int]) -> None:
    async with desk(moments.breached(), size) as here:
        whole = here.text
        assert "−7m" in whole
        await here.press("right_square_bracket", "plus")
        assert "−7m" not in here.text
        assert "+3m" in here.text, "a quarter of 22m30s that ends soon after 8m30s"
        assert "deploy" not in here.text
        assert "BREACHED" in here.lines[0]
        await here.press("left_square_bracket", "minus")
        assert here.text == whole
        await here.press("minus")
        assert here.told == ["The charts show the whole time."]


async def test_there_is_a_shortest_time() -> None:
    async with desk(moments.breached(), SMALL) as here:
        await here.press(*("plus",) * 5)
        assert here.told == ["The charts show the shortest time."]


@pytest.mark.parametrize("width", [8, 23, 60])
def test_on_an_axis_that_begins_after_the_deployment_every_time_has_its_place(width: int) -> None:
    times = Times(Axis(start=100.0, deployed_at=0.0, end=200.0), width)
    assert times.deploy == -1
    assert times.place(99.0) is None
    assert times.place(100.0) == 0.0
    assert times.place(200.0) == width
    assert [times.cell(at) for at in (100.0, 150.0, 200.0)] == [0, width // 2, width - 1]
    assert "deploy" not in times.labels(150.0)
    assert len(times.labels(150.0)) == width
