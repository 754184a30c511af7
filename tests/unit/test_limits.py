"""Where a rule begins to be exceeded, and where it clears."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from aftergreen.model import Rule
from aftergreen.verdict.limits import clear_of, exceeds, limit_of, why_no_limit
from aftergreen.verdict.state import Baseline
from tests.scenario import above, above_baseline, below, below_baseline


def fit(median: float) -> Baseline:
    return Baseline(median, 0.0, 121, 121)


UNFIT = replace(fit(0.2), unfit="only 3 of 121 samples are there")


@pytest.mark.parametrize(
    ("rule", "baseline", "limit"),
    [
        (above(0.01), None, 0.01),
        (above(0.01), fit(0.2), 0.01),
        (below(5.0), None, 5.0),
        (above_baseline(0.5), fit(0.2), 0.3),
        (above_baseline(0.5, floor=0.15), fit(0.2), 0.35),
        (above_baseline(0.5, floor=0.05), fit(0.2), 0.3),
        (below_baseline(0.3), fit(300.0), 210.0),
        (below_baseline(0.3, floor=120.0), fit(300.0), 180.0),
        # On a zero baseline the floor alone judges upwards, and nothing can judge downwards.
        (above_baseline(0.5, floor=0.02), fit(0.0), 0.02),
        (below_baseline(0.3, floor=1.0), fit(0.0), None),
        # A change is a share of the size: below zero too, worse is still upwards.
        (above_baseline(0.5), fit(-0.2), -0.1),
        (below_baseline(0.5), fit(-0.2), -0.3),
        (above_baseline(0.5), None, None),
        (above_baseline(0.5), UNFIT, None),
        (below_baseline(0.5), UNFIT, None),
    ],
)
def test_effective_limits(rule: Rule, baseline: Baseline | None, limit: float | None) -> None:
    assert limit_of(rule, baseline) == (None if limit is None else pytest.approx(limit))


@pytest.mark.parametrize(
    ("rule", "baseline", "clear"),
    [
        (above(0.01, clear=0.004), fit(0.001), 0.004),
        (above(0.01), None, 0.008),
        (above(0.01), fit(0.0), 0.008),
        (above(0.01), fit(0.005), 0.009),
        # A baseline beyond the limit is no place to clear at.
        (above(0.01), fit(0.5), 0.008),
        (above(0.01), UNFIT, 0.008),
        (below(5.0), None, 6.25),
        (below(5.0), fit(10.0), 6.0),
        (below_baseline(0.3), fit(300.0), 228.0),
        (above_baseline(0.5), fit(0.2), 0.28),
        (above_baseline(0.5), None, None),
        # Never on the bad side of the limit, whatever was written.
        (replace(above_baseline(0.5), clear=0.5), fit(0.2), 0.3),
        (replace(below_baseline(0.3), clear=100.0), fit(300.0), 210.0),
        (above(-5.0), None, -6.0),
        (below(-5.0), None, -3.75),
    ],
)
def test_a_rule_clears_past_its_limit(rule: Rule, baseline: Baseline | None, clear: float | None) -> None:
    found = clear_of(rule, limit_of(rule, baseline), baseline)
    assert found == (None if clear is None else pytest.approx(clear))


@pytest.mark.parametrize(
    ("rule", "value", "exceeded"),
    [
        (above(1.0), 1.0, False),
        (above(1.0), 1.0000001, True),
        (above(1.0), math.inf, True),
        (below(1.0), 1.0, False),
        (below(1.0), 0.9999999, True),
        (below(1.0), math.inf, False),
    ],
)
def test_the_limit_itself_is_still_good(rule: Rule, value: float, *, exceeded: bool) -> None:
    assert exceeds(rule, 1.0, value) is exceeded


@pytest.mark.parametrize(
    ("baseline", "why"),
    [
        (None, "there is no baseline to compare with"),
        (UNFIT, "the baseline is not fit: only 3 of 121 samples are there"),
        (fit(0.0), "the baseline is zero, so below_baseline says nothing"),
        (fit(0.9), "the baseline is too low for such a fall: lower by_at_least, or use silent_for"),
    ],
)
def test_why_a_relative_rule_cannot_judge(baseline: Baseline | None, why: str) -> None:
    assert why_no_limit(below_baseline(0.3), baseline) == why


@pytest.mark.parametrize(("median", "limit"), [(0.9, None), (1.0, None), (1.1, 0.1), (100.0, 70.0)])
def test_a_fall_below_nothing_is_no_limit(median: float, limit: float | None) -> None:
    found = limit_of(below_baseline(0.3, floor=1.0), fit(median))
    assert found == (None if limit is None else pytest.approx(limit))
