"""How a signal was before: which instants, which summary, and when it is not fit to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftergreen.model import (
    BaselinePlan,
    BaselineSource,
    Condition,
    Indicator,
    Instant,
    Kind,
    Plan,
    Reading,
    Release,
    Rule,
    Signal,
    Then,
)
from aftergreen.verdict.baseline import summarise
from aftergreen.verdict.ranges import (
    NOTHING_KNOWN,
    Disturbance,
    Range,
    baseline_instants,
    level_instants,
    ranges,
)
from aftergreen.verdict.state import Baseline
from tests.scenario import DEPLOYED_AT, above, above_baseline, below_baseline, only, plan, signals

ERRORS, LATENCY, POOL, _, BUSINESS = signals()


def alone(signal: Signal, *rules: Rule, window: float = 1800.0) -> Plan:
    """A plan with this one signal, under these rules where any are given."""
    kept = only(plan(baseline=BaselinePlan(window=window)), lambda s: s.key == signal.key)
    return replace(kept, signals=(replace(signal, rules=rules or signal.rules),))


def summary(given: Plan, readings: Sequence[Reading | None], tail: Sequence[Reading] = ()) -> Baseline | None:
    """The baseline of the plan's only signal; ``tail`` are the readings in the gap before the deployment."""
    (signal,) = given.signals
    instants = baseline_instants(given, DEPLOYED_AT)
    times = [*instants[-len(readings) :], *(instants[-1] + 15.0 * k for k in range(1, len(tail) + 1))]
    history = [
        Instant(at, {} if reading is None else {signal.key: reading})
        for at, reading in zip(times, [*readings, *tail], strict=True)
    ]
    return summarise(given, DEPLOYED_AT, history).get(signal.key)


@pytest.mark.parametrize(
    ("window", "gap", "first", "last", "number"),
    [
        (1800.0, 120.0, -1920.0, -120.0, 121),
        (1800.0, 0.0, -1800.0, 0.0, 121),
        (60.0, 20.0, -75.0, -30.0, 4),
        (1.0, 0.5, None, None, 0),
        (86400.0, 120.0, -86520.0, -120.0, 5761),
    ],
)
def test_the_range_lies_on_the_grid_and_ends_before_the_gap(
    window: float, gap: float, first: float | None, last: float | None, number: int
) -> None:
    given = plan(baseline=BaselinePlan(window=window, gap=gap))
    instants = baseline_instants(given, DEPLOYED_AT)
    assert len(instants) == number
    if instants:
        assert (instants[0] - DEPLOYED_AT, instants[-1] - DEPLOYED_AT) == (first, last)


def test_median_and_spread_shrug_off_a_wild_sample() -> None:
    readings = [Reading.of(40.0 + k % 3) for k in range(120)] + [Reading.of(1e9)]
    assert summary(alone(POOL), readings) == Baseline(41.0, 1.0, 121, 121, per_second=1 / 15)


def test_a_signal_without_any_sample_has_no_baseline() -> None:
    unknown = [Reading.unknown(Kind.NO_SERIES)] * 121
    assert summary(alone(POOL), unknown) is None
    assert summary(alone(POOL), [None] * 121) is None


def test_a_probe_has_no_history_and_so_no_baseline() -> None:
    probe = Signal(Indicator.DEPENDENCY, "connect", "s", 60.0, (above(0.5),), probe="tcp://db:5432")
    assert summary(alone(probe), [Reading.of(0.01)] * 121) is None


@pytest.mark.parametrize(
    ("there", "unfit"),
    [
        (121, ""),
        (109, ""),
        (108, "only 108 of 121 samples are there"),
        (3, "only 3 of 121 samples are there"),
    ],
)
def test_a_tenth_of_the_samples_may_be_missing(there: int, unfit: str) -> None:
    found = summary(
        alone(POOL), [*[Reading.unknown(Kind.STALE)] * (121 - there), *[Reading.of(41.0)] * there]
    )
    assert found is not None
    assert (found.samples, found.unfit) == (there, unfit)


@pytest.mark.parametrize(
    ("window", "unfit"),
    [(165.0, ""), (150.0, "11 samples are too few to compare with, it takes 12")],
)
def test_a_short_range_has_too_few_samples(window: float, unfit: str) -> None:
    given = alone(POOL, window=window)
    found = summary(given, [Reading.of(41.0)] * len(baseline_instants(given, DEPLOYED_AT)))
    assert found is not None
    assert found.unfit == unfit


