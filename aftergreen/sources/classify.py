"""From answers to readings: classify first, compare never (semantics §1)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aftergreen.model import Kind, Reading, Reduce, Signal
from aftergreen.promql import worst_of

STALE_UNMEASURED = 300.0
"""Seconds: Prometheus looks back so far for a sample; older ones cannot be behind an answer."""

STALE_SCRAPES = 2.0


@dataclass(frozen=True, slots=True)
class Found:
    """What one query gave at one instant: the values of its series, or why there are none.

    ``labels`` are those of the series, in the same order.
    """

    values: tuple[float, ...] = ()
    labels: tuple[Mapping[str, str], ...] = ()
    failure: str = ""
    partial: str = ""
    notes: tuple[str, ...] = ()


def one(signal: Signal, found: Found) -> float | Reading:
    """The one number of a query, or the reading that says why there is none."""
    if found.failure:
        return Reading.unknown(Kind.BLIND, found.failure)
    if found.partial:
        return Reading.unknown(Kind.PARTIAL, found.partial)
    if not found.values:
        return Reading.unknown(Kind.NO_SERIES)
    if len(found.values) > 1 and signal.reduce is None:
        return Reading.unknown(Kind.AMBIGUOUS, f"{len(found.values)} series where one is wanted")
    return _reduced(signal, found.values)


def value_reading(signal: Signal, found: Found, counted: Found | None) -> Reading:
    """The reading of a value query, perhaps with the query that counts what stands behind it."""
    number = one(signal, found)
    if isinstance(number, Reading):
        return number
    if math.isnan(number):
        return Reading.unknown(Kind.NO_TRAFFIC)
    if math.isinf(number):
        return Reading.unknown(Kind.BLIND, "the query gave an infinite number")
    count = one(signal, counted) if counted is not None else None
    if not isinstance(count, float) or not math.isfinite(count):
        return Reading.of(number)
    return Reading.of(number, count) if count > 0 else Reading.unknown(Kind.NO_TRAFFIC)


def ratio_reading(signal: Signal, numerator: Found, denominator: Found) -> Reading:
    """The reading of a ratio whose two queries were asked separately."""
    below = one(signal, denominator)
    if isinstance(below, Reading):
        return below
    if math.isnan(below) or below == 0:
        return Reading.unknown(Kind.NO_TRAFFIC)
    above = one(signal, numerator)
    if isinstance(above, Reading):
        if above.kind is Kind.NO_SERIES and signal.events and math.isfinite(below):
            return Reading(Kind.ZERO, 0.0, below, 0.0)
        return above
    if math.isnan(above):
        return Reading.unknown(Kind.NO_TRAFFIC)
    if math.isinf(above) or math.isinf(below):
        return Reading.unknown(Kind.BLIND, "the query gave an infinite number")
    if above == 0 and signal.events:
        return Reading(Kind.ZERO, 0.0, below, 0.0)
    return Reading(Kind.VALUE, above / below, below, above if signal.events else None)


def judged_for_age(reading: Reading, newest: float | None, at: float, scrape: float | None) -> Reading:
    """The reading, or `stale` where the newest raw sample behind it is older than two scrape intervals."""
    if newest is None or not (reading.compared or reading.kind is Kind.NO_TRAFFIC):
        return reading
    allowed = STALE_UNMEASURED if scrape is None else STALE_SCRAPES * scrape
    age = at - newest
    # A tenth of an interval of tolerance: the scrape interval is measured, and scrapes jitter.
    if age > allowed + 0.1 * (scrape or 0.0):
        stale = Reading.unknown(Kind.STALE, f"the newest sample is {age:.0f} s old")
        return replace(stale, newest=newest)
    return replace(reading, newest=newest)


def noted(reading: Reading, found: Sequence[Found]) -> Reading:
    """The reading with what the backend remarked in passing."""
    notes = tuple(dict.fromkeys(note for answer in found for note in answer.notes))
    return replace(reading, notes=notes) if notes else reading


def _reduced(signal: Signal, values: tuple[float, ...]) -> float:
    if len(values) == 1:
        return values[0]
    if signal.reduce is Reduce.SUM:
        return math.fsum(values)
    finite = [value for value in values if not math.isnan(value)]
    if not finite:
        return math.nan
    return min(finite) if worst_of(signal) == "min" else max(finite)
