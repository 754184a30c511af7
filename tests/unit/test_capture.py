"""What is read of the past before a watch begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from aftergreen.capture import capture, grid
from aftergreen.model import BaselinePlan, Reading, Release, Timing, View
from tests.made_up import FakeClock, MadeUpSource, fine
from tests.scenario import DEPLOYED_AT, plan

RELEASE = Release("checkout-api", "prod", "v2.4.1", "v2.4.0", DEPLOYED_AT)


@pytest.mark.parametrize(
    ("interval", "until", "after", "instants"),
    [
        (15.0, 0.0, None, []),
        (15.0, 14.9, None, []),
        (15.0, 15.0, None, [15.0]),
        (15.0, 50.0, None, [15.0, 30.0, 45.0]),
        (15.0, 50.0, 15.0, [30.0, 45.0]),
        (15.0, 50.0, 20.0, [30.0, 45.0]),
        (15.0, 50.0, -100.0, [15.0, 30.0, 45.0]),
        (15.0, 50.0, 50.0, []),
        (15.0, -50.0, None, []),
        (0.1, 0.35, 0.1, [0.2, 0.3]),
    ],
)
def test_the_grid_is_counted_from_the_deployment(
    interval: float, until: float, after: float | None, instants: list[float]
) -> None:
    found = grid(DEPLOYED_AT, interval, DEPLOYED_AT + until, None if after is None else DEPLOYED_AT + after)
    assert [round(at - DEPLOYED_AT, 3) for at in found] == instants


def test_a_grid_in_pieces_is_the_grid() -> None:
    whole = grid(DEPLOYED_AT, 0.7, DEPLOYED_AT + 700)
    pieces: list[float] = []
    while len(pieces) < len(whole):
        pieces += grid(DEPLOYED_AT, 0.7, whole[len(pieces)], after=pieces[-1] if pieces else None)
    assert tuple(pieces) == whole
    assert len(whole) == 1000


async def test_the_past_is_read_once_up_to_the_deployment_through_the_old_versions_eyes() -> None:
    seen: set[View] = set()

    def world(at: float, view: View) -> Mapping[str, Reading]:
        seen.add(view)
        return fine(at, view)

    source = MadeUpSource(FakeClock(DEPLOYED_AT), world)
    past = await capture(source, plan(), RELEASE)
    last_day = [at for at in source.asked_again if at > DEPLOYED_AT - 43200.0]
    assert last_day == [DEPLOYED_AT - 15.0 * k for k in range(128, 0, -1)]
    assert seen == {View("v2.4.0", None)}
    assert set(past.baselines) == {signal.key for signal in plan().signals}
    # Charts show half as much of the past as they show of the watch.
    assert (past.instants[0].at, past.instants[-1].at) == (DEPLOYED_AT - 450, DEPLOYED_AT - 15)


async def test_a_long_watch_shows_more_of_the_past_than_its_baseline_takes() -> None:
    given = replace(
        plan(timing=Timing(duration=7200.0, interval=60.0)), baseline=BaselinePlan(window=600.0, gap=120.0)
    )
    source = MadeUpSource(FakeClock(DEPLOYED_AT), fine)
    past = await capture(source, given, RELEASE)
    assert len(past.instants) == 60
    assert {baseline.expected for baseline in past.baselines.values()} == {11}
    assert {baseline.samples for baseline in past.baselines.values()} == {11}
