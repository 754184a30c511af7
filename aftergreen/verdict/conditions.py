"""What a rule asks of one instant: a value against a limit, a course over its look-back, or silence."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aftergreen.model import Condition, Kind, Rule, Signal
from aftergreen.units import format_duration
from aftergreen.verdict.limits import exceeds, why_no_limit
from aftergreen.verdict.samples import JITTER, added, spacing
from aftergreen.verdict.state import EPSILON, Baseline, Look, RuleState
from aftergreen.verdict.trend import FEWEST, Samples, Trend, left_until, trend_of

LOOK_BACK_SHARE = 6.0
"""What runs out is judged by the course over a sixth of the time within which it must not."""

WINDOWS = 4.0
"""A course is never judged over less than so many windows: samples of one window share their data."""

MISSING = 0.25
"""The share of samples without which a course can still be told."""

CLIMB_SHARE = 0.05
"""The share of its value by which a signal has to climb, unless somebody gave a floor: less is no leak."""

SILENT = frozenset({Kind.NO_TRAFFIC, Kind.NO_SERIES})


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether a condition holds at an instant, whether the signal is back where it clears, and its value."""

    over: bool
    clear: bool
    value: float


def look_back_of(rule: Rule, interval: float, window: float) -> float:
    """Seconds over which the course of a signal is judged, whose samples lie ``interval`` apart.

    ``window`` is 0 for a gauge.
    """
    asked = rule.limit if rule.condition is Condition.CLIMBING else rule.limit / LOOK_BACK_SHARE
    return max(asked, shortest_course(interval, window))


def shortest_course(interval: float, window: float) -> float:
    """Seconds below which no course can be told; ``window`` is 0 for a gauge."""
    return max(FEWEST * interval, WINDOWS * window)


def remembered(rule: RuleState, look: Look) -> RuleState:
    """The rule with one more raw sample of the course that it judges, where there is a new one."""
    if not rule.rule.condition.trend or not look.judging or look.reading.value is None:
        return rule
    samples = tuple(added(rule.samples, look.at, look.reading))
    reach = _reach(rule, samples, look)
    kept = tuple(sample for sample in samples if sample[0] >= samples[-1][0] - reach - JITTER)
    return replace(rule, samples=kept, trend=course_of(rule, kept, look))


def _window(signal: Signal) -> float:
    return signal.window if signal.windowed else 0.0


def _reach(rule: RuleState, samples: Samples, look: Look) -> float:
    """The look-back in seconds: long enough for a course even where samples are further apart than polls."""
    return look_back_of(rule.rule, spacing(samples, look.interval), _window(rule.signal))


def course_of(rule: RuleState, samples: Samples, look: Look) -> Trend | None:
    """The course of these samples over the rule's look-back; None where they do not reach so far back."""
    window, apart = _window(rule.signal), spacing(samples, look.interval)
    # The newest raw sample is where the course ends, and may be older than the instant that rests on it.
    end = samples[-1][0] if samples else look.at
    start = end - _reach(rule, samples, look)
    within = tuple(sample for sample in samples if sample[0] >= start - JITTER)
    expected = (end - start) / apart
    # Scrapes are missed: a few holes change no course, wherever they are.
    late = start + max(apart, MISSING * (end - start))
    if len(within) < (1.0 - MISSING) * expected or within[0][0] > late + JITTER:
        return None
    return trend_of(within, max(1.0, window / apart))


def judged(rule: RuleState, look: Look) -> Judged | str | None:
    """Whether the condition holds, or why that is unknown; None while its first look-back is not over."""
    if rule.rule.condition is Condition.SILENT:
        return _silent(rule, look)
    value = look.reading.value if look.reading.compared else None
    if rule.rule.condition.trend:
        return _climbing(rule, look, value)
    if value is None:
        return look.reading.kind.value
    if rule.limit is None:
        return why_no_limit(rule.rule, look.baseline)
    over = exceeds(rule.rule, rule.limit, value)
    clear = rule.clear is not None and not exceeds(rule.rule, rule.clear, value)
    return Judged(over, clear, value)


def _climbing(rule: RuleState, look: Look, value: float | None) -> Judged | str | None:
    # What is used up needs no course.
    if value is not None and rule.rule.capacity is not None and value >= rule.rule.capacity:
        return Judged(over=True, clear=False, value=value)
    window = _window(rule.signal)
    began = look.at - _reach(rule, rule.samples, look)
    if not rule.breached and began + EPSILON < look.judging_since:
        return None
    if value is None:
        return look.reading.kind.value
    trend = rule.trend
    if trend is None and rule.breached:
        # After a rollback what there is must do: its time is limited.
        trend = trend_of(rule.samples, max(1.0, window / spacing(rule.samples, look.interval)))
    if trend is None:
        return "too few samples to tell its course"
    over = holds(rule.rule, trend, look.baseline)
    return Judged(over, not over, value)


def holds(rule: Rule, trend: Trend, baseline: Baseline | None) -> bool:
    """Whether a course is what the rule asks about: a climb no larger than one of the baseline is none."""
    if rule.condition is Condition.CLIMBING:
        usual = dict(baseline.climbed).get(rule.limit, 0.0) if baseline is not None else 0.0
        share = rule.by_share * abs(trend.level - trend.rise)
        return trend.steady and trend.rise > max(rule.by_at_least, share, usual)
    left = left_until(trend, rule.capacity or 0.0)
    return left is not None and left.seconds <= rule.limit


def steepest(rule: Rule, samples: Samples, interval: float, window: float) -> float:
    """The largest steady rise over the rule's look-back in these samples; 0 where there is none.

    ``window`` is 0 for a gauge, ``interval`` how far the samples are apart. Every fourth of a look-back is
    looked at.
    """
    reach = look_back_of(rule, interval, window)
    overlap, highest = max(1.0, window / interval), 0.0
    starts = [at for at, _ in samples if at + reach <= samples[-1][0] + EPSILON]
    for start in starts[:: max(1, round(reach / interval / 4))]:
        within = tuple(s for s in samples if start - EPSILON <= s[0] <= start + reach + EPSILON)
        trend = trend_of(within, overlap)
        if trend is not None and trend.steady:
            highest = max(highest, trend.rise)
    return highest


def _silent(rule: RuleState, look: Look) -> Judged | str:
    """Silence is a fault only where events were to be expected, and the backend is not silent itself."""
    reading = look.reading
    if reading.compared:
        events = reading.value if rule.signal.unit in ("/s", "/min") else None
        if events != 0:
            return Judged(over=False, clear=True, value=reading.value or 0.0)
    elif reading.kind is Kind.ABSENT:
        # Which requests failed is unknown; that there were some is not.
        return Judged(over=False, clear=True, value=0.0)
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
