"""On what a release is rolled back without a person, and what keeps it from that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from aftergreen import words
from aftergreen.model import Automatic, BaselineSource, Kind, Plan, Reading
from aftergreen.verdict.automatic import acting_on, counted_down, is_current, withheld_by
from aftergreen.verdict.begin import begin
from aftergreen.verdict.present import present
from aftergreen.verdict.snapshot import Context
from aftergreen.verdict.state import Countdown, DoubtKind, Phase
from aftergreen.words.banner import banner_of
from tests.automatic import automatic
from tests.scenario import GOOD, Scenario, above_baseline, silent, with_rule
from tests.troubles import BAD, scarce

DATABASE = "dependency/orders-db/connect"
SLOW = {"latency/average": Reading.of(0.4, 3000.0)}


def breached(given: Plan | None = None, extra: Mapping[str, Reading] | None = None) -> Scenario:
    return Scenario(given or automatic()).feed(180).feed(150, BAD | dict(extra or {}))


def test_a_rule_acts_from_its_breach_on_and_not_before() -> None:
    release = Scenario(automatic()).feed(180).feed(120, BAD)
    assert release.phase() is Phase.OVER_LIMIT
    assert release.state.rules[0].sure
    assert acting_on(release.state) is None
    release.feed(30, BAD)
    assert acting_on(release.state) == release.state.rules[0]


def test_a_fast_rule_acts_as_soon_as_it_is_more_than_chance() -> None:
    usual = automatic()
    (rule, *_), errors_ = usual.signals[0].rules, usual.signals[0]
    hasty = replace(errors_, rules=(replace(rule, fast=True),))
    release = Scenario(replace(usual, signals=(hasty, *usual.signals[1:]))).feed(180).feed(90, BAD)
    assert release.phase() is Phase.OVER_LIMIT
    assert acting_on(release.state) == release.state.rules[0]


def test_what_clears_is_not_acted_on_although_its_breach_stands() -> None:
    release = breached().feed(15)
    assert release.phase() is Phase.CLEARING
    assert acting_on(release.state) is None


def test_what_may_be_chance_waits_for_a_person() -> None:
    release = Scenario(automatic()).feed(180, scarce(0.0)).feed(135, scarce(0.05))
    assert release.state.rules[0].thin
    assert acting_on(release.state) is None
    kept = withheld_by(release.state)
    assert kept is not None
    assert kept.kind is DoubtKind.THIN


@pytest.mark.parametrize("kind", [Kind.BLIND, Kind.PARTIAL, Kind.STALE, Kind.AMBIGUOUS])
def test_where_a_dependency_is_not_seen_a_person_decides(kind: Kind) -> None:
    release = breached(extra={DATABASE: Reading.unknown(kind, "the newest sample is too old")})
    assert acting_on(release.state) is None
    kept = withheld_by(release.state)
    assert kept is not None
    assert (
        words.doubt(kept) == f"orders-db connect is not seen ({kind.value}), and orders-db may be what broke"
    )
    snapshot = present(release.state, Context("ana"))
    lead, rest = words.advice(snapshot)
    assert lead == "Roll back:"
    assert rest.endswith(f"Not without a person: {words.doubt(kept)}.")
    release.feed(15, BAD)
    assert acting_on(release.state) is not None, "it is seen again"


def test_a_dependency_that_nobody_asks_anything_of_is_seen() -> None:
    release = breached(extra={DATABASE: Reading.unknown(Kind.NO_TRAFFIC)})
    assert acting_on(release.state) is not None


def test_a_silence_may_have_taken_the_view_of_the_dependencies_with_it() -> None:
    silence = with_rule("error-rate/HTTP 5xx", silent(180.0))
    assert silence.rollback is not None
    given = replace(silence, rollback=replace(silence.rollback, automatic=Automatic.ON))
    quiet = dict.fromkeys(GOOD, Reading.unknown(Kind.NO_SERIES)) | {
        DATABASE: Reading.unknown(Kind.STALE, "the newest sample is too old")
    }
    release = Scenario(given).feed(180).feed(300, quiet, fresh=True)
    assert acting_on(release.state) is not None


def test_where_the_previous_version_is_not_seen_beside_it_a_person_decides() -> None:
    usual = automatic()
    compared = replace(
        usual.signals[0], baseline=BaselineSource.CONTROL, denominator='requests{version="$version"}'
    )
    given = replace(usual, signals=(compared, *usual.signals[1:]))
    release = Scenario(given)
    release.control = {}
    release.feed(180).feed(150, BAD)
    kept = withheld_by(release.state)
    assert kept is not None
    assert kept.kind is DoubtKind.UNSEEN
    assert words.doubt(kept).startswith("the previous version is not seen beside it")


def test_a_relative_rule_without_a_fit_baseline_never_acts() -> None:
    usual = with_rule("latency/average", above_baseline(0.5, lasting=60.0))
    assert usual.rollback is not None
    given = replace(usual, rollback=replace(usual.rollback, automatic=Automatic.ON))
    release = Scenario(given)
    unfit = {k: replace(b, unfit="too few") for k, b in release.setup.baselines.items()}
    release.state, _ = begin(replace(release.setup, baselines=unfit))
    release.feed(180).feed(300, SLOW)
    assert acting_on(release.state) is None


@pytest.mark.parametrize("how", [Automatic.OFF, Automatic.ON])
def test_the_walk_of_the_release_does_not_depend_on_it(how: Automatic) -> None:
    """What is advised is the same, whoever acts on it."""
    release = breached(automatic(how))
    assert present(release.state, Context("ana")).advice.rule == release.state.rules[0]


def test_a_countdown_is_for_its_rule_and_another_one_has_a_grace_of_its_own() -> None:
    full = {"saturation/db connections": Reading.of(95.0)}
    release = Scenario(automatic()).feed(180).feed(150, BAD | full)
    announced = acting_on(release.state)
    assert announced is not None
    at = release.state.at + 2.0
    release.take(counted_down(release.state, Countdown(at, at + 60.0, announced)))
    release.feed(15, BAD | full)
    assert release.state.countdown is not None
    release.feed(15, full)
    assert release.state.countdown is None
    other = acting_on(release.state)
    assert other is not None
    assert other.signal.label == "db connections"
    (near,) = release.state.near_misses
    assert near.rule == announced


def test_a_countdown_is_announced_once_at_a_time() -> None:
    release = breached()
    first = Countdown(release.state.at + 2.0, release.state.at + 12.0, acting_on(release.state))
    state, told = counted_down(release.state, first)
    assert len(told) == 1
    again, more = counted_down(state, replace(first, at=first.at + 1.0, due=first.due + 1.0))
    assert (again, more) == (state, ())
    late, _ = counted_down(state, replace(first, at=first.due + 2.0, due=first.due + 12.0))
    assert late.countdown is not None
    assert late.countdown.at == first.due + 2.0


def test_what_was_judged_long_ago_is_not_acted_on_and_that_is_said() -> None:
    release = breached()
    lag = release.plan.backend.lag
    assert is_current(release.state, release.state.at + lag + 44.0)
    late = release.state.at + lag + 45.0
    assert not is_current(release.state, late)
    banner = banner_of(present(release.state, Context("ana")), late)
    assert banner.doubt == "not without a person: what was judged here is 47s old"


def test_where_the_command_cannot_be_started_that_is_said() -> None:
    release = Scenario(automatic())
    release.state = replace(
        release.state, setup=replace(release.setup, unstartable="the rollback program is not there")
    )
    release.feed(180).feed(150, BAD)
    assert acting_on(release.state) is None
    banner = banner_of(present(release.state, Context("ana")), release.state.at)
    assert banner.doubt == "nothing can be rolled back: the rollback program is not there"
