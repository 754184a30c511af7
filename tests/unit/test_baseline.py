"""How a signal was before: which instants, which summary, and when it is not fit to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from aftergreen.model import BaselinePlan, Indicator, Instant, Kind, Plan, Reading, Rule, Signal
from aftergreen.verdict.baseline import summarise
from aftergreen.verdict.ranges import baseline_instants
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
    [(285.0, ""), (270.0, "19 samples are too few to compare with, it takes 20")],
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


def test_requests_are_not_counted_where_no_rule_claims_a_rate() -> None:
    found = summary(
        alone(ERRORS, above_baseline(0.5, floor=0.001)), [Reading(Kind.ZERO, 0.0, 1.0, 0.0)] * 121
    )
    assert found is not None
    assert found.fit


@pytest.mark.parametrize(("value", "unfit"), [(80.0, ""), (80.5, "its rule was breached in it"), (41.0, "")])
def test_a_baseline_beyond_the_limit_is_not_fit(value: float, unfit: str) -> None:
    found = summary(alone(POOL), [Reading.of(value)] * 121)
    assert found is not None
    assert found.unfit == unfit


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
