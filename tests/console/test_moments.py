"""The moments of a release in every size: three things that a person must be able to read at each."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.console import moments
from tests.console.desk import flowing, reading
from tests.console.story import Story

SIZES = [(120, 40), (100, 30), (80, 24), (60, 20), (40, 12)]

Facts = tuple[str, str, str]

MOMENTS: dict[str, tuple[Callable[[], Story], Facts]] = {
    "warming up": (moments.warming_up, ("WARM-UP", "14m30s to go", "+00:30 of 15:00")),
    "in range": (moments.watching, ("✓ WATCHING", "0.0804 %", "data 3 s ago")),
    "thin": (moments.thin, ("✗ BREACHED", "4.17 % > 1 % for 2m", "! thin: 1 of 24 requests")),
    "burning": (moments.over_limit, ("✗ OVER LIMIT", "fires in 0:27", "HTTP 5xx 5.39 % > 1 %")),
    "breached": (moments.breached, ("✗ BREACHED", "HTTP 5xx 5.55 % > 1 %", "Roll back")),
    "warn-only": (moments.warned, ("! WARNING", "orders-db connect 817 ms > 500 ms", "data 3 s ago")),
    "blind": (moments.blind, ("? BLIND", "nothing measured for 48s", "! connection refused")),
    "absent": (
        moments.absent,
        ("? INCOMPLETE", "HTTP 5xx: absent", "! no series of http_requests_total"),
    ),
    "their fault": (
        moments.theirs,
        ("average 889 ms > 263 ms for 2m", "rolling back may not help", "orders-db connect"),
    ),
    "rolling back by me": (moments.rolling_back, ("ROLLING BACK", "by ana@bastion2", "✗ HTTP 5xx")),
    "rolling back by a colleague": (moments.colleagues, ("ROLLING BACK", "by ben@bastion1", "✗ HTTP 5xx")),
    "recovered": (moments.rolled_back, ("✓ RECOVERED", "in range 1m15s after it was", "ended 22:25:05 UTC")),
    "still burning": (moments.still_burning, ("✗ STILL BURNING", "rolled back", "ended 22:27:05 UTC")),
    "finished": (moments.finished, ("✓ FINISHED", "every indicator in range", "ended 22:28:20 UTC")),
    "unproven": (moments.unproven, ("! UNPROVEN", "orders-db connect is over limit", "ended 22:28:20 UTC")),
    "ended red": (moments.ended_red, ("✗ STILL BREACHED", "HTTP 5xx 5.55 % > 1 %", "ended 22:43:20 UTC")),
}


@pytest.mark.parametrize("size", SIZES, ids=["x".join(map(str, size)) for size in SIZES])
@pytest.mark.parametrize("moment", MOMENTS)
async def test_the_three_things_to_know_are_read(moment: str, size: tuple[int, int]) -> None:
    story, facts = MOMENTS[moment]
    async with reading(story(), size) as here:
        read = flowing(here.text)
        for fact in (*facts, "checkout-api", "v2.4.1"):
            assert fact in read, here.text
        assert len(here.lines) == size[1]
