"""Whose fault it is: dependencies and callers that explain a breach, and those that do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from aftergreen import words
from aftergreen.model import BaselineSource, Indicator, Kind, Plan, Reading, Rule, Signal, SignalKey
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.neighbours import neighbour
from aftergreen.verdict.present import present
from aftergreen.verdict.proposals import acts_on, withheld
from aftergreen.verdict.snapshot import AdviceKind, Context
from aftergreen.verdict.state import DoubtKind, EventKind, ReleaseState
from aftergreen.verdict.walk import advice
from tests.scenario import (
    GOOD,
    Scenario,
    above,
    above_baseline,
    below_baseline,
    errors,
    plan,
    signals,
    silent,
    with_rule,
)

ERRORS = "error-rate/HTTP 5xx"
LATENCY = "latency/average"
POOL = "saturation/db connections"
BUSINESS = "business/registrations"
FAILED, SLOW = "dependency/{}/failed", "dependency/{}/average"
CALLEES = ("stock", "price", "users", "pay")


def callee(name: str) -> tuple[Signal, Signal]:
    """What the caller sees of one service that it calls; nothing of it rolls anything back."""
    usual = signals()[0]
    failed = replace(usual, indicator=Indicator.DEPENDENCY, dependency=name, name="failed", rules=())
    slow = replace(signals()[1], indicator=Indicator.DEPENDENCY, dependency=name, name="average", rules=())
    return failed, slow


def calling(*names: str, given: Plan | None = None) -> Plan:
    """The usual plan, with these dependencies instead of its own."""
    usual = given or plan()
    own = tuple(s for s in usual.signals if s.indicator is not Indicator.DEPENDENCY)
    return replace(usual, signals=(*own, *(signal for name in names for signal in callee(name))))


WELL = {FAILED.format(name): errors(0.001, 1500.0) for name in CALLEES} | {
    SLOW.format(name): Reading.of(0.02) for name in CALLEES
}


def watched(given: Plan, *changes: tuple[float, Mapping[str, Reading]]) -> Scenario:
    """A release that was well for three minutes, and then changes by and by."""
    release = Scenario(given, before=WELL)
    release.feed(180, WELL)
    for seconds, readings in changes:
        release.feed(seconds, WELL | dict(readings))
    return release


def fails(name: str, share: float) -> dict[str, Reading]:
    return {FAILED.format(name): errors(share, 1500.0)}


def slow(name: str, seconds: float) -> dict[str, Reading]:
    return {SLOW.format(name): Reading.of(seconds)}


OWN = {ERRORS: errors(0.08)}
LATE = {LATENCY: Reading.of(0.4, 3000.0)}
ALL_FAIL = {key: value for name in CALLEES for key, value in fails(name, 0.2).items()}
ALL_SLOW = {key: value for name in CALLEES for key, value in slow(name, 0.2).items()}


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        # Its own fault: nothing else moves.
        ([(180, OWN)], None),
        # One that it calls fails enough to explain it: first, in the same moment, or within its window.
        ([(60, fails("price", 0.16)), (180, OWN | fails("price", 0.16))], "price"),
        ([(180, OWN | fails("price", 0.16))], "price"),
        ([(45, OWN), (180, OWN | fails("price", 0.16))], "price"),
        # Two of the four share it.
        ([(180, OWN | fails("price", 0.06) | fails("pay", 0.06))], "price"),
        # It fails, and not enough to explain so much.
        ([(180, OWN | fails("price", 0.03))], None),
        # It began long after: it suffers, or it is another story.
        ([(100, OWN), (80, OWN | fails("price", 0.5))], None),
        # It fails, is fine for half a minute, and fails again: that is one run.
        ([(45, OWN | fails("price", 0.3)), (30, OWN), (120, OWN | fails("price", 0.3))], "price"),
        # All four at once are no coincidence: it is the way to them.
        ([(180, OWN | ALL_FAIL)], None),
        ([(180, LATE | ALL_SLOW)], None),
        # Slowness explains slowness, and failures do not.
        ([(180, LATE | slow("users", 0.15))], "users"),
        ([(180, LATE | fails("users", 0.5))], None),
        # A dependency that is slow while requests fail may have been broken by this release.
        ([(180, OWN | slow("users", 0.9))], None),
        # It does not answer at all.
        ([(180, OWN | {FAILED.format("pay"): Reading.down("refused")})], "pay"),
        # A little slower is not what makes it twice as slow.
        ([(180, LATE | slow("users", 0.027))], None),
    ],
)
def test_a_dependency_that_explains_it_withholds_the_rollback_and_is_named(
    changes: list[tuple[float, Mapping[str, Reading]]], doubt: str | None
) -> None:
    release = watched(calling(*CALLEES), *changes)
    assert release.stands() is ReleaseState.PROPOSED
    stopped = withheld(release.state)
    assert (acts_on(release.state) is None) is (doubt is not None)
    assert (stopped is not None) is (doubt is not None)
    lead, rest = words.advice(present(release.state, Context("ana")))
    if doubt is None:
        assert lead == "Roll back:"
        return
    assert stopped is not None
    assert (stopped.kind, lead) == (DoubtKind.NEIGHBOUR, "Wait:")
    assert f", but rolling back may not help: {doubt} " in rest


def test_calls_that_one_request_makes_several_times_count_as_often() -> None:
    several = {FAILED.format("price"): errors(0.025, 9000.0)}
    assert withheld(watched(calling(*CALLEES), (180, OWN | several)).state) is not None
    once = {FAILED.format("price"): errors(0.025, 3000.0)}
    assert withheld(watched(calling(*CALLEES), (180, OWN | once)).state) is None


def test_what_nobody_knows_from_before_is_not_explained_by_next_to_nothing() -> None:
    """A fixed limit without a baseline: all of the 400 ms are to be explained, and 15 ms of them are."""
    given = calling(*CALLEES, given=with_rule(LATENCY, above(0.3)))
    release = Scenario(given, before=WELL)
    own = release.state.signals[SignalKey(LATENCY)]
    release.state = replace(
        release.state, signals={**release.state.signals, SignalKey(LATENCY): replace(own, baseline=None)}
    )
    release.feed(180, WELL).feed(180, WELL | LATE | slow("users", 0.035))
    assert acts_on(release.state) is not None
    release.feed(60, WELL | LATE | slow("users", 0.5))
    assert withheld(release.state) is not None


def test_calls_are_counted_over_the_time_of_their_own_window() -> None:
    """Three times the requests of a minute, in a window of three minutes: one call for each request."""
    given = calling(*CALLEES)
    wide = tuple(replace(s, window=180.0) if s.key == FAILED.format("price") else s for s in given.signals)
    once = {FAILED.format("price"): errors(0.025, 9000.0)}
    assert withheld(watched(replace(given, signals=wide), (180, OWN | once)).state) is None


def test_what_the_service_used_up_before_may_have_broken_the_dependency() -> None:
    leaking = {POOL: Reading.of(70.0)}
    failing = leaking | fails("price", 0.16)
    release = watched(calling(*CALLEES), (60, leaking), (180, OWN | failing))
    assert withheld(release.state) is None
    assert acts_on(release.state) is not None


def test_a_dependency_that_has_recovered_explains_nothing_any_more() -> None:
    release = watched(calling(*CALLEES), (180, OWN | fails("price", 0.16)))
    assert withheld(release.state) is not None
    release.feed(600, WELL | OWN)
    assert acts_on(release.state) is not None


def test_a_release_beside_a_broken_neighbour_ends_unproven_and_says_why() -> None:
    given = calling(*CALLEES)
    release = watched(given, (120, OWN | fails("price", 0.16)), (900, {}))
    assert (release.stands(), exit_code(release.state)) == (ReleaseState.UNPROVEN, 10)
    gate = watched(given, (2400, OWN | fails("price", 0.16)))
    assert exit_code(gate.state) == 10


# Both versions


def controlled(key: str, *rules: Rule) -> Plan:
    usual = with_rule(key, *rules)
    compared = tuple(
        replace(s, baseline=BaselineSource.CONTROL, denominator='requests{version="$version"}')
        if s.key == key
        else s
        for s in usual.signals
    )
    return replace(usual, signals=compared)


def test_a_callee_that_fails_for_both_versions_is_named() -> None:
    """The case neighbour-broken."""
    release = Scenario(calling(*CALLEES, given=controlled(ERRORS, above(0.01))), before=WELL)
    release.control = GOOD | WELL
    release.feed(180, WELL)
    release.control = GOOD | WELL | {ERRORS: errors(0.075)}
    release.feed(180, WELL | OWN | fails("stock", 0.1))
    given = advice(release.state)
    assert given.kind is AdviceKind.WAIT
    _, rest = words.advice(present(release.state, Context("ana")))
    assert rest.endswith("but stock fails for both versions: it is not this release.")


def test_a_caller_that_fell_silent_silences_both_versions() -> None:
    """The case caller-silent."""
    release = Scenario(controlled(ERRORS, silent(120.0)))
    release.control = dict(GOOD)
    release.feed(180)
    nothing = Reading.unknown(Kind.NO_TRAFFIC)
    release.control = GOOD | {ERRORS: nothing}
    release.feed(300, {ERRORS: nothing})
    assert release.told(EventKind.BREACHED)
    given = advice(release.state)
    assert (given.kind, given.doubt and given.doubt.kind) == (AdviceKind.WAIT, DoubtKind.CALLER)
    _, rest = words.advice(present(release.state, Context("ana")))
    assert rest.endswith("but the previous version fell silent alike: who calls them may have broken.")


def test_a_new_version_that_alone_serves_nothing_is_this_release() -> None:
    release = Scenario(controlled(ERRORS, silent(120.0)))
    release.control = dict(GOOD)
    release.feed(180).feed(300, {ERRORS: Reading.unknown(Kind.NO_TRAFFIC)})
    assert acts_on(release.state) is not None


# Callers


def fewer(requests: float, done: float) -> dict[str, Reading]:
    return {ERRORS: errors(0.001, 3000.0 * requests), BUSINESS: Reading.of(312.0 * done)}


@pytest.mark.parametrize(
    ("readings", "stopped"),
    [
        # Half of the requests bring half of the business.
        (fewer(0.5, 0.5), True),
        (fewer(0.1, 0.1), True),
        # So many fewer may be chance, where so few are counted.
        (fewer(0.5, 0.37), True),
        (fewer(0.5, 0.3), False),
        # Each of them brings less.
        (fewer(1.0, 0.5), False),
        (fewer(0.7, 0.3), False),
        # What arrives fails as well.
        (fewer(0.5, 0.5) | {ERRORS: errors(0.08, 1500.0)}, False),
        # Nothing comes, and the service still answers for itself.
        ({ERRORS: Reading.unknown(Kind.NO_TRAFFIC), BUSINESS: Reading.of(0.0)}, True),
    ],
)
def test_less_business_from_fewer_requests_that_succeed_is_the_callers(
    readings: Mapping[str, Reading], *, stopped: bool
) -> None:
    release = Scenario(with_rule(BUSINESS, below_baseline(0.3, floor=1.0))).feed(180).feed(300, readings)
    assert release.told(EventKind.BREACHED)
    doubt = withheld(release.state)
    assert (doubt is not None and doubt.kind is DoubtKind.CALLER) is stopped
    assert (acts_on(release.state) is None) is stopped


def test_a_caller_is_no_excuse_while_what_arrives_fails_by_more_than_chance() -> None:
    given = with_rule(BUSINESS, below_baseline(0.3, floor=1.0))
    release = Scenario(given).feed(180).feed(300, fewer(0.5, 0.5) | {ERRORS: errors(0.08, 1500.0)})
    assert neighbour(release.state, release.state.signals[SignalKey(BUSINESS)].rules[0]) is None
    # One window with a few failures is no more than that.
    blip = (
        Scenario(given)
        .feed(180)
        .feed(300, fewer(0.5, 0.5))
        .instant(fewer(0.5, 0.5) | {ERRORS: errors(0.011, 1500.0)})
    )
    assert blip.state.rules[0].burning
    assert neighbour(blip.state, blip.state.signals[SignalKey(BUSINESS)].rules[0]) is not None


def test_a_rule_that_somebody_wrote_is_taken_to_the_letter() -> None:
    readings = {ERRORS: errors(0.001, 6000.0), POOL: Reading.of(82.5)}
    release = Scenario(with_rule(POOL, above_baseline(1.0))).feed(180).feed(400, readings)
    assert acts_on(release.state) is not None


def test_fewer_requests_are_told_with_their_share() -> None:
    release = (
        Scenario(with_rule(BUSINESS, below_baseline(0.3, floor=1.0))).feed(180).feed(300, fewer(0.5, 0.5))
    )
    _, rest = words.advice(present(release.state, Context("ana")))
    assert rest.endswith(
        "but only 50 % of the usual requests come, and nothing else is wrong: who calls it may have broken."
    )


# Resources


@pytest.mark.parametrize(
    ("cores", "requests", "found"),
    [
        (82.5, 1.0, True),
        # Half as much again is no doubling, and twice the requests take twice of it.
        (61.0, 1.0, False),
        (82.5, 2.0, False),
        (180.0, 2.0, True),
        # Fewer requests excuse nothing, and need not take less.
        (41.0, 0.3, False),
        (82.5, 0.5, True),
    ],
)
def test_twice_of_what_it_took_is_found_per_request(cores: float, requests: float, *, found: bool) -> None:
    twice = replace(above_baseline(1.0, floor=0.1, lasting=180.0), per_request=True)
    given = with_rule(POOL, twice)
    readings = {ERRORS: errors(0.001, 3000.0 * requests), POOL: Reading.of(cores)}
    release = Scenario(given).feed(180).feed(400, readings)
    assert bool(release.told(EventKind.BREACHED)) is found
    assert (acts_on(release.state) is not None) is found
