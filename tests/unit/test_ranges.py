"""Which instants a baseline is taken from, and what lies in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from aftergreen.model import BaselinePlan, BaselineSource, Plan, Release, Timing
from aftergreen.verdict.ranges import DAYS, NOTHING_KNOWN, Disturbance, Earlier, ranges
from tests.scenario import DEPLOYED_AT, plan, signals

ERRORS = signals()[0]
DAY, WEEK = 86400.0, 7 * 86400.0
RELEASE = Release("checkout-api", "prod", "v2.4.1", "v2.4.0", DEPLOYED_AT)
FINISHED = Release("checkout-api", "prod", "v2.3.9", "v2.3.8", DEPLOYED_AT - 5000.0, 6)


@pytest.mark.parametrize(
    ("source", "first", "last", "number", "version"),
    [
        (BaselineSource.BEFORE, -1920.0, -120.0, 121, "v2.4.0"),
        (BaselineSource.YESTERDAY, -DAY, -DAY + 1800.0, 121, "v2.4.0"),
        (BaselineSource.LAST_WEEK, -WEEK, -WEEK + 1800.0, 121, "v2.4.0"),
        (BaselineSource.PREVIOUS_RELEASE, -4940.0, -4040.0, 61, "v2.3.9"),
    ],
)
def test_every_source_has_its_range(
    source: BaselineSource, first: float, last: float, number: int, version: str
) -> None:
    found = ranges(plan(), RELEASE, Earlier(finished=FINISHED))[source]
    assert (found.instants[0] - DEPLOYED_AT, found.instants[-1] - DEPLOYED_AT) == (first, last)
    assert len(found.instants) == number
    assert found.version == version
    assert set(found.instants) <= set(found.asked)


@pytest.mark.parametrize("source", [BaselineSource.YESTERDAY, BaselineSource.LAST_WEEK])
def test_the_level_is_that_of_the_half_hour_before_the_same_clock_time(source: BaselineSource) -> None:
    found = ranges(plan(), RELEASE, NOTHING_KNOWN)[source]
    then = found.instants[0]
    assert (found.level[0], found.level[-1]) == (then - 1920.0, then - 120.0)
    # One evenly spaced run, which one request can ask for.
    assert list(found.asked) == [then + 15.0 * k for k in range(-128, 121)]


BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
CLOCKS = [
    # Clocks there were set forward on 2026-03-29 at 02:00, and back on 2026-10-25 at 03:00.
    (BERLIN, "2026-03-29T12:00+02:00", 1, "2026-03-28T12:00+01:00"),
    (BERLIN, "2026-03-30T12:00+02:00", 1, "2026-03-29T12:00+02:00"),
    (BERLIN, "2026-04-02T12:00+02:00", 7, "2026-03-26T12:00+01:00"),
    (BERLIN, "2026-10-25T12:00+01:00", 1, "2026-10-24T12:00+02:00"),
    (BERLIN, "2026-10-28T12:00+01:00", 7, "2026-10-21T12:00+02:00"),
    # What was skipped, what came twice, and what comes for the second time.
    (BERLIN, "2026-03-30T02:30+02:00", 1, "2026-03-29T03:30+02:00"),
    (BERLIN, "2026-10-26T02:30+01:00", 1, "2026-10-25T02:30+02:00"),
    (BERLIN, "2026-10-25T02:30+01:00", 1, "2026-10-24T02:30+02:00"),
    # Elsewhere on other days, by half an hour, and never.
    (NEW_YORK, "2026-03-29T12:00-04:00", 1, "2026-03-28T12:00-04:00"),
    ("Australia/Lord_Howe", "2026-04-05T12:00+10:30", 1, "2026-04-04T12:00+11:00"),
    ("", "2026-03-29T12:00+02:00", 1, "2026-03-28T12:00+02:00"),
    # Who joins a release from a machine that does not know its zone.
    ("Mars/Olympus_Mons", "2026-03-29T12:00+02:00", 1, "2026-03-28T12:00+02:00"),
]


@pytest.mark.parametrize(("zone", "at", "days", "then"), CLOCKS, ids=lambda value: str(value) or "no zone")
def test_the_same_clock_time_is_that_of_the_zone(zone: str, at: str, days: int, then: str) -> None:
    deployed_at, expected = (datetime.fromisoformat(text).timestamp() for text in (at, then))
    source = next(source for source, number in DAYS.items() if number == days)
    found = ranges(
        plan(baseline=BaselinePlan(zone=zone)), replace(RELEASE, deployed_at=deployed_at), NOTHING_KNOWN
    )
    assert found[source].instants[0] == expected
    assert found[source].level[-1] == expected - 120.0


def test_there_is_no_range_of_a_previous_release_where_none_finished() -> None:
    assert BaselineSource.PREVIOUS_RELEASE not in ranges(plan(), RELEASE, NOTHING_KNOWN)


@pytest.mark.parametrize(
    ("timing", "window", "age"),
    [
        (Timing(warmup=60.0), 60.0, 60.0),
        (Timing(warmup=300.0), 60.0, 300.0),
        (Timing(warmup=60.0, rollout=120.0), 60.0, 120.0),
        (Timing(warmup=60.0), 200.0, 210.0),
    ],
)
def test_a_release_is_compared_at_the_same_age_and_no_window_crosses_its_deployment(
    timing: Timing, window: float, age: float
) -> None:
    given = plan(timing=timing, signals=tuple(replace(s, window=window) for s in signals()))
    found = ranges(given, RELEASE, Earlier(finished=FINISHED))[BaselineSource.PREVIOUS_RELEASE]
    assert found.instants[0] - FINISHED.deployed_at == age
    assert found.polluted(given.signals[0]) == ""


def test_nothing_is_asked_that_lies_after_the_deployment() -> None:
    just_before = replace(FINISHED, deployed_at=DEPLOYED_AT - 300.0)
    long = plan(baseline=BaselinePlan(window=2 * DAY))
    for given, earlier in ((plan(), Earlier(finished=just_before)), (long, NOTHING_KNOWN)):
        assert all(at <= DEPLOYED_AT for r in ranges(given, RELEASE, earlier).values() for at in r.asked)
    found = ranges(plan(), RELEASE, Earlier(finished=just_before))[BaselineSource.PREVIOUS_RELEASE]
    assert found.polluted(ERRORS) == "the deployment of v2.4.1"


@pytest.mark.parametrize(
    ("at", "lies"),
    [
        (-1920.0 - 61.0, False),
        (-1920.0 - 60.0, False),
        (-1920.0 - 59.0, True),
        (-1920.0, True),
        (-1000.0, True),
        (-121.0, True),
        (-120.0, False),
        (-10.0, False),
    ],
)
def test_a_deployment_lies_in_a_baseline_also_where_a_window_reaches_back_over_it(
    at: float, *, lies: bool
) -> None:
    other = Disturbance(DEPLOYED_AT + at, "another deployment (v2.4.0)")
    found = ranges(plan(), RELEASE, Earlier((other,)))[BaselineSource.BEFORE]
    assert found.polluted(ERRORS) == ("another deployment (v2.4.0)" if lies else "")


@pytest.mark.parametrize("shift", [3600.0, -12345.6])
def test_ranges_move_with_the_deployment(shift: float) -> None:
    def shape(given: Plan, release: Release) -> list[tuple[float, ...]]:
        found = ranges(given, release, NOTHING_KNOWN).values()
        return [tuple(round(at - release.deployed_at, 3) for at in r.asked) for r in found]

    moved = replace(RELEASE, deployed_at=DEPLOYED_AT + shift)
    assert shape(plan(), RELEASE) == shape(plan(), moved)