@pytest.mark.parametrize(
    ("count", "unfit"),
    [
        # 121 windows of 60 s at steps of 15 s count each request four times: 121 · count / 4.
        (10.0, ""),
        (9.0, "272 requests are too few to compare with, it takes 300"),
        (0.0, "0 requests are too few to compare with, it takes 300"),
    ],
)
def test_an_error_rate_needs_the_requests_that_its_limit_takes(count: float, unfit: str) -> None:
    found = summary(alone(ERRORS), [Reading(Kind.ZERO, 0.0, count, 0.0)] * 121)
    assert found is not None
    assert found.unfit == unfit


@pytest.mark.parametrize(("count", "fit"), [(1.0, False), (100.0, True)])
def test_a_relative_rule_needs_the_requests_of_its_own_limit(count: float, *, fit: bool) -> None:
    found = summary(
        alone(ERRORS, above_baseline(0.5, floor=0.001)), [Reading(Kind.ZERO, 0.0, count, 0.0)] * 121
    )
    assert found is not None
    assert found.fit is fit


def test_events_so_rare_that_most_windows_hold_none_are_compared_by_their_share_of_all() -> None:
    readings = [
        Reading(Kind.VALUE, 0.01, 100.0, 1.0) if n % 4 == 0 else Reading(Kind.ZERO, 0.0, 100.0, 0.0)
        for n in range(121)
    ]
    found = summary(alone(ERRORS), readings)
    assert found is not None
    assert found.median == pytest.approx(31 / 12_100)


def test_what_was_silent_at_times_lets_one_expect_nothing() -> None:
    busy, none = Reading(Kind.VALUE, 0.001, 60.0, 0.06), Reading.unknown(Kind.NO_TRAFFIC)
    found = summary(alone(ERRORS), [busy if n % 15 == 0 else none for n in range(121)])
    assert found is not None
    assert found.per_second == 0.0


BREACHED = "its rule was breached in it"
MOSTLY = "its rule was exceeded in most of it"


@pytest.mark.parametrize(
    ("values", "lasting", "unfit"),
    [
        ([80.0] * 121, 120.0, ""),
        ([80.5] * 121, 120.0, BREACHED),
        ([41.0] * 121, 120.0, ""),
        # Eight intervals of 15 s are the two minutes of the fuse; a median does not notice them.
        ([41.0] * 60 + [90.0] * 9 + [41.0] * 52, 120.0, BREACHED),
        ([41.0] * 60 + [90.0] * 8 + [41.0] * 53, 120.0, ""),
        ([90.0] * 9 + [41.0] * 112, 120.0, BREACHED),
        ([90.0, 90.0, 90.0, 41.0] * 30, 120.0, MOSTLY),
        ([90.0] * 121, 3600.0, MOSTLY),
        ([90.0, 41.0, 41.0] * 40, 120.0, ""),
    ],
)
def test_a_baseline_in_which_the_rule_was_breached_is_not_fit(
    values: list[float], lasting: float, unfit: str
) -> None:
    found = summary(alone(POOL, above(80.0, lasting=lasting)), [Reading.of(value) for value in values])
    assert found is not None
    assert found.unfit == unfit


def test_what_is_unknown_freezes_the_fuse_in_a_baseline_too() -> None:
    gap = [Reading.unknown(Kind.STALE)] * 4
    readings = [Reading.of(41.0)] * 100 + [Reading.of(90.0)] * 5 + gap + [Reading.of(90.0)] * 5
    found = summary(alone(POOL), [*readings, *[Reading.of(41.0)] * 7])
    assert found is not None
    assert found.unfit == BREACHED


@pytest.mark.parametrize(
    ("signal", "usual", "unusual", "unfit"),
    [
        (LATENCY, 0.175, 0.3, BREACHED),
        (LATENCY, 0.175, 0.25, ""),
        (BUSINESS, 312.0, 200.0, BREACHED),
        (BUSINESS, 312.0, 230.0, ""),
    ],
)
def test_a_relative_rule_is_held_against_the_very_baseline_that_it_would_use(
    signal: Signal, usual: float, unusual: float, unfit: str
) -> None:
    found = summary(alone(signal), [Reading.of(usual)] * 101 + [Reading.of(unusual)] * 20)
    assert found is not None
    assert (found.median, found.unfit) == (usual, unfit)


