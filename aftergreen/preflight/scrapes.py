"""What the scrape interval that was found lets a signal and its rules do."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from aftergreen.model import Condition, Plan, Rule, Signal, SignalKey
from aftergreen.units import format_duration
from aftergreen.verdict.conditions import look_back_of
from aftergreen.verdict.state import Baseline

SCRAPES_NEEDED = 2
SCRAPES_WANTED = 4
"""`increase()` needs two samples in its window; under four it often has no more than that."""

ESTIMATED = 0.9
"""The share of a number of scrapes that is enough: the interval is an estimate."""


def too_coarse(plan: Plan, intervals: Mapping[SignalKey, float | None]) -> Iterator[str]:
    """Windows that see nothing most of the time."""
    for signal, text, scrapes in _windows(plan, intervals):
        if scrapes < SCRAPES_NEEDED * ESTIMATED:
            cure = f"set window to at least {_long_enough(signal, scrapes)}"
            yield f"{text} sees nothing most of the time: {cure}"


def coarse(
    plan: Plan, intervals: Mapping[SignalKey, float | None], baselines: Mapping[SignalKey, Baseline]
) -> Iterator[str]:
    """What works badly, or never, with samples so far apart; each with its cure."""
    for signal, text, scrapes in _windows(plan, intervals):
        if SCRAPES_NEEDED * ESTIMATED <= scrapes < SCRAPES_WANTED * ESTIMATED:
            yield f"{text} is short: {_long_enough(signal, scrapes)} would be steadier"
    for signal in plan.signals:
        for rule in signal.rules:
            problem = _never_judged(plan, signal, rule, intervals.get(signal.key)) or _never_silent(
                plan, rule, baselines.get(signal.key)
            )
            if problem:
                yield f"{signal.label}: {problem}"


def _windows(plan: Plan, intervals: Mapping[SignalKey, float | None]) -> Iterator[tuple[Signal, str, float]]:
    """Signals with a window, how a sentence about it begins, and how many scrapes it holds."""
    for signal in plan.signals:
        scrape = intervals.get(signal.key)
        if scrape is not None and signal.windowed:
            window = format_duration(signal.window)
            yield (
                signal,
                f"{signal.label}: a window of {window} over {_every(scrape)}",
                signal.window / scrape,
            )


def _long_enough(signal: Signal, scrapes: float) -> str:
    return format_duration(signal.window / scrapes * SCRAPES_WANTED)


def _every(scrape: float) -> str:
    return f"samples that come every {format_duration(round(scrape, 1))}"


def _never_judged(plan: Plan, signal: Signal, rule: Rule, scrape: float | None) -> str:
    timing = plan.timing
    if not rule.condition.trend or scrape is None or scrape <= timing.interval:
        return ""
    needed, there = _course(signal, rule, scrape), timing.duration - timing.warmup
    # What is too long on any grid is told by the configuration.
    if needed <= there or _course(signal, rule, timing.interval) > there:
        return ""
    text = f"{rule.condition.value} takes {format_duration(needed)} of {_every(scrape)}"
    return f"{text}, longer than the watch lasts after its warm-up: scrape it more often, or watch longer"


def _course(signal: Signal, rule: Rule, apart: float) -> float:
    """Seconds after which the course of a signal can be told from samples so far apart."""
    return look_back_of(rule, apart, signal.window if signal.windowed else 0.0) + rule.sustained


def _never_silent(plan: Plan, rule: Rule, baseline: Baseline | None) -> str:
    """A silence that chance alone makes now and then is no fault, however long the rule waits."""
    needed = math.log(1.0 / plan.alpha)
    if rule.condition is not Condition.SILENT or baseline is None or baseline.per_second <= 0:
        return ""
    expected = baseline.per_second * rule.limit
    if expected >= needed:
        return ""
    lasting, longer = format_duration(rule.limit), format_duration(math.ceil(needed / baseline.per_second))
    text = f"silent_for {lasting} can never be told: {expected:.1f} events are expected in it"
    return f"{text}, and it takes {needed:.1f}: set it to at least {longer}"


def remark(plan: Plan, signal: Signal, rule: Rule, scrape: float | None) -> str:
    """What the scrape interval makes of one rule; empty where samples come as often as it looks."""
    if scrape is None or scrape <= plan.timing.interval:
        return ""
    if rule.condition.trend:
        course = _course(signal, rule, scrape) - rule.sustained
        return "" if course <= rule.limit else f"told from {format_duration(course)} of {_every(scrape)}"
    if rule.condition.compares and not signal.windowed and rule.sustained < scrape:
        return f"takes two of the {_every(scrape)}"
    return ""
