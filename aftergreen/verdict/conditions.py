"""What a rule asks of one instant: a value against a limit, a course over its look-back, or silence."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aftergreen.model import Condition, Kind, Rule, Signal
from aftergreen.units import format_duration
from aftergreen.verdict.limits import exceeds, why_no_limit
from aftergreen.verdict.state import EPSILON, Look, RuleState
from aftergreen.verdict.trend import FEWEST, Samples, Trend, left_until, trend_of

LOOK_BACK_SHARE = 6.0
"""What runs out is judged by the course over a sixth of the time within which it must not."""

WINDOWS = 4.0
"""A course is never judged over less than so many windows: samples of one window share their data."""

SILENT = frozenset({Kind.NO_TRAFFIC, Kind.NO_SERIES})


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether a condition holds at an instant, whether the signal is back where it clears, and its value."""

    over: bool
    clear: bool
    value: float


def look_back_of(rule: Rule, interval: float, window: float) -> float:
    """Seconds over which the course of a signal is judged; ``window`` is 0 for a gauge."""
    if rule.condition is Condition.CLIMBING:
        return rule.limit
    return max(rule.limit / LOOK_BACK_SHARE, shortest_course(interval, window))


def shortest_course(interval: float, window: float) -> float:
    """Seconds below which no course can be told; ``window`` is 0 for a gauge."""
    return max(FEWEST * interval, WINDOWS * window)


def remembered(rule: RuleState, look: Look) -> RuleState:
    """The rule with one more sample of the course that it judges."""
    if not rule.rule.condition.trend or not look.judging or look.reading.value is None:
        return rule
    samples = (*rule.samples, (look.at, look.reading.value))
    reach = look_back_of(rule.rule, look.interval, _window(rule.signal))
    kept = tuple(sample for sample in samples if sample[0] >= look.at - reach - EPSILON)
    return replace(rule, samples=kept, trend=course_of(rule, kept, look))


def _window(signal: Signal) -> float:
    return signal.window if signal.windowed else 0.0


def course_of(rule: RuleState, samples: Samples, look: Look) -> Trend | None:
    """The course of these samples over the rule's look-back; None where they do not reach so far back."""
    window = _window(rule.signal)
    start = look.at - look_back_of(rule.rule, look.interval, window)
    if not samples or samples[0][0] > start + EPSILON:
        return None
    within = tuple(sample for sample in samples if sample[0] >= start - EPSILON)
    return trend_of(within, max(1.0, window / look.interval))


def judged(rule: RuleState, look: Look) -> Judged | str:
    """Whether the condition holds, or why that is unknown."""
    if rule.rule.condition is Condition.SILENT:
        return _silent(rule, look)
    value = look.reading.value if look.reading.compared else None
    if value is None:
        return look.reading.kind.value
    if rule.rule.condition.trend:
        return _climbing(rule, value)
    if rule.limit is None:
        return why_no_limit(rule.rule, look.baseline)
    over = exceeds(rule.rule, rule.limit, value)
    clear = rule.clear is not None and not exceeds(rule.rule, rule.clear, value)
    return Judged(over, clear, value)


def _climbing(rule: RuleState, value: float) -> Judged:
    # What is used up needs no course.
    full = rule.rule.capacity is not None and value >= rule.rule.capacity
    over = full or (rule.trend is not None and holds(rule.rule, rule.trend))
    return Judged(over, not over, value)


def holds(rule: Rule, trend: Trend) -> bool:
    """Whether a course is what the rule asks about."""
    if rule.condition is Condition.CLIMBING:
        return trend.steady and trend.rise > rule.by_at_least
    left = left_until(trend, rule.capacity or 0.0)
    return left is not None and left.seconds <= rule.limit


def _silent(rule: RuleState, look: Look) -> Judged | str:
    """Silence is a fault only where events were to be expected, and the backend is not silent itself."""
    reading = look.reading
    if reading.compared:
        events = reading.value if rule.signal.unit in ("/s", "/min") else None
        if events != 0:
            return Judged(over=False, clear=True, value=reading.value or 0.0)
    elif reading.kind not in SILENT:
        return reading.kind.value
    if look.baseline is None:
        return "nothing tells how many events are to be expected"
    expected = look.baseline.per_second * rule.rule.limit
    if expected < look.expected:
        lasting = format_duration(rule.rule.limit)
        return f"{expected:.1f} events are expected in {lasting}, too few to miss"
    if not look.fresh:
        return f"{reading.kind.value}, and the backend has no fresh data of anything else"
    return Judged(over=True, clear=False, value=0.0)
