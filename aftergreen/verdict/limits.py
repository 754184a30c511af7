"""Effective limits: where a rule begins to be exceeded, and where it clears."""

from __future__ import annotations

from aftergreen.model import Condition, Rule, Signal
from aftergreen.verdict.state import Baseline

NEVER_NEGATIVE = frozenset({"%", "s", "ms", "bytes", "/s", "/min"})
"""Units of what is counted or measured, and never below zero."""

TOWARDS_BASELINE = 0.2
"""By default a rule clears when the value is a fifth of the way from the limit to the baseline median."""

WITHOUT_BASELINE_ABOVE = 0.2
WITHOUT_BASELINE_BELOW = 0.25
"""Without one it clears so much of the limit on the good side of it."""


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
    # What is counted or measured falls to nothing at most: a limit below that could never be exceeded.
    falls = baseline.median - change
    return None if baseline.median == 0 or falls <= 0 < baseline.median else falls


def clear_of(rule: Rule, limit: float | None, baseline: Baseline | None) -> float | None:
    """The value that a breached rule must get back past to clear; never on the bad side of the limit."""
    if limit is None or not rule.condition.compares:
        return rule.clear
    if rule.clear is not None:
        return limit if exceeds(rule, limit, rule.clear) else rule.clear
    if baseline is not None and baseline.fit and not exceeds(rule, limit, baseline.median):
        return limit + TOWARDS_BASELINE * (baseline.median - limit)
    return (
        limit - abs(limit) * WITHOUT_BASELINE_ABOVE
        if rule.condition.upward
        else limit + abs(limit) * WITHOUT_BASELINE_BELOW
    )


def exceeds(rule: Rule, limit: float, value: float) -> bool:
    """Whether the value is on the bad side of the limit; the limit itself is still good."""
    return value > limit if rule.condition.upward else value < limit


def why_no_limit(rule: Rule, baseline: Baseline | None) -> str:
    """Why a relative rule cannot judge."""
    if baseline is None:
        return "there is no baseline to compare with"
    if baseline.unfit:
        return f"the baseline is not fit: {baseline.unfit}"
    if baseline.median == 0:
        return f"the baseline is zero, so {rule.condition.value} says nothing"
    return "the baseline is too low for such a fall: lower by_at_least, or use silent_for"


def insane(condition: Condition, signal: Signal, limit: float) -> str | None:
    """What is expected instead of a limit that is always, or never, exceeded; None where nothing is."""
    if condition.relative:
        if limit <= 0:
            return "a change of more than 0%"
        fallen = condition is Condition.BELOW_BASELINE and limit >= 1
        return "a fall of less than 100%" if fallen else None
    if signal.events and condition is Condition.ABOVE and not 0 < limit < 1:
        return "a share of more than 0% and less than 100%"
    if signal.events and condition is Condition.BELOW and not 0 < limit <= 1:
        return "a share of more than 0% and at most 100%"
    if signal.unit not in NEVER_NEGATIVE:
        return None
    if condition is Condition.ABOVE and limit < 0:
        return "a limit that is not negative"
    if limit <= 0 and (condition is Condition.BELOW or signal.probe is not None):
        return "a limit of more than 0"
    return None
