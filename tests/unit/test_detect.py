"""What so much traffic lets one notice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aftergreen import words
from aftergreen.units import format_value
from aftergreen.verdict.detect import noticeable, traffic_of
from tests.scenario import DEPLOYED_AT, Scenario, above_baseline, below, errors, plan

PLAN = plan()
ERRORS = PLAN.signals[0]


@pytest.mark.parametrize(
    ("per_minute", "text"),
    [
        (5, "50 % within 3m, 10 % within 14m15s, 5 % not before the end"),
        (20, "20 % within 3m, 5 % within 12m45s, 3 % not before the end"),
        (60, "10 % within 3m, 3 % within 13m, 2 % not before the end"),
        (3000, "2 % within 3m"),
        (0.5, "50 % within 12m15s, 20 % not before the end"),
        (0, ""),
    ],
)
def test_the_less_traffic_the_later_and_the_less_is_noticed(per_minute: float, text: str) -> None:
    told = words.noticeable(PLAN, ERRORS, per_minute / 60)
    noticing = f"at {format_value(per_minute, '')} requests/min it would typically notice "
    assert told == (f"{noticing}{text}" if text else "")


def test_a_worse_rate_is_never_noticed_later() -> None:
    for per_minute in (3, 7, 30, 100, 1000):
        ages = [n.after if n.after is not None else 1e9 for n in noticeable(PLAN, ERRORS, per_minute / 60)]
        assert ages == sorted(ages)


def test_fast_notices_before_the_fuse_is_up() -> None:
    usual = noticeable(PLAN, ERRORS, 5.0)[0].after
    hasty = replace(ERRORS, rules=(replace(ERRORS.rules[0], fast=True),))
    fast = noticeable(PLAN, hasty, 5.0)[0].after
    assert (usual, fast) == (180.0, 60.0)


def test_under_a_lower_limit_it_is_the_missing_share_that_is_noticed() -> None:
    served = replace(ERRORS, rules=(below(0.99),))
    told = words.noticeable(PLAN, served, 1.0)
    assert told.endswith(
        "a fall to 90 % within 3m, a fall to 97 % within 13m, a fall to 98 % not before the end"
    )


def test_without_evidence_nothing_is_said() -> None:
    relative = replace(ERRORS, rules=(above_baseline(0.5),))
    for signal in (*PLAN.signals[1:], relative):
        assert noticeable(PLAN, signal, 5.0) == ()


def test_traffic_is_counted_since_the_deployment() -> None:
    release = Scenario().feed(30, {ERRORS.key: errors(0.0, count=30.0)})
    assert traffic_of(release.state.signals[ERRORS.key], DEPLOYED_AT) == pytest.approx(1.0)
    release.feed(30, {ERRORS.key: errors(0.0, count=60.0)})
    assert traffic_of(release.state.signals[ERRORS.key], DEPLOYED_AT) == pytest.approx((15 + 30) / 60)