def test_rules_about_the_course_of_a_signal_say_nothing_about_its_values() -> None:
    climbing = Rule(Condition.CLIMBING, 600.0, 600.0, Then.WARN, by_at_least=1.0)
    silent = Rule(Condition.SILENT, 120.0, 120.0, Then.WARN)
    found = summary(alone(POOL, climbing, silent), [Reading.of(900.0)] * 121)
    assert found == Baseline(900.0, 0.0, 121, 121, per_second=1 / 15)


@pytest.mark.parametrize(
    ("count", "unfit"),
    [
        (1.0, ""),
        # 121 windows of 60 s at steps of 15 s count each observation four times.
        (0.6, "18 observations are too few to compare with, it takes 20"),
        (0.0, "0 observations are too few to compare with, it takes 20"),
        (None, "0 observations are too few to compare with, it takes 20"),
    ],
)
def test_enough_observations_stand_behind_a_percentile(count: float | None, unfit: str) -> None:
    counted = replace(POOL, count="sum(increase(db_queries_total[$window]))")
    found = summary(alone(counted), [Reading.of(41.0, count)] * 121)
    assert found is not None
    assert found.unfit == unfit


def test_another_deployment_in_it_spoils_a_baseline() -> None:
    given_plan = alone(POOL)
    times = baseline_instants(given_plan, DEPLOYED_AT)
    other = Disturbance(times[50], "another deployment (v2.3.9)")
    history = [Instant(at, {POOL.key: Reading.of(41.0)}) for at in times]
    range_ = Range(BaselineSource.BEFORE, "v2.4.0", times, times, disturbances=(other,))
    found = summarise(given_plan, DEPLOYED_AT, history, range_)[POOL.key]
    assert found.unfit == "another deployment (v2.3.9) lies in it"


def scaled(
    signal: Signal, *, before: Sequence[Reading], level: Sequence[Reading], then: Sequence[Reading]
) -> Baseline:
    """The baseline of yesterday: what was read just before, in the same half hour then, and in the range."""
    given_plan = alone(signal)
    release = Release("checkout-api", "prod", "v2.4.1", "v2.4.0", DEPLOYED_AT)
    range_ = ranges(given_plan, release, NOTHING_KNOWN)[BaselineSource.YESTERDAY]
    history = zip(level_instants(given_plan, DEPLOYED_AT), before, strict=True)
    past = zip([*range_.level, *range_.instants], [*level, *then], strict=True)
    found = summarise(
        given_plan,
        DEPLOYED_AT,
        [Instant(at, {signal.key: reading}) for at, reading in history],
        range_,
        [Instant(at, {signal.key: reading}) for at, reading in past],
    )
    return found[signal.key]


def all_of(value: float) -> list[Reading]:
    return [Reading.of(value)] * 121


def test_yesterday_is_scaled_by_how_the_half_hour_before_stands_to_the_same_half_hour_then() -> None:
    then = [Reading.of(300.0), Reading.of(310.0), Reading.of(320.0)] * 40 + [Reading.of(310.0)]
    found = scaled(BUSINESS, before=all_of(100.0), level=all_of(200.0), then=then)
    assert (found.median, found.spread, found.factor, found.remark) == (155.0, 5.0, 0.5, "")
    assert (found.source, found.samples, found.unfit) == (BaselineSource.YESTERDAY, 121, "")
    assert found.per_second == 155.0 / 60


NOT_THERE = Reading.unknown(Kind.NO_SERIES)


@pytest.mark.parametrize(
    ("before", "level", "remark"),
    [
        (all_of(0.0), all_of(200.0), "the half hour before this deployment has no level above zero"),
        (all_of(100.0), all_of(0.0), "the half hour at that time has no level above zero"),
        (all_of(100.0), all_of(-5.0), "the half hour at that time has no level above zero"),
        (
            [NOT_THERE] * 13 + all_of(100.0)[13:],
            all_of(200.0),
            "only 108 of 121 samples of the half hour before this deployment are there",
        ),
        (
            all_of(100.0),
            [NOT_THERE] * 121,
            "only 0 of 121 samples of the half hour at that time are there",
        ),
    ],
)
def test_where_a_level_is_not_known_nothing_is_scaled_and_that_is_said(
    before: list[Reading], level: list[Reading], remark: str
) -> None:
    found = scaled(BUSINESS, before=before, level=level, then=all_of(310.0))
    assert (found.median, found.factor, found.unfit) == (310.0, 1.0, "")
    assert found.remark == f"not scaled: {remark}"


