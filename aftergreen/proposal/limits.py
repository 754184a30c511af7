"""Limits that a service's own past supports: those of its tier, or wider ones where a quiet week passes them.

How far a signal goes by itself is read from its past, looked at every ten minutes: of the looks, the 99.5th
percentile. The few beyond it may be incidents, which are what rules are for. A limit has to lie a good way
above that, or it would fire on days on which nothing was wrong.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from aftergreen.config.tiers import tier_rules
from aftergreen.model import Condition, Rule, Signal, Timing
from aftergreen.units import default_floor, format_duration, format_limit, format_value
from aftergreen.verdict.conditions import shortest_course

LOOK = 600.0
"""Seconds between two looks into the past."""

WEEK = 7 * 86400.0

LOOKS = int(WEEK / LOOK)
"""Looks of a week: few enough for one range query."""

FEW = 36
"""Looks that are too few to say how far a signal goes by itself: those of six hours."""

USUAL = 0.995
"""The share of looks whose extreme is taken for usual."""

BEFORE = 3
"""Looks whose median a change is measured against: the half hour before."""

ROOM = 1.25
"""How far a limit lies beyond what is usual."""

_STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
MOST_FALL = 0.9
"""A fall beyond which nothing is left to fall."""
MOST_RISE = 10.0
_HELD_AGAINST = (Condition.ABOVE, Condition.ABOVE_BASELINE, Condition.BELOW_BASELINE)
"""Conditions whose limits a past can support."""

HALF = 0.5
"""The share from which on every whole per cent is one that a person would write."""
FULL = 0.98
"""The share of something limited beyond which a limit says nothing any more."""


@dataclass(frozen=True, slots=True)
class Past:
    """What a signal was at each look, oldest first; None where it was unknown.

    ``unread`` says why a backend did not tell.
    """

    values: tuple[float | None, ...] = ()
    unread: str = ""

    @property
    def known(self) -> tuple[float, ...]:
        """The values that there are."""
        return tuple(value for value in self.values if value is not None)

    @property
    def told(self) -> str:
        """Which time it covers: ``the last week``, ``the last 5h20m``."""
        first = next((i for i, value in enumerate(self.values) if value is not None), len(self.values))
        length = (len(self.values) - first) * LOOK
        return "the last week" if length > WEEK - 86400 else f"the last {format_duration(length)}"

    def changes(self, floor: float) -> tuple[float, ...]:
        """Each value against the median of the half hour before, as a fraction; 0 for those below a floor."""
        found: list[float] = []
        for index in range(BEFORE, len(self.values)):
            value = self.values[index]
            before = [v for v in self.values[index - BEFORE : index] if v is not None]
            if value is None or len(before) < BEFORE or median(before) <= 0:
                continue
            change = value - median(before)
            found.append(change / median(before) if abs(change) >= floor else 0.0)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Written:
    """A rule as it is written into a file, with the reason for its number.

    Without a table it is one of the tier's that the past does not support, with the reason.
    """

    table: Mapping[str, Any]
    reason: str


def rules_for(signal: Signal, tier: str, timing: Timing, past: Past) -> tuple[Written, ...]:
    """The rules of the tier, each with a limit that the past supports."""
    return tuple(_supported(rule, why, signal, past) for rule, why in tier_rules(tier, signal, timing))


def own_rules(
    signal: Signal, tables: Sequence[Mapping[str, Any]], reasons: Sequence[str], timing: Timing, past: Past
) -> tuple[Written, ...]:
    """The rules that an instrumentation brings to a signal, each with a limit that the past supports."""
    found = []
    for rule, table, why in zip(signal.rules, tables, reasons, strict=True):
        if rule.condition is Condition.CLIMBING:
            # What is scraped seldom takes longer to be told from a wave.
            shortest = shortest_course(timing.interval, signal.window if signal.windowed else 0.0)
            length = written_duration(max(rule.limit, shortest))
            found.append(Written({**table, "climbing_for": length}, why))
            continue
        made, key = _supported(rule, why, signal, past), str(rule.condition)
        held = made.table.get(key) if rule.condition in _HELD_AGAINST else table[key]
        found.append(Written({**table, key: held} if made.table else {}, made.reason))
    return tuple(found)


def _supported(rule: Rule, why: str, signal: Signal, past: Past) -> Written:
    condition = rule.condition
    if condition not in _HELD_AGAINST or signal.probe is not None:
        return Written(_table(rule, signal), why)
    seen = past.changes(rule.by_at_least) if condition.relative else past.known
    if len(seen) < FEW:
        return Written(_table(rule, signal), f"{why}; {_short(past)}")
    usual = _usual(seen, downward=condition is Condition.BELOW_BASELINE)
    told = _told(usual, len(seen), condition, signal, past)
    wanted = _beyond(usual, condition, signal)
    if wanted <= rule.limit:
        return Written(_table(rule, signal), f"{why}; {told}")
    raised = _rounded(wanted)
    written_as = format_limit(rule.limit, "%" if condition.relative else signal.unit)
    if raised <= _most(condition, signal):
        limit = replace(rule, limit=raised)
        return Written(_table(limit, signal), f"{told}: too near to the usual {written_as}")
    without = f"no limit {condition.replace('_', ' ')}"
    return Written({}, f"{without}: {told}, and there is nothing beyond to watch for")


def _short(past: Past) -> str:
    """Why nobody knows how far a signal goes by itself."""
    if past.unread:
        return f"the past cannot be read ({past.unread}), so how far it goes by itself is not known"
    return "there is too little past to know how far it goes by itself"


def _usual(seen: Sequence[float], *, downward: bool) -> float:
    ordered = sorted(-value if downward else value for value in seen)
    return ordered[min(len(ordered) - 1, math.ceil(USUAL * len(ordered)) - 1)]


def _told(usual: float, looks: int, condition: Condition, signal: Signal, past: Past) -> str:
    most = f"{format_limit(USUAL, '%')} of {looks:,} looks into {past.told}"
    if not condition.relative:
        return f"{most} found at most {format_value(usual, signal.unit)}"
    side = "below" if condition is Condition.BELOW_BASELINE else "above"
    return f"{most} found it at most {format_value(max(usual, 0.0), '%')} {side} the half hour before"


def _beyond(usual: float, condition: Condition, signal: Signal) -> float:
    """The least that a limit may be; of a share no more than a quarter of what is left above it is room."""
    if condition.relative or signal.unit != "%":
        return usual * ROOM
    return min(usual * ROOM, usual + (1 - usual) * (ROOM - 1)) if usual < 1 else usual * ROOM


def _most(condition: Condition, signal: Signal) -> float:
    if condition is Condition.BELOW_BASELINE:
        return MOST_FALL
    if condition.relative:
        return MOST_RISE
    return FULL if signal.unit == "%" else math.inf


def _rounded(value: float) -> float:
    """The next number that a person would write."""
    if HALF < value < 1:
        return math.ceil(round(value * 100, 9)) / 100
    power = 10.0 ** math.floor(math.log10(value))
    return next(round(step * power, 12) for step in _STEPS if step * power >= value * (1 - 1e-9))


def _table(rule: Rule, signal: Signal) -> dict[str, Any]:
    """The rule as a table of a configuration."""
    condition = rule.condition
    table: dict[str, Any] = {}
    if condition is Condition.CLIMBING:
        table[str(condition)] = written_duration(rule.limit)
    elif condition.relative:
        table[str(condition)] = written(rule.limit, "%")
    else:
        table[str(condition)] = written(rule.limit, signal.unit)
    if condition.relative and rule.by_at_least != default_floor(signal.unit):
        table["by_at_least"] = written(rule.by_at_least, signal.unit)
    if rule.per_request:
        table["per_request"] = True
    if condition is not Condition.CLIMBING:
        table["for"] = written_duration(rule.sustained)
    table["then"] = str(rule.then)
    return table


def written(value: float, unit: str) -> str | float:
    """A number as a configuration has it: ``"1%"``, ``"250ms"``, 0.1."""
    if unit == "%":
        return f"{value * 100:.10g}%"
    if unit in ("s", "ms"):
        seconds = value if unit == "s" else value / 1000
        return f"{seconds:.10g}s" if seconds >= 1 else f"{seconds * 1000:.10g}ms"
    if unit == "bytes":
        return f"{value / 1024**2:.10g}MiB"
    return int(value) if value == int(value) else float(f"{value:.10g}")


def written_duration(seconds: float) -> str:
    """A duration as a configuration has it."""
    return format_duration(seconds)
