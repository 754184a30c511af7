"""What is read of the past before a watch begins."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from aftergreen.model import (
    Backend,
    BaselinePlan,
    BaselineSource,
    Indicator,
    Instant,
    Kind,
    Plan,
    Reading,
    Release,
    Signal,
    Timing,
    View,
)
from aftergreen.preflight.capture import Past, capture, compared_with, grid
from aftergreen.sources.questions import runs
from aftergreen.verdict.ranges import NOTHING_KNOWN, Earlier
from tests.made_up import FakeClock, MadeUpSource, World, fine
from tests.scenario import DEPLOYED_AT, GOOD, above, only, plan, signals
from tests.waiting import in_no_time

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


DAY = 86400.0
HOUR = 3600.0
FINISHED = Release("checkout-api", "prod", "v2.3.9", "v2.3.8", DEPLOYED_AT - 5000.0, 6)
BUSINESS = signals()[4]


def busy(**factors: float) -> World:
    """Registrations that were other than now: ``yesterday=0.5`` were half as many."""
    times = {"yesterday": DAY, "last_week": 7 * DAY}

    def world(at: float, _view: View) -> Mapping[str, Reading]:
        near = [factor for name, factor in factors.items() if abs(DEPLOYED_AT - times[name] - at) < 7200]
        return GOOD | {BUSINESS.key: Reading.of(312.0 * (near[0] if near else 1.0))}

    return world


async def captured(
    given: Plan, world: World = fine, earlier: Earlier = NOTHING_KNOWN, release: Release = RELEASE
) -> Past:
    return await capture(MadeUpSource(FakeClock(DEPLOYED_AT), world), given, release, earlier)


@pytest.mark.parametrize("source", [s for s in BaselineSource if s is not BaselineSource.CONTROL])
async def test_the_committed_baseline_comes_with_all_others_that_can_be_had(source: BaselineSource) -> None:
    past = await captured(compared_with(plan(), source), earlier=Earlier(finished=FINISHED))
    assert {baseline.source for baseline in past.baselines.values()} == {source}
    assert set(past.baselines) == set(past.companions) == {signal.key for signal in plan().signals}
    frozen = [s for s in BaselineSource if s is not BaselineSource.CONTROL]
    for companions in past.companions.values():
        assert [companion.source for companion in companions] == [s for s in frozen if s is not source]
    assert past.absent == {}


async def test_a_signal_may_be_compared_with_a_past_of_its_own() -> None:
    mixed = tuple(
        replace(s, baseline=BaselineSource.LAST_WEEK) if s.key == BUSINESS.key else s for s in signals()
    )
    past = await captured(plan(signals=mixed))
    assert {key: b.source.value for key, b in past.baselines.items()} == {
        signal.key: "last-week" if signal.key == BUSINESS.key else "before" for signal in signals()
    }


async def test_a_level_that_changed_since_yesterday_scales_yesterday_and_not_the_time_before() -> None:
    given = compared_with(plan(), BaselineSource.YESTERDAY)
    past = await captured(given, busy(yesterday=0.5, last_week=2.0))
    yesterday = past.baselines[BUSINESS.key]
    before, last_week = past.companions[BUSINESS.key]
    assert (yesterday.median, yesterday.factor) == (312.0, 2.0)
    assert (last_week.median, last_week.factor) == (312.0, 0.5)
    assert (before.median, before.factor) == (312.0, 1.0)


@pytest.mark.parametrize("window", [60.0, 600.0, 1800.0, 7200.0])
async def test_the_level_is_known_whatever_the_range(window: float) -> None:
    given = compared_with(plan(baseline=BaselinePlan(window=window)), BaselineSource.YESTERDAY)
    past = await captured(given, busy(yesterday=0.5))
    assert {(b.factor, b.remark) for b in past.baselines.values()} == {(1.0, ""), (2.0, "")}


async def test_the_previous_release_is_read_with_its_own_version_at_the_same_age() -> None:
    def world(_at: float, view: View) -> Mapping[str, Reading]:
        return GOOD | {BUSINESS.key: Reading.of(500.0 if view == View("v2.3.9", None) else 312.0)}

    given = compared_with(plan(), BaselineSource.PREVIOUS_RELEASE)
    past = await captured(given, world, Earlier(finished=FINISHED))
    assert past.baselines[BUSINESS.key].median == 500.0
    assert past.baselines[BUSINESS.key].expected == 61


@pytest.mark.parametrize(
    ("source", "reading", "previous", "why"),
    [
        (
            BaselineSource.PREVIOUS_RELEASE,
            Reading.of(312.0),
            "v2.4.0",
            "the journal holds no finished release of checkout-api in prod",
        ),
        (
            BaselineSource.YESTERDAY,
            Reading.unknown(Kind.NO_SERIES, "the query finds no series"),
            "v2.4.0",
            "the backend holds no samples of that time",
        ),
        (
            BaselineSource.LAST_WEEK,
            Reading.unknown(Kind.BLIND, "Prometheus answered 503"),
            "v2.4.0",
            "every sample of that time is unknown (blind: Prometheus answered 503)",
        ),
        (
            BaselineSource.BEFORE,
            Reading.unknown(Kind.NO_TRAFFIC),
            "v2.4.0",
            "every sample of that time is unknown (no traffic)",
        ),
        (
            BaselineSource.YESTERDAY,
            Reading.unknown(Kind.NO_SERIES),
            None,
            "its queries ask for $version, and the previous one is not known: pass --previous",
        ),
    ],
)
async def test_a_baseline_that_cannot_be_had_is_absent_for_a_reason(
    source: BaselineSource, reading: Reading, previous: str | None, why: str
) -> None:
    query = 'sum(increase(registrations_total{version="$version"}[$window]))'
    signal = replace(BUSINESS, query=query, baseline=source)
    past = await captured(
        only(plan(signals=(signal,)), lambda _: True),
        lambda _at, _view: GOOD | {signal.key: reading},
        release=replace(RELEASE, previous=previous),
    )
    assert past.baselines == {}
    assert past.absent == {signal.key: why}


async def test_a_control_is_none_of_the_past_and_not_absent() -> None:
    signal = replace(BUSINESS, query='sum(registrations{version="$version"})')
    given = compared_with(plan(signals=(*signals()[:4], signal)), BaselineSource.CONTROL)
    past = await captured(given)
    assert signal.key not in past.baselines
    assert past.absent == {}
    assert past.of(signal.key, BaselineSource.BEFORE) == past.companions[signal.key][0]
    # What asks for no version cannot be compared between two.
    assert {given.signal(key).baseline for key in past.baselines} == {BaselineSource.BEFORE}


async def test_a_probe_has_neither_baseline_nor_companions() -> None:
    probe = Signal(Indicator.DEPENDENCY, "connect", "s", 60.0, (above(0.5),), probe="tcp://db:5432")
    past = await captured(
        plan(signals=(probe, BUSINESS)), lambda _at, _view: GOOD | {probe.key: Reading.of(0.01)}
    )
    assert probe.key not in past.baselines
    assert past.companions[probe.key] == ()
    assert past.absent == {}


async def test_a_past_that_the_backend_does_not_hold_is_looked_at_and_not_read() -> None:
    def world(at: float, _view: View) -> Mapping[str, Reading]:
        gone = dict.fromkeys(GOOD, Reading.unknown(Kind.NO_SERIES))
        return GOOD if at > DEPLOYED_AT - DAY / 2 else gone

    source = MadeUpSource(FakeClock(DEPLOYED_AT), world)
    past = await capture(source, plan(), RELEASE)
    assert set(past.companions.values()) == {()}
    assert past.absent == {}
    assert len([at for at in source.asked_again if at < DEPLOYED_AT - DAY / 2]) == 2 * 5


class Slow(MadeUpSource):
    """A backend that takes an hour over what is long past."""

    async def history(
        self, signals: Sequence[Signal], instants: Sequence[float], view: View
    ) -> tuple[Instant, ...]:
        if instants[0] < DEPLOYED_AT - DAY / 2:
            await asyncio.sleep(HOUR)
        return await super().history(signals, instants, view)


@pytest.mark.parametrize("source", [BaselineSource.BEFORE, BaselineSource.YESTERDAY])
async def test_what_decides_nothing_is_waited_for_no_longer_than_for_an_answer(
    source: BaselineSource,
) -> None:
    given = compared_with(plan(backend=Backend("http://127.0.0.1:9090", timeout=60.0)), source)
    started = asyncio.get_running_loop().time()
    async with in_no_time():
        past = await capture(Slow(FakeClock(DEPLOYED_AT), fine), given, RELEASE)
        took = asyncio.get_running_loop().time() - started
    waited = source is BaselineSource.YESTERDAY
    assert (took >= HOUR) is waited
    assert {b.source for b in past.baselines.values()} == {source}
    had = {companion.source for companions in past.companions.values() for companion in companions}
    assert had == ({BaselineSource.BEFORE} if waited else set())


async def test_the_past_is_asked_for_in_few_requests() -> None:
    asked: list[tuple[int, int]] = []

    class Counting(MadeUpSource):
        async def history(
            self, signals: Sequence[Signal], instants: Sequence[float], view: View
        ) -> tuple[Instant, ...]:
            asked.append((len(signals), len(instants)))
            assert len(list(runs(instants))) == 1, "one range query each"
            return await super().history(signals, instants, view)

    given = compared_with(plan(), BaselineSource.YESTERDAY)
    await capture(Counting(FakeClock(DEPLOYED_AT), fine), given, RELEASE, Earlier(finished=FINISHED))
    whole = sorted(instants for _, instants in asked if instants > 5)
    assert whole == [61, 128, 249, 249]
    assert len(asked) == 4 + 2
