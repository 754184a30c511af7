"""What was counted since the deployment: evidence, claims, and how far one looks back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aftergreen import words
from aftergreen.model import (
    Kind,
    Reading,
)
from aftergreen.verdict.evidence import no_evidence, weigh
from aftergreen.verdict.state import LookBack, ReleaseState
from tests.scenario import (
    Scenario,
    below,
    errors,
    plan,
    signals,
    what_is_missing,
)
from tests.troubles import ERRORS, scarce


def test_too_few_requests_prove_no_error_rate() -> None:
    few = {ERRORS: errors(0.0, count=15.0)}
    release = Scenario().feed(900, few)
    assert release.stands() is ReleaseState.UNPROVEN
    assert what_is_missing(release.state) == (
        "HTTP 5xx: 225 clean requests, a claim of at most 1 % takes 300",
    )


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


def test_a_range_of_its_own_counts_each_request_once() -> None:
    five = replace(signals()[0], numerator="sum(increase(a[5m]))", denominator="sum(increase(b[5m]))")
    # 300 requests lie in each range of five minutes, and as many in the newest one.
    reading = {ERRORS: Reading(Kind.ZERO, 0.0, 300.0, 0.0)}
    release = Scenario(plan(signals=(five, *signals()[1:]))).feed(900, reading)
    assert release.state.signals[five.key].counts.claimed == (900.0, 0.0)
