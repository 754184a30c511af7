"""One rule from instant to instant: its fuse, near misses, clearing, what is unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aftergreen import words
from aftergreen.model import (
    Indicator,
    Kind,
    Reading,
    Timing,
)
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.present import present
from aftergreen.verdict.snapshot import AdviceKind, Context
from aftergreen.verdict.state import EventKind, Phase, ReleaseState
from tests.scenario import (
    DEPLOYED_AT,
    Scenario,
    above,
    errors,
    plan,
    signals,
)
from tests.troubles import BAD, DATABASE, ERRORS, shown


def test_a_fuse_burns_between_bad_instants_and_fires_when_they_sum_to_its_length() -> None:
    release = Scenario().feed(180).instant(BAD)
    lead = release.state.rules[0]
    assert (lead.phase, lead.burnt) == (Phase.OVER_LIMIT, 0.0)
    release.feed(105, BAD)
    assert (release.state.rules[0].remaining, release.phase()) == (15.0, Phase.OVER_LIMIT)
    release.instant(BAD)
    assert release.phase() is Phase.BREACHED
    assert release.stands() is ReleaseState.PROPOSED
    assert release.age == 180 + 15 + 120
    advice = present(release.state, Context("ana")).advice
    assert advice.kind is AdviceKind.ROLL_BACK
    assert advice.rule is not None
    assert words.comparison(advice.rule) == "HTTP 5xx 4.98 % > 1 % for 2m"


def test_one_good_instant_puts_the_fuse_out_and_half_a_fuse_is_a_near_miss() -> None:
    release = Scenario().feed(180).feed(90, BAD).instant()
    assert release.phase() is Phase.OK
    assert [event.kind for event in release.told(EventKind.NEAR_MISS, EventKind.BREACHED)] == [
        EventKind.NEAR_MISS
    ]
    assert release.state.near_misses[0].rule.burnt == 75.0
    assert "Near miss" in shown(release)


def test_a_short_blip_is_no_near_miss() -> None:
    release = Scenario().feed(180).feed(45, BAD).instant()
    assert release.told(EventKind.BACK)
    assert not release.state.near_misses


def test_an_unknown_instant_freezes_the_fuse() -> None:
    silent = {ERRORS: Reading.unknown(Kind.NO_TRAFFIC)}
    release = Scenario().feed(180).feed(75, BAD).feed(30, silent)
    assert release.state.rules[0].burnt == 60.0
    release.instant(BAD)
    assert release.state.rules[0].burnt == 60.0, "no two bad instants were neighbours"
    release.instant(BAD)
    assert release.state.rules[0].burnt == 75.0


def test_an_interval_with_a_gap_in_it_was_not_seen_outside_the_ordinary_spread() -> None:
    pool = "saturation/db connections"
    full, gone = {pool: Reading.of(90.0)}, {pool: Reading.unknown(Kind.STALE)}
    release = Scenario().feed(180).feed(60, full).instant(gone).instant(full)
    (status,) = (rule for rule in release.state.rules if rule.signal.key == pool)
    assert (status.burnt, status.outside) == (45.0, 45.0)


def test_unknown_for_longer_than_the_fuse_starts_it_anew() -> None:
    release = Scenario().feed(180).feed(75, BAD).feed(150, {ERRORS: Reading.unknown(Kind.STALE)})
    assert release.state.rules[0].burnt == 0.0
    release.instant(BAD)
    assert release.phase() is Phase.OVER_LIMIT


def test_nothing_is_judged_in_warm_up_nor_through_a_window_that_reaches_back() -> None:
    release = Scenario(plan(timing=Timing(warmup=30.0))).feed(45, BAD)
    assert release.phase() is Phase.WARM_UP, "the window is 60 s long"
    release.instant(BAD)
    assert release.phase() is Phase.OVER_LIMIT


def test_the_onset_is_seen_even_in_warm_up() -> None:
    release = Scenario().feed(30).feed(60, BAD)
    assert release.state.rules[0].onset == DEPLOYED_AT + 45


def test_a_latency_half_as_high_again_breaches_a_relative_rule() -> None:
    slow = {"latency/average": Reading.of(0.3, 3000.0)}
    release = Scenario().feed(120).feed(135, slow)
    lead = present(release.state, Context("ana")).leading
    assert lead is not None
    assert lead.limit == pytest.approx(0.2625)
    assert words.limit(lead) == "262 ms (+50 %)"


def test_a_drop_of_registrations_without_any_error_breaches() -> None:
    release = Scenario().feed(120).feed(195, {"business/registrations": Reading.of(104.0)})
    lead = present(release.state, Context("ana")).leading
    assert lead is not None
    assert lead.signal.indicator is Indicator.BUSINESS
    assert exit_code(release.state) == 23


def test_a_probe_that_is_down_is_above_every_limit() -> None:
    down = {DATABASE: Reading.down("connection refused")}
    release = Scenario().feed(120).feed(90, down)
    rule = release.state.rules[3]
    assert rule.phase is Phase.BREACHED
    assert words.comparison(rule) == "orders-db connect down > 500 ms for 1m"


def test_clearing_takes_as_long_as_the_fuse_and_goes_past_the_limit() -> None:
    release = Scenario().feed(180).feed(135, BAD)
    assert release.state.rules[0].clear == pytest.approx(0.01 + 0.2 * (0.001 - 0.01))
    release.feed(60, {ERRORS: errors(0.009)})
    assert release.phase() is Phase.BREACHED, "below the limit is not yet clear"
    release.feed(120)
    assert release.phase() is Phase.CLEARING
    release.instant()
    assert release.phase() is Phase.OK
    assert release.stands() is ReleaseState.WATCHING


def test_a_watch_is_extended_while_a_fuse_burns_by_at_most_its_own_length() -> None:
    release = Scenario().feed(870).feed(60, BAD)
    assert release.stands() is ReleaseState.WATCHING
    assert len(release.told(EventKind.EXTENDED)) == 1
    release.feed(75)
    assert release.state.state.ended
    standing = Scenario().feed(120).feed(1700, BAD)
    assert standing.state.extended == 900.0
    assert (standing.stands(), exit_code(standing.state)) == (ReleaseState.UNPROVEN, 23)


def test_a_rule_of_zero_length_fires_at_the_first_bad_instant() -> None:
    first = signals()[0]
    sharp = replace(first, rules=(above(0.01, lasting=0.0),))
    release = Scenario(plan(signals=(sharp, *signals()[1:]))).feed(90).instant(BAD)
    assert release.stands() is ReleaseState.PROPOSED


@pytest.mark.parametrize(("slowest", "sure"), [(0.35, True), (0.28, False)])
def test_without_events_every_sample_of_the_fuse_lies_outside_the_ordinary_spread(
    slowest: float,
    sure: bool,  # noqa: FBT001  # a column
) -> None:
    slow = {"latency/average": Reading.of(0.35, 3000.0)}
    release = Scenario()
    # Over the limit of 262 ms, and within four robust deviations (300 ms) of the median.
    key = release.plan.signals[1].key
    baseline = replace(release.setup.baselines[key], spread=0.125 / (4 * 1.4826))
    changed = replace(release.state.signals[key], baseline=baseline)
    release.state = replace(release.state, signals={**release.state.signals, key: changed})
    release.feed(180).feed(60, slow).instant({"latency/average": Reading.of(slowest, 3000.0)}).feed(75, slow)
    rule = release.state.rules[1]
    assert (rule.breached, rule.sure) == (True, sure)
    assert release.feed(60, slow).state.rules[1].sure, "a whole fuse outside comes later"


def test_a_run_that_was_lost_to_the_unknown_counts_for_nothing_later() -> None:
    slow = {"latency/average": Reading.of(0.35, 3000.0)}
    lost = {"latency/average": Reading.unknown(Kind.STALE)}
    release = Scenario().feed(180).feed(105, slow).feed(150, lost)
    rule = release.state.rules[1]
    assert (rule.burnt, rule.outside, rule.last_outside) == (0.0, 0.0, None)


def test_a_fuse_that_nearly_burnt_and_was_lost_to_the_unknown_is_a_near_miss() -> None:
    release = Scenario().feed(180).feed(105, BAD).feed(150, {ERRORS: Reading.unknown(Kind.STALE)})
    (told,) = release.told(EventKind.NEAR_MISS)
    assert words.event(told) == "HTTP 5xx near miss: over 1 % for 1m30s of 2m, then unknown"
    assert len(release.state.near_misses) == 1
    quickly = Scenario().feed(180).feed(30, BAD).feed(150, {ERRORS: Reading.unknown(Kind.STALE)})
    assert not quickly.told(EventKind.NEAR_MISS)


def test_what_cleared_begins_anew_to_be_more_than_chance() -> None:
    slow, well = {"latency/average": Reading.of(0.35, 3000.0)}, {"latency/average": Reading.of(0.175, 3000.0)}
    release = Scenario().feed(180).feed(150, slow).feed(150, well)
    assert release.told(EventKind.CLEARED)
    release.feed(30, slow)
    assert release.state.rules[1].burning
    assert not release.state.rules[1].sure