def test_a_tenth_of_the_half_hour_may_be_missing() -> None:
    before = [NOT_THERE] * 12 + all_of(100.0)[12:]
    assert scaled(BUSINESS, before=before, level=all_of(200.0), then=all_of(300.0)).factor == 0.5


def test_a_fixed_limit_is_held_against_what_was_measured_then_and_not_what_it_is_scaled_to() -> None:
    found = scaled(POOL, before=all_of(60.0), level=all_of(30.0), then=all_of(50.0))
    assert (found.median, found.unfit) == (100.0, "")
    found = scaled(POOL, before=all_of(30.0), level=all_of(60.0), then=all_of(90.0))
    assert (found.median, found.unfit) == (45.0, BREACHED)


@given(
    usual=st.lists(st.floats(1.0, 1000.0), min_size=121, max_size=121),
    # Floats scale by powers of two exactly.
    factor=st.sampled_from([0.25, 0.5, 2.0, 8.0]),
)
def test_scaling_stretches_a_baseline_and_changes_nothing_about_its_fitness(
    usual: list[float], factor: float
) -> None:
    signal = replace(BUSINESS, rules=(below_baseline(0.3),))
    then = [Reading.of(value) for value in usual]
    plain = scaled(signal, before=all_of(64.0), level=all_of(64.0), then=then)
    found = scaled(signal, before=all_of(64.0 * factor), level=all_of(64.0), then=then)
    assert (found.median, found.spread) == (plain.median * factor, plain.spread * factor)
    assert found.unfit == plain.unfit


@pytest.mark.parametrize(
    ("signal", "usual", "tail", "broken"),
    [
        (POOL, 41.0, [90.0, 90.0, 90.0], True),
        (POOL, 41.0, [41.0, 90.0, 90.0], False),
        (POOL, 41.0, [90.0, 90.0, 90.0, 41.0], False),
        (LATENCY, 0.175, [0.3, 0.3, 0.3], True),
        (BUSINESS, 312.0, [100.0, 100.0, 100.0], True),
        (BUSINESS, 312.0, [300.0, 300.0, 300.0], False),
    ],
)
def test_broken_is_what_the_newest_samples_before_the_deployment_say(
    signal: Signal, usual: float, tail: list[float], *, broken: bool
) -> None:
    found = summary(alone(signal), [Reading.of(usual)] * 121, [Reading.of(value) for value in tail])
    assert found is not None
    assert found.broken is broken
    assert found.median == usual, "the gap is no part of the baseline"


def test_unknown_newest_samples_break_nothing() -> None:
    tail = [Reading.of(90.0), Reading.of(90.0), Reading.unknown(Kind.STALE)]
    found = summary(alone(POOL), [Reading.of(41.0)] * 121, tail)
    assert found is not None
    assert not found.broken


def test_what_breaks_after_the_deployment_breaks_no_baseline() -> None:
    given = alone(POOL)
    before = [Instant(at, {POOL.key: Reading.of(41.0)}) for at in baseline_instants(given, DEPLOYED_AT)]
    after = [Instant(DEPLOYED_AT + 15.0 * k, {POOL.key: Reading.of(90.0)}) for k in range(1, 4)]
    assert not summarise(given, DEPLOYED_AT, [*before, *after])[POOL.key].broken


def test_a_drop_to_nothing_before_the_deployment_is_no_baseline_to_fall_below() -> None:
    found = summary(alone(BUSINESS, below_baseline(0.3, floor=1.0)), [Reading(Kind.ZERO, 0.0)] * 121)
    assert found == Baseline(0.0, 0.0, 121, 121)


def test_samples_older_than_the_range_are_left_out() -> None:
    given = alone(POOL)
    start = baseline_instants(given, DEPLOYED_AT)[0]
    older = [Instant(start - 15.0 * k, {POOL.key: Reading.of(5.0)}) for k in range(400, 0, -1)]
    newer = [Instant(start + 15.0 * k, {POOL.key: Reading.of(41.0)}) for k in range(121)]
    assert summarise(given, DEPLOYED_AT, [*older, *newer]) == {
        POOL.key: Baseline(41.0, 0.0, 121, 121, per_second=1 / 15)
    }
