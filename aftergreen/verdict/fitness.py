"""When the past is not fit to compare with, and why."""

from __future__ import annotations

from collections.abc import Sequence

from aftergreen.model import Instant, Reading, Rule, Signal, View
from aftergreen.verdict.claims import TRIALS_PER_LIMIT, claimed_rate
from aftergreen.verdict.fuse import advance
from aftergreen.verdict.limits import exceeds, limit_of
from aftergreen.verdict.ranges import Range
from aftergreen.verdict.state import Baseline, Look, RuleState

SAMPLES_THERE = 0.9
"""The share of the expected samples without which a baseline is not fit."""

SAMPLES_ENOUGH = 12
"""The number of raw samples without which their spread means nothing."""

OBSERVATIONS_ENOUGH = 20
"""The number of observations behind all samples of a baseline, where they are counted."""


def why_unfit(
    signal: Signal, range_: Range, inside: Sequence[Instant], summary: Baseline, interval: float
) -> str:
    """Why relative rules may not compare with this baseline; empty where it is fit.

    Of the rules, those that compare a value must not have been breached in it.

    Args:
        signal: whose baseline it is.
        range_: the range that it was taken from.
        inside: the instants of the range, ascending, as they were read.
        summary: the median and spread of their values.
        interval: the step of the grid in seconds.
    """
    if summary.samples < SAMPLES_THERE * summary.expected:
        return f"only {summary.samples} of {summary.expected} samples are there"
    change = range_.polluted(signal)
    if change:
        return f"{change} lies in it"
    readings = [instant.readings[signal.key] for instant in inside if signal.key in instant.readings]
    return _too_few(signal, readings, summary, interval) or _breached(signal, inside, summary, interval)


def _too_few(signal: Signal, readings: Sequence[Reading], summary: Baseline, interval: float) -> str:
    # Windows wider than the interval overlap and count each request several times.
    counted = sum(r.count or 0.0 for r in readings if r.compared) * min(1.0, interval / signal.window)
    if signal.events:
        claimed = [claimed_rate(signal, rule, limit_of(rule, summary)) for rule in signal.rules]
        lowest = min((rate for rate in claimed if rate is not None), default=None)
        return "" if lowest is None else _short(counted, TRIALS_PER_LIMIT / lowest, "requests")
    observed = "" if signal.count is None else _short(counted, OBSERVATIONS_ENOUGH, "observations")
    return _short(summary.distinct, SAMPLES_ENOUGH, "samples") or observed


def _short(had: float, needed: float, what: str) -> str:
    return f"{had:,.0f} {what} are too few to compare with, it takes {needed:,.0f}" if had < needed else ""


def _breached(signal: Signal, inside: Sequence[Instant], summary: Baseline, interval: float) -> str:
    for rule in signal.rules:
        limit = limit_of(rule, summary) if rule.condition.compares else None
        if limit is None:
            continue
        # A fixed limit is about what was measured then, whatever it is scaled by now.
        factor = summary.factor if rule.condition.relative else 1.0
        if _fires(RuleState(signal, rule, limit, None), inside, summary, interval, factor):
            return "its rule was breached in it"
        if _exceeded_by_most(rule, limit, summary, factor):
            return "its rule was exceeded in most of it"
    return ""


def _fires(
    rule: RuleState, inside: Sequence[Instant], summary: Baseline, interval: float, factor: float
) -> bool:
    """Whether the fuse of the rule would have fired on these samples."""
    key, limit = rule.signal.key, rule.limit
    values = [i.readings[key].value for i in inside if key in i.readings and i.readings[key].compared]
    if limit is None or not any(v is not None and exceeds(rule.rule, limit, v * factor) for v in values):
        # Nearly every rule in nearly every baseline; a long range takes a while to walk.
        return False
    for instant in inside:
        reading = instant.readings.get(key)
        if reading is None:
            continue
        if reading.value is not None and factor != 1.0:
            reading = Reading(reading.kind, reading.value * factor, reading.count, reading.failures)
        look = Look(
            at=instant.at,
            reading=reading,
            judging=True,
            blind=False,
            interval=interval,
            view=View(None, None),
            baseline=summary,
        )
        rule, _ = advance(rule, look)
        if rule.breached:
            return True
    return False


def _exceeded_by_most(rule: Rule, limit: float, summary: Baseline, factor: float) -> bool:
    """Whether a fuse longer than the range burnt through most of it."""
    return exceeds(rule, limit, summary.median * factor / summary.factor)
