"""What stands beside a chart and in it: its ends, its limit, the rollback; and which indicator has none."""

from __future__ import annotations

import pytest

from tests.console import moments
from tests.console.desk import SMALL, WIDE, reading
from tui.screens.main import Panel


def row_of(lines: list[str], name: str) -> int:
    return next(y for y, line in enumerate(lines) if name in line)


async def test_on_the_small_screen_each_chart_has_its_ends_and_its_limit() -> None:
    async with reading(moments.doubtful(), SMALL) as here:
        errors = row_of(here.lines, "✗ errors")
        top, foot = here.lines[errors : errors + 2]
        assert " >6 % " in top
        assert " 0 ⣀" in foot
        assert foot.endswith("╌1 %"), "on the row in which it lies"
        business = row_of(here.lines, "✓ business")
        assert " 350/min " in here.lines[business]
        assert " 200/min " in here.lines[business + 1]
        assert here.lines[business + 1].endswith("╌217/min")


@pytest.mark.parametrize("size", [SMALL, (100, 30)])
async def test_where_a_rollback_began_stands_a_line_and_its_name(size: tuple[int, int]) -> None:
    async with reading(moments.rolling_back().rolled_back().feed(60), size) as here:
        assert "┊" in here.text
        assert "back" in here.lines[row_of(here.lines, "deploy ")]
    async with reading(moments.breached(), size) as here:
        assert "┊" not in here.text


async def test_what_is_waived_has_no_panel_and_the_decision_has_its_room() -> None:
    async with reading(moments.waived(), WIDE) as here:
        panels = {panel.id: panel for panel in here.app.screen.query(Panel)}
        assert not panels["panel-5"].display
        assert panels["panel-6"].size.width > 2 * panels["panel-1"].size.width
        assert panels["panel-1"].size.height > 8, "a third of the screen is for three rows of panels"
    async with reading(moments.watching(), WIDE) as here:
        panels = {panel.id: panel for panel in here.app.screen.query(Panel)}
        assert panels["panel-5"].display
        assert panels["panel-6"].size.width <= panels["panel-1"].size.width + 1
