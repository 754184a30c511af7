"""The verdict on whole releases: what a person on watch is told, and when."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aftergreen import words
from aftergreen.model import (
    Automatic,
    Indicator,
    Instant,
    Kind,
    Plan,
    Reading,
    Service,
    Then,
    Timing,
)
from aftergreen.verdict.automatic import acting_on, counted_down, dry_run, held, released
from aftergreen.verdict.begin import begin
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.present import present
from aftergreen.verdict.snapshot import Context, Mark
from aftergreen.verdict.state import Countdown, Event, EventKind, Hold, Override, Phase, ReleaseState
from aftergreen.verdict.step import abandon, conclude, step
from aftergreen.verdict.walk import signal_mark
from aftergreen.watch.overrides import after, parse_change
from aftergreen.words.cards import asked
from tests.automatic import automatic
from tests.scenario import (
    DEPLOYED_AT,
    GOOD,
    Scenario,
    errors,
    keyed,
    only,
    plan,
    signals,
    what_is_missing,
)
from tests.told import rolled_back
from tests.troubles import BAD, DATABASE, ERRORS, roll_back, shown


def test_a_healthy_release_finishes_when_its_time_is_over() -> None:
    release = Scenario().feed(885)
    assert release.stands() is ReleaseState.WATCHING
    release.feed(15)
    assert release.stands() is ReleaseState.FINISHED
    assert exit_code(release.state) == 0
    assert shown(release).startswith("Production runs v2.4.1")


@pytest.mark.parametrize("kind", [k for k in Kind if k not in (Kind.VALUE, Kind.ZERO, Kind.DOWN)])
def test_unknown_never_finishes_and_never_advises(kind: Kind) -> None:
    release = Scenario().feed(60).feed(1900, {ERRORS: Reading.unknown(kind)})
    assert release.stands() is ReleaseState.UNPROVEN
    assert exit_code(release.state) == 10
    assert not release.told(EventKind.BREACHED)


def test_what_is_absent_is_named_on_the_finish_card_and_is_not_blindness() -> None:
    absent = Reading.unknown(Kind.ABSENT, "no series of http_request_total")
    release = Scenario().feed(60).feed(840, {ERRORS: absent})
    assert release.stands() is ReleaseState.UNPROVEN
    assert what_is_missing(release.state)[0] == (
        "error rate in range: HTTP 5xx: absent (no series of http_request_total)"
    )
    everything = dict.fromkeys(GOOD, absent)
    assert Scenario().feed(60).feed(60, everything).stands() is ReleaseState.INCOMPLETE


def test_the_walk_reports_in_its_order_whatever_broke_first() -> None:
    full = {"saturation/db connections": Reading.of(95.0)}
    release = Scenario().feed(120).feed(60, full).feed(180, full | BAD)
    snapshot = present(release.state, Context("ana"))
    assert snapshot.leading is not None
    assert snapshot.leading.signal.indicator is Indicator.ERROR_RATE
    assert [view.mark for view in snapshot.indicators] == [Mark.BAD, Mark.OK, Mark.BAD, Mark.OK, Mark.OK]


def test_a_breached_warning_never_leads_and_keeps_the_release_unproven() -> None:
    release = Scenario().feed(120).feed(780, {DATABASE: Reading.of(0.9)})
    assert release.stands() is ReleaseState.UNPROVEN
    assert exit_code(release.state) == 10
    assert "dependencies responding" in " ".join(what_is_missing(release.state))


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


def held_and_run_dry() -> list[Event]:
    """A countdown that is held, one that stops, and one that ends in nothing, for it was a dry run."""
    release = Scenario(automatic(Automatic.DRY_RUN)).feed(180).feed(135, BAD)

    def count_down() -> None:
        at = release.state.at + 2.0
        release.take(counted_down(release.state, Countdown(at, at + 10.0, acting_on(release.state))))

    count_down()
    release.take(held(release.state, Hold("ana", release.state.at + 3.0)))
    release.take(released(release.state, release.state.at + 4.0, "ben"))
    count_down()
    release.blind(15).feed(30, BAD)
    count_down()
    release.take(dry_run(release.state, release.state.at + 12.0))
    return release.events


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
        *rolled_back(exit_code=None, unknown=True, error="who looked after it is gone").events,
        *rolled_back(said="every pod runs v2.4.0", said_by="eve").events,
        *Scenario().feed(90).blind(30).feed(60, quiet).feed(60, unknown).feed(60).events,
        *Scenario().feed(90).feed(30, BAD).feed(30).feed(90, BAD).feed(30).events,
        *Scenario().feed(180).feed(135, BAD).feed(300).events,
        *Scenario().feed(885).feed(60, BAD).feed(900).events,
        *held_and_run_dry(),
        changed_rule,
        Event(1.0, EventKind.NOTE, text="looks fine", by="ana"),
    ]


def test_every_event_has_words() -> None:
    told = eventful()
    assert {event.kind for event in told} == set(EventKind)
    for event in told:
        assert words.event(event)
        assert "None" not in words.event(event)


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


def test_what_was_never_known_is_unknown_once_rules_judge() -> None:
    release = Scenario().feed(300, {ERRORS: Reading.unknown(Kind.NO_SERIES)})
    assert release.phase() is Phase.OK
    assert present(release.state, Context("ana")).indicators[0].mark is Mark.UNKNOWN


@pytest.mark.parametrize("blind", [0.0, 30.0, 60.0, 120.0])
def test_the_warm_up_is_over_once_however_much_of_it_was_seen(blind: float) -> None:
    release = Scenario().blind(blind).feed(300.0 - blind)
    (judging,) = release.told(EventKind.JUDGING)
    assert judging.at == release.setup.release.deployed_at + 60.0
