"""Effective limits: where a rule begins to be exceeded, and where it clears."""

from __future__ import annotations

from aftergreen.model import Condition, Rule
from aftergreen.verdict.state import Baseline

TOWARDS_BASELINE = 0.2
"""By default a rule clears when the value is a fifth of the way from the limit to the baseline median."""

WITHOUT_BASELINE_ABOVE = 0.8
WITHOUT_BASELINE_BELOW = 1.25


def limit_of(rule: Rule, baseline: Baseline | None) -> float | None:
    """The value that the rule compares with, in the signal's unit.

    A relative rule asks for the change *and* for the floor ``by_at_least``. On a zero baseline
    ``above_baseline`` is judged by the floor alone and ``below_baseline`` cannot be judged. What runs out has
    its capacity. None where a relative rule has no fit baseline, and where no value is compared.
    """
    if not rule.condition.compares:
        return rule.capacity
    if not rule.condition.relative:
        return rule.limit
    if baseline is None or not baseline.fit:
        return None
    change = max(abs(baseline.median) * rule.limit, rule.by_at_least)
    if rule.condition is Condition.ABOVE_BASELINE:
        return baseline.median + change
    return None if baseline.median == 0 else baseline.median - change


def clear_of(rule: Rule, limit: float | None, baseline: Baseline | None) -> float | None:
    """The value that a breached rule must get back past in order to clear."""
    if rule.clear is not None or limit is None or not rule.condition.compares:
        return rule.clear
    if baseline is not None and baseline.fit and not exceeds(rule, limit, baseline.median):
        return limit + TOWARDS_BASELINE * (baseline.median - limit)
    return limit * (WITHOUT_BASELINE_ABOVE if rule.condition.upward else WITHOUT_BASELINE_BELOW)


def exceeds(rule: Rule, limit: float, value: float) -> bool:
    """Whether the value is on the bad side of the limit; the limit itself is still good."""
    return value > limit if rule.condition.upward else value < limit


def why_no_limit(rule: Rule, baseline: Baseline | None) -> str:
    """Why a relative rule cannot judge."""
    if baseline is None:
        return "there is no baseline to compare with"
    if baseline.unfit:
        return f"the baseline is not fit: {baseline.unfit}"
    return f"the baseline is zero, so {rule.condition.value} says nothing"
