"""The verdict on whole releases: what a person on watch is told, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from aftergreen import words
from aftergreen.model import (
    Indicator,
    Instant,
    Kind,
    Plan,
    Reading,
    Reduce,
    RollbackPlan,
    Rule,
    Service,
    SignalKey,
    Then,
    Timing,
)
from aftergreen.verdict.begin import begin
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.evidence import no_evidence, weigh
from aftergreen.verdict.present import present
from aftergreen.verdict.proposals import acts_on, advised_on, proposals, withheld
from aftergreen.verdict.snapshot import AdviceKind, Context, DoubtKind, Mark
from aftergreen.verdict.state import Event, EventKind, LookBack, Override, Phase, ReleaseState, Rollback
from aftergreen.verdict.step import abandon, conclude, over, step
from aftergreen.verdict.verify import rollback_ended, rollback_started
from aftergreen.verdict.walk import advice, signal_mark
from aftergreen.watch.overrides import after, parse_change
from aftergreen.words.cards import asked, finish_card
from tests.scenario import (
    DEPLOYED_AT,
    GOOD,
    Scenario,
    above,
    below,
    errors,
    keyed,
    only,
    plan,
    signals,
    what_is_missing,
    with_rule,
)

ERRORS = "error-rate/HTTP 5xx"
DATABASE = "dependency/orders-db/connect"
BAD = {ERRORS: errors(0.0498)}


def shown(scenario: Scenario) -> str:
    return "\n".join(finish_card(present(scenario.state, Context("ana@bastion2"))))


def roll_back(scenario: Scenario, *, exit_code: int = 0, takes: float = 20.0) -> Scenario:
    at = scenario.state.at
    started = Rollback(1, "ana@bastion2", ("kubectl",), at)
    scenario.take(rollback_started(scenario.state, started))
    ended = replace(
        started,
        leading=scenario.state.decided,
        ended_at=at + takes,
        exit_code=exit_code,
        error="" if exit_code == 0 else f"exit code {exit_code}",
    )
    return scenario.take(rollback_ended(scenario.state, ended))


def test_a_healthy_release_finishes_when_its_time_is_over() -> None:
    release = Scenario().feed(885)
    assert release.stands() is ReleaseState.WATCHING
    release.feed(15)
    assert release.stands() is ReleaseState.FINISHED
    assert exit_code(release.state) == 0
    assert shown(release).startswith("Production runs v2.4.1")


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


@pytest.mark.parametrize("kind", [k for k in Kind if k not in (Kind.VALUE, Kind.ZERO, Kind.DOWN)])
def test_unknown_never_finishes_and_never_advises(kind: Kind) -> None:
    release = Scenario().feed(60).feed(1900, {ERRORS: Reading.unknown(kind)})
    assert release.stands() is ReleaseState.UNPROVEN
    assert exit_code(release.state) == 10
    assert not release.told(EventKind.BREACHED)


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


def test_the_walk_reports_in_its_order_whatever_broke_first() -> None:
    full = {"saturation/db connections": Reading.of(95.0)}
    release = Scenario().feed(120).feed(60, full).feed(180, full | BAD)
    snapshot = present(release.state, Context("ana"))
    assert snapshot.leading is not None
    assert snapshot.leading.signal.indicator is Indicator.ERROR_RATE
    assert [view.mark for view in snapshot.indicators] == [Mark.BAD, Mark.OK, Mark.BAD, Mark.OK, Mark.OK]


def test_a_dependency_that_broke_first_is_a_doubt_said_aloud() -> None:
    slow = {DATABASE: Reading.of(0.9)}
    release = Scenario().feed(120).feed(45, slow).feed(150, slow | BAD)
    snapshot = present(release.state, Context("ana"))
    assert [(d.kind, d.seconds) for d in snapshot.doubts] == [(DoubtKind.EARLIER, 45.0)]
    assert words.doubt(snapshot.doubts[0]) == "orders-db broke 45s earlier: rolling back may not help"
    assert withheld(release.state) is None, "the new version may have broken it"


def test_a_dependency_that_was_broken_before_the_deployment_is_told_apart() -> None:
    broken = {DATABASE: Reading.of(0.9)}
    release = Scenario(before=broken).feed(120, broken).feed(150, broken | BAD)
    kinds = [doubt.kind for doubt in present(release.state, Context("ana")).doubts]
    assert kinds == [DoubtKind.BEFORE]
    stopped = withheld(release.state)
    assert stopped is not None
    assert stopped.kind is DoubtKind.BEFORE


def test_a_breached_warning_never_leads_and_keeps_the_release_unproven() -> None:
    release = Scenario().feed(120).feed(780, {DATABASE: Reading.of(0.9)})
    assert release.stands() is ReleaseState.UNPROVEN
    assert exit_code(release.state) == 10
    assert "dependencies responding" in " ".join(what_is_missing(release.state))


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


def test_blindness_stops_the_clock_and_is_added_at_the_end() -> None:
    release = Scenario().feed(300).blind(150)
    assert release.stands() is ReleaseState.BLIND
    assert release.state.watched == 300.0
    release.feed(450)
    assert release.stands() is ReleaseState.WATCHING
    release.feed(150)
    assert release.state.watched == 900.0
    assert release.stands() is ReleaseState.FINISHED
    assert [e.seconds for e in release.told(EventKind.SIGHT)] == [150.0]


def test_blindness_without_end_is_unproven_after_one_more_duration() -> None:
    release = Scenario().feed(300).blind(1485)
    assert release.stands() is ReleaseState.BLIND
    release.blind(15)
    assert (release.stands(), exit_code(release.state)) == (ReleaseState.UNPROVEN, 10)
    assert release.age == 1800.0


def test_blindness_does_not_forget_how_old_the_data_are() -> None:
    fresh = {ERRORS: replace(errors(0.001), newest=DEPLOYED_AT + 299)}
    release = Scenario().feed(285).instant(fresh).blind(60)
    assert present(release.state, Context("ana")).data_at == DEPLOYED_AT + 299


def test_a_fuse_does_not_burn_through_blindness() -> None:
    release = Scenario().feed(180).feed(75, BAD).blind(60)
    assert release.state.rules[0].burnt == 60.0
    assert not release.told(EventKind.BREACHED)


def test_a_quiet_service_runs_the_clock_and_proves_nothing() -> None:
    none = {key: Reading.unknown(Kind.NO_TRAFFIC) for key in (ERRORS, "latency/average")}
    release = Scenario().feed(120, none)
    assert release.stands() is ReleaseState.QUIET
    release.feed(780, none)
    assert release.stands() is ReleaseState.UNPROVEN


def test_too_few_requests_prove_no_error_rate() -> None:
    few = {ERRORS: errors(0.0, count=15.0)}
    release = Scenario().feed(900, few)
    assert release.stands() is ReleaseState.UNPROVEN
    assert what_is_missing(release.state) == (
        "HTTP 5xx: 225 clean requests, a claim of at most 1 % takes 300",
    )


def test_a_rule_that_could_hardly_ever_judge_proves_nothing() -> None:
    release = Scenario().feed(120).feed(600, {"latency/average": Reading.unknown(Kind.STALE)}).feed(180)
    assert release.stands() is ReleaseState.UNPROVEN
    assert any("average: could be judged in" in lacking for lacking in what_is_missing(release.state))


def test_a_baseline_that_is_not_fit_leaves_its_rule_unknown_and_says_why() -> None:
    thin = plan(signals=tuple(s for s in signals() if s.indicator is not Indicator.LATENCY))
    release = Scenario(plan())
    bare = replace(release.setup, baselines={})

    release.take(begin(bare))
    release.feed(180)
    assert release.stands() is ReleaseState.INCOMPLETE
    assert release.state.reason == "average: there is no baseline to compare with"
    assert Scenario(only(thin, bool)).feed(900).state.state is ReleaseState.FINISHED


def test_a_gate_ends_at_the_first_rollback_advice() -> None:
    release = Scenario(advice_ends=True).feed(180).feed(135, BAD)
    at = release.state.at
    release.feed(60)
    assert release.state.at == at, "an ended release takes no more instants"
    assert exit_code(release.state) == 23
    assert "rollback advised" in shown(release)


def test_recovery_is_told_from_the_commands_start_to_the_first_good_sample() -> None:
    release = roll_back(Scenario().feed(180).feed(135, BAD))
    assert release.stands() is ReleaseState.VERIFYING
    assert release.state.view.version == "v2.4.0"
    release.feed(60, BAD)
    assert release.stands() is ReleaseState.VERIFYING
    release.feed(150)
    assert release.stands() is ReleaseState.ROLLED_BACK
    assert exit_code(release.state) == 20
    recovered = release.told(EventKind.RECOVERED)[0]
    # A minute of failures, and two instants until one is good after the command's end.
    assert recovered.seconds == 90.0
    assert shown(release).startswith("Production runs v2.4.0, as the rollback command reported. v2.4.1 was")


STALE = {"error-rate/HTTP 5xx": Reading.unknown(Kind.STALE, "newest sample 2m old")}
LOST = dict.fromkeys(GOOD, Reading.unknown(Kind.BLIND, "connection refused"))


@pytest.mark.parametrize(
    ("readings", "why"),
    [
        (LOST, "nothing could be measured"),
        (STALE, "HTTP 5xx could not be measured"),
        (BAD, "still burning"),
        (BAD | {"latency/average": Reading.unknown(Kind.STALE, "newest sample 2m old")}, "still burning"),
    ],
)
def test_only_what_was_measured_is_said_to_burn_still(readings: dict[str, Reading], why: str) -> None:
    release = roll_back(Scenario().feed(180).feed(135, BAD)).feed(330, readings)
    assert (release.stands(), exit_code(release.state)) == (ReleaseState.ROLLED_BACK, 21)
    assert why in shown(release)
    assert release.told(EventKind.STILL_BURNING)[0].text == why


def test_a_rollback_command_that_fails_is_loud_and_may_be_tried_again() -> None:
    release = roll_back(Scenario().feed(180).feed(135, BAD), exit_code=1)
    assert release.stands() is ReleaseState.ROLLBACK_FAILED
    assert exit_code(release.state) == 22
    assert "may still run v2.4.1" in shown(release)
    release.feed(30, BAD)
    assert release.stands() is ReleaseState.ROLLBACK_FAILED
    roll_back(release)
    assert release.stands() is ReleaseState.VERIFYING


def test_recovery_needs_the_old_version_on_every_instance_where_that_can_be_measured() -> None:
    counted = plan(service=Service("checkout-api", running="count by (version) (app_info)"))
    release = roll_back(Scenario(counted).feed(180).feed(135, BAD))
    release.feed(250, running={"v2.4.0": 3.0, "v2.4.1": 1.0})
    assert release.stands() is ReleaseState.VERIFYING
    release.feed(30, running={"v2.4.0": 4.0})
    assert exit_code(release.state) == 20
    assert shown(release).startswith("Production runs v2.4.0. v2.4.1 was rolled back")


def test_a_release_does_not_finish_while_the_new_version_is_not_everywhere() -> None:
    counted = plan(service=Service("checkout-api", running="count by (version) (app_info)"))
    release = Scenario(counted).feed(900, running={"v2.4.0": 1.0, "v2.4.1": 3.0})
    assert release.stands() is ReleaseState.UNPROVEN
    assert what_is_missing(release.state) == ("v2.4.1 serves on 3 of 4 instances",)


def test_without_a_rollback_command_the_release_cannot_finish() -> None:
    warned = tuple(replace(s, rules=tuple(replace(r, then=Then.WARN) for r in s.rules)) for s in signals())
    release = Scenario(plan(rollback=None, signals=warned)).feed(900)
    assert what_is_missing(release.state) == ("rollback defined: no rollback command is configured",)


def test_quitting_abandons_and_an_open_breach_stays_in_the_exit_code() -> None:
    calm = Scenario().feed(180)
    assert exit_code(calm.take(abandon(calm.state, "quit", by="ana")).state) == 30
    bad = Scenario().feed(180).feed(135, BAD)
    assert exit_code(bad.take(abandon(bad.state, "quit", by="ana")).state) == 23


def test_a_past_that_ends_too_early_is_unproven() -> None:
    release = Scenario().feed(300)
    release.take(conclude(release.state))
    assert exit_code(release.state) == 10
    assert "only 5m of 15m could be watched" in what_is_missing(release.state)


def test_a_waived_indicator_does_not_stand_in_the_way() -> None:
    release = Scenario(only(plan(), lambda s: s.indicator is Indicator.ERROR_RATE)).feed(900)
    assert release.stands() is ReleaseState.FINISHED


def test_rollout_time_is_no_watch_time() -> None:
    slow = plan(timing=Timing(rollout=120.0))
    release = Scenario(slow).feed(900)
    assert release.state.watched == 780.0
    assert not release.state.state.ended


def test_a_receipt_carries_everything_the_decision_stood_on() -> None:
    release = Scenario().feed(180).feed(135, BAD)
    receipt = release.state.rules[0].receipt
    assert receipt is not None
    assert (receipt.value, receipt.limit, receipt.count, receipt.window) == (0.0498, 0.01, 3000.0, 60.0)
    assert asked(receipt) == (
        '(sum(increase(http_requests_total{status=~"5.."}[60s])) or vector(0))'
        " / sum(increase(http_requests_total[60s]))"
    )


def test_the_checklist_ticks_and_unticks_from_facts() -> None:
    release = Scenario().feed(90)
    assert all(item.mark is Mark.OK for item in present(release.state, Context("ana")).checklist)
    release.feed(30, BAD)
    items = {
        words.checklist_name(item.indicator): item
        for item in present(release.state, Context("ana")).checklist
    }
    assert items["error rate in range"].mark is Mark.BAD
    assert items["rollback defined"].mark is Mark.OK


def test_a_rule_of_zero_length_fires_at_the_first_bad_instant() -> None:
    first = signals()[0]
    sharp = replace(first, rules=(above(0.01, lasting=0.0),))
    release = Scenario(plan(signals=(sharp, *signals()[1:]))).feed(90).instant(BAD)
    assert release.stands() is ReleaseState.PROPOSED


def test_verification_that_runs_out_of_time_says_so() -> None:
    hasty = plan(rollback=RollbackPlan(("true",), verify_within=60.0))
    release = roll_back(Scenario(hasty).feed(180).feed(135, BAD)).feed(90)
    assert exit_code(release.state) == 21
    (told,) = release.told(EventKind.STILL_BURNING)
    assert words.event(told) == "rolled back and not recovered after 1m: still burning"


def eventful() -> list[Event]:
    """Releases to which everything happens that can happen to one."""
    quiet = dict.fromkeys(GOOD, Reading.unknown(Kind.NO_TRAFFIC))
    unknown = {"latency/average": Reading.unknown(Kind.STALE, "1m old")}
    unfit = Scenario()
    unfit.setup = replace(
        unfit.setup, baselines={k: replace(b, unfit="too few") for k, b in unfit.setup.baselines.items()}
    )
    sentence = parse_change(plan(), "HTTP 5xx above 1% to 2% because clients retry")
    made = Override(signals()[0], sentence.rule, after(sentence), "clients retry", "ana", 1.0, "", "")
    changed_rule = Event(1.0, EventKind.OVERRIDE, signal=signals()[0], override=made, by="ana")
    return [
        *begin(unfit.setup)[1],
        *roll_back(Scenario().feed(180).feed(135, BAD)).feed(600).events,
        *roll_back(Scenario().feed(180).feed(135, BAD)).feed(900, BAD).events,
        *Scenario().feed(90).blind(30).feed(60, quiet).feed(60, unknown).feed(60).events,
        *Scenario().feed(90).feed(30, BAD).feed(30).feed(90, BAD).feed(30).events,
        *Scenario().feed(180).feed(135, BAD).feed(300).events,
        *Scenario().feed(885).feed(60, BAD).feed(900).events,
        changed_rule,
        Event(1.0, EventKind.NOTE, text="looks fine", by="ana"),
    ]


def test_every_event_has_words() -> None:
    told = eventful()
    assert {event.kind for event in told} == set(EventKind)
    for event in told:
        assert words.event(event)
        assert "None" not in words.event(event)


def test_evidence_is_weighed_from_what_was_counted_since_the_last_instant() -> None:
    release = Scenario()
    for n, failed in ((1, 0.0), (2, 2.0), (3, 4.0), (4, None), (5, 8.0)):
        uncounted = Reading.of(0.05)
        total = (15.0 * n, failed or 0.0)
        release.instant({ERRORS: uncounted if failed is None else replace(errors(0.05), total=total)})
    expected = no_evidence(0.01, 60, 0.001)
    # At the fourth instant it could not be counted; the fifth made up for it.
    for trials, failures in ((15, 0), (15, 2), (15, 2), (0, 0), (30, 4)):
        expected = weigh(expected, trials, failures)
    assert release.state.rules[0].evidence == expected


def test_under_a_lower_limit_what_is_missing_has_failed() -> None:
    served = replace(signals()[0], rules=(below(0.99),))
    release = Scenario(replace(plan(), signals=(served, *signals()[1:])))
    release.instant({ERRORS: replace(errors(0.9), total=(20.0, 18.0))})
    assert release.state.rules[0].evidence == weigh(no_evidence(1 - 0.99, 60, 0.001), 20.0, 2.0)


@pytest.mark.parametrize("answer", [None, {}])
def test_what_ran_once_is_not_what_runs(answer: dict[str, float] | None) -> None:
    measured = replace(
        plan(), service=Service("checkout-api", "prod", running="count by (version) (app_info)")
    )
    release = Scenario(measured).feed(885, running={"v2.4.1": 4.0}).feed(15, running=answer)
    assert release.stands() is ReleaseState.UNPROVEN
    assert any("v2.4.1" in lacking for lacking in what_is_missing(release.state))
    assert finish_card(present(release.state, Context("ana")))[0] != "Production runs v2.4.1."


PROBE = "dependency/orders-db/connect"


def probed() -> Plan:
    signal = replace(signals()[3], query=None, probe="tcp://orders-db:5432")
    return replace(plan(), signals=(*signals()[:3], signal, signals()[4]))


def test_a_probe_that_answers_is_no_sight_of_a_backend_that_does_not() -> None:
    release = Scenario(probed()).feed(300)
    dead = dict.fromkeys(GOOD, Reading.unknown(Kind.BLIND, "connection refused")) | {PROBE: GOOD[PROBE]}
    release.feed(60, dead)
    assert release.stands() is ReleaseState.BLIND
    assert (release.state.watched, release.state.blind) == (300.0, 60.0)


def test_the_past_of_a_probe_that_was_not_made_is_no_reproach() -> None:
    release = Scenario(probed())
    for _ in range(20):
        at = release.state.at + 15
        known = {key: reading for key, reading in GOOD.items() if key != PROBE}
        release.take(step(release.state, Instant(at, keyed(known, release.plan))))
    release.feed(600)
    assert release.stands() is ReleaseState.FINISHED


def test_an_indicator_that_no_rule_judges_is_never_ok() -> None:
    shown_only = replace(signals()[2], rules=())
    release = Scenario(replace(plan(), signals=(*signals()[:2], shown_only, *signals()[3:]))).feed(900)
    assert release.stands() is ReleaseState.UNPROVEN
    assert "resources stable: no rule judges it" in what_is_missing(release.state)


def test_a_signal_that_no_rule_judges_is_unknown_while_it_is_blind() -> None:
    shown_only = replace(signals()[2], rules=())
    release = Scenario(replace(plan(), signals=(*signals()[:2], shown_only, *signals()[3:]))).feed(300)
    assert signal_mark(release.state.signals[shown_only.key]) is Mark.OK
    release.instant({shown_only.key: Reading.unknown(Kind.BLIND)})
    assert signal_mark(release.state.signals[shown_only.key]) is Mark.UNKNOWN


def test_a_burning_warning_extends_the_watch_as_well() -> None:
    release = Scenario().feed(870).feed(30, {PROBE: Reading.of(0.9)})
    assert not release.stands().ended
    assert release.feed(60).stands() is ReleaseState.FINISHED


def test_what_is_counted_during_the_rollout_is_no_claim() -> None:
    slow = replace(plan(), timing=replace(plan().timing, rollout=600.0))
    release = Scenario(slow).feed(600)
    key = release.plan.signals[0].key
    assert (release.state.signals[key].counts.claimed, release.state.rules[0].asked) == ((0.0, 0.0), 0)
    assert release.feed(120).state.signals[key].counts.claimed == pytest.approx((6000.0, 6.0))


def test_what_was_counted_while_nobody_could_see_the_rollout_is_no_claim() -> None:
    slow = replace(plan(), timing=replace(plan().timing, rollout=600.0))
    release = Scenario(slow).feed(60).feed(555, {ERRORS: Reading.unknown(Kind.STALE)})
    key = release.plan.signals[0].key
    counted = Reading(Kind.VALUE, 0.001, 3000.0, 3.0, (30_000.0, 30.0))
    assert release.instant({ERRORS: counted}).state.signals[key].counts.claimed == (0.0, 0.0)
    assert release.feed(60).state.signals[key].counts.claimed == pytest.approx((3000.0, 3.0))


def test_what_was_never_known_is_unknown_once_rules_judge() -> None:
    release = Scenario().feed(300, {ERRORS: Reading.unknown(Kind.NO_SERIES)})
    assert release.phase() is Phase.OK
    assert present(release.state, Context("ana")).indicators[0].mark is Mark.UNKNOWN


def gate_after(rollback: Rollback) -> Scenario:
    release = Scenario(plan(rollback=RollbackPlan(("true",), timeout=300.0)), advice_ends=True).feed(60)
    return release.take(rollback_started(release.state, rollback))


def test_a_gate_does_not_wait_for_a_person_after_a_failed_rollback() -> None:
    started = Rollback(1, "ana", ("true",), DEPLOYED_AT + 60)
    release = gate_after(started)
    release.take(rollback_ended(release.state, replace(started, ended_at=DEPLOYED_AT + 70, exit_code=1)))
    assert over(release.state)
    assert exit_code(release.state).value == 22


def test_a_gate_does_not_wait_for_ever_for_the_outcome_of_a_rollback() -> None:
    release = gate_after(Rollback(1, "ana", ("true",), DEPLOYED_AT + 60)).feed(300)
    assert not over(release.state)
    release.feed(90)
    assert over(release.state)
    assert exit_code(release.state).value == 22
    assert release.state.rollback is not None
    assert release.state.rollback.error == "nobody recorded what came of the rollback command"


def scarce(rate: float, per_minute: float = 20.0) -> dict[str, Reading]:
    return {ERRORS: errors(rate, count=per_minute)}


def test_a_breach_of_few_requests_is_thin_and_a_gate_waits_for_more() -> None:
    release = Scenario(advice_ends=True).feed(180, scarce(0.0)).feed(135, scarce(0.05))
    lead = release.state.rules[0]
    assert (lead.breached, lead.thin, release.stands()) == (True, True, ReleaseState.PROPOSED)
    assert not over(release.state)
    seen = present(release.state, Context("ana"))
    assert seen.advice.kind is AdviceKind.ROLL_BACK
    assert [words.doubt(doubt) for doubt in seen.doubts] == ["thin: 1 of 20 requests, which may be chance"]
    release.feed(600, scarce(0.5))
    assert over(release.state)
    assert (exit_code(release.state), release.state.rules[0].sure) == (23, True)
    assert release.age < 600


def test_what_may_be_chance_at_the_end_is_unproven_in_state_and_code() -> None:
    release = Scenario(advice_ends=True).feed(1860, scarce(0.0101))
    assert release.state.rules[0].thin
    assert (release.stands(), exit_code(release.state)) == (ReleaseState.UNPROVEN, 10)


def test_evidence_proposes_before_the_fuse_is_up_and_acts_only_where_the_rule_is_fast() -> None:
    usual = Scenario(advice_ends=True).feed(180).feed(90, BAD)
    assert (usual.phase(), usual.stands()) == (Phase.OVER_LIMIT, ReleaseState.PROPOSED)
    assert present(usual.state, Context("ana")).advice.kind is AdviceKind.ROLL_BACK
    assert len(usual.told(EventKind.SURE)) == 1
    assert acts_on(usual.state) is None
    assert not over(usual.state)
    errors_of = signals()[0]
    hasty = replace(errors_of, rules=(replace(errors_of.rules[0], fast=True),))
    fast = Scenario(plan(signals=(hasty, *signals()[1:])), advice_ends=True).feed(180).feed(90, BAD)
    assert over(fast.state)
    assert exit_code(fast.state) == 23
    assert "Decided at" in shown(fast)


def test_a_proposal_whose_fuse_goes_out_is_withdrawn() -> None:
    release = Scenario().feed(180).feed(90, BAD)
    assert release.stands() is ReleaseState.PROPOSED
    release.instant()
    assert (release.stands(), release.state.decided) == (ReleaseState.WATCHING, None)
    assert not release.state.rules[0].sure


def test_the_decision_is_kept_as_it_was_when_it_became_more_than_chance() -> None:
    release = Scenario().feed(180, scarce(0.0)).feed(135, scarce(0.05)).feed(300, scarce(0.5))
    decided = release.state.decided
    assert decided is not None
    assert decided.breached_at is not None
    assert decided.sure_at is not None
    assert decided.breached_at < decided.sure_at == decided.decided_at


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


def test_low_traffic_widens_the_look_back_until_one_failure_is_not_too_many() -> None:
    release = Scenario().feed(180, scarce(0.0, 30.0))
    key = release.plan.signals[0].key
    assert release.state.signals[key].look_back == LookBack(180.0, 90.0, 0.0)
    release.feed(120, scarce(0.1, 40.0))
    assert release.state.signals[key].look_back == LookBack(300.0, 170.0, 8.0)
    release.feed(300, scarce(0.0, 60.0))
    assert release.state.signals[key].look_back == LookBack(120.0, 120.0, 0.0)
    release.feed(60)
    assert release.state.signals[key].look_back == LookBack(60.0, 3000.0, 3.0)
    assert words.look_back(release.state.signals[key]) == ("", ""), "the window is wide enough"


def test_a_short_window_that_holds_enough_is_not_widened() -> None:
    short = replace(signals()[0], window=30.0)
    release = Scenario(plan(signals=(short, *signals()[1:]))).feed(180)
    wider = release.state.signals[short.key].look_back
    assert wider is not None
    assert wider.seconds == 30.0


def test_a_run_that_was_lost_to_the_unknown_counts_for_nothing_later() -> None:
    slow = {"latency/average": Reading.of(0.35, 3000.0)}
    lost = {"latency/average": Reading.unknown(Kind.STALE)}
    release = Scenario().feed(180).feed(105, slow).feed(150, lost)
    rule = release.state.rules[1]
    assert (rule.burnt, rule.outside, rule.last_outside) == (0.0, 0.0, None)


def test_a_ratio_over_a_range_of_its_own_is_counted_by_windows_and_has_no_evidence() -> None:
    fixed = replace(
        signals()[0],
        numerator="sum(increase(http_requests_total{status='500'}[1m]))",
        denominator="sum(increase(http_requests_total[1m]))",
    )
    release = Scenario(plan(signals=(fixed, *signals()[1:]))).feed(900)
    assert release.state.rules[0].evidence is None
    assert release.stands() is ReleaseState.FINISHED
    assert release.state.signals[fixed.key].counts.claimed[0] == pytest.approx(14 * 3000.0, rel=0.1)


def test_a_rollback_before_the_breach_is_proven_by_a_good_run_as_long_as_clearing() -> None:
    release = Scenario().feed(180).feed(90, BAD)
    assert release.stands() is ReleaseState.PROPOSED
    roll_back(release)
    leading = release.state.rollback.leading if release.state.rollback is not None else None
    assert leading is not None
    assert leading.burning
    release.feed(120)
    assert release.stands() is ReleaseState.VERIFYING
    release.feed(120)
    assert release.stands() is ReleaseState.ROLLED_BACK
    assert exit_code(release.state) == 20


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


def broken_before(key: str, readings: Mapping[str, Reading], rule: Rule) -> Scenario:
    """A release whose signal was over its limit when the deployment began."""
    release = Scenario(with_rule(key, rule))
    signal = next(s for s in release.state.signals.values() if s.signal.key == key)
    assert signal.baseline is not None
    was = replace(signal, baseline=replace(signal.baseline, broken=True))
    release.state = replace(release.state, signals={**release.state.signals, signal.signal.key: was})
    return release.feed(180).feed(150, readings)


@pytest.mark.parametrize(
    ("key", "readings", "rule"),
    [
        (ERRORS, BAD, above(0.01)),
        ("dependency/orders-db/connect", {"dependency/orders-db/connect": Reading.of(0.9)}, above(0.5)),
    ],
    ids=["its own errors", "a dependency that leads itself"],
)
def test_what_was_broken_before_the_deployment_is_not_acted_on(
    key: str, readings: Mapping[str, Reading], rule: Rule
) -> None:
    release = broken_before(key, readings, rule)
    assert proposals(release.state)[0].sure
    assert acts_on(release.state) is None
    doubt = withheld(release.state)
    assert doubt is not None
    assert doubt.kind is DoubtKind.BEFORE
    given = advice(release.state)
    assert (given.kind, given.doubt) == (AdviceKind.WAIT, doubt)
    lead, rest = words.advice(present(release.state, Context("ana")))
    assert lead == "Wait:"
    assert "was over its limit before the deployment" in rest


def test_a_signal_that_was_broken_before_masks_no_later_breach_of_another() -> None:
    second = replace(signals()[0], name="HTTP 4xx", rules=(above(0.01),))
    key = f"error-rate/{second.name}"
    release = Scenario(plan(signals=(*signals(), second)))
    first = release.state.signals[SignalKey(ERRORS)]
    assert first.baseline is not None
    was = replace(first, baseline=replace(first.baseline, broken=True))
    release.state = replace(release.state, signals={**release.state.signals, SignalKey(ERRORS): was})
    release.feed(180, {key: errors(0.001)}).feed(150, BAD | {key: errors(0.001)})
    assert advised_on(release.state) is None
    release.feed(150, BAD | {key: errors(0.05)})
    advised = acts_on(release.state)
    assert advised is not None
    assert advised.signal.name == "HTTP 4xx"
    assert (withheld(release.state), release.state.decided and release.state.decided.signal.name) == (
        None,
        "HTTP 4xx",
    )
    given = advice(release.state)
    assert (given.kind, given.rule) == (AdviceKind.ROLL_BACK, advised)
    lead, rest = words.advice(present(release.state, Context("ana")))
    assert lead == "Roll back:"
    assert rest.startswith("HTTP 4xx ")
    assert "also HTTP 5xx" in rest


@pytest.mark.parametrize(
    ("before", "after", "acts"),
    [(0.02, 0.08, True), (0.08, 0.08, False), (0.001, 0.08, True)],
    ids=["only the warning was exceeded", "both were", "none was"],
)
def test_a_warning_that_was_exceeded_before_withholds_no_stricter_rule(
    before: float, after: float, *, acts: bool
) -> None:
    warn, back = replace(above(0.01), then=Then.WARN), above(0.05)
    given = with_rule(ERRORS, warn, back)
    release = Scenario(given, before={ERRORS: errors(before)})
    release.feed(180, {ERRORS: errors(before)}).feed(180, {ERRORS: errors(after)})
    assert (acts_on(release.state) is not None) is acts
    assert exit_code(release.state).value == (23 if acts else 30)


def test_a_gate_does_not_end_on_what_is_not_this_release() -> None:
    release = broken_before(ERRORS, BAD, above(0.01))
    gate = replace(release.state, setup=replace(release.state.setup, advice_ends=True))
    assert not over(gate)
    release.state = gate
    release.feed(3600, BAD)
    assert release.stands() is ReleaseState.UNPROVEN
    assert exit_code(release.state).value == 10


@pytest.mark.parametrize(
    "change",
    [
        {"reduce": Reduce.WORST},
        {
            "numerator": "sum(increase(http_requests_total{status='500'}[1m]))",
            "denominator": "sum(increase(x[1m]))",
        },
    ],
    ids=["the worst of several", "a range of its own"],
)
def test_a_ratio_whose_events_cannot_be_counted_never_acts(change: dict[str, Any]) -> None:
    signal = replace(signals()[0], **change)
    release = Scenario(plan(signals=(signal, *signals()[1:]))).feed(180).feed(600, BAD)
    assert release.state.rules[0].thin
    assert acts_on(release.state) is None


def test_a_range_of_its_own_counts_each_request_once() -> None:
    five = replace(signals()[0], numerator="sum(increase(a[5m]))", denominator="sum(increase(b[5m]))")
    # 300 requests lie in each range of five minutes, and as many in the newest one.
    reading = {ERRORS: Reading(Kind.ZERO, 0.0, 300.0, 0.0)}
    release = Scenario(plan(signals=(five, *signals()[1:]))).feed(900, reading)
    assert release.state.signals[five.key].counts.claimed == (900.0, 0.0)
