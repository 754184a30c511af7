"""Rules that judge a course or a silence, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from aftergreen import words
from aftergreen.model import Indicator, Instant, Kind, Reading, SignalKey, Then
from aftergreen.verdict.baseline import summarise
from aftergreen.verdict.present import present
from aftergreen.verdict.ranges import baseline_instants
from aftergreen.verdict.snapshot import Context, Mark
from aftergreen.verdict.state import EventKind, Phase, ReleaseState, Rollback, RuleState
from aftergreen.verdict.verify import rollback_ended, rollback_started
from aftergreen.verdict.walk import mark_of
from aftergreen.words.banner import banner_of
from aftergreen.words.cards import finish_card, receipt_rows
from tests.scenario import (
    DEPLOYED_AT,
    GOOD,
    Scenario,
    above,
    climbing,
    exhausts,
    silent,
    what_is_missing,
    with_rule,
)

POOL = "saturation/db connections"
LATENCY = "latency/average"
REGISTRATIONS = "business/registrations"
ERRORS = "error-rate/HTTP 5xx"
NONE = Reading.unknown(Kind.NO_TRAFFIC, "the denominator is 0")
GONE = Reading.unknown(Kind.NO_SERIES, "the query finds no series")


def rule_of(release: Scenario, key: str) -> RuleState:
    signal = next(s for s in release.state.signals.values() if s.signal.key == key)
    return signal.rules[0]


def test_a_leak_is_named_with_the_time_left_while_half_of_the_capacity_is_free() -> None:
    release = Scenario(with_rule(POOL, exhausts(1800.0, 200.0)))
    # From 41 on a connection is lost every ten seconds: full after 26 minutes.
    release.course(375, POOL, lambda age: 41 + age / 10)
    rule = rule_of(release, POOL)
    assert (rule.phase, rule.limit) == (Phase.OVER_LIMIT, 200.0)
    assert words.comparison(rule) == "db connections 78.5 of 200, full in 20m"
    assert words.rule(rule) == "db connections full at 200 within 30m for 1m: roll back"
    assert release.state.signals[rule.signal.key].reading is not None
    release.course(60, POOL, lambda age: 41 + age / 10)
    assert rule_of(release, POOL).breached
    assert release.stands() is ReleaseState.PROPOSED
    card = finish_card(present(release.state, Context("ana")))
    assert any("db connections 83 of 200, full in 20m" in line for line in card)


def test_a_step_that_settled_and_a_capacity_far_away_are_no_leak() -> None:
    steps = Scenario(with_rule(POOL, exhausts(1800.0, 200.0)))
    steps.course(900, POOL, lambda age: 41 if age < 200 else 90)
    assert not steps.told(EventKind.OVER_LIMIT)
    far = Scenario(with_rule(POOL, exhausts(1800.0, 2000.0))).course(900, POOL, lambda age: 41 + age / 10)
    assert not far.told(EventKind.OVER_LIMIT)


def test_a_latency_that_climbs_breaches_once_it_climbed_for_so_long() -> None:
    release = Scenario(with_rule(LATENCY, climbing(300.0, floor=0.02)))
    release.course(345, LATENCY, lambda age: 0.175 + age / 5000)
    assert rule_of(release, LATENCY).phase is Phase.WARM_UP, "it looks back further than there is to see"
    release.course(15, LATENCY, lambda age: 0.175 + age / 5000)
    rule = rule_of(release, LATENCY)
    assert rule.breached
    assert words.comparison(rule) == "average 247 ms, climbing by 12.0 ms a minute"
    assert words.rule(rule) == "average climbing for 5m, by at least 20 ms: roll back"


def test_a_climb_within_its_floor_is_none() -> None:
    release = Scenario(with_rule(LATENCY, climbing(300.0, floor=0.1)))
    release.course(900, LATENCY, lambda age: 0.175 + age / 5000)
    assert not release.told(EventKind.BREACHED)


def test_a_climb_that_has_settled_clears_after_its_time() -> None:
    release = Scenario(with_rule(LATENCY, climbing(300.0)))
    release.course(400, LATENCY, lambda age: 0.175 + age / 5000)
    assert rule_of(release, LATENCY).breached
    release.course(240, LATENCY, lambda age: 0.255 + (age % 30) / 10000)
    assert rule_of(release, LATENCY).breached
    release.course(420, LATENCY, lambda age: 0.255 + (age % 30) / 10000)
    assert release.told(EventKind.CLEARED)


def test_a_climb_acts_by_itself_only_outside_the_ordinary_spread() -> None:
    release = Scenario(with_rule(LATENCY, climbing(300.0)))
    key = release.plan.signals[1].key
    wide = replace(release.setup.baselines[key], spread=0.05)
    changed = replace(release.state.signals[key], baseline=wide)
    release.state = replace(release.state, signals={**release.state.signals, key: changed})
    release.course(360, LATENCY, lambda age: 0.175 + age / 5000)
    assert rule_of(release, LATENCY).thin


@pytest.mark.parametrize("reading", [NONE, GONE], ids=["no traffic", "no series"])
def test_a_version_that_serves_nothing_is_a_fault_of_its_own(reading: Reading) -> None:
    release = Scenario(with_rule(ERRORS, silent(180.0))).feed(60)
    release.feed(180, {ERRORS: reading})
    rule = rule_of(release, ERRORS)
    assert (rule.phase, rule.remaining) == (Phase.OVER_LIMIT, 15.0)
    banner = banner_of(present(release.state, Context("ana")), release.state.at)
    assert (banner.word, banner.text) == ("OVER LIMIT", "HTTP 5xx silent for 3m")
    release.feed(15, {ERRORS: reading})
    assert release.stands() is ReleaseState.PROPOSED
    assert rule_of(release, ERRORS).sure, "so many events were expected that chance is out"
    assert words.rule(rule) == "HTTP 5xx silent for 3m: roll back"
    assert dict(receipt_rows(rule_of(release, ERRORS), release.plan.backend))["rule"] == words.rule(rule)


def test_no_registration_at_all_is_silence_too() -> None:
    release = Scenario(with_rule(REGISTRATIONS, silent(60.0))).feed(60)
    assert release.feed(75, {REGISTRATIONS: Reading.of(0.0)}).stands() is ReleaseState.PROPOSED
    release = Scenario(with_rule(REGISTRATIONS, silent(60.0))).feed(60)
    assert release.feed(75, {REGISTRATIONS: Reading.of(1.0)}).stands() is ReleaseState.WATCHING


EVERYTHING_GONE: Mapping[str, Reading] = {key: GONE for key in GOOD if not key.startswith("dependency")}


def test_where_everything_is_silent_the_backend_must_show_fresh_data() -> None:
    gone = dict.fromkeys(GOOD, GONE)
    dead = Scenario(with_rule(ERRORS, silent(60.0))).feed(60).feed(300, gone, fresh=False)
    assert dead.stands() is ReleaseState.BLIND
    assert not dead.told(EventKind.OVER_LIMIT)
    why = rule_of(dead, ERRORS).unknown
    assert why is not None
    assert why.why == "no series, and the backend has no fresh data of anything else"
    alive = Scenario(with_rule(ERRORS, silent(60.0))).feed(60).feed(300, gone, fresh=True)
    assert alive.stands() is ReleaseState.PROPOSED


@pytest.mark.parametrize("kind", [Kind.BLIND, Kind.STALE, Kind.PARTIAL, Kind.AMBIGUOUS])
def test_what_cannot_be_seen_is_not_silent(kind: Kind) -> None:
    release = Scenario(with_rule(ERRORS, silent(60.0))).feed(60).feed(300, {ERRORS: Reading.unknown(kind)})
    assert not release.told(EventKind.OVER_LIMIT)
    assert rule_of(release, ERRORS).unknown is not None


def test_requests_whose_failures_cannot_be_told_are_no_silence() -> None:
    release = Scenario(with_rule(ERRORS, silent(60.0))).feed(60)
    release.feed(300, {ERRORS: Reading.unknown(Kind.ABSENT, "no series of failed")})
    assert not release.told(EventKind.OVER_LIMIT)
    assert rule_of(release, ERRORS).unknown is None
    assert release.stands() is ReleaseState.INCOMPLETE


def test_too_few_events_to_miss_are_no_silence() -> None:
    seldom = {ERRORS: Reading(Kind.ZERO, 0.0, 2.0, 0.0)}
    release = Scenario(with_rule(ERRORS, silent(180.0)), before=seldom).feed(60).feed(600, {ERRORS: NONE})
    assert not release.told(EventKind.OVER_LIMIT)
    why = rule_of(release, ERRORS).unknown
    assert why is not None
    assert why.why == "6.0 events are expected in 3m, too few to miss"


def test_traffic_that_comes_back_puts_the_fuse_out() -> None:
    release = Scenario(with_rule(ERRORS, silent(180.0))).feed(60).feed(120, {ERRORS: NONE}).feed(15)
    assert rule_of(release, ERRORS).phase is Phase.OK
    assert [event.kind for event in release.told(EventKind.NEAR_MISS)] == [EventKind.NEAR_MISS]


def test_the_log_tells_courses_and_silence_in_words() -> None:
    release = Scenario(with_rule(POOL, exhausts(1800.0, 200.0))).course(500, POOL, lambda age: 41 + age / 10)
    told = [words.event(event) for event in release.told(EventKind.OVER_LIMIT, EventKind.BREACHED)]
    assert told == [
        "db connections filling up: 77, full in 20m; breached if it lasts 1m",
        "db connections breached: 83 of 200, full in 20m",
    ]
    release = Scenario(with_rule(ERRORS, silent(180.0))).feed(60).feed(200, {ERRORS: NONE})
    told = [words.event(event) for event in release.told(EventKind.OVER_LIMIT, EventKind.BREACHED)]
    assert told == [
        "HTTP 5xx silent: no traffic; breached if it lasts 3m",
        "HTTP 5xx breached: silent for 3m",
    ]


def test_a_warning_of_a_course_never_leads() -> None:
    release = Scenario(with_rule(LATENCY, climbing(300.0, then=Then.WARN)))
    release.course(400, LATENCY, lambda age: 0.175 + age / 5000)
    assert rule_of(release, LATENCY).breached
    assert release.stands() is ReleaseState.WATCHING


def test_what_the_previous_version_had_is_told_from_what_never_was() -> None:
    release = Scenario().feed(60).feed(30, {ERRORS: GONE})
    known = next(s for s in release.state.signals.values() if s.signal.key == ERRORS)
    assert words.why_unknown(known) == "the previous version had series, this one has none"
    assert words.why_unknown(replace(known, baseline=None)) == "the query finds no series"
    assert words.why_unknown(replace(known, reading=GOOD[ERRORS])) == ""


def test_what_is_used_up_needs_no_course() -> None:
    release = Scenario(with_rule(POOL, exhausts(1800.0, 40.0)))
    release.feed(135)
    assert rule_of(release, POOL).breached
    assert "full" in words.comparison(rule_of(release, POOL))


def test_after_a_rollback_the_course_is_that_of_the_previous_version() -> None:
    release = Scenario(with_rule(POOL, exhausts(1800.0, 200.0))).course(435, POOL, lambda age: 41 + age / 10)
    started = Rollback(1, "ana", ("true",), release.state.at)
    release.take(rollback_started(release.state, started))
    ended = replace(started, leading=release.state.decided, ended_at=release.state.at + 5, exit_code=0)
    release.take(rollback_ended(release.state, ended))
    assert (rule_of(release, POOL).samples, rule_of(release, POOL).trend) == ((), None)
    release.feed(150)
    assert release.stands() is ReleaseState.VERIFYING, "a few samples tell no course"
    release.feed(90)
    rollback = release.state.rollback
    assert rollback is not None
    assert rollback.recovered


def test_the_panel_and_the_advice_say_what_the_signal_does() -> None:
    release = Scenario(with_rule(POOL, exhausts(1800.0, 200.0))).course(390, POOL, lambda age: 41 + age / 10)
    snapshot = present(release.state, Context("ana"))
    view = next(v for v in snapshot.indicators if v.signals[0].signal.key == POOL)
    assert "db connections filling up since" in words.panel_footer(view, snapshot)
    assert words.advice(snapshot) == (
        "Roll back",
        "if db connections keeps filling up until 22:20:20 UTC: full in 20m.",
    )
    assert words.limit(rule_of(release, POOL)) == "200 in 30m"
    quiet = Scenario(with_rule(ERRORS, silent(180.0))).feed(60).feed(60, {ERRORS: NONE})
    assert words.advice(present(quiet.state, Context("ana"))) == (
        "Roll back",
        "if HTTP 5xx stays silent until 22:17:35 UTC.",
    )


STALE = Reading.unknown(Kind.STALE)


def leaking(release: Scenario, seconds: float, *, missing: int) -> Scenario:
    """A pool that fills, of which every so many-th sample is missing."""
    for _ in range(round(seconds / 15)):
        age = release.age + 15
        lost = missing and round(age / 15) % missing == 0
        release.instant({POOL: STALE if lost else Reading.of(41 + age / 10)})
    return release


@pytest.mark.parametrize("missing", [0, 5, 10])
def test_a_leak_is_found_through_the_holes_that_scrapes_have(missing: int) -> None:
    release = leaking(Scenario(with_rule(POOL, exhausts(1800.0, 200.0))), 600, missing=missing)
    assert rule_of(release, POOL).breached
    assert not release.told(EventKind.NEAR_MISS)


def test_with_half_of_the_samples_a_course_is_unknown() -> None:
    release = leaking(Scenario(with_rule(POOL, exhausts(1800.0, 200.0))), 600, missing=2)
    rule = rule_of(release, POOL)
    assert rule.phase is not Phase.BREACHED
    assert rule.unknown is not None


def test_a_course_longer_than_the_watch_proves_nothing() -> None:
    release = Scenario(with_rule(POOL, climbing(3600.0))).feed(900)
    assert release.stands() is ReleaseState.UNPROVEN
    assert "db connections: climbing_for 1h could not be judged, the watch is too short" in what_is_missing(
        release.state
    )


def test_while_a_course_cannot_be_told_yet_other_rules_speak_for_their_signal() -> None:
    usual = with_rule(POOL, climbing(300.0))
    both = tuple(replace(s, rules=(*s.rules, above(80.0))) if s.key == POOL else s for s in usual.signals)
    marks = {}
    for name, given in (("alone", usual), ("beside", replace(usual, signals=both))):
        release = Scenario(given).feed(180)
        marks[name] = mark_of(release.state, Indicator.SATURATION)
    assert marks == {"alone": Mark.PENDING, "beside": Mark.OK}


@pytest.mark.parametrize(("rise", "found"), [(0.05, False), (0.15, True)])
def test_a_climb_such_as_there_was_before_is_no_news(rise: float, *, found: bool) -> None:
    usual = with_rule(LATENCY, climbing(300.0, floor=0.02))
    # It wandered up by 80 ms in six minutes, and down again.
    wander = [
        Instant(at, {SignalKey(LATENCY): Reading.of(0.175 + 0.08 * abs(24 - n % 48) / 24, 3000.0)})
        for n, at in enumerate(baseline_instants(usual, DEPLOYED_AT))
    ]
    baselines = summarise(usual, DEPLOYED_AT, wander)
    (asked,) = baselines[SignalKey(LATENCY)].climbed
    assert asked[0] == 300.0
    assert 0.05 < asked[1] < 0.08
    release = Scenario(usual)
    key = release.plan.signals[1].key
    wandering = replace(release.state.signals[key], baseline=baselines[key])
    release.state = replace(release.state, signals={**release.state.signals, key: wandering})
    release.course(420, LATENCY, lambda age: 0.175 + rise * age / 300)
    assert bool(release.told(EventKind.BREACHED)) is found
