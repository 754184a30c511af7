"""When rolling back is proposed, what is said against it, and on what may be acted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from aftergreen import words
from aftergreen.model import (
    Reading,
    Reduce,
    Rule,
    SignalKey,
    Then,
)
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.present import present
from aftergreen.verdict.proposals import acts_on, advised_on, proposals, withheld
from aftergreen.verdict.snapshot import AdviceKind, Context
from aftergreen.verdict.state import DoubtKind, EventKind, Phase, ReleaseState
from aftergreen.verdict.step import over
from aftergreen.verdict.walk import advice
from tests.scenario import (
    Scenario,
    above,
    errors,
    plan,
    signals,
    with_rule,
)
from tests.troubles import BAD, DATABASE, ERRORS, scarce, shown


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


def test_a_gate_ends_at_the_first_rollback_advice() -> None:
    release = Scenario(advice_ends=True).feed(180).feed(135, BAD)
    at = release.state.at
    release.feed(60)
    assert release.state.at == at, "an ended release takes no more instants"
    assert exit_code(release.state) == 23
    assert "rollback advised" in shown(release)


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
    """The case thin-23."""
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
    """The case masked-breach."""
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
    """The case warn-withholds."""
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
